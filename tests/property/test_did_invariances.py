"""What must not change an effect, and what must change it in a known way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterstudy.did import sample, twfe, two_by_two
from clusterstudy.did.group_time import (
    GroupTime,
    by_method,
    dynamic,
    group_time,
    group_times,
    simple,
)
from clusterstudy.did.panel import Panel
from clusterstudy.did.simulation import simulate
from clusterstudy.errors import UserError

N = 120
PANELS = {missing: simulate(N, 4, missing=missing) for missing in (0.0, 0.1)}
ESTIMATES = {missing: group_time(panel).dynamic() for missing, panel in PANELS.items()}
few = settings(max_examples=15)
missing = st.sampled_from(list(PANELS))
seeds = st.integers(0, 2**32 - 1)


def with_spells(panel, rng):
    """Return the panel with units that enter and leave."""
    n, t = panel.outcome.shape
    first, last = (
        rng.integers(0, 4, (n, 1)) * rng.integers(0, 2, (n, 1)),
        rng.integers(3, 2 * t, (n, 1)),
    )
    there = (first <= np.arange(t)) & (np.arange(t) <= last)
    return replace(panel, outcome=np.where(there, panel.outcome, np.nan))


def small_blocks(patch, cells=2**9):
    """Read units in blocks of a few, so that there are many, of one kind and of several."""
    patch.setattr(sample, "CELLS", cells)
    patch.setattr(sample, "FEWEST", 8)


def same(averages, expected, factor=1.0):
    for name in ("overall", "effects"):
        ours, theirs = getattr(averages, name), getattr(expected, name)
        np.testing.assert_allclose(ours.estimate, factor * theirs.estimate, atol=1e-8)
        np.testing.assert_allclose(ours.se, abs(factor) * theirs.se, atol=1e-8)


@few
@given(missing, seeds)
def test_unit_and_period_effects_change_nothing(gaps, seed):
    rng = np.random.default_rng(seed)
    panel = PANELS[gaps]
    outcome = panel.outcome + rng.normal(0, 10, (N, 1)) + rng.normal(0, 10, (1, 7))
    same(group_time(replace(panel, outcome=outcome)).dynamic(), ESTIMATES[gaps])


@few
@given(missing, st.floats(-100, 100).filter(lambda factor: abs(factor) > 0.01))
def test_effects_scale_with_the_outcome(gaps, factor):
    panel = PANELS[gaps]
    scaled = group_time(replace(panel, outcome=factor * panel.outcome)).dynamic()
    same(scaled, ESTIMATES[gaps], factor)


@few
@given(missing, st.floats(-50, 50), st.floats(0.01, 1000))
def test_covariates_units_do_not_matter(gaps, shift, factor):
    panel = PANELS[gaps]
    other = replace(panel, covariates=shift + factor * panel.covariates)
    same(group_time(other).dynamic(), ESTIMATES[gaps])


@few
@given(missing, seeds)
def test_the_order_of_units_does_not_matter(gaps, seed):
    order = np.random.default_rng(seed).permutation(N)
    panel = PANELS[gaps]
    shuffled = replace(
        panel,
        outcome=panel.outcome[order],
        cohort=panel.cohort[order],
        covariates=panel.covariates[order],
    )
    averages = group_time(shuffled).dynamic()
    same(averages, ESTIMATES[gaps])
    np.testing.assert_allclose(
        averages.effects.influence, ESTIMATES[gaps].effects.influence[order], atol=1e-8
    )


@few
@given(st.floats(0.1, 10))
def test_equal_weights_are_no_weights(weight):
    panel = PANELS[0.1]
    weighted = group_time(replace(panel, weights=np.full(N, weight))).dynamic()
    same(weighted, ESTIMATES[0.1])


@few
@given(seeds)
def test_a_weight_of_two_is_the_unit_twice(seed):
    twice = np.random.default_rng(seed).random(N) < 0.3
    panel = PANELS[0.0]
    rows = np.concatenate([np.arange(N), np.flatnonzero(twice)])
    doubled = replace(
        panel,
        outcome=panel.outcome[rows],
        cohort=panel.cohort[rows],
        covariates=panel.covariates[rows],
        cluster=rows,
    )
    same(group_time(replace(panel, weights=1.0 + twice)).dynamic(), group_time(doubled).dynamic())


@few
@given(seeds)
def test_subsets_average_back(seed):
    """By outcome regression each treated unit has its own counterfactual."""
    subset = np.random.default_rng(seed).random(N) < 0.5
    panel = PANELS[0.0]
    treated = np.isfinite(panel.cohort)
    parts = [group_time(panel, method="or", treated=m).simple().overall for m in (subset, ~subset)]
    cells = group_time(panel, method="or").cells.query("event_time >= 0")
    size = [
        cells["cohort"].map(lambda g, m=m: ((panel.cohort == g) & m & treated).sum()).sum()
        for m in (subset, ~subset)
    ]
    together = sum(s * part.estimate[0] for s, part in zip(size, parts, strict=True)) / sum(size)
    expected = group_time(panel, method="or").simple().overall.estimate[0]
    np.testing.assert_allclose(together, expected, atol=1e-9)


@few
@given(missing, seeds)
def test_fixed_effects_absorb_unit_and_period_effects(gaps, seed):
    rng = np.random.default_rng(seed)
    panel = PANELS[gaps]
    moved = replace(panel, outcome=panel.outcome + rng.normal(0, 10, (N, 1)) + rng.normal(size=7))
    before, after = twfe.static(panel), twfe.static(moved)
    np.testing.assert_allclose(after.estimate, before.estimate, atol=1e-8)
    np.testing.assert_allclose(after.covariance, before.covariance, atol=1e-8)


@settings(max_examples=8, deadline=None)
@given(seeds, st.sampled_from(["never", "not_yet"]), st.sampled_from(["dr", "ipw", "or"]))
def test_many_at_once_are_the_same_one_by_one(seed, control, method):
    """Overlapping groups, outcomes with gaps and without, covariates that do not move or do."""
    rng = np.random.default_rng(seed)
    whole, gappy = PANELS[0.0], PANELS[0.1]
    panel = whole
    if seed % 2:
        panel = replace(whole, covariates=rng.normal(size=(N, 7, 1)), cluster=np.arange(N) // 2)
    outcomes = {"whole": whole.outcome, "double": 2 * whole.outcome + 1, "gappy": gappy.outcome}
    groups = {name: rng.random(N) < 0.7 for name in ("one", "other")}
    options = {"control": control, "method": method}
    many = group_times(panel, outcomes, groups, **options)
    assert list(many) == [(outcome, group) for outcome in outcomes for group in groups]
    for (outcome, group), found in many.items():
        one = replace(panel, outcome=outcomes[outcome])
        alone = group_time(one, treated=groups[group], **options)
        pd.testing.assert_frame_equal(found.cells, alone.cells, rtol=1e-12, atol=1e-12)
        ours, theirs = found.dynamic().effects, alone.dynamic().effects
        np.testing.assert_allclose(ours.estimate, theirs.estimate, atol=1e-12)
        np.testing.assert_allclose(ours.influence, theirs.influence, atol=1e-12)


@settings(max_examples=8, deadline=None)
@given(seeds, st.sampled_from(["never", "not_yet"]), st.sampled_from([0.0, 0.1]))
def test_errors_read_together_are_those_read_one_by_one(seed, control, gaps):
    """Outcomes that share units and not, weights, units that move together."""
    rng = np.random.default_rng(seed)
    panel = replace(PANELS[gaps], weights=rng.uniform(0.5, 2, N))
    if seed % 3 == 0:
        panel = replace(panel, cluster=np.arange(N) // 2)
    outcomes = {str(j): panel.outcome + rng.normal(size=(N, 7)) for j in range(12)}
    outcomes["whole"] = PANELS[0.0].outcome
    groups = {name: rng.random(N) < 0.7 for name in ("one", "other")}
    found = group_times(panel, outcomes, groups, control=control)
    for together, alone in ((simple, GroupTime.simple), (dynamic, GroupTime.dynamic)):
        every = together(found)
        assert list(every) == list(found)
        for name, averages in every.items():
            same(averages, alone(found[name]))


@settings(max_examples=12, deadline=None)
@given(
    seeds,
    st.sampled_from([0.03, 0.2, 0.5]),
    st.sampled_from(["never", "not_yet"]),
    st.sampled_from(["dr", "ipw"]),
    st.booleans(),
    st.sampled_from(["all", "some", "spells"]),
    st.booleans(),
)
def test_a_cell_with_gaps_is_that_of_its_own_firms(seed, gaps, control, method, many, where, small):
    """Whatever other cells give Newton's method its start, also in single precision.

    With gaps in all periods or in some, or firms that enter and leave, in blocks large and small.
    """
    rng = np.random.default_rng(seed)
    n = int(rng.integers(150, 900))
    panel = replace(simulate(n, seed, missing=gaps), weights=rng.uniform(0.5, 2, n))
    if where == "some":
        whole = simulate(n, seed).outcome
        panel = replace(panel, outcome=np.where(panel.periods > 4, panel.outcome, whole))
    elif where == "spells":
        panel = with_spells(
            replace(simulate(n, seed, missing=gaps / 20), weights=panel.weights), rng
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two_by_two, "MANY", 0 if many else n + 1)
        if small:
            small_blocks(patch)
        cells = group_time(panel, control=control, method=method).cells
    for cell in cells[cells["status"] == ""].itertuples():
        years = np.searchsorted(panel.periods, sorted([cell.base, cell.period]))
        later = panel.cohort > (max(cell.base, cell.period) if control == "not_yet" else 1e9)
        own = panel.cohort == cell.cohort
        firms = np.isfinite(panel.outcome[:, years]).all(axis=1) & (own | later)
        two = Panel(
            panel.outcome[np.ix_(firms, years)],
            np.where(own, 2.0, np.inf)[firms],
            np.array([1.0, 2.0]),
            panel.covariates[firms],
            panel.weights[firms],
        )
        alone = group_time(two, method=method).cells.iloc[0]
        sign = 1 if cell.period > cell.base else -1
        assert cell.n_control == alone["n_control"]
        np.testing.assert_allclose(cell.estimate, sign * alone["estimate"], rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(cell.se, alone["se"], rtol=1e-6 if many else 1e-8)
        np.testing.assert_allclose(cell.max_pscore, alone["max_pscore"], rtol=1e-5)


@settings(max_examples=10, deadline=None)
@given(seeds, st.sampled_from(["never", "not_yet"]), st.booleans(), st.sampled_from([2**7, 2**10]))
def test_order_blocks_and_strangers_change_nothing(seed, control, gaps, cells):
    """Strangers are in no comparison: treated from the first period on, or observed too rarely."""
    rng = np.random.default_rng(seed)
    n, extra = 500, 90
    panel = replace(simulate(n, seed, missing=0.01 * gaps), weights=rng.uniform(0.5, 2, n))
    if gaps:
        panel = with_spells(panel, rng)
    groups = {name: rng.random(n) < 0.7 for name in ("one", "other")}
    cohort = rng.choice([1.0, np.inf] if gaps else [1.0], extra)
    outcome = rng.normal(size=(extra, 7))
    outcome[np.isinf(cohort), 1:] = np.nan
    order = rng.permutation(n + extra)
    rows = order[order < n]
    more = Panel(
        np.vstack([panel.outcome, outcome])[order],
        np.append(panel.cohort, cohort)[order],
        panel.periods,
        np.vstack([panel.covariates, rng.normal(size=(extra, 1))])[order],
        np.append(panel.weights, rng.uniform(0.5, 2, extra))[order],
    )
    others = {name: np.append(each, np.ones(extra, bool))[order] for name, each in groups.items()}
    found = group_times(panel, groups=groups, control=control)
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(patch, cells)
        again = group_times(more, groups=others, control=control)
        for name, each in dynamic(again).items():
            same(each, found[name].dynamic())
            cells, expected = again[name].cells, found[name].cells
            pd.testing.assert_frame_equal(cells, expected, rtol=1e-5)
            for column in ("estimate", "se"):
                np.testing.assert_allclose(cells[column], expected[column], rtol=1e-8, atol=1e-10)
            influence = np.zeros((n + extra, len(found[name].cells)))
            influence[order < n] = (found[name].influence @ np.eye(len(found[name].cells)))[rows]
            np.testing.assert_allclose(
                again[name].influence @ np.eye(influence.shape[1]), influence, atol=1e-10
            )


def test_a_start_for_newton_reads_the_same_controls_for_any_comparisons(monkeypatch):
    """Else its likelihood changes as comparisons converge, and may be climbed in vain."""
    small_blocks(monkeypatch)
    panel = with_spells(simulate(5_000, 3), np.random.default_rng(3))
    cohorts, periods = np.unique(panel.cohort)[:-1], range(2, 4)
    chosen = [sample.Comparison(g, 0, np.inf, t - 1, t) for g in cohorts for t in periods]
    every = sample.Sample.of(panel, [panel.outcome], np.isfinite(panel.cohort)[None], chosen, 0)
    wanted = np.isfinite(panel.outcome[:, 1:3]).all(axis=1) & np.isinf(panel.cohort)
    expected = [row for row in every.order[::16] if wanted[row]]
    for some in (every, every.only(np.array([0])), every.only(np.array([0, 1]))):
        blocks = [block.rows for block in some.blocks(thin=16) if not block.treated]
        read = [row for row in np.concatenate(blocks) if wanted[row]]
        assert read == expected


@few
@given(missing, st.sampled_from(["never", "not_yet"]), seeds)
def test_influence_is_linear_in_the_weights_of_cells(gaps, control, seed):
    """Also where cells are in no sum or in several."""
    rng = np.random.default_rng(seed)
    found = group_time(PANELS[gaps], control=control)
    each = found.influence @ np.eye(len(found.cells))
    weights = np.eye(3)[rng.integers(0, 3, len(found.cells))]
    weights[rng.permutation(len(weights))[:2]] = [[1.0, -1.0, 0.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(found.influence @ weights, each @ weights, atol=1e-12)


@settings(max_examples=4, deadline=None)
@given(seeds, st.sampled_from([0.0, 0.1]))
def test_methods_that_share_what_they_can_are_those_one_by_one(seed, gaps):
    """Also where one method has no estimate: one covariate for each of a cohort's units."""
    panel = PANELS[gaps]
    if seed % 2:
        first = panel.cohort == np.unique(panel.cohort)[1]
        panel = replace(panel, covariates=np.column_stack([panel.covariates, first]))
    every = by_method(panel, ["ipw", "dr", "or"], control="not_yet")
    for method, found in every.items():
        alone = group_times(panel, method=method, control="not_yet")
        pd.testing.assert_frame_equal(found["", ""].cells, alone["", ""].cells, rtol=1e-12)


def test_a_group_without_effects_leaves_the_others_alone():
    panel = PANELS[0.0]
    groups = {"nobody": np.zeros(N, dtype=bool), "all": np.isfinite(panel.cohort)}
    found = group_times(panel, groups=groups)
    same(found["", "all"].dynamic(), ESTIMATES[0.0])
    with pytest.raises(UserError, match="no effect after treatment can be estimated"):
        found["", "nobody"].simple()
