"""How wrong may parallel trends be before a conclusion falls? (Rambachan & Roth 2023).

Event-study coefficients β̂ ~ N(δ + τ, Σ) hold the effects τ (nil before treatment) and the
difference in trends δ, with δ₀ = 0 in the reference period. Parallel trends say δ = 0. Here δ is
only known to lie in a set, and a robust confidence set for θ = l'τ_post covers θ with the
probability stated whatever δ in that set is the true one. The sets of section 2.4.1::

    Δ^RM(M̄) = {δ : |δ_{t+1} − δ_t| ≤ M̄ max_{s<0} |δ_{s+1} − δ_s| for all t ≥ 0},
    Δ^SD(M) = {δ : |(δ_{t+1} − δ_t) − (δ_t − δ_{t−1})| ≤ M for all t}.

:func:`relative_magnitudes` inverts the conditional least-favourable hybrid test (C-LF, section 3;
Andrews, Roth & Pakes 2023); :func:`smoothness` gives the optimal fixed-length confidence interval
(FLCI, section 4; Armstrong & Kolesár 2018). Both assume that the coefficients are normal with a
known covariance, all against one reference period, and that no period is left out.

Does not belong here: whether a pre-trend test could see δ (:mod:`.pretest`).

Source: Rambachan & Roth (2023), A More Credible Approach to Parallel Trends, Review of Economic
Studies 90(5).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from clusterstudy.errors import UserError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

WHERE = "sensitivity to parallel trends"
FIRST_STAGE = 0.1  # share of the test's size spent on its least-favourable stage, as in the paper
GRID = 400  # points among which a set's end is sought, again and again between two of them
REFINEMENTS = 4
ANGLES = 1024  # of the integral that gives the least-favourable critical value
LARGEST = 1e12  # times a guess: beyond, a breakdown value counts as infinite
PRECISION = 1e-6  # of a breakdown value, relative
TINY = 1e-9  # differences between numbers without unit that count as none


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Robust confidence sets, and how much violation the conclusion "not zero" survives.

    Parameters
    ----------
    sets
        ``low`` and ``high`` by ``bound`` (M̄ or M), in the outcome's unit.
    breakdown
        The bound at which zero enters the set; 0 where it is there without any violation, ``inf``
        where no bound lets it in.
    """

    sets: pd.DataFrame
    breakdown: float


def relative_magnitudes(
    estimate: ArrayLike,
    covariance: ArrayLike,
    times: ArrayLike,
    weights: ArrayLike,
    bounds: Sequence[float] = (0.5, 1.0, 1.5, 2.0),
    level: float = 0.95,
) -> Sensitivity:
    """Return C-LF confidence sets under Δ^RM(M̄): after treatment at most M̄ times as bad as before.

    Δ^RM(M̄) is the union, over s < 0 and both signs of v'δ = ±(δ_{s+1} − δ_s), of the polyhedra
    ±(δ_{t+1} − δ_t) ≤ M̄ v'δ, t ≥ 0 (footnote 9); θ is in the set if one of them does not reject
    it (Lemma 2.2). Only these inequalities are tested, not those between periods before treatment.
    A set with gaps is given by its two ends.

    Parameters
    ----------
    estimate
        β̂, (k,), pre-treatment coefficients first, without the reference period.
    covariance
        Σ, (k, k).
    times
        Event time of each coefficient minus that of the reference period: -P, …, -1, 1, …, T.
    weights
        l, (T,): one for each coefficient after the reference; equal ones for the mean effect.
    bounds
        M̄, not negative.
    level
        Confidence level.

    Raises
    ------
    UserError
        If shapes disagree, a period is missing, there is no coefficient before or after the
        reference, the covariance is singular, the weights are all zero, a bound is negative or
        the level is not a probability.
    """
    beta, sigma, l_post = _checked(estimate, covariance, times, weights, bounds, level)
    pre = len(beta) - len(l_post)
    jumps = np.hstack([_differences(pre)[:, :pre], np.zeros((pre, len(l_post)))])
    jumps = np.vstack([jumps, -jumps])
    effect = l_post @ beta[pre:]

    def union(bound: float) -> list[_Test]:
        return [_Test.of(sigma, l_post, bound * jump, level) for jump in jumps]

    def accepts(tests: list[_Test], theta: Vector) -> NDArray[np.bool_]:
        return np.any([test.accepts(beta, theta) for test in tests], axis=0)

    def confidence_set(bound: float) -> tuple[float, float]:
        tests = union(bound)
        low, high = np.transpose([test.rejects_outside(beta) for test in tests])
        slack = bound * np.abs(_on_jumps(l_post)).sum() * np.max(jumps @ beta)
        find = partial(_end, partial(accepts, tests))
        return find(effect - slack, low.min()), find(effect + slack, high.max())

    def holds_zero(bound: float) -> bool:
        return bool(accepts(union(bound), np.zeros(1))[0])

    return Sensitivity(_sets(bounds, confidence_set), _breakdown(holds_zero, 1.0))


