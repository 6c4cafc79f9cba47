"""The board report's figures: ledger, adjusted readings, cost, differences, changes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from clusterstudy.board import changes, economy, effects, inputs, ledger, show
from clusterstudy.contract.read import Dataset
from clusterstudy.did.estimates import Estimates
from clusterstudy.did.panel import Panel as Arrays
from clusterstudy.errors import UserError
from clusterstudy.finance import watch
from clusterstudy.finance.position import position
from clusterstudy.impact.design import Design
from clusterstudy.impact.effects import Choices
from clusterstudy.panel.build import Panel
from clusterstudy.params import BoardParameters
from clusterstudy.report.page import Page
from clusterstudy.report.scales import Scale

CHOICES = Choices("dr", "never", level=0.95, power=0.8, min_treated=20)
YEARS = np.arange(2020, 2028)


def study(effect: np.ndarray, *, treated: int = 120, never: int = 400, seed: int = 1) -> Design:
    """Return a design whose first firms enter in 2025 with the effects given, one per firm."""
    rng = np.random.default_rng(seed)
    n = treated + never
    cohort = np.where(np.arange(n) < treated, 2025.0, np.inf)
    outcome = 2 + rng.normal(size=(n, 1)) + 0.1 * rng.normal(size=(n, len(YEARS)))
    outcome[:treated] += effect[:, None] * (YEARS >= 2025)
    firms = pd.DataFrame({"cvr": np.arange(n).astype(str), "cohort": cohort, "dose": "light"})
    panel = Panel(firms, pd.DataFrame(index=firms.index), YEARS, {}, (), pd.DataFrame())
    arrays = Arrays(outcome, cohort, YEARS)
    scale = Scale("log", "full-time equivalents")
    return Design(
        panel,
        arrays,
        np.isfinite(cohort),
        np.isinf(cohort),
        0,
        "Employment (FTE)",
        scale,
        "sme_benefit",
    )


def found(estimate: float, se: float) -> effects.Finding:
    influence = np.full((520, 1), se / np.sqrt(520))
    overall = Estimates.from_influence(pd.Index(["overall"]), np.array([estimate]), influence)
    return effects.Finding(study(np.zeros(120)), overall)


def test_a_reading_says_what_is_not_met_and_what_trends_as_before_entry_could_explain(tmp_path):
    breakdown = {"fragile": 0.4, "firm": 1.2, "endless": np.inf, "unknown": np.nan}
    findings = {name: replace(found(0.1, 0.01), breakdown=at) for name, at in breakdown.items()}
    findings["none"] = replace(found(0.001, 0.01), breakdown=0.0)
    findings["early"] = effects.Finding(found(0, 1).study, None, ("released",))
    findings["silent"] = effects.Finding(found(0, 1).study, None)
    table = effects.summary(findings, CHOICES, seed=1)
    show.effects(Page("en", str(tmp_path)), findings, table, 0.95, 5)
    shown = pd.read_parquet(tmp_path / "tables" / "effects.parquet").set_index("outcome")
    said = {
        "fragile": "Effect shown only if trends differ less",
        "firm": "Effect shown, under the assumptions",
        "endless": "Effect shown, under the assumptions",
        "unknown": "Effect shown, under the assumptions",
        "none": "No effect shown, which is not the same as no effect",
        "early": "Not estimated, as a condition is not met: First results year",
        "silent": "Not estimated: the data cannot carry it",
    }
    for name, begins in said.items():
        assert shown.loc[name, "reading"].startswith(begins)


def test_the_ledger_sums_grants_by_year_and_leaves_other_income_out(tmp_path):
    pd.DataFrame({"year": [2025, 2026], "grant": [100.0, 110.0]}).to_csv(
        tmp_path / "programme.csv", index=False
    )
    lines = [
        ("K01", 2025, "operating_grant", "plan_at_designation", 60.0),
        ("K02", 2025, "project_grant", "plan_at_designation", 40.0),
        ("K01", 2026, "operating_grant", "plan_at_designation", 110.0),
        ("K01", 2025, "operating_grant", "actual", 55.0),
        ("K01", 2025, "membership_fees", "actual", 999.0),
        ("K01", 2024, "operating_grant", "actual", 50.0),
    ]
    columns = ["cluster_id", "year", "line", "scenario", "amount"]
    pd.DataFrame(lines, columns=columns).to_csv(tmp_path / "cluster_finances.csv", index=False)
    table = ledger.ledger(Dataset(tmp_path))
    assert table["decided"].tolist() == [100, 110]
    assert table["planned"].tolist() == [100, 110]
    assert table["paid"].tolist()[0] == 55
    assert np.isnan(table["paid"].tolist()[1])
    assert ledger.paid_until(table, 2026) == 55


def test_the_cost_is_unbounded_where_the_interval_reaches_zero():
    sure, unsure = found(0.10, 0.01), found(0.01, 0.02)
    total = np.exp(sure.study.arrays.outcome[:120][:, YEARS >= 2025]).sum()
    row = effects.cost(sure, 1000.0, 0.95)
    assert row["added"] == pytest.approx(total * (1 - np.exp(-0.10)))
    assert row["cost"] == pytest.approx(1000 / row["added"])
    assert row["cost_low"] < row["cost"] < row["cost_high"]
    row = effects.cost(unsure, 1000.0, 0.95)
    assert np.isfinite(row["cost_low"])
    assert np.isnan(row["cost_high"])


def measured(seed: int, size: int, t: float) -> effects.Finding:
    """Return an effect of ``t`` standard errors on the last ``size`` of 520 firms, turned round.

    Firms' errors depend on the seed and on their number, not on their place.
    """
    design = study(np.zeros(120))
    order = np.arange(520)[::-1][:size]
    firms = design.firms.firms.iloc[order].reset_index(drop=True)
    influence = np.random.default_rng(seed).normal(size=(520, 1))[order]
    overall = Estimates.from_influence(
        pd.Index(["overall"]), np.array([t * np.sqrt((influence**2).sum())]), influence
    )
    turned = replace(design, firms=replace(design.firms, firms=firms))
    return effects.Finding(turned, overall)


def test_p_values_are_adjusted_within_the_dimension_knowing_what_outcomes_share():
    """Independent outcomes cost what Holm & Šidák say; the same outcome twice costs nothing."""
    alone = 2 * norm.sf(2.2)
    other = measured(2, 500, 2.2)
    findings = {
        "a": measured(1, 520, 2.2),
        "b": other,
        "c": replace(other, study=replace(other.study, dimension="ecosystem")),
        "d": effects.Finding(other.study, None),
    }
    table = effects.summary(findings, CHOICES, seed=1).set_index("outcome")
    assert table.loc[["a", "b"], "p_adjusted"].tolist() == pytest.approx(
        [1 - (1 - alone) ** 2] * 2, abs=0.008
    )
    assert table.loc["c", "p_adjusted"] == pytest.approx(alone, abs=0.005)
    assert table["q"].dropna().tolist() == pytest.approx([alone] * 3)
    assert table.loc["d", ["estimate", "p_adjusted", "q"]].isna().all()
    twins = {"a": measured(1, 520, 2.2), "b": measured(1, 519, 2.2)}
    twice = effects.summary(twins, CHOICES, seed=1)
    assert twice["p_adjusted"].tolist() == pytest.approx([alone] * 2, abs=0.006)
    none = effects.summary({"d": findings["d"]}, CHOICES, seed=1)
    assert none[["estimate", "p_adjusted"]].isna().all(axis=None)


def test_clusters_that_differ_are_told_from_clusters_that_do_not():
    first = np.arange(120) < 60
    effect = np.where(first, 0.4, 0.0)
    none, half = np.zeros(400, bool), np.arange(120) % 2 == 0
    groups = {"K1": np.append(first & half, none), "K2": np.append(first & ~half, none)}
    groups["K3"] = np.append(~first, none)
    differ = effects.heterogeneity(study(effect), CHOICES, groups)
    equal = effects.heterogeneity(study(np.full(120, 0.4)), CHOICES, groups)
    assert differ.p_value < 1e-6
    assert differ.spread["low"] < 0.4 / np.sqrt(3) < differ.spread["high"]
    assert equal.p_value > 0.01
    assert equal.spread["estimate"] < 0.05
    two = {name: groups[name] for name in ("K1", "K3")}
    assert effects.heterogeneity(study(effect), CHOICES, two).spread is None
    assert effects.heterogeneity(study(effect), CHOICES, {"K1": groups["K1"]}) is None
    few = replace(CHOICES, min_treated=61)
    assert effects.heterogeneity(study(effect), few, groups) is None


MANIFEST = {
    "parameters": {"as_of": "2028-12-31", "level": 0.9, "outcomes": ["fte"]},
    "finished": "2029-01-05T10:00:00+00:00",
    "data": {"sha256": {"firms": "a" * 64, "survey": "b" * 64}},
    "code": {"version": "0.1"},
}


@pytest.fixture
def reports(tmp_path):
    """A folder with one earlier report, ``demo/run``."""
    (tmp_path / "demo/run/tables").mkdir(parents=True)
    then = effects.summary({"fte": found(0.2, 0.01)}, CHOICES, seed=1)
    then.to_csv(tmp_path / "demo/run" / changes.EFFECTS, index=False)
    (tmp_path / "demo/run/manifest.json").write_text(json.dumps(MANIFEST))
    (tmp_path / "demo/run/report.html").touch()
    return tmp_path


def test_an_earlier_report_is_compared(reports):
    now = effects.summary({"fte": found(0.1, 0.01), "new": found(0, 1)}, CHOICES, seed=1)
    then = changes.earlier("demo/run", reports)
    assert (then.as_of, then.made, then.economy) == ("2028-12-31", "2029-01-05", None)
    table = changes.compare(then.effects, now).set_index("outcome")
    assert table.loc["fte", ["estimate_then", "estimate_now"]].tolist() == [0.2, 0.1]
    assert np.isnan(table.loc["new", "estimate_then"])


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("manifest.json", "demo/run: expected a finished report"),
        (changes.EFFECTS, "previous: demo/run: expected an earlier board report"),
    ],
)
def test_what_is_no_earlier_report_is_one_line(reports, file, expected):
    (reports / "demo/run" / file).unlink()
    with pytest.raises(UserError, match=expected):
        changes.earlier("demo/run", reports)


def test_what_two_reports_were_made_from_is_compared(reports):
    then = changes.earlier("demo/run", reports)
    now = {"as_of": "2029-12-31", "level": 0.9, "outcomes": ["fte", "exports"]}
    now["previous"] = "demo/run"
    tables = {"firms": "a" * 64, "survey": "c" * 64, "projects": "d" * 64}
    found = changes.origins(then, now, tables, "0.2").set_index(["kind", "name"])
    assert found.index.tolist() == [
        ("parameter", "as_of"),
        ("parameter", "outcomes"),
        ("table", "survey"),
        ("table", "projects"),
        ("code", "clusterstudy"),
    ]
    assert found.loc[("parameter", "outcomes"), "now"] == "fte, exports"
    assert found.loc[("table", "projects"), "then"] == ""
    assert changes.origins(then, then.parameters, then.tables, then.version).empty


def test_alerts_are_new_or_gone():
    before = ["opinion", np.nan, "exposure", "opinion"]
    then = pd.DataFrame({"cluster_id": ["A", "B", "C", "E"], "rules": before})
    rules = ["opinion shortfall", "", "", "opinion"]
    now = pd.DataFrame({"cluster_id": ["A", "B", "C", "D"], "rules": rules})
    assert changes.alerts(then, now).to_numpy().tolist() == [
        ["A", ["shortfall"], []],
        ["C", [], ["exposure"]],
        ["D", ["opinion"], []],
        ["E", [], ["opinion"]],  # not among today's clusters
    ]


def test_input_is_read_with_the_open_first_and_nothing_from_later(tmp_path):
    assert inputs.log(tmp_path, "mine", date(2026, 12, 31)).empty
    head = "date,given_by,input,status,answer\n"
    rows = ["2026-03-12,Chairs,One,followed,Done", "2026-05-05,Board,Two,open,In autumn"]
    (tmp_path / "mine.input.csv").write_text(head + "\n".join([*rows, "2027-01-01,Board,x,open,y"]))
    assert inputs.log(tmp_path, "mine", date(2026, 12, 31))["input"].tolist() == ["Two", "One"]
    (tmp_path / "mine.input.csv").write_text(head + "2026-03-12,Chairs,One,perhaps,Done")
    with pytest.raises(UserError, match=r"mine.input.csv, row 2.*status to be one of open, follow"):
        inputs.log(tmp_path, "mine", date(2026, 12, 31))


def test_the_economy_stands_in_the_clusters_order_and_says_what_is_not_known(tmp_path):
    settings = BoardParameters(replications=100).economy
    pd.DataFrame({"cluster_id": ["B"], "name": ["Beta"]}).to_csv(tmp_path / "clusters.csv")
    now = position(Dataset(tmp_path, date(2026, 12, 31)), ["B", "A"], **settings)
    alerts = watch.alerts(watch.figures(["B", "A"], now), BoardParameters().limits)
    table = economy.overview(now, alerts, ["B", "A"])
    assert table["cluster_id"].tolist() == ["B", "A"]
    assert table.drop(columns=["cluster_id", "simulated", "rules"]).isna().all(axis=None)
    assert not table["simulated"].any()
    assert show._span(simulated=False, low=pd.NaT, high=pd.NaT) == "not known"
