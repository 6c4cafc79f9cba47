"""Placebos are nil where nothing is wrong, and spillovers that were put in are found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clusterstudy.impact import effects, placebo
from clusterstudy.impact.design import Design, design, with_outcome
from clusterstudy.impact.spillovers import first_exposure, spillovers
from clusterstudy.params import ImpactParameters

P = ImpactParameters()
CHOICES = effects.Choices(P.method, P.control, P.level, P.power, P.least_treated)
SPILLED = 0.10


@pytest.fixture(scope="module")
def study(data):
    names = ("cluster", "dose", "covariates", "programme_start", "first_year", "winsorise")
    chosen = {name: getattr(P, name) for name in (*names, "anticipation", "outcome")}
    return design(data, others=["rnd"], **chosen)


def spilled(study: Design) -> Design:
    """Return the demo, where nothing spills over, with a spillover on comparison firms."""
    exposed = study.arrays.periods >= first_exposure(study)[:, None]
    outcome = study.arrays.outcome + SPILLED * (exposed & study.comparison[:, None])
    return replace(study, arrays=replace(study.arrays, outcome=outcome))


def test_where_nothing_spills_over_exposure_has_no_effect(study):
    row = spillovers(study, CHOICES).table.set_index("group").loc["exposure"]
    assert row["low"] < 0 < row["high"]


def test_a_spillover_is_found_and_the_effect_freed_of_it(study):
    before = spillovers(study, CHOICES).table.set_index("group")
    after = spillovers(spilled(study), CHOICES).table.set_index("group")
    assert after.loc["exposure", "low"] < SPILLED < after.loc["exposure", "high"]
    assert after.loc["exposure", "low"] > 0
    assert after.loc["all", "estimate"] < before.loc["all", "estimate"] - SPILLED / 6
    assert after.loc["unexposed", "estimate"] == pytest.approx(before.loc["unexposed", "estimate"])


def test_exposure_begins_with_the_first_entrant_of_the_ring(study):
    first = first_exposure(study)
    firms = study.firms.firms
    at = int(np.flatnonzero(study.comparison & np.isfinite(first))[0])
    ring = firms["ring"] == firms["ring"].iloc[at]
    assert first[at] == firms.loc[ring, "cohort"].min()
    lonely = ~firms["ring"].isin(firms.loc[study.firms.treated, "ring"])
    assert np.isinf(first[lonely]).all()


def test_without_municipalities_there_is_a_reason_and_no_estimate(study):
    firms = study.firms.firms.assign(ring=pd.Series(np.nan, study.firms.firms.index, dtype="str"))
    found = spillovers(replace(study, firms=replace(study.firms, firms=firms)), CHOICES)
    assert found.exposed == found.unexposed == 0
    rows = found.table.set_index("group")
    assert rows.loc[["unexposed", "exposure"], "reason"].notna().all()
    assert rows.loc[["unexposed", "exposure"]].get("estimate").isna().all()


def test_placebos_are_nil_in_the_demo(data, study):
    found = placebo.pseudo_entries(study, CHOICES, P.programme_start).dropna(subset=["estimate"])
    assert found["group"].tolist() == ["1", "2", "3"]
    assert (found["estimate"].abs() < 3 * found["se"]).all()
    control = with_outcome(study, data, "rnd")
    row = effects.by_group(control, CHOICES, {"rnd": control.chosen}).iloc[0]
    assert abs(row["estimate"]) < 3 * row["se"]


@pytest.mark.parametrize("anticipation", [0, 1])
def test_a_pseudo_entry_sees_nothing_from_real_entry_on(study, anticipation):
    study = replace(study, anticipation=anticipation)
    shifted = placebo.pseudo_entry(study, 2, P.programme_start)
    real = study.arrays.cohort[shifted.chosen]
    assert real.min() == P.programme_start + 2
    years = study.arrays.periods
    after = years >= real[:, None] - anticipation
    assert not np.isfinite(shifted.arrays.outcome[shifted.chosen][after]).any()
    assert (shifted.arrays.cohort[shifted.chosen] == real - 2).all()
    changed = study.arrays.outcome + 9.0 * (years >= study.arrays.cohort[:, None] - anticipation)
    harmless = replace(study, arrays=replace(study.arrays, outcome=changed))
    again = placebo.pseudo_entry(harmless, 2, P.programme_start)
    never = ~study.firms.treated | shifted.chosen
    np.testing.assert_array_equal(again.arrays.outcome[never], shifted.arrays.outcome[never])


def test_a_trend_of_entrants_shows_as_a_placebo_effect(study):
    years = study.arrays.periods
    trend = 0.05 * (years - years[0]) * study.firms.treated[:, None]
    tilted = replace(study, arrays=replace(study.arrays, outcome=study.arrays.outcome + trend))
    found = placebo.pseudo_entries(tilted, CHOICES, P.programme_start)
    assert found["low"].iloc[0] > 0