def smoothness(
    estimate: ArrayLike,
    covariance: ArrayLike,
    times: ArrayLike,
    weights: ArrayLike,
    bounds: Sequence[float],
    level: float = 0.95,
) -> Sensitivity:
    """Return FLCIs under Δ^SD(M): the slope of δ changes by at most M from period to period.

    The interval is v'β̂ ± χ with v_post = l and the v_pre that makes χ smallest::

        χ = σ_v cv(b_v / σ_v),   b_v = max over δ in Δ^SD(M) of |v'δ|,   σ_v² = v'Σv,

    where cv(t) is the ``level`` quantile of |N(t, 1)|. M = 0 extrapolates linearly, by generalised
    least squares on a linear trend and one effect for each period after the reference.

    Parameters
    ----------
    bounds
        M, in the outcome's unit per period, not negative.
    estimate, covariance, times, weights, level
        As for :func:`relative_magnitudes`.

    Raises
    ------
    UserError
        As for :func:`relative_magnitudes`.
    """
    beta, sigma, l_post = _checked(estimate, covariance, times, weights, bounds, level)

    def confidence_set(bound: float) -> tuple[float, float]:
        v, half = _affine(sigma, l_post, bound, level)
        return float(v @ beta - half), float(v @ beta + half)

    def holds_zero(bound: float) -> bool:
        low, high = confidence_set(bound)
        return low <= 0 <= high

    scale = float(np.sqrt(np.diag(sigma)).max())
    return Sensitivity(_sets(bounds, confidence_set), _breakdown(holds_zero, scale))


@dataclass(frozen=True, eq=False)
class _Test:
    """Of l'τ = θ̄ under ±(δ_{t+1} − δ_t) ≤ M̄ v'δ for t ≥ 0: one polyhedron of Δ^RM(M̄).

    The statistic η̂ is the smallest η for which some τ with l'τ = θ̄ violates no inequality by
    more than η of its standard deviations (eq. 14): the largest of ``form β̂ − shift θ̄`` over the
    vertices of the dual. There are T + 2 of them: two bound θ, one from each side, and for each t
    the two inequalities' sum says −2 M̄ v'δ ≤ 0.
    """

    form: Matrix
    shift: Vector
    covariance: Matrix
    critical: float
    size: float

    @classmethod
    def of(cls, sigma: Matrix, l_post: Vector, cap: Vector, level: float) -> _Test:
        """Return the test for M̄ v = ``cap``, (k,)."""
        post = len(l_post)
        pre = len(sigma) - post
        jumps = np.hstack([np.zeros((post, pre)), _differences(post)[:, 1:]])
        rise, fall = _sd(jumps - cap, sigma), _sd(-jumps - cap, sigma)
        on_jumps = _on_jumps(l_post)
        up, down = np.maximum(on_jumps, 0), np.maximum(-on_jumps, 0)
        above, below = up @ rise + down @ fall, up @ fall + down @ rise
        theta, slack = np.append(np.zeros(pre), l_post), np.abs(on_jumps).sum() * cap
        form = np.vstack(
            [(theta - slack) / above, (-theta - slack) / below, -2 * cap / (rise + fall)[:, None]]
        )
        covariance = form @ sigma @ form.T
        first = FIRST_STAGE * (1 - level)
        return cls(
            form=form,
            shift=np.append([1 / above, -1 / below], np.zeros(post)),
            covariance=covariance,
            critical=_least_favourable(covariance, first),
            size=(1 - level - first) / (1 - first),
        )

    def accepts(self, beta: Vector, theta: Vector) -> NDArray[np.bool_]:
        """Say for each θ̄ whether the hybrid test accepts it.

        The first stage rejects an η̂ above its least-favourable critical value. The second is
        conditional on the vertex that attains η̂ and on what is independent of its statistic:
        this is then normal, truncated to where the vertex attains the maximum and the first stage
        does not reject.
        """
        statistics = self.form @ beta - np.outer(theta, self.shift)
        eta, vertex = statistics.max(axis=1), statistics.argmax(axis=1)
        variance = np.diag(self.covariance)
        variance = np.where(variance > 0, variance, 1.0)  # M̄ = 0: a statistic that is always 0
        slope = (self.covariance / variance)[:, vertex].T
        other = np.abs(slope - 1) > TINY  # not the same statistic
        meets = (statistics - slope * eta[:, None]) / np.where(other, 1 - slope, 1.0)
        low = np.max(meets, axis=1, where=other & (slope < 1), initial=-np.inf)
        high = np.min(meets, axis=1, where=other & (slope > 1), initial=self.critical)
        tails = -np.vstack([eta, low, high]) / np.sqrt(variance[vertex])
        log_eta, log_low, log_high = special.log_ndtr(tails)
        with np.errstate(invalid="ignore"):  # 0/0 where the truncation leaves a single point
            beyond = np.exp(log_high - log_low)
            p_value = (np.exp(log_eta - log_low) - beyond) / (1 - beyond)
        return (eta <= 0) | (eta <= self.critical) & ~(p_value < self.size)

    def rejects_outside(self, beta: Vector) -> Vector:
        """Return the two θ̄ beyond which the first stage rejects."""
        return (self.form[:2] @ beta - self.critical) / self.shift[:2]


