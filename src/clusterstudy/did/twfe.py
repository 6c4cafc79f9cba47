"""Two-way fixed effects regression, the plain reference beside :mod:`.group_time`.

The static and the event-study coefficients are averages of effects with weights that can be
negative when effects differ between cohorts (Goodman-Bacon 2021; Sun & Abraham 2021): they are
shown for comparison, never as the estimate. Trends are unconditional: a panel's covariates are
not used.

Effects of units are removed by demeaning, those of periods by dummies. Errors of a panel's
regressions are clustered by unit, or by the panel's clusters, times G/(G−1) · (N−1)/(N−columns),
with G − 1 degrees of freedom; unit effects are no columns, as they are nested in clusters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clusterstudy.did import trends
from clusterstudy.did.estimates import Estimates
from clusterstudy.did.panel import Panel
from clusterstudy.errors import NoEstimateError


def static(panel: Panel) -> Estimates:
    """Return the coefficient of being treated, label ``treated``, on never-always-treated units."""
    after = panel.periods >= _treated(panel)[:, None]
    return _on_panel(panel, after[:, :, None].astype(float), pd.Index(["treated"]))


def event_study(panel: Panel, reference: float = -1) -> Estimates:
    """Return the coefficients of the event times, labelled by them; ``reference`` is 0.

    Raises
    ------
    UserError
        If there are no never-treated units: event times are then collinear with the effects.
    """
    cohorts = _treated(panel)
    time = panel.periods - cohorts[:, None]
    seen = np.isfinite(panel.outcome)
    known = np.array([seen[panel.cohort == g].any(axis=0) for g in cohorts]).reshape(time.shape)
    label = np.unique(time[known & (time != reference)])
    return _on_panel(panel, (time[:, :, None] == label).astype(float), pd.Index(label))


def fixed_effects(
    outcome: np.ndarray, regressors: np.ndarray, label: Sequence[object] | pd.Index
) -> Estimates:
    """Regress the outcome on regressors, unit effects and period effects, by least squares.

    Parameters
    ----------
    outcome
        Shape (n, T); NaN where not observed.
    regressors
        Shape (n, T, K); rows with a missing value are left out.
    label
        Names of the K regressors.

    Returns
    -------
    Estimates with least squares' conventional covariance, of N − units − columns degrees of
    freedom.

    Raises
    ------
    UserError
        If the regressors are collinear with each other or with the effects, or no unit is
        observed twice.
    """
    seen = np.isfinite(outcome) & np.isfinite(regressors).all(axis=2)
    seen &= (seen.sum(axis=1) > 1)[:, None]
    unit, period = np.nonzero(seen)
    if not len(unit):
        raise NoEstimateError("no unit is observed in two periods", where="outcome")
    dummies = period[:, None] == np.unique(period)[1:]
    rows = np.column_stack([outcome[seen], regressors[seen], dummies])
    count = np.maximum(np.bincount(unit, minlength=len(outcome)), 1)
    sums = [np.bincount(unit, column, minlength=len(outcome)) for column in rows.T]
    rows -= (np.column_stack(sums) / count[:, None])[unit]
    y, X, k = rows[:, 0], rows[:, 1:], len(label)
    _refuse_collinear(X.T @ X, label)
    inverse = np.linalg.inv(X.T @ X)
    beta = inverse @ (X.T @ y)
    residual = y - X @ beta
    terms = residual[:, None] * (X @ inverse[:, :k])
    influence = np.column_stack([np.bincount(unit, each, len(outcome)) for each in terms.T])
    df = len(y) - len(np.unique(unit)) - X.shape[1]
    covariance = inverse[:k, :k] * (residual @ residual) / df
    return Estimates(pd.Index(label), beta[:k], influence, covariance, df)


def _treated(panel: Panel) -> np.ndarray:
    """Return the cohorts of the treated, but for the always-treated, shape (cohorts,)."""
    return panel.cohorts[np.isfinite(panel.cohorts) & (panel.cohorts > panel.periods[0])]


def _on_panel(panel: Panel, regressors: np.ndarray, label: pd.Index) -> Estimates:
    """Regress a panel's outcome on regressors of cohorts, from sums over units (:mod:`.trends`).

    Parameters
    ----------
    regressors
        The K regressors of each treated cohort, zero for the never-treated; shape (cohorts, T, K).
    """
    seen = np.isfinite(panel.outcome) & ~panel.always_treated[:, None]
    seen &= (seen.sum(axis=1) > 1)[:, None]
    if not seen.any():
        raise NoEstimateError("no unit is observed in two periods", where="outcome")
    at, k = np.flatnonzero(seen.any(axis=0)), len(label)
    weights = panel.weight()[:, None] * seen[:, at]
    z = np.column_stack([panel.cohort[:, None] == _treated(panel), np.ones(panel.n_units)])
    made = np.zeros((len(at), z.shape[1], k + len(at) - 1))
    made[:, :-1, :k] = regressors[:, at].transpose(1, 0, 2)
    made[:, -1, k:] = np.eye(len(at))[:, 1:]
    columns = made.reshape(-1, made.shape[2])  # as sums of those of `trends`
    products = columns.T @ trends.products(z, weights) @ columns
    _refuse_collinear(products, label)
    inverse = np.linalg.inv(products)
    y = trends.less_means(np.where(seen, panel.outcome, 0.0)[:, at], weights)
    beta = inverse @ (columns.T @ trends.moments(z, weights * y))
    residual = y - trends.less_means(trends.index(z, columns @ beta), weights)
    scores = trends.by_unit(z, weights * residual, columns @ inverse[:, :k])
    factor, clusters = trends.correction(weights, panel.cluster, len(beta))
    influence = panel.by_cluster(scores) * np.sqrt(factor)
    return Estimates.from_influence(label, beta[:k], influence, clusters - 1)


def _refuse_collinear(products: np.ndarray, label: Sequence[object] | pd.Index) -> None:
    if np.linalg.matrix_rank(products, hermitian=True) < len(products):
        raise NoEstimateError(
            "regressors are collinear with each other or with unit and period effects",
            where=", ".join(map(str, label)),
            mend="There may be no never-treated units, or no change of a regressor within units",
        )
