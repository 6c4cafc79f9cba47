"""What the estimators answer to bad or thin data, and what their results offer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.api import GLM, add_constant, families

from clusterstudy.did import twfe, two_by_two
from clusterstudy.did.estimates import Estimates, join
from clusterstudy.did.group_time import group_time
from clusterstudy.did.panel import Panel, first_treated, from_long
from clusterstudy.did.simulation import simulate
from clusterstudy.errors import UserError


@pytest.fixture(scope="module")
def panel():
    return simulate(300, 1)


def status(result, cohort):
    return set(result.cells.loc[result.cells["cohort"] == cohort, "status"])


# --- what a user can get wrong -----------------------------------------------------------------


def test_duplicated_unit_periods_are_refused():
    with pytest.raises(UserError, match=r"1 unit-periods occur more than once, first unit b, .* 2"):
        from_long(list("abb"), [1, 2, 2], [1.0, 2.0, 3.0], [np.inf] * 3)


def test_a_cohort_that_changes_is_refused():
    with pytest.raises(UserError, match="cohort: differs within 1 units, first unit a"):
        from_long(list("aa"), [1, 2], [1.0, 2.0], [2, 3])


def test_treatment_that_switches_off_is_refused():
    with pytest.raises(UserError, match=r"switches off in 1 units, first seen in unit b, period 3"):
        first_treated(list("aaabbb"), [1, 2, 3] * 2, [0, 0, 1, 0, 1, 0])


def test_first_treated():
    cohort = first_treated(list("aabbcc"), [1, 2] * 3, [0, 1, 0, 0, 1, 1])
    assert list(cohort) == [2, 2, np.inf, np.inf, 1, 1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"outcome": np.full((300, 7), np.nan)}, "outcome: all 300 × 7 values are missing"),
        ({"outcome": np.zeros((300, 6))}, r"periods: expected shape \(6,\), got \(7,\)"),
        ({"cohort": np.full(300, np.nan)}, "300 of 300 units have no cohort"),
        ({"periods": np.arange(7)[::-1]}, "expected increasing periods"),
        ({"weights": np.zeros(300)}, "weights: expected positive"),
        ({"covariates": np.full((300, 1), np.nan)}, "300 of 300 units miss a covariate"),
        ({"covariates": np.zeros(300)}, "and an axis of covariates"),
        ({"cluster": np.full(300, np.nan)}, "cluster: missing for 300 units"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_arrays_that_do_not_fit_are_refused(panel, change, told):
    with pytest.raises(UserError, match=told):
        replace(panel, **change)


# --- what the data do not carry ----------------------------------------------------------------


def test_one_treated_unit_is_no_estimate(panel):
    one = np.flatnonzero(panel.cohort == 4)[1:]
    result = group_time(
        replace(panel, cohort=np.where(np.isin(np.arange(300), one), 1, panel.cohort))
    )
    assert status(result, 4) == {"one treated unit"}
    assert status(result, 6) == {""}
    assert set(result.simple().left_out["cohort"]) == {4}
    assert list(result.by_cohort().effects.label) == [6]
    assert result.always_treated == len(one)


def test_separation_is_no_estimate(panel):
    shift = 20.0 * (panel.cohort == 4)[:, None]
    result = group_time(replace(panel, covariates=panel.covariates + shift))
    assert status(result, 4) == {"covariates separate treated from controls"}
    assert status(result, 6) == {""}


def test_a_few_extreme_covariates_do_not_pass_for_separation():
    """Newton's first steps from the intercept go too far here: the likelihood falls."""
    rng = np.random.default_rng(0)
    x = np.exp(1.5 * rng.normal(size=(600, 2)))
    treated = rng.random(600) < 0.02
    treated[np.argsort(x.sum(axis=1))[-12:-2]] = True
    outcome = rng.normal(size=(600, 2))
    result = group_time(Panel(outcome, np.where(treated, 2.0, np.inf), np.array([1.0, 2.0]), x))
    scores = GLM(treated, add_constant(x), family=families.Binomial()).fit().mu
    assert status(result, 2) == {""}
    np.testing.assert_allclose(result.cells["max_pscore"], scores.max(), rtol=1e-6)


