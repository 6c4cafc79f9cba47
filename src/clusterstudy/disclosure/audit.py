"""What the published cells tell about the hidden ones, in tables that share margins.

Belongs here: the interval a reader can compute for each hidden count. Cells are a vector, tables
are linear relations between them: a margin, a total shown in another table and the same cell shown
twice are all one row of a matrix. Does not belong here: what the cells are
(:mod:`clusterstudy.disclosure.outputs`).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array

# A scipy.sparse.csr_array: one row per relation, 1 at its total and −1 at each part.
Relations: TypeAlias = Any


def relations_of(cells: pd.Index, sums: dict[str, list[str]]) -> Relations:
    """Return relations over ``cells``.

    Parameters
    ----------
    sums
        The parts of each total, by their names in ``cells``. A total may have several breakdowns
        under names that differ after a ``|``.
    """
    rows, columns, signs = [], [], []
    for row, (total, parts) in enumerate(sums.items()):
        members = [total.split("|")[0], *parts]
        rows += [row] * len(members)
        columns += list(cells.get_indexer(pd.Index(members)))
        signs += [1.0] + [-1.0] * len(parts)
    return csr_array(coo_array((signs, (rows, columns)), shape=(len(sums), len(cells))))


def intervals(values: np.ndarray, hidden: np.ndarray, relations: Relations) -> pd.DataFrame:
    """Return the least and largest value that each hidden cell can have, given the others.

    For each hidden cell two linear programs over all hidden ones, which are not negative and meet
    every relation (the attacker's problem; Hundepool et al. 2012, section 4.3).

    Parameters
    ----------
    values
        Counts, shape (n,); those of hidden cells are not looked at.
    hidden
        Which are hidden, shape (n,).
    relations
        Shape (m, n).

    Returns
    -------
    One row per hidden cell, by its position: ``low``, ``high`` (infinite where nothing bounds it).

    Raises
    ------
    ValueError
        If the published cells contradict the relations.
    """
    at = np.flatnonzero(hidden)
    published = np.where(hidden, 0.0, values)
    unknown, known = relations[:, at], -(relations @ published)
    touched = np.diff(unknown.tocsr().indptr) > 0
    bounds = []
    for position in range(len(at)):
        goal = np.zeros(len(at))
        goal[position] = 1.0
        low, high = (
            _extreme(sign * goal, unknown[touched], known[touched]) for sign in (1.0, -1.0)
        )
        bounds.append((low, -high))
    return pd.DataFrame(bounds, index=at, columns=["low", "high"])


def _extreme(goal: np.ndarray, matrix: Relations, known: np.ndarray) -> float:
    if not matrix.shape[0]:
        return 0.0 if goal.sum() > 0 else -np.inf
    found = linprog(goal, A_eq=matrix, b_eq=known, bounds=(0, None), method="highs")
    if found.status == 3:  # unbounded
        return -np.inf
    if not found.success:
        raise ValueError(f"the published cells contradict each other: {found.message}")
    return float(found.fun)
