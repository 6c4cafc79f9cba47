"""Tests that count possibilities instead of trusting large numbers.

Where few clusters, or few treated units, carry an estimate, its t statistic need not be normal.
These tests hold a statistic against all values it could have taken had chance fallen otherwise:

- :func:`sign_changes`: a few clusters' own estimates, each as likely above as below the truth.
  Canay, Romano & Shaikh (2017, Econometrica 85): within clusters anything may depend on anything.
  Estimates that move together, as by shared comparison units, are rejected too often.
- :func:`permutation`: treated units, had others of their stratum been treated instead. Exact where
  entry was as good as random within strata (Fisher).

Few possibilities mean that no p-value can be small: the smallest is returned with each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from clusterstudy.errors import NoEstimateError

EXACT = 14  # up to so many clusters all changes of sign are counted
DEALT = 2**22  # places of units in deals made at once
TIES = 1e-10  # statistics closer than this are equal
STEPS = 20  # of a bisection
REACH = 2.0**20  # standard errors beyond which an interval has no end


@dataclass(frozen=True)
class Randomised:
    """A test's finding.

    Parameters
    ----------
    estimate
        What is tested to be zero; NaN for a test without an estimate.
    p_value, smallest
        Two-sided, and the smallest that the test can give.
    low, high
        Values that the test does not reject; infinite where it cannot reject any.
    units
        Number of clusters, or of treated units.
    """

    estimate: float
    p_value: float
    smallest: float
    low: float
    high: float
    units: int


def sign_changes(
    effects: np.ndarray, *, seed: int, level: float = 0.95, draws: int = 9999
) -> Randomised:
    """Test that the mean of a few clusters' effects is zero.

    Parameters
    ----------
    effects
        Estimates from q clusters that are independent of each other, shape (q,).
    seed, draws
        Of the random signs; with up to :data:`EXACT` clusters all 2^q are counted instead.
    level
        Of the interval.

    Raises
    ------
    UserError
        If there are fewer than two clusters.
    """
    q = len(effects)
    if q < 2:
        raise NoEstimateError("expected two clusters, got {n}", where="sign changes", n=q)
    if q <= EXACT:
        signs = 1.0 - 2.0 * (np.arange(2**q)[:, None] >> np.arange(q) & 1)
    else:
        drawn = np.random.default_rng(seed).choice([-1.0, 1.0], (draws, q))
        signs = np.vstack([np.ones(q), drawn])

    def p_value(null: float) -> float:
        # the t statistic of a cluster sample increases with |mean| when only signs change
        changed = np.abs(signs @ (effects - null))
        return float(np.mean(changed >= changed[0] * (1 - TIES)))

    mean = float(effects.mean())
    step = float(effects.std(ddof=1)) / np.sqrt(q)
    smallest = max(2.0 ** (1 - q), 1 / len(signs))
    low, high = not_rejected(p_value, mean, step, level)
    return Randomised(mean, p_value(0.0), smallest, low, high, q)


def permutation(
    change: np.ndarray, cohort: np.ndarray, stratum: np.ndarray, *, seed: int, draws: int = 999
) -> Randomised:
    """Test that treatment changed no unit's outcome, by treating others of the stratum instead.

    Parameters
    ----------
    change
        Shape (n, G): each unit's change from before to after the treatment of each of G cohorts;
        NaN where it is not seen, which drops the unit when dealt that cohort.
    cohort
        Each unit's cohort as a column of ``change``, −1 for the never-treated; shape (n,).
    stratum
        Shape (n,): cohorts are dealt anew among the units of a stratum, never across.
    seed, draws
        Of the permutations. Half a p-value of k draws has a standard error of 0.5/√k at most.

    Returns
    -------
    Without an estimate and an interval: the hypothesis is about every unit.

    Raises
    ------
    UserError
        If fewer than two units are treated, or there is no other unit in any of their strata.
    """
    of_stratum = np.unique(stratum, return_inverse=True)[1]
    score = change.copy()
    for each in score.T:
        seen = np.isfinite(each)
        size, whole = (np.bincount(of_stratum[seen], w) for w in (None, each[seen]))
        each[seen] -= (whole / np.maximum(size, 1))[of_stratum[seen]]
    # treated units first: a deal's are the first of its order; strata without one never change
    by_stratum = np.lexsort((cohort < 0, of_stratum))
    by_stratum = by_stratum[np.isin(of_stratum[by_stratum], of_stratum[cohort >= 0])]
    starts = np.flatnonzero(np.diff(of_stratum[by_stratum], prepend=-1))
    treated = np.flatnonzero(cohort >= 0)
    units = int(np.isfinite(score[treated, cohort[treated]]).sum())
    if units < 2 or not np.nanmax(np.abs(score[by_stratum])):
        raise NoEstimateError(
            "expected two treated units with others in their strata, got {n}",
            where="permutation test",
            n=int(units),
        )
    rng = np.random.default_rng(seed)
    sums = np.zeros((3, 1 + draws))  # of each deal, the first as it was: number, total, squares
    for members in np.split(by_stratum, starts[1:]):
        column = cohort[members[cohort[members] >= 0]]
        for first, order in _deals(len(members), len(column), draws, rng):
            dealt = score[members[order], column[:, None]]
            seen = np.isfinite(dealt)
            dealt[~seen] = 0.0
            sums[:, first : first + order.shape[1]] += [
                each.sum(axis=0) for each in (seen, dealt, dealt**2)
            ]
    number, total, squares = sums
    spread = squares - total**2 / np.maximum(number, 1)
    valid = (number > 1) & (spread > TIES * squares)
    statistic = np.zeros(1 + draws)
    statistic[valid] = (
        np.abs(total[valid]) * np.sqrt((number[valid] - 1) / spread[valid]) / number[valid]
    )
    at_least = int((statistic >= statistic[0] * (1 - TIES)).sum())
    return Randomised(np.nan, at_least / (draws + 1), 1 / (draws + 1), -np.inf, np.inf, units)


def _deals(
    n: int, taken: int, draws: int, rng: np.random.Generator
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield blocks of deals: the first one's number, and who is taken, shape (taken, block).

    Deal 0 takes the first of the n units, all others as many at random, in random order, by as many
    steps of Fisher & Yates.
    """
    yield 0, np.arange(taken)[:, None]
    most = max(1, DEALT // n)
    for first in range(0, draws, most):
        deals = np.arange(min(most, draws - first))
        order = np.repeat(np.arange(n, dtype=np.int32)[:, None], len(deals), axis=1)
        for at in range(taken):
            other = rng.integers(at, n, len(deals))
            order[at], order[other, deals] = order[other, deals], order[at].copy()
        yield 1 + first, order[:taken]


def not_rejected(
    p_value: Callable[[float], float], estimate: float, step: float, level: float
) -> tuple[float, float]:
    """Return the ends of the values that a test does not reject, around the estimate.

    Parameters
    ----------
    p_value
        Of the hypothesis that the truth is its argument; falls away from the estimate.
    step
        A first distance from the estimate to look at, such as its standard error.
    level
        Values with a p-value of at most 1 − level are rejected.
    """
    ends = []
    for side in (-1.0, 1.0):
        inside, outside = 0.0, 1.0
        while p_value(estimate + side * outside * step) > 1 - level and outside < REACH:
            inside, outside = outside, 2 * outside
        if outside >= REACH:
            ends.append(side * np.inf)
            continue
        for _ in range(STEPS):
            middle = (inside + outside) / 2
            accepted = p_value(estimate + side * middle * step) > 1 - level
            inside, outside = (middle, outside) if accepted else (inside, middle)
        ends.append(estimate + side * outside * step)
    return ends[0], ends[1]
