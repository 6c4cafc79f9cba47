"""The specification curve: every combination once, and the report's own estimate among them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
import pandas as pd
import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.demo import generate
from clusterstudy.errors import UserError
from clusterstudy.impact import curve, design, effects
from clusterstudy.panel.build import NoFirmsError
from clusterstudy.params import ImpactParameters, load_study
from clusterstudy.sources import open_dataset

pytestmark = pytest.mark.slow

PRIMARY = {
    "method": "dr",
    "control": "never",
    "anticipation": 0,
    "covariates": ["size", "growth"],
    "winsorise": 0.01,
    "other_programmes": "covariate",
}
CHOICES = effects.Choices("dr", "never", 0.95, 0.8, 20)


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    data = Dataset(generate(tmp_path_factory.mktemp("curve") / "demo", firms=1500))
    designed = partial(
        design.design,
        data,
        "fte",
        cluster="programme",
        dose="any",
        programme_start=2025,
        first_year=2020,
        anticipation=0,
    )
    return lambda covariates, share, other: designed(
        covariates=covariates, winsorise=share, other_programmes=other
    )


def test_every_combination_is_there_once_and_the_primary_is_the_reports(make):
    declared = curve.Declared([0, 1], ["none", "growth+size", "size"], [0.0, 0.01], ["ignore"])
    found = curve.curve(make, CHOICES, PRIMARY, declared)
    assert not found.duplicated(list(curve.CHOICES)).any()
    methods = 3 * 3 + 2 * 3 + 1  # support given, ignored, and the one without any covariate
    assert len(found) == methods * 2 * 2 * 2
    assert found["estimate"].dropna().is_monotonic_increasing
    own = found[found["primary"]].iloc[0]
    study = make(["size", "growth"], 0.01, "covariate")
    reported = effects.estimate(study, CHOICES).simple().overall.table().iloc[0]
    np.testing.assert_allclose(own[["estimate", "se"]].astype(float), reported[["estimate", "se"]])


def test_a_set_of_covariates_that_no_firm_has_is_left_out_and_says_so(make):
    def without(covariates, share, other):
        if "region" in covariates:
            raise NoFirmsError("no firm is left in the sample")
        return make(covariates, share, other)

    sets = ["none", "region", "region+size"]
    declared = curve.Declared([0], sets, [0.0, 0.01], ["ignore"])
    found = curve.curve(without, CHOICES, PRIMARY, declared)
    left_out = found[found["reason"].notna()]
    assert left_out["covariates"].tolist() == ["region", "region+size"]
    assert left_out["estimate"].isna().all()
    assert not left_out["primary"].any()
    assert (left_out["reason"] == "no firm would be left that has all covariates").all()
    whole = curve.curve(make, CHOICES, PRIMARY, replace(declared, covariates=["none"]))
    pd.testing.assert_frame_equal(found[found["reason"].isna()][list(whole)], whole)

    def nobody(covariates, share, other):
        raise NoFirmsError("no firm is left in the sample")

    with pytest.raises(NoFirmsError):
        curve.curve(nobody, CHOICES, PRIMARY, declared)


def test_specifications_that_share_are_those_one_by_one(make):
    declared = curve.Declared([0, 1], ["growth+size"], [0.0, 0.01], ["covariate"])
    found = curve.curve(make, CHOICES, PRIMARY, declared)
    assert len(found) == 3 * 2 * 2 * 2
    for row in found.itertuples():
        study = make(["size", "growth"], row.winsorise, "covariate")
        study = replace(study, anticipation=row.anticipation)
        choices = replace(CHOICES, method=row.method, control=row.control)
        alone = effects.estimate(study, choices).simple().overall.table().iloc[0]
        np.testing.assert_allclose([row.estimate, row.se], alone[["estimate", "se"]], rtol=1e-8)


def test_the_reports_own_choices_are_added_where_they_are_not_declared(make):
    found = curve.curve(make, CHOICES, PRIMARY, curve.Declared([1], ["size"], [0.05], ["ignore"]))
    assert found["primary"].sum() == 1
    assert set(found["covariates"]) == {"size", "growth+size"}


def test_an_unknown_covariate_is_named(make):
    with pytest.raises(UserError, match="lucky"):
        curve.curve(make, CHOICES, PRIMARY, curve.Declared([0], ["lucky"], [0.0], ["ignore"]))


def test_a_report_that_leaves_supported_firms_out_tries_no_other_treatment_of_them(make):
    declared = curve.Declared([0], ["size"], [0.01], ["ignore", "covariate"])
    found = curve.curve(make, CHOICES, PRIMARY | {"other_programmes": "exclude"}, declared)
    assert set(found["other_programmes"]) == {"exclude"}
    own = found[found["primary"]].iloc[0]
    study = make(["size", "growth"], 0.01, "exclude")
    reported = effects.estimate(study, CHOICES).simple().overall.table().iloc[0]
    np.testing.assert_allclose(own[["estimate", "se"]].astype(float), reported[["estimate", "se"]])


def test_the_michigan_study_declares_a_curve_that_its_three_years_can_carry():
    study, _ = load_study("michigan")
    p = ImpactParameters(outcome="scrap_rate", **study.runs[0].set)
    data = open_dataset(study.data, date.fromisoformat(study.as_of))
    names = ("cluster", "dose", "programme_start", "first_year", "anticipation")
    designed = partial(design.design, data, p.outcome, **{name: getattr(p, name) for name in names})
    found = curve.curve(
        lambda covariates, share, other: designed(
            covariates=covariates, winsorise=share, other_programmes=other
        ),
        effects.Choices(p.method, p.control, p.level, p.power, p.least_treated),
        {name: getattr(p, name) for name in curve.CHOICES},
        curve.Declared(
            p.curve_anticipation, p.curve_covariates, p.curve_winsorise, p.curve_other_programmes
        ),
    )
    assert np.isfinite(found.loc[found["primary"], "estimate"]).all()
