"""No hidden cell can be told from what is published, whatever the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp

from clusterstudy.disclosure.audit import intervals, relations_of
from clusterstudy.disclosure.cells import rounded, suppress

MINIMUM = 5
QUICK = settings(max_examples=40, phases=[Phase.explicit, Phase.generate])
counts = st.integers(0, 40) | st.integers(0, 6)


def told(members: np.ndarray, low: np.ndarray, high: np.ndarray, of: int) -> float:
    """Return how many other numbers a cohort could have, where unions of cohorts are known.

    Parameters
    ----------
    members
        Which cohorts are in a union, shape (unions, cohorts).
    low, high
        What is known of each union, shape (unions,).
    """
    goal = np.eye(members.shape[1])[of]
    known = LinearConstraint(members, low, high)
    found = [milp(sign * goal, integrality=1, constraints=known) for sign in (1, -1)]
    return np.inf if found[1].fun is None else -found[1].fun - found[0].fun


@QUICK
@given(st.lists(counts, min_size=3, max_size=4).filter(lambda drawn: sum(drawn) >= 20))
def test_rounded_numbers_of_cohorts_and_of_years_since_entry_tell_no_cohort(drawn):
    """The report on one cluster: all entrants, by year of entry, and those seen some years later.

    An attacker who knows that nobody left can tell no cohort exactly, though one small cohort and
    the others' exact numbers would be enough to.
    """
    cohorts = np.array(drawn)
    unions = np.tril(np.ones((len(cohorts), len(cohorts))))
    alone = suppress(pd.DataFrame({"n": cohorts}), "n", [], MINIMUM, additive=True)[0]["n"]
    shown = rounded(pd.concat([pd.Series(unions @ cohorts), alone]), MINIMUM).to_numpy()
    hidden = np.isnan(shown)
    low = np.where(hidden, 1, shown)
    high = np.where(hidden, np.inf, shown + (MINIMUM - 1) * (shown > 0))
    high[: len(cohorts)][hidden[: len(cohorts)]] = MINIMUM - 1  # blank for being small alone
    members = np.vstack([unions, np.eye(len(cohorts))])
    for cohort in np.flatnonzero(cohorts):
        assert told(members, low, high, cohort) >= 1


@given(st.integers(MINIMUM, 400), st.integers(0, 400))
def test_the_difference_of_two_rounded_numbers_is_told_no_better_than_by_a_blank(part, rest):
    whole, inner = rounded(pd.Series([part + rest, part]), MINIMUM)
    low, high = max(whole - inner - (MINIMUM - 1), 0), whole - inner + MINIMUM - 1
    assert low <= rest <= high
    assert high - low >= MINIMUM - 1


@QUICK
@given(st.lists(counts, min_size=1, max_size=8))
def test_no_row_of_a_list_with_a_known_total_is_told(drawn):
    frame = pd.DataFrame({"n": drawn})
    shown = suppress(frame, "n", [], MINIMUM, additive=True)[0]["n"]
    cells = pd.Index(["total", *map(str, frame.index)])
    relations = relations_of(cells, {"total": list(map(str, frame.index))})
    values = np.array([sum(drawn), *shown])
    found = intervals(values, np.isnan(values), relations)
    if sum(drawn) >= MINIMUM:
        positive = frame["n"].gt(0).sum()
        assert positive == 1 or (found["high"] - found["low"] >= MINIMUM).all()
