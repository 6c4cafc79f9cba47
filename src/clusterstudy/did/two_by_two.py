"""One cohort against its controls over two periods: Sant'Anna & Zhao (2020).

With D the cohort's indicator, ΔY the outcome's change, p(X) the propensity score and m(X) the
controls' expected change, the ATT is::

    τ = E[ωₜ (ΔY − m(X))] − E[ω_c (ΔY − m(X))],    ωₜ = D / E[D],
                                                   ω_c = (1−D) p/(1−p) / E[(1−D) p/(1−p)].

``dr`` estimates p by logit (maximum likelihood) and m by least squares on the controls: the
traditional doubly robust estimator, their eq. (3.1), with normalised weights; consistent if
either model holds. ``ipw`` sets m = 0, ``or`` drops the second term. Influence functions
include the estimation of p and m (their Theorem 1 and supplementary appendix).

Given the weights, all of it is linear in Y. So each period's level gets a τ = τₜ − τ_c of its own
and a change's is the difference of two: many periods and outcomes share one propensity score. A
unit's term in the error of τ needs few coefficients. With r = Y − X'β, sampling weights w and
a = ωₜ/n, c = ω_c/n it is::

    (a − c + w (1−D) X'λ) r − a τₜ + c τ_c − w (D − p) X'μ,    λ = G⁻¹ (Σ c X − Σ a X),
                                                               μ = H⁻¹ Σ c (r − τ_c) X,

where G is the controls' Σ w X X' and H the logit's information.

Does not belong here: which cohorts and periods are compared (:mod:`.group_time`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal

import numpy as np

from clusterstudy.did.sample import Block, Sample

Method = Literal["dr", "ipw", "or"]
SEPARATION = 0.999  # a fitted propensity score this high leaves no comparison (as R's did)
TRIM = 0.995  # controls above are not used (as R's DRDID); the lower tail is never clipped
SINGULAR = 1e-10  # reciprocal condition number of the standardised Gram matrix
CONVERGED = 1e-6  # Newton's last step; what is left is of the order of its square
MAX_ITERATIONS = 50

COLLINEAR = "collinear covariates"
SEPARATE = "covariates separate treated from controls"


@dataclass(frozen=True, eq=False)
class Comparisons:
    """J comparisons in P levels (periods of outcomes).

    Parameters
    ----------
    sample
        The units compared.
    effect
        τ of each level, shape (J, P).
    max_pscore
        Highest propensity score, shape (J,); NaN without a propensity score.
    off_support
        Share of the treated whose propensity score exceeds every control's, shape (J,).
    effective_controls
        Kish's effective number of controls under their weights, shape (J,).
    logit
        Coefficients of the propensity score, shape (J, 1 + k).
    mass
        Sums of the treated's and of the controls' weights, shape (2, J), by which they are
        normalised.
    by_residual
        λ, shape (J, 1 + k).
    by_unit
        −β, −τₜ, τ_c and −μ below each other, shape (J, 2 (1 + k) + 2, P).
    """

    sample: Sample
    effect: np.ndarray
    max_pscore: np.ndarray
    off_support: np.ndarray
    effective_controls: np.ndarray
    logit: np.ndarray
    mass: np.ndarray
    by_residual: np.ndarray
    by_unit: np.ndarray

    def only(self, chosen: np.ndarray, outcome: int) -> Comparisons:
        """Return some of the comparisons, by their indices, in one of the outcomes."""
        periods = len(self.sample.panel.periods)
        levels = slice(outcome * periods, (outcome + 1) * periods)
        return Comparisons(
            replace(self.sample.only(chosen), outcomes=[self.sample.outcomes[outcome]]),
            self.effect[chosen, levels],
            self.max_pscore[chosen],
            self.off_support[chosen],
            self.effective_controls[chosen],
            self.logit[chosen],
            self.mass[:, chosen],
            self.by_residual[chosen],
            self.by_unit[chosen][..., levels],
        )

    def influence(self, weights: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield blocks of units with their terms, shape (K, b), in the errors of weighted sums.

        Parameters
        ----------
        weights
            Of each τ in each of K sums, shape (J, P, K).
        """
        k = self.logit.shape[1]
        own = self.by_unit @ weights
        part = [np.flatnonzero(each.any(axis=0)) for each in weights]
        of_levels = np.concatenate([weights, own[:, :k]], axis=1).transpose(0, 2, 1)
        of_weights = own[:, k:].transpose(0, 2, 1)
        for block in self.sample.blocks():
            residual, *others, score = self._unit_weights(block)
            levels = np.vstack([self.sample.levels(block.rows), block.X])
            terms = np.zeros((weights.shape[2], levels.shape[1]))
            for j, at in enumerate(part):
                term = of_levels[j, at] @ levels
                term *= residual[j]
                shared = [each[j] for each in others]
                term += of_weights[j, at] @ np.vstack([*shared, score[j] * block.X])
                terms[at] += term
            yield block.rows, terms

    def _unit_weights(self, block: Block) -> tuple[np.ndarray, ...]:
        """Return what multiplies r, τₜ, τ_c and X'μ, each of shape (J, b)."""
        p = _logistic(self.logit, block.X)
        treated = block.treated / self.mass[0, :, None]
        control = _odds(p, block.control) / self.mass[1, :, None]
        residual = (self.by_residual @ block.X) * block.control
        residual += treated
        residual -= control
        p *= block.treated + block.control
        return residual, treated, control, block.treated - p


