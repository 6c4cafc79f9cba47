"""How fragile is the estimate to trends that differed already before entry?

That estimates before entry are near zero proves little: what such a test can see is limited, and
passing it makes a bias worse (Roth 2022). Here: the joint test, the linear differences in trend
that the test would find with a stated probability, the bias each would mean, and the estimate when
the trend seen before entry is assumed to go on (linear extrapolation: Rambachan & Roth 2023,
section 2.4.1, with no deviation from linearity), and their robust intervals when trends may differ
after entry by up to M̄ times as much, from year to year, as they did before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterstudy.did.estimates import Estimates
from clusterstudy.did.honest import Sensitivity, relative_magnitudes
from clusterstudy.did.pretest import detectable_slope, pretest
from clusterstudy.errors import UserError

POWERS = (0.5, 0.8)
MAGNITUDES = (0.0, 0.5, 1.0, 1.5, 2.0)  # M̄


@dataclass(frozen=True)
class Pretrends:
    """What estimates before entry say and could say.

    Parameters
    ----------
    coefficients
        Number of estimates before entry that are not the reference.
    p_value
        Of the joint Wald test that all are zero.
    violations
        One row per probability of :data:`POWERS` above the test's size: ``power``, ``slope``
        (difference in trend per year), ``bias`` (of the mean effect over event times) and
        ``bias_if_passed``.
    estimates
        Labels ``as estimated`` and ``trend continued``: mean effect over event times.
    slope
        The linear trend fitted to the estimates before entry, per year.
    bounds
        Robust confidence sets of the mean effect by M̄; None where they cannot be made, as with a
        year missing between.
    """

    coefficients: int
    p_value: float
    violations: pd.DataFrame
    estimates: Estimates
    slope: Estimates
    bounds: Sensitivity | None


def pretrends(effects: Estimates, anticipation: int, level: float) -> Pretrends | None:
    """Judge the estimates before entry; None where there are none beside the reference.

    Parameters
    ----------
    effects
        Effects by event time against one base, the reference with standard error 0.
    anticipation
        Years before entry that count as treated.
    level
        Confidence level of the test of each coefficient.
    """
    from scipy.stats import chi2

    event_time = np.asarray(effects.label, dtype=float)
    free = effects.se > 0
    time = event_time[free] + 1 + anticipation  # years from the reference
    pre, after = time < 0, event_time[free] >= 0
    if not pre.any() or not after.any():
        return None
    used = effects.combine(np.eye(len(free))[free], effects.label[free])
    before = used.covariance[np.ix_(pre, pre)]
    wald = used.estimate[pre] @ np.linalg.solve(before, used.estimate[pre])
    order = np.argsort(~pre, kind="stable")
    sigma, times = used.covariance[np.ix_(order, order)], time[order]
    mean_after = (after / after.sum())[order]
    rows = []
    for power in POWERS:
        try:
            slope = detectable_slope(sigma, times, power, level)
        except UserError:  # with many estimates the test's size alone is above the power
            continue
        answer = pretest(sigma, times, slope * times, level)
        rows.append(
            {
                "power": power,
                "slope": slope,
                "bias": mean_after @ answer.violation,
                "bias_if_passed": mean_after @ answer.mean_if_passed,
            }
        )
    precision = np.linalg.solve(before, time[pre])
    fitted = np.zeros(len(time))
    fitted[pre] = precision / (time[pre] @ precision)  # generalised least squares through 0
    mean = after / after.sum()
    continued = mean - (mean @ time) * fitted
    return Pretrends(
        coefficients=int(pre.sum()),
        p_value=float(chi2.sf(wald, pre.sum())),
        violations=pd.DataFrame(rows),
        estimates=used.combine(np.vstack([mean, continued]), ["as estimated", "trend continued"]),
        slope=used.combine(fitted, ["slope"]),
        bounds=_bounds(used.estimate[order], sigma, times, mean_after[times > 0], level),
    )


def _bounds(
    estimate: np.ndarray, sigma: np.ndarray, times: np.ndarray, weights: np.ndarray, level: float
) -> Sensitivity | None:
    try:
        return relative_magnitudes(estimate, sigma, times, weights, MAGNITUDES, level)
    except UserError:
        return None
