"""Sums of regressions on unit effects and trends are those of the regressors written out."""

from __future__ import annotations

import numpy as np
import pytest

from clusterstudy.did import trends

N, T, P = 12, 4, 3


@pytest.fixture
def drawn():
    """Return characteristics, weights with gaps (one unit has none) and values."""
    rng = np.random.default_rng(3)
    weights = rng.uniform(0.5, 2, (N, T)) * (rng.random((N, T)) > 0.3)
    weights[5] = 0
    return rng.normal(size=(N, P)), weights, rng.normal(size=(N, T))


def written_out(z: np.ndarray) -> np.ndarray:
    """Return the regressors, shape (n, T, T·p)."""
    return np.einsum("ts,ip->itsp", np.eye(T), z).reshape(N, T, T * P)


def test_sums_are_those_of_the_regressors_less_their_means(drawn, monkeypatch):
    monkeypatch.setattr(trends, "CELLS", 30)  # more blocks than one
    z, weights, y = drawn
    X = np.stack([trends.less_means(x, weights) for x in written_out(z).transpose(2, 0, 1)], -1)
    assert np.abs((weights[..., None] * X).sum(axis=1)).max() < 1e-12
    expected = np.einsum("it,ita,itb->ab", weights, X, X)
    np.testing.assert_allclose(trends.products(z, weights), expected, atol=1e-12)
    known = weights * trends.less_means(y, weights)
    np.testing.assert_allclose(trends.moments(z, known), np.einsum("it,ita->a", weights * y, X))
    to = np.random.default_rng(1).normal(size=(T * P, 2))
    by_unit = np.einsum("it,ita,ak->ik", known, X, to)
    np.testing.assert_allclose(trends.by_unit(z, known, to), by_unit, atol=1e-12)
    beta = to[:, 0]
    np.testing.assert_allclose(trends.index(z, beta), written_out(z) @ beta, atol=1e-12)


def test_columns_that_earlier_ones_explain_are_told():
    X = np.random.default_rng(2).normal(size=(30, 5))
    X[:, 2] = X[:, 0] - 2 * X[:, 1]
    X[:, 4] = 0
    kept = trends.independent(X.T @ X, np.full(5, 30.0))
    assert kept.tolist() == [True, True, False, True, False]
