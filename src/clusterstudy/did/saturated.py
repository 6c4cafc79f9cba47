"""Regressions with a coefficient for every cohort and period.

With unit effects α, period effects λ and covariates x (none, if the panel has none), the index::

    η_it = α_i + λ_t + x_i'γ_t + Σ_(g,t) δ(g, t) 1{unit i is of cohort g, period is t}

is fitted by least squares, E[Y_it] = η_it, or by Poisson quasi-likelihood, E[Y_it] = exp η_it.

The first is the regression of Sun & Abraham (2021), J. Econometrics 225: δ for all periods but the
base g − 1 − anticipation. Averaged by cohort sizes they make the interaction-weighted estimator,
whose covariance includes those sizes. The second is that of Wooldridge (2023), Econometrics
Journal 26: δ from treatment (less anticipation) on. It is the log of a ratio of means, which
outcomes with zeros have; an effect on log(1 + Y) would depend on the unit of Y (Chen & Roth 2024,
QJE 139). Given the others, α_i is that with which unit i's fitted values add up to its outcomes
(Hausman, Hall & Griliches 1984, Econometrica 52), so that Newton's method moves the rest alone.

Assumed: no anticipation beyond ``anticipation`` periods; given x, linearly, the index moves as
that of never-treated units, from the base on (Sun & Abraham) or in all periods (Poisson). Unlike
in :mod:`.group_time`, a unit counts with every period in which it is observed. Errors are clustered
by unit, or by the panel's clusters, times G/(G−1) · (N−1)/(N−columns), columns with one for all
unit effects, which are nested in clusters.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.did import trends
from clusterstudy.did.group_time import GroupTime
from clusterstudy.did.panel import Panel
from clusterstudy.did.status import ABSORBED, NO_BASE, UNOBSERVED_OR_BASE
from clusterstudy.errors import NoEstimateError

CONVERGED = 1e-8  # Newton's last step of an effect; what is left is of the order of its square
MAX_ITERATIONS = 50
MAX_HALVINGS = 30


def sun_abraham(panel: Panel, *, anticipation: int = 0) -> GroupTime:
    """Return the effects by cohort and period in levels, by least squares.

    Raises
    ------
    UserError
        If there are no never-treated units, or no cohort has a base.
    """
    model = _Model(panel, panel.outcome, anticipation, leads=True)
    model.leave_out_collinear(model.weights)
    y = trends.less_means(model.outcome, model.weights)
    products = model.products(model.weights)
    beta = np.linalg.solve(products, model.moments(model.weights * y))
    residual = y - trends.less_means(model.index(beta), model.weights)
    return model.result(beta, products, model.weights, residual)


def poisson(panel: Panel, *, anticipation: int = 0) -> GroupTime:
    """Return the effects by cohort and period as logs of ratios, by Poisson quasi-likelihood.

    A cohort's period in which all values are zero has no ratio and counts as not observed.

    Raises
    ------
    UserError
        As :func:`sun_abraham`, or if an outcome is negative or the likelihood has no maximum.
    """
    if (panel.outcome < 0).any():
        raise NoEstimateError(
            "a ratio of means needs outcomes of zero or more, and {n} are negative",
            where="outcome",
            n=int((panel.outcome < 0).sum()),
        )
    outcome = panel.outcome.copy()
    for g in panel.cohorts:
        of_cohort = panel.cohort == g
        outcome[np.ix_(of_cohort, np.nansum(outcome[of_cohort], axis=0) == 0)] = np.nan
    model = _Model(panel, outcome, anticipation, leads=False)
    mean = model.outcome.sum(axis=1) / np.maximum(np.count_nonzero(model.weights, axis=1), 1)
    model.leave_out_collinear(model.weights * mean[:, None])
    beta = np.zeros(len(model.columns))
    fitted, fit = _poisson(model, beta)
    for _ in range(MAX_ITERATIONS):
        products = model.products(model.weights * fitted)
        score = model.moments(model.weights * (model.outcome - fitted))
        step = np.linalg.solve(products, score)
        for _halving in range(MAX_HALVINGS):
            moved, better = _poisson(model, beta + step)
            if better >= fit:
                break
            step /= 2
        beta, fitted, fit = beta + step, moved, better
        if np.abs(step[: len(model.estimated)]).max(initial=0.0) < CONVERGED:
            weights = model.weights * fitted
            return model.result(beta, model.products(weights), weights, model.outcome - fitted)
    raise NoEstimateError("the likelihood has no maximum that can be found", where="outcome")


def _poisson(model: _Model, beta: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the fitted values, shape (n, T), each unit's of its outcomes' sum, and the fit."""
    seen = model.weights > 0
    index = np.where(seen, model.index(beta), -np.inf)
    index -= index.max(axis=1, initial=np.finfo(float).min, keepdims=True)
    odds = np.exp(index)
    total = np.maximum(odds.sum(axis=1, keepdims=True), 1.0)  # the largest is 1 where any is seen
    log_share = np.where(seen, index, 0.0) - np.log(total)
    fit = float((model.weights * model.outcome * log_share).sum())
    return model.outcome.sum(axis=1, keepdims=True) * odds / total, fit


