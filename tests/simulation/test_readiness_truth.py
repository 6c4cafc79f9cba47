"""Clusters whose readiness is known by construction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from clusterstudy.readiness import sensitivity, uncertainty
from clusterstudy.readiness.declaration import read_indicators
from clusterstudy.readiness.profile import UNRESOLVED, assign

INDICATORS = read_indicators()
CLAUSE = INDICATORS["clause"]


def value_at(place: pd.Series) -> pd.Series:
    """Return values at -1 (unfavourable goalpost), 0 (bar) to 1 (favourable goalpost)."""
    better = np.where(INDICATORS["direction"] == "higher", 1, -1) * place
    down = INDICATORS["bar"] - INDICATORS["goalpost_low"]
    up = INDICATORS["goalpost_high"] - INDICATORS["bar"]
    return INDICATORS["bar"] + better * np.where(better > 0, up, down)


def cluster(**places: float) -> pd.Series:
    """Return a cluster's values from its clauses' places; those not named lie at -0.8."""
    return value_at(CLAUSE.map(lambda clause: places.get(clause, -0.8)))


CLUSTERS = pd.DataFrame(
    {
        "by_fees": cluster(membership_fees=0.8, value_proposition=0.8),
        "by_associations": cluster(trade_associations=0.8, value_proposition=0.8),
        "by_field": cluster(private_advisers=0.8, value_proposition=0.8),
        "clear_without_clause": cluster(value_proposition=0.8),
        "clause_without_clarity": cluster(membership_fees=0.8),
        "nothing": cluster(),
        "field_alone": cluster(private_advisers=0.8),
        "borderline": cluster(membership_fees=0.0, value_proposition=0.0),
    }
).T
TRUTH = {
    "by_fees": "good",
    "by_associations": "good",
    "by_field": "good",
    "clear_without_clause": "mixed",
    "clause_without_clarity": "mixed",
    "nothing": "harder",
    "field_alone": "harder",
    "borderline": UNRESOLVED,
}
CERTAIN = CLUSTERS * 0.0


@pytest.fixture(scope="module")
def found():
    return uncertainty.simulate(CLUSTERS, CERTAIN, INDICATORS, 10_000, seed=2026)


def test_clear_clusters_get_their_segment_and_a_borderline_one_none(found):
    probabilities = found.segment_probabilities()
    assert assign(probabilities, 0.8).to_dict() == TRUTH
    clear = probabilities.drop("borderline")
    assert (clear.max(axis=1) > 0.99).all()


def test_good_preconditions_by_the_field_alone_are_told_apart(found):
    alone = found.context_only()
    assert alone["by_field"] > 0.99
    assert (alone.drop(["by_field", "borderline"]) < 0.01).all()


def test_where_all_indicators_agree_no_choice_moves_a_rank():
    places = np.linspace(-0.75, 0.75, 7)
    agreeing = pd.DataFrame({p: value_at(pd.Series(p, INDICATORS.index)) for p in places}).T
    ranks = uncertainty.simulate(agreeing, agreeing * 0, INDICATORS, 2_000, seed=1).rank_intervals()
    np.testing.assert_array_equal(ranks["low"], np.arange(7, 0, -1))
    np.testing.assert_array_equal(ranks["high"], np.arange(7, 0, -1))
    shares = sensitivity.sobol(agreeing, agreeing * 0, INDICATORS, seed=1, base=64)
    assert shares.loc[shares["output"] == "shift", "total"].isna().all()


def test_sampling_error_gives_the_probability_that_the_mean_is_above_the_bar():
    single = INDICATORS.drop(index="value_proposition_score")
    values = CLUSTERS.loc[["by_fees"], single.index].copy()
    errors = values * 0.0
    values["satisfaction"], errors["satisfaction"] = 3.6, 0.1
    drawn = uncertainty.simulate(values, errors, single, 20_000, seed=3, band=0)
    assert drawn.segment_probabilities().loc["by_fees", "good"] == pytest.approx(
        norm.cdf(1), abs=0.01
    )


def test_the_choice_that_alone_can_move_a_rank_carries_its_variance():
    pair = CLUSTERS.loc[["by_field", "by_fees"], :].copy()
    pair.loc["by_fees"] = cluster(membership_fees=0.8, trade_associations=0.8)
    pair.loc["by_field"] = cluster(
        membership_fees=0.7, trade_associations=0.7, private_advisers=1.0
    )
    shares = sensitivity.sobol(pair, pair * 0, INDICATORS, seed=1, cluster="by_field")
    shift = shares[shares["output"] == "shift"].set_index("choice")
    assert shift["first"].idxmax() == "context"
    assert (shift["total"] >= shift["first"] - shift["first_error"]).all()
