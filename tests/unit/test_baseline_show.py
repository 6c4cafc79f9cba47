"""The baseline's page: small cells, what is missing, and what differs from the frozen one."""

from __future__ import annotations

import pandas as pd
import pytest

from clusterstudy.baseline import freeze, levels, participants, planning, profile, show
from clusterstudy.baseline.freeze import Frozen
from clusterstudy.contract.read import Dataset
from clusterstudy.demo import generate
from clusterstudy.report.page import Page

NAMES = {"programme": "All", **{f"K{number:02}": f"Cluster {number}" for number in range(1, 12)}}
START = 2025
MODEL = pd.DataFrame(
    {
        "measure": ["fte", "rnd"],
        "label": ["Employment (FTE)", "Does research"],
        "unit": ["persons", "share"],
        "scale": ["log", "share"],
        "dimension": "sme_benefit",
    }
)


@pytest.fixture
def page(tmp_path, pieces):
    """A page whose pieces of HTML are kept in ``page.pieces``."""
    made = Page("en", tmp_path)
    made.pieces = pieces
    return made


@pytest.fixture(scope="module")
def idle(tmp_path_factory):
    """A demo in which nobody takes part, and a day before which nothing was released."""
    folder = generate(tmp_path_factory.mktemp("idle") / "data", firms=200)
    for name in ("participations", "memberships"):
        path = folder / f"{name}.parquet"
        pd.read_parquet(path).iloc[:0].to_parquet(path)
    return folder


def history(page, counts: pd.DataFrame) -> pd.DataFrame:
    """Return the counts that are written for readers."""
    show.history(page, counts.rename_axis("cohort"), START, min_firms=5)
    return pd.read_csv(page._folder / "tables" / "history.csv")


def test_a_small_count_that_its_total_would_tell_takes_another_with_it(page):
    doses = {"light": [40, 30, 30], "membership": [7, 3, 20], "project": [9, 6, 0]}
    shown = history(page, pd.DataFrame(doses, index=[2024, 2025, 2026]))
    assert shown["membership"].isna().tolist() == [False, True, False]
    assert shown["project"].isna().tolist() == [False, True, False]
    assert shown["light"].tolist() == [40, 30, 30]
    assert shown["project"].tolist()[2] == 0
    assert "or the difference tells: 2." in page.pieces[-1]


def test_the_years_before_the_programme_hide_nothing_of_those_since(page):
    doses = {"light": [3, 30, 30], "membership": [8, 3, 20], "project": [9, 6, 10]}
    shown = history(page, pd.DataFrame(doses, index=[2024, 2025, 2026]))
    assert shown.set_index(shown.columns[0]).isna().sum(axis="columns").tolist() == [2, 2, 0]


def test_no_share_tells_that_a_few_firms_are_not_found(tmp_path):
    counts = {"participants": [166, 100, 50, 200], "new_entrants": [90, 60, 30, 90]}
    shares = {
        "in_register": [1.0, 0.9, 0.96, 0.95],  # 0, 10, 2 and 10 firms are not
        "with_figures": [164 / 166, 0.88, 0.8, 0.92],  # 2, 12 (2 more), 10 and 16
    }
    names = {code: code for code in ("K01", "K02", "K03", "K04")}
    table = pd.DataFrame(counts | shares, index=pd.Index(names, name="cluster_id"))
    show.coverage(Page("en", str(tmp_path)), table, names, 5)
    shown = pd.read_parquet(tmp_path / "tables" / "coverage.parquet")
    assert shown["in_register"].isna().tolist() == [False, False, True, False]
    assert shown["with_figures"].isna().tolist() == [True, True, False, False]


@pytest.mark.parametrize("known", [None, pd.Timestamp(1990, 1, 1).date()])
def test_without_participants_or_data_the_page_says_what_is_missing(page, idle, known):
    data = Dataset(idle, known)
    model = data.read("impact_model")
    show.coverage(page, participants.coverage(data, START), NAMES, 5)
    show.history(page, participants.history(data), START, 5)
    show.profile(page, profile.profile(data, START), 5)
    panel = planning.sample(data, ["fte"], programme_start=START, first_year=2016)
    design = {"programme_start": START, "results_from": 2027}
    lost = planning.attrition(data, **design)
    show.power(page, planning.detectable(panel, **design, attrition=lost), model, NAMES, 5)
    assert ["missing" in piece for piece in page.pieces] == [True] * 4
    measures = levels.measure(data, START)
    measured = levels.levels(measures)
    show.levels(page, freeze.suppressed(measured, 5), model, NAMES, 5, "sme_benefit")
    show.changes(page, levels.changes(measures), model, NAMES, 5)
    if known:
        assert measured.empty
        assert "No measure has a later wave yet" in page.pieces[-1]
    else:
        assert set(measured.loc[measured["year"] == START - 1, "group"]) == {"comparison"}


