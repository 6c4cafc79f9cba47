"""What a run compares, whether it may estimate, what it estimates and how fragile that is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, norm

from clusterstudy.contract.read import Dataset
from clusterstudy.demo import generate, truth
from clusterstudy.did.estimates import Estimates
from clusterstudy.did.panel import Panel as Arrays
from clusterstudy.impact import attrition, effects, overlap
from clusterstudy.impact.design import Design, design, maturity
from clusterstudy.impact.overlap import Overlap
from clusterstudy.impact.pretrends import pretrends
from clusterstudy.panel.build import CELL, Panel
from clusterstudy.panel.successions import read, units
from clusterstudy.params import ImpactParameters
from clusterstudy.report.scales import Scale
from clusterstudy.sources import open_dataset

P = ImpactParameters()
CHOICES = effects.Choices(P.method, P.control, P.level, P.power, P.least_treated)
YEARS = np.arange(2020, 2028)


def designed(data: Dataset, **changes) -> Design:
    """Return the design of a run with the notebook's default parameters."""
    names = ("cluster", "dose", "covariates", "programme_start", "first_year", "winsorise")
    chosen = {name: getattr(P, name) for name in (*names, "anticipation", "outcome")}
    return design(data, **chosen | changes)


def synthetic(
    outcome: np.ndarray, cohort: np.ndarray, covariate: np.ndarray | None = None, anticipation=0
) -> Design:
    """Return a design of one outcome, one covariate and no other firms."""
    firms = pd.DataFrame({"cohort": cohort})
    names = () if covariate is None else ("ln_fte",)
    if covariate is not None:
        firms["ln_fte"] = covariate
    years = YEARS[: outcome.shape[1]]
    panel = Panel(firms, pd.DataFrame(index=firms.index), years, {}, names, pd.DataFrame())
    arrays = Arrays(outcome, cohort, years, panel.design() if names else None)
    entrants = np.isfinite(cohort)
    scale = Scale("level", "")
    return Design(panel, arrays, entrants, ~entrants, anticipation, "y", scale)


