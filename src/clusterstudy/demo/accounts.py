"""The cluster organisations' annual accounts, and when two of them run out of cash.

Equity moves by the result, and cash is what equity, debt and other assets leave. The books are
anchored at the end of 2025, from which the scenario of cash under plan starts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.demo.economy import YEARS, Lines
from clusterstudy.demo.settings import CLUSTERS, Settings, january_first

MARGIN = {"strong": 0.015, "ambiguous": 0.006, "weak": -0.006}  # result, of revenue
RECOVERY = {2026: -0.02, 2027: 0.004, 2028: 0.01}  # margins of those that were to run out of cash
MARGIN_SD, SMALLEST_MARGIN = 0.004, 0.003
RECEIVABLES, FIXED_ASSETS = 0.12, 0.03  # of revenue
BASE = 2025  # the programme's first year, with plan and accounts
NOT_RECEIVED = {("K11", 2025)}
RECEIVED_LATE = {("K09", 2025): 130, ("K07", 2026): 90}  # days
NOT_REVIEWED = {("K08", 2025), ("K10", 2026)}
OPINIONS = {
    ("K07", 2025): "emphasis",
    ("K07", 2026): "emphasis",
    ("K09", 2025): "emphasis",
    ("K09", 2026): "qualified",
    ("K10", 2025): "emphasis",
}


def annual_accounts(
    settings: Settings, planned: Lines, happened: Lines, advances: np.ndarray
) -> pd.DataFrame:
    """Return the table ``annual_accounts``: a row per cluster and year, also where not received.

    Parameters
    ----------
    planned, happened
        Income by plan and actual income.
    advances
        Unsettled advances at each year's end, shape (clusters, t).
    """
    rng = settings.stream("annual_accounts")
    revenue = cash_income(happened)
    cost = _cost(rng, planned, revenue)
    base = YEARS.index(BASE)
    monthly = cost[:, base] / 12
    creditors = np.rint(CLUSTERS["creditor_months"].to_numpy() * monthly)[:, None]
    receivables, fixed = np.rint(RECEIVABLES * revenue), np.rint(FIXED_ASSETS * revenue)
    result = revenue - cost
    own_cash = np.rint(CLUSTERS["net_months"].to_numpy() * monthly)
    equity_base = own_cash + (receivables + fixed - creditors)[:, base]
    course = np.cumsum(result, axis=1)
    equity = equity_base[:, None] + course - course[:, [base]]
    liabilities = creditors + np.rint(advances)
    cash = equity + liabilities - receivables - fixed
    figures = {
        "revenue": revenue,
        "result": result,
        "equity": equity,
        "total_assets": equity + liabilities,
        "current_assets": cash + receivables,
        "current_liabilities": liabilities,
        "cash": cash,
    }
    table = pd.DataFrame(
        {
            "cluster_id": np.repeat(CLUSTERS["cluster_id"].to_numpy(), len(YEARS)),
            "year": np.tile(YEARS, len(CLUSTERS)),
            **{name: values.ravel() for name, values in figures.items()},
        }
    )
    return _filed(rng, table)


def cash_income(lines: Lines) -> np.ndarray:
    """Return all income but in-kind, shape (clusters, t)."""
    return np.sum([v for line, v in lines.items() if line != "in_kind_cofinancing"], axis=0)


def _cost(rng: np.random.Generator, planned: Lines, revenue: np.ndarray) -> np.ndarray:
    """Return yearly cost, shape (clusters, t).

    Where a cluster runs out of cash in the month numbered k from the month after the base year,
    the base year's cost is the one at which cash runs out in the middle of that month: with net
    cash of m months of cost and planned income I, cost = sum of I over k - 1/2 months /
    (k - 1/2 - m). It recovers afterwards, as clusters in danger do.
    """
    margin = np.array([MARGIN[profile] for profile in CLUSTERS["profile"]])[:, None]
    margin = margin + MARGIN_SD * rng.standard_normal(revenue.shape)
    exhausted = _months_until_exhausted()
    ends = np.isfinite(exhausted)
    for year, recovery in RECOVERY.items():
        margin[ends, YEARS.index(year)] = recovery
    margin = np.copysign(np.maximum(np.abs(margin), SMALLEST_MARGIN), margin)
    cost = np.rint(revenue * (1 - margin))
    monthly_income = np.repeat(cash_income(planned)[:, 1:] / 12, 12, axis=1)
    for row in np.flatnonzero(ends):
        k = int(exhausted[row])
        income = monthly_income[row, : k - 1].sum() + monthly_income[row, k - 1] / 2
        cost[row, YEARS.index(BASE)] = np.rint(
            12 * income / (k - 0.5 - CLUSTERS["net_months"][row])
        )
    return cost


def _months_until_exhausted() -> np.ndarray:
    """Return the number of the month, from the base year's end, in which cash runs out; or NaN."""
    month = pd.to_datetime(CLUSTERS["exhausted"])
    return ((month.dt.year - BASE - 1) * 12 + month.dt.month).to_numpy()


def _filed(rng: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    """Return the accounts with opinion and dates; those not received are blank."""
    n = len(table)
    keys = list(zip(table["cluster_id"], table["year"], strict=True))
    late = np.array([RECEIVED_LATE.get(key, 0) for key in keys])
    spring = january_first(table["year"].to_numpy() + 1) + np.timedelta64(75, "D")
    approved = spring + rng.integers(0, 75, n).astype("timedelta64[D]")
    received = approved + (rng.integers(5, 60, n) + late).astype("timedelta64[D]")
    reviewed = received + rng.integers(10, 60, n).astype("timedelta64[D]")
    not_reviewed = np.array([key in NOT_REVIEWED for key in keys])
    table = table.assign(
        auditor_opinion=[OPINIONS.get(key, "unqualified") for key in keys],
        approved_on=approved,
        received_on=received,
        reviewed_on=np.where(not_reviewed, np.datetime64("NaT", "D"), reviewed),
    )
    absent = pd.Series([key in NOT_RECEIVED for key in keys])
    filed = table.columns.drop(["cluster_id", "year"])
    return table.assign(**{name: table[name].mask(absent) for name in filed})
