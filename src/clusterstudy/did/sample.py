"""Comparisons of units, read in blocks that fit a processor's cache.

Many comparisons on one panel differ only in who is treated and who is a control, so one pass over
the units serves all. Belongs here: who takes part in which comparison, and the arrays of a block
of units, one row for each comparison, covariate or outcome. Does not belong here: what is
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

CELLS = 2**16  # entries of a block's arrays of comparisons: half a megabyte
FEWEST = 1024  # units of a block: below, calls cost more than arithmetic


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
    """b units, J comparisons; sampling weights are 0 outside a comparison.

    Parameters
    ----------
    rows
        Where the units are in the panel.
    X
        Constant and standardised covariates, shape (1 + k, b).
    treated
        Weights of the treated, shape (J, b).
    control
        Weights of the controls, shape (J, b); (1, b) if all comparisons have the same.
    """

    rows: slice
    X: np.ndarray
    treated: np.ndarray
    control: np.ndarray


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
    design
        Index of the period whose covariates are used.
    """

    panel: Panel
    outcomes: Sequence[np.ndarray]
    groups: np.ndarray
    comparisons: tuple[Comparison, ...]
    design: int

    def only(self, chosen: np.ndarray) -> Sample:
        """Return some of the comparisons, by their indices."""
        return replace(self, comparisons=tuple(self.comparisons[j] for j in chosen))

    def blocks(self) -> Iterator[Block]:
        """Yield all units, block by block."""
        size = max(FEWEST, CELLS // len(self.comparisons))
        for start in range(0, self.panel.n_units, size):
            yield self._block(slice(start, min(start + size, self.panel.n_units)))

    def levels(self, rows: slice) -> np.ndarray:
        """Return a block's outcomes, shape (outcomes · T, b); 0 where not observed."""
        levels = np.vstack([outcome[rows].T for outcome in self.outcomes])
        return levels if self._shared_controls else np.nan_to_num(levels, copy=False)

    def _block(self, rows: slice) -> Block:
        cohort, group, after, first, second = self._columns
        panel, own = self.panel, self.panel.cohort[rows]
        X = np.ascontiguousarray(panel.design(self.design, rows).T)
        treated = (own == cohort[:, None]) & self.groups[group.astype(int), rows]
        if self._shared_controls:
            control = own > after[:1, None]
        else:
            known = np.isfinite(X).all(axis=0)
            seen = np.vstack([np.isfinite(panel.outcome[rows].T) & known, known])
            taking_part = seen[first.astype(int)] & seen[second.astype(int)]
            treated &= taking_part
            control = (own > after[:, None]) & (own != cohort[:, None]) & taking_part
            X = np.nan_to_num(X, copy=False)
        weight = 1.0 if panel.weights is None else panel.weights[rows]
        return Block(rows, X, treated * weight, control * weight)

    @cached_property
    def _columns(self) -> np.ndarray:
        return np.array(self.comparisons).T

    @cached_property
    def _shared_controls(self) -> bool:
        """Whether all comparisons have the same controls, and all data are there."""
        cohort, _, after, first, second = self._columns
        return bool(
            np.all(after == after[0])
            and np.all(cohort <= after)
            and np.all(np.maximum(first, second) < 0)
            and (self.panel.covariates is None or self.panel.covariates.ndim == 2)
        )
