"""Second opinions on the report's firms: each is what it says, differences have their errors."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
import pandas as pd
import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.demo import generate
from clusterstudy.did import twfe
from clusterstudy.did.group_time import group_time
from clusterstudy.did.imputation import imputation
from clusterstudy.did.saturated import poisson, sun_abraham
from clusterstudy.errors import UserError
from clusterstudy.impact import effects, opinions
from clusterstudy.impact.design import Design, design
from clusterstudy.panel import successions
from clusterstudy.params import ImpactParameters

P = ImpactParameters()
CHOICES = effects.Choices(P.method, P.control, P.level, P.power, P.least_treated)


def designed(folder, cluster: str = "programme", outcome: str = "fte", **more) -> Design:
    names = ("dose", "covariates", "programme_start", "first_year", "winsorise", "anticipation")
    chosen = {name: getattr(P, name) for name in names}
    return design(Dataset(folder, date(2029, 12, 31)), outcome, cluster=cluster, **chosen, **more)


def said(study: Design, choices: effects.Choices = CHOICES, levels=None) -> opinions.Opinions:
    main = effects.estimate(study, choices)
    shown = effects.dynamic(main, choices, P.leads)
    return opinions.opinions(study, choices, main, shown, levels=levels, seed=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("demo") / "demo", firms=4000)


@pytest.fixture(scope="module")
def study(folder):
    return designed(folder)


@pytest.fixture(scope="module")
def levels(study, folder):
    return opinions.in_levels(study, Dataset(folder), "fte")


@pytest.fixture(scope="module")
def found(study, levels):
    return said(study, levels=levels)


def test_each_opinion_is_what_it_says(study, levels, found):
    arrays = study.arrays  # the programme's run leaves no firm out
    plain = replace(arrays, covariates=None)
    direct = {
        "main": group_time(arrays, base="universal"),
        "not_yet": group_time(arrays, base="universal", control="not_yet"),
        "ipw": group_time(arrays, base="universal", method="ipw"),
        "or": group_time(arrays, base="universal", method="or"),
        "anticipation": group_time(arrays, base="universal", anticipation=1),
        "imputation_given": imputation(arrays),
        "unconditional": group_time(plain, base="universal"),
        "sun_abraham": sun_abraham(plain),
        "imputation": imputation(plain),
        "poisson": poisson(replace(arrays, outcome=levels)),
    }
    overall = {name: each.simple().overall for name, each in direct.items()}
    overall["twfe"] = twfe.static(plain)
    rows = found.overall.set_index("opinion")
    assert rows.index.tolist() == list(opinions.OPINIONS)
    assert set(overall) == set(rows.index) - {opinions.SYNTHETIC}
    for name, each in overall.items():
        assert rows.loc[name, "estimate"] == pytest.approx(each.estimate[0], rel=1e-9)
        assert rows.loc[name, "se"] == pytest.approx(each.se[0], rel=1e-9)


def test_differences_are_surer_than_two_intervals_side_by_side(found):
    rows = found.overall.set_index("opinion")
    apart = rows.drop(["main", opinions.SYNTHETIC])
    np.testing.assert_allclose(apart["difference"], apart["estimate"] - rows["estimate"]["main"])
    width = apart["difference_high"] - apart["difference_low"]
    assert (width < apart["high"] - apart["low"] + rows["high"]["main"] - rows["low"]["main"]).all()
    assert width["ipw"] < 0.5 * (apart["high"] - apart["low"])["ipw"]
    assert rows.loc["unconditional", "difference_low"] > 0  # the demo's firms were growing before
    assert rows.loc["main", ["difference", "difference_low"]].isna().all()
    assert np.isnan(rows.loc[opinions.SYNTHETIC, "difference_low"])


def test_a_cluster_leaves_other_clusters_out_and_differs_over_its_own_firms(folder):
    one = designed(folder, "K03")
    rows = said(one).overall.set_index("opinion")
    kept = one.chosen | one.comparison
    assert 0 < one.chosen.sum() < np.isfinite(one.arrays.cohort).sum()
    assert rows.loc["twfe", "estimate"] == pytest.approx(twfe.static(one.among(kept)).estimate[0])
    assert rows.loc["not_yet", "difference_high"] > rows.loc["not_yet", "difference_low"]
    assert "poisson" not in rows.index


def test_choices_the_report_makes_itself_are_no_opinions(study):
    bare = replace(study, arrays=replace(study.arrays, covariates=None))
    weighted = replace(CHOICES, method="ipw", control="not_yet")
    assert set(opinions._variants(study, weighted)) == {"or", "anticipation", "unconditional"}
    assert set(opinions._variants(bare, CHOICES)) == {"not_yet", "anticipation"}


def test_years_are_those_of_the_report(study, found):
    shown = effects.dynamic(effects.estimate(study, CHOICES), CHOICES, P.leads)
    assert set(found.by_year["opinion"]) == set(opinions.BY_YEAR)
    assert set(found.by_year["event_time"]) == set(shown.label) - {-1}
    fitted = found.by_year[found.by_year["opinion"] == "imputation_given"]
    assert fitted["event_time"].min() == 0


def test_levels_are_the_outcome_with_its_zeros(study, levels, folder):
    known = np.isfinite(study.arrays.outcome)
    np.testing.assert_allclose(levels[known], np.exp(study.arrays.outcome[known]))
    years = Dataset(folder).read("firm_years", ["cvr", "year", "fte"])
    firms = study.firms.firms["cvr"]
    zero = years[(years["fte"] == 0) & years["cvr"].isin(firms)]
    zero = zero[zero["year"].isin(study.firms.years)]
    assert (levels == 0).sum() == len(zero)
    share = replace(study, scale=replace(study.scale, kind="share"))
    assert opinions.in_levels(share, Dataset(folder), "exports") is None


def test_levels_hold_the_zeros_of_firms_behind_several_numbers(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "data")
    table = tmp_path / "data" / "firm_years.parquet"
    unit = successions.units(successions.read(Dataset(folder)), "pool")
    pooled = partial(designed, mergers="pool")
    several = pooled(folder).firms.firms["cvr"].pipe(lambda cvr: cvr[cvr.isin(unit)]).iloc[0]
    years = pd.read_parquet(table)
    gone = (successions.unit_of(years["cvr"], unit) == several) & (years["year"] == 2020)
    years.assign(fte=years["fte"].mask(gone, 0)).to_parquet(table)
    study = pooled(tmp_path / "data")
    levels = opinions.in_levels(study, Dataset(tmp_path / "data"), "fte", "pool")
    row, column = (int(at[0]) for at in np.nonzero(levels == 0))
    assert (levels == 0).sum() == 1
    assert study.firms.firms["cvr"].iloc[row] == several
    assert study.firms.years[column] == 2020


def test_a_report_on_one_cluster_leaves_questions_of_method_to_the_programmes(study, levels):
    main = effects.estimate(study, CHOICES)
    shown = effects.dynamic(main, CHOICES, P.leads)
    found = opinions.opinions(study, CHOICES, main, shown, levels=levels, seed=1, methods=False)
    assert found.overall["opinion"].tolist() == [
        *("main", "not_yet", "ipw", "or", "anticipation", "imputation_given", "unconditional")
    ]
    assert found.cohort is None


def test_one_cohort_and_its_donors_are_means_over_firms_seen_throughout(study):
    least = CHOICES.min_treated
    arrays = opinions.aggregated(study, least)
    whole = np.isfinite(study.arrays.outcome).all(axis=1)
    first = study.chosen & whole & (study.arrays.cohort == arrays.cohort[0])
    assert first.sum() >= least
    np.testing.assert_allclose(arrays.outcome[0], study.arrays.outcome[first].mean(axis=0))
    assert np.isinf(arrays.cohort[1:]).all()
    assert len(arrays.cohort) > 2
    ahead = opinions.aggregated(replace(study, anticipation=1), least)
    assert set(arrays.periods) - set(ahead.periods) == {arrays.cohort[0] - 1}
    with pytest.raises(UserError, match="no cohort has 5000 new entrants"):
        opinions.aggregated(study, 5000)


def test_a_region_that_gains_more_gains_it_alone(study):
    """Half a log point after entry moves its synthetic difference by that, and no other's."""
    pytest.importorskip("diff_diff", reason="needs the opinions extra")
    few, region = replace(CHOICES, min_treated=5), study.firms.firms["region"]
    two = region.isin(["midtjylland", "oestdanmark"]).to_numpy()
    study = replace(study, chosen=study.chosen & two)
    before = opinions.by_region(study, few, seed=1).set_index("group")
    gains = study.chosen & (region == "midtjylland").to_numpy()
    after = study.arrays.periods >= study.arrays.cohort[:, None]
    outcome = study.arrays.outcome + 0.5 * (gains[:, None] & after)
    moved = replace(study, arrays=replace(study.arrays, outcome=outcome))
    found = opinions.by_region(moved, few, seed=1).set_index("group")
    change = found["estimate"] - before["estimate"]
    np.testing.assert_allclose(change[["midtjylland", "oestdanmark"]], [0.5, 0.0], atol=1e-9)
    none = opinions.by_region(study, replace(CHOICES, min_treated=5000), seed=1)
    assert none["estimate"].isna().all()
    assert none["reason"].str.contains("no cohort has 5000").all()


