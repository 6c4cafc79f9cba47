"""Units' terms in the errors of weighted sums of τ: the influence functions of averages.

In the notation of :mod:`.two_by_two` a unit's term is w times::

    Σ_j [ uⱼ Σ_t vⱼₜ (Y_t − X'βⱼₜ) − sⱼ Σ_t vⱼₜ τⱼₜ + eⱼ X' Σ_t vⱼₜ μⱼₜ ],

with vⱼₜ the weight of comparison j's τ in period t, and u, s and e what the comparison gives the
unit, the same for all outcomes and periods. Belongs here: making these terms for many sums in one
reading of the units. Does not belong here: which sums make an ATT(g, t) or an average
(:mod:`.group_time`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np

from clusterstudy.did.panel import Panel
from clusterstudy.did.sample import Block
from clusterstudy.did.two_by_two import Comparisons


@dataclass(frozen=True, eq=False)
class Sum:
    """K weighted sums of the τ of some comparisons, in each of O outcomes.

    Parameters
    ----------
    comparisons
        Their indices, increasing, shape (J,).
    outcomes
        Their indices, shape (O,).
    weights
        Of each comparison and period, shape (J, T, K).
    """

    comparisons: np.ndarray
    outcomes: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class Part:
    """Cells of one group in one outcome made from comparisons with the same covariates.

    Parameters
    ----------
    among
        The comparisons, also of other groups and outcomes.
    outcome
        The outcome's index.
    comparisons
        The group's, increasing indices, shape (J,).
    cell, j, t, b
        Indices of cells, of the group's comparisons, and of periods and bases, each of the same
        shape.
    """

    among: Comparisons
    outcome: int
    comparisons: np.ndarray
    cell: np.ndarray
    j: np.ndarray
    t: np.ndarray
    b: np.ndarray

    def sum(self, weights: np.ndarray) -> Sum:
        """Turn weighted sums of cells, shape (cells, K), into those of comparisons."""
        periods = len(self.among.sample.panel.periods)
        of_periods = np.zeros((len(self.comparisons), periods, weights.shape[1]))
        np.add.at(of_periods, (self.j, self.t), weights[self.cell])
        np.subtract.at(of_periods, (self.j, self.b), weights[self.cell])
        return Sum(self.comparisons, np.array([self.outcome]), of_periods)


@dataclass(frozen=True, eq=False)
class Influence:
    """The cells' influence function, made on demand from what the comparisons keep.

    Parameters
    ----------
    panel
        n units, m of them independent.
    n_cells
        Number of cells.
    parts
        What cells are made from.
    """

    panel: Panel
    n_cells: int
    parts: list[Part]

    def __matmul__(self, weights: np.ndarray) -> np.ndarray:
        """Return the influence function of weighted sums of cells, shape (m, K)."""
        total = np.zeros((self.panel.n_units, weights.shape[1]))
        for part in self.parts:
            for _, rows, (found,) in terms(part.among, [part.sum(weights)]):
                total[rows] += found.T
        return self.panel.by_cluster(total)

    def squares(self) -> np.ndarray:
        """Return the sum of each cell's squared terms, shape (cells,)."""
        each = np.eye(self.n_cells)
        if self.panel.cluster is not None:
            return np.square(self @ each).sum(axis=0)
        total = np.zeros(self.n_cells)
        for part in self.parts:
            for _, _, (found,) in terms(part.among, [part.sum(each[:, part.cell])]):
                total[part.cell] += np.einsum("kb,kb->k", found, found)
        return total