def test_collinear_covariates_are_no_estimate(panel):
    twice = np.hstack([panel.covariates, 3 * panel.covariates - 1])
    with pytest.raises(UserError, match=r"no effect .* collinear covariates"):
        group_time(replace(panel, covariates=twice))


def test_no_controls_left_is_no_estimate(panel):
    treated = np.isfinite(panel.cohort)
    everyone = Panel(panel.outcome[treated], panel.cohort[treated], panel.periods)
    with pytest.raises(UserError, match="be estimated: no controls"):
        group_time(everyone)
    result = group_time(everyone, control="not_yet")
    cells = result.cells.set_index(["cohort", "period"])["status"]
    assert cells[4, 5] == ""
    assert cells[4, 6] == cells[6, 6] == "no controls"
    assert list(result.dynamic(first=0).effects.label) == [0, 1]
    assert set(result.dynamic().left_out["status"]) == {"no controls"}


def test_no_period_before_treatment_is_no_estimate(panel):
    cohort = np.where(panel.cohort == 4, 2, panel.cohort)
    result = group_time(replace(panel, cohort=cohort), anticipation=1)
    assert status(result, 2) == {"no period before treatment"}
    assert status(result, 6) == {""}


def test_no_period_after_treatment_is_told(panel):
    short = replace(panel, outcome=panel.outcome[:, :3], periods=panel.periods[:3])
    with pytest.raises(UserError, match="no unit is first treated"):
        group_time(short)
    before = group_time(replace(panel, outcome=np.where(panel.periods > 3, np.nan, panel.outcome)))
    with pytest.raises(UserError, match="no effect after treatment can be estimated"):
        before.simple()


def test_never_observed_cells_are_no_estimate(panel):
    gone = np.where((panel.cohort == 4)[:, None] & (panel.periods == 5), np.nan, panel.outcome)
    cells = group_time(replace(panel, outcome=gone)).cells.set_index(["cohort", "period"])
    assert cells.loc[(4, 5), "status"] == "no treated unit observed in both periods"
    assert cells.loc[(4, 5), "n_control"] == np.isinf(panel.cohort).sum()


def test_rare_treatment_keeps_its_lower_tail():
    rng = np.random.default_rng(2)
    n = 20_000
    x = rng.normal(size=n)
    cohort = np.where(rng.random(n) < 0.0033 * np.exp(x - 0.5), 2, np.inf)
    change = x + 0.05 * np.isfinite(cohort) + rng.normal(scale=0.1, size=n)
    panel = Panel(np.column_stack([np.zeros(n), change]), cohort, np.arange(1, 3), x[:, None])
    for method in ("dr", "ipw"):
        result = group_time(panel, method=method)
        low, high = result.simple().overall.interval(0.99)[0]
        assert low < 0.05 < high
        assert result.cells["effective_controls"][0] > 5000


@pytest.mark.parametrize("units", [200, 3000])  # too few for a start, and enough
def test_a_start_on_some_of_the_controls_changes_no_estimate(monkeypatch, units):
    many = simulate(units, 1)
    found = group_time(many, control="not_yet").simple().overall
    monkeypatch.setattr(two_by_two, "MANY", 0)
    again = group_time(many, control="not_yet").simple().overall
    np.testing.assert_allclose(again.estimate, found.estimate, rtol=1e-9)
    np.testing.assert_allclose(again.se, found.se, rtol=1e-9)


# --- what a result offers ----------------------------------------------------------------------


def test_diagnostics_tell_lack_of_overlap(panel):
    lifted = (
        panel.covariates + 6 * (panel.cohort == 4)[:, None] * (np.arange(300) % 5 == 0)[:, None]
    )
    cells = group_time(replace(panel, covariates=lifted), method="dr").cells
    early, late = (cells[cells["cohort"] == g].iloc[0] for g in (4, 6))
    assert early["off_support"] > 0.1 > late["off_support"]
    assert early["max_pscore"] > late["max_pscore"]
    assert early["effective_controls"] < early["n_control"]


def test_the_universal_base_is_zero_without_error(panel):
    effects = group_time(panel, base="universal").dynamic().effects
    at = effects.label.get_loc(-1)
    assert effects.estimate[at] == effects.se[at] == 0
    bands = effects.uniform(0.95, seed=1)
    assert np.isfinite(bands).all()


