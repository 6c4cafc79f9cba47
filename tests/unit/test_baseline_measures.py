"""Levels, participants, profile and planning, on registers small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from clusterstudy.baseline import freeze, participants, planning
from clusterstudy.baseline import levels as measured
from clusterstudy.baseline.described import FRAMES, described
from clusterstudy.baseline.levels import absent, changes, measure
from clusterstudy.baseline.profile import profile
from clusterstudy.contract.read import Dataset
from clusterstudy.measures import answers
from clusterstudy.panel import store
from clusterstudy.panel.build import Panel
from clusterstudy.panel.characteristics import characteristics

START = 2025
FIRMS = [f"F{number}" for number in range(8)]
REGIONS = ("midtjylland", "sjaelland")


def write(folder, **tables) -> Dataset:
    for name, frame in tables.items():
        pd.DataFrame(frame).to_parquet(folder / f"{name}.parquet")
    return Dataset(folder)


def contacts(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Return participations of (firm, cluster, day)."""
    frame = pd.DataFrame(rows, columns=["cvr", "cluster_id", "date"])
    return frame.assign(date=pd.to_datetime(frame["date"]), activity_type="event")


def registers(fte: dict[str, float], years=range(2021, 2026)) -> dict[str, pd.DataFrame]:
    """Return firms and their figures, the same in every year."""
    firms = pd.DataFrame({"cvr": list(fte), "industry": "251100", "region": REGIONS[0]})
    firms = firms.assign(founded=pd.Timestamp(2000, 1, 1), closed=pd.NaT)
    grid = pd.MultiIndex.from_product([fte, years], names=["cvr", "year"]).to_frame(index=False)
    size = grid["cvr"].map(fte)
    figures = {"fte": size, "headcount": size, "revenue": 1000 * size, "value_added": 600 * size}
    prices = pd.DataFrame({"industry_group": "manufacturing", "year": years, "index": 100.0})
    return {
        "firms": firms,
        "firm_years": grid.assign(**figures, exports=0.0, total_assets=100.0),
        "price_index": prices,
    }


@pytest.fixture
def data(tmp_path):
    """F0, F1 in K01, F1, F2 in K02; F3 incumbent only; F4-F6 without contact; F7 large."""
    fte = {name: 10.0 + number for number, name in enumerate(FIRMS)} | {"F7": 900.0}
    taken = contacts(
        ("F0", "K01", "2025-02-01"),
        ("F0", "K01", "2025-03-01"),
        ("F1", "K01", "2026-02-01"),
        ("F1", "K02", "2022-02-01"),
        ("F1", "K02", "2025-02-01"),
        ("F2", "K02", "2025-06-01"),
        ("F3", "K01", "2023-01-01"),
        ("X9", "K02", "2025-06-01"),
    )
    survey = pd.DataFrame(
        [
            (2025, "F0", "K01", "satisfaction", 2.0),
            (2026, "F0", "K01", "satisfaction", 3.0),
            (2026, "F1", "K01", "satisfaction", 5.0),
            (2026, "F2", "K02", "satisfaction", 4.0),
        ],
        columns=["wave", "cvr", "cluster_id", "item", "score"],
    )
    clusters = {"cluster_id": ["K01", "K02"]}
    tables = registers(fte) | {"clusters": clusters, "participations": taken, "survey": survey}
    return write(tmp_path, **tables)


def levels(data: Dataset, programme_start: int, level: float = 0.95) -> pd.DataFrame:
    return measured.levels(measure(data, programme_start), level)


def test_what_is_kept_is_what_was_made(data, monkeypatch):
    chosen = {"level": 0.9, "min_firms": 2, "rules": "standard"}
    made = described(data, START, **chosen)
    measures = measure(data, START)
    pd.testing.assert_frame_equal(made.levels, freeze.keepable(measures, **chosen))
    moved = measured.undominated(changes(measures, 0.9), measures, "standard")
    pd.testing.assert_frame_equal(made.changes, moved)
    asked = made.weighting.set_index("group")
    assert asked.loc[["K01", "K02", "programme"], "unweighted"].tolist() == [4.0, 4.0, 4.0]
    firms, survey = characteristics(data, START - 1), answers.survey(data, START)
    pd.testing.assert_frame_equal(store.firms(data, START - 1), firms)
    pd.testing.assert_frame_equal(survey, answers.weighted(data, firms))
    monkeypatch.setattr(measured, "measure", None)  # from here on only kept ones will do
    monkeypatch.setattr(store, "characteristics", None)
    monkeypatch.setattr(answers, "weighted", None)
    again = described(data, START, **chosen)
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(made, name))
    pd.testing.assert_frame_equal(store.firms(data, START - 1), firms)
    pd.testing.assert_frame_equal(answers.survey(data, START), survey)


