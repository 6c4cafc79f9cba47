"""Exit and bounds for it, pooled clusters, tests for few units: on the demo, with known truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.demo import truth
from clusterstudy.impact import attrition, effects, few, pooling
from clusterstudy.impact.design import design
from clusterstudy.panel.survival import exit_years
from clusterstudy.params import ImpactParameters

P = ImpactParameters()
CHOICES = effects.Choices(P.method, P.control, P.level, P.power, P.least_treated)
SETTINGS = ("cluster", "dose", "covariates", "programme_start", "first_year", "winsorise")


@pytest.fixture(scope="module")
def study(data):
    chosen = {name: getattr(P, name) for name in (*SETTINGS, "anticipation", "outcome")}
    return design(data, **chosen)


@pytest.fixture(scope="module")
def exit_year(data, study):
    return exit_years(data, study.firms.firms["cvr"])


@pytest.fixture(scope="module")
def clusters(study):
    masks = {code: study.firms.of(code, P.dose) for code in study.firms.entered}
    return pooling.by_cluster(study, CHOICES, masks, effects.estimate(study, CHOICES))


def test_a_number_that_goes_on_under_another_is_no_exit(data):
    known = Dataset(data.folder, date(2030, 6, 30))
    events = truth.read(data.folder, "events").sort_values("date")
    left = events[events["event"] == "exit"].set_index("cvr")["date"].str[:4].astype(float)
    once = events.drop_duplicates("cvr", keep=False)
    by_event = {event: part["cvr"] for event, part in once.groupby("event")}
    np.testing.assert_array_equal(
        exit_years(known, by_event["exit"]), left[by_event["exit"]].to_numpy()
    )
    moved = once[once["event"].isin(["merger", "number_change"])]
    final = ~moved["successor"].isin(events["cvr"])
    assert np.isinf(exit_years(known, moved.loc[final, "cvr"])).all()
    assert final.sum() > 20
    ends = moved["successor"].isin(set(by_event["exit"]))
    np.testing.assert_array_equal(
        exit_years(known, moved.loc[ends, "cvr"]), left[moved.loc[ends, "successor"]].to_numpy()
    )


def test_participation_does_not_change_who_leaves_in_the_demo(study, exit_year):
    found = attrition.exits(study, CHOICES, exit_year)
    assert found["event_time"].tolist() == [1, 2, 3]
    assert (found["estimate"].abs() < 3 * found["se"]).all()
    assert (found["left"] < found["n"] / 10).all()


def test_an_effect_on_exit_that_is_put_in_is_found(study, exit_year):
    """Every third new entrant leaves a year after it entered."""
    treated = np.flatnonzero(study.entered)
    moved = exit_year.copy()
    moved[treated[::3]] = study.arrays.cohort[treated[::3]] + 1
    row = attrition.exits(study, CHOICES, moved).iloc[0]
    assert row["low"] < 1 / 3 < row["high"]


def test_bounds_hold_the_true_effect_and_the_estimate_among_firms_seen(data, study, exit_year):
    found = attrition.bounds(study, CHOICES, exit_year)
    table = truth.read(data.folder, "firm_effects")
    cvr, years = study.firms.firms["cvr"].to_numpy(), study.arrays.periods
    followed = study.entered & (study.arrays.cohort < years[-1])
    effect = truth.effects_of(table, P.outcome, cvr[followed], years)[:, -1].mean()
    assert found.low < effect < found.high
    assert found.low < found.lower < found.seen["estimate"] < found.upper < found.high
    assert found.year == years[-1]


def test_pooled_clusters_are_the_clusters_drawn_together(study, clusters):
    masks = {code: study.firms.of(code, P.dose) for code in study.firms.entered}
    whole = effects.estimate(study, CHOICES)
    pd.testing.assert_frame_equal(clusters.table, effects.by_group(study, CHOICES, masks, whole))
    raw, pooled = clusters.raw, clusters.pooled.effects
    assert pooled.index.tolist() == raw.label.tolist()
    assert np.ptp(pooled["estimate"]) < np.ptp(raw.estimate)
    assert (pooled["high"] - pooled["low"]).to_numpy().mean() < np.ptp(
        raw.interval(), axis=1
    ).mean()


def test_too_few_clusters_are_not_pooled(study):
    code = study.firms.entered.columns[0]
    found = pooling.by_cluster(study, CHOICES, {code: study.firms.of(code, P.dose)})
    assert found.pooled is None
    assert len(found.table) == 1


def test_every_test_says_what_it_could_find(study, clusters):
    main = effects.estimate(study, CHOICES)
    table = few.few_clusters(study, CHOICES, main, clusters.raw, seed=1).set_index("test")
    assert table.loc["firms", "estimate"] == table.loc["industries", "estimate"]
    assert table.loc["signs", "units"] == len(clusters.raw.label)
    assert (table["p_value"] >= table["smallest"]).all()
    assert table["p_value"].between(0, 1).all()
    used = study.entered | study.comparison
    ahead = replace(study, anticipation=int(np.ptp(study.arrays.periods)) - 2)
    fewer = few._dealt(ahead, used, seed=1).units
    dealt = few._dealt(study, used, seed=1).units
    assert 0 < fewer < dealt  # later cohorts only
    assert table.loc["permutation", "units"] == dealt < table.loc["firms", "units"]
