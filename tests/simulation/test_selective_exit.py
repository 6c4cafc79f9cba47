"""Lee's bounds: hand-made cases, Lee's variance, and the truth inside them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from clusterstudy.did.lee import imbens_manski, lee_bounds
from clusterstudy.errors import UserError

EFFECT = 0.3


def selected(rng: np.random.Generator, n: int, kept: float, *, weak: bool = True):
    """Return outcomes in which treatment keeps in some of the weakest (or strongest) controls."""
    treated = rng.random(n) < 0.5
    y = rng.normal(size=n)
    leaves = y < norm.ppf(1 - kept) if weak else y > norm.ppf(kept)
    outcome = np.where(leaves & ~treated, np.nan, y + EFFECT * treated)
    return outcome, treated


def test_a_case_worked_by_hand():
    """Four of four treated stay, two of four controls: half of the treated are cut."""
    outcome = np.array([1.0, 2.0, 3.0, 6.0, 1.0, 3.0, np.nan, np.nan])
    bounds = lee_bounds(outcome, np.arange(8) < 4)
    np.testing.assert_allclose(bounds.estimate, [1.5 - 2.0, 4.5 - 2.0])
    turned = lee_bounds(outcome, np.arange(8) >= 4)
    np.testing.assert_allclose(turned.estimate, [-2.5, 0.5])


def test_without_selection_both_bounds_are_the_difference_of_means():
    rng = np.random.default_rng(1)
    y, treated = rng.normal(size=100), np.arange(100) < 40
    y[[0, 1, 40, 41, 42]] = np.nan
    bounds = lee_bounds(y, treated)
    stays = np.isfinite(y)
    difference = y[stays & treated].mean() - y[stays & ~treated].mean()
    np.testing.assert_allclose(bounds.estimate, difference)


def test_a_weight_of_two_counts_as_two_units():
    rng = np.random.default_rng(2)
    outcome, treated = selected(rng, 60, 0.8)
    twice = np.arange(60) % 3 == 0
    weighted = lee_bounds(outcome, treated, 1.0 + twice)
    repeated = lee_bounds(np.r_[outcome, outcome[twice]], np.r_[treated, treated[twice]])
    np.testing.assert_allclose(weighted.estimate, repeated.estimate)


def test_standard_errors_are_those_of_lees_proposition_3():
    rng = np.random.default_rng(3)
    y, d = selected(rng, 4000, 0.8)
    stays = np.isfinite(y)
    bounds = lee_bounds(y, d)
    q1, q0 = stays[d].mean(), stays[~d].mean()
    p, share = 1 - q0 / q1, d.mean()
    cut = np.quantile(y[d & stays], 1 - p)
    lower = y[d & stays & (y <= cut)]
    of_p = (1 - p) ** 2 * ((1 - q0) / q0 / (1 - share) + (1 - q1) / q1 / share)
    variance = (lower.var() + p * (cut - lower.mean()) ** 2) / (q1 * share * (1 - p))
    variance += ((cut - lower.mean()) / (1 - p)) ** 2 * of_p
    variance += y[~d & stays].var() / (q0 * (1 - share))
    assert bounds.se[0] == pytest.approx(np.sqrt(variance / len(y)), rel=0.01)


def test_weighted_standard_errors_are_the_spread_of_the_bounds_over_draws():
    """300 draws with entry and staying by a covariate: their spread is known to 4 %."""
    rng = np.random.default_rng(5)
    found, errors = [], []
    for _ in range(300):
        x = rng.normal(size=800)
        odds = np.exp(0.8 * x - 0.5)
        treated = rng.random(800) < odds / (1 + odds)
        y = 0.5 * x + rng.normal(size=800) + EFFECT * treated
        leaves = rng.random(800) < np.where(treated, 0.1, 0.25)
        bounds = lee_bounds(np.where(leaves, np.nan, y), treated, np.where(treated, 1.0, odds))
        found.append(bounds.estimate)
        errors.append(bounds.se)
    spread = np.std(found, axis=0, ddof=1)
    np.testing.assert_allclose(np.mean(errors, axis=0), spread, rtol=0.12)


@pytest.mark.parametrize("weak", [True, False])
def test_intervals_hold_the_effect_as_often_as_promised(weak):
    """200 draws at the edge of the set: the Monte Carlo standard error is 1.5 points."""
    rng = np.random.default_rng(4)
    held, naive = [], []
    for _ in range(200):
        outcome, treated = selected(rng, 600, 0.85, weak=weak)
        bounds = lee_bounds(outcome, treated)
        low, high = imbens_manski(bounds)
        held.append(low < EFFECT < high)
        stays = np.isfinite(outcome)
        naive.append(outcome[stays & treated].mean() - outcome[stays & ~treated].mean())
        assert bounds.estimate[0] <= naive[-1] <= bounds.estimate[1]
    assert 0.90 < np.mean(held) < 0.99
    assert abs(np.mean(naive) - EFFECT) > 0.2


def test_an_interval_for_a_point_is_two_sided_and_for_a_wide_set_one_sided():
    outcome = np.r_[np.tile([-1.0, 1.0], 50), np.tile([-1.0, 1.0], 50)]
    bounds = lee_bounds(outcome, np.arange(200) < 100)
    low, high = imbens_manski(bounds)
    np.testing.assert_allclose([low, high], bounds.interval()[0], rtol=1e-6)
    outcome[:60] = np.nan
    wide = lee_bounds(outcome + np.random.default_rng(1).normal(size=200), np.arange(200) < 100)
    low, high = imbens_manski(wide)
    assert (wide.estimate[0] - low) / wide.se[0] == pytest.approx(norm.ppf(0.95), abs=1e-3)


def test_a_group_of_which_nobody_stays_is_not_estimable():
    with pytest.raises(UserError, match="stay"):
        lee_bounds(np.array([1.0, 2.0, np.nan, np.nan]), np.array([True, True, False, False]))