def test_coverage_counts_firms_once_and_the_programme_first(data):
    table = participants.coverage(data, START)
    assert table.index.tolist() == ["programme", "K01", "K02"]
    assert table["participants"].tolist() == [4, 2, 3]
    assert table["new_entrants"].tolist() == [3, 1, 2]  # F1 was in contact in 2022
    assert table["in_register"].tolist() == [0.75, 1.0, pytest.approx(2 / 3)]
    assert table["with_figures"].tolist() == [0.75, 1.0, pytest.approx(2 / 3)]
    assert table["respondents"].tolist() == [3, 2, 1]  # of the last wave
    assert table["response_rate"].tolist() == [0.75, 1.0, pytest.approx(1 / 3)]


def test_without_a_survey_coverage_says_nothing_of_answers(data):
    (data.folder / "survey.parquet").unlink()
    table = participants.coverage(Dataset(data.folder), START)
    assert table.columns.tolist() == ["participants", "new_entrants", "in_register", "with_figures"]


def test_history_counts_first_contacts_by_year_and_dose(data):
    table = participants.history(data)
    assert table["light"].to_dict() == {2022: 1, 2023: 1, 2025: 3}
    assert table["project"].sum() == table["membership"].sum() == 0
    assert participants.history(data, "K01")["light"].to_dict() == {2023: 1, 2025: 1}
    assert participants.history(data, "K99").empty


def test_levels_stand_in_the_models_order_with_the_programme_first(data):
    table = levels(data, START)
    model = data.read("impact_model")["measure"].tolist()
    assert [m for m in model if m in set(table["measure"])] == list(dict.fromkeys(table["measure"]))
    fte = table[table["measure"] == "fte"]
    assert fte["group"].tolist() == ["programme", "K01", "K02", "comparison"]
    assert fte["n"].tolist() == [3, 2, 2, 3]
    assert (fte["year"] == 2024).all()
    np.testing.assert_allclose(fte["mean"], [11, 10.5, 11.5, 15], rtol=0.01)  # winsorised
    satisfied = table[table["measure"] == "satisfaction"].set_index("group")
    assert satisfied["mean"].to_dict() == {"programme": 4.0, "K01": 4.0, "K02": 4.0}
    assert satisfied["n"].to_dict() == {"programme": 3, "K01": 2, "K02": 1}
    assert (satisfied["year"] == 2026).all()


def test_incumbents_are_no_comparison_firms_and_large_firms_neither(data):
    row = levels(data, START).query("measure == 'fte' and group == 'comparison'").iloc[0]
    assert row["n"] == 3
    assert row["mean"] == pytest.approx(np.mean([14, 15, 16]), rel=0.01)


