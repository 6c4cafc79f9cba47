"""Other estimators' answers to data that cannot carry them, and what they share with the core."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from clusterstudy.did.bacon import bacon
from clusterstudy.did.group_time import group_time
from clusterstudy.did.imputation import imputation
from clusterstudy.did.long import observations
from clusterstudy.did.panel import Panel
from clusterstudy.did.saturated import poisson, sun_abraham
from clusterstudy.did.simulation import simulate
from clusterstudy.did.synthetic import synthetic
from clusterstudy.errors import UserError

PERIODS = np.arange(1.0, 8.0)


@pytest.fixture(scope="module")
def panel():
    return simulate(160, 2)


def test_rows_leave_out_gaps_and_the_always_treated():
    outcome = np.array([[1.0, np.nan, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    rows = observations(Panel(outcome, np.array([3.0, 1.0, np.inf]), np.arange(1.0, 4.0)))
    assert rows[["unit", "period", "outcome"]].to_numpy().tolist() == [
        [0, 1, 1],
        [0, 3, 3],
        [2, 1, 7],
        [2, 2, 8],
        [2, 3, 9],
    ]


@pytest.mark.parametrize("estimator", [sun_abraham, poisson, imputation])
def test_differences_from_the_core_have_their_error(panel, estimator):
    positive = replace(panel, outcome=np.exp(panel.outcome / 4))
    one, other = estimator(positive).simple().overall, group_time(positive).simple().overall
    difference = one.minus(other)
    assert 0 < difference.se[0] < one.se[0] + other.se[0]


def test_anticipation_moves_the_base(panel):
    cells = sun_abraham(panel, anticipation=1).cells
    assert (cells["base"] == cells["cohort"] - 2).all()
    reference = cells["period"] == cells["base"]
    assert (cells.loc[reference, ["estimate", "se"]] == 0).all(axis=None)
    assert (cells.loc[~reference, "se"] > 0).all()


def test_what_is_anticipated_is_no_part_of_the_base(panel):
    cells = imputation(panel, anticipation=1).cells
    changed = panel.outcome + 9.0 * (panel.cohort[:, None] - panel.periods == 1)
    moved = imputation(replace(panel, outcome=changed), anticipation=1).cells
    expected = cells["estimate"] + 9 * (cells["event_time"] == -1)
    np.testing.assert_allclose(moved["estimate"], expected)
    ratios = poisson(replace(panel, outcome=np.exp(panel.outcome)), anticipation=1).cells
    assert ratios["event_time"].min() == cells["event_time"].min() == -1


def test_a_ratio_of_means_does_not_depend_on_the_unit_and_takes_zeros(panel):
    counts = np.floor(np.exp(panel.outcome))
    assert (counts == 0).any()
    one, other = (poisson(replace(panel, outcome=c * counts)).simple().overall for c in (1, 1000))
    assert one.estimate[0] == pytest.approx(other.estimate[0], abs=1e-6)
    assert one.se[0] == pytest.approx(other.se[0], rel=1e-4)


def test_cells_that_cannot_be_estimated_say_why(panel):
    cohort = np.where(np.arange(160) < 5, 2.0, panel.cohort)
    outcome = np.where((cohort == 2)[:, None] & (PERIODS == 5), np.nan, panel.outcome)
    found = sun_abraham(replace(panel, outcome=outcome, cohort=cohort), anticipation=0)
    status = found.cells.set_index(["cohort", "period"])["status"]
    assert status[2.0, 5.0] == "no treated unit observed in the period or its base"
    assert (status.drop((2.0, 5.0)) == "").all()
    early = sun_abraham(replace(panel, cohort=cohort), anticipation=1).cells
    first = early[early["cohort"] == 2.0]
    assert set(first["status"]) == {"no period before treatment"}
    assert first["estimate"].isna().all()


def test_a_ratio_to_zero_is_no_estimate(panel):
    counts = np.exp(panel.outcome)
    counts[(panel.cohort == 4)[:, None] & (PERIODS == 6)] = 0
    found = poisson(replace(panel, outcome=counts, covariates=None))
    status = found.cells.set_index(["cohort", "period"])["status"]
    assert status[4.0, 6.0] == "no treated unit observed in the period or its base"
    assert (status.drop((4.0, 6.0)) == "").all()
    assert np.isfinite(found.simple().overall.estimate[0])


def test_data_that_carry_no_estimate_are_refused(panel):
    everyone = replace(panel, cohort=np.full(160, 4.0))
    nobody = replace(panel, cohort=np.full(160, np.inf))
    with pytest.raises(UserError, match="no never-treated units"):
        sun_abraham(everyone)
    with pytest.raises(UserError, match="no cohort is observed before and after"):
        sun_abraham(nobody)
    with pytest.raises(UserError, match="are negative"):
        poisson(panel)
    with pytest.raises(UserError, match="no treated unit is observed before and after"):
        imputation(nobody)
    with pytest.raises(UserError, match="cannot be fitted on untreated observations"):
        imputation(everyone)


def test_collinear_trends_are_left_out_and_cells_are_not(panel):
    copied = replace(panel, covariates=np.column_stack([panel.covariates, 2 * panel.covariates]))
    for estimator in (sun_abraham, lambda each: poisson(replace(each, outcome=each.outcome**2))):
        np.testing.assert_allclose(
            estimator(copied).cells["estimate"], estimator(panel).cells["estimate"], atol=1e-8
        )
    unit = replace(panel, covariates=(panel.cohort == 4.0)[:, None])
    assert (sun_abraham(unit).cells["status"] == "").all()  # cells come before trends


def test_a_cell_that_unit_effects_explain_says_so(panel):
    """Of a cohort's two units one has the base alone, the other all periods from treatment on."""
    cohort = np.where(np.arange(160) < 2, 3.0, panel.cohort)
    outcome = panel.outcome.copy()
    outcome[0, PERIODS > 2] = outcome[1, PERIODS < 3] = np.nan
    found = sun_abraham(replace(panel, outcome=outcome, cohort=cohort, covariates=None)).cells
    own = found[(found["cohort"] == 3) & (found["period"] >= 3)]
    assert (own["status"] == "collinear with the unit and period effects").tolist() == [
        *[False] * 4,
        True,
    ]
    assert own["estimate"].isna().tolist() == [*[False] * 4, True]