def confounded(seed: int, n: int = 400) -> Design:
    """Return a design in which entry depends on the covariate, and half enter in 2025."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    enters = rng.random(n) < 1 / (1 + np.exp(1 - 1.2 * x))
    return synthetic(rng.normal(size=(n, 8)), np.where(enters, 2025.0, np.inf), x)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("demo") / "demo", firms=4000)


@pytest.fixture(scope="module")
def study(folder):
    return designed(Dataset(folder, date(2029, 12, 31)))


@pytest.fixture(scope="module")
def estimated(study):
    return effects.estimate(study, CHOICES)


def judged(study: Design, off_support: float = 0.0, **changes) -> pd.DataFrame:
    rules = {
        "results_from": P.results_from,
        "min_treated": P.least_treated,
        "max_off_support": P.max_off_support,
    }
    return maturity(study, off_support, **rules | changes)


def unmet(found: pd.DataFrame) -> list[str]:
    return found.index[~found["met"]].tolist()


def test_all_conditions_are_met_once_results_are_released(study):
    found = judged(study, overlap.overlap(study).off_support)
    assert unmet(found) == []
    assert found.loc["released", "found"] == 2028
    assert found.loc["treated", "found"] == study.seen.sum()


def test_before_the_results_year_is_released_there_is_no_estimate(folder):
    found = judged(designed(Dataset(folder, date(2026, 12, 31))))
    assert unmet(found) == ["released"]
    assert found.loc["released", ["needed", "found"]].tolist() == [2027, 2025]


def test_every_other_condition_can_be_the_one_that_is_not_met(folder, study):
    no_year_before = designed(Dataset(folder, date(2029, 12, 31)), first_year=2025)
    assert unmet(judged(no_year_before)) == ["before"]
    assert unmet(judged(study, min_treated=study.seen.sum() + 1)) == ["treated"]
    assert unmet(judged(study, off_support=P.max_off_support + 0.01)) == ["overlap"]
    outcome = study.arrays.outcome.copy()
    outcome[np.flatnonzero(study.comparison)[5:]] = np.nan
    few = replace(study, arrays=replace(study.arrays, outcome=outcome))
    assert unmet(judged(few)) == ["comparison"]
    assert judged(few).loc["comparison", "found"] <= 5


def test_a_cluster_without_new_entrants_meets_no_condition_on_them(folder):
    nobody = designed(Dataset(folder, date(2029, 12, 31)), cluster="K99")
    found = overlap.overlap(nobody)
    assert unmet(judged(nobody, found.off_support)) == [
        "before",
        "treated",
        "comparison",
        "overlap",
    ]
    assert overlap.balance(nobody, found)["smd"].isna().all()


def test_anticipation_moves_what_counts_as_before(study):
    ahead = replace(study, anticipation=2)
    assert judged(ahead).loc["before", "found"] == judged(study).loc["before", "found"] - 2


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_weights_balance_what_entry_depends_on(seed):
    study = confounded(seed)
    found = overlap.overlap(study)
    size = overlap.balance(study, found).set_index("weighting")["smd"].abs()
    assert size["after"] < size["before"] / 2
    assert 1 < found.effective < (~found.treated).sum()


def test_equal_scores_lose_no_comparison_firm_and_the_tail_is_counted():
    treated = np.array([True] * 4 + [False] * 6)
    equal = Overlap(treated, np.full(10, 0.4))
    assert equal.effective == pytest.approx(6)
    assert equal.off_support == 0
    beyond = Overlap(treated, np.where(np.arange(10) < 1, 0.9, 0.4))
    assert beyond.off_support == 0.25


@pytest.mark.parametrize("nobody", [False, True])
def test_groups_that_the_covariates_tell_apart_have_no_support(nobody):
    cohort = np.full(60, np.inf) if nobody else np.repeat([2025.0, np.inf], 30)
    study = synthetic(np.zeros((60, 8)), cohort, np.arange(60.0))
    assert overlap.overlap(study).off_support == 1


def test_without_covariates_nothing_is_balanced_and_everyone_is_alike():
    study = confounded(1)
    plain = replace(study, firms=replace(study.firms, covariates=()))
    found = overlap.overlap(plain)
    assert found.off_support == 0
    assert found.effective == pytest.approx((~found.treated).sum())
    assert overlap.balance(plain, found).empty


def test_no_bin_stands_on_few_firms_and_none_is_lost(study):
    found = overlap.overlap(study)
    whole, shown = overlap.histogram(found, 1), overlap.histogram(found, 5)
    groups = {"treated": found.treated.sum(), "comparison": (~found.treated).sum()}
    for name, members in groups.items():
        assert whole[name].sum() == pytest.approx(1)
        assert (whole[name] * members).round().between(1, 4).any()
        fives = shown[name] * (members // 5)
        assert fives.to_numpy() == pytest.approx(fives.round())
        assert fives.sum() == pytest.approx(members / 5, abs=0.5 * (fives > 0).sum() + 1)
    assert (np.log(shown["middle"] / (1 - shown["middle"])) * 4).round(6).mod(1).eq(0).all()


def test_bounds_say_which_group_is_cut_and_which_cohorts_have_none():
    """Of 2024's entrants more are seen than of the others, of 2025's fewer; 2026's are apart."""
    rng = np.random.default_rng(4)
    cohort = np.repeat([2024.0, 2025.0, 2026.0, np.inf], [60, 60, 30, 300])
    outcome = rng.normal(size=(len(cohort), len(YEARS)))
    outcome[60:90, -1] = outcome[150:240, -1] = np.nan
    alike = rng.normal(size=len(cohort)) + 99 * (cohort == 2026)
    stay = np.full(len(cohort), np.inf)
    found = attrition.bounds(synthetic(outcome, cohort, alike), CHOICES, stay)
    assert (found.treated_cut, found.comparison_cut) == (1, 1)
    assert (found.cohorts_left_out, found.entrants_left_out) == (1, 30)
    assert found.lower < found.seen["estimate"] < found.upper


def test_the_weights_curve_tells_of_no_single_firm():
    """Of 100 firms with odds of 1 and 3, the heavier half carry three quarters of the weight."""
    score = np.append(np.tile([0.5, 0.75], 50), 0.9)
    found = Overlap(np.arange(101) == 100, score)
    curve = overlap.concentration(found, "standard")
    assert len(curve) == overlap.GROUPS
    assert curve["firms"].diff().dropna().to_numpy() == pytest.approx(1 / overlap.GROUPS)
    assert curve["weight"].iloc[[9, -1]].tolist() == pytest.approx([0.25, 1])
    assert len(overlap.concentration(found, "strict")) == overlap.GROUPS // 2
    one = np.append(np.full(100, 0.01), [0.999, 0.9])
    assert overlap.concentration(Overlap(np.arange(102) == 101, one), "standard").empty


