"""Sums of regressions on unit effects and trends by period, without the regressors themselves.

A column of such a regression is one characteristic of units in one period: with z_i the p
characteristics of unit i (a constant, covariates, indicators of cohorts) and e_t the indicator of
period t, the row of unit i in period t is e_t ⊗ z_i, of length T·p and ordered by period first.
With observations weighted by u_it, and a bar over a unit's weighted mean::

    Σ_it u_it (e_t − ū_i)(e_t − ū_i)' ⊗ z_i z_i' = Σ_i (diag u_i − u_i u_i' / Σ_t u_it) ⊗ z_i z_i',
    Σ_it u_it (e_t − ū_i) ⊗ z_i (y_it − ȳ_i)     = Σ_it u_it (y_it − ȳ_i) e_t ⊗ z_i,

so that units are read once, each as one row of T·p instead of T rows. Dummies of cohort and period,
and treatment, are columns of it, or sums of columns. Does not belong here: which regression is made
of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

CELLS = 2**18  # entries of a block's widest array: two megabytes
COLLINEAR = 1e-9  # share of a column's squares that must be its own


def products(z: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the regressors' sums of products without the units' means.

    Parameters
    ----------
    z
        Characteristics, shape (n, p).
    weights
        Of observations, shape (n, T); 0 where there is none.

    Returns
    -------
    Shape (T·p, T·p).
    """
    p, width = z.shape[1], weights.shape[1] * z.shape[1]
    own, of_means = np.zeros((width, p)), np.zeros((width, width))
    total = weights.sum(axis=1)
    root = np.sqrt(np.divide(1.0, total, out=np.zeros_like(total), where=total > 0))
    for of, weighted in _rows(z, weights):
        own += weighted.T @ z[of]
        weighted *= root[of, None]
        of_means += weighted.T @ weighted
    made = -of_means
    by_period = made.reshape(-1, p, weights.shape[1], p)
    for at, block in enumerate(own.reshape(-1, p, p)):
        by_period[at, :, at] += block
    return made


def moments(z: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return Σ_it v_it e_t ⊗ z_i, shape (T·p,), for values of shape (n, T)."""
    return (values.T @ z).ravel()


def by_unit(z: np.ndarray, values: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Return each unit's part of :func:`moments` times ``to``.

    Parameters
    ----------
    to
        Shape (T·p, K).

    Returns
    -------
    Shape (n, K).
    """
    made = np.empty((len(z), to.shape[1]))
    for of, weighted in _rows(z, values):
        np.matmul(weighted, to, out=made[of])
    return made


def index(z: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Return z_i'γ_t, shape (n, T), for coefficients γ of shape (T·p,)."""
    return z @ coefficients.reshape(-1, z.shape[1]).T


def less_means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return values, shape (n, T), less their units' means by weights of the same shape.

    Values without a weight do not count, and units without one keep theirs.
    """
    total = weights.sum(axis=1)
    sums = (np.where(weights > 0, values, 0.0) * weights).sum(axis=1)
    return values - np.divide(sums, total, out=np.zeros_like(sums), where=total > 0)[:, None]


def independent(products: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return which columns no earlier ones explain, boolean of shape (K,).

    Parameters
    ----------
    products
        Of K columns, shape (K, K).
    scale
        The columns' sums of squares before any means were taken, shape (K,).
    """
    left, kept = products.copy(), np.zeros(len(scale), dtype=bool)
    for at in range(len(scale)):
        if left[at, at] > COLLINEAR * scale[at]:
            kept[at] = True
            left[at:, at:] -= np.outer(left[at:, at], left[at, at:]) / left[at, at]
    return kept


def correction(weights: np.ndarray, cluster: np.ndarray | None, columns: int) -> tuple[float, int]:
    """Return G/(G−1) · (N−1)/(N−columns), and G, the clusters with an observation that counts.

    Parameters
    ----------
    weights
        Of observations, shape (n, T); a unit observed once does not count.
    cluster
        Shape (n,); None where every unit is one.
    """
    seen = np.count_nonzero(weights, axis=1)
    carrying = np.flatnonzero(seen > 1)
    clusters = len(carrying) if cluster is None else len(np.unique(cluster[carrying]))
    n = int(seen[carrying].sum())
    return clusters / (clusters - 1) * (n - 1) / (n - columns), clusters


def _rows(z: np.ndarray, values: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield blocks of units, and their values times characteristics, shape (b, T·p)."""
    width = values.shape[1] * z.shape[1]
    step = max(1, CELLS // max(width, 1))
    for start in range(0, len(z), step):
        of = slice(start, start + step)
        yield of, (values[of, :, None] * z[of, None, :]).reshape(-1, width)
