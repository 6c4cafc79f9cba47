"""The rules across columns, rows and tables, each on the smallest frame that breaks it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterstudy.contract import cvr, suites
from clusterstudy.contract.rules import RULES
from clusterstudy.contract.tables import TABLES

ONE, TWO, THREE = cvr.from_serial(np.array([1, 2, 3]))
UNKNOWN = cvr.from_serial(np.array([9]))[0]
DAY = pd.Timestamp
FIRMS = pd.DataFrame(
    {"cvr": [ONE, TWO, THREE], "founded": DAY(2010, 3, 1), "closed": [DAY(2020, 3, 1), None, None]}
)
CLUSTERS = pd.DataFrame({"cluster_id": ["A"], "designated_to": [DAY(2028, 12, 31)]})
LINES = pd.DataFrame(
    {
        "cluster_id": "A",
        "year": 2025,
        "line": ["operating_grant", "user_payment", "in_kind_cofinancing", "operating_grant"],
        "scenario": ["actual", "actual", "actual", "plan_at_designation"],
        "amount": [900.0, 100.0, 500.0, 1000.0],
    }
)
PROJECTS = pd.DataFrame({"project_id": ["P"], "budget": [100.0]})


def reports(**columns):
    ends = pd.to_datetime(["2026-06-30", "2025-12-31"])
    return pd.DataFrame({"project_id": "P", "period_end": ends, **columns})


def days(**columns):
    return pd.DataFrame({name: pd.to_datetime(values) for name, values in columns.items()})


# (table, fault): the frames the rule reads, and whether each row of the first is at fault.
CASES = {
    ("firms", "cvr_check_digit_wrong"): (
        [pd.DataFrame({"cvr": [ONE, ONE[:-1] + str((int(ONE[-1]) + 1) % 10), "1234567890", None]})],
        [False, True, False, False],
    ),
    ("firms", "founded_implausible"): (
        [days(founded=["1599-12-31", "1600-01-01", "2101-01-01", None])],
        [True, False, True, False],
    ),
    ("participations", "cvr_not_in_firms"): (
        [pd.DataFrame({"cvr": [ONE, UNKNOWN, "1234567890", None]}), FIRMS],
        [False, True, False, False],
    ),
    ("participations", "cluster_id_not_in_clusters"): (
        [pd.DataFrame({"cluster_id": ["A", "B", None]}), CLUSTERS],
        [False, True, False],
    ),
    ("firms", "closed_before_founded"): (
        [days(founded=["2020-01-02"] * 3, closed=["2020-01-01", "2020-01-02", None])],
        [True, False, False],
    ),
    ("firm_successions", "succeeds_itself"): (
        [pd.DataFrame({"cvr": [ONE, ONE], "successor": [ONE, TWO]})],
        [True, False],
    ),
    ("firm_years", "outside_life"): (
        [
            pd.DataFrame(
                {
                    "cvr": [ONE, ONE, ONE, ONE, TWO, UNKNOWN],
                    "year": [2009, 2010, 2020, 2021, 2050, 1990],
                }
            ),
            FIRMS,
        ],
        [True, False, False, True, False, False],
    ),
    ("participations", "outside_life"): (
        [
            pd.DataFrame(
                {
                    "cvr": [ONE, ONE, ONE, ONE],
                    "date": pd.to_datetime(
                        ["2010-02-28", "2010-03-01", "2020-03-01", "2020-03-02"]
                    ),
                }
            ),
            FIRMS,
        ],
        [True, False, False, True],
    ),
    ("participations", "after_designation"): (
        [
            pd.DataFrame(
                {
                    "cluster_id": ["A", "A", "B"],
                    "date": pd.to_datetime(["2028-12-31", "2029-01-01", "2029-01-01"]),
                }
            ),
            CLUSTERS,
        ],
        [False, True, False],
    ),
    ("firm_years", "exports_above_revenue"): (
        [pd.DataFrame({"exports": [2.0, 10.0, 5.0], "revenue": [2.0, 5.0, np.nan]})],
        [False, True, False],
    ),
    ("memberships", "overlaps_former_spell"): (
        [
            pd.DataFrame(
                {
                    "cvr": [ONE, ONE, ONE, TWO, TWO],
                    "cluster_id": ["A", "A", "B", "A", "A"],
                    "valid_from": pd.to_datetime(
                        ["2021-01-01", "2020-01-01", "2020-06-01", "2020-01-01", "2022-01-01"]
                    ),
                    "valid_to": pd.to_datetime(
                        [None, "2020-12-31", "2020-12-31", None, "2022-12-31"]
                    ),
                }
            )
        ],
        [False, False, False, False, True],
    ),
    ("programme", "grants_differ_from_programme"): (
        [pd.DataFrame({"year": [2025, 2025, 2026], "grant": [1000.0, 1100.0, 7.0]}), LINES],
        [False, True, False],
    ),
    ("annual_accounts", "revenue_differs_from_lines"): (
        [
            pd.DataFrame(
                {
                    "cluster_id": ["A", "A", "A", "B"],
                    "year": [2025, 2025, 2025, 2025],
                    "revenue": [1005.0, 1500.0, np.nan, 9.0],
                }
            ),
            LINES,
        ],
        [False, True, False, False],
    ),
    ("cluster_finances", "user_payment_differs_from_sales"): (
        [LINES, pd.DataFrame({"cluster_id": ["A", "A"], "year": 2025, "revenue": [30.0, 20.0]})],
        [False, True, False, False],
    ),
    ("annual_accounts", "balance_impossible"): (
        [
            pd.DataFrame(
                {
                    "cash": [1.0, 9.0, 1.0, 1.0],
                    "current_assets": [5.0, 5.0, 50.0, 5.0],
                    "equity": [-3.0, 3.0, 3.0, 30.0],
                    "total_assets": [10.0, 10.0, 10.0, 10.0],
                }
            )
        ],
        [False, True, True, True],
    ),
    ("annual_accounts", "approved_before_year_end"): (
        [
            pd.DataFrame(
                {
                    "year": [2025, 2025, 2025],
                    "approved_on": pd.to_datetime(["2025-12-31", "2026-01-01", None]),
                }
            )
        ],
        [True, False, False],
    ),
    ("projects", "grant_above_budget"): (
        [pd.DataFrame({"grant": [50.0, 500.0], "budget": [50.0, 50.0]})],
        [False, True],
    ),
    ("project_reports", "spent_beyond_budget"): (
        [reports(spent=[60.0, 60.0]), PROJECTS],
        [True, False],
    ),
    ("project_reports", "settled_beyond_paid"): (
        [reports(advance_paid=[0.0, 50.0], advance_settled=[80.0, np.nan])],
        [True, False],
    ),
    ("collaborations", "works_with_itself"): (
        [pd.DataFrame({"actor_a": ["x", "x"], "actor_b": ["x", "y"]})],
        [True, False],
    ),
    ("industry_bridge", "weights_not_one"): (
        [pd.DataFrame({"old": ["a", "a", "b"], "weight": [0.7, 0.3, 0.9]})],
        [False, False, True],
    ),
    ("firm_years", "revenue_thousandfold"): (
        [
            pd.DataFrame(
                {
                    "cvr": [ONE] * 5 + [TWO] * 2 + [THREE],
                    "revenue": [10.0, 12e3, np.nan, 0.0, 14.0, 8e3, 8.0, 5e3],
                }
            )
        ],
        [False, True, False, False, False, True, False, False],
    ),
}


@pytest.mark.parametrize(("table", "fault"), CASES)
def test_a_rule_finds_the_rows_that_break_it(table, fault):
    frames, expected = CASES[table, fault]
    [rule] = [rule for rule in RULES if (rule.table, rule.fault) == (table, fault)]
    index = np.arange(len(expected)) * 10 + 7
    found = rule.find(frames[0].set_index(index), *frames[1:])
    assert found.tolist() == expected
    assert found.index.tolist() == index.tolist()


def test_every_kind_of_rule_has_a_case():
    tried = {rule.find for rule in RULES if (rule.table, rule.fault) in CASES}
    plain = {getattr(find, "func", find).__code__ for find in tried}
    left = [rule for rule in RULES if getattr(rule.find, "func", rule.find).__code__ not in plain]
    assert left == []


def test_rules_read_what_is_declared_and_have_names_of_their_own():
    for rule in RULES:
        for name, columns in rule.reads.items():
            assert set(columns) <= set(TABLES[name].names), rule
        assert rule.fault not in TABLES[rule.table].names
    assert len({(rule.table, rule.fault) for rule in RULES}) == len(RULES)


@given(
    st.lists(st.floats(1, 100), min_size=3, max_size=12),
    st.integers(0, 11),
    st.floats(0.5, 2),
)
def test_a_swap_to_kroner_is_found_and_nothing_else(amounts, place, wobble):
    [rule] = [
        rule for rule in RULES if (rule.table, rule.fault) == ("firm_years", "revenue_thousandfold")
    ]
    amounts = 100 + np.array(amounts)
    frame = pd.DataFrame({"cvr": ONE, "revenue": amounts})
    assert not rule.find(frame).any()
    place %= len(amounts)
    frame.loc[place, "revenue"] *= 1000 * wobble
    assert rule.find(frame).tolist() == [row == place for row in range(len(amounts))]


def test_the_committed_suites_follow_from_the_declaration():
    files = suites.files()
    folder = next(iter(files)).parent
    assert {path.name for path in folder.iterdir()} == {path.name for path in files}
    for path, text in files.items():
        assert path.read_text(encoding="utf-8") == text, "run make generate"
