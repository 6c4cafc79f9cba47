"""Comparisons of units, read in blocks that fit a processor's cache.

Many comparisons on one panel differ only in who is treated and who is a control, so one pass over
the units serves all. Units of a kind, which take part in the same comparisons, are read together,
and only in these. Belongs here: who takes part in which comparison, and the arrays of a block of
units, one row for each comparison, covariate or outcome. Does not belong here: what is estimated
from them (:mod:`.two_by_two`), or which comparisons make an ATT(g, t) (:mod:`.group_time`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from clusterstudy.did.panel import Panel

CELLS = 3 * 2**15  # entries of a block's widest array: three quarters of a megabyte
FEWEST = 256  # units of a block: below, calls cost more than arithmetic
SHARE = 4  # a kind that fills this part of a block is read by itself


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
    """b units, all treated or all controls, in the comparisons that any of them takes part in.

    Parameters
    ----------
    rows
        Where the units are in the panel, shape (b,).
    kinds
        Indices of their kinds, shape (b,), or (1,) if they are of one kind.
    X
        Constant and standardised covariates, shape (1 + k, b).
    weight
        Sampling weights, shape (b,).
    treated
        Whether the units are treated, or controls.
    comparisons
        The comparisons' increasing indices, shape (J,).
    part
        Who takes part, boolean, one row for each of D ways to be compared, shape (D, b); None for
        all in one way.
    way
        Which way a comparison is, shape (J,).
    """

    rows: np.ndarray
    kinds: np.ndarray
    X: np.ndarray
    weight: np.ndarray
    treated: bool
    comparisons: np.ndarray
    part: np.ndarray | None
    way: np.ndarray

    @cached_property
    def among(self) -> slice | np.ndarray:
        """The comparisons' indices, as a slice if they follow each other, for that is faster."""
        first, last = self.comparisons[[0, -1]] if len(self.comparisons) else (0, -1)
        if last - first + 1 == len(self.comparisons):
            return slice(first, last + 1)
        return self.comparisons

    @cached_property
    def weighted(self) -> np.ndarray:
        """Covariates times weights, shape (1 + k, b)."""
        return self.weight * self.X

    @cached_property
    def products(self) -> np.ndarray:
        """Products of two covariates times weights, those above the diagonal row by row."""
        k, b = self.X.shape
        products, at = np.empty((k * (k + 1) // 2, b), self.X.dtype), 0
        for i, row in enumerate(self.weighted):
            np.multiply(row, self.X[i:], out=products[at : at + k - i])
            at += k - i
        return products

    def masked(self, values: np.ndarray) -> np.ndarray:
        """Set values, shape (J, b), to 0 in place for units that do not take part."""
        if self.part is not None:
            values *= self.part[self.way]
        return values


@dataclass(frozen=True, eq=False)
class Kinds:
    """Kinds of units: those of a kind take part in the same comparisons.

    Parameters
    ----------
    starts
        Where in the order of units each kind starts and the last one ends, shape (kinds + 1,).
    never
        Number of kinds never treated, which come first.
    cohort
        First treated period, shape (kinds,).
    groups
        Which groups of treated units they belong to, boolean, shape (groups, kinds).
    seen
        In which periods they are observed with covariates, and last, whether with covariates at
        all: boolean, shape (T + 1, kinds). None if all units are in all comparisons.
    """

    starts: np.ndarray
    never: int
    cohort: np.ndarray
    groups: np.ndarray
    seen: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Sample:
    """J comparisons that share their units and covariates.

    Parameters
    ----------
    panel
        n units over T periods; its outcome tells who is observed.
    outcomes
        Arrays of shape (n, T), all observed where the panel's is.
    comparisons
        J comparisons.
    kinds
        Kinds of units: the large before the small, which are read together.
    order
        The units' indices, those of a kind together, shape (n,).
    kind
        Their kinds' indices in that order, shape (n,).
    X
        Constant and standardised covariates in that order, shape (1 + k, n); 0 if unknown.
    weight
        Sampling weights in that order, shape (n,).
    """

    panel: Panel
    outcomes: Sequence[np.ndarray]
    comparisons: tuple[Comparison, ...]
    kinds: Kinds
    order: np.ndarray
    kind: np.ndarray
    X: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(
        cls,
        panel: Panel,
        outcomes: Sequence[np.ndarray],
        groups: np.ndarray,
        comparisons: tuple[Comparison, ...],
        design: int,
    ) -> Sample:
        """Return the sample with the covariates of a period, by its index.

        Groups tell which treated units belong to each, boolean, shape (groups, n).
        """
        X, seen = panel.design(design), None
        known = np.isfinite(X @ np.ones(X.shape[1]))
        if not known.all() or any(max(each.first, each.second) >= 0 for each in comparisons):
            X[~known] = 0
            seen = np.column_stack([np.isfinite(panel.outcome), known])
            seen &= known[:, None]
        order, kinds = _by_kind(panel, groups, seen, _units(len(comparisons)) // SHARE)
        return cls(
            panel,
            outcomes,
            comparisons,
            kinds,
            order,
            np.repeat(np.arange(len(kinds.cohort)), np.diff(kinds.starts)),
            np.ascontiguousarray(X.take(order, axis=0).T),
            np.ones(len(order)) if panel.weights is None else panel.weights[order],
        )

    def only(self, chosen: np.ndarray) -> Sample:
        """Return some of the comparisons, by their indices."""
        if len(chosen) == len(self.comparisons):
            return self
        return replace(self, comparisons=tuple(self.comparisons[j] for j in chosen))

    def blocks(self, width: int = 0, thin: int = 1) -> Iterator[Block]:
        """Yield the units that take part, block by block, all controls before all treated.

        Parameters
        ----------
        width
            Rows of the widest array made of a block, where there are more than comparisons.
        thin
            Take every so many controls, the same for all comparisons, each with the weight of so
            many.
        """
        never, ever = self._kinds
        passes = [(never, False, thin), (ever, False, thin), (ever, True, 1)]
        if not self._later_treated:
            del passes[1]
        for kinds, treated, every in passes:
            for (block,) in self._of(kinds, [treated], width, every):
                if len(block.comparisons):
                    yield block

    def roles(self, width: int) -> Iterator[list[Block]]:
        """Yield the blocks of :meth:`blocks`, those of the same units together.

        Treated units are there even where they take part in no comparison.
        """
        of_ever = [False, True] if self._later_treated else [True]
        for kinds, roles in zip(self._kinds, ([False], of_ever), strict=True):
            for same in self._of(kinds, roles, width, 1):
                blocks = [block for block in same if block.treated or len(block.comparisons)]
                if blocks:
                    yield blocks

    def levels(self, block: Block) -> np.ndarray:
        """Return a block's outcomes, shape (outcomes, T, b); 0 where not observed."""
        levels = np.empty((len(self.outcomes), len(self.panel.periods), len(block.rows)))
        for level, outcome in zip(levels, self.outcomes, strict=True):
            level[:] = outcome.take(block.rows, axis=0).T
        if self.kinds.seen is not None:
            seen = self.kinds.seen[:-1, block.kinds]
            if not seen.all():
                np.copyto(levels, 0, where=~seen)
        return levels

    @property
    def _kinds(self) -> tuple[range, range]:
        """Return the kinds never treated, and the others."""
        return range(self.kinds.never), range(self.kinds.never, len(self.kinds.cohort))

    @property
    def _later_treated(self) -> bool:
        """Whether treated units may be controls."""
        treated = self.kinds.cohort[self.kinds.never :]
        return bool(treated.max(initial=-np.inf) >= self._columns[2].min())

    def _of(
        self, kinds: range, roles: Sequence[bool], width: int, thin: int
    ) -> Iterator[list[Block]]:
        """Yield units of one kind, or of several small ones, as blocks in some roles."""
        most = max(width, len(self.comparisons))
        runs = self._runs(kinds, thin * _units(most) // SHARE)
        alone = np.array([run.start for run in runs if len(run) == 1], dtype=int)
        parts: Iterator[tuple[np.ndarray, ...]] = iter(())
        if len(alone):
            parts = zip(*(self._part(alone, treated).T for treated in roles), strict=True)
        for run in runs:
            start, stop = self.kinds.starts[run.start], self.kinds.starts[run.stop]
            step, alike = thin * _units(most), None
            if len(run) == 1:
                alike = [np.flatnonzero(part) for part in next(parts)]
                step = thin * _units(max(width, *map(len, alike)))
            for first in range(-(-start // thin) * thin, stop, step):
                places = slice(first, min(first + step, stop), thin)
                own = self.kind[places if alike is None else slice(first, first + 1)]
                units = self.order[places], own, self.X[:, places], thin * self.weight[places]
                if alike is None:
                    taking = [self._some(own, treated) for treated in roles]
                else:
                    taking = [(each, None, np.zeros(len(each), dtype=int)) for each in alike]
                yield [
                    Block(*units, treated, *each)
                    for treated, each in zip(roles, taking, strict=True)
                ]

    def _runs(self, kinds: range, least: int) -> list[range]:
        """Return kinds of at least so many units one by one, and those between them together."""
        if len(kinds) < 2:
            return [kinds] if kinds else []
        starts = self.kinds.starts[kinds.start : kinds.stop + 1]
        large = np.greater_equal(np.diff(starts), least)
        edges = kinds.start + 1 + np.flatnonzero(large[1:] | large[:-1])
        return [range(*each) for each in pairwise([kinds.start, *edges, kinds.stop])]

    def _some(
        self, kinds: np.ndarray, treated: bool
    ) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
        """Return comparisons, who takes part and the comparisons' ways, as in :class:`Block`."""
        if kinds[0] < self.kinds.never:
            (first, second), way = self._periods
            part = self._in_both(kinds, first, second)
        else:
            part, way = self._part(kinds, treated), np.arange(len(self.comparisons))
        some = np.logical_or.reduce(part, axis=1)
        comparisons = np.flatnonzero(some[way])
        return comparisons, part[some], (np.cumsum(some) - 1)[way[comparisons]]

    def _part(self, kinds: np.ndarray, treated: bool) -> np.ndarray:
        """Return which kinds take part in the comparisons, boolean, shape (J, kinds)."""
        cohort, group, since, first, second = self._columns
        own = self.kinds.cohort[kinds]
        if treated:
            part = self.kinds.groups[:, kinds].take(group.astype(int), axis=0)
            part &= own == cohort[:, None]
        else:
            part = (own >= since[:, None]) & (own != cohort[:, None])
        if self.kinds.seen is not None:
            part &= self._in_both(kinds, first, second)
        return part

    def _in_both(self, kinds: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return which kinds are observed in two periods, one row for each pair of them."""
        assert self.kinds.seen is not None
        seen = self.kinds.seen[:, kinds]
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
        base = len(self.panel.periods) + 1
        earlier, later = np.sort(self._columns[3:].astype(int) + 1, axis=0)
        pairs, way = np.unique(base * earlier + later, return_inverse=True)
        return np.array(np.divmod(pairs, base)) - 1, way


def _units(rows: int) -> int:
    """Return how many units a block holds whose widest array has so many rows."""
    return max(FEWEST, CELLS // max(rows, 1))


def _by_kind(
    panel: Panel, groups: np.ndarray, seen: np.ndarray | None, least: int
) -> tuple[np.ndarray, Kinds]:
    """Return units by kind, and the kinds; those of fewer than so many units are small."""
    marks = [] if seen is None else _bytes(seen)
    never, ever = np.flatnonzero(np.isinf(panel.cohort)), np.flatnonzero(np.isfinite(panel.cohort))
    cohort = np.searchsorted(panel.cohorts, panel.cohort[ever])
    cohort = cohort.astype(np.min_scalar_type(len(panel.cohorts)))
    never, sizes = _alike(never, [each[never] for each in marks], least)
    own = [*(each[ever] for each in marks), *_bytes(groups[:, ever].T), cohort]
    ever, others = _alike(ever, own, least)
    order, starts = np.append(never, ever), np.cumsum([0, *sizes, *others])
    first = order[starts[:-1]]
    if seen is not None:
        seen = np.ascontiguousarray(seen[first].T)
    return order, Kinds(starts, len(sizes), panel.cohort[first], groups[:, first], seen)


def _alike(
    units: np.ndarray, marks: Sequence[np.ndarray], least: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return units with those of the same marks together, the small kinds last, and their sizes.

    Similar marks are next to each other, the last mark first.
    """
    by, new = np.arange(len(units)), np.arange(len(units)) == 0
    if marks:
        by = np.lexsort(marks)
    for mark in marks:
        ordered = mark[by]
        new[1:] |= ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(new)
    sizes = np.diff(starts, append=len(units))
    kinds = np.argsort(sizes < least, kind="stable")
    sizes = sizes[kinds]
    moved = np.repeat(starts[kinds] - np.cumsum(sizes) + sizes, sizes)
    return units[by[moved + np.arange(len(units))]], sizes


def _bytes(rows: np.ndarray) -> list[np.ndarray]:
    """Return columns of bits, eight to a byte, of boolean rows."""
    n, bits = rows.shape
    padded = np.zeros((n, 8 * -(-bits // 8)), dtype=bool)  # packing along an axis is slow
    padded[:, :bits] = rows
    return list(np.packbits(padded).reshape(n, -1).T)
