"""What robust sets must do whatever the event study is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from clusterstudy.did.honest import relative_magnitudes, smoothness
from clusterstudy.errors import UserError

few = settings(max_examples=12, deadline=None)
BOUNDS = {relative_magnitudes: [0.0, 0.5, 1.0, 3.0], smoothness: [0.0, 0.1, 0.3, 2.0]}
methods = st.sampled_from(list(BOUNDS))


@st.composite
def studies(draw):
    """Draw estimates, covariance, times and weights."""
    pre, post = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    root = rng.normal(size=(pre + post, pre + post + 2)) / 4
    times = np.delete(np.arange(-pre, post + 1), pre)
    weights = draw(
        st.sampled_from([np.full(post, 1 / post), np.eye(post)[-1], rng.normal(size=post)])
    )
    return rng.normal(size=pre + post), root @ root.T, times, weights


@few
@given(methods, studies())
def test_sets_widen_with_the_violation_allowed(method, study):
    sets = method(*study, BOUNDS[method]).sets
    assert (np.diff(sets["high"] - sets["low"]) > 0).all()


@few
@given(methods, studies())
def test_a_higher_level_never_narrows_a_set(method, study):
    wide, narrow = (method(*study, [0.5], level).sets.iloc[0] for level in (0.99, 0.9))
    assert wide["high"] - wide["low"] > narrow["high"] - narrow["low"]


@few
@given(methods, studies(), st.floats(1e-3, 1e6), st.sampled_from([-1, 1]))
def test_sets_scale_with_the_outcome_and_turn_with_its_sign(method, study, scale, sign):
    estimate, sigma, times, weights = study
    unit = 1 if method is relative_magnitudes else scale  # M̄ has no unit, M has the outcome's
    bounds = np.array(BOUNDS[method])
    before = method(*study, bounds)
    after = method(sign * scale * estimate, scale**2 * sigma, times, weights, unit * bounds)
    ends = ["low", "high"] if sign > 0 else ["high", "low"]
    np.testing.assert_allclose(
        after.sets, sign * scale * before.sets[ends], atol=1e-5 * scale, rtol=0
    )
    assert after.breakdown == pytest.approx(unit * before.breakdown, rel=1e-4)


@few
@given(methods, studies(), st.floats(-10, 10))
def test_an_effect_moves_the_set_by_itself(method, study, effect):
    estimate, sigma, times, weights = study
    shifted = method(estimate + effect * (times > 0), sigma, times, weights, [0.5]).sets
    before = method(*study, [0.5]).sets
    np.testing.assert_allclose(shifted, before + effect * weights.sum(), atol=1e-5)


@few
@given(methods, studies())
def test_zero_enters_at_the_breakdown_value(method, study):
    breakdown = method(*study, [0.0]).breakdown
    below, above = (method(*study, [f * breakdown]).sets.iloc[0] for f in (0.99, 1.01))
    assert above["low"] <= 0 <= above["high"]
    assert breakdown == 0 or not below["low"] <= 0 <= below["high"]


@few
@given(studies())
def test_without_violation_relative_magnitudes_are_the_usual_interval(study):
    estimate, sigma, times, weights = study
    post = times > 0
    half = stats.norm.ppf(0.975) * np.sqrt(weights @ sigma[np.ix_(post, post)] @ weights)
    expected = weights @ estimate[post] + half * np.array([-1, 1])
    np.testing.assert_allclose(relative_magnitudes(*study, [0.0]).sets.iloc[0], expected, atol=1e-6)


@few
@given(studies())
def test_without_bends_smoothness_continues_the_trend(study):
    """Generalised least squares on a linear trend and one effect for each period after it."""
    estimate, sigma, times, weights = study
    post = times > 0
    X = np.column_stack([times, np.eye(len(times))[:, post]])
    bread = np.linalg.inv(X.T @ np.linalg.solve(sigma, X))
    coefficients = bread @ X.T @ np.linalg.solve(sigma, estimate)
    form = np.insert(weights, 0, 0.0)
    half = stats.norm.ppf(0.975) * np.sqrt(form @ bread @ form)
    expected = form @ coefficients + half * np.array([-1, 1])
    np.testing.assert_allclose(smoothness(*study, [0.0]).sets.iloc[0], expected, atol=1e-7)


@few
@given(studies(), st.floats(0.01, 2), st.integers(0, 2**32 - 1))
def test_no_other_weights_before_treatment_make_a_shorter_interval(study, bound, seed):
    _, sigma, times, weights = study
    row = smoothness(*study, [bound]).sets.iloc[0]
    pre = int((times < 0).sum())
    bends = np.delete(np.diff(np.eye(len(times) + 1), n=2, axis=0), pre, axis=1)
    slope = np.where(times == -1, -1.0, 0.0)
    to_bends = np.linalg.inv(np.vstack([slope, bends]))  # δ from its slope and bends
    rng = np.random.default_rng(seed)
    for _ in range(50):
        other = np.concatenate([rng.normal(size=pre), weights])
        other[pre - 1] += other @ times  # no bias from a linear trend
        sd = np.sqrt(other @ sigma @ other)
        bias = bound * np.abs((other @ to_bends)[1:]).sum()
        half = sd * np.sqrt(stats.ncx2.ppf(0.95, 1, (bias / sd) ** 2))
        assert row["high"] - row["low"] <= 2 * half + 1e-9


@pytest.mark.parametrize("method", list(BOUNDS))
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"times": [1, 2, 3]}, "a coefficient before and one after"),
        ({"times": [-3, -1, 1]}, r"expected the event times \[-2, -1, 1\]"),
        ({"weights": [0.0]}, "1 weights that are not all zero"),
        ({"weights": [1.0, 1.0]}, "1 weights"),
        ({"covariance": np.diag([1.0, 1.0, 0.0])}, "positive definite"),
        ({"covariance": np.eye(2)}, "positive definite"),
        ({"estimate": [0.0, np.nan, 1.0]}, "3 numbers"),
        ({"bounds": [-1.0]}, "not negative"),
        ({"level": 95}, "a level between 0 and 1"),
    ],
)
def test_what_cannot_be_answered_is_refused(method, changed, message):
    study = {
        "estimate": [0.0, 0.1, 1.0],
        "covariance": np.eye(3),
        "times": [-2, -1, 1],
        "weights": [1.0],
        "bounds": [1.0],
    }
    with pytest.raises(UserError, match=message):
        method(**{**study, **changed})