def _least_favourable(covariance: Matrix, size: float) -> float:
    """Return the c that the largest of jointly normal variables of mean 0 exceeds with ``size``.

    Their covariance has rank 2 (θ̂ and v'β̂ make all of them): they are R aₖ'(cos φ, sin φ) with
    a uniform angle φ and R² ~ χ²(2), so that P(max > c) = E exp(−c² / 2m²), where m is the
    largest aₖ'(cos φ, sin φ), or 0 where all are negative.
    """
    values, vectors = np.linalg.eigh(covariance)
    loading = vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 0))
    angle = 2 * np.pi * np.arange(ANGLES) / ANGLES
    farthest = np.max(loading @ np.vstack([np.cos(angle), np.sin(angle)]), axis=0)
    farthest = np.maximum(farthest, TINY)

    def excess(c: float) -> float:
        return float(np.mean(np.exp(-0.5 * (c / farthest) ** 2))) - size

    return float(optimize.brentq(excess, 0, 2 * farthest.max() * np.sqrt(-np.log(size))))


def _affine(sigma: Matrix, l_post: Vector, bound: float, level: float) -> tuple[Vector, float]:
    """Return v and χ of the shortest fixed-length interval v'β̂ ± χ.

    The bias is bounded only if v'δ = 0 for every linear δ. So v extrapolates the last difference
    before the reference and adds u times the second differences before it, and the worst bias is
    M (‖u‖₁ + what bends from the reference on can do). χ is convex in u; it is smallest where u
    solves the lasso min ½σ_v² + λ‖u‖₁ with λ = M σ_v cv' / (cv − t cv'), cv' = tanh(t cv).
    """
    post = len(l_post)
    pre = len(sigma) - post
    time = np.arange(1, post + 1)
    bends = np.hstack([np.diff(_differences(pre), axis=0)[:, :pre], np.zeros((pre - 1, post))])
    start = np.concatenate([np.zeros(pre - 1), [l_post @ time], l_post])
    after = np.abs(np.maximum(time - np.arange(post)[:, None], 0) @ l_post).sum()
    pull = bends @ sigma @ start
    largest = np.abs(pull).max(initial=0.0)
    inverse = np.linalg.inv(np.linalg.cholesky(bends @ sigma @ bends.T))

    def lasso(penalty: float) -> Vector:
        """Return u; by the dual, its signs (or what lies between) solve bounded least squares."""
        if penalty >= largest:
            return np.zeros(pre - 1)
        sign = optimize.lsq_linear(penalty * inverse, -inverse @ pull, (-1, 1), method="bvls").x
        return -inverse.T @ inverse @ (pull + penalty * sign)

    def interval(penalty: float) -> tuple[Vector, float, float, float]:
        """Return v, σ_v, the ratio of bias to σ_v, and cv of it."""
        u = lasso(penalty)
        v = start + u @ bends
        sd = float(np.sqrt(v @ sigma @ v))
        ratio = float(bound * (after + np.abs(u).sum()) / sd)
        return v, sd, ratio, _folded_normal_quantile(ratio, level)

    def first_order(penalty: float) -> float:
        _, sd, ratio, critical = interval(penalty)
        slope = float(np.tanh(critical * ratio))  # of cv
        return penalty * (critical - ratio * slope) - bound * sd * slope

    penalty = largest if first_order(largest) <= 0 else optimize.brentq(first_order, 0, largest)
    v, sd, _, critical = interval(penalty)
    return v, sd * critical


