"""Partial pooling: what each of a few effects is likely to be, given that they are alike.

The k effects are taken as draws from a normal distribution, and their estimates as normal with
the covariance V known::

    θ ~ N(μ 1, τ² I),    y | θ ~ N(θ, V).

Given τ, θ is estimated by pulling y towards the generalised mean: the more, the larger V is
against τ². With few effects τ is poorly known, and intervals that take an estimate of it for the
truth are too short (Morris 1983, JASA 78). Here τ is integrated over, with flat priors on μ and τ:
Rubin (1981, J. Educ. Stat. 6), Gelman et al. (Bayesian Data Analysis, 3rd ed., §5.4, eqs 5.17-21),
with V full instead of diagonal, as estimates that share comparison units are correlated. One
dimension is left, so that this takes sums, no simulation.

Assumed: the effects are exchangeable and about normal. Intervals that do without normality
(Armstrong, Kolesár & Plagborg-Møller 2022, Econometrica 90) need fourth moments of the effects,
which a dozen effects do not tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from clusterstudy.did.estimates import Estimates
from clusterstudy.errors import UserError

NODES = 200  # of the quadrature over τ
BISECTIONS = 50
FEWEST = 3  # with two effects the posterior of τ is improper


@dataclass(frozen=True, eq=False)
class Pooled:
    """Effects pulled towards each other.

    Parameters
    ----------
    effects
        By label: ``estimate`` (posterior mean), ``low``, ``high``.
    centre, spread
        ``estimate`` (posterior median), ``low`` and ``high`` of μ and of τ.
    """

    effects: pd.DataFrame
    centre: dict[str, float]
    spread: dict[str, float]


def pool(raw: Estimates, level: float = 0.95) -> Pooled:
    """Pool estimates partially, with intervals that know how poorly the spread is known.

    Parameters
    ----------
    raw
        At least three estimates; their covariance is used in full.
    level
        Probability of the intervals: equal tails.

    Raises
    ------
    UserError
        If there are fewer than three estimates, or one has no error.
    """
    if len(raw.label) < FEWEST or not (raw.se > 0).all():
        raise UserError(
            f"expected {FEWEST} estimates with errors, got {int((raw.se > 0).sum())}",
            where="partial pooling",
        )
    tau, step = _nodes(float(np.exp(np.log(raw.se).mean())))
    given = _given_spread(raw, tau)
    weight = given.density * step
    weight /= weight.sum()
    tails = np.array([0.5 - level / 2, 0.5 + level / 2])
    low, high = (_mixture_quantile(tail, weight, given.mean, given.sd) for tail in tails)
    effects = pd.DataFrame(
        {"estimate": weight @ given.mean, "low": low, "high": high}, index=raw.label
    )
    centre, centre_sd = given.centre[:, None], given.centre_sd[:, None]
    three = [0.5, *tails]
    of_centre = [float(_mixture_quantile(p, weight, centre, centre_sd)[0]) for p in three]
    of_spread = np.interp(three, np.cumsum(weight) - weight / 2, tau)
    names = ("estimate", "low", "high")
    return Pooled(
        effects,
        dict(zip(names, of_centre, strict=True)),
        dict(zip(names, of_spread.tolist(), strict=True)),
    )


@dataclass(frozen=True, eq=False)
class _Given:
    """Posterior at each node of τ: its density (g,), θ's mean and sd (g, k), μ's (g,)."""

    density: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    centre: np.ndarray
    centre_sd: np.ndarray


def _nodes(scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of a quadrature over τ from 0 to infinity, shape (g,) each."""
    x, w = np.polynomial.legendre.leggauss(NODES)
    u = (x + 1) / 2
    return scale * u / (1 - u), w / 2 * scale / (1 - u) ** 2


def _given_spread(raw: Estimates, tau: np.ndarray) -> _Given:
    """Return the posterior given τ, in the coordinates in which V is diagonal.

    With Σ = V + τ² I, the density of τ is |Σ|^-½ (1'Σ⁻¹1)^-½ exp(−½ (y − μ̂)'Σ⁻¹(y − μ̂)), and
    given τ the effects are μ̂ + τ² Σ⁻¹ (y − μ̂) with covariance τ² V Σ⁻¹ + V Σ⁻¹ 1 1' Σ⁻¹ V var(μ̂).
    """
    values, Q = np.linalg.eigh(raw.covariance)
    values = np.maximum(values, 0.0)
    y, ones = Q.T @ raw.estimate, Q.T @ np.ones(len(raw.label))
    square = tau[:, None] ** 2
    inverse = 1 / (values + square)
    centre_variance = 1 / (inverse @ ones**2)
    centre = centre_variance * (inverse @ (ones * y))
    residual = y - centre[:, None] * ones
    log_density = 0.5 * (np.log(inverse).sum(axis=1) + np.log(centre_variance))
    log_density -= 0.5 * (inverse * residual**2).sum(axis=1)
    mean = centre[:, None] + (square * inverse * residual) @ Q.T
    variance = (square * values * inverse) @ (Q**2).T
    variance += centre_variance[:, None] * ((values * inverse * ones) @ Q.T) ** 2
    density = np.exp(log_density - log_density.max())
    return _Given(density, mean, np.sqrt(variance), centre, np.sqrt(centre_variance))


def _mixture_quantile(p: float, weight: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Return the p-quantile of k mixtures of g normals, by bisection.

    Parameters
    ----------
    weight
        Shape (g,).
    mean, sd
        Shape (g, k).
    """
    low, high = (mean - 12 * sd).min(axis=0), (mean + 12 * sd).max(axis=0)
    for _step in range(BISECTIONS):
        middle = (low + high) / 2
        below = weight @ ndtr((middle - mean) / sd) < p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2
