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

    (a − c + w (1−D) X'λ) r − a τₜ + c τ_c + w (p − D) X'μ,    λ = G⁻¹ (Σ c X − Σ a X),
                                                               μ = H⁻¹ Σ c (r − τ_c) X,

where G is the controls' Σ w X X' and H the logit's information.

Does not belong here: a unit's terms (:mod:`.influence`), or which cohorts and periods are compared
(:mod:`.group_time`).
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, NamedTuple, Self

import numpy as np

from clusterstudy.did.sample import Block, Sample
from clusterstudy.did.status import COLLINEAR, NO_CONTROLS, ONE_TREATED, SEPARATE, UNOBSERVED

Method = Literal["dr", "ipw", "or"]
SEPARATION = 0.999  # a fitted propensity score this high leaves no comparison (as R's did)
TRIM = 0.995  # controls above are not used (as R's DRDID); the lower tail is never clipped
SINGULAR = 1e-10  # reciprocal condition number of the standardised Gram matrix
CONVERGED = 1e-6  # Newton's last step; what is left is of the order of its square
CLOSE = 1e-4  # the same for a start
MAX_ITERATIONS = 50
MANY, THIN = 2**16, 16  # units from which on every so many controls give Newton's start


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
        −β, −τₜ, τ_c and μ below each other, shape (J, 2 (1 + k) + 2, P).
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
        treated, controls = self.mass[:, block.among, None]
        if block.treated:
            part = _taking_part(block)[block.way]
            share = part / treated
            return share, share, p - part
        share = _odds(p, 1 - p)
        share *= 1 / controls
        residual = block.masked(self.by_residual[block.among] @ block.X)
        residual -= share
        return residual, share, p


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
        [UNOBSERVED, NO_CONTROLS, ONE_TREATED],
        "",
    ).astype(object)
    regressed = few.copy()
    if set(methods) != {"ipw"}:
        collinear = np.isnan(_inverse(sums.gram)).any(axis=(1, 2))
        regressed[(few == "") & collinear] = COLLINEAR
    weighted = few.copy() if "ipw" in methods else regressed.copy()
    by_odds = _propensities(sample, sums, weighted) if set(methods) != {"or"} else None
    status: dict[Method, np.ndarray] = {
        "dr": np.where(regressed == "", weighted, regressed),
        "ipw": weighted,
        "or": regressed,
    }
    made = {}
    for method in methods:
        kept, among = np.flatnonzero(status[method] == ""), None
        if len(kept):
            odds = by_odds.only(kept) if by_odds is not None and method != "or" else None
            among = _estimate(sample.only(kept), method, sums.only(kept), odds)
        made[method] = Compared(status[method], among)
    return n, made


class _Rows:
    """Arrays with one row for each comparison."""

    def only(self, chosen: np.ndarray) -> Self:
        """Return some of the comparisons, by their indices."""
        return type(self)(**{name: each[chosen] for name, each in vars(self).items()})

    def put(self, chosen: np.ndarray, other: Self) -> None:
        """Take these comparisons from elsewhere, where they are all there is."""
        for name, each in vars(self).items():
            each[chosen] = getattr(other, name)


@dataclass(frozen=True, eq=False)
class _Controls(_Rows):
    """Sums over the controls by some weights.

    Parameters
    ----------
    gram, cross
        X X', shape (J, 1 + k, 1 + k), and X Y, shape (J, 1 + k, P).
    squares
        Squared weights, shape (J,).
    """

    gram: np.ndarray
    cross: np.ndarray
    squares: np.ndarray

    def add(
        self,
        block: Block,
        relative: np.ndarray,
        levels: np.ndarray,
        way: np.ndarray,
        changes: np.ndarray | None,
    ) -> None:
        """Add a block's sums by weights relative to the sampling weights.

        Parameters
        ----------
        relative
            One row for each way to be compared, shape (D, b).
        levels
            Shape (outcomes, T, b).
        way
            Which row is a comparison's, shape (J,).
        changes
            See :attr:`.Sample.changes`.
        """
        among, (outcomes, periods, b) = block.among, levels.shape
        if changes is None:
            self.cross[among] += _cross(relative, block, levels.reshape(-1, b))[way]
        else:
            earlier, later = changes[:, among]
            if len(relative) == 1:
                cross = _cross(relative, block, levels.reshape(-1, b))
                cross = cross.reshape(-1, outcomes, periods)
                change = (cross[..., later] - cross[..., earlier]).transpose(2, 0, 1)
            else:
                of_ways = np.empty((2, len(relative)), dtype=int)
                of_ways[:, way] = earlier, later
                change = _changes_cross(relative, block, levels, of_ways)[way]
            at_periods = self.cross.reshape(len(self.cross), -1, outcomes, periods)
            at_periods[block.comparisons, :, :, later] += change
        self.gram[among] += _gram(relative, block)[way]
        self.squares[among] += (relative**2 @ block.weight**2)[way]


