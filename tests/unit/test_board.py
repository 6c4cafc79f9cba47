"""The board report's figures: ledger, adjusted readings, cost, differences, changes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clusterstudy.board import changes, effects, ledger
from clusterstudy.contract.read import Dataset
from clusterstudy.did.estimates import Estimates
from clusterstudy.did.panel import Panel as Arrays
from clusterstudy.errors import UserError
from clusterstudy.impact.design import Design
from clusterstudy.impact.effects import Choices
from clusterstudy.panel.build import Panel
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
        panel, arrays, np.isfinite(cohort), np.isinf(cohort), 0, "Employment (FTE)", scale
    )


def found(estimate: float, se: float) -> effects.Finding:
    influence = np.array([[se], [0.0]])
    overall = Estimates.from_influence(pd.Index(["overall"]), np.array([estimate]), influence)
    return effects.Finding(study(np.zeros(120)), overall)


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


def test_p_values_are_adjusted_for_the_number_of_outcomes():
    findings = {"a": found(0.022, 0.0109), "b": found(0.1, 0.01), "c": found(0, 0.01)}
    table = effects.summary(findings, CHOICES).set_index("outcome")
    alone = effects.summary({"a": findings["a"]}, CHOICES).set_index("outcome")
    assert alone.loc["a", "p_adjusted"] < 0.05 < table.loc["a", "p_adjusted"]
    assert table.loc["b", "p_adjusted"] < 0.001
    assert table.loc["a", "p_adjusted"] == pytest.approx(2 * alone.loc["a", "p_adjusted"])
    none = effects.summary({"a": effects.Finding(findings["a"].study, None)}, CHOICES)
    assert none[["estimate", "p_adjusted"]].isna().all(axis=None)


def test_clusters_that_differ_are_told_from_clusters_that_do_not():
    first = np.arange(120) < 60
    effect = np.where(first, 0.4, 0.0)
    groups = {"K1": np.append(first, np.zeros(400, bool))}
    groups["K2"] = np.append(~first, np.zeros(400, bool))
    differ = effects.heterogeneity(study(effect), CHOICES, groups)
    equal = effects.heterogeneity(study(np.full(120, 0.4)), CHOICES, groups)
    assert differ.p_value < 1e-6
    assert differ.spread == pytest.approx(0.4 / np.sqrt(2), rel=0.3)
    assert equal.p_value > 0.01
    assert equal.spread < 0.05
    assert effects.heterogeneity(study(effect), CHOICES, {"K1": groups["K1"]}) is None
    few = replace(CHOICES, min_treated=61)
    assert effects.heterogeneity(study(effect), few, groups) is None


def test_an_earlier_report_is_compared_and_its_absence_is_one_line(tmp_path):
    now = effects.summary({"fte": found(0.1, 0.01), "new": found(0, 1)}, CHOICES)
    (tmp_path / "demo/run/tables").mkdir(parents=True)
    effects.summary({"fte": found(0.2, 0.01)}, CHOICES).to_csv(
        tmp_path / "demo/run" / changes.TABLE, index=False
    )
    with pytest.raises(UserError, match="earlier board report"):
        changes.earlier("demo/run", tmp_path)
    manifest = {"parameters": {"as_of": "2028-12-31"}, "finished": "2029-01-05T10:00:00+00:00"}
    (tmp_path / "demo/run/manifest.json").write_text(json.dumps(manifest))
    then, origin = changes.earlier("demo/run", tmp_path)
    assert origin == {"as_of": "2028-12-31", "made": "2029-01-05"}
    table = changes.compare(then, now).set_index("outcome")
    assert table.loc["fte", ["estimate_then", "estimate_now"]].tolist() == [0.2, 0.1]
    assert np.isnan(table.loc["new", "estimate_then"])
