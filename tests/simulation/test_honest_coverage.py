"""Robust sets hold the effect as often as they say, under the worst violation they allow."""

from __future__ import annotations

import numpy as np
import pytest

from clusterstudy.did.honest import relative_magnitudes, smoothness

TIMES = np.array([-2, -1, 1, 2])
SIGMA = 0.02 * (np.eye(4) + 1)
MEAN = [0.5, 0.5]


def coverage(method, violation, bound, repetitions):
    """Return how often sets hold an effect that is nil."""
    rng = np.random.default_rng(3)
    noise = rng.multivariate_normal(np.zeros(4), SIGMA, size=repetitions)
    sets = [method(violation + each, SIGMA, TIMES, MEAN, [bound]).sets.iloc[0] for each in noise]
    return np.mean([each["low"] <= 0 <= each["high"] for each in sets])


@pytest.mark.slow
def test_jumps_after_treatment_as_large_as_the_largest_before():
    violation = np.array([-1.0, 0.0, 1.0, 2.0])
    assert coverage(relative_magnitudes, violation, 1.0, 150) == pytest.approx(0.95, abs=0.03)
    assert coverage(relative_magnitudes, violation, 0.5, 30) < 0.5


@pytest.mark.slow
def test_bends_as_large_as_allowed_and_all_to_the_same_side():
    violation = np.array([0.2, 0.0, 0.2, 0.6])
    assert coverage(smoothness, violation, 0.2, 250) == pytest.approx(0.95, abs=0.03)
    assert coverage(smoothness, violation, 0.0, 100) < 0.6
