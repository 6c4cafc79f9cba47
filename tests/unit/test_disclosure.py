"""Rules of disclosure control on tables small enough to check by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clusterstudy.disclosure.audit import intervals, relations_of
from clusterstudy.disclosure.cells import (
    near_above,
    rounded,
    rounded_means,
    rounded_share,
    suppress,
)
from clusterstudy.disclosure.checks import differences, linked, of_table
from clusterstudy.disclosure.magnitudes import sensitive
from clusterstudy.disclosure.outputs import Count
from clusterstudy.disclosure.rules import read_rules
from clusterstudy.errors import UserError

STANDARD = read_rules("standard")
PARTS = {"light": 17, "project": np.nan}  # a blank row that a total of 20 would tell


def test_the_standard_rules_are_those_of_the_domain():
    assert (STANDARD.min_firms, STANDARD.dominant_firms, STANDARD.dominant_share) == (5, 2, 0.85)
    assert not STANDARD.extremes


def test_an_unknown_rule_set_and_an_impossible_threshold_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"unknown rule set 'lax'.*standard, strict"):
        read_rules("lax")
    file = tmp_path / "rules.csv"
    head = "name,min_firms,dominant_firms,dominant_share,p_percent,min_df,extremes,max_rows\n"
    file.write_text(head + "mine,5,2,85,0.1,10,no,500\n")
    with pytest.raises(UserError, match="row 2, rule set mine: expected shares"):
        read_rules("mine", file)


@pytest.mark.parametrize(
    ("figures", "few", "dominated", "close"),
    [
        ([10, 10, 10, 10, 10], False, False, False),
        ([10, 10, 10, 10], True, False, False),
        ([50, 35, 5, 5, 5], False, False, False),  # exactly 85 %
        ([50, 36, 5, 5, 4], False, True, False),
        ([100, 1, 2, 2, 2], False, True, True),  # 100 told to within 5
        ([100, 50, 10, 0, 0], False, True, False),  # to within 10: exactly p
        ([-50, 36, 5, 5, 4], False, True, False),
        ([7], True, True, True),
    ],
)
def test_dominance_and_p_percent(figures, few, dominated, close):
    rows = pd.DataFrame({"cell": "a", "cvr": range(len(figures)), "fte": figures})
    [found] = sensitive(rows, ["cell"], "cvr", "fte", STANDARD).to_dict("records")
    assert found == {"firms": len(figures), "few": few, "dominated": dominated, "close": close}


def test_a_firm_with_many_rows_is_one_contribution():
    rows = pd.DataFrame({"cell": "a", "cvr": [1] * 6 + [2], "fte": [10.0] * 6 + [np.nan]})
    assert sensitive(rows, ["cell"], "cvr", "fte", STANDARD).loc["a", "firms"] == 1


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ([3, 20, 7], [True, False, True]),
        ([1, 1, 20, 7], [True, True, False, True]),  # two firms together are few, too
        ([4, 4, 20], [True, True, False]),
        ([3, 1], [True, True]),
        ([0, 20, 7], [False, False, False]),
    ],
)
def test_blank_rows_of_a_known_total_hold_enough_firms_together(counts, hidden):
    frame = pd.DataFrame({"n": counts, "mean": 1.0})
    shown, blanked = suppress(frame, "n", ["mean"], 5, additive=True)
    assert shown["n"].isna().tolist() == shown["mean"].isna().tolist() == hidden
    assert blanked == sum(hidden)


def test_rows_that_lack_few_firms_of_a_known_whole_are_blank():
    frame = pd.DataFrame({"n": [97, 95, 100, 60]})
    shown, blanked = suppress(frame, "n", [], 5, whole=100)
    assert shown["n"].isna().tolist() == [True, False, False, False]
    assert blanked == 1


@pytest.mark.parametrize(
    ("firms", "near"),
    [
        ([100, 80, 78], [False, False, True]),
        ([100, 98, 96], [False, True, True]),  # two and two are too few together
        ([100, 98, 90], [False, True, False]),
        ([100, 100, 95], [False, False, False]),
        ([100, np.nan, 97], [False, False, True]),
    ],
)
def test_rows_that_lack_few_firms_of_the_one_above_are_found(firms, near):
    assert near_above(pd.Series(firms), 5).tolist() == near


def test_numbers_are_rounded_down_and_small_ones_are_blank():
    shown = rounded(pd.Series([0, 1, 4, 5, 9, 10, 987, np.nan]), 5)
    assert shown.fillna(-1).tolist() == [0, -1, -1, 5, 5, 10, 985, -1]


def test_shares_are_those_of_rounded_numbers_and_tell_of_no_few_either_way():
    part = pd.Series([0, 4, 5, 7, 8, 38, 35, 39])
    shown = rounded_share(part, pd.Series(39, part.index), 5)
    assert (shown * 35).round(9).fillna(-1).tolist() == [0, -1, 5, 5, 10, -1, -1, 35]
    assert rounded_share(pd.Series([2]), pd.Series([4]), 5).isna().all()


def test_means_that_are_shares_are_rounded_and_others_are_not():
    frame = pd.DataFrame(
        {
            "treated": [8 / 36, 3 / 36, 8 / 36],
            "comparison": [0.5, 0.5, 0.5],
            "n_treated": 36,
            "n_comparison": 400,
            "yes_no": [True, True, False],
        }
    )
    shown = rounded_means(frame, 5)
    assert shown["treated"].fillna(0).tolist() == [10 / 35, 0, 8 / 36]
    assert shown["comparison"].tolist() == [0.5] * 3
    assert shown["n_treated"].tolist() == [35] * 3
    assert "yes_no" not in shown


def test_an_exact_number_among_rounded_ones_is_refused():
    cells = [Count("a", "overall", "n", "all", n, "rounded") for n in (0, 15, 20, np.nan)]
    frame = pd.DataFrame({"n": [0, 15, 20, np.nan]})
    assert not list(of_table(frame, cells, "a", "overall", STANDARD, 5))
    [found] = of_table(frame, cells, "a", "overall", STANDARD, 10)
    assert (found.rule, found.detail.told()) == ("rounded", "1 in n")
    share = Count("a", "exits", "share", "left", 0.29 * 20, "share", "n")
    assert [f.rule for f in of_table(frame, [share], "a", "exits", STANDARD, 5)] == ["rounded"]


def test_rounded_numbers_are_neither_compared_nor_added_up():
    cells = [Count("a", "overall", "n", "all", n, "rounded") for n in (20, 22)]
    parts = [Count("a", "by_dose", "n", name, n, "adds", "all") for name, n in PARTS.items()]
    assert not differences(cells, [], 5)
    assert not linked([*cells, *parts], [], 5)
    assert not differences([Count("b", "overall", "n", "all", 21)], cells, 5)


def test_like_firms_of_two_days_are_compared_and_not_equated():
    """The later report is the one that is named."""
    then = Count("a", "coverage", "n", "firms/K03?2026-12-31", 20)
    now = Count("b", "coverage", "n", "firms/K03?2029-12-31", 22)
    [found] = differences([then, now], [], 5)
    assert (found.run, found.detail.told()) == ("b", "n against a/coverage, n")
    parts = [
        Count("b", "by_dose", "n", name, n, "adds", "firms/K03?2029-12-31")
        for name, n in PARTS.items()
    ]
    assert not linked([then, *parts], [], 5)
    assert linked([replace(now, value=20), *parts], [], 5)
    assert not differences([then, replace(parts[0], relation="within")], [], 5)


def test_a_total_in_another_table_tells_a_hidden_cell():
    cells = pd.Index(["all", "light", "project"])
    values = np.array([20.0, 17.0, np.nan])
    relations = relations_of(cells, {"all": ["light", "project"]})
    assert intervals(values, np.isnan(values), relations).loc[2].tolist() == [3.0, 3.0]


def test_published_cells_that_contradict_each_other_are_named():
    cells = pd.Index(["all", "light", "project"])
    values = np.array([10.0, 17.0, np.nan])
    relations = relations_of(cells, {"all": ["light", "project"]})
    with pytest.raises(ValueError, match="contradict"):
        intervals(values, np.isnan(values), relations)


def test_a_sole_blank_row_is_told_by_the_total_of_another_table():
    whole = Count("a", "overall", "n", "all", 20)
    parts = [
        Count("a", "by_dose", "n", "light", 17, "adds", "all"),
        Count("a", "by_dose", "n", "project", np.nan, "adds", "all"),
    ]
    assert [(f.output, f.rule) for f in linked([whole, *parts], [], 5)] == [("by_dose", "linked")]
    assert linked(parts, [], 5) == []
    assert linked(parts, [whole], 5)  # released earlier


def test_columns_of_a_table_add_up_to_their_parent_together():
    whole = Count("a", "coverage", "n", "all", 40)
    parts = [
        Count("a", "history", "light", "light/2025", 17, "adds", "all"),
        Count("a", "history", "light", "light/2026", np.nan, "adds", "all"),
        Count("a", "history", "project", "project/2025", np.nan, "adds", "all"),
        Count("a", "history", "project", "project/2026", 10, "adds", "all"),
    ]
    assert linked([whole, *parts], [], 5) == []  # 13 firms in two cells
    assert linked([whole, *parts[:2], replace(parts[2], value=9), parts[3]], [], 5)


def test_a_blank_count_that_another_report_shows_is_found():
    blank = Count("a", "by_cluster", "n", "firms/K03?2029-12-31", np.nan)
    shown = replace(blank, run="b", output="overall", value=40)
    assert [(f.run, f.output, f.rule) for f in linked([blank, shown], [], 5)] == [
        ("a", "by_cluster", "linked")
    ]
    assert not linked([blank, replace(shown, population="firms/K03?2026-12-31")], [], 5)
    assert not linked([blank, replace(shown, relation="rounded")], [], 5)


def test_counts_of_like_firms_that_differ_by_few_are_found():
    steps = [Count("a", "chain", "n", "stage", n, "above", "2025") for n in (20, 17, 12, 12)]
    assert len(differences(steps, [], 5)) == 1
    assert not differences([steps[0], replace(steps[1], parent="2028")], [], 5)
    part = Count("a", "by_dose", "n", "light", 17, "within", "all")
    assert differences([Count("a", "overall", "n", "all", 20), part], [], 5)
    assert differences([part], [Count("a", "by_dose", "n", "light", 18)], 5)
    assert not differences([part], [Count("a", "by_dose", "n", "light", 17)], 5)
