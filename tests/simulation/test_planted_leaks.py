"""Leaks of every kind, planted at random in a release of several reports, are found where they are.

The clean release passes; each leak is one change of one table.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterstudy.disclosure import checks
from clusterstudy.disclosure.outputs import counts
from clusterstudy.disclosure.rules import read_rules

RULES = read_rules("standard")
TABLES = {  # by table: relation of its counts, and what they belong to
    "overall": ("none", "none"),
    "by_dose": ("adds", "seen/{outcome}"),
    "by_cohort": ("adds", "seen/{outcome}"),
    "chain": ("above", "chain"),
    "evidence": ("rounded", "none"),
}
GROUPS = {"by_dose": ["light", "membership", "project"], "by_cohort": [2025, 2026, 2027]}


def release(seed: int) -> dict[tuple[str, str], pd.DataFrame]:
    """Return the tables of reports on two outcomes, whose counts keep every rule."""
    rng, tables = np.random.default_rng(seed), {}
    for outcome, base in (("fte", 1000), ("productivity", 5000)):
        whole = base + int(rng.integers(100))
        tables[outcome, "overall"] = pd.DataFrame({"n": [whole], "estimate": 0.1, "se": 0.02})
        for name, groups in GROUPS.items():
            first, second = (int(n) for n in rng.integers(100, 300, 2))
            n = [first, second, whole - first - second]
            tables[outcome, name] = pd.DataFrame({"group": groups, "n": n, "se": 0.1})
        steps = np.cumsum(rng.integers(5, 500, 4))[::-1] + base
        tables[outcome, "chain"] = pd.DataFrame({"group": range(4), "n": steps})
        evidence = rng.integers(1, 200, 3) * RULES.min_firms
        tables[outcome, "evidence"] = pd.DataFrame({"group": range(3), "n": evidence})
    return tables


def found(tables: dict[tuple[str, str], pd.DataFrame]) -> set[tuple[str, str, str]]:
    """Return report, table and rule of all that the tables break."""
    cells, broken = [], []
    for (outcome, name), frame in tables.items():
        relation, parent = TABLES[name]
        population = "seen/{outcome}" if name == "overall" else name + "/{outcome}/{group}"
        row = {"column": "n", "population": population, "relation": relation, "parent": parent}
        own = list(counts(frame, pd.DataFrame([row]), outcome, name, {"outcome": outcome}))
        broken += checks.of_table(frame, own, outcome, name, RULES, RULES.min_firms)
        cells += own
    broken += checks.differences(cells, [], RULES.min_firms)
    broken += checks.linked(cells, [], RULES.min_firms)
    return {(each.run, each.output, each.rule) for each in broken}


def small(tables, at, rng):
    """A count of one to four firms, shown."""
    tables[at].loc[rng.integers(3), "n"] = rng.integers(1, 5)


def alone(tables, at, rng):
    """One blank row of a known total."""
    tables[at]["n"] = tables[at]["n"].astype(float)
    tables[at].loc[rng.integers(3), "n"] = np.nan


def nearly_all(tables, at, rng):
    """A group that all but few firms belong to, the others blank."""
    whole = tables[at[0], "overall"]["n"].item()
    tables[at]["n"] = [whole - rng.integers(1, 5), np.nan, np.nan]


def few_degrees(tables, at, rng):
    """A standard error on five to ten firms."""
    tables[at].loc[rng.integers(3), "n"] = rng.integers(5, 11)


def largest(tables, at, rng):
    """The largest value of a group."""
    tables[at]["max"] = rng.normal(size=3)


LEAKS = {
    small: "small_cell",
    alone: "linked",
    nearly_all: "differencing",
    few_degrees: "degrees_of_freedom",
    largest: "extremes",
}


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_a_release_that_keeps_the_rules_passes(seed):
    assert found(release(seed)) == set()


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.__name__)
@given(seed=st.integers(0, 2**32 - 1), outcome=st.sampled_from(["fte", "productivity"]))
@settings(max_examples=10, deadline=None)
def test_a_planted_leak_is_found_in_its_table(leak, seed, outcome):
    rng, tables = np.random.default_rng(seed), release(seed)
    at = (outcome, str(rng.choice(list(GROUPS))))
    leak(tables, at, rng)
    assert (*at, LEAKS[leak]) in found(tables)


@given(seed=st.integers(0, 2**32 - 1), step=st.integers(1, 3), lost=st.integers(1, 4))
@settings(max_examples=10, deadline=None)
def test_a_step_that_loses_few_firms_is_found(seed, step, lost):
    tables = release(seed)
    firms = tables["fte", "chain"]["n"].to_numpy().copy()
    firms[:step] += firms[step] + lost - firms[step - 1]
    tables["fte", "chain"]["n"] = firms
    assert ("fte", "chain", "differencing") in found(tables)


@given(seed=st.integers(0, 2**32 - 1), more=st.integers(1, 4), row=st.integers(0, 2))
@settings(max_examples=10, deadline=None)
def test_an_exact_number_where_all_are_rounded_is_found(seed, more, row):
    tables = release(seed)
    tables["fte", "evidence"].loc[row, "n"] += more
    assert found(tables) == {("fte", "evidence", "rounded")}
