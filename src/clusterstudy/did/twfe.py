"""Two-way fixed effects regression, the plain reference beside :mod:`.group_time`.

The static and the event-study coefficients are averages of effects with weights that can be
negative when effects differ between cohorts (Goodman-Bacon 2021; Sun & Abraham 2021): they are
shown for comparison, never as the estimate. Trends are unconditional: a panel's covariates are
not used.

The units' effects are removed by demeaning, the periods' by dummies; statsmodels fits the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from clusterstudy.did.estimates import Estimates
from clusterstudy.did.panel import Panel
from clusterstudy.errors import NoEstimateError
from clusterstudy.memory import refuse_too_large

Covariance = Literal["cluster", "conventional"]
COPIES = 6  # of the regression's rows that stand in memory at the most, as measured


def static(panel: Panel) -> Estimates:
    """Return the coefficient of being treated, label ``treated``, on never-always-treated units.

    Standard errors are clustered by unit, or by the panel's clusters.
    """
    after = panel.periods >= panel.cohort[:, None]
    return _on_panel(panel, after[:, :, None].astype(float), pd.Index(["treated"]))


def event_study(panel: Panel, reference: float = -1) -> Estimates:
    """Return the coefficients of the event times, labelled by them; ``reference`` is 0.

    Raises
    ------
    UserError
        If there are no never-treated units: event times are then collinear with the effects.
    """
    time = panel.periods - panel.cohort[:, None]
    seen = time[np.isfinite(panel.outcome) & ~panel.always_treated[:, None]]
    label = np.unique(seen[np.isfinite(seen) & (seen != reference)])
    return _on_panel(panel, (time[:, :, None] == label).astype(float), pd.Index(label))


def fixed_effects(
    outcome: np.ndarray,
    regressors: np.ndarray,
    label: Sequence[object] | pd.Index,
    *,
    weights: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
    covariance: Covariance = "cluster",
) -> Estimates:
    """Regress the outcome on regressors, unit effects and period effects.

    Parameters
    ----------
    outcome
        Shape (n, T); NaN where not observed.
    regressors
        Shape (n, T, K); rows with a missing value are left out.
    label
        Names of the K regressors.
    weights
        Shape (n,); None for equal weights.
    cluster
        Shape (n,); None for clustering by unit.
    covariance
        ``cluster``, with the correction G/(G−1) · (N−1)/(N−columns) and G − 1 degrees of freedom,
        unit effects not counted as they are nested in clusters; or ``conventional``, that of
        least squares with N − units − columns degrees of freedom.

    Raises
    ------
    UserError
        If the regressors are collinear with each other or with the effects, no unit is observed
        twice, or the machine's memory cannot hold the rows.
    """
    import statsmodels.api as sm

    rows, width = int(np.isfinite(outcome).sum()), regressors.shape[2] + outcome.shape[1]
    refuse_too_large(8 * COPIES * rows * width, rows, width)
    y, X, unit = within(outcome, regressors)
    columns = X.shape[1]
    if np.linalg.matrix_rank(X.T @ X, hermitian=True) < columns:
        raise NoEstimateError(
            "regressors are collinear with each other or with unit and period effects",
            where=", ".join(map(str, label)),
            mend="There may be no never-treated units, or no change of a regressor within units",
        )
    w = np.ones(len(y)) if weights is None else weights[unit]
    model = sm.WLS(y, X, weights=w, hasconst=False)
    k = regressors.shape[2]
    group = (
        np.arange(len(outcome)) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    )
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": group[unit]})
    scores = np.zeros((group.max() + 1, columns))
    np.add.at(scores, group[unit], (w * fit.resid)[:, None] * X)
    influence = scores @ fit.normalized_cov_params[:, :k]
    g = len(np.unique(group[unit]))
    influence *= np.sqrt(g / (g - 1) * (len(y) - 1) / (len(y) - columns))
    if covariance == "cluster":
        return Estimates(
            pd.Index(label), fit.params[:k], influence, fit.cov_params()[:k, :k], g - 1
        )
    df = len(y) - len(np.unique(unit)) - columns
    plain = fit.normalized_cov_params[:k, :k] * (w @ fit.resid**2) / df
    return Estimates(pd.Index(label), fit.params[:k], influence, plain, df)


def within(
    outcome: np.ndarray, regressors: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a regression's rows without their units' means.

    Parameters
    ----------
    outcome, regressors
        Shape (n, T) and (n, T, K), as :func:`fixed_effects` takes them.

    Returns
    -------
    The outcome, shape (N,); the regressors and dummies of the periods but the first, shape
    (N, K + periods − 1); and each row's unit. Units observed once are left out.

    Raises
    ------
    UserError
        If no unit is observed twice.
    """
    seen = np.isfinite(outcome) & np.isfinite(regressors).all(axis=2)
    seen &= (seen.sum(axis=1) > 1)[:, None]
    unit, period = np.nonzero(seen)
    if not len(unit):
        raise NoEstimateError("no unit is observed in two periods", where="outcome")
    periods = np.unique(period)
    dummies = (period[:, None] == periods[1:]).astype(float)
    X = demeaned(np.hstack([regressors[seen], dummies]), unit, len(outcome))
    return demeaned(outcome[seen][:, None], unit, len(outcome))[:, 0], X, unit


def demeaned(values: np.ndarray, unit: np.ndarray, n: int) -> np.ndarray:
    """Return rows less the mean of their unit's.

    Parameters
    ----------
    values
        Shape (N, K).
    unit
        Each row's unit, of ``n``; shape (N,).
    """
    count = np.maximum(np.bincount(unit, minlength=n), 1)
    means = [np.bincount(unit, column, minlength=n) / count for column in values.T]
    return values - np.column_stack(means)[unit]


def _on_panel(panel: Panel, regressors: np.ndarray, label: pd.Index) -> Estimates:
    outcome = np.where(panel.always_treated[:, None], np.nan, panel.outcome)
    return fixed_effects(outcome, regressors, label, weights=panel.weights, cluster=panel.cluster)