def test_cells_average_to_the_overall_effect_and_few_firms_make_none(estimated):
    everyone = replace(CHOICES, min_treated=1)
    cells = effects.by_cell(estimated, everyone, leads=2)
    assert cells["event_time"].min() == -2
    assert -1 not in set(cells["event_time"])
    after = cells[cells["event_time"] >= 0]
    members = estimated.entry.sum(axis=0)
    size = dict(zip(np.unique(estimated.cells["cohort"]), members, strict=True))
    mean = np.average(after["estimate"], weights=after["cohort"].map(size))
    assert mean == pytest.approx(estimated.simple().overall.estimate[0])
    least = int(cells["n"].median())
    few = effects.by_cell(estimated, replace(CHOICES, min_treated=least), leads=2)
    pd.testing.assert_frame_equal(few, cells[cells["n"] >= least].reset_index(drop=True))


def test_the_minimum_detectable_effect_follows_from_the_standard_error(estimated):
    row = effects.table(estimated.simple().overall, CHOICES, "label").iloc[0]
    assert row["mde"] == pytest.approx(row["se"] * (norm.ppf(0.975) + norm.ppf(0.8)))
    assert row["high"] - row["low"] == pytest.approx(2 * norm.ppf(0.975) * row["se"])


def test_event_times_on_few_new_entrants_are_left_out(study, estimated):
    every = effects.dynamic(estimated, CHOICES, P.leads)
    whole = effects.event_study(estimated, every, CHOICES, seed=1).set_index("event_time")
    assert whole.index.tolist() == [*range(-5, 4)]
    known = pd.DataFrame(np.isfinite(study.arrays.outcome), columns=study.firms.years)
    for time in (-3, 0, 2):
        both = [
            known.loc[study.arrays.cohort == g, [g - 1, g + time]].all(axis=1).sum()
            for g in range(2025, 2029)
            if g + time in known
        ]
        assert whole.loc[time, "n"] == sum(both)
    least = int(whole["n"].iloc[-1]) + 1
    fewer = replace(CHOICES, min_treated=least)
    kept = effects.dynamic(estimated, fewer, P.leads)
    shown = effects.event_study(estimated, kept, fewer, seed=1).set_index("event_time")
    assert shown.index.tolist() == [*range(-5, 3)]
    pd.testing.assert_series_equal(shown["estimate"], whole["estimate"].iloc[:-1])
    assert (shown["band_low"] <= shown["low"]).all()
    assert (shown["band_high"] >= shown["high"]).all()


def test_firms_whose_effect_cannot_be_estimated_stand_behind_no_event_time():
    rng = np.random.default_rng(3)
    cohort = np.repeat([2021.0, 2024.0, np.inf], [40, 25, 100])
    study = synthetic(rng.normal(size=(165, 8)), cohort, anticipation=1)
    found = effects.estimate(study, CHOICES)
    shown = effects.event_study(found, effects.dynamic(found, CHOICES, 9), CHOICES, seed=1)
    assert set(shown["n"].dropna()) == {25}  # 2021 has no year before 2020, its anticipated one


def test_cohorts_and_groups_on_few_firms_are_withheld_with_a_reason(study, estimated):
    cohorts = effects.by_cohort(study, CHOICES, estimated)
    assert cohorts["group"].tolist() == ["2025", "2026", "2027", "2028"]
    assert cohorts["n"].sum() == study.seen.sum()
    least = int(cohorts["n"].min()) + 1
    strict = replace(CHOICES, min_treated=least)
    clusters = {code: study.firms.of(code, "any") for code in study.firms.entered}
    for frame in (
        effects.by_cohort(study, strict, estimated),
        effects.by_group(study, strict, clusters),
    ):
        few = frame["n"] < least
        assert 0 < few.sum() < len(frame)
        assert frame.loc[few, ["estimate", "se", "low", "high", "mde"]].isna().all(axis=None)
        assert (frame.loc[few, "reason"] == f"fewer than {least} new entrants").all()
        assert frame.loc[~few, ["estimate", "low", "high", "mde"]].notna().all(axis=None)


