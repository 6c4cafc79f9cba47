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

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from clusterstudy.did.group_time import GroupTime
from clusterstudy.did.long import observations, trends
from clusterstudy.did.panel import Panel
from clusterstudy.errors import UserError

BLOCK = 10_000  # units that are read together


def imputation(panel: Panel, *, anticipation: int = 0) -> GroupTime:
    """Return the effects by cohort and period, from ``anticipation`` periods before treatment on.

    A unit without an untreated observation has no fit and is left out.

    Raises
    ------
    UserError
        If no treated unit is seen untreated, or a period or covariate's trend cannot be fitted.
    """
    rows = observations(panel)
    untreated = (rows["period"] < rows["cohort"] - anticipation).to_numpy()
    fitted = np.isin(rows["unit"], rows["unit"][untreated])
    rows, untreated = rows[fitted], untreated[fitted]
    treated = rows[~untreated]
    if treated.empty:
        raise UserError("no treated unit is observed before and after", where="cohort")
    cells, of_row = _cells(treated)
    unit, w = rows["unit"].to_numpy(), rows["weight"].to_numpy()
    share = np.zeros(len(rows))
    share[~untreated] = w[~untreated] / np.bincount(of_row, w[~untreated])[of_row]
    w = w * untreated
    y = _less_mean(rows[["outcome"]].to_numpy(), unit, untreated)[:, 0]
    cell = np.full(len(rows), -1)
    cell[~untreated] = of_row

    k = rows["at"][rows["at"] > 0].nunique() + panel.n_covariates * (len(panel.periods) - 1)
    gram, moment, means = np.zeros((k, k)), np.zeros(k), np.zeros((len(cells), k))
    for of, X in _regressors(panel, rows, untreated):
        gram += (X.T * w[of]) @ X
        moment += X.T @ (w[of] * y[of])
        own = cell[of] >= 0
        np.add.at(means, cell[of][own], share[of][own, None] * X[own])
    if np.linalg.matrix_rank(gram, hermitian=True) < len(gram):
        raise UserError(
            "a period or a covariate's trend cannot be fitted on untreated observations",
            where="covariates" if panel.covariates is not None else "periods",
            mend="Leave out periods in which all are treated, or collinear covariates",
        )
    inverse = np.linalg.inv(gram)
    coefficients, to_cells = inverse @ moment, inverse @ means.T
    effect = np.empty(len(rows))
    by_unit = np.zeros((panel.n_units, len(cells)))
    for of, X in _regressors(panel, rows, untreated):
        effect[of] = y[of] - X @ coefficients
        units, starts = np.unique(unit[of], return_index=True)
        scores = np.add.reduceat((w[of] * effect[of])[:, None] * X, starts)
        by_unit[units] = -scores @ to_cells
    estimate = np.bincount(of_row, (share * effect)[~untreated])
    deviation = share[~untreated] * (effect[~untreated] - estimate[of_row])
    np.add.at(by_unit, (treated["unit"], of_row), deviation)
    cells["estimate"] = estimate
    member = panel.cohort[:, None] == np.unique(cells["cohort"])
    entry = panel.by_cluster(panel.weight()[:, None] * member)
    return GroupTime(cells, panel.by_cluster(by_unit), entry, int(panel.always_treated.sum()))


def _regressors(
    panel: Panel, rows: pd.DataFrame, untreated: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield a block of units' rows, and their period dummies and trends less the units' means.

    All regressors together are many times the panel.
    """
    unit, periods = rows["unit"].to_numpy(), np.arange(1, len(panel.periods))
    seen = periods[np.isin(periods, rows["at"])]
    starts = np.searchsorted(unit, np.arange(0, panel.n_units + BLOCK, BLOCK))
    for start, end in pairwise(starts):
        if start < end:
            of, own = slice(start, end), rows.iloc[start:end]
            dummies = own["at"].to_numpy()[:, None] == seen
            X = np.hstack([dummies, trends(panel, own).to_numpy()]).astype(float, copy=False)
            yield of, _less_mean(X, unit[of] - unit[start], untreated[of])


def _less_mean(values: np.ndarray, unit: np.ndarray, untreated: np.ndarray) -> np.ndarray:
    """Subtract each unit's mean over its untreated observations."""
    count = np.bincount(unit, untreated)
    sums = [np.bincount(unit, column * untreated) for column in values.T]
    return values - (np.column_stack(sums) / np.maximum(count, 1)[:, None])[unit]


def _cells(treated: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the treated cohorts and periods, and the cell of each treated observation."""
    grouped = treated.groupby(["cohort", "period"])
    cells = grouped.size().rename("n_treated").reset_index()
    cells["event_time"] = cells["period"] - cells["cohort"]
    return cells.assign(status=""), grouped.ngroup().to_numpy()
