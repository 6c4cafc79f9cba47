"""Projects: the ledger of advances, what they expose, and reporting against plan.

An advance is unsettled until a received report has settled it; it counts as unspent as long. Money
is in DKK thousand.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from clusterstudy.finance.income import GRANTS, PLAN, of_scenario


def unsettled_at_year_end(projects: pd.DataFrame, reports: pd.DataFrame) -> pd.Series:
    """Return unsettled advances by ``cluster_id`` and ``year``, up to the last year reported."""
    if reports.empty:
        return pd.Series(dtype="float64")
    change = reports["advance_paid"].fillna(0.0) - reports["advance_settled"].fillna(0.0)
    cluster = reports["project_id"].map(projects.set_index("project_id")["cluster_id"])
    year = reports["period_end"].dt.year
    table = change.groupby([cluster.rename("cluster_id"), year.rename("year")]).sum()
    every = pd.MultiIndex.from_product(
        [sorted(cluster.dropna().unique()), range(year.min(), year.max() + 1)],
        names=["cluster_id", "year"],
    )
    return table.reindex(every).fillna(0.0).groupby(level="cluster_id").cumsum()


def ledger(projects: pd.DataFrame, reports: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Return a row per project: advances, reports, spend and milestones.

    Returns
    -------
    DataFrame with ``project_id``, ``cluster_id``, ``title``, ``start``, ``end``, ``budget``,
    ``grant``, ``running`` (on ``as_of``), ``paid``, ``settled``, ``unsettled``, ``overdue_reports``
    and ``days_overdue`` (of the oldest), ``overdue_settlement`` (unsettled where a report is
    overdue, else 0), ``late_reports`` (received after they were due), ``reported_to`` (end of the
    last period received), ``spent``, ``planned`` (the budget, spread evenly over the project's
    days, up to ``reported_to``), ``spend_gap`` (spent less planned, over the budget) and
    ``milestones`` (reached over planned, by the last report received; missing without a plan).
    """
    day = pd.Timestamp(as_of)
    rows = reports.sort_values(["project_id", "period_end"])
    got, overdue = rows["received"].notna(), rows["received"].isna() & (rows["due"] < day)
    sums = rows.assign(
        overdue=overdue,
        waiting=rows["due"].where(overdue),
        late=got & (rows["received"] > rows["due"]),
    ).groupby("project_id")
    found = sums.agg(
        paid=("advance_paid", "sum"),
        settled=("advance_settled", "sum"),
        overdue_reports=("overdue", "sum"),
        waiting=("waiting", "min"),
        late_reports=("late", "sum"),
        spent=("spent", "sum"),
    )
    last = rows[got].groupby("project_id").last()
    last = last[["period_end", "milestones_planned", "milestones_reached"]]
    table = projects.join(found, on="project_id").join(last, on="project_id")
    counts = ["paid", "settled", "overdue_reports", "late_reports", "spent"]
    table[counts] = table[counts].fillna(0.0)
    unsettled = table["paid"] - table["settled"]
    length = (table["end"] - table["start"]).dt.days + 1
    elapsed = ((table["period_end"] - table["start"]).dt.days + 1) / length.where(length > 0)
    planned = table["budget"] * elapsed.clip(0, 1)
    due = table["milestones_planned"]
    return table.assign(
        running=(table["start"] <= day) & (table["end"] >= day),
        unsettled=unsettled,
        overdue_settlement=unsettled.where(table["overdue_reports"] > 0, 0.0),
        days_overdue=(day - table["waiting"]).dt.days,
        planned=planned,
        spend_gap=(table["spent"] - planned) / table["budget"].where(table["budget"] > 0),
        milestones=table["milestones_reached"] / due.where(due > 0),
        **{name: table[name].astype("int64") for name in ("overdue_reports", "late_reports")},
    ).rename(columns={"period_end": "reported_to"})[
        [
            *projects.columns,
            "running",
            "paid",
            "settled",
            "unsettled",
            "overdue_reports",
            "days_overdue",
            "overdue_settlement",
            "late_reports",
            "reported_to",
            "spent",
            "planned",
            "spend_gap",
            "milestones",
        ]
    ]


