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

CELLS = 2**17  # entries of a block's widest array: a megabyte
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
        Which of them take part in which comparison, boolean, shape (J, b); None for all in all.
    """

    rows: np.ndarray
    X: np.ndarray
    weight: np.ndarray
    treated: bool
    part: np.ndarray | None


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
        Constant and standardised covariates, shape (1 + k, n).
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

    @cached_property
    def _units(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the never-treated and the other units, by their indices."""
        ever = np.isfinite(self.panel.cohort)
        return np.flatnonzero(~ever), np.flatnonzero(ever)

    @property
    def _later_treated(self) -> bool:
        """Whether treated units may be controls."""
        last = self.panel.cohort[self._units[1]].max(initial=-np.inf)
        return bool(last > self._columns[2].min())

    def _of(self, units: np.ndarray, treated: bool, width: int, thin: int) -> Iterator[Block]:
        step = thin * max(FEWEST, CELLS // max(width, len(self.comparisons)))
        for start in range(0, len(units), step):
            rows = units[start : start + step : thin]
            X = self.X[:, rows]
            weight = np.ones(len(rows))
            if self.panel.weights is not None:
                weight = self.panel.weights[rows]
            part = self._part(rows, X, treated)
            yield Block(rows, np.nan_to_num(X) if self._gaps else X, thin * weight, treated, part)

    def levels(self, rows: np.ndarray) -> np.ndarray:
        """Return a block's outcomes, shape (b, outcomes, T); 0 where not observed."""
        levels = np.stack([outcome[rows] for outcome in self.outcomes], axis=1)
        return np.nan_to_num(levels, copy=False) if self._gaps else levels

    def _part(self, rows: np.ndarray, X: np.ndarray, treated: bool) -> np.ndarray | None:
        """Return who takes part, as in :class:`Block`."""
        own, part = self.panel.cohort[rows], None
        if treated:
            cohort, group, *_ = self._columns
            part = (own == cohort[:, None]) & self.groups[group.astype(int)[:, None], rows]
        elif np.isfinite(own[0]):
            cohort, _, after, *_ = self._columns[..., None]
            part = (own > after) & (own != cohort)
        if self._gaps:
            first, second = self._columns[3:].astype(int)
            known = np.isfinite(X).all(axis=0)
            seen = np.vstack([np.isfinite(self.panel.outcome[rows].T) & known, known])
            in_both = seen[first] & seen[second]
            part = in_both if part is None else part & in_both
        return part

    @cached_property
    def _columns(self) -> np.ndarray:
        return np.array(self.comparisons, dtype=float).T

    @cached_property
    def _gaps(self) -> bool:
        """Whether units may be missing from some of the comparisons."""
        *_, first, second = self._columns
        moving = self.panel.covariates is not None and self.panel.covariates.ndim == 3
        return moving or bool(np.any(np.maximum(first, second) >= 0))
