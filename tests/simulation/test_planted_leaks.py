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
from clusterstudy.disclosure.outputs import counts, declared, read_outputs
from clusterstudy.disclosure.rules import read_rules

RULES = read_rules("standard")
OUTPUTS = read_outputs()
GROUPS = {"by_dose": ["light", "membership", "project"], "by_cohort": [2025, 2026, 2027]}


def release(seed: int) -> dict[tuple[str, str], pd.DataFrame]:
    """Return tables of the impact report of two outcomes, whose counts keep every rule."""
    rng, tables = np.random.default_rng(seed), {}
    for outcome, base in (("fte", 1000), ("productivity", 5000)):
        whole = base + int(rng.integers(100))
        tables[outcome, "overall"] = pd.DataFrame({"n": [whole], "estimate": 0.1, "se": 0.02})
        for name, groups in GROUPS.items():
            first, second = (int(n) for n in rng.integers(100, 300, 2))
            n = [first, second, whole - first - second]
            tables[outcome, name] = pd.DataFrame({"group": groups, "n": n, "se": 0.1})
        steps = np.cumsum(rng.integers(5, 500, 4))[::-1] + base
        tables[outcome, "sample"] = pd.DataFrame({"firms": steps, "new_entrants": base // 10})
    return tables


def found(tables: dict[tuple[str, str], pd.DataFrame]) -> set[tuple[str, str, str]]:
    """Return report, table and rule of all that the tables break."""
    cells, broken = [], []
    for (outcome, name), frame in tables.items():
        rows = declared(OUTPUTS, "20_impact_did", name)
        parameters = {"outcome": outcome, "cluster": "programme"}
        own = list(counts(frame, rows, outcome, name, parameters))
        broken += checks.of_table(frame, own, outcome, name, RULES)
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
    firms = tables["fte", "sample"]["firms"].to_numpy().copy()
    firms[:step] += firms[step] + lost - firms[step - 1]
    tables["fte", "sample"]["firms"] = firms
    assert ("fte", "sample", "differencing") in found(tables)