def test_no_level_is_of_a_time_when_results_could_be_seen(data):
    before = levels(data, START)
    figures = pd.read_parquet(data.folder / "firm_years.parquet")
    late = figures[figures["year"] == 2025].assign(year=2027, fte=99.0)
    figures.loc[figures["year"] >= START, "fte"] *= 3
    pd.concat([figures, late]).to_parquet(data.folder / "firm_years.parquet")
    survey = pd.read_parquet(data.folder / "survey.parquet")
    second = survey.assign(wave=2027, score=1.0)
    pd.concat([survey, second]).to_parquet(data.folder / "survey.parquet")
    taken = pd.read_parquet(data.folder / "participations.parquet")
    later = contacts(("F4", "K01", "2027-02-01"), ("F2", "K01", "2028-02-01"))
    pd.concat([taken, later]).to_parquet(data.folder / "participations.parquet")
    after = levels(Dataset(data.folder), START)
    same = after[after["measure"].isin(before["measure"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, before)


def test_without_values_in_the_last_year_before_the_latest_before_it_counts(data):
    figures = pd.read_parquet(data.folder / "firm_years.parquet")
    figures.loc[figures["year"] >= START - 1, "revenue"] = np.nan
    figures.to_parquet(data.folder / "firm_years.parquet")
    years = levels(Dataset(data.folder), START).groupby("measure")["year"].unique()
    assert years["revenue"].tolist() == [START - 2]
    assert years["fte"].tolist() == [START - 1]


def test_without_an_answer_in_the_first_wave_a_survey_measure_is_left_out(data):
    survey = pd.read_parquet(data.folder / "survey.parquet")
    survey[survey["wave"] != 2026].to_parquet(data.folder / "survey.parquet")
    assert "satisfaction" not in set(levels(Dataset(data.folder), START)["measure"])


def test_large_participants_are_left_out_as_large_comparison_firms_are(data):
    before = levels(data, START).query("measure == 'fte'")
    taken = pd.read_parquet(data.folder / "participations.parquet")
    large = contacts(("F7", "K01", "2025-02-01"))
    pd.concat([taken, large]).to_parquet(data.folder / "participations.parquet")
    after = levels(Dataset(data.folder), START).query("measure == 'fte'")
    pd.testing.assert_frame_equal(after, before)


def test_a_firm_that_answers_twice_counts_once(data):
    survey = pd.read_parquet(data.folder / "survey.parquet")
    again = pd.DataFrame([(2026, "F0", "K02", "satisfaction", 5.0)], columns=survey.columns)
    pd.concat([survey, again]).to_parquet(data.folder / "survey.parquet")
    table = levels(Dataset(data.folder), START).query("measure == 'satisfaction'")
    table = table.set_index("group")
    assert table["n"].to_dict() == {"programme": 3, "K01": 2, "K02": 2}
    # K01: F0 and F1 for F0, F1, F3; K02: F0 and F2 for F0, F1, F2, X9
    assert table.loc["programme", "mean"] == pytest.approx((3.5 * 4 + 1.5 * 5 + 2 * 4) / 7)


def test_measures_in_constant_prices_need_the_price_index(data):
    (data.folder / "price_index.parquet").unlink()
    (data.folder / "survey.parquet").unlink()
    bare = Dataset(data.folder)
    lacking = absent(bare)
    assert {name: lacking[name] for name in ("revenue", "satisfaction")} == {
        "revenue": "price_index",
        "satisfaction": "survey",
    }
    assert "fte" not in lacking
    assert set(levels(bare, START)["measure"]) == {"fte", "exports", "handed_over"}


def test_an_interval_is_the_means_and_one_firm_has_none(data):
    table = levels(data, START, level=0.9).query("measure == 'satisfaction'").set_index("group")
    weight, score = np.array([1.5, 1.5, 3.0]) / 6, np.array([3.0, 5.0, 4.0])  # 2 for 3, 1 for 3
    half = norm.ppf(0.95) * np.sqrt(3 / 2 * ((weight * (score - 4)) ** 2).sum())
    assert table.loc["programme", ["low", "high"]].tolist() == pytest.approx([4 - half, 4 + half])
    assert table.loc["K02", ["low", "high"]].tolist() == [-np.inf, np.inf]


def test_levels_of_few_firms_are_blank_and_missing_sources_left_out(data):
    shown = freeze.suppressed(levels(data, START), min_firms=3)
    shown = shown[shown["measure"].isin(["fte", "satisfaction"])]
    small = shown["n"].isna()
    assert small.equals(shown["group"].isin(["K01", "K02"]))
    assert shown.loc[small, ["mean", "low", "high"]].isna().all(axis=None)
    (data.folder / "survey.parquet").unlink()
    measures = set(levels(Dataset(data.folder), START)["measure"])
    assert "fte" in measures
    assert not {"satisfaction", "rnd"} & measures  # no survey, and no column rnd_spend


def test_register_measures_change_among_firms_seen_twice_and_answers_among_all(data):
    figures = pd.read_parquet(data.folder / "firm_years.parquet")
    later = figures[figures["year"] == 2025].assign(year=2026)
    later["fte"] += later["cvr"].map({"F0": 2.0, "F1": 4.0}).fillna(0)
    pd.concat([figures, later[later["cvr"] != "F2"]]).to_parquet(data.folder / "firm_years.parquet")
    survey = pd.read_parquet(data.folder / "survey.parquet")
    again = survey[survey["cvr"] != "F1"].assign(wave=2028, score=5.0)
    pd.concat([survey, again]).to_parquet(data.folder / "survey.parquet")
    table = changes(measure(Dataset(data.folder), START)).set_index(["measure", "group"])
    assert set(table.index.get_level_values("group")) == {"programme", "K01", "K02", "comparison"}
    fte = table.loc[("fte", "programme")]
    assert (fte["year_base"], fte["year_later"], fte["both"], fte["n_later"]) == (2024, 2026, 2, 2)
    assert fte["change"] == pytest.approx(3, rel=0.02)  # F2 is gone; winsorised
    answer = table.loc[("satisfaction", "K01")]
    assert (answer["n_base"], answer["n_later"], answer["both"]) == (2, 1, 1)
    assert answer["change"] == pytest.approx(1)
    assert np.isinf(answer["high"])  # one answer tells no spread


def test_a_mean_that_one_or_two_firms_stand_for_is_blank():
    even = pd.DataFrame({"group": "K01", "firm": [f"F{i}" for i in range(10)], "value": 10.0})
    great = even.assign(group="K02", value=[10_000.0, *[10.0] * 9])
    values = pd.concat([even, great]).assign(year=2024, weight=1.0)
    values["unit"] = values["firm"]
    row = {"measure": "revenue", "scale": "mean", "tier": 1, "source": "firm_years"}
    one = measured.Measured(row, 2024, measured.MEAN, values)
    table = measured.undominated(measured.levels([one]), [one], "standard").set_index("group")
    assert table.loc["K01", "mean"] == pytest.approx(10)
    assert table.loc["K02", ["n", "mean", "low", "high"]].isna().all()
    later = pd.concat([values, values.assign(year=2026, value=10.0)])
    moved = [measured.Measured(row, 2024, measured.MEAN, later)]
    table = measured.undominated(changes(moved), moved, "standard").set_index("group")
    assert table["change"].isna().tolist() == [False, True]


def test_a_baseline_without_a_later_wave_has_no_change(data):
    figures = pd.read_parquet(data.folder / "firm_years.parquet")
    figures[figures["year"] < START].to_parquet(data.folder / "firm_years.parquet")
    assert changes(measure(Dataset(data.folder), START)).empty


CELLS = [(industry, size, region) for industry in (0, 1) for size in (0, 1) for region in (0, 1)]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.integers(0, 4), min_size=8, max_size=8).filter(lambda n: sum(n) >= 5),
    st.lists(st.integers(5, 9), min_size=8, max_size=8),
)
def test_the_weighted_pool_lies_in_the_cells_as_the_new_entrants_do(tmp_path, entrants, others):
    """Where a firm's characteristics follow from its cell, the pool's means are theirs."""
    rows = [
        (cell, entered)
        for cell, *count in zip(CELLS, entrants, others, strict=True)
        for entered, number in zip((True, False), count, strict=True)
        for _ in range(number)
    ]
    cell = pd.DataFrame([row[0] for row in rows], columns=["industry", "size", "region"])
    names = [f"F{number}" for number in range(len(rows))]
    fte = dict(zip(names, cell["size"].map({0: 4.0, 1: 30.0}), strict=True))
    tables = registers(fte)
    tables["firms"] = tables["firms"].assign(
        industry=cell["industry"].map({0: "251100", 1: "620100"}),
        region=cell["region"].map(dict(enumerate(REGIONS))),
        founded=cell["region"].map({0: pd.Timestamp(2000, 1, 1), 1: pd.Timestamp(2015, 1, 1)}),
    )
    it = tables["firms"].set_index("cvr")["industry"] == "620100"
    tables["firm_years"]["exports"] = tables["firm_years"]["cvr"].map(it).astype(float)
    taken = contacts(
        *((name, "K01", "2025-05-01") for name, row in zip(names, rows, strict=True) if row[1])
    )
    table = profile(write(tmp_path, **tables, participations=taken), START)
    pool = table[table["against"] == "pool"]
    assert len(pool) == 5
    np.testing.assert_allclose(pool["comparison"], pool["treated"], atol=1e-9)
    reached = [other for count, other in zip(entrants, others, strict=True) if count]
    assert set(pool["n_treated"]) == {sum(entrants)}
    assert set(pool["n_comparison"]) == {sum(reached)}
    assert set(table.loc[table["against"] == "all", "n_comparison"]) == {sum(others)}


