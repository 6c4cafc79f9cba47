"""What a design, or an estimate in hand, is able to detect.

Belongs here: the minimum detectable effect (MDE), from a standard error or from a design before
any outcome is seen. Does not belong here: the power of a pre-trend test, which is
:mod:`clusterstudy.did.pretest`.

An MDE is a property of the design, not of the estimate: an interval says what the data are
compatible with, the MDE what the study could have shown.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from clusterstudy.errors import UserError


def mde(
    standard_error: ArrayLike, level: float = 0.95, power: float = 0.8, df: float | None = None
) -> NDArray[np.float64]:
    """Return the smallest true effect that a two-sided test detects with the power wanted.

    Parameters
    ----------
    standard_error
        Any shape, in the outcome's unit.
    level
        Confidence level: 0.95 for a test at 5 %.
    power
        Probability of rejecting when the effect is the MDE.
    df
        Degrees of freedom of a t test; a normal test where it is None.

    Returns
    -------
    array shaped as ``standard_error``, in its unit: ``standard_error`` times
    z(0.5 + level/2) + z(power), or for a t test the exact noncentrality (Bloom 1995).

    Raises
    ------
    UserError
        If level and power are not probabilities, or the power is not above the test's size.
    """
    if not 0 < 1 - level < power < 1:
        raise UserError(
            f"expected 0 < 1 - level < power < 1, got level {level} and power {power}",
            where="minimum detectable effect",
        )
    return np.asarray(standard_error, dtype=float) * _noncentrality(level, power, df)


def design_standard_error(
    sd: float, treated: int, control: int, attrition: float = 0.0, r2: float = 0.0
) -> float:
    """Return the standard error of a difference in mean changes, from the design alone.

    Parameters
    ----------
    sd
        Standard deviation of the outcome's change (for a log outcome, of its log difference).
    treated, control
        Firms in each group at baseline.
    attrition
        Share of either group whose outcome will be missing.
    r2
        Share of the change's variance that the covariates explain.

    Raises
    ------
    UserError
        If a group has no firm, or a share is outside [0, 1).
    """
    if min(treated, control) < 1:
        raise UserError(
            f"expected firms in both groups, got {treated} treated and {control} controls",
            where="design",
        )
    if not (0 <= attrition < 1 and 0 <= r2 < 1):
        raise UserError(
            f"expected shares from 0 to below 1, got attrition {attrition} and r2 {r2}",
            where="design",
        )
    per_firm = 1 / treated + 1 / control
    return float(sd * np.sqrt((1 - r2) * per_firm / (1 - attrition)))


def _noncentrality(level: float, power: float, df: float | None) -> float:
    """Return the effect, in standard errors, at which the two-sided test has the power."""
    if df is None:
        return float(stats.norm.ppf(0.5 + level / 2) + stats.norm.ppf(power))
    critical = stats.t.ppf(0.5 + level / 2, df)

    def shortfall(effect: float) -> float:
        rejected = stats.nct.sf(critical, df, effect) + stats.nct.cdf(-critical, df, effect)
        return float(rejected - power)

    return float(optimize.brentq(shortfall, 0, critical + stats.t.ppf(power, df) + 5))