class _Model:
    """A regression on unit effects, dummies of cohorts and periods, and trends.

    Attributes
    ----------
    cells
        Every cohort and period, or those from treatment on: as in :class:`.GroupTime`.
    outcome, weights
        Of the periods in which any unit is seen, shape (n, T); 0 where not seen.
    columns
        The regressors, as columns of :mod:`.trends`; the estimated cells' come first.
    estimated
        Those cells' rows.
    """

    def __init__(
        self, panel: Panel, outcome: np.ndarray, anticipation: int, *, leads: bool
    ) -> None:
        seen = np.isfinite(outcome) & ~panel.always_treated[:, None]
        cells = _cells(panel, seen, anticipation)
        if not leads:
            cells = cells[cells["event_time"] >= -anticipation].reset_index(drop=True)
        at = np.flatnonzero(seen.any(axis=0))
        self.panel, self.cells = panel, cells
        self.weights = panel.weight()[:, None] * seen[:, at]
        self.outcome = np.where(seen, outcome, 0.0)[:, at]
        cohorts, of_cell = np.unique(cells["cohort"], return_inverse=True)
        design = panel.design(0)
        self.member = panel.cohort[:, None] == cohorts
        self.z = np.hstack([self.member, design])
        wanted = cells["status"].eq("") & cells["period"].ne(cells["base"])
        self.estimated = np.flatnonzero(wanted)
        period = np.searchsorted(panel.periods[at], cells["period"])
        by_period = np.arange(self.z.shape[1] * len(at)).reshape(len(at), -1)
        own = by_period[period[wanted], of_cell[wanted]]
        # trends are relative to the first period
        self.columns = np.r_[own, by_period[1:, len(cohorts) :].ravel()]

    def leave_out_collinear(self, weights: np.ndarray) -> None:
        """Leave out columns that earlier ones explain; a cell among them is told so."""
        scale = trends.moments(self.z**2, weights)[self.columns]
        kept = trends.independent(self.products(weights), scale)
        self.columns = self.columns[kept]
        of_cells = kept[: len(self.estimated)]
        self.cells.loc[self.estimated[~of_cells], "status"] = ABSORBED
        self.estimated = self.estimated[of_cells]

    def products(self, weights: np.ndarray) -> np.ndarray:
        """Return the regressors' sums of products without the units' means, shape (K, K)."""
        return trends.products(self.z, weights)[np.ix_(self.columns, self.columns)]

    def moments(self, values: np.ndarray) -> np.ndarray:
        """Return the sums of values, shape (n, T), times regressors, shape (K,)."""
        return trends.moments(self.z, values)[self.columns]

    def index(self, beta: np.ndarray) -> np.ndarray:
        """Return the regressors times their coefficients, shape (n, T)."""
        return trends.index(self.z, self._spread(beta))

    def result(
        self, beta: np.ndarray, products: np.ndarray, weights: np.ndarray, residual: np.ndarray
    ) -> GroupTime:
        """Return the effects; their errors are Σ scores · products⁻¹.

        Parameters
        ----------
        weights
            Of the last regression, shape (n, T).
        residual
            Without a mean over a unit's observations, shape (n, T).
        """
        panel, cells, effects = self.panel, self.cells, len(self.estimated)
        factor, _ = trends.correction(weights, panel.cluster, len(self.columns) + 1)
        cells["estimate"] = np.where(cells["period"] == cells["base"], 0.0, np.nan)
        cells.loc[self.estimated, "estimate"] = beta[:effects]
        inverse = np.linalg.inv(products)[:, :effects] * np.sqrt(factor)
        by_unit = np.zeros((panel.n_units, len(cells)))
        by_unit[:, self.estimated] = trends.by_unit(
            self.z, self.weights * residual, self._spread(inverse)
        )
        entry = panel.by_cluster(panel.weight()[:, None] * self.member)
        return GroupTime(cells, panel.by_cluster(by_unit), entry, int(panel.always_treated.sum()))

    def _spread(self, values: np.ndarray) -> np.ndarray:
        """Return what belongs to the columns, in the places of all columns of :mod:`.trends`."""
        spread = np.zeros((self.weights.shape[1] * self.z.shape[1], *values.shape[1:]))
        spread[self.columns] = values
        return spread


def _cells(panel: Panel, seen: np.ndarray, anticipation: int) -> pd.DataFrame:
    """Return every cohort and period, its base, and why it can have no estimate."""
    periods, end = panel.periods, panel.periods[-1] + anticipation
    entered = np.unique(panel.cohort[seen.any(axis=1)])
    if not (entered > end).any():
        raise NoEstimateError("there are no never-treated units", where="cohort")
    cohorts, parts = entered[entered <= end], []
    for g in cohorts:
        number, before = (
            seen[panel.cohort == g].sum(axis=0),
            np.flatnonzero(periods < g - anticipation),
        )
        known = (number > 0) & (number[before[-1]] > 0) if len(before) else None
        parts.append(
            pd.DataFrame(
                {
                    "cohort": g,
                    "period": periods,
                    "n_treated": number,
                    "base": periods[before[-1]] if len(before) else np.nan,
                    "event_time": periods - g,
                    "status": NO_BASE if known is None else np.where(known, "", UNOBSERVED_OR_BASE),
                }
            )
        )
    if not parts or all((part["status"] != "").all() for part in parts):
        raise NoEstimateError(
            "no cohort is observed before and after its treatment", where="cohort"
        )
    return pd.concat(parts, ignore_index=True)
