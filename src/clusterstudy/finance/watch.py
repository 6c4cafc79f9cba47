"""The watch list: rules with limits, and the alerts they give, each with its reason.

An alert opens a conversation. It is no verdict, and no rule weighs one alert against another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from clusterstudy.contract.vocabulary import OPINION
from clusterstudy.finance.position import Position
from clusterstudy.report.language import later


@dataclass(frozen=True)
class Rule:
    """When a figure gives an alert: on which ``side`` of its limit, named how, and why."""

    label: str
    side: Literal["above", "below", "other"]
    reason: str


RULES = {
    "shortfall": Rule(
        later("Private cash below plan"),
        "above",
        later("The designation presupposed that this income would be raised."),
    ),
    "equity_ratio": Rule(
        later("Equity ratio"), "below", later("Little or no equity is left to bear a loss.")
    ),
    "current_ratio": Rule(
        later("Current ratio"), "below", later("Short-term debt exceeds what can soon be paid.")
    ),
    "liquidity_months": Rule(
        later("Months of own cash"),
        "below",
        later("Without unspent advances, cash covers few months of cost."),
    ),
    "opinion": Rule(
        later("Auditor's opinion"), "other", later("The auditor draws attention to something.")
    ),
    "accounts_late": Rule(
        later("Accounts overdue, days"), "above", later("The economy cannot be followed.")
    ),
    "exposure": Rule(
        later("Exposure by advances"),
        "above",
        later("Unsettled advances are large against equity and confirmed income."),
    ),
    "reports_late": Rule(
        later("Project report overdue, days"),
        "above",
        later("What was reached and spent is not known."),
    ),
    "exhaustion": Rule(
        later("Probability of running out of own cash, as planned"),
        "above",
        later("Own cash may run out even if the plan is met."),
    ),
}


def figures(clusters: Sequence[str], now: Position) -> pd.DataFrame:
    """Return what the rules look at: clusters by rules, missing where it is not known."""
    found = pd.DataFrame(index=pd.Index(clusters, name="cluster_id"))
    if len(now.gap):
        total = now.gap[now.gap["line"] == "private_cash"].set_index("cluster_id")
        found["shortfall"] = 1 - total["of_plan"]
    if len(now.latest):
        accounts = now.latest.set_index("cluster_id")
        for name in ("equity_ratio", "current_ratio", "liquidity_months"):
            found[name] = accounts[name]
        found["opinion"] = accounts["auditor_opinion"].map(
            {opinion: place for place, opinion in enumerate(OPINION)}
        )
    overdue = now.tracker[now.tracker["status"] == "overdue"]
    found["accounts_late"] = overdue.groupby("cluster_id")["days_late"].max()
    found["accounts_late"] = found["accounts_late"].fillna(0)
    if len(now.exposure):
        found["exposure"] = now.exposure.set_index("cluster_id")["exposure"]
    if len(now.ledger):
        found["reports_late"] = now.ledger.groupby("cluster_id")["days_overdue"].max()
        has_projects = found.index.isin(now.ledger["cluster_id"])
        found.loc[has_projects, "reports_late"] = found["reports_late"].fillna(0)
    ends = now.forecast.exhaustion
    if len(ends):
        planned = ends[ends["scenario"] == "plan"].set_index("cluster_id")
        found["exhaustion"] = planned["probability"]
    return found.reindex(columns=list(RULES)).astype("float64")


def alerts(figures: pd.DataFrame, limits: Mapping[str, float]) -> pd.DataFrame:
    """Return a row per cluster and rule whose figure lies beyond its limit.

    Parameters
    ----------
    figures
        From :func:`figures`.
    limits
        The limit of every rule in :data:`RULES`.

    Returns
    -------
    DataFrame with ``cluster_id``, ``rule``, ``figure`` and ``limit``, in the order of the clusters
    and the rules. A missing figure gives no alert; :func:`coverage` counts it.
    """
    rows = [
        {"cluster_id": cluster, "rule": rule, "figure": row[rule], "limit": limits[rule]}
        for cluster, row in zip(figures.index, figures.to_dict("records"), strict=True)
        for rule in RULES
        if _beyond(row[rule], limits[rule], RULES[rule].side)
    ]
    return pd.DataFrame(rows, columns=["cluster_id", "rule", "figure", "limit"])


def coverage(figures: pd.DataFrame, limits: Mapping[str, float]) -> pd.DataFrame:
    """Return per rule its ``limit``, and how many clusters were ``checked`` and give ``alerts``."""
    given = alerts(figures, limits)["rule"].value_counts()
    return pd.DataFrame(
        {
            "rule": list(RULES),
            "limit": [limits[rule] for rule in RULES],
            "checked": figures.notna().sum().reindex(list(RULES)).to_numpy(),
            "alerts": given.reindex(list(RULES)).fillna(0).astype("int64").to_numpy(),
        }
    )


def _beyond(figure: float, limit: float, side: str) -> bool:
    return figure < limit if side == "below" else figure > limit
