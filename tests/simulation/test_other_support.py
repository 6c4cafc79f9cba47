"""Other support is a confounder of the demo: ignored it biases by a known amount, given it not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.demo import generate, truth
from clusterstudy.impact import effects, support
from clusterstudy.impact.design import Design, design
from clusterstudy.panel.successions import read, units
from clusterstudy.params import ImpactParameters

P = ImpactParameters()
CHOICES = effects.Choices(P.method, P.control, P.level, P.power, P.least_treated)
NAMES = ("cluster", "dose", "covariates", "programme_start", "first_year", "anticipation")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return the demo of the default size, as known on the day that notebooks take by default."""
    folder = generate(tmp_path_factory.mktemp("demo") / "demo")
    return Dataset(folder, date.fromisoformat(P.as_of))


@pytest.fixture(scope="module")
def made(data):
    """The design under each choice, nothing winsorised."""
    chosen = {name: getattr(P, name) for name in NAMES}
    return {
        name: design(data, "fte", **chosen, winsorise=0.0, other_programmes=name)
        for name in support.CHOICES
    }


@pytest.fixture(scope="module")
def compared(made):
    return support.compare(made, CHOICES).set_index("group")


def lifted(data, study: Design) -> np.ndarray:
    """Return what earlier support has added to ln FTE, shape (n, t), as the truth tells it."""
    told = truth.read(data.folder, "support").set_index(["part", "term"])["value"]
    since = np.maximum(study.arrays.periods - P.programme_start + 1, 0)
    before = study.firms.firms["supported"].to_numpy()[:, None]
    return told["trend_ln_fte_since", "some_before"] * before * since


def bias(data, study: Design) -> float:
    """Return the estimate of an effect on what support alone has added: the known bias."""
    there = np.where(np.isfinite(study.arrays.outcome), lifted(data, study), np.nan)
    alone = replace(study, arrays=replace(study.arrays, outcome=there))
    return float(effects.estimate(alone, CHOICES).simple().overall.estimate[0])


def test_new_entrants_had_more_support_before_and_have_more_since(made):
    told = support.received(made["ignore"]).set_index("when")
    assert told["n"].sum() == made["ignore"].chosen.sum()
    assert told["n_comparison"].sum() == made["ignore"].comparison.sum()
    assert told.loc["before", "share"] > 3 * told.loc["before", "share_comparison"]
    new = told.loc["since"] / (told.loc["since"] + told.loc["neither"])
    assert new["share"] > new["share_comparison"]


def test_ignoring_it_biases_by_the_known_amount_and_conditioning_removes_it(data, made, compared):
    known = bias(data, made["ignore"])
    assert known > 0.005  # as much as the true effect
    assert abs(bias(data, made["covariate"])) < known / 100
    row = compared.loc["covariate"]
    assert row["difference_high"] < 0
    assert row["difference_low"] < -known < row["difference_high"]


@pytest.mark.parametrize("choice", ["covariate", "exclude"])
def test_with_it_taken_into_account_the_interval_holds_the_truth(data, made, compared, choice):
    study = made[choice]
    cvr, years = study.firms.firms["cvr"].to_numpy(), study.arrays.periods
    known = truth.read(data.folder, "firm_effects")
    true = truth.effects_of(known, "fte", cvr, years, units(read(data)))[study.entered]
    outcome, cohort = study.arrays.outcome[study.entered], study.arrays.cohort[study.entered]
    target = truth.att(true, outcome, cohort, years)
    assert compared.loc[choice, "low"] < target < compared.loc[choice, "high"]


def test_firms_left_out_are_those_with_support_at_any_time(made):
    firms = made["exclude"].firms.firms
    assert not (firms["supported"] > 0).any()
    assert not firms["supported_since"].any()
    told = support.received(made["ignore"]).set_index("when")
    assert made["exclude"].chosen.sum() == told.loc["neither", "n"]


def test_the_difference_knows_that_the_choices_share_firms(compared):
    row = compared.loc["covariate"]
    apart = row["difference_high"] - row["difference_low"]
    assert apart < (row["high"] - row["low"]) / 2
    whole = compared.loc["ignore"]
    assert row["difference"] == pytest.approx(row["estimate"] - whole["estimate"])