def terms(
    comparisons: Comparisons, sums: Sequence[Sum]
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield, for each block of units and each of the sums, the units' terms in its error.

    Yields
    ------
    The sum's index, where the b units are in the panel, and their terms, shape (O, K, b).
    """
    used = np.unique(np.concatenate([each.comparisons for each in sums]))
    outcomes = np.unique(np.concatenate([each.outcomes for each in sums]))
    among = comparisons.only(used, outcomes)
    made = [
        _Made(
            among,
            np.searchsorted(used, each.comparisons),
            np.searchsorted(outcomes, each.outcomes),
            each.weights,
        )
        for each in sums
    ]
    width = max(each.width for each in made)
    for blocks in among.sample.roles(width):
        units = [among.unit_weights(block) for block in blocks]
        rows = blocks[0].rows
        levels = among.sample.levels(blocks[0])
        if any(each.together for each in made):
            of_units = np.ascontiguousarray(levels.transpose(2, 0, 1))
        for at, each in enumerate(made):
            given = of_units if each.together else levels
            parts = [each.terms(*both, given) for both in zip(blocks, units, strict=True)]
            yield at, rows, parts[0] if len(parts) == 1 else parts[0] + parts[1]


class _Made:
    """What makes the terms of one :class:`Sum`.

    Parameters
    ----------
    among, comparisons, outcomes, weights
        The comparisons read, and a sum by its indices among them.
    """

    def __init__(
        self,
        among: Comparisons,
        comparisons: np.ndarray,
        outcomes: np.ndarray,
        weights: np.ndarray,
    ) -> None:
        self.comparisons, self.outcomes, self.weights = comparisons, outcomes, weights
        self.n_among = len(among.logit)
        (j, t, n_sums), k = weights.shape, among.logit.shape[1]
        by_unit = among.by_unit[comparisons]
        by_unit = by_unit.reshape(j, by_unit.shape[1], -1, t)[:, :, outcomes]
        own = np.einsum("jqot,jtk->jqok", by_unit, weights, optimize=True)
        self.of_residual, self.of_constant, self.of_score = np.split(own, [k, k + 2], axis=1)
        self.regression = None
        if not np.ptp(by_unit[:, :k], axis=0).any():
            self.regression = by_unit[0, :k]
        self.pairs, into = np.nonzero(weights.any(axis=1))  # comparisons that are in a sum
        self.once = np.array_equal(self.pairs, np.arange(j))
        self.sum_of = np.eye(n_sums)[:, into]
        features = j * (2 * k + 1) + t * n_sums  # made once for all outcomes
        self.together = features < len(outcomes) * len(into)
        self.width = max(t * n_sums, len(outcomes) * n_sums) if self.together else len(into)
        of_pairs = own[self.pairs, :, :, into].transpose(2, 0, 1)
        self.pairs_constant, self.pairs_score = of_pairs[..., k : k + 2], of_pairs[..., k + 2 :]
        of_levels = weights[self.pairs, :, into]
        self.pairs_levels = [of_levels] * len(outcomes)
        if self.regression is None:
            self.pairs_levels = [np.hstack([of_levels, each]) for each in of_pairs[..., :k]]

    def terms(
        self, block: Block, unit: tuple[np.ndarray, np.ndarray, np.ndarray], levels: np.ndarray
    ) -> np.ndarray:
        """Return a block's terms, shape (O, K, b).

        Levels have units in the first of three axes where sums are made together, else in the
        last. Where all comparisons have one regression, its residuals take the levels' place.
        """
        places = np.full(self.n_among, -1)
        places[block.comparisons] = np.arange(len(block.comparisons))
        places = places[self.comparisons]
        there = places >= 0
        if not there.any():
            return np.zeros((len(self.outcomes), self.weights.shape[-1], len(block.rows)))
        some = self if there.all() else self._only(there)
        if len(some.comparisons) < len(block.comparisons):
            residual, share, score = (each[places[there]] for each in unit)
            unit = residual, share, score
        made = (some._together if self.together else some._apart)(block, *unit, levels)
        made *= block.weight
        return made

    def _only(self, chosen: np.ndarray) -> _Made:
        """Return what makes the terms by some of the comparisons, boolean, shape (J,)."""
        some, kept = copy(self), chosen[self.pairs]
        for name in ("comparisons", "weights", "of_residual", "of_constant", "of_score"):
            setattr(some, name, getattr(self, name)[chosen])
        some.pairs = (np.cumsum(chosen) - 1)[self.pairs[kept]]
        some.once = np.array_equal(some.pairs, np.arange(len(some.comparisons)))
        some.sum_of = self.sum_of[:, kept]
        some.pairs_constant = self.pairs_constant[:, kept]
        some.pairs_score = self.pairs_score[:, kept]
        some.pairs_levels = [each[kept] for each in self.pairs_levels]
        return some

    def _together(
        self,
        block: Block,
        residual: np.ndarray,
        share: np.ndarray,
        score: np.ndarray,
        levels: np.ndarray,
    ) -> np.ndarray:
        """Sum over comparisons what multiplies a unit's levels, once for all outcomes."""
        if len(self.outcomes) < levels.shape[1]:
            levels = levels[:, self.outcomes]
        if self.regression is not None:
            levels = levels + np.tensordot(block.X.T, self.regression, axes=1)
        (j, t, k), (b, outcomes, _) = self.weights.shape, levels.shape
        role = 0 if block.treated else 1
        of_levels = (residual.T @ self.weights.reshape(j, -1)).reshape(b, t, k)
        products, coefficients = [score], [self.of_score]
        if self.regression is None:
            products, coefficients = [score, residual], [self.of_score, self.of_residual]
        made = levels @ of_levels
        products = [(each[:, None] * block.X).reshape(-1, b) for each in products]
        coefficients.append(self.of_constant[:, role])
        made += (
            np.vstack([*products, share]).T
            @ np.vstack([each.reshape(-1, outcomes * k) for each in coefficients])
        ).reshape(b, outcomes, k)
        return made.transpose(1, 2, 0)

    def _apart(
        self,
        block: Block,
        residual: np.ndarray,
        share: np.ndarray,
        score: np.ndarray,
        levels: np.ndarray,
    ) -> np.ndarray:
        """Take only the comparisons that are in a sum, outcome by outcome."""
        made = np.empty((len(self.outcomes), len(self.sum_of), len(block.rows)))
        role = 0 if block.treated else 1
        if not self.once:
            residual, score = residual[self.pairs], score[self.pairs]
        for o, level in enumerate(levels[self.outcomes]):
            if self.regression is None:
                level = np.vstack([level, block.X])
            else:
                level = level + self.regression[:, o].T @ block.X
            each = self.pairs_levels[o] @ level
            each *= residual
            more = self.pairs_score[o] @ block.X
            more *= score
            each += more
            if self.once:
                np.multiply(self.pairs_constant[o, :, role, None], share, out=more)
                each += more
            np.matmul(self.sum_of, each, out=made[o])
            if not self.once:
                made[o] += self.of_constant[:, role, o].T @ share
        return made