def compare(sample: Sample, method: Method) -> tuple[np.ndarray, np.ndarray, Comparisons | None]:
    """Estimate every comparison in every level.

    Parameters
    ----------
    sample
        J comparisons.
    method
        ``dr``, ``ipw`` or ``or``.

    Returns
    -------
    Numbers of treated and controls, shape (2, J); why a comparison cannot be made, shape (J,),
    empty where it can: no treated or no controls, one treated unit, separation, or collinear
    covariates; and those that can be made, in their order, if any.
    """
    n, sums = _sums(sample)
    status = np.select(
        [n[0] == 0, n[1] == 0, n[0] == 1],
        ["no treated unit observed in both periods", "no controls", "one treated unit"],
        "",
    ).astype(object)
    if method != "ipw":
        collinear = np.array([_inverse(gram) is None for gram in sums.gram])
        status[(status == "") & collinear] = COLLINEAR
    logit = np.zeros_like(sums.x)
    if method != "or":
        _fit_propensity(sample, sums, logit, status)
    kept = np.flatnonzero(status == "")
    if not len(kept):
        return n, status, None
    sums = _Sums(*(each[kept] for each in vars(sums).values()))
    return n, status, _estimate(sample.only(kept), method, sums, logit[kept])


@dataclass(frozen=True, eq=False)
class _Sums:
    """Weighted sums over a sample's units.

    Parameters
    ----------
    x, y
        The treated's covariates, shape (J, 1 + k), and levels, shape (J, P).
    gram, cross
        The controls' X X', shape (J, 1 + k, 1 + k), and X Y, shape (J, 1 + k, P).
    squares
        The controls' squared weights, shape (J,).
    """

    x: np.ndarray
    y: np.ndarray
    gram: np.ndarray
    cross: np.ndarray
    squares: np.ndarray


def _sums(sample: Sample) -> tuple[np.ndarray, _Sums]:
    """Return numbers of treated and controls, shape (2, J), and sums by sampling weights."""

    def of(block: Block) -> tuple[np.ndarray, ...]:
        levels = sample.levels(block.rows)
        count = [np.count_nonzero(each, axis=1) for each in (block.treated, block.control)]
        treated = (block.treated @ block.X.T, block.treated @ levels.T)
        return *count, *treated, *_of_controls(block.control, block.X, levels)

    total = _total(map(of, sample.blocks()))
    j = len(sample.comparisons)
    n_treated, n_control, *sums = (np.broadcast_to(s, (j, *s.shape[1:])) for s in total)
    return np.stack([n_treated, n_control]), _Sums(*sums)


def _fit_propensity(sample: Sample, sums: _Sums, logit: np.ndarray, status: np.ndarray) -> None:
    """Fill in the logit's coefficients by Newton's method, or say why there are none."""
    active = np.flatnonzero(status == "")
    logit[active, 0] = np.log(sums.x[active, 0] / sums.gram[active, 0, 0])
    for _ in range(MAX_ITERATIONS):
        if not len(active):
            return
        fitted = _fitted(sample.only(active), logit[active])
        again = []
        for j, x, information, highest in zip(active, *fitted, strict=True):
            inverse = _inverse(information)
            if inverse is None:
                status[j] = COLLINEAR
                continue
            step = inverse @ (sums.x[j] - x)
            logit[j] += step
            converged = np.abs(step).max() < CONVERGED
            if highest >= (SEPARATION if converged else 1 - 1e-12):
                status[j] = SEPARATE
            elif not converged:
                again.append(j)
        active = np.array(again, dtype=int)
    status[active] = SEPARATE


