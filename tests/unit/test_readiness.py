"""Readiness: its declaration, its indicators from the tables, missing data and segments."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from clusterstudy.errors import UserError
from clusterstudy.paths import DATA
from clusterstudy.readiness import index, sensitivity, uncertainty
from clusterstudy.readiness.declaration import CLAUSES, read_indicators
from clusterstudy.readiness.indicators import measure
from clusterstudy.readiness.profile import assign, classify

INDICATORS = read_indicators()
END = date(2026, 12, 31)
DECLARED = DATA / "readiness_indicators.csv"


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


@pytest.fixture
def tables():
    """Return two clusters: A with everything, B with little."""
    return {
        "clusters": pd.DataFrame(
            {
                "cluster_id": ["A", "B"],
                "membership_fees_since": [2020, np.nan],
                "trade_association_agreements": [3.0, np.nan],
                "private_adviser_density": [1.5, 9.0],
                "value_proposition_score": [4.0, 1.0],
            }
        ),
        "memberships": pd.DataFrame(
            [
                ("1", "A", day("2020-01-01"), pd.NaT),
                ("2", "A", day("2020-01-01"), day("2026-12-31")),
                ("3", "A", day("2020-01-01"), day("2025-12-31")),
                ("4", "A", day("2020-01-01"), day("2026-03-31")),
                ("4", "A", day("2026-09-01"), pd.NaT),
                ("5", "A", day("2020-01-01"), pd.NaT),
                ("6", "A", day("2026-02-01"), pd.NaT),
                ("1", "B", day("2020-01-01"), pd.NaT),
            ],
            columns=["cvr", "cluster_id", "valid_from", "valid_to"],
        ),
        "cluster_finances": pd.DataFrame(
            [
                ("A", 2026, "membership_fees", "actual", 20.0),
                ("A", 2026, "user_payment", "actual", 10.0),
                ("A", 2026, "operating_grant", "actual", 70.0),
                ("A", 2026, "in_kind_cofinancing", "actual", 900.0),
                ("A", 2026, "membership_fees", "budget", 90.0),
                ("A", 2027, "membership_fees", "actual", 99.0),
            ],
            columns=["cluster_id", "year", "line", "scenario", "amount"],
        ),
        "collaborations": pd.DataFrame(
            [
                ("A", 2026, "x", "p", "association", "sme"),
                ("A", 2026, "q", "x", "sme", "association"),
                ("A", 2026, "q", "y", "sme", "association"),
                ("B", 2026, "q", "r", "sme", "large"),
            ],
            columns=["cluster_id", "year", "actor_a", "actor_b", "actor_a_type", "actor_b_type"],
        ),
        "survey": pd.DataFrame(
            {
                "wave": [2025] * 6 + [2026] * 9,
                "item": "satisfaction",
                "cluster_id": ["A"] * 6 + ["A"] * 5 + ["B"] * 4,
                "cvr": [*"123456", *"12345", *"1234"],
                "score": [1.0] * 6 + [5, 4, 4, 3, 4] + [1, 2, 3, np.nan],
                "weight": 1.0,
            }
        ),
    }


def test_indicators_are_measured_as_they_are_defined(tables):
    found = measure(tables, INDICATORS, END)
    assert found.values.loc["A"].to_dict() == {
        "years_with_fees": 7,
        "renewal_rate": 80,
        "fee_income_share": 30,
        "trade_association_agreements": 3,
        "association_ties": 2,
        "private_adviser_density": 1.5,
        "value_proposition_score": 4,
        "satisfaction": 4,
    }
    assert found.values.loc["B", "years_with_fees"] == 0
    assert found.values.loc["B", "association_ties"] == 0
    assert found.errors.loc["A", "satisfaction"] == pytest.approx(np.sqrt(0.5 / 5))
    assert found.errors.drop(columns="satisfaction").eq(0).all(axis=None)


def test_few_answers_or_members_are_suppressed_and_said(tables):
    found = measure(tables, INDICATORS, END)
    assert found.values.loc["B", ["satisfaction", "renewal_rate"]].isna().all()
    assert found.suppressed.loc["B"].sum() == 2
    assert not found.suppressed.loc["A"].any()


@pytest.mark.parametrize(
    ("as_of", "rate"),
    [
        (date(2025, 12, 30), 100),  # from 2023 to 2024
        (date(2025, 12, 31), 80),  # firm 5 left in 2025
        (date(2026, 5, 5), 80),  # who will leave in 2026 is not known yet
        (date(2026, 12, 31), 60),  # firms 1 and 2 left in 2026
    ],
)
def test_renewals_run_to_the_last_year_end_reached(tables, as_of, rate):
    left = [day("2026-06-30"), day("2026-06-30"), pd.NaT, pd.NaT, day("2025-06-30"), pd.NaT]
    came = [day("2020-01-01")] * 5 + [day("2025-01-01")]
    spells = pd.DataFrame({"cvr": [*"123456"], "valid_from": came, "valid_to": left})
    known = spells[spells["valid_from"] <= pd.Timestamp(as_of)].assign(cluster_id="A")
    known["valid_to"] = known["valid_to"].mask(known["valid_to"] > pd.Timestamp(as_of))
    found = measure(tables | {"memberships": known}, INDICATORS, as_of)
    assert found.values.loc["A", "renewal_rate"] == rate


def test_respondents_of_one_firm_count_once_and_the_studys_minimum_holds(tables):
    survey = tables["survey"]
    again = survey[survey["wave"].eq(2026) & survey["cluster_id"].eq("A")].iloc[[0] * 5]
    tables["survey"] = pd.concat([survey, again.assign(score=3.0)])
    found = measure(tables, INDICATORS, END)
    firms = np.array([20 / 6, 4, 4, 3, 4])  # firm 1: 5 and five times 3
    assert found.values.loc["A", "satisfaction"] == pytest.approx(firms.mean())
    assert found.errors.loc["A", "satisfaction"] == pytest.approx(firms.std(ddof=1) / np.sqrt(5))
    strict = measure(tables, INDICATORS, END, min_firms=6)
    assert strict.suppressed.loc["A", ["satisfaction", "renewal_rate"]].all()
    loose = measure(tables, INDICATORS, END, min_firms=3)
    assert loose.values.loc["B", "satisfaction"] == 2


def test_an_absent_table_leaves_its_indicators_empty_and_unused(tables):
    found = measure({"clusters": tables["clusters"]}, INDICATORS, END)
    counts = index.screen(found.values, INDICATORS)
    assert counts.index[~counts["used"]].tolist() == [
        "renewal_rate",
        "fee_income_share",
        "association_ties",
        "satisfaction",
    ]
    assert counts.loc["trade_association_agreements", ["known", "missing"]].tolist() == [1, 1]
    drawn = uncertainty.simulate(found.values, found.errors, INDICATORS, 100, seed=1)
    assert np.isfinite(drawn.ranks).all()


def test_answers_count_with_their_weights(tables):
    weight = np.array([3.0, 1, 1, 1, 2])
    survey = tables["survey"]
    survey.loc[survey["wave"].eq(2026) & survey["cluster_id"].eq("A"), "weight"] = weight
    found = measure(tables, INDICATORS, END)
    score, share = np.array([5, 4, 4, 3, 4]), weight / weight.sum()
    expected = share @ score
    assert found.values.loc["A", "satisfaction"] == pytest.approx(expected)
    error = np.sqrt(((share * (score - expected)) ** 2).sum() * 5 / 4)
    assert found.errors.loc["A", "satisfaction"] == pytest.approx(error)


def test_a_survey_item_or_cluster_column_needs_a_row_and_no_code(tables):
    own = INDICATORS.loc[["satisfaction", "private_adviser_density"]]
    own = own.rename(index={"satisfaction": "trust"})
    tables["survey"]["item"] = "trust"
    assert measure(tables, own, END).values.loc["A"].tolist() == [4, 1.5]


def test_an_indicator_that_matches_nothing_is_refused(tables):
    odd = INDICATORS.rename(index={"renewal_rate": "renewals"})
    with pytest.raises(UserError, match="readiness indicator renewals: no such measure"):
        measure(tables, odd, END)


def test_no_cluster_is_refused(tables):
    with pytest.raises(UserError, match="at least one cluster"):
        measure({"clusters": tables["clusters"].iloc[:0]}, INDICATORS, END)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("clause", "charm", "expected clause to be one of membership_fees"),
        ("direction", "up", "expected direction to be one of higher, lower"),
        ("missing", "guess", "expected missing to be one of worst, median, omit"),
        ("bar", 99, "expected goalpost_low < bar < goalpost_high"),
        ("goalpost_low", 11, "expected goalpost_low < bar < goalpost_high"),
        ("weight", 0, "expected a weight above 0"),
        ("weight", "much", "expected a number"),
        ("unit", None, "expected a value in every column"),
        ("name", "renewal_rate", "more than once"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(tmp_path, column, value, message):
    frame = pd.read_csv(DECLARED, dtype=object)
    frame.loc[0, column] = value
    frame.to_csv(tmp_path / "own.csv", index=False)
    with pytest.raises(UserError, match=message):
        read_indicators(tmp_path / "own.csv")


def test_a_declaration_may_be_danish_but_not_absent_or_short_of_a_column(tmp_path):
    frame = pd.read_csv(DECLARED)
    frame.to_csv(tmp_path / "own.csv", index=False, sep=";", decimal=",")
    pd.testing.assert_frame_equal(read_indicators(tmp_path / "own.csv"), INDICATORS)
    frame.drop(columns="bar").to_csv(tmp_path / "own.csv", index=False)
    with pytest.raises(UserError, match="the column bar is missing"):
        read_indicators(tmp_path / "own.csv")
    with pytest.raises(UserError, match="found none"):
        read_indicators(tmp_path / "none.csv")


def test_gaps_follow_their_declared_rule():
    values = np.array([[1.0, 1.0, 1.0], [3.0, 3.0, 3.0], [np.nan, np.nan, np.nan]])
    filled = index.impute(values, np.array(["worst", "median", "omit"]), np.array([0.0, 0.0, 0.0]))
    np.testing.assert_array_equal(filled[2], [0, 2, np.nan])
    np.testing.assert_array_equal(filled[:2], values[:2])


def test_what_is_not_known_leaves_a_cluster_unresolved():
    best = INDICATORS["goalpost_high"].where(
        INDICATORS["direction"] == "higher", INDICATORS["goalpost_low"]
    )
    worst = INDICATORS["goalpost_low"].where(
        INDICATORS["direction"] == "higher", INDICATORS["goalpost_high"]
    )
    values = pd.DataFrame({"best": best, "worst": worst, "unknown": np.nan}).T
    drawn = uncertainty.simulate(values, values * 0, INDICATORS, 2_000, seed=1)
    segments = assign(drawn.segment_probabilities(), 0.8)
    assert segments.to_dict() == {"best": "good", "worst": "harder", "unknown": "unresolved"}


def test_the_rule_reads_the_papers_two_sentences():
    assert list(CLAUSES) == [
        "membership_fees",
        "trade_associations",
        "private_advisers",
        "value_proposition",
    ]
    margins = {
        (1, -1, -1, 1): 0,
        (-1, 0, -1, 0): 0,
        (-1, -1, 1, 1): 0,
        (-1, -1, -1, 1): 1,
        (1, 1, 1, -1): 1,
        (-1, -1, 1, -1): 2,
        (-1, -1, -1, -1): 2,
        (np.nan, np.nan, 1, 1): 0,
        (1, np.nan, np.nan, -1): 1,
        (-1, -1, np.nan, -1): 2,
        (np.nan, -1, -1, -1): 3,
        (-1, -1, np.nan, 1): 3,
        (-1, -1, -1, np.nan): 3,
    }
    np.testing.assert_array_equal(classify(np.array(list(margins))), list(margins.values()))


@pytest.mark.parametrize("certainty", [0.5, 1.1])
def test_a_certainty_that_names_two_segments_or_none_is_refused(certainty):
    with pytest.raises(ValueError, match="certainty"):
        assign(pd.DataFrame({"good": [0.5], "harder": [0.5]}), certainty)


def test_one_indicator_is_left_out_at_a_time():
    values = pd.DataFrame([INDICATORS["goalpost_low"], INDICATORS["bar"]], ["low", "bar"])
    table = sensitivity.leave_one_out(values, INDICATORS)
    assert table["left_out"].nunique() == len(INDICATORS)
    assert table.groupby("left_out")["rank"].sum().eq(3).all()


def test_the_same_seed_gives_the_same_answer():
    values = pd.DataFrame([INDICATORS["goalpost_low"], INDICATORS["bar"]], ["low", "bar"])
    one, same, other = (
        uncertainty.simulate(values, values * 0, INDICATORS, 50, seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.scores, same.scores)
    assert not np.array_equal(one.scores, other.scores)


def test_an_unknown_method_is_a_bug():
    scores, weights = np.ones((2, 1)), np.ones(1)
    with pytest.raises(ValueError, match="one of"):
        index.normalise(scores, "log", weights)
    with pytest.raises(ValueError, match="one of"):
        index.aggregate(scores, weights, np.ones((1, 1), dtype=bool), "median")


def test_a_clause_without_any_data_leaves_segments_unresolved():
    outcome = INDICATORS.index[INDICATORS["clause"] == "value_proposition"]
    values = pd.DataFrame([INDICATORS["goalpost_high"]], ["A"]).assign(**dict.fromkeys(outcome))
    values = values.astype(float)
    drawn = uncertainty.simulate(values, values * 0, INDICATORS, 100, seed=1)
    assert drawn.segment_probabilities().loc["A", "unresolved"] == 1
    assert assign(drawn.segment_probabilities(), 0.8)["A"] == "unresolved"