def test_uniform_bands_are_wider_and_repeatable(panel):
    effects = group_time(panel).dynamic().effects
    pointwise = np.diff(effects.interval())
    bands = effects.uniform(seed=3)
    assert np.all(np.diff(bands) > pointwise)
    np.testing.assert_array_equal(bands, effects.uniform(seed=3))


def test_uniform_bands_of_independent_estimates_are_sidak():
    influence = np.random.default_rng(1).normal(size=(4000, 5)) / 4000
    effects = Estimates.from_influence(pd.Index(range(5)), np.zeros(5), influence)
    critical = effects.uniform(0.95, seed=1, draws=20_000)[:, 1] / effects.se
    np.testing.assert_allclose(
        critical, 2.569, atol=0.03
    )  # normal quantile of 0.5 + 0.95^(1/5) / 2


def test_drawn_errors_are_uncorrelated_where_estimates_share_no_unit():
    influence = np.zeros((1003, 2))  # not a multiple of eight, in two blocks
    influence[:600, 0] = influence[600:, 1] = np.random.default_rng(1).normal(size=1003)[600]
    errors = Estimates.from_influence(pd.Index(range(2)), np.zeros(2), influence)
    drawn = errors.studentised_errors(seed=1, draws=20_000)
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), np.eye(2), atol=0.03)


def test_differences_between_subsets_have_their_covariance(panel):
    half = np.arange(300) % 2 == 0
    one, other = (group_time(panel, treated=m).simple().overall for m in (half, ~half))
    difference = one.minus(other)
    covariance = join([one, other]).covariance
    assert covariance[0, 1] > 0  # the control units are shared
    assert difference.se[0] ** 2 == pytest.approx(
        covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    )
    with pytest.raises(UserError, match="same labels"):
        one.minus(group_time(panel).by_cohort().effects)
    with pytest.raises(UserError, match="different units"):
        join([one, group_time(simulate(200, 1)).simple().overall])


@pytest.mark.parametrize("gaps", [False, True])
def test_twfe_on_means_of_like_units_is_statsmodels_on_all_rows(panel, gaps):
    rng = np.random.default_rng(2)
    clusters, weights = np.arange(300) // 3, rng.uniform(0.5, 2, 300)
    missing = rng.random(panel.outcome.shape) < 0.2 * gaps
    panel = replace(
        panel,
        outcome=np.where(missing, np.nan, panel.outcome),
        cluster=clusters,
        weights=weights,
    )
    found = twfe.event_study(panel)
    unit, period = np.nonzero(
        np.isfinite(panel.outcome) & (np.isfinite(panel.outcome).sum(axis=1) > 1)[:, None]
    )
    time = panel.periods[period] - panel.cohort[unit]
    values = (time, found.label), (unit, np.unique(unit)), (period, np.unique(period)[1:])
    dummies = np.hstack([at[:, None] == np.asarray(of) for at, of in values]).astype(float)
    whole = sm.WLS(panel.outcome[unit, period], dummies, weights=weights[unit]).fit(
        cov_type="cluster", cov_kwds={"groups": clusters[unit]}
    )
    k, n, columns = len(found.label), len(unit), dummies.shape[1]
    np.testing.assert_allclose(found.estimate, whole.params[:k], atol=1e-9)
    nested = (n - columns) / (n - columns + len(np.unique(unit)))  # unit effects are not counted
    np.testing.assert_allclose(found.covariance, whole.cov_params()[:k, :k] * nested, rtol=1e-6)
    assert found.influence.shape == (100, k)
    assert found.df == 99


def test_twfe_refuses_what_is_collinear(panel):
    with pytest.raises(UserError, match="collinear"):
        twfe.event_study(replace(panel, cohort=np.full(300, 4.0)))
    with pytest.raises(UserError, match="no unit is observed in two periods"):
        twfe.static(replace(panel, outcome=np.where(panel.periods > 1, np.nan, panel.outcome)))


def test_twfe_and_group_time_agree_on_one_cohort(panel):
    keep = panel.cohort != 6
    one = Panel(panel.outcome[keep], panel.cohort[keep], panel.periods)
    ours = group_time(one, base="universal").dynamic().effects.table()
    plain = twfe.event_study(one).table()
    np.testing.assert_allclose(plain["estimate"], ours.loc[plain.index, "estimate"])