def _fitted(sample: Sample, logit: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return Σ w p X, the information Σ w p (1 − p) X X' and the highest p of each comparison."""
    highest = np.zeros(len(logit))

    def of(block: Block) -> tuple[np.ndarray, np.ndarray]:
        w = block.treated + block.control
        p = _logistic(logit, block.X)
        np.maximum(highest, np.max(p * (w > 0), axis=1), out=highest)
        w *= p
        return w @ block.X.T, _gram(w - w * p, block.X)

    mean, information = _total(map(of, sample.blocks()))
    return mean, information, highest


def _estimate(sample: Sample, method: Method, sums: _Sums, logit: np.ndarray) -> Comparisons:
    """Put the propensity score and the outcome regression together (their section 3)."""
    beta, gram_inverse = np.zeros_like(sums.cross), np.zeros_like(sums.gram)
    if method != "ipw":
        gram_inverse = np.linalg.inv(sums.gram)
        beta = gram_inverse @ sums.cross
    treated = sums.x[:, 0]
    mean = sums.x / treated[:, None]
    tau = sums.y / treated[:, None] - _times(mean, beta)
    if method == "or":
        highest, off_support = np.full((2, len(logit)), np.nan)
        effective = sums.gram[:, 0, 0] ** 2 / sums.squares
        control = np.full(len(logit), np.inf)
        mean_control, tau_control, mu = np.zeros_like(mean), np.zeros_like(tau), np.zeros_like(beta)
    else:
        information, highest, off_support, (gram, cross, squares) = _weighted(sample, logit)
        control = gram[:, 0, 0]
        effective = control**2 / squares
        mean_control = gram[:, 0] / control[:, None]
        tau_control = cross[:, 0] / control[:, None] - _times(mean_control, beta)
        mu = (cross - gram @ beta) / control[:, None, None]
        mu -= mean_control[:, :, None] * tau_control[:, None]
        mu = np.linalg.inv(information) @ mu
    return Comparisons(
        sample,
        tau - tau_control,
        highest,
        off_support,
        effective,
        logit,
        np.stack([treated, control]),
        _times(mean_control - mean, gram_inverse),
        np.concatenate([-beta, -tau[:, None], tau_control[:, None], -mu], axis=1),
    )


def _weighted(
    sample: Sample, logit: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """Return the information, the highest p, the share off support and the controls' sums by ω_c.

    The sums are those of :func:`_of_controls`.
    """
    of_treated: list[tuple[np.ndarray, np.ndarray]] = []
    highest = np.zeros(len(logit))

    def of(block: Block) -> tuple[np.ndarray, ...]:
        p = _logistic(logit, block.X)
        j, unit = np.nonzero(block.treated)
        of_treated.append((j, p[j, unit]))
        np.maximum(highest, np.max(p * (block.control > 0), axis=1), out=highest)
        information = _gram((block.treated + block.control) * p * (1 - p), block.X)
        levels = sample.levels(block.rows)
        return information, *_of_controls(_odds(p, block.control), block.X, levels)

    information, *controls = _total(map(of, sample.blocks()))
    j, p = (np.concatenate(each) for each in zip(*of_treated, strict=True))
    off_support = np.bincount(j, p > highest[j]) / np.bincount(j)
    np.maximum.at(highest, j, p)
    return information, highest, off_support, tuple(controls)


def _of_controls(weight: np.ndarray, X: np.ndarray, levels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return a block's Σ c X X', Σ c X Y and Σ c² for weights c of shape (J, b)."""
    wX = (weight[:, None] * X).reshape(-1, X.shape[1])
    cross = (wX @ levels.T).reshape(len(weight), len(X), -1)
    return _gram(weight, X), cross, np.einsum("jb,jb->j", weight, weight)


def _gram(weight: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return Σ w X X' for each row of weights."""
    squares = (X[:, None] * X).reshape(-1, X.shape[1])
    return (weight @ squares.T).reshape(-1, len(X), len(X))


def _logistic(coefficients: np.ndarray, X: np.ndarray) -> np.ndarray:
    p = -coefficients @ X
    with np.errstate(over="ignore"):
        np.exp(p, out=p)
    p += 1
    return np.reciprocal(p, out=p)


def _odds(p: np.ndarray, control: np.ndarray) -> np.ndarray:
    """Return the weights ω_c of controls before they are normalised."""
    with np.errstate(divide="ignore"):
        odds = p / (1 - p)
    odds[p >= TRIM] = 0
    return np.multiply(odds, control, out=odds)


def _times(rows: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Return each row times its matrix."""
    return (rows[:, None] @ matrices)[:, 0]


def _total(parts: Iterable[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    return reduce(lambda total, part: tuple(map(np.add, total, part)), parts)


def _inverse(gram: np.ndarray) -> np.ndarray | None:
    """Invert a Gram matrix; None if covariates are collinear in the comparison."""
    scale = np.sqrt(np.diag(gram))
    if not np.all(scale > 0):
        return None
    scaled = gram / np.outer(scale, scale)
    values = np.linalg.eigvalsh(scaled)
    if values[0] < SINGULAR * values[-1]:
        return None
    return np.linalg.inv(scaled) / np.outer(scale, scale)
