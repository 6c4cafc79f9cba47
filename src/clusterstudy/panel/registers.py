"""Columns of a table of firms by year, as arrays of units × years.

A unit may have had several CVR numbers (:mod:`.successions`); what they report for the same year
is added up. The table is read in batches: what stands in memory is the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd


def arrays(
    batches: Iterable[pd.DataFrame], columns: Sequence[str], rows: pd.Series, years: np.ndarray
) -> dict[str, np.ndarray]:
    """Return columns as arrays of shape (n, t).

    Parameters
    ----------
    batches
        Frames with ``cvr``, ``year`` and ``columns``; a column that is not there is missing. Of
        rows with the same CVR number and year in a batch, the first counts.
    columns
        Names of numeric columns.
    rows
        Place of each number's unit, 0 to n − 1, indexed by CVR number. Other numbers are left out.
    years
        Calendar years, shape (t,).

    Returns
    -------
    Array by column; NaN where no number of the unit reports, or one that does leaves it empty.
    """
    shape = (int(rows.max()) + 1 if len(rows) else 0, len(years))
    total = {name: np.zeros(shape[0] * shape[1]) for name in columns}
    known = {name: np.zeros(shape[0] * shape[1], dtype=bool) for name in columns}
    for batch in batches:
        code, numbers = pd.factorize(batch["cvr"])
        at, column = rows.index.get_indexer(numbers), pd.Index(years).get_indexer(batch["year"])
        row = np.where(at >= 0, rows.to_numpy()[at], -1)[code] if len(code) else code
        twice = pd.Index(code * (shape[1] + 1) + column).duplicated()  # column may be -1
        kept = (row >= 0) & (column >= 0) & ~twice
        place = row[kept] * shape[1] + column[kept]
        for name in columns:
            if name in batch:
                np.add.at(total[name], place, batch[name].to_numpy(dtype=float)[kept])
                known[name][place] = True
    for name, values in total.items():
        values[~known[name]] = np.nan
    return {name: values.reshape(shape) for name, values in total.items()}