def test_a_profile_on_few_firms_is_not_made(data):
    assert profile(data, START, min_firms=3).empty
    assert len(profile(data, START, min_firms=2)) == 10
    rows = pd.read_parquet(data.folder / "firm_years.parquet")
    rows.loc[rows["cvr"].eq("F2"), "value_added"] = np.nan
    rows.to_parquet(data.folder / "firm_years.parquet")
    less = profile(Dataset(data.folder), START, min_firms=2)
    assert len(less) == 8
    assert "Value added per FTE (ln)" not in set(less["characteristic"])


def test_attrition_is_counted_over_the_span_to_the_results_year(tmp_path):
    rows = pd.DataFrame(
        [
            ("F0", 2021, 5.0),
            ("F0", 2024, 5.0),
            ("F1", 2021, 5.0),
            ("F1", 2024, 0.0),
            ("F2", 2021, 5.0),
            ("F2", 2023, 5.0),
            ("F3", 2024, 5.0),
            ("F4", 2021, 5.0),
            ("F4", 2024, 1.0),
        ],
        columns=["cvr", "year", "fte"],
    )
    data = write(tmp_path, firm_years=rows)
    assert planning.attrition(data, START, 2027) == 0.5  # F1 and F2, of F0, F1, F2, F4
    assert np.isnan(planning.attrition(data, START, 2029))
    gone_on = pd.DataFrame({"cvr": ["F1", "F2"], "successor": ["F4", "F3"]})
    gone_on = gone_on.assign(kind=["merger", "number_change"], date=pd.Timestamp(2022, 1, 1))
    data = write(tmp_path, firm_successions=gone_on)
    assert planning.attrition(data, START, 2027) == 0.25  # F2 goes on as F3
    assert planning.attrition(data, START, 2027, "pool") == 0  # and F1 in F4