def test_a_ratio_without_a_maximum_is_refused(panel, monkeypatch):
    monkeypatch.setattr("clusterstudy.did.saturated.MAX_ITERATIONS", 1)
    with pytest.raises(UserError, match="no maximum that can be found"):
        poisson(replace(panel, outcome=np.exp(panel.outcome)))


def test_imputation_reads_units_in_blocks_with_the_same_result(panel, monkeypatch):
    outcome = panel.outcome.copy()
    outcome[::5, 3] = np.nan
    gaps = replace(panel, outcome=outcome)
    whole = imputation(gaps).dynamic().effects.table()
    monkeypatch.setattr("clusterstudy.did.trends.CELLS", 70)
    np.testing.assert_allclose(imputation(gaps).dynamic().effects.table(), whole, rtol=1e-9)


def test_the_optional_library_is_named_where_it_is_missing(panel, monkeypatch):
    monkeypatch.setitem(sys.modules, "diff_diff", None)
    for estimator in (bacon, lambda each: synthetic(each, seed=1)):
        with pytest.raises(UserError, match=r"diff-diff.*not installed.*-r requirements.lock"):
            estimator(panel)


def test_what_the_optional_estimators_cannot_take_is_refused(panel):
    pytest.importorskip("diff_diff", reason="needs the opinions extra")
    with pytest.raises(UserError, match="no sampling weights"):
        bacon(replace(panel, weights=np.ones(160)))
    with pytest.raises(UserError, match="observed throughout"):
        bacon(replace(panel, cohort=np.full(160, np.inf)))
    with pytest.raises(UserError, match="one first treated period"):
        synthetic(panel, seed=1)
    with pytest.raises(UserError, match="more donors"):
        synthetic(replace(panel, cohort=np.where(np.arange(160) < 90, 4.0, np.inf)), seed=1)
    gap = np.where(PERIODS == 2, np.nan, panel.outcome)
    with pytest.raises(UserError, match="without gaps"):
        synthetic(replace(panel, outcome=gap), seed=1)
