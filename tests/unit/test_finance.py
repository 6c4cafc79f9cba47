"""The clusters' economy by hand: ratios, tracker, gap, advances, cash; and what data may lack."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import OPINION
from clusterstudy.errors import UserError
from clusterstudy.finance import accounts, ahead, cash, income, projects, show, source, watch
from clusterstudy.params import SustainabilityParameters, validated
from clusterstudy.report.page import Page

AS_OF = date(2026, 12, 31)
LINES = ["operating_grant", "project_grant", "membership_fees", "user_payment"]


def finances(**amounts: dict[tuple[str, int], list[float]]) -> pd.DataFrame:
    """Return ``cluster_finances``: by scenario, cluster and year the amounts of LINES."""
    rows = [
        {"scenario": scenario, "cluster_id": cluster, "year": year, "line": line, "amount": amount}
        for scenario, by_year in amounts.items()
        for (cluster, year), values in by_year.items()
        for line, amount in zip(LINES, values, strict=True)
    ]
    return pd.DataFrame(rows)


PLANNED = finances(
    plan_at_designation={("A", 2025): [60, 40, 50, 50], ("A", 2027): [60, 40, 121, 50]},
    actual={
        ("A", 2024): [60, 40, 80, 20],
        ("A", 2025): [50, 30, 100, 20],
        ("B", 2025): [10, 10, 10, 10],
    },
)


def account(cluster: str, year: int, **values: object) -> dict[str, object]:
    """Return a row of ``annual_accounts`` with cost 120, equity 50 of 200 and cash 40."""
    return {
        "cluster_id": cluster,
        "year": year,
        "revenue": 130.0,
        "result": 10.0,
        "equity": 50.0,
        "total_assets": 200.0,
        "current_assets": 90.0,
        "current_liabilities": 60.0,
        "cash": 40.0,
        "auditor_opinion": "unqualified",
        "received_on": pd.Timestamp(year + 1, 5, 1),
        "reviewed_on": pd.Timestamp(year + 1, 6, 1),
    } | values


PROJECTS = pd.DataFrame(
    {
        "project_id": ["P1", "P2"],
        "cluster_id": ["A", "A"],
        "title": ["One", "Two"],
        "start": pd.to_datetime(["2026-01-01", "2025-01-01"]),
        "end": pd.to_datetime(["2027-12-31", "2025-12-31"]),
        "budget": [200.0, 100.0],
        "grant": [100.0, 50.0],
    }
)
REPORTS = pd.DataFrame(
    {
        "project_id": ["P1", "P1", "P2"],
        "period_end": pd.to_datetime(["2026-06-30", "2026-10-31", "2025-12-31"]),
        "due": pd.to_datetime(["2026-08-29", "2026-12-01", "2026-03-01"]),
        "received": pd.to_datetime(["2026-09-10", None, "2026-02-01"]),
        "spent": [20.0, np.nan, 95.0],
        "advance_paid": [30.0, 5.0, 15.0],
        "advance_settled": [10.0, np.nan, 15.0],
        "milestones_planned": [4, 6, 5],
        "milestones_reached": [3.0, np.nan, 5.0],
    }
)


def test_the_gap_is_actual_less_plan_and_growth_leads_to_the_plans_last_year():
    lines = income.by_year(PLANNED)
    gap = income.gap(lines).set_index(["cluster_id", "line"])
    fees = gap.loc[("A", "membership_fees")]
    assert (fees["plan"], fees["actual"], fees["gap"], fees["of_plan"]) == (50, 100, 50, 2)
    assert fees["growth"] == pytest.approx(100 / 80 - 1)
    assert (fees["target_year"], fees["required"]) == (2027, pytest.approx(0.1))
    pd.testing.assert_series_equal(  # B has no plan: neither compared nor in the programme's sum
        gap.loc["programme", "gap"], gap.loc["A", "gap"], check_names=False
    )
    assert income.without_plan(lines, ["A", "B"]) == ["B"]
    share = income.shares(lines).set_index("cluster_id").loc["A"]
    assert share["share"] == pytest.approx(120 / 200)
    assert share["planned_share"] == pytest.approx(100 / 200)
    assert share["gap"] == 20


def test_in_kind_is_never_cash():
    kind = PLANNED.assign(line=PLANNED["line"].replace("user_payment", "in_kind_cofinancing"))
    found = income.by_year(kind).loc[("actual", "A", 2025)]
    assert (found["private_cash"], found["cash"]) == (100, 180)


def test_a_line_that_brought_nothing_has_no_growth():
    nothing = PLANNED.assign(amount=PLANNED["amount"].where(PLANNED["line"] != "user_payment", 0.0))
    gap = income.gap(income.by_year(nothing)).set_index(["cluster_id", "line"])
    assert gap.loc[("A", "user_payment"), ["of_plan", "growth", "required"]].isna().all()


def test_ratios_take_unspent_advances_out_of_cash():
    filed = pd.DataFrame([account("A", 2024), account("A", 2025, equity=-20.0)])
    unspent = pd.Series({("A", 2025): 15.0})
    unspent.index.names = ["cluster_id", "year"]
    latest = accounts.latest(accounts.ratios(filed, unspent)).iloc[0]
    assert (latest["equity_ratio"], latest["equity_ratio_before"]) == (-0.1, 0.25)
    assert latest["current_ratio"] == 1.5
    assert (latest["own_cash"], latest["liquidity_months"], latest["gross_months"]) == (25, 2.5, 4)
    assert latest["liquidity_months_before"] == 4


def test_a_ratio_without_meaning_is_missing():
    odd = account("A", 2025, total_assets=0.0, current_liabilities=0.0, revenue=0.0, result=0.0)
    found = accounts.ratios(pd.DataFrame([odd]), pd.Series(dtype=float)).iloc[0]
    assert found[accounts.RATIOS].isna().all()


def test_the_tracker_knows_what_is_due_received_and_reviewed():
    absent = {"received_on": pd.NaT, "reviewed_on": pd.NaT}
    filed = pd.DataFrame(
        [
            account("A", 2024),
            account("A", 2025, received_on=pd.Timestamp(2026, 7, 10), reviewed_on=pd.NaT),
            account("B", 2024, **absent),
        ]
    )
    found = accounts.tracker(filed, ["A", "B"], AS_OF, 6).set_index(["cluster_id", "year"])
    assert found["status"].to_dict() == {
        ("A", 2024): "reviewed",
        ("A", 2025): "received",
        ("A", 2026): "due",
        ("B", 2024): "overdue",
        ("B", 2025): "overdue",  # no row at all
        ("B", 2026): "due",
    }
    assert found.loc[("A", 2025), "days_late"] == 10
    assert found.loc[("B", 2025), "days_late"] == (AS_OF - date(2026, 6, 30)).days
    assert found.loc[("B", 2026), "due"] == pd.Timestamp(2027, 6, 30)


def test_an_advance_is_unsettled_until_a_report_settles_it():
    ledger = projects.ledger(PROJECTS, REPORTS, AS_OF).set_index("project_id")
    one, two = ledger.loc["P1"], ledger.loc["P2"]
    assert (one["paid"], one["settled"], one["unsettled"]) == (35, 10, 25)
    assert (one["overdue_reports"], one["days_overdue"], one["overdue_settlement"]) == (1, 30, 25)
    assert (one["late_reports"], one["milestones"], bool(one["running"])) == (1, 0.75, True)
    planned = 200 * 181 / 730
    assert one["planned"] == pytest.approx(planned)
    assert one["spend_gap"] == pytest.approx((20 - planned) / 200)
    assert (two["unsettled"], two["overdue_settlement"], two["spend_gap"]) == (0, 0, -0.05)
    at_year_end = projects.unsettled_at_year_end(PROJECTS, REPORTS)
    assert at_year_end.to_dict() == {("A", 2025): 0, ("A", 2026): 25}
    listed = projects.exceptions(ledger.reset_index(), 0.2, 0.8)
    assert listed["project_id"].tolist() == ["P1"]
    assert listed.loc[0, ["is_overdue", "is_off_plan", "is_behind"]].tolist() == [True, False, True]


def test_exposure_and_what_a_larger_advance_does():
    lines = income.by_year(PLANNED)
    confirmed = projects.confirmed_income(lines, AS_OF)
    assert confirmed.to_dict() == {"A": 100}  # the grants of 2027
    assert projects.confirmed_income(lines, date(2027, 9, 30))["A"] == 25  # no plan for 2028
    latest = accounts.latest(
        accounts.ratios(pd.DataFrame([account("A", 2025)]), pd.Series(dtype=float))
    )
    ledger = projects.ledger(PROJECTS, REPORTS, AS_OF)
    found = projects.exposure(latest, ledger, confirmed, 0.2).iloc[0]
    assert (found["cover"], found["exposure"]) == (150, pytest.approx(25 / 150))
    assert (found["larger"], found["exposure_larger"]) == (20, pytest.approx(45 / 150))
    assert (found["gross_months"], found["gross_months_larger"]) == (4, 6)
    assert (found["current_ratio"], found["current_ratio_larger"]) == (1.5, 110 / 80)
    owing = latest.assign(equity=-100.0)
    assert projects.exposure(owing, ledger, confirmed, 0.2)["exposure"].isna().all()


def balance(planned: pd.DataFrame, **options: object) -> np.ndarray:
    """Return the one path of own cash that starts at 24 and has no deviations."""
    none = pd.DataFrame(columns=["cost"], dtype=float)
    rng = np.random.default_rng(1)
    return cash.simulate(24.0, 120.0, planned, none, rng, replications=9, **options)[0]


def test_own_cash_falls_by_what_costs_exceed_income():
    planned = pd.DataFrame({"project_grant": [36.0, 36.0], "membership_fees": [60.0, 60.0]})
    month = np.arange(1, 25)
    np.testing.assert_allclose(balance(planned), 24 - 2 * month)
    np.testing.assert_allclose(balance(planned, delay=3), 24 - 2 * month - 3 * np.minimum(month, 3))
    dearer = balance(planned, cost_growth=0.1)
    np.testing.assert_allclose(dearer[:12], 24 - 3 * month[:12])


def test_deviations_move_costs_with_income_and_beyond_it():
    planned = pd.DataFrame({"project_grant": [0.0], "membership_fees": [120.0]})
    pool = pd.DataFrame({"membership_fees": [np.log(2.0)], "cost": [np.log(1.5)]})
    found = cash.simulate(0.0, 120.0, planned, pool, np.random.default_rng(1), replications=3)
    np.testing.assert_allclose(found[:, -1], 240 - 120 * 2 * 1.5)


def forecast(planned: pd.DataFrame, filed: pd.DataFrame, **options: object) -> cash.Forecast:
    lines = income.by_year(planned)
    ratios = accounts.ratios(filed, pd.Series(dtype=float))
    settings = {"replications": 100, "level": 0.9, "seed": 1} | options
    return cash.forecast(
        lines,
        accounts.latest(ratios),
        cash.deviations(lines, ratios),
        pd.Series(dtype=float),
        ["A", "B", "C"],
        cash.Assumptions(months=24),
        **settings,
    )


def test_without_enough_cluster_years_there_is_one_path_and_the_reasons_are_told():
    filed = pd.DataFrame([account("A", 2024, revenue=250.0), account("B", 2024)])
    found = forecast(PLANNED, filed)
    assert found.left_out == {"B": "plan", "C": "accounts"}
    assert found.observed == 0
    ends = found.exhaustion.set_index("scenario")
    assert "payer_lost" not in ends.index
    # cost 240 and cash 40; income 200 a year: -40 / 12 a month, nil at the end of the 12th
    assert ends.loc["plan", "central"] == pd.Timestamp(2026, 1, 1)
    assert ends.loc["fees_cut", "central"] == pd.Timestamp(2025, 10, 1)
    assert ends.loc["advances_late", "central"] == pd.Timestamp(2025, 10, 1)
    assert ends.loc["flat_fees", ["central", "low"]].isna().all()  # actual fees exceed the plan's
    assert ends["low"].equals(ends["central"].rename("low"))
    assert (ends["probability"] == ends["central"].notna()).all()
    assert forecast(PLANNED, filed.assign(year=2023)).left_out["A"] == "gap"


def test_a_large_payer_is_never_one_firm():
    members = pd.DataFrame(
        {
            "cvr": list("abcdefgh"),
            "cluster_id": list("AAAABBBB"),
            "valid_from": pd.Timestamp(2020, 1, 1),
            "valid_to": pd.to_datetime([None] * 7 + ["2024-12-31"]),
            "fee": [40.0, 30.0, 20.0, 1.0, 900.0, 1.0, 1.0, 5000.0],
        }
    )
    none = source.read(Empty(), "participations")
    found = cash.large_payer(members, none, 2025, 3)
    assert found["A"] == 30
    assert np.isnan(found["B"])  # one firm stands for nearly all of it
    assert cash.large_payer(members, none, 2025, 5).isna().all()


class Empty(Dataset):
    """A study without any of the tables."""

    def __init__(self) -> None: ...

    def has(self, table: str) -> bool:
        return False


@pytest.mark.parametrize(
    ("name", "value"),
    [("fee_cut", 1.2), ("months", 6), ("advance_delay", 12), ("alert_exhaustion", -0.1)],
)
def test_a_scenario_parameter_out_of_range_is_refused(name, value):
    with pytest.raises(UserError, match=f"study: {name}: expected .* and found {value}"):
        validated(SustainabilityParameters, {name: value}, where="study")


def test_rules_give_alerts_with_their_figure_and_count_what_they_could_check():
    figures = pd.DataFrame(
        {"shortfall": [0.2, np.nan], "equity_ratio": [-0.1, 0.5], "opinion": [0.0, 1.0]},
        index=pd.Index(["A", "B"], name="cluster_id"),
    ).reindex(columns=list(watch.RULES))
    limits = dict.fromkeys(watch.RULES, 0.0) | {"shortfall": 0.1}
    found = watch.alerts(figures, limits)
    assert list(zip(found["cluster_id"], found["rule"], found["figure"], strict=True)) == [
        ("A", "shortfall", 0.2),
        ("A", "equity_ratio", -0.1),
        ("B", "opinion", list(OPINION).index("emphasis")),
    ]
    checked = watch.coverage(figures, limits).set_index("rule")
    assert checked.loc["shortfall", ["checked", "alerts"]].tolist() == [1, 1]
    assert checked.loc["exposure", ["checked", "alerts"]].tolist() == [0, 0]


@pytest.mark.filterwarnings("error")
def test_a_study_without_the_tables_is_told_what_is_missing(capsys):
    page, names = Page("en"), {"A": "Alfa"}
    lines = income.by_year(source.read(Empty(), "cluster_finances"))
    filed, granted, reports = (
        source.read(Empty(), name) for name in ("annual_accounts", "projects", "project_reports")
    )
    gap = income.gap(lines)
    show.income(page, income.course(lines, "A"), gap, "A")
    show.shares(page, income.shares(lines), names, income.without_plan(lines, ["A"]))
    ratios = accounts.ratios(filed, projects.unsettled_at_year_end(granted, reports))
    latest, tracker = accounts.latest(ratios), accounts.tracker(filed, ["A"], AS_OF, 6)
    show.tracker(page, tracker, names)
    show.ratios(page, latest, names)
    ledger = projects.ledger(granted, reports, AS_OF)
    exposure = projects.exposure(latest, ledger, projects.confirmed_income(lines, AS_OF), 0.1)
    show.exposure(page, exposure, names, 0.1)
    show.ledger(page, ledger, names, "A")
    show.reporting(page, projects.exceptions(ledger, 0.2, 0.8), len(ledger))
    members, active = (source.read(Empty(), name) for name in ("memberships", "participations"))
    payers = cash.large_payer(members, active, income.last_year(income.both(lines)[1]), 5)
    found = cash.forecast(
        lines,
        latest,
        cash.deviations(lines, ratios),
        payers,
        ["A"],
        cash.Assumptions(),
        replications=100,
        level=0.9,
        seed=1,
    )
    assert found.of("A").left_out == {"A": "accounts"}
    ahead.scenarios(page, found.of("A"), names, "A", 0.9)
    figures = watch.figures(
        ["A"],
        gap=gap,
        latest=latest,
        tracker=tracker,
        exposure=exposure,
        ledger=ledger,
        exhaustion=found.exhaustion,
    )
    limits = dict.fromkeys(watch.RULES, 0.0)
    ahead.alerts(page, watch.alerts(figures, limits), names)
    ahead.rules(page, watch.coverage(figures, limits))
    assert figures.drop(columns="accounts_late").isna().all(axis=None)