def test_a_group_whose_effect_cannot_be_estimated_says_why():
    apart = np.where(np.arange(120) < 40, 9.0, np.random.default_rng(1).normal(size=120))
    cohort = np.repeat([2025.0, np.inf], [40, 80])
    outcome = np.random.default_rng(2).normal(size=(120, 8))
    study = synthetic(outcome, cohort, apart)
    assert np.isfinite(effects.estimate(study, replace(CHOICES, method="or")).simple().overall.se)
    [row] = effects.by_group(study, CHOICES, {"all": study.chosen}).to_dict("records")
    assert row["n"] == 40
    assert "estimate" not in row
    assert row["reason"].startswith("no effect")


def test_the_overall_effect_is_the_groups_average_where_no_value_is_missing(study):
    outcome = np.where(np.isfinite(study.arrays.outcome), study.arrays.outcome, 3.0)
    whole = replace(study, arrays=replace(study.arrays, outcome=outcome, covariates=None))
    doses = {dose: study.firms.of("programme", dose) for dose in ("light", "membership", "project")}
    found = effects.by_group(whole, replace(CHOICES, min_treated=2), doses).set_index("group")
    cohort, last = study.arrays.cohort, study.firms.years[-1]
    cells = {dose: (last - cohort[mask] + 1).sum() for dose, mask in doses.items()}
    average = np.average(found["estimate"], weights=[cells[dose] for dose in found.index])
    overall = effects.estimate(whole, CHOICES).simple().overall
    assert average == pytest.approx(overall.estimate[0])
    assert found["estimate"].min() < overall.estimate[0] < found["estimate"].max()


def test_a_group_differs_from_the_whole_by_less_error_than_both_apart(study, estimated):
    doses = {dose: study.firms.of("programme", dose) for dose in ("light", "project")}
    groups = doses | {"all": study.chosen}
    found = effects.by_group(study, CHOICES, groups, estimated).set_index("group")
    overall = estimated.simple().overall
    apart = found["estimate"] - overall.estimate[0]
    assert found.loc["all", "difference":"difference_high"].isna().all()  # it is the whole
    assert apart["all"] == 0
    found, apart = found.loc[list(doses)], apart[list(doses)]
    np.testing.assert_allclose(found["difference"], apart, atol=1e-12)
    half = (found["difference_high"] - found["difference_low"]) / 2
    both = norm.ppf(0.5 + CHOICES.level / 2) * np.hypot(found["se"], overall.se[0])
    assert (half > 0).all()
    assert (half < both).all()


@pytest.mark.parametrize("control", ["never", "not_yet"])
@pytest.mark.parametrize("anticipation", [0, 1])
def test_groups_are_estimated_at_once_as_one_by_one_with_all_years(study, control, anticipation):
    study, choices = replace(study, anticipation=anticipation), replace(CHOICES, control=control)
    doses = {dose: study.firms.of("programme", dose) for dose in ("light", "project")}
    together, _reasons = effects.of_groups(study, choices, doses)
    for dose, mask in doses.items():
        alone = effects.estimate(replace(study, chosen=mask), choices).simple().overall
        assert together[dose].estimate == pytest.approx(alone.estimate, rel=1e-9)
        assert together[dose].se == pytest.approx(alone.se, rel=1e-9)


DRAWS = 100
TIMES = np.arange(-3, 3)
TRUE = np.where(TIMES >= 0, 0.05 + 0.01 * TIMES, 0.0)


def drawn(slope: float, rng: np.random.Generator) -> Estimates:
    """Return an event study whose errors have a known covariance, as from a common base."""
    sigma = 0.02**2 * (np.eye(6) + 0.5)
    sigma[2] = sigma[:, 2] = 0.0
    estimate = rng.multivariate_normal(TRUE + slope * (TIMES + 1), sigma)
    return Estimates(pd.Index(TIMES), estimate, np.zeros((1, 6)), sigma)


@pytest.fixture
def without_bounds(monkeypatch):
    """Leave out the robust bounds, which take most of the time and are tested elsewhere."""
    monkeypatch.setattr("clusterstudy.impact.pretrends._bounds", lambda *_: None)


