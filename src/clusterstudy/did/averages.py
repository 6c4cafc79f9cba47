"""Averages of ATT(g, t) and their errors, of one result or of many in one reading of the units.

Callaway & Sant'Anna (2021), eq. (3.1) and table 1, with the error of cohort sizes. Does not belong
here: which averages there are (:mod:`.group_time`), or a unit's terms (:mod:`.influence`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusterstudy.did.estimates import Estimates
from clusterstudy.did.influence import Influence, Part, Sum, terms
from clusterstudy.did.two_by_two import Comparisons
from clusterstudy.errors import NoEstimateError

if TYPE_CHECKING:
    from clusterstudy.did.group_time import GroupTime

Name = tuple[str, str]  # of an outcome and a group


@dataclass(frozen=True, eq=False)
class Averages:
    """Averages of ATT(g, t).

    Parameters
    ----------
    overall
        One number, label ``overall``.
    effects
        By event time, cohort or period.
    found, missing
        All cells, and which of them the averages should hold and do not, boolean.
    """

    overall: Estimates
    effects: Estimates
    found: pd.DataFrame
    missing: np.ndarray

    @property
    def left_out(self) -> pd.DataFrame:
        """Cells the averages should hold and do not: ``cohort``, ``period``, ``status``."""
        cells = self.found.loc[self.missing, ["cohort", "period", "status"]]
        return cells.reset_index(drop=True)


class Shares:
    """Averages of cells by cohort size × share, before their errors are known.

    With S the shares, P_g the cohort sizes and θ the average, unit i of cohort g adds
    w_i Σ_c∈g S_c (ATT_c − θ) / Σ_c S_c P_g(c) to the error, for cohort sizes are estimated.

    Parameters
    ----------
    of
        Whose cells they are.
    chosen
        The cells the averages should hold, boolean, shape (cells,).
    label
        Of the effects, shape (K,).
    share
        Of cells in effects, and where K + 1 in the overall effect, shape (cells, K or K + 1).
    overall
        Share of each column in the overall effect, up to scale.
    """

    def __init__(
        self,
        of: GroupTime,
        chosen: np.ndarray,
        label: pd.Index,
        share: np.ndarray,
        overall: np.ndarray,
    ) -> None:
        self.of, self.chosen, self.label = of, chosen, label
        share = np.where(of.usable[:, None], share, 0.0)
        if not overall.any() or not share.any(axis=0).all():
            raise NoEstimateError(
                "no effect after treatment can be estimated: {reasons}", reasons=of.reasons()
            )
        self.overall = overall / overall.sum()
        cohorts, of_cell = np.unique(of.found["cohort"], return_inverse=True)
        sizes = np.ones(len(of.entry)) @ of.entry
        mass = share * sizes[of_cell][:, None]
        att = np.where(of.usable, of.found["estimate"], 0.0)
        self.weights = mass / mass.sum(axis=0)
        self.estimate = self.weights.T @ att
        score = share * (att[:, None] - self.estimate) / mass.sum(axis=0)
        self.by_cohort = (of_cell == np.arange(len(cohorts))[:, None]) @ score

    @property
    def part(self) -> Part | None:
        """What all cells are made from, if units are independent and it is one thing."""
        influence = self.of.influence
        if not isinstance(influence, Influence) or influence.panel.cluster is not None:
            return None
        return influence.parts[0] if len(influence.parts) == 1 else None

    def alone(self) -> Averages:
        """Return these averages as :func:`together` does."""
        name = "", ""
        return together({name: self})[name]

    def influence(self) -> np.ndarray:
        """Return the influence function, shape (m, K or K + 1)."""
        influence = self.of.influence @ self.weights
        for weight, of_cohort in zip(self.of.entry.T, self.by_cohort, strict=True):
            rows = np.flatnonzero(weight)
            influence[rows] += weight[rows, None] * of_cohort
        return influence

    def averages(
        self, terms: np.ndarray | Callable[[], np.ndarray], covariance: np.ndarray
    ) -> Averages:
        """Return the averages with their errors."""
        columns = Estimates(pd.RangeIndex(len(covariance)), self.estimate, terms, covariance)
        effects = replace(columns, label=self.label)
        if len(columns.label) > len(self.label):
            effects = columns.combine(np.eye(len(covariance))[: len(self.label)], self.label)
        return Averages(
            columns.combine(self.overall, ["overall"]),
            effects,
            self.of.found,
            self.chosen & ~self.of.usable,
        )


def together(wanted: Mapping[Name, Shares]) -> dict[Name, Averages]:
    """Return averages, those of the same comparisons with errors from the same blocks of units.

    Influence functions are made when they are asked for, except where units are dependent or
    covariates move: there they are the way to the errors.
    """
    batches: dict[int, tuple[Comparisons, dict[Name, Part]]] = {}
    done = {}
    for name, shares in wanted.items():
        part = shares.part
        if part is None:
            influence = shares.influence()
            done[name] = shares.averages(influence, influence.T @ influence)
        else:
            batches.setdefault(id(part.among), (part.among, {}))[1][name] = part
    for among, parts in batches.values():
        covariances = _covariances(among, [(part, wanted[name]) for name, part in parts.items()])
        for name, covariance in zip(parts, covariances, strict=True):
            done[name] = wanted[name].averages(cache(wanted[name].influence), covariance)
    return {name: done[name] for name in wanted}


def _covariances(among: Comparisons, averages: Sequence[tuple[Part, Shares]]) -> list[np.ndarray]:
    """Return the covariances of averages, block by block of units.

    Outcomes whose averages weigh the same comparisons alike are made together.
    """
    same: dict[tuple[bytes, bytes], list[tuple[int, Sum]]] = {}
    for at, (part, shares) in enumerate(averages):
        own = part.sum(shares.weights)
        key = own.comparisons.tobytes(), own.weights.tobytes()
        same.setdefault(key, []).append((at, own))
    batches = list(same.values())
    sums = [
        replace(batch[0][1], outcomes=np.concatenate([own.outcomes for _, own in batch]))
        for batch in batches
    ]
    covariances = [np.zeros((len(shares.estimate),) * 2) for _, shares in averages]
    for which, rows, found in terms(among, sums):
        enter = np.isfinite(among.sample.panel.cohort[rows[0]])
        for (at, _), each in zip(batches[which], found, strict=True):
            if enter:
                shares = averages[at][1]
                each = each + (shares.of.entry[rows] @ shares.by_cohort).T
            covariances[at] += each @ each.T
    return covariances
