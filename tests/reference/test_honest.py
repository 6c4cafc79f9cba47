"""Sensitivity to parallel trends against published figures, moderndid and draws.

The Medicaid example of Rambachan and Roth's own packages, HonestDiD in R (README, commit 02b541b)
and honestdid in Stata (README, version 0.5.3). Both look for C-LF sets on a grid of 1,000 points
from -20 to 20 standard errors and simulate critical values: C-LF by 1,000 draws, FLCI by 10⁶.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from clusterstudy.did import honest, twfe
from clusterstudy.did.honest import relative_magnitudes, smoothness
from clusterstudy.did.panel import Panel

TABLE = pd.read_csv(Path(__file__).with_name("medicaid_event_study.csv"), comment="#")
ESTIMATE = TABLE["estimate"].to_numpy()
COVARIANCE = TABLE.filter(like="covariance").to_numpy()
TIMES = TABLE["time"].to_numpy()
FIRST, MEAN = [1.0, 0.0], [0.5, 0.5]
R_RELATIVE = {
    0.5: (0.0240, 0.0672),
    1.0: (0.0170, 0.0720),
    1.5: (0.00824, 0.0797),
    2.0: (-0.000916, 0.0881),
}
R_SMOOTH = {
    0.00: (0.0259, 0.0607),
    0.01: (0.0132, 0.0787),
    0.02: (0.00286, 0.0907),
    0.03: (-0.00714, 0.101),
    0.04: (-0.0171, 0.111),
    0.05: (-0.0271, 0.121),
}
STATA_RELATIVE_MEAN = {
    0.0: (0.041, 0.075),
    0.5: (0.033, 0.080),
    1.0: (0.020, 0.090),
    1.5: (0.006, 0.103),
    2.0: (-0.008, 0.117),
}


def grid(weights):
    """Return the points among which the packages look for a set."""
    post = COVARIANCE[-2:, -2:]
    return np.linspace(-20, 20, 1000) * np.sqrt(weights @ post @ weights)


def last_digit(figure):
    """Return the unit of the last of three significant digits."""
    return 10.0 ** (np.floor(np.log10(abs(figure))) - 2)


def test_relative_magnitudes_equal_r_to_the_last_digit_on_its_grid():
    sets = relative_magnitudes(ESTIMATE, COVARIANCE, TIMES, FIRST, list(R_RELATIVE)).sets
    points = grid(np.array(FIRST))
    for bound, published in R_RELATIVE.items():
        inside = points[(points >= sets.loc[bound, "low"]) & (points <= sets.loc[bound, "high"])]
        for ours, theirs in zip((inside.min(), inside.max()), published, strict=True):
            assert ours == pytest.approx(theirs, abs=0.51 * last_digit(theirs))


def test_relative_magnitudes_of_the_mean_effect_equal_stata_within_its_grid():
    sets = relative_magnitudes(
        ESTIMATE, COVARIANCE, TIMES, MEAN, list(STATA_RELATIVE_MEAN)
    ).sets.to_numpy()
    inward = (np.array(list(STATA_RELATIVE_MEAN.values())) - sets) * [1, -1]
    step = np.diff(grid(np.array(MEAN)))[0]
    assert (inward > -0.0005).all()
    assert (inward < step + 0.0005).all()


def test_smoothness_equals_r_within_rounding_and_its_simulated_quantile():
    sets = smoothness(ESTIMATE, COVARIANCE, TIMES, FIRST, list(R_SMOOTH)).sets
    for bound, published in R_SMOOTH.items():
        for ours, theirs in zip(sets.loc[bound], published, strict=True):
            assert ours == pytest.approx(theirs, abs=0.5 * last_digit(theirs) + 3e-5)


def test_breakdown_values_lie_where_rs_sets_begin_to_hold_zero():
    relative = relative_magnitudes(ESTIMATE, COVARIANCE, TIMES, FIRST)
    assert 1.5 < relative.breakdown < 2
    assert 0.02 < smoothness(ESTIMATE, COVARIANCE, TIMES, FIRST, [0.01]).breakdown < 0.03


def test_the_event_study_follows_from_the_data():
    moderndid = pytest.importorskip("moderndid", reason="needs the validation extra")
    data = moderndid.load_ehec().to_pandas()
    data = data[(data["year"] < 2016) & (data["yexp2"] != 2015)]
    outcome = data.pivot(index="stfips", columns="year", values="dins")
    expansion = data.groupby("stfips")["yexp2"].first()
    cohort = np.where(expansion == 2014, 2014.0, np.inf)
    ours = twfe.event_study(Panel(outcome.to_numpy(), cohort, outcome.columns.to_numpy()))
    np.testing.assert_allclose(ours.label + 1, TIMES)
    np.testing.assert_allclose(ours.estimate, ESTIMATE, atol=1e-9)
    n = outcome.size
    fixest = ours.covariance * (n - 14) / (n - 15)  # it counts the constant
    np.testing.assert_allclose(fixest, COVARIANCE, rtol=1e-8)


@pytest.mark.parametrize("seed", range(6))
def test_the_hybrid_test_decides_as_moderndids_by_linear_programs(seed, monkeypatch):
    """Of its relative-magnitude bounds only the test is compared: they leave a period out."""
    pytest.importorskip("moderndid", reason="needs the validation extra")
    monkeypatch.setitem(sys.modules, "cvxpy", ModuleType("cvxpy"))  # only its FLCI uses it
    arp = pytest.importorskip("moderndid.didhonest.arp_nuisance")
    rng = np.random.default_rng(seed)
    pre, post = 1 + seed % 4, 2 + seed % 2
    root = rng.normal(size=(pre + post, pre + post + 3))
    sigma = root @ root.T
    beta = rng.multivariate_normal(np.zeros(pre + post), sigma)
    weights = np.full(post, 1 / post) if seed % 3 else rng.normal(size=post)
    jump = np.zeros(pre + post + 1)
    jump[rng.integers(pre) + np.arange(2)] = [-1, 1]
    cap = rng.choice([0.5, 1, 2]) * np.delete(jump, pre)
    ours = honest._Test.of(sigma, weights, cap, 0.95)
    jumps = np.delete(np.diff(np.eye(pre + post + 1), axis=0)[pre:], pre, axis=1)
    A = np.vstack([jumps - cap, -jumps - cap])
    basis = np.vstack([weights, np.eye(post)[1:]])
    A_theta, *A_nuisance = (A[:, pre:] @ np.linalg.inv(basis)).T
    sd = np.sqrt(weights @ sigma[pre:, pre:] @ weights)
    theta = weights @ beta[pre:] + sd * np.linspace(-5, 5, 17)
    rejected = [
        arp.lp_conditional_test(
            A @ beta - A_theta * value,
            np.column_stack(A_nuisance),
            A @ sigma @ A.T,
            hybrid_flag="LF",
            hybrid_list={"hybrid_kappa": 0.005, "lf_cv": ours.critical},
        )["reject"]
        for value in theta
    ]
    np.testing.assert_array_equal(ours.accepts(beta, theta), ~np.array(rejected))


def test_the_least_favourable_critical_value_is_exceeded_as_often_as_it_says():
    cap = np.array([-1.0, 1, 0, 0, 0, 0, 0])
    test = honest._Test.of(COVARIANCE, np.array(MEAN), cap, 0.95)
    rng = np.random.default_rng(1)
    draws = rng.multivariate_normal(np.zeros(7), COVARIANCE, size=400_000) @ test.form.T
    assert np.mean(draws.max(axis=1) > test.critical) == pytest.approx(0.005, abs=4e-4)