@pytest.mark.usefixtures("without_bounds")
def test_a_linear_pre_trend_is_found_and_its_continuation_taken_off():
    rng = np.random.default_rng(11)
    found = [pretrends(drawn(0.06, rng), 0, 0.95) for _ in range(DRAWS)]
    mean, years = TRUE[3:].mean(), 2  # from the reference, on average over event times 0 to 2
    naive, continued = np.array([each.estimates.estimate for each in found]).T
    tolerance = 4 * found[0].estimates.se / np.sqrt(DRAWS)
    assert naive.mean() == pytest.approx(mean + years * 0.06, abs=tolerance[0])
    assert continued.mean() == pytest.approx(mean, abs=tolerance[1])
    low, high = np.array([each.estimates.interval()[1] for each in found]).T
    assert np.mean((low < mean) & (mean < high)) == pytest.approx(0.95, abs=0.05)
    assert np.median([each.p_value for each in found]) < 1e-4
    slope = np.mean([each.slope.estimate[0] for each in found])
    assert slope == pytest.approx(0.06, abs=4 * found[0].slope.se[0] / np.sqrt(DRAWS))


@pytest.mark.usefixtures("without_bounds")
def test_under_parallel_trends_p_values_are_uniform():
    rng = np.random.default_rng(12)
    p_values = [pretrends(drawn(0.0, rng), 0, 0.95).p_value for _ in range(DRAWS)]
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_a_violation_found_more_often_is_larger_and_biases_more():
    found = pretrends(drawn(0.0, np.random.default_rng(1)), 0, 0.95).violations
    assert found["power"].tolist() == [0.5, 0.8]
    assert found["slope"].is_monotonic_increasing
    np.testing.assert_allclose(found["bias"], found["slope"] * 2)  # mean years from the reference
    assert (found["bias_if_passed"] > 0).all()


def test_firms_that_grew_faster_before_are_caught_by_the_whole_chain():
    rng = np.random.default_rng(7)
    cohort = np.repeat([2024.0, np.inf], [150, 400])
    enters = np.isfinite(cohort)[:, None]
    noise = 0.05 * rng.normal(size=(550, 8))
    outcome = noise + enters * (0.04 * (YEARS - 2020) + 0.1 * (YEARS >= 2024))
    found = effects.estimate(synthetic(outcome, cohort), CHOICES)
    fragile = pretrends(found.dynamic().effects, 0, 0.95)
    as_estimated, continued = fragile.estimates.interval()
    assert as_estimated[0] > 0.15
    assert continued[0] < 0.1 < continued[1]
    assert fragile.coefficients == 3
    assert fragile.p_value < 1e-6


def test_without_a_year_before_the_reference_nothing_is_said_of_trends():
    rng = np.random.default_rng(1)
    cohort = np.repeat([2021.0, np.inf], [50, 100])
    found = effects.estimate(synthetic(rng.normal(size=(150, 8)), cohort), CHOICES)
    assert pretrends(found.dynamic().effects, 0, 0.95) is None


@pytest.mark.slow
@pytest.mark.parametrize("outcome", ["fte", "productivity"])
def test_on_the_default_demo_the_interval_covers_the_truth(outcome):
    data = open_dataset("demo", date.fromisoformat(P.as_of))
    study = designed(data, outcome=outcome, other_programmes="covariate")
    known = truth.read(data.folder, "firm_effects")
    years, cvr = study.firms.years, study.firms.firms["cvr"].to_numpy()
    true = truth.effects_of(known, outcome, cvr, years, units(read(data)))
    target = truth.att(true, study.arrays.outcome, study.arrays.cohort, years)
    row = effects.table(effects.estimate(study, CHOICES).simple().overall, CHOICES, "label").iloc[0]
    assert target > 0
    assert row["low"] < target < row["high"]


def test_firms_that_enter_after_the_last_outcome_are_no_controls(folder):
    study = designed(Dataset(folder, date(2028, 12, 31)))
    last = study.arrays.periods[-1]
    later = study.chosen & (study.arrays.cohort > last)
    assert later.any()
    assert not (later & study.entered).any()
    cells = effects.estimate(study, CHOICES).cells
    assert cells["n_control"].max() <= study.comparison.sum()


def test_comparison_firms_lie_in_the_cells_of_the_chosen(folder):
    study = designed(Dataset(folder, date(2029, 12, 31)), cluster="K03")
    cell = study.firms.firms[list(CELL)].agg("/".join, axis="columns")
    assert set(cell[study.comparison]) <= set(cell[study.chosen])
    assert not study.firms.treated[study.comparison].any()
    outside = ~study.firms.treated & ~study.comparison
    assert not set(cell[outside]) & set(cell[study.chosen])