@dataclass(frozen=True, eq=False)
class _Sums(_Controls):
    """Sums by sampling weights.

    Parameters
    ----------
    x, y
        The treated's covariates, shape (J, 1 + k), and levels, shape (J, P).
    """

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, eq=False)
class _ByOdds(_Controls):
    """The propensity score and what follows from it.

    The controls' sums are by ω_c before it is normalised.

    Parameters
    ----------
    logit
        Coefficients, shape (J, 1 + k).
    step
        Newton's last, from the coefficients by which the rest is made, shape (J, 1 + k).
    information
        Σ w p (1 − p) X X', shape (J, 1 + k, 1 + k).
    highest, off_support
        The highest p, and the share of the treated above every control's, shape (J,).
    """

    logit: np.ndarray
    step: np.ndarray
    information: np.ndarray
    highest: np.ndarray
    off_support: np.ndarray

    @classmethod
    def at(cls, logit: np.ndarray, sample: Sample) -> Self:
        """Return a sample's coefficients, and zero for the rest."""
        (j, k), levels = logit.shape, _n_levels(sample)
        shapes = (j, k, k), (j, k, levels), (j,), (j, k), (j, k), (j, k, k), (j,), (j,)
        found = cls(*map(np.zeros, shapes))
        found.logit[:] = logit
        return found


def _sums(sample: Sample) -> tuple[np.ndarray, _Sums]:
    """Return numbers of treated and controls, shape (2, J), and sums by sampling weights."""
    j, k, levels = len(sample.comparisons), sample.panel.n_covariates + 1, _n_levels(sample)
    shapes = (j, k, k), (j, k, levels), (j,), (j, k), (j, levels)
    n, total = np.zeros((2, j), dtype=int), _Sums(*map(np.zeros, shapes))
    for block in sample.blocks():
        part, of_block = _taking_part(block), sample.levels(block)
        among, way = block.among, block.way
        n[0 if block.treated else 1, among] += part.sum(axis=1).astype(int)[way]
        if block.treated:
            total.x[among] += (part @ block.weighted.T)[way]
            total.y[among] += ((block.weight * part) @ of_block.reshape(levels, -1).T)[way]
        else:
            total.add(block, part, of_block, block.way, sample.changes)
    if sample.changes is not None:
        (earlier, later), at = sample.changes, np.arange(j)
        y = total.y.reshape(j, len(sample.outcomes), -1)
        change = y[at, :, later] - y[at, :, earlier]
        y[:] = 0
        y[at, :, later] = change
    return n, total


def _cross(relative: np.ndarray, block: Block, levels: np.ndarray) -> np.ndarray:
    """Return Σ w X Y, shape (D, 1 + k, P), from levels of shape (P, b)."""
    (k, b), X = block.X.shape, block.weighted
    if len(relative) < len(levels):  # the smaller of two ways
        products = (relative[:, None] * X).reshape(-1, b) @ levels.T
    else:
        products = relative @ (X[:, None] * levels).reshape(-1, b).T
    return products.reshape(len(relative), k, -1)