def test_the_decomposition_adds_up_to_the_coefficient_on_firms_seen_throughout(study):
    pytest.importorskip("diff_diff", reason="needs the opinions extra")
    rows = opinions.decomposition(study)
    assert rows["kind"].tolist() == list(opinions.COMPARISONS)
    assert rows["weight"].sum() == pytest.approx(1)
    whole = np.isfinite(study.arrays.outcome).all(axis=1)
    coefficient = twfe.static(study.among(whole)).estimate[0]
    assert rows["weight"] @ rows["estimate"] == pytest.approx(coefficient)
    assert (rows["n"] == (study.chosen & whole).sum()).all()


def test_without_the_optional_library_its_row_says_what_to_install(study, monkeypatch):
    monkeypatch.setitem(sys.modules, "diff_diff", None)
    rows = said(study).overall.set_index("opinion")
    assert "not installed: pip install" in rows.loc[opinions.SYNTHETIC, "reason"]
    assert pd.isna(rows.loc[opinions.SYNTHETIC, "estimate"])
    assert rows.drop(opinions.SYNTHETIC)["estimate"].notna().all()


def test_an_estimator_that_cannot_estimate_says_why(study):
    apart = np.where(study.chosen, 9.0, np.random.default_rng(1).normal(size=len(study.chosen)))
    arrays = replace(study.arrays, covariates=apart[:, None])
    rows = said(replace(study, arrays=arrays), replace(CHOICES, method="or"))
    reasons = rows.overall.set_index("opinion")["reason"]
    assert reasons["ipw"].startswith("no effect")
    assert pd.isna(reasons["unconditional"])
