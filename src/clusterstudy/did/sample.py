"""Comparisons of units, read in blocks that fit a processor's cache.

Many comparisons on one panel differ only in who is treated and who is a control, so one pass over
the units serves all, and units of one cohort have the same role. Belongs here: who takes part in
which comparison, and the arrays of a block of units, one row for each comparison, covariate or
outcome. Does not belong here: what is
estimated from them (:mod:`.two_by_two`), or which comparisons make an ATT(g, t)
(:mod:`.group_time`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from clusterstudy.did.panel import Panel

CELLS = 2**16  # entries of a block's widest array: half a megabyte
FEWEST = 256  # units of a block: below, calls cost more than arithmetic


class Comparison(NamedTuple):
    """A cohort against the units that are untreated long enough.

    Parameters
    ----------
    cohort
        First treated period.
    group
        Which of the sample's groups the treated belong to.
    after
        Controls are first treated after this period, and not of the cohort.
    first, second
        Indices of periods in which units must be observed; −1 for none.
    """

    cohort: float
    group: int
    after: float
    first: int = -1
    second: int = -1


class Block(NamedTuple):
    """b units of one cohort, in the same role in the same comparisons.

    Parameters
    ----------
    rows
        Where the units are in the panel, shape (b,).
    X
        Constant and standardised covariates, shape (1 + k, b).
    comparisons
        Indices of the a comparisons, shape (a,).
    treated
        Whether the units are treated there, or controls.
    part
        Which of them take part, boolean, shape (a, b); None for all.
    weight
        Sampling weights, shape (b,).
    """

    rows: np.ndarray
    X: np.ndarray
    comparisons: np.ndarray
    treated: bool
    part: np.ndarray | None
    weight: np.ndarray


@dataclass(frozen=True, eq=False)
class Sample:
    """J comparisons that share their units and covariates.

    Parameters
    ----------
    panel
        n units over T periods; its outcome tells who is observed.
    outcomes
        Arrays of shape (n, T), all observed where the panel's is.
    groups
        Treated units by group, boolean, shape (groups, n).
    comparisons
        J comparisons.
    X
        Constant and standardised covariates, shape (1 + k, n), units ordered by cohort.
    """

    panel: Panel
    outcomes: Sequence[np.ndarray]
    groups: np.ndarray
    comparisons: tuple[Comparison, ...]
    X: np.ndarray

    def only(self, chosen: np.ndarray) -> Sample:
        """Return some of the comparisons, by their indices."""
        return replace(self, comparisons=tuple(self.comparisons[j] for j in chosen))

    def blocks(self, width: int = 0, thin: int = 1) -> Iterator[Block]:
        """Yield the units that take part, block by block, all controls before all treated.

        Parameters
        ----------
        width
            Rows of the widest array made of a block, where there are more than comparisons.
        thin
            Take every so many controls, each with the weight of so many.
        """
        size = max(FEWEST, CELLS // max(width, len(self.comparisons)))
        cohort, _, after, *_ = self._columns
        cohorts = self.panel.rows_by_cohort
        start = np.cumsum([0, *(len(rows) for _, rows in cohorts)])
        for treated in (False, True):
            every = 1 if treated else thin
            for (g, rows), first in zip(cohorts, start, strict=False):
                takes = cohort == g if treated else (after < g) & (cohort != g)
                comparisons = np.flatnonzero(takes)
                for at in range(0, len(rows) if len(comparisons) else 0, size * every):
                    chosen = slice(at, at + size * every, every)
                    X = self.X[:, first : first + len(rows)][:, chosen]
                    yield self._block(rows[chosen], X, comparisons, treated, every)

    def levels(self, rows: np.ndarray) -> np.ndarray:
        """Return a block's outcomes, shape (outcomes · T, b); 0 where not observed."""
        levels = np.vstack([outcome[rows].T for outcome in self.outcomes])
        return np.nan_to_num(levels, copy=False) if self._gaps else levels

    def _block(
        self,
        rows: np.ndarray,
        X: np.ndarray,
        comparisons: np.ndarray,
        treated: bool,
        weight: float,
    ) -> Block:
        _, group, _, first, second = self._columns[:, comparisons].astype(int)
        panel = self.panel
        part = self.groups[group[:, None], rows] if treated else None
        if self._gaps:
            known = np.isfinite(X).all(axis=0)
            seen = np.vstack([np.isfinite(panel.outcome[rows].T) & known, known])
            in_both = seen[first] & seen[second]
            part = in_both if part is None else part & in_both
            X = np.nan_to_num(X)
        weights = np.ones(len(rows)) if panel.weights is None else panel.weights[rows]
        return Block(rows, X, comparisons, treated, part, weights * weight)

    @cached_property
    def _columns(self) -> np.ndarray:
        return np.array(self.comparisons, dtype=float).T

    @cached_property
    def _gaps(self) -> bool:
        """Whether some units are in some of the comparisons of their cohort only."""
        *_, first, second = self._columns
        moving = self.panel.covariates is not None and self.panel.covariates.ndim == 3
        return moving or bool(np.any(np.maximum(first, second) >= 0))
