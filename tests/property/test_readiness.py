"""What must hold of a composite index and of its uncertainty, whatever the values."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clusterstudy.readiness import uncertainty
from clusterstudy.readiness.declaration import read_indicators
from clusterstudy.readiness.index import AGGREGATIONS, NORMALISATIONS, aggregate, normalise, rank

INDICATORS = read_indicators()
K = len(INDICATORS)
LOW, HIGH = INDICATORS["goalpost_low"].to_numpy(), INDICATORS["goalpost_high"].to_numpy()
SIGN = np.where(INDICATORS["direction"] == "higher", 1, -1)
ONE_GROUP = np.ones((K, 1), dtype=bool)

shares = hnp.arrays(float, (11, K), elements=st.integers(0, 20).map(lambda i: i / 20))
units = shares.map(lambda share: LOW + share * (HIGH - LOW))
weightings = hnp.arrays(float, K, elements=st.floats(0.1, 10))
normalisations = st.sampled_from(NORMALISATIONS)
aggregations = st.sampled_from(AGGREGATIONS)


def frame(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, [f"C{i:02d}" for i in range(len(values))], INDICATORS.index)


@given(units, normalisations, aggregations, weightings, st.integers(0, 10), st.integers(0, K - 1))
def test_a_better_value_never_lowers_a_score(values, norm, agg, weights, i, j):
    better = values.copy()
    better[i, j] += SIGN[j] * 0.1 * (HIGH - LOW)[j]
    before, after = (normalise(x, norm, SIGN, LOW, HIGH) for x in (values, better))
    assert after[i, j] >= before[i, j] - 1e-9
    changed = before.copy()
    changed[i, j] = after[i, j]
    old, new = (aggregate(x, weights, ONE_GROUP, agg)[:, 0] for x in (before, changed))
    assert new[i] >= old[i] - 1e-9


@given(units, st.floats(0.01, 100), st.floats(-50, 50))
def test_min_max_scores_do_not_depend_on_the_unit(values, scale, shift):
    scores = normalise(values, "min_max", SIGN)
    np.testing.assert_allclose(
        normalise(values * scale + shift, "min_max", SIGN), scores, rtol=0, atol=1e-6
    )


@given(units, normalisations)
def test_scores_lie_between_0_and_100_and_turn_with_the_direction(values, norm):
    scores = normalise(values, norm, SIGN, LOW, HIGH)
    assert ((scores >= 0) & (scores <= 100)).all()
    turned = normalise(values, norm, -SIGN, LOW, HIGH)
    np.testing.assert_allclose(scores + turned, 100)


@given(shares, aggregations, weightings, st.floats(0.01, 100))
def test_only_the_proportions_of_weights_count(levels, agg, weights, scale):
    scores = 100 * levels
    np.testing.assert_allclose(
        aggregate(scores, scale * weights, ONE_GROUP, agg),
        aggregate(scores, weights, ONE_GROUP, agg),
    )


@given(shares, weightings)
def test_geometric_is_at_most_arithmetic_is_at_most_the_best(levels, weights):
    scores = 1 + 99 * levels
    low, middle, high = (
        aggregate(scores, weights, ONE_GROUP, agg) for agg in ("geometric", "arithmetic", "any")
    )
    assert (low <= middle + 1e-9).all()
    assert (middle <= high + 1e-9).all()


@given(shares, weightings, aggregations, st.integers(0, K - 1))
def test_the_weight_of_a_gap_goes_to_the_rest(levels, weights, agg, j):
    scores = 100 * levels
    gap = scores.copy()
    gap[:, j] = np.nan
    kept = np.arange(K) != j
    np.testing.assert_allclose(
        aggregate(gap, weights, ONE_GROUP, agg),
        aggregate(scores[:, kept], weights[kept], ONE_GROUP[kept], agg),
    )


@given(hnp.arrays(float, 11, elements=st.integers(0, 5).map(float)))
def test_ranks_are_those_of_pandas(scores):
    expected = pd.Series(scores).rank(ascending=False, method="average")
    np.testing.assert_array_equal(rank(scores), expected)


@settings(max_examples=25)
@given(units, st.integers(0, 2**32 - 1))
def test_probabilities_sum_to_one_and_intervals_hold_their_median(values, seed):
    table = frame(values)
    found = uncertainty.simulate(table, table * 0 + 0.1, INDICATORS, 200, seed)
    np.testing.assert_allclose(found.segment_probabilities().sum(axis=1), 1)
    ranks = found.rank_intervals()
    assert (ranks["low"] <= ranks["median"]).all()
    assert (ranks["median"] <= ranks["high"]).all()
    assert ranks.min().min() >= 1
    assert ranks.max().max() <= 11
    np.testing.assert_allclose(found.ranks.sum(axis=1), 66)


@settings(max_examples=25)
@given(units, st.permutations(range(11)))
def test_the_order_of_clusters_does_not_matter(values, order):
    table = frame(values)
    errors = table * 0
    straight = uncertainty.simulate(table, errors, INDICATORS, 100, seed=1)
    turned = uncertainty.simulate(table.iloc[order], errors, INDICATORS, 100, seed=1)
    np.testing.assert_array_equal(turned.ranks, straight.ranks[:, order])
    np.testing.assert_array_equal(turned.margins, straight.margins[:, order])


@settings(max_examples=25)
@given(units, st.floats(0.05, 20))
def test_the_unit_of_an_indicator_does_not_matter(values, scale):
    table = frame(values)
    columns = ["goalpost_low", "bar", "goalpost_high"]
    rescaled = INDICATORS.assign(**{name: INDICATORS[name] * scale for name in columns})
    one = uncertainty.simulate(table, table * 0, INDICATORS, 100, seed=1)
    other = uncertainty.simulate(table * scale, table * 0, rescaled, 100, seed=1)
    np.testing.assert_allclose(other.scores, one.scores, atol=1e-6)
    np.testing.assert_allclose(other.margins, one.margins, atol=1e-6)


@given(normalisations, st.floats(0, 1))
def test_equal_values_get_equal_scores(norm, share):
    scores = normalise(np.tile(LOW + share * (HIGH - LOW), (11, 1)), norm, SIGN, LOW, HIGH)
    level = np.where(SIGN > 0, 100 * share, 100 - 100 * share) if norm == "goalposts" else 50
    np.testing.assert_allclose(scores, np.broadcast_to(level, scores.shape), atol=1e-9)
