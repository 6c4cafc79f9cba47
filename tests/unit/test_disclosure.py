"""Rules of disclosure control on tables small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterstudy.disclosure.audit import intervals, relations_of
from clusterstudy.disclosure.cells import merge_steps, suppress
from clusterstudy.disclosure.checks import differences, linked
from clusterstudy.disclosure.magnitudes import quantile_allowed, sensitive
from clusterstudy.disclosure.outputs import Count
from clusterstudy.disclosure.rules import read_rules
from clusterstudy.errors import UserError

STANDARD = read_rules("standard")


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
    ("q", "firms", "allowed"),
    [(0.5, 10, True), (0.5, 9, False), (0.9, 50, True), (0.9, 49, False), (1.0, 10_000, False)],
)
def test_a_quantile_needs_firms_on_both_sides(q, firms, allowed):
    assert quantile_allowed(q, firms, STANDARD) is allowed


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
    ("firms", "entrants", "steps"),
    [
        ([100, 80, 78], [30, 30, 30], ["a", "b; c"]),
        ([100, 98, 96], [30, 30, 30], ["a; b; c"]),  # two and two are too few together
        ([100, 97, 90], [30, 30, 30], ["a; b", "c"]),
        ([100, 80, 70], [40, 30, 27], ["a", "b; c"]),
        ([100, 80, 72], [30, 30, 24], ["a", "b; c"]),  # two that are no entrants
        ([100, 80, 80], [30, 30, 30], ["a", "b", "c"]),
    ],
)
def test_steps_that_tell_of_too_few_firms_are_merged(firms, entrants, steps):
    frame = pd.DataFrame({"step": ["a", "b", "c"], "firms": firms, "new": entrants})
    merged = merge_steps(frame, "step", "firms", "new", 5)
    assert merged["step"].tolist() == steps
    assert merged["firms"].iloc[-1] == firms[-1]


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


def test_counts_of_like_firms_that_differ_by_few_are_found():
    steps = [Count("a", "sample", "n", "sample", n, "above") for n in (20, 17, 12, 12)]
    assert len(differences(steps, [], 5)) == 1
    part = Count("a", "by_dose", "n", "light", 17, "within", "all")
    assert differences([Count("a", "overall", "n", "all", 20), part], [], 5)
    assert differences([part], [Count("a", "by_dose", "n", "light", 18)], 5)
    assert not differences([part], [Count("a", "by_dose", "n", "light", 17)], 5)
