"""Imputation: Borusyak, Jaravel & Spiess (2024), Review of Economic Studies 91.

Untreated outcomes are fitted on the untreated observations only, of never-treated units and of
units before treatment::

    Y_it(∞) = α_i + λ_t + x_i'γ_t + ε_it,    effect on a treated observation = Y_it − fitted value,

with covariates x (none, if the panel has none). Effects by cohort and period are averages of
observations' effects; influence functions are those of the paper's variance (its Theorem 3), with
effects varying around the average of their cohort and period.

Assumed: trends parallel given x linearly in all periods, not only from the last one before
treatment on, and no anticipation beyond ``anticipation`` periods. In return every period before
treatment counts, and estimates are the most precise if errors are independent over time. There is
no estimate before treatment: those periods are what is fitted.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.did import trends
from clusterstudy.did.group_time import GroupTime
from clusterstudy.did.panel import Panel
from clusterstudy.errors import NoEstimateError


def imputation(panel: Panel, *, anticipation: int = 0) -> GroupTime:
    """Return the effects by cohort and period, from ``anticipation`` periods before treatment on.

    A unit without an untreated observation has no fit and is left out.

    Raises
    ------
    UserError
        If no treated unit is seen untreated, or a period or covariate's trend cannot be fitted.
    """
    seen = np.isfinite(panel.outcome) & ~panel.always_treated[:, None]
    untreated = seen & (panel.periods < panel.cohort[:, None] - anticipation)
    seen &= untreated.any(axis=1)[:, None]
    at = np.flatnonzero(seen.any(axis=0))
    seen, untreated, outcome = seen[:, at], untreated[:, at], panel.outcome[:, at]
    treated = seen & ~untreated
    if not treated.any():
        raise NoEstimateError("no treated unit is observed before and after", where="cohort")
    z, weight = panel.design(0), panel.weight()[:, None]
    y = trends.less_means(outcome, untreated)
    free = slice(z.shape[1], None)  # trends are relative to the first period
    gram = trends.products(z, weight * untreated)[free, free]
    if np.linalg.matrix_rank(gram, hermitian=True) < len(gram):
        raise NoEstimateError(
            "a period or a covariate's trend cannot be fitted on untreated observations",
            where="covariates" if panel.covariates is not None else "periods",
            mend="Leave out periods in which all are treated, or collinear covariates",
        )
    inverse = np.zeros((len(gram) + free.start,) * 2)
    inverse[free, free] = np.linalg.inv(gram)
    known = np.where(untreated, weight * y, 0.0)
    fitted = trends.index(z, inverse @ trends.moments(z, known))
    effect = y - trends.less_means(fitted, untreated)

    cells, units = _cells(panel.cohort, panel.periods[at], treated)
    regressors = np.empty((len(cells), len(inverse)))
    own = []  # each cell's deviations from its mean, by unit
    cells["estimate"] = 0.0
    for cell, (period, of) in enumerate(units):
        share = weight[of, 0] / weight[of].sum()
        mean = share @ effect[of, period]
        cells.loc[cell, "estimate"] = mean
        own.append(share * (effect[of, period] - mean))
        moved = -share[:, None] * untreated[of] / untreated[of].sum(axis=1)[:, None]
        moved[:, period] += share
        regressors[cell] = trends.moments(z[of], moved)
    residual = np.where(untreated, weight * effect, 0.0)
    by_unit = trends.by_unit(z, residual, -inverse @ regressors.T)
    for cell, (_, of) in enumerate(units):
        by_unit[of, cell] += own[cell]
    member = panel.cohort[:, None] == np.unique(cells["cohort"])
    entry = panel.by_cluster(panel.weight()[:, None] * member)
    return GroupTime(cells, panel.by_cluster(by_unit), entry, int(panel.always_treated.sum()))


def _cells(
    cohort: np.ndarray, periods: np.ndarray, treated: np.ndarray
) -> tuple[pd.DataFrame, list[tuple[int, np.ndarray]]]:
    """Return the treated cohorts and periods, and each one's period and units by their indices."""
    rows, units = [], []
    for g in np.unique(cohort[treated.any(axis=1)]):
        members = np.flatnonzero(cohort == g)
        for period in np.flatnonzero(treated[members].any(axis=0)):
            units.append((int(period), members[treated[members, period]]))
            rows.append((g, periods[period], len(units[-1][1])))
    cells = pd.DataFrame(rows, columns=["cohort", "period", "n_treated"])
    return cells.assign(event_time=cells["period"] - cells["cohort"], status=""), units
