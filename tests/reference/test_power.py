"""Minimum detectable effects against the domain's figures and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from clusterstudy.did.power import design_standard_error, mde
from clusterstudy.errors import UserError


@pytest.mark.parametrize(("treated", "percent"), [(110, 13), (1200, 4)])
def test_the_effects_that_the_programmes_samples_detect(treated, percent):
    """Yearly change in ln FTE with sd .45 and five controls a treated firm."""
    se = design_standard_error(0.45, treated, 5 * treated)
    assert round(100 * float(mde(se))) == percent


def test_a_t_test_has_the_power_asked_for_at_its_mde():
    treated, control = 11, 9
    se = design_standard_error(1.0, treated, control)
    effect = float(mde(se, df=treated + control - 2))
    power = TTestIndPower().power(effect, treated, 0.05, ratio=control / treated)
    assert power == pytest.approx(0.8, abs=1e-6)


def test_many_degrees_of_freedom_lead_to_the_normal_case():
    assert float(mde(1.0, df=1e6)) == pytest.approx(float(mde(1.0)), rel=1e-4)
    assert float(mde(1.0)) == pytest.approx(stats.norm.ppf(0.975) + stats.norm.ppf(0.8))


def test_attrition_and_covariates_move_the_error_as_sample_size_and_residual_variance_do():
    plain = design_standard_error(1.0, 80, 400)
    assert design_standard_error(1.0, 100, 500, attrition=0.2) == pytest.approx(plain)
    assert design_standard_error(1.0, 80, 400, r2=0.75) == pytest.approx(plain / 2)


def test_one_mde_per_standard_error():
    np.testing.assert_allclose(mde([[0.1, 0.2]]), [[0.280158, 0.560317]], atol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda: mde(0.1, level=0.1, power=0.8),
        lambda: design_standard_error(0.45, 0, 100),
        lambda: design_standard_error(0.45, 10, 100, attrition=1.0),
    ],
)
def test_what_is_no_design_is_said(call):
    with pytest.raises(UserError, match="expected"):
        call()