def panel(outcome: np.ndarray, cohort: list[float], **entered: list[bool]) -> Panel:
    firms = pd.DataFrame({"cohort": cohort, "dose": "light"})
    clusters = pd.DataFrame(entered, index=firms.index)
    return Panel(firms, clusters, np.array([2021, 2024, 2025]), {"y": outcome}, (), pd.DataFrame())


NEVER = np.inf
PLAN = {"programme_start": START, "results_from": 2027, "attrition": 0.2}
OUTCOME = np.array(
    [
        [1.0, 2.0, 0.0],
        [1.0, 2.0, 0.0],
        [np.nan, 2.0, 0.0],
        [1.0, np.nan, 0.0],
        [1.0, 2.0, 9.0],
        [1.0, 4.0, 9.0],
        [1.0, 9.0, 9.0],
        [np.nan, 9.0, 9.0],
        [1.0, np.nan, 9.0],
    ]
)


def test_a_planned_effect_is_the_textbooks():
    made = panel(OUTCOME, [2025.0, 2026, 2026, 2026, *[NEVER] * 5])
    found = planning.planned(made, "y", made.treated, **PLAN)
    sd = np.std([1.0, 3.0, 8.0], ddof=1)  # of those seen in 2021 and 2024
    error = sd * np.sqrt((1 / 3 + 1 / 4) / 0.8)  # those seen in 2024
    assert (found["treated"], found["comparison"]) == (3, 4)
    assert found["sd"] == pytest.approx(sd)
    assert found["mde"] == pytest.approx(error * (norm.ppf(0.975) + norm.ppf(0.8)))


def test_a_plan_that_cannot_be_computed_is_missing_and_clusters_follow_the_programme():
    cohort = [2025.0, 2026, 2026, 2026, *[NEVER] * 5]
    made = panel(
        OUTCOME, cohort, K01=[True] * 3 + [False] * 6, K02=[False] * 3 + [True] + 5 * [False]
    )
    table = planning.detectable(made, **PLAN)
    assert table["cluster_id"].tolist() == ["programme", "K01", "K02"]
    assert table["treated"].tolist() == [3, 3, 0]
    assert table["mde"].isna().tolist() == [False, False, True]
    lost = planning.planned(made, "y", made.treated, **PLAN | {"attrition": np.nan})
    late = planning.planned(made, "y", made.treated, **PLAN | {"results_from": 2029})
    assert np.isnan(lost["mde"])
    assert np.isnan(late["mde"])
