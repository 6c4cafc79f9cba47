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

Does not belong here: a unit's terms (:mod:`.influence`), or which cohorts and periods are compared
(:mod:`.group_time`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from clusterstudy.did.sample import Block, Sample

Method = Literal["dr", "ipw", "or"]
SEPARATION = 0.999  # a fitted propensity score this high leaves no comparison (as R's did)
TRIM = 0.995  # controls above are not used (as R's DRDID); the lower tail is never clipped
SINGULAR = 1e-10  # reciprocal condition number of the standardised Gram matrix
CONVERGED = 1e-6  # Newton's last step; what is left is of the order of its square
CLOSE = 1e-3  # the same for a start
MAX_ITERATIONS = 50
MANY, THIN = 2**16, 16  # units from which on every so many controls give Newton's start

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

    def only(self, chosen: np.ndarray, outcomes: np.ndarray) -> Comparisons:
        """Return some of the comparisons in some of the outcomes, by their indices."""
        periods = np.arange(len(self.sample.panel.periods))
        levels = (outcomes[:, None] * len(periods) + periods).ravel()
        return Comparisons(
            replace(
                self.sample.only(chosen), outcomes=[self.sample.outcomes[at] for at in outcomes]
            ),
            self.effect[np.ix_(chosen, levels)],
            self.max_pscore[chosen],
            self.off_support[chosen],
            self.effective_controls[chosen],
            self.logit[chosen],
            self.mass[:, chosen],
            self.by_residual[chosen],
            self.by_unit[chosen][..., levels],
        )

    def unit_weights(self, block: Block) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what multiplies r, τₜ or τ_c, and X'μ, each of shape (J, b), but for w."""
        p = _propensity(self.logit, block)
        if block.treated:
            share = _taking_part(block) / self.mass[0, :, None]
            return share, share, _taking_part(block) - p
        share = _odds(p) / self.mass[1, :, None]
        residual = self.by_residual @ block.X
        if block.part is not None:
            residual *= block.part
        residual -= share
        return residual, share, np.negative(p, out=p)


class Compared(NamedTuple):
    """What one method makes of J comparisons.

    Parameters
    ----------
    status
        Why a comparison cannot be made, shape (J,), empty where it can: no treated or no controls,
        one treated unit, separation, or collinear covariates.
    among
        Those that can be made, in their order, if any.
    """

    status: np.ndarray
    among: Comparisons | None


def compare(sample: Sample, methods: Sequence[Method]) -> tuple[np.ndarray, dict[Method, Compared]]:
    """Estimate every comparison in every level, by methods that share what they have in common.

    Parameters
    ----------
    sample
        J comparisons.
    methods
        Of ``dr``, ``ipw`` and ``or``.

    Returns
    -------
    Numbers of treated and controls, shape (2, J), and what each method makes of them.
    """
    n, sums = _sums(sample)
    few = np.select(
        [n[0] == 0, n[1] == 0, n[0] == 1],
        ["no treated unit observed in both periods", "no controls", "one treated unit"],
        "",
    ).astype(object)
    regressed = few.copy()
    if set(methods) != {"ipw"}:
        collinear = np.isnan(_inverse(sums.gram)).any(axis=(1, 2))
        regressed[(few == "") & collinear] = COLLINEAR
    weighted = few.copy() if "ipw" in methods else regressed.copy()
    fitted, by_odds = np.arange(0), None
    if set(methods) != {"or"}:
        logit = _propensities(sample, sums, weighted)
        fitted = np.flatnonzero(weighted == "")
        by_odds = _weighted(sample.only(fitted), logit[fitted])
    status: dict[Method, np.ndarray] = {
        "dr": np.where(regressed == "", weighted, regressed),
        "ipw": weighted,
        "or": regressed,
    }
    made = {}
    for method in methods:
        kept, among = np.flatnonzero(status[method] == ""), None
        if len(kept):
            odds = None
            if method != "or" and by_odds is not None:
                odds = by_odds.only(np.searchsorted(fitted, kept))
            among = _estimate(sample.only(kept), method, sums.only(kept), odds)
        made[method] = Compared(status[method], among)
    return n, made


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

    def only(self, chosen: np.ndarray) -> _Sums:
        """Return the sums of some comparisons, by their indices."""
        return _Sums(*(each[chosen] for each in vars(self).values()))


@dataclass(frozen=True, eq=False)
class _ByOdds:
    """The propensity score and what follows from it.

    Parameters
    ----------
    logit
        Coefficients, shape (J, 1 + k).
    information
        Σ w p (1 − p) X X', shape (J, 1 + k, 1 + k).
    highest, off_support
        The highest p, and the share of the treated above every control's, shape (J,).
    sums
        The controls' by ω_c before it is normalised.
    """

    logit: np.ndarray
    information: np.ndarray
    highest: np.ndarray
    off_support: np.ndarray
    sums: _Sums

    def only(self, chosen: np.ndarray) -> _ByOdds:
        """Return some comparisons, by their indices."""
        return _ByOdds(
            self.logit[chosen],
            self.information[chosen],
            self.highest[chosen],
            self.off_support[chosen],
            self.sums.only(chosen),
        )


def _sums(sample: Sample) -> tuple[np.ndarray, _Sums]:
    """Return numbers of treated and controls, shape (2, J), and sums by sampling weights."""
    n, total = np.zeros((2, len(sample.comparisons)), dtype=int), _no_sums(sample)
    for block in sample.blocks():
        part = _taking_part(block)
        n[0 if block.treated else 1] += np.count_nonzero(part, axis=1)
        _add(total, block, part, sample.levels(block.rows))
    return n, total


def _no_sums(sample: Sample) -> _Sums:
    j, levels = len(sample.comparisons), len(sample.outcomes) * len(sample.panel.periods)
    k = sample.panel.n_covariates + 1
    shapes = (j, k), (j, levels), (j, k, k), (j, k, levels), (j,)
    return _Sums(*map(np.zeros, shapes))


def _add(total: _Sums, block: Block, relative: np.ndarray, levels: np.ndarray) -> None:
    """Add a block's sums by weights relative to the sampling weights, shape (J, b) or (1, b)."""
    wX, levels = block.weight * block.X, levels.reshape(len(block.rows), -1)
    if block.treated:
        total.x[:] += relative @ wX.T
        total.y[:] += (block.weight * relative) @ levels
        return
    if len(relative) < levels.shape[1]:  # the smaller of two ways
        products = (relative[:, None] * wX).reshape(-1, len(block.rows)) @ levels
    else:
        products = relative @ (wX.T[:, :, None] * levels[:, None]).reshape(len(levels), -1)
    total.gram[:] += _gram(relative, block)
    total.cross[:] += products.reshape(len(relative), *total.cross.shape[1:])
    total.squares[:] += relative**2 @ block.weight**2


def _propensities(sample: Sample, sums: _Sums, status: np.ndarray) -> np.ndarray:
    """Return the logit's coefficients, and say in ``status`` why there are none.

    If units are many, Newton's method starts where it ends in single precision, and there where it
    ends on some of the controls.
    """
    logit = np.zeros_like(sums.x)
    fitted = status == ""
    logit[fitted, 0] = np.log(sums.x[fitted, 0] / sums.gram[fitted, 0, 0])
    if sample.panel.n_units >= MANY:
        single = replace(sample, X=sample.X.astype(np.float32))
        for thin in (THIN, 1):
            rough, failed = logit.copy(), status.copy()
            _newton(single, sums.x, rough, failed, CLOSE, thin)
            logit[failed == ""] = rough[failed == ""]
    _newton(sample, sums.x, logit, status)
    return logit


def _newton(
    sample: Sample,
    treated: np.ndarray,
    logit: np.ndarray,
    status: np.ndarray,
    enough: float = CONVERGED,
    thin: int = 1,
) -> None:
    """Solve for the logit's coefficients in place, or say why there are none."""
    active = np.flatnonzero(status == "")
    for _ in range(MAX_ITERATIONS):
        if not len(active):
            return
        x, information, highest = _fitted(sample.only(active), logit[active], thin)
        step = (_inverse(information) @ (treated[active] - x)[..., None])[..., 0]
        logit[active] += step
        collinear = np.isnan(step).any(axis=1)
        converged = np.abs(step).max(axis=1) < enough
        separate = ~collinear & (highest >= np.where(converged, SEPARATION, 1 - 1e-12))
        status[active[collinear]] = COLLINEAR
        status[active[separate]] = SEPARATE
        active = active[~(collinear | separate | converged)]
    status[active] = SEPARATE


def _fitted(
    sample: Sample, logit: np.ndarray, thin: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return Σ w p X, the information Σ w p (1 − p) X X' and the highest p of each comparison."""
    x, highest = np.zeros_like(logit), np.zeros(len(logit))
    information = np.zeros((*logit.shape, logit.shape[1]))
    for block in sample.blocks(thin=thin):
        p = _propensity(logit, block)
        x += p @ (block.weight * block.X).T
        np.maximum(highest, p.max(axis=1), out=highest)
        p -= p * p
        information += _gram(p, block)
    return x, information, highest


def _estimate(sample: Sample, method: Method, sums: _Sums, by_odds: _ByOdds | None) -> Comparisons:
    """Put the propensity score and the outcome regression together (their section 3)."""
    beta, gram_inverse = np.zeros_like(sums.cross), np.zeros_like(sums.gram)
    if method != "ipw":
        gram_inverse = np.linalg.inv(sums.gram)
        beta = gram_inverse @ sums.cross
    treated = sums.x[:, 0]
    mean = sums.x / treated[:, None]
    tau = sums.y / treated[:, None] - _times(mean, beta)
    if by_odds is None:
        logit = np.zeros_like(mean)
        highest, off_support = np.full((2, len(logit)), np.nan)
        effective = sums.gram[:, 0, 0] ** 2 / sums.squares
        control = np.full(len(logit), np.inf)
        mean_control, tau_control, mu = np.zeros_like(mean), np.zeros_like(tau), np.zeros_like(beta)
    else:
        logit, highest, off_support = by_odds.logit, by_odds.highest, by_odds.off_support
        gram, cross = by_odds.sums.gram, by_odds.sums.cross
        control = gram[:, 0, 0]
        effective = control**2 / by_odds.sums.squares
        mean_control = gram[:, 0] / control[:, None]
        tau_control = cross[:, 0] / control[:, None] - _times(mean_control, beta)
        mu = (cross - gram @ beta) / control[:, None, None]
        mu -= mean_control[:, :, None] * tau_control[:, None]
        mu = np.linalg.inv(by_odds.information) @ mu
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


def _weighted(sample: Sample, logit: np.ndarray) -> _ByOdds:
    """Return what follows from the propensity score.

    All controls are read before the treated, so their highest p is known then.
    """
    information = np.zeros((*logit.shape, logit.shape[1]))
    of_controls, of_all, beyond, treated = np.zeros((4, len(logit)))
    total = _no_sums(sample)
    if not len(logit):
        return _ByOdds(logit, information, of_all, beyond, total)
    for block in sample.blocks():
        p = _propensity(logit, block)
        information += _gram(p - p * p, block)
        np.maximum(of_all, p.max(axis=1), out=of_all)
        if block.treated:
            beyond += np.count_nonzero(p > of_controls[:, None], axis=1)
            treated += np.count_nonzero(_taking_part(block), axis=1)
        else:
            of_controls[:] = of_all
            _add(total, block, _odds(p), sample.levels(block.rows))
    return _ByOdds(logit, information, of_all, beyond / treated, total)


def _propensity(logit: np.ndarray, block: Block) -> np.ndarray:
    """Return p, shape (J, b); 0 for units that do not take part."""
    p = -logit.astype(block.X.dtype) @ block.X
    with np.errstate(over="ignore"):
        np.exp(p, out=p)
    p += 1
    np.reciprocal(p, out=p)
    if block.part is not None:
        p *= block.part
    return p


def _odds(p: np.ndarray) -> np.ndarray:
    """Return the weights ω_c of controls before they are normalised, but for w."""
    with np.errstate(divide="ignore"):
        odds = p / (1 - p)
    odds[p >= TRIM] = 0
    return odds


def _taking_part(block: Block) -> np.ndarray:
    """Return 1 for units that take part and 0 for others, shape (J, b) or (1, b)."""
    part = np.ones((1, len(block.rows))) if block.part is None else block.part
    return part.astype(float, copy=False)


def _gram(relative: np.ndarray, block: Block) -> np.ndarray:
    """Return Σ w X X' for each row of weights relative to the sampling weights."""
    k = len(block.X)
    above = np.triu_indices(k)
    columns = block.X[above[0]] * (block.weight * block.X)[above[1]]
    gram = np.empty((len(relative), k, k))
    gram[:, above[0], above[1]] = gram[:, above[1], above[0]] = relative @ columns.T
    return gram


def _times(rows: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Return each row times its matrix."""
    return (rows[:, None] @ matrices)[:, 0]


def _inverse(gram: np.ndarray) -> np.ndarray:
    """Invert Gram matrices, shape (J, k, k); NaN where covariates are collinear."""
    scale = np.sqrt(np.diagonal(gram, axis1=1, axis2=2))
    constant = ~(scale > 0).all(axis=1)
    products = scale[:, :, None] * scale[:, None]
    products[constant] = 1
    scaled = np.where(constant[:, None, None], np.eye(scale.shape[1]), gram / products)
    values = np.linalg.eigvalsh(scaled)
    singular = constant | (values[:, 0] < SINGULAR * values[:, -1])
    scaled[singular] = np.eye(scale.shape[1])
    inverse = np.linalg.inv(scaled) / products
    inverse[singular] = np.nan
    return inverse
