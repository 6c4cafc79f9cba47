"""Pooled effects equal a posterior drawn by brute force, and their intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterstudy.did.estimates import Estimates
from clusterstudy.did.shrinkage import pool
from clusterstudy.errors import UserError

CLUSTERS = 11
SHARED = 0.3  # correlation of the errors, as by shared comparison firms


def estimates(y: np.ndarray, covariance: np.ndarray) -> Estimates:
    influence = np.linalg.cholesky(covariance).T
    return Estimates(pd.Index(range(len(y))), y, influence, covariance)


def errors(rng: np.random.Generator) -> np.ndarray:
    """Return a covariance of estimates from groups of unequal size."""
    se = rng.uniform(0.5, 2.0, CLUSTERS)
    correlation = np.where(np.eye(CLUSTERS, dtype=bool), 1.0, SHARED)
    return np.outer(se, se) * correlation


def brute_force(y: np.ndarray, V: np.ndarray, draws: int = 100_000) -> dict[str, np.ndarray]:
    """Draw τ from its density on a fine grid, then μ and the effects given it."""
    k, rng = len(y), np.random.default_rng(1)
    grid = np.linspace(0.0, 40 * np.sqrt(V.max()), 8000)
    centre, spread, effects, log_density = [], [], [], []
    for tau in grid:
        inverse = np.linalg.inv(V + tau**2 * np.eye(k))
        variance = 1 / inverse.sum()
        mean = variance * inverse.sum(axis=0) @ y
        gap = y - mean
        log_density.append(
            (np.linalg.slogdet(inverse)[1] + np.log(variance) - gap @ inverse @ gap) / 2
        )
        centre.append(mean)
        spread.append(np.sqrt(variance))
    density = np.exp(np.array(log_density) - max(log_density))
    drawn = rng.choice(len(grid), draws, p=density / density.sum())
    at, counts = np.unique(drawn, return_counts=True)
    for index, count in zip(at, counts, strict=True):
        tau = grid[index]
        mu = centre[index] + spread[index] * rng.normal(size=(count, 1))
        pull = tau**2 * np.linalg.inv(V + tau**2 * np.eye(k))
        root = np.linalg.cholesky(pull @ V + 1e-12 * np.eye(k))
        effects.append(mu + (y - mu) @ pull.T + rng.normal(size=(count, k)) @ root.T)
    return {"effects": np.concatenate(effects), "spread": grid[drawn]}


@pytest.mark.parametrize("seed", [1, 2])
def test_it_is_the_posterior_that_simulation_draws(seed):
    rng = np.random.default_rng(seed)
    V = errors(rng)
    y = rng.normal(1.0, seed, CLUSTERS) + np.linalg.cholesky(V) @ rng.normal(size=CLUSTERS)
    found, drawn = pool(estimates(y, V), level=0.9), brute_force(y, V)
    np.testing.assert_allclose(found.effects["estimate"], drawn["effects"].mean(axis=0), atol=0.02)
    quantiles = np.quantile(drawn["effects"], [0.05, 0.95], axis=0).T
    np.testing.assert_allclose(found.effects[["low", "high"]], quantiles, atol=0.06)
    spread = np.quantile(drawn["spread"], [0.5, 0.05, 0.95])
    np.testing.assert_allclose(list(found.spread.values()), spread, atol=0.03)


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.5])
def test_intervals_hold_the_truth_and_the_error_is_smaller(spread):
    """110 draws of 11 effects: the Monte Carlo standard error is below a point."""
    rng = np.random.default_rng(7)
    held, error, raw_error = [], [], []
    for _ in range(110):
        V = errors(rng)
        truth = rng.normal(2.0, spread, CLUSTERS)
        y = truth + np.linalg.cholesky(V) @ rng.normal(size=CLUSTERS)
        effects = pool(estimates(y, V)).effects
        held.append((effects["low"] < truth) & (truth < effects["high"]))
        error.append((effects["estimate"] - truth) ** 2)
        raw_error.append((y - truth) ** 2)
    assert 0.93 < np.mean(held) < 1.0
    assert np.mean(error) < np.mean(raw_error)


def test_precise_estimates_are_left_where_they_are():
    y = np.linspace(-5.0, 5.0, 7)
    effects = pool(estimates(y, 1e-4 * np.eye(7))).effects
    np.testing.assert_allclose(effects["estimate"], y, atol=1e-3)
    np.testing.assert_allclose(effects["high"] - effects["low"], 2 * 1.96 * 0.01, rtol=0.01)


def test_the_scale_of_the_outcome_does_not_matter():
    rng = np.random.default_rng(3)
    V, y = errors(rng), rng.normal(size=CLUSTERS)
    one, other = pool(estimates(y, V)), pool(estimates(100 * y, 1e4 * V))
    pd.testing.assert_frame_equal(100 * one.effects, other.effects, rtol=1e-6)
    assert other.spread["high"] == pytest.approx(100 * one.spread["high"])


def test_two_effects_are_too_few():
    with pytest.raises(UserError, match="expected 3 estimates"):
        pool(estimates(np.array([1.0, 2.0]), np.eye(2)))