def exceptions(ledger: pd.DataFrame, max_spend_gap: float, min_milestones: float) -> pd.DataFrame:
    """Return the projects to look at, the most reasons first.

    A reason is a report overdue (``is_overdue``), spending further from the even plan than
    ``max_spend_gap`` of the budget (``is_off_plan``), or fewer of the milestones planned reached
    than the share ``min_milestones`` (``is_behind``).
    """
    flagged = ledger.assign(
        is_overdue=ledger["overdue_reports"] > 0,
        is_off_plan=ledger["spend_gap"].abs() > max_spend_gap,
        is_behind=ledger["milestones"] < min_milestones,
    )
    reasons = flagged[["is_overdue", "is_off_plan", "is_behind"]].sum(axis="columns")
    order = flagged.assign(reasons=reasons)[reasons > 0]
    order = order.sort_values(
        ["reasons", "days_overdue", "project_id"], ascending=[False, False, True]
    )
    return order.drop(columns="reasons").reset_index(drop=True)


def confirmed_income(income: pd.DataFrame, as_of: date) -> pd.Series:
    """Return the grants planned for the twelve months from ``as_of``, by cluster.

    Calendar years count by their months; a year that no plan covers brings nothing.

    Parameters
    ----------
    income
        As :func:`clusterstudy.finance.income.by_year` returns it.
    """
    grants = of_scenario(income, PLAN)[GRANTS].sum(axis="columns").unstack("year")
    left = 12 - as_of.month
    weights = {as_of.year: left / 12, as_of.year + 1: 1 - left / 12}
    return sum(
        (weight * grants[year].fillna(0.0) for year, weight in weights.items() if year in grants),
        pd.Series(0.0, grants.index),
    )


def exposure(
    latest: pd.DataFrame, ledger: pd.DataFrame, confirmed: pd.Series, more: float
) -> pd.DataFrame:
    """Return how exposed each cluster is by its advances, today and with larger ones.

    Parameters
    ----------
    latest
        The latest accounts (:func:`clusterstudy.finance.accounts.latest`).
    confirmed
        Twelve months' confirmed income by cluster.
    more
        The larger advance, as a share of running projects' grants.

    Returns
    -------
    DataFrame with ``cluster_id``, ``unsettled``, ``overdue_settlement``, ``cover`` (equity and
    confirmed income), ``exposure`` (unsettled over cover; missing where cover is not positive),
    ``larger`` (the extra advance), and with it ``exposure_larger``, ``gross_months`` and
    ``gross_months_larger`` (cash with advances, in months of cost), ``current_ratio`` and
    ``current_ratio_larger``. Months of own cash do not change by an advance.
    """
    sums = ledger.groupby("cluster_id")[["unsettled", "overdue_settlement"]].sum()
    running = ledger["grant"].where(ledger["running"], 0.0).groupby(ledger["cluster_id"]).sum()
    table = latest.join(sums, on="cluster_id").fillna({"unsettled": 0.0, "overdue_settlement": 0.0})
    larger = more * table["cluster_id"].map(running).astype("float64").fillna(0.0)
    cover = table["equity"] + table["cluster_id"].map(confirmed).astype("float64").fillna(0.0)
    positive = cover.where(cover > 0)
    owed = table["current_liabilities"] + larger
    monthly = table["cost"].where(table["cost"] > 0) / 12
    return pd.DataFrame(
        {
            "cluster_id": table["cluster_id"],
            "unsettled": table["unsettled"],
            "overdue_settlement": table["overdue_settlement"],
            "cover": cover,
            "exposure": table["unsettled"] / positive,
            "larger": larger,
            "exposure_larger": (table["unsettled"] + larger) / positive,
            "gross_months": table["gross_months"],
            "gross_months_larger": (table["cash"] + larger) / monthly,
            "current_ratio": table["current_ratio"],
            "current_ratio_larger": (table["current_assets"] + larger) / owed.where(owed > 0),
        }
    )
