"""No hidden cell can be told from what is published, whatever the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from clusterstudy.disclosure.audit import intervals, protect, relations_of
from clusterstudy.disclosure.cells import suppress

MINIMUM = 5
QUICK = settings(max_examples=40, phases=[Phase.explicit, Phase.generate])
counts = st.integers(0, 40) | st.integers(0, 6)


def two_way(table: np.ndarray) -> tuple[np.ndarray, dict[str, list[str]], pd.Index]:
    """Return the cells of a table with margins, and what adds up to what."""
    rows, columns = table.shape
    names = [f"{i},{j}" for i in range(rows) for j in range(columns)]
    sums = {f"{i},+": [f"{i},{j}" for j in range(columns)] for i in range(rows)}
    sums |= {f"+,{j}": [f"{i},{j}" for i in range(rows)] for j in range(columns)}
    sums |= {"+,+": [f"{i},+" for i in range(rows)], "+,+|": [f"+,{j}" for j in range(columns)]}
    cells = pd.Index([*names, *(name for name in sums if "|" not in name)])
    values = [*table.ravel(), *table.sum(axis=1), *table.sum(axis=0), table.sum()]
    return np.array(values, dtype=float), sums, cells


@QUICK
@given(st.integers(2, 4), st.integers(2, 4), st.data())
def test_no_cell_of_a_table_with_margins_is_told(rows, columns, data):
    drawn = data.draw(st.lists(counts, min_size=rows * columns, max_size=rows * columns))
    values, sums, cells = two_way(np.array(drawn).reshape(rows, columns))
    relations = relations_of(cells, sums)
    small = (values > 0) & (values < MINIMUM)
    hidden = protect(values, small, relations, MINIMUM)
    assert (hidden >= small).all()
    assert not hidden[values == 0].any()
    found = intervals(values, hidden, relations)
    truth = values[found.index]
    assert (found["low"] <= truth + 1e-6).all()
    assert (truth - 1e-6 <= found["high"]).all()
    if (values[~hidden] > 0).any():
        assert (found["high"] - found["low"] >= MINIMUM).all()


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