def test_a_wave_with_few_answers_is_not_shown_and_said_so(page, idle):
    survey = pd.DataFrame({"measure": ["satisfaction"], "label": ["Satisfied"]})
    model = survey.assign(dimension="user_journey", unit="score", scale="level")
    few = {"tier": "sme", "measure": "satisfaction", "basis": levels.ANSWERS, "year": 2026}
    table = pd.DataFrame([few | {"group": "programme", "n": 3, "firms": 3, "mean": 4.0}])
    shown = freeze.suppressed(table.assign(low=3.0, high=5.0), 5)
    show.levels(page, shown, model, NAMES, 5, "user_journey")
    assert len(page.pieces) == 1
    assert "fewer than 5 firms stand behind each figure: Satisfied" in page.pieces[0]
    show.respondents(page, pd.DataFrame(), 2026, 5)
    assert "Fewer than 5 firms answered the wave of 2026" in page.pieces[-1]


def test_measures_left_out_are_named_with_the_table_they_need(page):
    model = pd.DataFrame({"measure": ["revenue"], "label": ["Turnover"]})
    show.absent(page, {}, model)
    assert not page.pieces
    show.absent(page, {"revenue": "price_index"}, model)
    assert "Turnover (price_index)" in page.pieces[-1]


def test_a_report_from_before_the_frozen_baseline_cites_it_only(page):
    frozen = Frozen(pd.DataFrame({"n": [1, 2]}), "a" * 64, "2026-11-24", "2026-12-31", {})
    show.frozen(page, frozen, None, MODEL, {}, 5)
    assert ["aaaaaaaaaaaa" in piece for piece in page.pieces] == [True]
    show.frozen(page, frozen, pd.DataFrame(), MODEL, {}, 5)
    assert "No figure differs" in page.pieces[-1]


def test_figures_that_differ_are_counted_drawn_and_listed(page):
    row = {"measure": "fte", "group": "K01", "year": 2024, "n_frozen": 40, "mean_frozen": 10.0}
    row |= {"basis": levels.MEAN}
    share = row | {
        "measure": "rnd",
        "basis": levels.SHARE,
        "mean_frozen": 0.0,
        "n_now": 47,
        "mean_now": 4 / 47,
    }
    changed = pd.DataFrame([{**row, "n_now": 47, "mean_now": 11.0}, share])
    frozen = Frozen(pd.DataFrame({"n": [1, 2]}), "a" * 64, "2026-11-24", "2026-12-31", {})
    show.frozen(page, frozen, changed, MODEL, {"K01": "Formsværk"}, 5)
    shown = page.pieces[-1]
    assert "frozen baseline: 2 of 2" in shown
    assert all(text in shown for text in ("Formsværk", "2024", "10.0\xa0%"))
    kept = pd.read_parquet(page._folder / "tables" / "deviations.parquet")
    assert kept["n_now"].tolist() == [45, 45]
    assert kept["mean_now"].tolist() == [11.0, 0.09]
    assert kept["moved"].round(9).fillna(0).tolist() == [0.1, 0]


def test_levels_and_changes_tell_no_exact_number_of_firms(page):
    """Neither by the number nor by an exact share of it."""
    row = {"tier": "sme", "group": "programme", "firms": 21, "low": 1 / 7, "high": 4 / 7}
    kinds = {"measure": ["fte", "rnd"], "basis": [levels.MEAN, levels.SHARE]}
    level = pd.DataFrame(kinds | row | {"year": 2024, "n": 49, "mean": 16 / 49})
    show.levels(page, level, MODEL, NAMES, 5, "sme_benefit")
    kept = pd.read_parquet(page._folder / "tables" / "levels_sme_benefit.parquet")
    assert kept["n"].tolist() == [45, 45]
    assert kept[["mean", "low", "high"]].to_numpy().tolist() == [
        [16 / 49, 1 / 7, 4 / 7],
        [0.33, 0.14, 0.57],
    ]
    waves = {"year_base": 2024, "year_later": 2026, "n_base": 49, "n_later": 48, "both": 46}
    moved = {"base": 16 / 49, "later": 17 / 48, "change": 17 / 48 - 16 / 49}
    show.changes(page, pd.DataFrame(kinds | row | waves | moved), MODEL, NAMES, 5)
    kept = pd.read_parquet(page._folder / "tables" / "changes_sme_benefit.parquet")
    assert (kept[["n_base", "n_later", "both"]] == 45).all(axis=None)
    assert kept["firms"].tolist() == [20, 20]
    assert kept["later"].tolist() == [17 / 48, 0.35]
