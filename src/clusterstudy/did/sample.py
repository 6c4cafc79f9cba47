"""Comparisons of units, read in blocks that fit a processor's cache.

Many comparisons on one panel differ only in who is treated and who is a control, so one pass over
the units serves all, and never-treated units are controls in all. Belongs here: who takes part in
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

CELLS = 3 * 2**15  # entries of a block's widest array: three quarters of a megabyte
FEWEST = 256  # units of a block: below, calls cost more than arithmetic


class Comparison(NamedTuple):
    """A cohort against the units that are untreated long enough.

    Parameters
    ----------
    cohort
        First treated period.
    group
        Which of the sample's groups the treated belong to.
    since
        Controls are first treated in this period or later, and not of the cohort.
    first, second
        Indices of periods in which units must be observed; −1 for none. A comparison of two is
        about the change between them alone.
    """

    cohort: float
    group: int
    since: float
    first: int = -1
    second: int = -1


@dataclass(frozen=True, eq=False)
class Block:
    """b units, all treated or all controls, in J comparisons.

    Parameters
    ----------
    rows
        Where the units are in the panel, shape (b,).
    X
        Constant and standardised covariates, shape (1 + k, b).
    weight
        Sampling weights, shape (b,).
    treated
        Whether the units are treated, or controls.
    part
        Who takes part, boolean, one row for each of D ways to be compared, shape (D, b); None for
        all in one way.
    way
        Which way a comparison is, shape (J,).
    """

    rows: np.ndarray
    X: np.ndarray
    weight: np.ndarray
    treated: bool
    part: np.ndarray | None
    way: np.ndarray

    @cached_property
    def weighted(self) -> np.ndarray:
        """Covariates times weights, shape (1 + k, b)."""
        return self.weight * self.X

    @cached_property
    def products(self) -> np.ndarray:
        """Products of two covariates times weights, those above the diagonal row by row."""
        return np.concatenate([row * self.X[i:] for i, row in enumerate(self.weighted)])

    def masked(self, values: np.ndarray) -> np.ndarray:
        """Set values, shape (J, b), to 0 in place for units that do not take part."""
        if self.part is not None:
            values *= self.part[self.way]
        return values


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
    order
        The units' indices, the never-treated first, shape (n,).
    X
        Constant and standardised covariates in that order, shape (1 + k, n); 0 if unknown.
    seen
        Who is observed with covariates in each period, and last, with covariates at all: boolean,
        in that order, shape (T + 1, n). None if all units are in all comparisons.
    """

    panel: Panel
    outcomes: Sequence[np.ndarray]
    groups: np.ndarray
    comparisons: tuple[Comparison, ...]
    order: np.ndarray
    X: np.ndarray
    seen: np.ndarray | None

    @classmethod
    def of(
        cls,
        panel: Panel,
        outcomes: Sequence[np.ndarray],
        groups: np.ndarray,
        comparisons: tuple[Comparison, ...],
        design: int,
    ) -> Sample:
        """Return the sample with the covariates of a period, by its index."""
        order = np.argsort(np.isfinite(panel.cohort), kind="stable")
        X = np.ascontiguousarray(panel.design(design)[order].T)
        known, seen = np.isfinite(X).all(axis=0), None
        missing = any(max(each.first, each.second) >= 0 for each in comparisons)
        if missing or not known.all():
            X[:, ~known] = 0
            seen = np.vstack([np.isfinite(panel.outcome)[order].T & known, known])
        return cls(panel, outcomes, groups, comparisons, order, X, seen)

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
        never, ever = self._units
        yield from self._of(never, False, width, thin)
        if self._later_treated:
            yield from self._of(ever, False, width, thin)
        yield from self._of(ever, True, width, 1)

    def roles(self, width: int) -> Iterator[list[Block]]:
        """Yield the blocks of :meth:`blocks`, those of the same units together."""
        never, ever = self._units
        roles = [True, False] if self._later_treated else [True]
        for block in self._of(never, False, width, 1):
            yield [block]
        for same in zip(*(self._of(ever, treated, width, 1) for treated in roles), strict=True):
            yield list(same)

    def levels(self, rows: np.ndarray) -> np.ndarray:
        """Return a block's outcomes, shape (outcomes, T, b); 0 where not observed."""
        levels = np.empty((len(self.outcomes), len(self.panel.periods), len(rows)))
        for level, outcome in zip(levels, self.outcomes, strict=True):
            level[:] = outcome[rows].T
        if self.seen is not None:
            np.copyto(levels, 0, where=~np.isfinite(levels))
        return levels

    @cached_property
    def _units(self) -> tuple[range, range]:
        """Return where the never-treated and the other units are in the order."""
        never = np.count_nonzero(np.isinf(self.panel.cohort))
        return range(never), range(never, len(self.order))

    @property
    def _later_treated(self) -> bool:
        """Whether treated units may be controls."""
        treated = self.panel.cohorts[np.isfinite(self.panel.cohorts)]
        return bool(treated.max(initial=-np.inf) >= self._columns[2].min())

    def _of(self, units: range, treated: bool, width: int, thin: int) -> Iterator[Block]:
        step = thin * max(FEWEST, CELLS // max(width, len(self.comparisons)))
        for start in range(units.start, units.stop, step):
            places = slice(start, min(start + step, units.stop), thin)
            rows, X = self.order[places], self.X[:, places]
            weight = np.ones(len(rows), X.dtype)
            if self.panel.weights is not None:
                weight = self.panel.weights[rows].astype(X.dtype)
            yield Block(rows, X, thin * weight, treated, *self._part(places, rows, treated))

    def _part(
        self, places: slice, rows: np.ndarray, treated: bool
    ) -> tuple[np.ndarray | None, np.ndarray]:
        """Return who takes part and the comparisons' ways, as in :class:`Block`."""
        own = self.panel.cohort[rows]
        if np.isinf(own[0]):
            (first, second), way = self._periods
            return None if self.seen is None else self._in_both(places, first, second), way
        cohort, group, since, first, second = self._columns
        if treated:
            part = self.groups[:, rows].take(group.astype(int), axis=0)
            part &= own == cohort[:, None]
        else:
            part = (own >= since[:, None]) & (own != cohort[:, None])
        if self.seen is not None:
            part &= self._in_both(places, first, second)
        return part, np.arange(len(part))

    def _in_both(self, places: slice, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return who is observed in two periods, boolean, one row for each pair of them."""
        assert self.seen is not None
        seen = self.seen[:, places]
        in_both = seen.take(first.astype(int), axis=0, mode="wrap")
        in_both &= seen.take(second.astype(int), axis=0, mode="wrap")
        return in_both

    @cached_property
    def changes(self) -> np.ndarray | None:
        """Each comparison's earlier and later period, shape (2, J); None unless all have two.

        The later period's level is then the change between them, and other levels are 0: a sum for
        each comparison, not for each comparison and period.
        """
        periods = np.sort(self._columns[3:].astype(int), axis=0)
        return periods if (periods >= 0).all() else None

    @cached_property
    def _columns(self) -> np.ndarray:
        return np.array(self.comparisons, dtype=float).T

    @cached_property
    def _periods(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the distinct pairs of periods, shape (2, D), and which is a comparison's.

        Never-treated units differ between comparisons by these alone.
        """
        pairs, way = np.unique(np.sort(self._columns[3:], axis=0), axis=1, return_inverse=True)
        return pairs, way.ravel()
