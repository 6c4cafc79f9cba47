"""Annual accounts: what is due, received and reviewed, and the ratios they give.

Money is in DKK thousand. A ratio that has no meaning (nothing owed, no assets, no costs) is
missing, never infinite.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from clusterstudy.report.language import later

STATUS = {
    "reviewed": later("received and reviewed"),
    "received": later("received, not reviewed"),
    "due": later("not received, not yet due"),
    "overdue": later("not received, overdue"),
}
RATIOS = ["equity_ratio", "current_ratio", "liquidity_months"]


def tracker(
    accounts: pd.DataFrame, clusters: Sequence[str], as_of: date, due_months: int
) -> pd.DataFrame:
    """Return what has come in of the accounts, by cluster and closed year.

    Parameters
    ----------
    accounts
        The table ``annual_accounts``, as known on ``as_of``.
    clusters
        All from whom accounts are expected, in every closed year from the table's first.
    due_months
        Months from the year's end until accounts are due.

    Returns
    -------
    DataFrame with ``cluster_id``, ``year``, ``due``, ``received_on``, ``reviewed_on``, ``status``
    (a key of :data:`STATUS`) and ``days_late`` (to the day received, or to ``as_of``; not below 0).
    """
    day = pd.Timestamp(as_of)
    last_closed = (day + pd.Timedelta(days=1)).year - 1
    first = int(accounts["year"].min()) if len(accounts) else last_closed
    expected = pd.MultiIndex.from_product(
        [clusters, range(first, last_closed + 1)], names=["cluster_id", "year"]
    )
    dates = accounts.set_index(["cluster_id", "year"])[["received_on", "reviewed_on"]]
    table = dates.reindex(expected).reset_index()
    ends = pd.to_datetime(table["year"].astype(str) + "-12-31")
    due = ends + pd.offsets.MonthEnd(due_months)
    received, reviewed = table["received_on"].notna(), table["reviewed_on"].notna()
    status = np.select(
        [received & reviewed, received, due >= day], ["reviewed", "received", "due"], "overdue"
    )
    late = (table["received_on"].fillna(day) - due).dt.days.clip(lower=0)
    return table.assign(due=due, status=status, days_late=late)


def ratios(accounts: pd.DataFrame, unspent: pd.Series) -> pd.DataFrame:
    """Return the ratios of every account received.

    Parameters
    ----------
    accounts
        The table ``annual_accounts``; rows without equity, assets or cash are left out.
    unspent
        Unspent advances at year end, indexed by ``cluster_id`` and ``year``; 0 where missing.

    Returns
    -------
    DataFrame with ``cluster_id``, ``year``, ``revenue``, ``result``, ``cost`` (revenue less
    result), ``equity``, ``cash``, ``own_cash`` (cash less unspent advances), ``equity_ratio``
    (soliditetsgrad: equity over assets), ``current_ratio`` (likviditetsgrad: current assets over
    short-term debt), ``liquidity_months`` (own cash over a month's cost), ``gross_months`` (the
    same with advances), ``current_assets``, ``current_liabilities`` and ``auditor_opinion``.
    """
    filed = accounts.dropna(subset=["equity", "total_assets", "cash"])
    filed = filed.sort_values(["cluster_id", "year"], ignore_index=True)
    keys = pd.MultiIndex.from_frame(filed[["cluster_id", "year"]])
    own_cash = filed["cash"] - unspent.reindex(keys).fillna(0.0).to_numpy()
    cost = filed["revenue"] - filed["result"]
    monthly = cost.where(cost > 0) / 12
    kept = filed[
        [
            "cluster_id",
            "year",
            "revenue",
            "result",
            "equity",
            "cash",
            "current_assets",
            "current_liabilities",
            "auditor_opinion",
        ]
    ]
    return kept.assign(
        cost=cost,
        own_cash=own_cash,
        equity_ratio=filed["equity"] / filed["total_assets"].where(filed["total_assets"] > 0),
        current_ratio=filed["current_assets"]
        / filed["current_liabilities"].where(filed["current_liabilities"] > 0),
        liquidity_months=own_cash / monthly,
        gross_months=filed["cash"] / monthly,
    )


def latest(ratios: pd.DataFrame) -> pd.DataFrame:
    """Return each cluster's latest account, with the ratios of the one before (``_before``)."""
    by_cluster = ratios.groupby("cluster_id")
    before = by_cluster[RATIOS].shift(1).add_suffix("_before")
    return ratios.join(before).loc[by_cluster["year"].idxmax()].reset_index(drop=True)
