"""Power of the pre-trend test and the bias of passing it, against published figures.

Example of the Stata package `pretrends` (README, version 0.4.2) on He & Wang (2017), Figure 2C.
It prints coefficients and standard errors, not their covariance: the three correlations before
treatment are solved from three of its figures (two likelihood ratios and one Bayes factor), and
the remaining ones are what is tested.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from clusterstudy.did.pretest import detectable_slope, pretest
from clusterstudy.errors import UserError

ESTIMATE = np.array([0.0667032, -0.0077018, -0.0307691])
SE = np.array([0.0897108, 0.0732436, 0.0523996])
TIMES = np.array([-3.0, -2.0, -1.0])
LINEAR = 0.0494932155202119 * TIMES
QUADRATIC = 0.024 * TIMES**2


def covariance(correlations):
    matrix = np.eye(3)
    matrix[np.triu_indices(3, 1)] = correlations
    return np.outer(SE, SE) * (matrix + matrix.T - np.eye(3))


@pytest.fixture(scope="module")
def sigma():
    def log_likelihood(matrix, delta):
        return -0.5 * (ESTIMATE - delta) @ np.linalg.solve(matrix, ESTIMATE - delta)

    def published(correlations):
        matrix = covariance(correlations)
        nil = log_likelihood(matrix, 0)
        return [
            log_likelihood(matrix, LINEAR) - nil - np.log(0.1016996725963556),
            log_likelihood(matrix, QUADRATIC) - nil - np.log(0.3962795305253372),
            pretest(matrix, TIMES, LINEAR).bayes_factor - 0.5690176868657252,
        ]

    return covariance(optimize.root(published, [0.5, 0.5, 0.5]).x)


def test_the_slope_detected_half_of_the_time(sigma):
    assert detectable_slope(sigma, TIMES, power=0.5) == pytest.approx(0.0494932, abs=2e-6)


def test_power_and_bayes_factor_of_a_quadratic_violation(sigma):
    result = pretest(sigma, TIMES, QUADRATIC)
    assert result.power == pytest.approx(0.7026124, abs=5e-5)
    assert result.bayes_factor == pytest.approx(0.3384376, abs=5e-5)


@pytest.mark.parametrize(
    ("violation", "published"),
    [
        (LINEAR, [-0.087755, -0.052812, -0.0265324]),
        (QUADRATIC, [0.1157555, 0.0391983, 0.003749]),
    ],
)
def test_means_of_the_coefficients_when_the_test_is_passed(sigma, violation, published):
    result = pretest(sigma, TIMES, violation)
    np.testing.assert_allclose(result.mean_if_passed, published, atol=1e-5)


def test_bias_after_treatment_equals_that_of_simulated_passes():
    rng = np.random.default_rng(5)
    root = rng.normal(size=(5, 5))
    sigma = root @ root.T / 5
    times = np.array([-2.0, -1.0, 1.0, 2.0, 3.0])
    violation = 0.8 * times
    draws = rng.multivariate_normal(violation, sigma, size=400_000)
    passed = np.all(np.abs(draws[:, :2]) <= 1.959964 * np.sqrt(np.diag(sigma)[:2]), axis=1)
    result = pretest(sigma, times, violation)
    assert 1 - passed.mean() == pytest.approx(result.power, abs=0.003)
    np.testing.assert_allclose(draws[passed].mean(axis=0), result.mean_if_passed, atol=0.02)


def test_one_pre_treatment_coefficient_has_a_closed_form():
    slope = detectable_slope([[0.04]], [-1.0], power=0.8)
    assert slope == pytest.approx(0.2 * 2.801585, rel=1e-5)


def test_without_a_pre_treatment_coefficient_there_is_no_pre_test():
    with pytest.raises(UserError, match="no coefficient before treatment"):
        pretest(np.eye(2), [1.0, 2.0], [0.0, 0.0])
    with pytest.raises(UserError, match="expected a power"):
        detectable_slope(np.eye(2), [-1.0, 1.0], power=0.04)
