"""The demo's truth is what is in its data, and its design lets the estimator find it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.demo import Settings, effects, generate, truth
from clusterstudy.demo.world import make
from clusterstudy.did.group_time import group_time
from clusterstudy.did.panel import Panel
from clusterstudy.panel.build import build
from clusterstudy.panel.successions import read, units


def test_the_recorded_effects_are_the_difference_to_a_world_without_them(monkeypatch):
    settings = Settings(firms=2000, seed=5)
    real = make(settings)
    none = {measure: dict.fromkeys(doses, 0.0) for measure, doses in effects.FULL.items()}
    monkeypatch.setattr(effects, "FULL", none)
    without = make(settings)
    key = ["cvr", "year"]
    rows = real.tables["firm_years"].merge(without.tables["firm_years"], on=key)
    assert len(rows) == len(real.tables["firm_years"])
    true = rows[key].merge(real.truth["firm_effects"], on=key, how="left").fillna(0.0)
    large = rows["fte_y"] > 5  # of others, rounding of the figures is too large a part
    for column in ("fte", "value_added", "revenue"):
        there = large & rows[f"{column}_x"].notna()
        found = np.log(rows[f"{column}_x"] / rows[f"{column}_y"])
        np.testing.assert_allclose(found[there], true.loc[there, column], atol=2e-3)
    exports = (rows["exports_x"] > 0).astype(float) - (rows["exports_y"] > 0)
    np.testing.assert_array_equal(exports, true["exports"])


@pytest.fixture(scope="module")
def default():
    return make(Settings())


def test_the_default_demo_has_the_domain_notes_shape(default):
    tables = default.tables
    joined = tables["memberships"].rename(columns={"valid_from": "date"})
    contact = pd.concat([tables["participations"], joined])[["cvr", "cluster_id", "date"]]
    first = contact.groupby("cvr")["date"].min().dt.year
    assert 2500 < len(first) < 3000
    assert (first < 2025).mean() == pytest.approx(0.45, abs=0.03)
    several = contact.groupby("cvr")["cluster_id"].nunique() > 1
    assert several.mean() == pytest.approx(0.12, abs=0.02)
    entrants = contact[contact["cvr"].map(first) >= 2025].groupby("cluster_id")["cvr"].nunique()
    assert len(entrants) == 11
    assert entrants.min() >= 50
    figures = tables["firm_years"]
    now = figures[figures["year"] == 2024].set_index("cvr")
    never = now[~now.index.isin(first.index)]["fte"]
    sizes = pd.cut(never, [0, 10, 50, 250, np.inf], right=False).value_counts(True, sort=False)
    np.testing.assert_allclose(sizes, [0.90, 0.08, 0.016, 0.004], atol=0.01)
    wide = np.log(figures.pivot(index="cvr", columns="year", values="fte"))
    assert wide.diff(axis=1).stack().std() == pytest.approx(0.25, abs=0.02)
    assert (figures["exports"] == 0).mean() == pytest.approx(0.70, abs=0.05)
    assert figures["rnd_spend"].notna().mean() == pytest.approx(0.15, abs=0.03)
    small = now[now["fte"] < 50]["revenue"]
    assert small.isna().mean() == pytest.approx(0.65, abs=0.03)


def test_those_who_answer_are_the_satisfied(default):
    answers = default.truth["survey"].query("item == 'satisfaction'")
    rate = answers["answered"].sum() / answers["asked"].sum()
    assert rate == pytest.approx(0.30, abs=0.05)
    asked, answered = (
        np.average(answers[f"mean_{who}"], weights=answers[who]) for who in ("asked", "answered")
    )
    assert answered > asked + 0.05


@pytest.mark.slow
def test_given_covariates_the_truth_is_found_and_without_them_it_is_not(tmp_path):
    """Errors over standard errors, doubly robust and raw, over six demos of the default size."""
    errors: dict[tuple[str, bool], list[float]] = {}
    for seed in range(2026, 2032):
        folder = generate(tmp_path / "demo", seed=seed)
        data = Dataset(folder)
        chained = units(read(data))
        panel = build(
            data,
            ["fte", "productivity"],
            programme_start=2025,
            first_year=2022,
            covariates=["size", "growth", "age", "industry"],
            other_programmes="covariate",
        )
        known = truth.read(folder, "firm_effects")
        cohort = panel.firms["cohort"].to_numpy(dtype=float)
        for measure, outcome in panel.outcomes.items():
            cvr = panel.firms["cvr"].to_numpy()
            true = truth.effects_of(known, measure, cvr, panel.years, chained)
            target = truth.att(true, outcome, cohort, panel.years)
            for conditional in (True, False):
                design = panel.design() if conditional else None
                found = group_time(Panel(outcome, cohort, panel.years, design)).simple().overall
                error = float((found.estimate[0] - target) / found.se[0])
                errors.setdefault((measure, conditional), []).append(error)
    three_sigma = 3 / np.sqrt(6)
    for measure in ("fte", "productivity"):
        assert abs(np.mean(errors[measure, True])) < three_sigma
        assert np.mean(errors[measure, False]) > three_sigma
        assert abs(errors[measure, True][0]) < 1.96  # on the default demo
    assert np.mean(np.abs(errors["fte", True] + errors["productivity", True]) < 1.96) > 0.75