def _changes_cross(
    relative: np.ndarray, block: Block, levels: np.ndarray, periods: np.ndarray
) -> np.ndarray:
    """Return the same where each row is about the change from one period to another.

    The change stands at the later period, and 0 at the others.
    """
    (earlier, later), each = periods, np.eye(levels.shape[1])
    contrast = each[later] - each[earlier]
    cross = np.zeros((len(relative), len(block.X), len(levels)))
    for o, level in enumerate(levels):
        change = contrast @ level
        change *= relative
        cross[..., o] = change @ block.weighted.T
    return cross


def _n_levels(sample: Sample) -> int:
    return len(sample.outcomes) * len(sample.panel.periods)


def _propensities(sample: Sample, sums: _Sums, status: np.ndarray) -> _ByOdds:
    """Estimate the logit, and say in ``status`` where there is none.

    Newton's method comes close to one comparison of each cohort and group before the others, which
    have nearly the same units and start from there. If units are many it does so in single
    precision, and at the very first on some of the controls. Where that fails it starts from the
    intercept.
    """
    fitted, x = np.flatnonzero(status == ""), sums.x
    start = np.zeros_like(x)
    start[fitted, 0] = np.log(x[fitted, 0] / sums.gram[fitted, 0, 0])
    found = _ByOdds.at(start, sample)
    first: dict[tuple[float, int], int] = {}
    lead = np.array([first.setdefault(sample.comparisons[j][:2], int(j)) for j in fitted], int)
    leaders, others = fitted[lead == fitted], fitted[lead != fitted]
    rough, left = sample, leaders
    if sample.panel.n_units >= MANY:
        rough = replace(
            sample, X=sample.X.astype(np.float32), weight=sample.weight.astype(np.float32)
        )
        _approach(rough, x, found, status, leaders, thin=THIN)
        left = _approach(rough, x, found, status, leaders)
    _newton(sample, x, found, status, left, CLOSE)
    lead = lead[lead != fitted]
    led, lead = others[status[lead] == ""], lead[status[lead] == ""]
    shift = x[led] * (x[lead, :1] / x[led, :1]) - x[lead]  # of the treated's mean covariates
    step = np.linalg.solve(found.information[lead], shift[..., None])[..., 0]
    found.logit[led] = found.logit[lead] + step
    found.logit[led, 0] += start[led, 0] - start[lead, 0]
    left = _approach(rough, x, found, status, others)
    found.logit[left] = start[left]
    _newton(sample, x, found, status, left, CLOSE)
    _newton(sample, x, found, status, np.flatnonzero(status == ""), CONVERGED, weigh=True)
    return found


def _approach(
    sample: Sample,
    treated: np.ndarray,
    found: _ByOdds,
    status: np.ndarray,
    chosen: np.ndarray,
    *,
    thin: int = 1,
) -> np.ndarray:
    """Come close to the logit of some comparisons, and return those where that fails."""
    near, failed = deepcopy(found), status.copy()
    _newton(sample, treated, near, failed, chosen, CLOSE, thin=thin)
    close = failed[chosen] == ""
    found.put(chosen[close], near.only(chosen[close]))
    return chosen[~close]


def _newton(
    sample: Sample,
    treated: np.ndarray,
    found: _ByOdds,
    status: np.ndarray,
    chosen: np.ndarray,
    enough: float,
    *,
    thin: int = 1,
    weigh: bool = False,
) -> None:
    """Solve for the logit of some comparisons in place, or say why there is none.

    The likelihood is concave. So where its slope along the last step has turned to less than minus
    half of what it was, the step was too long, and half of it is taken back.
    """
    active, taken, slope = chosen, np.zeros_like(found.step), np.zeros(len(found.step))
    for _ in range(MAX_ITERATIONS):
        if not len(active):
            return
        x, now = _fitted(sample.only(active), found.logit[active], thin, weigh)
        score, last = treated[active] - x, taken[active]
        far = (last * score).sum(axis=1) < -slope[active] / 2
        step = (_inverse(now.information) @ score[..., None])[..., 0]
        taken[active] = np.where(far[:, None], last / 2, step)
        slope[active] = np.where(far, slope[active] / 2, (step * score).sum(axis=1))
        now.step[:] = np.where(far[:, None], -last / 2, step)
        now.logit[:] += now.step
        found.put(active, now)
        collinear = ~far & np.isnan(step).any(axis=1)
        converged = ~far & (np.abs(step).max(axis=1) < enough)
        separate = now.highest >= np.where(converged, SEPARATION, 1 - 1e-12)
        separate &= ~far & ~collinear
        status[active[collinear]] = COLLINEAR
        status[active[separate]] = SEPARATE
        active = active[~(collinear | separate | converged)]
    status[active] = SEPARATE


