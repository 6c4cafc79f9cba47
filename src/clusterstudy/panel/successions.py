"""One unit behind several CVR numbers: changes of number, mergers and splits.

A change of number leaves the unit as it was, and its history is always chained: otherwise the old
number would look like an exit, the new one like a firm without a past, and a participant under its
new number like a firm that never took part. Mergers and splits change the unit, and what to do
with them is a choice (:data:`POLICIES`):

- ``keep``: the firms stay as they are; what a merger or split adds to their figures stays in them.
- ``leave_out``: firms that merge or split within the panel's years are left out. As a merger may
  follow from participation, this conditions on what comes after it.
- ``pool``: all firms joined by mergers or splits are one unit throughout, their figures added up;
  it enters when the first of them does.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset

Mergers = Literal["keep", "leave_out", "pool"]
CHANGES = ("number_change",)
EVENTS = ("merger", "split")
ALONE = pd.Series(dtype="str")  # every number a unit by itself


def units(successions: pd.DataFrame, mergers: Mergers = "keep") -> pd.Series:
    """Return the unit of each CVR number that others belong to one with.

    Parameters
    ----------
    successions
        As the table ``firm_successions``. The order of its rows does not matter.

    Returns
    -------
    Series indexed by CVR number: the unit, named by the smallest of its numbers. Numbers that are
    not in it are units by themselves.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    joined = (*CHANGES, *EVENTS) if mergers == "pool" else CHANGES
    links = successions[successions["kind"].isin(joined)]
    ends = pd.concat([links["cvr"], links["successor"]], ignore_index=True)
    code, numbers = pd.factorize(ends, sort=True)
    old, new = np.split(code, 2)
    graph = coo_array((np.ones(len(old)), (old, new)), shape=(len(numbers), len(numbers)))
    component = connected_components(graph, directed=False)[1] if len(numbers) else code
    unit = pd.Series(numbers, numbers, dtype="str").groupby(component).transform("min")
    return unit.rename_axis("cvr").rename("unit")


def read(data: Dataset) -> pd.DataFrame:
    """Return the table ``firm_successions``, without rows where the data lack it."""
    if data.has("firm_successions"):
        return data.read("firm_successions")
    return pd.DataFrame({"cvr": [], "successor": [], "date": [], "kind": []}, dtype="str")


def unit_of(numbers: pd.Series, unit: pd.Series) -> pd.Series:
    """Return the unit of each CVR number, as :func:`units` names them; on the same index."""
    return numbers.map(unit).fillna(numbers) if len(unit) else numbers


def among(numbers: pd.Series, index: pd.Index) -> pd.Series:
    """Tell which numbers are in an index; ``isin`` would hash the whole index at every call."""
    return pd.Series(index.get_indexer(pd.Index(numbers)) >= 0, numbers.index)


def changed(successions: pd.DataFrame, unit: pd.Series, first_year: int) -> pd.Index:
    """Return the units that merge or split from ``first_year`` on."""
    events = successions[successions["kind"].isin(EVENTS)]
    events = events[pd.to_datetime(events["date"]).dt.year >= first_year]
    either = pd.concat([events["cvr"], events["successor"]], ignore_index=True)
    return pd.Index(unit_of(either, unit).unique())
