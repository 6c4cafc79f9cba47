"""Tests for few clusters: equal to their definition, and right as often as they promise."""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from clusterstudy.did import trends
from clusterstudy.did.panel import Panel
from clusterstudy.did.randomisation import permutation, sign_changes
from clusterstudy.did.twfe import static
from clusterstudy.did.wild import WEBB, _Sums, wild_cluster
from clusterstudy.errors import UserError

PERIODS = np.arange(4.0)


def shocked(seed: int, groups: int, each: int, effect: float = 0.0) -> tuple[Panel, np.ndarray]:
    """Return units that share shocks within groups, in which the treated share varies."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), each)
    chance = np.linspace(0.1, 0.9, groups)[group]
    cohort = np.where(rng.random(len(group)) < chance, rng.integers(1, 4, len(group)), np.inf)
    x = rng.normal(size=len(group))
    shocks = np.cumsum(rng.normal(size=(groups, len(PERIODS))), axis=1)[group]
    outcome = shocks + 0.3 * x[:, None] * PERIODS + rng.normal(size=shocks.shape)
    outcome += effect * (cohort[:, None] <= PERIODS)
    return Panel(outcome, cohort, PERIODS, x[:, None]), group


def refitted(panel: Panel, group: np.ndarray, null: float, multiplier: np.ndarray) -> float:
    """Return one bootstrap t statistic as its definition says, by least squares on dummies."""
    n, t = panel.outcome.shape
    unit, period = np.repeat(np.arange(n), t), np.tile(np.arange(t), n)
    treated = (panel.cohort[:, None] <= panel.periods).ravel().astype(float)
    time = (period[:, None] == np.arange(1, t)).astype(float)
    nuisance = np.hstack(
        [(unit[:, None] == np.arange(n)).astype(float), time, time * panel.covariates[unit]]
    )
    y = panel.outcome.ravel()
    restricted = sm.OLS(y - null * treated, nuisance).fit()
    data = null * treated + restricted.fittedvalues + multiplier[group][unit] * restricted.resid
    fit = sm.OLS(data, np.column_stack([treated, nuisance])).fit()
    fit = fit.get_robustcov_results("cluster", groups=group[unit], use_correction=False)
    return float((fit.params[0] - null) / fit.bse[0])


@pytest.mark.parametrize("null", [0.0, 0.4])
def test_bootstrap_statistics_are_those_of_refitted_regressions(null):
    panel, group = shocked(1, groups=5, each=8, effect=0.3)
    multipliers = np.random.default_rng(2).choice([-1.0, 1.0, 0.7], (6, 5))
    expected = [refitted(panel, group, null, each) for each in multipliers]
    np.testing.assert_allclose(_Sums(panel, group).t(null, multipliers), expected, rtol=1e-8)


def test_the_coefficient_is_the_plain_one_where_there_are_no_covariates():
    panel, group = shocked(4, groups=6, each=10)
    plain = Panel(panel.outcome, panel.cohort, panel.periods, cluster=group)
    found = wild_cluster(plain, group, seed=1, draws=199)
    assert found.estimate == pytest.approx(static(plain).estimate[0])
    assert found.units == 6


def test_units_read_in_blocks_give_the_same_as_all_at_once(monkeypatch):
    panel, group = shocked(9, groups=5, each=11, effect=0.3)
    panel.outcome[::4, 2] = np.nan
    whole = wild_cluster(panel, group, seed=1, draws=199)
    monkeypatch.setattr(trends, "CELLS", 70)
    in_blocks = wild_cluster(panel, group, seed=1, draws=199)
    np.testing.assert_allclose(astuple(in_blocks), astuple(whole), rtol=1e-9)


def test_a_cluster_of_units_always_treated_is_no_cluster():
    panel, group = shocked(9, groups=5, each=11)
    gone = replace(panel, cohort=np.where(group == 2, 0.0, panel.cohort))
    found = wild_cluster(gone, group, seed=1, draws=199)
    assert found.units == 4
    of = group != 2
    kept = Panel(panel.outcome[of], panel.cohort[of], PERIODS, panel.covariates[of])
    same = wild_cluster(kept, group[of], seed=1, draws=199)
    np.testing.assert_allclose(astuple(found), astuple(same), rtol=1e-9)


def test_the_interval_holds_what_is_not_rejected():
    panel, group = shocked(5, groups=8, each=10, effect=2.0)
    found = wild_cluster(panel, group, seed=1, draws=499)
    assert found.low < found.estimate < found.high
    moved = Panel(
        panel.outcome - found.low * (panel.cohort[:, None] <= PERIODS),
        panel.cohort,
        PERIODS,
        panel.covariates,
    )
    assert wild_cluster(moved, group, seed=1, draws=499).p_value == pytest.approx(0.05, abs=0.01)


def test_a_permutation_keeps_units_that_are_unseen_after_another_cohort():
    rng = np.random.default_rng(5)
    change, cohort = rng.normal(size=(80, 2)), rng.permutation(np.repeat([-1, 0, 1], [60, 10, 10]))
    change[cohort == 0, 1] = np.nan
    found = permutation(change, cohort, np.zeros(80), seed=1, draws=99)
    assert found.units == 20
    change[np.flatnonzero(cohort == 1)[:3], 1] = np.nan
    assert permutation(change, cohort, np.zeros(80), seed=1, draws=99).units == 17


def test_sign_changes_reject_too_often_where_clusters_move_together():
    rng = np.random.default_rng(6)
    shared = np.sqrt(0.3) * rng.normal(size=(300, 1))
    effects = shared + np.sqrt(0.7) * rng.normal(size=(300, 8))
    rejected = np.mean([sign_changes(each, seed=1).p_value <= 0.05 for each in effects])
    assert rejected > 0.15


@pytest.mark.parametrize("groups", [2, 3])
def test_the_smallest_p_counts_the_constant_multipliers_among_all(groups):
    panel, group = shocked(3, groups, 6)
    numbers = np.concatenate([-WEBB, WEBB])
    every = np.stack(np.meshgrid(*[numbers] * groups), axis=-1).reshape(-1, groups)
    sums = _Sums(panel, group)
    t = np.abs(sums.t(0.0, every[np.ptp(every, axis=1) == 0]))
    assert t == pytest.approx(np.full(6, abs(sums.observed(0.0))))
    found = wild_cluster(panel, group, seed=1)
    assert found.smallest == pytest.approx(len(t) / len(every))


def test_with_shared_shocks_the_bootstrap_keeps_its_level_where_errors_by_unit_do_not():
    """200 panels of 8 groups: the Monte Carlo standard error of a rate of 5 % is 1.5 points."""
    by_unit, wild = [], []
    for seed in range(200):
        panel, group = shocked(seed, groups=8, each=12)
        plain = Panel(panel.outcome, panel.cohort, panel.periods)
        row = static(plain).table().loc["treated"]
        by_unit.append(not row["low"] < 0 < row["high"])
        wild.append(wild_cluster(panel, group, seed=seed, draws=99).p_value <= 0.05)
    assert np.mean(by_unit) > 0.12
    assert np.mean(wild) < 0.1


def test_sign_changes_count_every_possibility():
    found = sign_changes(np.array([1.0, 2.0, 3.0, 4.0]), seed=1)
    assert found.p_value == found.smallest == 2 / 16
    assert found.low == -np.inf
    assert found.high == np.inf
    mixed = sign_changes(np.array([-1.0, 2.0, 3.0, 4.0]), seed=1)
    assert mixed.p_value == 4 / 16


def test_sign_changes_reject_as_rarely_as_promised_whatever_the_variances():
    """1,000 draws of 7 clusters; the Monte Carlo standard error is 0.6 points."""
    rng = np.random.default_rng(3)
    scales = np.array([0.1, 0.2, 0.5, 1, 2, 5, 10])
    p = [sign_changes(scales * rng.normal(size=7), seed=1).p_value for _ in range(1000)]
    assert np.mean(np.array(p) <= 4 / 128) == pytest.approx(4 / 128, abs=0.018)


def test_the_interval_of_many_clusters_is_about_that_of_the_t_test():
    effects = np.random.default_rng(1).normal(1.0, 0.5, 40)
    found = sign_changes(effects, seed=1)
    expected = stats.t.interval(0.95, 39, effects.mean(), stats.sem(effects))
    np.testing.assert_allclose([found.low, found.high], expected, atol=0.02)
    assert found.smallest == 1 / 10_000


def dealt(rng: np.random.Generator, effect: float = 0.0):
    """Return changes with level shifts by stratum, cohorts dealt at random, and the strata."""
    stratum = np.repeat(np.arange(4), 30)
    cohort = np.full(120, -1)
    for at in range(4):
        cohort[30 * at + rng.permutation(30)[: at + 1]] = rng.integers(0, 2, at + 1)
    change = rng.standard_t(3, size=(120, 2)) + 5.0 * stratum[:, None]
    change[cohort >= 0] += effect
    return change, cohort, stratum


def test_permutation_p_values_are_uniform_without_an_effect_and_small_with_one():
    """200 draws with ten treated units and heavy tails."""
    rng = np.random.default_rng(8)
    p = [permutation(*dealt(rng), seed=s, draws=99).p_value for s in range(200)]
    assert stats.kstest(p, "uniform").pvalue > 0.01
    found = permutation(*dealt(rng, effect=4.0), seed=1, draws=999)
    assert found.p_value < 0.01
    assert found.smallest == 0.001
    assert found.units == 10


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: sign_changes(np.array([1.0]), seed=1), "two clusters"),
        (
            lambda: permutation(np.zeros((3, 1)), np.array([0, -1, -1]), np.zeros(3), seed=1),
            "two treated units",
        ),
        (
            lambda: wild_cluster(shocked(1, 2, 5)[0], np.zeros(10), seed=1),
            "two clusters",
        ),
    ],
)
def test_what_cannot_be_tested_is_said(call, said):
    with pytest.raises(UserError, match=said):
        call()
