"""What a pre-trend test can see, and what passing it does to the estimate (Roth 2022).

The test is the usual one: it is "passed" when no pre-treatment coefficient is significant by
itself. With pre-treatment coefficients β̂_pre ~ N(δ_pre, Σ_pre) under a violation δ of parallel
trends, its power is one minus a multivariate normal probability of a box, and the coefficients'
means given a pass are moments of a truncated normal (Tallis 1961).

Source: Roth (2022), Pretest with Caution, AER: Insights 4(3). A test that is passed is no
evidence for parallel trends unless its power against relevant violations is known to be high.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from clusterstudy.errors import UserError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ACCURACY = 5e-5  # of each normal probability; ten coefficients then take under a second


@dataclass(frozen=True)
class Pretest:
    """A violation of parallel trends and the pre-test's answer to it.

    Parameters
    ----------
    violation
        δ, one value per event-study coefficient: its mean when the true effect is nil.
    power
        Probability that the test sees the violation.
    bayes_factor
        P(pass | δ) / P(pass | parallel trends): how little a pass says against δ (1: nothing).
    mean_if_passed
        Means of the coefficients given that the test is passed; ``violation`` is their mean
        without the condition. After treatment both are bias.
    """

    violation: Vector
    power: float
    bayes_factor: float
    mean_if_passed: Vector


def detectable_slope(
    covariance: ArrayLike, times: ArrayLike, power: float, level: float = 0.95
) -> float:
    """Return the slope of the linear violation that the test detects with the power given.

    Parameters
    ----------
    covariance
        Σ of the coefficients, (k, k), pre-treatment ones first.
    times
        Event time of each coefficient minus that of the reference period: negative before
        treatment, in the order of ``covariance``.
    power
        For instance 0.5 or 0.8; above the test's size.
    level
        Confidence level of each coefficient's interval: 0.95 tests each at 5 %.

    Raises
    ------
    UserError
        If there is no coefficient before treatment, or the power is below that at slope zero.
    """
    sigma, time = _checked(covariance, times)
    pre = time < 0
    scale = np.min(np.sqrt(np.diag(sigma)[pre]) / -time[pre])
    if not _power(sigma[np.ix_(pre, pre)], np.zeros(pre.sum()), level) < power < 1:
        raise UserError(
            f"expected a power below 1 and above the test's size, got {power}", where="pre-test"
        )

    def shortfall(slope: float) -> float:
        return _power(sigma[np.ix_(pre, pre)], slope * time[pre], level) - power

    return float(optimize.brentq(shortfall, 0, 10 * scale, xtol=1e-6 * scale))


def pretest(
    covariance: ArrayLike, times: ArrayLike, violation: ArrayLike, level: float = 0.95
) -> Pretest:
    """Return the test's power against a violation and the bias when it is passed.

    Parameters
    ----------
    covariance, times, level
        As for :func:`detectable_slope`.
    violation
        δ, (k,), in the outcome's unit: ``slope * times`` for a linear one.

    Raises
    ------
    UserError
        If there is no coefficient before treatment.
    """
    sigma, time = _checked(covariance, times)
    delta = np.asarray(violation, dtype=float)
    pre = time < 0
    sigma_pre = sigma[np.ix_(pre, pre)]
    missed = 1 - _power(sigma_pre, delta[pre], level)
    missed_if_parallel = 1 - _power(sigma_pre, np.zeros(pre.sum()), level)
    shift = _truncated_shift(sigma_pre, delta[pre], _box(sigma_pre, level))
    return Pretest(
        violation=delta,
        power=1 - missed,
        bayes_factor=missed / missed_if_parallel,
        mean_if_passed=delta + sigma[:, pre] @ np.linalg.solve(sigma_pre, shift),
    )


def _checked(covariance: ArrayLike, times: ArrayLike) -> tuple[Matrix, Vector]:
    sigma, time = np.asarray(covariance, dtype=float), np.asarray(times, dtype=float)
    if not np.any(time < 0):
        raise UserError(
            "no coefficient before treatment",
            where="pre-test",
            mend="Use an event study with at least one pre-treatment coefficient",
        )
    return sigma, time


def _box(sigma: Matrix, level: float) -> Vector:
    """Return the half-widths within which every coefficient is insignificant."""
    return stats.norm.ppf(0.5 + level / 2) * np.sqrt(np.diag(sigma))


def _power(sigma: Matrix, delta: Vector, level: float) -> float:
    return 1 - _box_probability(sigma, delta, _box(sigma, level))


def _box_probability(sigma: Matrix, mean: Vector, half: Vector) -> float:
    """Return P(|X| ≤ half) for X ~ N(mean, sigma); 1 in no dimension, the same at each call."""
    if len(mean) == 0:
        return 1.0
    return float(
        stats.multivariate_normal.cdf(
            half,
            mean,
            sigma,
            lower_limit=-half,
            abseps=ACCURACY,
            releps=ACCURACY,
            rng=np.random.default_rng(0),
        )
    )


def _truncated_shift(sigma: Matrix, mean: Vector, half: Vector) -> Vector:
    """Return E[X | |X| ≤ half] − E[X] for X ~ N(mean, sigma) (Tallis 1961)."""
    mass = _box_probability(sigma, mean, half)
    gradient = np.zeros(len(mean))
    for k, variance in enumerate(np.diag(sigma)):
        rest = np.arange(len(mean)) != k
        loading = sigma[rest, k] / variance
        rest_sigma = sigma[np.ix_(rest, rest)] - np.outer(loading, sigma[k, rest])
        for bound, sign in ((-half[k], 1), (half[k], -1)):
            rest_mean = mean[rest] + loading * (bound - mean[k])
            density = stats.norm.pdf(bound, mean[k], np.sqrt(variance))
            gradient[k] += sign * density * _box_probability(rest_sigma, rest_mean, half[rest])
    return sigma @ gradient / mass