def _folded_normal_quantile(mean: float, level: float) -> float:
    """Return the quantile of |N(mean, 1)| for a mean that is not negative."""

    def shortfall(c: float) -> float:
        return float(special.ndtr(c - mean) - special.ndtr(-c - mean)) - level

    return float(optimize.brentq(shortfall, mean, mean + stats.norm.ppf(0.5 + level / 2) + 1))


def _end(accepts: Callable[[Vector], NDArray[np.bool_]], accepted: float, rejected: float) -> float:
    """Return the outermost value accepted between one that is and one beyond which none is."""
    for _ in range(REFINEMENTS):
        grid = np.linspace(accepted, rejected, GRID)
        last = int(np.flatnonzero(accepts(grid)).max(initial=0))
        accepted, rejected = grid[last], grid[min(last + 1, GRID - 1)]
    return float(accepted)


def _sets(
    bounds: Sequence[float], confidence_set: Callable[[float], tuple[float, float]]
) -> pd.DataFrame:
    index = pd.Index(bounds, name="bound", dtype=float)
    return pd.DataFrame([confidence_set(bound) for bound in bounds], index, ["low", "high"])


def _breakdown(holds_zero: Callable[[float], bool], guess: float) -> float:
    """Return the bound at which zero enters the set, by doubling a guess and then bisection."""
    if holds_zero(0.0):
        return 0.0
    without, holding = 0.0, guess
    while not holds_zero(holding):
        without, holding = holding, 2 * holding
        if holding > LARGEST * guess:
            return np.inf
    while holding - without > PRECISION * holding:
        middle = (without + holding) / 2
        if holds_zero(middle):
            holding = middle
        else:
            without = middle
    return holding


def _checked(
    estimate: ArrayLike,
    covariance: ArrayLike,
    times: ArrayLike,
    weights: ArrayLike,
    bounds: Sequence[float],
    level: float,
) -> tuple[Vector, Matrix, Vector]:
    """Return β̂, Σ and l as arrays."""
    beta, sigma, time, l_post = (
        np.asarray(each, dtype=float) for each in (estimate, covariance, times, weights)
    )
    k, post = len(beta), int(np.sum(time > 0))
    if not 0 < post < k:
        raise UserError(
            "expected a coefficient before and one after the reference period",
            where=WHERE,
            mend="Use an event study with at least one other pre-treatment coefficient",
        )
    consecutive = np.delete(np.arange(post - k, post + 1), k - post)
    if not np.array_equal(time, consecutive):
        raise UserError(
            f"expected the event times {consecutive.tolist()}, got {time.tolist()}",
            where=WHERE,
            mend="Give one coefficient for each period, without the reference period",
        )
    if l_post.shape != (post,) or not l_post.any():
        raise UserError(f"expected {post} weights that are not all zero", where=WHERE)
    if not np.isfinite(beta).all() or sigma.shape != (k, k) or not _positive_definite(sigma):
        raise UserError(
            f"expected {k} numbers and their positive definite covariance",
            where=WHERE,
            mend="Leave the reference period out, and use more units than coefficients",
        )
    if not 0 < level < 1 or min(bounds, default=0) < 0:
        raise UserError(
            "expected a level between 0 and 1 and bounds that are not negative", where=WHERE
        )
    return beta, sigma, l_post


def _positive_definite(sigma: Matrix) -> bool:
    values = np.linalg.eigvalsh(sigma)
    return bool(values[0] > TINY**2 * values[-1])


def _differences(n: int) -> Matrix:
    """Return the n first differences of n + 1 values as a matrix, (n, n + 1)."""
    return np.diff(np.eye(n + 1), axis=0)


def _on_jumps(l_post: Vector) -> Vector:
    """Return h with l'δ_post = Σ hₜ (δ_{t+1} − δ_t), t ≥ 0."""
    return np.cumsum(l_post[::-1])[::-1]


def _sd(form: Matrix, sigma: Matrix) -> Vector:
    return np.sqrt(np.einsum("ij,jk,ik->i", form, sigma, form))