def _fitted(
    sample: Sample, logit: np.ndarray, thin: int, weigh: bool
) -> tuple[np.ndarray, _ByOdds]:
    """Return Σ w p X, shape (J, 1 + k), and what follows from coefficients.

    Controls are weighed by their odds only if asked. All of them are read before the treated, so
    their highest p is known then.
    """
    x, found = np.zeros_like(logit), _ByOdds.at(logit, sample)
    of_controls, treated = np.zeros((2, len(logit)))
    for block in sample.blocks(thin=thin):
        p, among = _propensity(logit, block), block.among
        x[among] += p @ block.weighted.T
        found.highest[among] = np.maximum(found.highest[among], p.max(axis=1))
        rest = 1 - p
        if weigh and block.treated:
            above = np.count_nonzero(p > of_controls[among, None], axis=1)
            found.off_support[among] += above
            treated[among] += np.count_nonzero(_taking_part(block), axis=1)[block.way]
        elif weigh:
            of_controls[among] = found.highest[among]
            levels, each = sample.levels(block), np.arange(len(p))
            found.add(block, _odds(p, rest), levels, each, sample.changes)
        rest *= p
        found.information[among] += _gram(rest, block)
    if weigh:
        found.off_support[:] /= treated
    return x, found


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
        control, step = by_odds.gram[:, 0, 0], by_odds.step
        effective = control**2 / by_odds.squares
        gram, cross = (each / control[:, None, None] for each in (by_odds.gram, by_odds.cross))
        mean_control = gram[:, 0]
        tau_control = cross[:, 0] - _times(mean_control, beta)
        by_logit = cross - gram @ beta - mean_control[:, :, None] * tau_control[:, None]
        mu = np.linalg.inv(by_odds.information) @ by_logit
        tau_control = tau_control + _times(step, by_logit)
        control = control * (1 + (step * mean_control).sum(axis=1))
        spread = gram - mean_control[:, :, None] * mean_control[:, None]
        mean_control = mean_control + _times(step, spread)
    return Comparisons(
        sample,
        tau - tau_control,
        highest,
        off_support,
        effective,
        logit,
        np.stack([treated, control]),
        _times(mean_control - mean, gram_inverse),
        np.concatenate([-beta, -tau[:, None], tau_control[:, None], mu], axis=1),
    )


def _propensity(logit: np.ndarray, block: Block) -> np.ndarray:
    """Return p, shape (J, b); 0 for units that do not take part."""
    p = -logit[block.among].astype(block.X.dtype) @ block.X
    with np.errstate(over="ignore"):
        np.exp(p, out=p)
    p += 1
    np.divide(1, p, out=p)
    return block.masked(p)


def _odds(p: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Return the weights ω_c of controls but for w and their sum, from p and 1 − p."""
    with np.errstate(divide="ignore"):
        odds = p / rest
    odds[p >= TRIM] = 0
    return odds


def _taking_part(block: Block) -> np.ndarray:
    """Return 1 for units that take part and 0 for others, shape (J, b) or (1, b)."""
    part = np.ones((1, len(block.rows))) if block.part is None else block.part
    return part.astype(float, copy=False)


def _gram(relative: np.ndarray, block: Block) -> np.ndarray:
    """Return Σ w X X' for each row of weights relative to the sampling weights."""
    return (relative @ block.products.T)[:, _symmetric(len(block.X))]


@cache
def _symmetric(k: int) -> np.ndarray:
    """Return where a symmetric matrix's entries are among those above the diagonal."""
    places = np.zeros((k, k), dtype=int)
    places[np.triu_indices(k)] = np.arange(k * (k + 1) // 2)
    return np.maximum(places, places.T)


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
