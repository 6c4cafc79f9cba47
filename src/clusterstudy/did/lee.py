"""Bounds on the effect on units that stay, when treatment may change who stays.

Lee (2009, Rev. Econ. Stud. 76): where treatment keeps units in that would have left (or drives out
units that would have stayed), those seen are not comparable. If it does so for nobody the other
way (monotonicity), the group that stays more often holds a known share of units more. They may be
its best or its worst: cutting that share from either end bounds the effect on the units that stay
in any case. With the treated staying with probability q₁ and controls with q₀ ≤ q₁, and κ = q₀/q₁::

    upper = E[Y | treated, stays, Y in the upper κ] − E[Y | control, stays],

the lower bound with the lower κ, and the same with the groups exchanged where q₀ > q₁.

Weights make the groups comparable; they are taken as known. Influence functions follow from those
of a tail's mean, c + E[(Y − c)⁺]/κ with c its quantile, and of κ; unweighted their variances are
Lee's Proposition 3.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize
from scipy.stats import norm

from clusterstudy.did.estimates import Estimates
from clusterstudy.errors import UserError

BOUNDS = ("lower", "upper")


def lee_bounds(
    outcome: np.ndarray, treated: np.ndarray, weight: np.ndarray | None = None
) -> Estimates:
    """Return the two bounds, labels ``lower`` and ``upper``.

    Parameters
    ----------
    outcome
        Shape (n,); NaN for units that are not seen any more.
    treated
        Boolean, shape (n,).
    weight
        Shape (n,), not negative; None for equal weights.

    Raises
    ------
    UserError
        If a group has fewer than two units that stay.
    """
    n, stays = len(outcome), np.isfinite(outcome)
    w = np.ones(n) if weight is None else np.asarray(weight, dtype=float)
    if min((stays & treated & (w > 0)).sum(), (stays & ~treated & (w > 0)).sum()) < 2:
        raise UserError("fewer than two units stay in a group", where="outcome")
    share = {group: np.average(stays[of], weights=w[of]) for group, of in _groups(treated)}
    more = share[True] >= share[False]
    cut, whole = treated == more, treated != more
    kept = share[not more] / share[bool(more)]
    of_kept = _mean_influence(stays.astype(float), whole, w) / share[bool(more)]
    of_kept -= kept * _mean_influence(stays.astype(float), cut, w) / share[bool(more)]
    other, of_other = _tail(outcome, whole & stays, w, 1.0, None, upper=True)
    sign = 1.0 if more else -1.0
    found = []
    for upper in (False, True):
        mean, influence = _tail(outcome, cut & stays, w, kept, of_kept, upper=upper == more)
        found.append((sign * (mean - other), sign * (influence - of_other)))
    bounds, influences = zip(*found, strict=True)
    return Estimates.from_influence(pd.Index(BOUNDS), np.array(bounds), np.column_stack(influences))


def imbens_manski(bounds: Estimates, level: float = 0.95) -> tuple[float, float]:
    """Return the interval that holds the effect, not the whole set, with probability ``level``.

    Imbens & Manski (2004, Econometrica 72), eqs (6)-(7). A lower bound above the upper one, as
    sampling error can make it, counts as a set of one point.
    """
    width = max(bounds.estimate[1] - bounds.estimate[0], 0.0)
    relative = width / bounds.se.max() if bounds.se.max() > 0 else np.inf

    def excess(critical: float) -> float:
        return float(norm.cdf(critical + relative) - norm.cdf(-critical) - level)

    critical = optimize.brentq(excess, 0.0, norm.ppf(0.5 + level / 2) + 1e-9)
    low, high = bounds.estimate + critical * bounds.se * np.array([-1.0, 1.0])
    return float(low), float(high)


def _groups(treated: np.ndarray) -> list[tuple[bool, np.ndarray]]:
    return [(True, treated), (False, ~treated)]


def _mean_influence(values: np.ndarray, of: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return what each unit adds to the error of a weighted mean over ``of``, shape (n,)."""
    mass = w * of
    mean = mass @ values / mass.sum()
    return mass * (values - mean) / mass.sum()


def _tail(
    outcome: np.ndarray,
    of: np.ndarray,
    w: np.ndarray,
    kept: float,
    of_kept: np.ndarray | None,
    *,
    upper: bool,
) -> tuple[float, np.ndarray]:
    """Return the mean of the upper or lower share ``kept`` and its influence, shape (n,)."""
    sign = 1.0 if upper else -1.0
    y = np.where(of, sign * np.nan_to_num(outcome), 0.0)
    mass = np.where(of, w, 0.0) / w[of].sum()
    order = np.argsort(-y[of], kind="stable")
    reached = np.cumsum(mass[of][order])
    at = min(int(np.searchsorted(reached, kept * (1 - 1e-12))), len(order) - 1)
    quantile = y[of][order][at]
    beyond = np.where(of, np.maximum(y - quantile, 0.0), 0.0)
    mean = quantile + mass @ beyond / kept
    influence = mass * (quantile + beyond / kept - mean)
    if of_kept is not None:
        influence = influence + (quantile - mean) / kept * of_kept
    return sign * mean, sign * influence
