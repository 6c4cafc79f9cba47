"""One cohort against its controls over two periods: Sant'Anna & Zhao (2020).

With D the cohort's indicator, ΔY the outcome's change, p(X) the propensity score and m(X) the
controls' expected change, the ATT is::

    τ = E[ωₜ (ΔY − m(X))] − E[ω_c (ΔY − m(X))],    ωₜ = D / E[D],
                                                   ω_c = (1−D) p/(1−p) / E[(1−D) p/(1−p)].

``dr`` estimates p by logit (maximum likelihood) and m by least squares on the controls: the
traditional doubly robust estimator, their eq. (3.1), with normalised weights; consistent if
either model holds. ``ipw`` sets m = 0, ``or`` drops the second term. Influence functions
include the estimation of p and m (their Theorem 1 and supplementary appendix).

Does not belong here: which cohorts and periods are compared (:mod:`.group_time`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Method = Literal["dr", "ipw", "or"]
SEPARATION = 0.999  # a fitted propensity score this high leaves no comparison (as R's did)
TRIM = 0.995  # controls above are not used (as R's DRDID); the lower tail is never clipped
COLLINEAR = 1e-10  # reciprocal condition number of the standardised Gram matrix
CONVERGED = 1e-10
MAX_ITERATIONS = 50


class NotEstimable(Exception):  # noqa: N818 - a finding about the data, not an error
    """The comparison cannot be made, and why."""


@dataclass(frozen=True, eq=False)
class TwoByTwo:
    """One comparison's ATT.

    Parameters
    ----------
    att
        The estimate.
    influence
        Shape (n,), mean zero, variance of the estimate = variance of the influence over n.
    max_pscore
        Highest propensity score; NaN without a propensity score.
    off_support
        Share of the treated whose propensity score exceeds every control's; NaN without one.
    effective_controls
        Kish's effective number of controls under their weights.
    """

    att: float
    influence: np.ndarray
    max_pscore: float
    off_support: float
    effective_controls: float


def two_by_two(
    change: np.ndarray, treated: np.ndarray, X: np.ndarray, weight: np.ndarray, method: Method
) -> TwoByTwo:
    """Estimate the ATT of one cohort between two periods.

    Parameters
    ----------
    change
        ΔY, shape (n,).
    treated
        D, boolean, shape (n,); the others are controls.
    X
        Constant and covariates, shape (n, 1 + k).
    weight
        Sampling weights, shape (n,).
    method
        ``dr``, ``ipw`` or ``or``.

    Raises
    ------
    NotEstimable
        If there are no treated or no controls, one treated unit, separation, or collinear
        covariates.
    """
    _require(treated)
    n = len(change)
    w = weight / weight.mean()
    residual, least_squares = change, np.zeros_like(X)
    if method != "ipw":
        residual, least_squares = _outcome_regression(change, ~treated, X, w)

    w_treated = w * treated
    eta = w_treated @ residual / w_treated.sum()
    influence = w_treated * (residual - eta)
    influence -= least_squares @ (w_treated @ X / n)
    influence /= w_treated.mean()
    if method == "or":
        return TwoByTwo(eta, influence, np.nan, np.nan, _effective(w[~treated]))

    p, logit_score = _propensity(treated, X, w)
    w_control = np.where(~treated & (p < TRIM), w * p / (1 - p), 0.0)
    eta_control = w_control @ residual / w_control.sum()
    deviation = w_control * (residual - eta_control)
    from_controls = deviation + logit_score @ (deviation @ X / n)
    from_controls -= least_squares @ (w_control @ X / n)
    influence -= from_controls / w_control.mean()
    return TwoByTwo(
        eta - eta_control,
        influence,
        p.max(),
        float(np.mean(p[treated] > p[~treated].max())),
        _effective(w_control),
    )


def _require(treated: np.ndarray) -> None:
    n_treated = int(treated.sum())
    if n_treated == 0:
        raise NotEstimable("no treated unit observed in both periods")
    if n_treated == len(treated):
        raise NotEstimable("no controls")
    if n_treated == 1:
        raise NotEstimable("one treated unit")


def _outcome_regression(
    change: np.ndarray, control: np.ndarray, X: np.ndarray, w: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return ΔY − m(X), shape (n,), and the coefficients' influence function, shape (n, 1 + k)."""
    wX = (w * control)[:, None] * X
    inverse = _inverse(wX.T @ X / len(X))
    coefficients = inverse @ (wX.T @ change / len(X))
    residual = change - X @ coefficients
    return residual, residual[:, None] * wX @ inverse


def _propensity(treated: np.ndarray, X: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return p(X), shape (n,), and the coefficients' influence function, shape (n, 1 + k)."""
    share = w @ treated / w.sum()
    coefficients = np.zeros(X.shape[1])
    coefficients[0] = np.log(share / (1 - share))
    for _ in range(MAX_ITERATIONS):
        p = 1 / (1 + np.exp(-X @ coefficients))
        inverse = _inverse((w * p * (1 - p) * X.T) @ X / len(X))
        step = inverse @ ((w * (treated - p)) @ X / len(X))
        coefficients = coefficients + step
        if np.abs(step).max() < CONVERGED:
            break
        if p.max() >= 1 - 1e-12:
            raise NotEstimable("covariates separate treated from controls")
    else:
        raise NotEstimable("covariates separate treated from controls")
    if p.max() >= SEPARATION:
        raise NotEstimable("covariates separate treated from controls")
    return p, (w * (treated - p))[:, None] * X @ inverse


def _inverse(gram: np.ndarray) -> np.ndarray:
    """Invert a Gram matrix, unless covariates are collinear in the comparison."""
    scale = np.sqrt(np.diag(gram))
    scaled = gram / np.outer(scale, scale) if np.all(scale > 0) else np.zeros_like(gram)
    values = np.linalg.eigvalsh(scaled)
    if values[0] < COLLINEAR * values[-1] or values[-1] == 0:
        raise NotEstimable("collinear covariates")
    return np.linalg.inv(scaled) / np.outer(scale, scale)


def _effective(weight: np.ndarray) -> float:
    return float(weight.sum() ** 2 / (weight @ weight))
