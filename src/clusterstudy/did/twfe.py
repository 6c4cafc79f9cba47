"""Two-way fixed effects regression, the plain reference beside :mod:`.group_time`.

The static and the event-study coefficients are averages of effects with weights that can be
negative when effects differ between cohorts (Goodman-Bacon 2021; Sun & Abraham 2021): they are
shown for comparison, never as the estimate. Trends are unconditional: a panel's covariates are
not used.

Effects of units are removed by demeaning, those of periods by dummies; statsmodels fits the rest.
Errors of a panel's regressions are clustered by unit, or by the panel's clusters, times
G/(G−1) · (N−1)/(N−columns), with G − 1 degrees of freedom; unit effects are no columns, as they are
nested in clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusterstudy.did import trends
from clusterstudy.did.estimates import Estimates
from clusterstudy.did.panel import Panel
from clusterstudy.errors import NoEstimateError

if TYPE_CHECKING:
    from statsmodels.regression.linear_model import RegressionResults


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
    fit, unit = _fit(outcome, regressors, np.ones(len(outcome)), label)
    k, exog = len(label), fit.model.exog
    terms = fit.resid[:, None] * (exog @ fit.normalized_cov_params[:, :k])
    influence = np.column_stack([np.bincount(unit, each, len(outcome)) for each in terms.T])
    df = len(unit) - len(np.unique(unit)) - exog.shape[1]
    covariance = fit.normalized_cov_params[:k, :k] * (fit.resid @ fit.resid) / df
    return Estimates(pd.Index(label), fit.params[:k], influence, covariance, df)


def _treated(panel: Panel) -> np.ndarray:
    """Return the cohorts of the treated, but for the always-treated, shape (cohorts,)."""
    return panel.cohorts[np.isfinite(panel.cohorts) & (panel.cohorts > panel.periods[0])]


def _on_panel(panel: Panel, regressors: np.ndarray, label: pd.Index) -> Estimates:
    """Regress a panel's outcome on regressors of cohorts.

    Units of one cohort that are observed in the same periods have the same rows but for the
    outcome, so that least squares on their means are least squares on all.

    Parameters
    ----------
    regressors
        The K regressors of each treated cohort, zero for the never-treated; shape (cohorts, T, K).
    """
    seen = np.isfinite(panel.outcome) & ~panel.always_treated[:, None]
    seen &= (seen.sum(axis=1) > 1)[:, None]
    cohorts = _treated(panel)
    cohort = np.searchsorted(cohorts, panel.cohort)
    cohort[panel.always_treated] = len(cohorts)
    rows = pd.DataFrame(np.column_stack([cohort, np.packbits(seen, axis=1)]))
    alike = rows.groupby(list(rows)).ngroup().to_numpy()
    first = np.unique(alike, return_index=True)[1]
    weight, y = panel.weight(), np.where(seen, panel.outcome, 0.0)
    total = np.bincount(alike, weight)
    means = np.column_stack([np.bincount(alike, weight * each) for each in y.T]) / total[:, None]
    of_cohort = np.concatenate([regressors, np.zeros((1, *regressors.shape[1:]))])
    fit, _ = _fit(np.where(seen[first], means, np.nan), of_cohort[cohort[first]], total, label)

    at, k = np.flatnonzero(seen.any(axis=0)), len(label)
    weights = weight[:, None] * seen[:, at]
    z = np.column_stack([panel.cohort[:, None] == cohorts, np.ones(panel.n_units)])
    made = np.zeros((len(at), z.shape[1], k + len(at) - 1))
    made[:, :-1, :k] = regressors[:, at].transpose(1, 0, 2)
    made[:, -1, k:] = np.eye(len(at))[:, 1:]
    columns = made.reshape(-1, made.shape[2])  # as sums of those of `trends`
    y = trends.less_means(y[:, at], weights)
    residual = y - trends.less_means(trends.index(z, columns @ fit.params), weights)
    inverse = fit.normalized_cov_params[:, :k]
    scores = trends.by_unit(z, weights * residual, columns @ inverse)
    factor, clusters = trends.correction(weights, panel.cluster, len(fit.params))
    influence = panel.by_cluster(scores) * np.sqrt(factor)
    return Estimates.from_influence(label, fit.params[:k], influence, clusters - 1)


def _fit(
    outcome: np.ndarray,
    regressors: np.ndarray,
    weights: np.ndarray,
    label: Sequence[object] | pd.Index,
) -> tuple[RegressionResults, np.ndarray]:
    """Fit the regressors and dummies of the periods but the first, without units' means.

    Parameters
    ----------
    outcome, regressors, label
        As :func:`fixed_effects` takes them.
    weights
        Of units, shape (n,).

    Returns
    -------
    The fit, and each row's unit; units observed once are left out.
    """
    import statsmodels.api as sm

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
    y, X = rows[:, 0], rows[:, 1:]
    if np.linalg.matrix_rank(X.T @ X, hermitian=True) < X.shape[1]:
        raise NoEstimateError(
            "regressors are collinear with each other or with unit and period effects",
            where=", ".join(map(str, label)),
            mend="There may be no never-treated units, or no change of a regressor within units",
        )
    return sm.WLS(y, X, weights=weights[unit], hasconst=False).fit(), unit
