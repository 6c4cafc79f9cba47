"""The clusters' economy by hand: ratios, tracker, gap, advances, cash; and what data may lack."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import OPINION
from clusterstudy.disclosure.rules import read_rules
from clusterstudy.errors import UserError
from clusterstudy.finance import (
    accounts,
    ahead,
    attention,
    cash,
    income,
    payers,
    projects,
    record,
    show,
    source,
    watch,
)
from clusterstudy.finance.position import position
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


RULES = read_rules("standard")
MEMBERS = pd.DataFrame(
    {
        "cvr": list("abcdefgh"),
        "cluster_id": list("AAAABBBB"),
        "valid_from": pd.Timestamp(2020, 1, 1),
        "valid_to": pd.to_datetime([None] * 7 + ["2024-12-31"]),
        "fee": [40.0, 30.0, 20.0, 1.0, 900.0, 1.0, 1.0, 5000.0],
    }
)


def test_a_large_payer_is_never_one_firm():
    paid = payers.paid(MEMBERS, source.read(Empty(), "participations"), 2025)
    found = payers.large_payer(paid, 3, RULES)
    assert found["A"] == 30
    assert np.isnan(found["B"])  # one firm stands for nearly all of it
    assert np.isnan(payers.large_payer(paid, 3, read_rules("strict"))["A"])  # two for 7 of 9
    assert payers.large_payer(paid, 5, RULES).isna().all()


def test_the_largest_payers_share_is_told_in_quarters_and_of_enough_firms_only():
    paid = payers.paid(MEMBERS, source.read(Empty(), "participations"), 2025)
    found = payers.concentration(paid, 3, RULES).set_index("cluster_id")
    assert found.loc["A"].tolist() == [4, 0.75, 1.0]  # 90 of 91
    assert found.loc["B"].isna().all()
    assert payers.concentration(paid, 5, RULES).drop(columns="cluster_id").isna().all(axis=None)
    even = pd.concat([MEMBERS.head(1)] * 12).assign(cvr=list("abcdefghijkl"))
    paid = payers.paid(even, source.read(Empty(), "participations"), 2025)
    share = payers.concentration(paid, 3, RULES)
    assert share[["low", "high"]].to_numpy().tolist() == [[0.25, 0.5]]  # exactly a quarter


class Empty(Dataset):
    """A study without any of the tables."""

    def __init__(self) -> None:
        self.folder, self.as_of = Path("nowhere"), AS_OF

    def has(self, table: str) -> bool:
        return False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fee_cut", 1.2),
        ("months", 6),
        ("advance_delay", 12),
        ("alert_exhaustion", -0.1),
        ("record_years", 3),
        ("signed_on", "spring"),
    ],
)
def test_a_scenario_parameter_out_of_range_is_refused(name, value):
    with pytest.raises(UserError, match=f"study: {name}: expected .* and found '?{value}"):
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


SETTINGS = validated(SustainabilityParameters, {"replications": 100}, where="").economy


def checks(*rows: tuple[str, float, bool, float]) -> pd.DataFrame:
    """Return a record of the rule ``equity_ratio``: cluster, figure, alert, what followed."""
    frame = pd.DataFrame(rows, columns=["cluster_id", "figure", "alert", "followed"])
    return frame.assign(rule="equity_ratio", year=2024, trouble="")


def test_the_record_counts_hits_false_alarms_and_what_came_without_alert():
    alerts = [(f"A{i}", 0.0, True, float(i < 7)) for i in range(10)]
    quiet = [(f"B{i}", 1.0, False, 0.0) for i in range(10)]
    unknown = [("C", np.nan, False, 1.0), ("D", 0.0, True, np.nan)]
    found = record.reliability(checks(*alerts, *quiet, *unknown), 0.95).set_index("rule")
    row = found.loc["equity_ratio"]
    assert row[["judged", "alerts", "hits", "missed"]].tolist() == [20, 10, 7, 0]
    bounds = proportion_confint(7, 10, 0.05, method="beta")  # Clopper and Pearson's
    assert row[["hit_low", "hit_high"]].tolist() == pytest.approx(bounds)
    assert row["miss_low"] == 0
    assert row["miss_high"] == pytest.approx(1 - 0.025 ** (1 / 10))
    pd.testing.assert_series_equal(found.loc["any"], row, check_names=False)
    nothing = found.drop(["equity_ratio", "any"])
    assert (nothing["judged"] == 0).all()
    assert nothing[["hit_rate", "hit_low", "miss_high"]].isna().all(axis=None)


def test_a_past_alert_rests_on_what_was_known_on_its_day(tmp_path, monkeypatch):
    late = account("B", 2023, equity=-9.0, received_on=pd.Timestamp(2025, 1, 2))
    filed = [account("A", year, equity=equity) for year, equity in ((2023, -5.0), (2025, 5.0))]
    filed += [late, account("B", 2024), account("B", 2025, equity=-1.0)]
    filed += [account("C", 2023, equity=-5.0)]
    pd.DataFrame(filed).to_csv(tmp_path / "annual_accounts.csv", index=False)
    met = {(cluster, year): [0, 0, 9, 0] for cluster in "AB" for year in (2024, 2025)}
    finances(plan_at_designation=met, actual=met).to_csv(
        tmp_path / "cluster_finances.csv", index=False
    )
    data = Dataset(tmp_path, AS_OF)
    now = position(data, ["A", "B", "C"], **SETTINGS)
    limits = validated(SustainabilityParameters, {}, where="").limits
    found = record.record(data, ["A", "B", "C"], now, limits, 1, **SETTINGS)
    with monkeypatch.context() as kept_only:
        kept_only.setattr(record, "position", None)
        other = SETTINGS | {"level": 0.5}
        again = record.record(data, ["A", "B", "C"], now, limits, 1, **other)
    pd.testing.assert_frame_equal(again, found)
    equity = found[found["rule"] == "equity_ratio"].set_index(["year", "cluster_id"])
    assert equity["alert"].to_dict() == {
        (2024, "A"): True,
        (2024, "B"): False,  # came in two days later
        (2024, "C"): True,
        (2025, "A"): True,  # the accounts of 2025 came in after this day
        (2025, "B"): False,
        (2025, "C"): True,
    }
    np.testing.assert_array_equal(equity.loc[2024, "followed"], [0, 1, np.nan])
    assert equity.loc[(2024, "B"), "trouble"] == "negative_equity"
    assert equity.loc[2025, "followed"].isna().all()  # no accounts of 2026 yet
    longer = record.record(data, ["A", "B", "C"], now, limits, 2, **SETTINGS)
    assert longer["followed"].isna().all()
    (tmp_path / "cluster_finances.csv").unlink()
    unplanned = position(data, ["A", "B", "C"], **SETTINGS)
    unknown = record.record(data, ["A", "B", "C"], unplanned, limits, 1, **SETTINGS)
    assert unknown["followed"].isna().all()  # whether a plan was missed is not known


def test_a_year_without_accounts_and_negative_equity_are_said(capsys):
    page, names = Page("en"), {"A": "Alfa", "B": "Beta"}
    filed = pd.DataFrame([account("A", 2025, equity=-20.0)])
    latest = accounts.latest(accounts.ratios(filed, pd.Series(dtype=float)))
    tracker = accounts.tracker(filed, ["A", "B"], AS_OF, 6)
    assert tracker.set_index("cluster_id").loc["B", "status"].tolist() == ["overdue", "due"]
    show.ratios(page, latest, names)
    assert show._negative(latest, names) == "Negative equity, debt exceeds assets: Alfa."


@pytest.mark.filterwarnings("error")
def test_a_study_without_the_tables_is_told_what_is_missing(capsys):
    page, names = Page("en"), {"A": "Alfa"}
    now = position(Empty(), ["A"], **SETTINGS)
    show.income(page, income.course(now.lines, "A"), now.gap, "A")
    show.shares(page, now.shares, names, income.without_plan(now.lines, ["A"]))
    show.payers(page, now.concentration, names, now.paid_in)
    show.tracker(page, now.tracker, names)
    show.ratios(page, now.latest, names)
    show.trend(page, now.ratios, names)
    show.exposure(page, now.exposure, names, 0.1)
    show.ledger(page, now.ledger, names, "A")
    show.reporting(page, projects.exceptions(now.ledger, 0.2, 0.8), len(now.ledger))
    assert now.forecast.of("A").left_out == {"A": "accounts"}
    ahead.scenarios(page, now.forecast.of("A"), names, "A", 0.9)
    figures = watch.figures(["A"], now)
    limits = dict.fromkeys(watch.RULES, 0.0)
    attention.alerts(page, watch.alerts(figures, limits), names)
    attention.rules(page, watch.coverage(figures, limits), "", "")
    assert figures.drop(columns="accounts_late").isna().all(axis=None)
    past = record.record(Empty(), ["A"], now, limits, 1, **SETTINGS)
    attention.record(page, record.past_alerts(past), names)
    attention.reliability(page, record.reliability(past, 0.9), 0.9, 1)
