"""What must hold for group-time effects whatever the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterstudy.did.group_time import group_time
from clusterstudy.errors import UserError

PERIODS = np.arange(2001.0, 2006.0)
seeds = st.integers(0, 10_000)


def panel(seed: int, n: int = 120) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    cohort = rng.permutation(np.repeat([np.inf, 2003.0, 2004.0], [n // 2, n // 4, n // 4]))
    x = rng.normal(size=(n, 1)) + 0.3 * np.isfinite(cohort)[:, None]
    outcome = rng.normal(size=(n, 1)) + rng.normal(size=(n, 5)) + x * np.arange(5) / 5
    outcome += 0.5 * (cohort[:, None] <= PERIODS)
    return {"outcome": outcome, "cohort": cohort, "covariates": x}


def effects(data: dict[str, np.ndarray], **options):
    result = group_time(periods=PERIODS, **data, **options).aggregate("dynamic")
    return np.column_stack([result.estimate, result.se])


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_unit_effects_and_common_shocks_change_nothing(seed):
    data = panel(seed)
    rng = np.random.default_rng(seed)
    shifted = data["outcome"] + rng.normal(size=(120, 1)) + rng.normal(size=(1, 5))
    np.testing.assert_allclose(effects({**data, "outcome": shifted}), effects(data), atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(seeds, st.floats(0.01, 100))
def test_the_unit_of_the_outcome_scales_estimates_and_errors(seed, scale):
    data = panel(seed)
    scaled = effects({**data, "outcome": data["outcome"] * scale})
    np.testing.assert_allclose(scaled, effects(data) * scale, rtol=1e-7, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_the_order_of_units_and_equal_weights_change_nothing(seed):
    data = panel(seed)
    order = np.random.default_rng(seed).permutation(120)
    permuted = effects({name: values[order] for name, values in data.items()})
    np.testing.assert_allclose(permuted, effects(data), atol=1e-9)
    np.testing.assert_allclose(effects(data, weights=np.full(120, 3.0)), effects(data), atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_a_unit_that_is_out_of_the_sample_counts_for_nothing(seed):
    data = panel(seed)
    more = {
        "outcome": np.vstack([data["outcome"], np.full((7, 5), 9.0)]),
        "cohort": np.r_[data["cohort"], np.full(7, np.nan)],
        "covariates": np.vstack([data["covariates"], np.ones((7, 1))]),
    }
    np.testing.assert_allclose(effects(more), effects(data), atol=1e-9)


def test_what_cannot_be_estimated_says_why():
    data = panel(1)
    alone = np.where(np.isfinite(data["cohort"]), data["cohort"], np.nan)
    with pytest.raises(UserError, match="no effect can be estimated: too few controls"):
        effects({**data, "cohort": alone})
    one = np.full(120, np.inf)
    one[0] = 2003.0
    with pytest.raises(UserError, match="fewer than two treated"):
        effects({**data, "cohort": one})
    split = {**data, "covariates": 10.0 * np.isfinite(data["cohort"])[:, None]}
    with pytest.raises(UserError, match=r"collinear|overlap"):
        effects(split)
    with pytest.raises(UserError, match="missing for every unit"):
        effects({**data, "outcome": np.full((120, 5), np.nan)})
    with pytest.raises(UserError, match="units x periods"):
        effects({**data, "outcome": data["outcome"][:, :4]})


def test_units_treated_in_the_first_period_serve_as_nothing():
    data = panel(2)
    always = {**data, "cohort": np.r_[2001.0, data["cohort"][1:]]}
    out = {**data, "cohort": np.r_[np.nan, data["cohort"][1:]]}
    np.testing.assert_allclose(effects(always), effects(out), atol=1e-12)


@pytest.mark.parametrize("method", ["dr", "ipw", "or"])
@pytest.mark.parametrize("control", ["never", "not_yet"])
@pytest.mark.slow
def test_intervals_cover_a_known_truth(method, control):
    truth, replications = 0.5, 200
    covered = 0
    for seed in range(replications):
        data = panel(seed, n=240)
        simple = group_time(periods=PERIODS, **data, method=method, control=control)
        result = simple.aggregate("simple")
        covered += abs(result.estimate[0] - truth) <= 1.96 * result.se[0]
    assert 0.92 <= covered / replications <= 0.98
