"""Adjusted p-values keep their promise under the null and find more than Holm where they can."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from statsmodels.stats.multitest import multipletests

from clusterstudy.did.estimates import Estimates
from clusterstudy.did.multiplicity import adjusted, romano_wolf

HYPOTHESES = 5


def family(seed: int, correlation: float, effects: float = 0.0, n: int = 300) -> Estimates:
    """Return the means of ``HYPOTHESES`` correlated outcomes of n units."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, 1))
    own = rng.normal(size=(n, HYPOTHESES))
    values = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own + effects
    mean = values.mean(axis=0)
    return Estimates.from_influence(pd.Index(range(HYPOTHESES)), mean, (values - mean) / n)


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_any_false_finding_is_as_rare_as_promised(correlation):
    """400 draws: the Monte Carlo standard error of a rate of 5 % is 1.1 points."""
    found = [adjusted(family(seed, correlation), seed=1, draws=299) for seed in range(400)]
    wrong = np.mean([(each["romano_wolf"] <= 0.05).any() for each in found])
    alone = np.mean([(each["p"] <= 0.05).any() for each in found])
    assert 0.02 < wrong < 0.08
    assert alone > 0.10


def test_dependent_hypotheses_cost_less_than_holm_asks():
    table = adjusted(family(3, correlation=0.9, effects=0.13), seed=1)
    holm = multipletests(table["p"], method="holm")[1]
    assert (table["romano_wolf"] < holm).all()
    assert (table["romano_wolf"] >= table["p"]).all()


def test_independent_hypotheses_cost_what_independence_asks():
    """Holm's steps with Šidák's exact probability for independent hypotheses."""
    table = adjusted(family(11, correlation=0.0, effects=0.12), seed=1)
    exact = multipletests(table["p"], method="holm-sidak")[1]
    np.testing.assert_allclose(table["romano_wolf"], exact, atol=0.02)


def test_one_hypothesis_needs_no_adjustment():
    one = family(5, correlation=0.0).combine(np.eye(HYPOTHESES)[:1], ["only"])
    row = adjusted(one, seed=1).loc["only"]
    assert row["romano_wolf"] == pytest.approx(row["p"], abs=0.02)
    assert row["fdr"] == row["p"]


def test_a_reference_without_error_is_no_hypothesis():
    whole = family(5, correlation=0.0)
    both = whole.combine(np.vstack([np.zeros(HYPOTHESES), np.eye(HYPOTHESES)]), ["ref", *"abcde"])
    table = adjusted(both, seed=1)
    assert table.loc["ref"].isna().all()
    pd.testing.assert_frame_equal(
        table.iloc[1:].reset_index(drop=True), adjusted(whole, seed=1).reset_index(drop=True)
    )


@given(
    hnp.arrays(float, 4, elements=st.floats(0, 5)),
    hnp.arrays(float, (20, 4), elements=st.floats(0, 5)),
)
def test_step_down_is_monotone_and_lies_between_single_and_single_step(t, drawn):
    order = np.argsort(-t)
    p = romano_wolf(t, drawn)[order]
    single = (1 + (drawn >= t).sum(axis=0))[order] / 21
    single_step = (1 + (drawn.max(axis=1)[:, None] >= t).sum(axis=0))[order] / 21
    assert ((single <= p) & (p <= single_step)).all()
    assert (np.diff(p) >= 0).all()
