"""Private cash income against the plan at designation, by line in the board paper's order.

The private share is private cash over all cash income. In-kind co-financing is never cash. Money
is in DKK thousand and current prices.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.contract.vocabulary import (
    GRANT_LINES,
    IN_KIND,
    INCOME_LINE,
    PRIVATE_LINES,
    PROGRAMME,
)

PLAN, ACTUAL = "plan_at_designation", "actual"
GRANTS, PRIVATE = list(GRANT_LINES), list(PRIVATE_LINES)
SHOWN = [*PRIVATE, "private_cash", IN_KIND]


def by_year(finances: pd.DataFrame) -> pd.DataFrame:
    """Return income by scenario, cluster and year, with what follows from the lines.

    Parameters
    ----------
    finances
        The table ``cluster_finances``.

    Returns
    -------
    DataFrame indexed by ``scenario``, ``cluster_id`` and ``year``: a column per income line (0
    where a year has other lines), ``private_cash``, ``cash`` and ``private_share`` (missing
    without cash income).
    """
    summed = finances.groupby(["scenario", "cluster_id", "year", "line"])["amount"].sum()
    wide = summed.unstack("line").reindex(columns=list(INCOME_LINE)).fillna(0.0)
    return _with_sums(wide.rename_axis(columns=None))


def of_scenario(income: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return income of one scenario, indexed by ``cluster_id`` and ``year``."""
    return income[income.index.get_level_values("scenario") == name].droplevel("scenario")


def of_cluster(income: pd.DataFrame, cluster: str) -> pd.DataFrame:
    """Return one scenario's income of one cluster, indexed by ``year``."""
    return income[income.index.get_level_values("cluster_id") == cluster].droplevel("cluster_id")


def in_year(income: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return one scenario's income in one year, indexed by ``cluster_id``."""
    return income[income.index.get_level_values("year") == year].droplevel("year")


def last_year(income: pd.DataFrame) -> int:
    """Return the last year that ``income`` knows; 0 where it knows none."""
    return int(income.index.get_level_values("year").max()) if len(income) else 0


def both(income: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return plan and actual income of the clusters and years that have both, row by row."""
    plan, actual = (of_scenario(income, name) for name in (PLAN, ACTUAL))
    shared = plan.index.intersection(actual.index).sort_values()
    return plan.loc[shared], actual.loc[shared]


def without_plan(income: pd.DataFrame, clusters: list[str]) -> list[str]:
    """Return the clusters that have no plan at designation."""
    planned = of_scenario(income, PLAN).index.get_level_values("cluster_id")
    return [cluster for cluster in clusters if cluster not in planned]


def course(income: pd.DataFrame, cluster: str) -> pd.DataFrame:
    """Return the path of plan and actual income of a cluster, or of all that have a plan.

    Returns
    -------
    DataFrame with ``scenario``, ``year``, the lines and ``private_share``. A year in which a
    cluster of the programme is missing is left out, for the sum would fall without a reason.
    """
    planned = of_scenario(income, PLAN).index.get_level_values("cluster_id").unique()
    members = list(planned) if cluster == PROGRAMME else [cluster]
    chosen = income[income.index.isin(members, level="cluster_id")]
    chosen = chosen[chosen.index.isin([PLAN, ACTUAL], level="scenario")]
    grouped = chosen.groupby(level=["scenario", "year"])
    whole = grouped.size() == len(members)
    return _with_sums(grouped.sum()[whole]).reset_index()


def gap(income: pd.DataFrame) -> pd.DataFrame:
    """Return how far the latest year lies from the plan, by cluster and line.

    Returns
    -------
    DataFrame with ``cluster_id`` (the programme: the sum of those compared), ``line`` (in the
    board paper's order, then their sum, then in kind), ``year``, ``plan``, ``actual``,
    ``gap`` (actual less plan), ``of_plan`` (actual over plan), ``growth`` (a year, over the years
    with actual income), ``target_year``, ``target`` (the plan's last year) and ``required``
    (growth a year from ``actual`` to ``target``; missing where nothing came in, or no year is
    left). Empty where no cluster has both plan and actual income.
    """
    plan, actual = both(income)
    if plan.empty:
        return pd.DataFrame()
    planned, happened = (of_scenario(income, name) for name in (PLAN, ACTUAL))
    year, target_year = last_year(actual), last_year(planned)
    first_year = int(happened.index.get_level_values("year").min())
    now = in_year(actual, year)
    frames = {
        "plan": in_year(plan, year),
        "actual": now,
        "target": in_year(planned, target_year).reindex(now.index),
        "first": in_year(happened, first_year).reindex(now.index),
    }
    long = {
        name: _with_total(frame[SHOWN]).reset_index().melt("cluster_id", var_name="line")
        for name, frame in frames.items()
    }
    found = long["plan"][["cluster_id", "line"]].assign(
        **{name: frame["value"] for name, frame in long.items()}
    )
    return found.assign(
        year=year,
        target_year=target_year,
        gap=found["actual"] - found["plan"],
        of_plan=found["actual"] / found["plan"].where(found["plan"] > 0),
        growth=_growth(found["first"], found["actual"], year - first_year),
        required=_growth(found["actual"], found["target"], target_year - year),
    ).drop(columns="first")


def shares(income: pd.DataFrame) -> pd.DataFrame:
    """Return the private share of cash income in the latest year, with the kroner beside it.

    Returns
    -------
    DataFrame with ``cluster_id`` (the programme first), ``year``, ``share`` and ``planned_share``,
    ``difference`` (of the shares), ``private_cash`` and ``planned_cash``, ``gap``.
    """
    plan, actual = both(income)
    if plan.empty:
        return pd.DataFrame()
    year = last_year(actual)
    now, due = (_with_sums(_with_total(in_year(frame, year))) for frame in (actual, plan))
    return pd.DataFrame(
        {
            "year": year,
            "share": now["private_share"],
            "planned_share": due["private_share"],
            "difference": now["private_share"] - due["private_share"],
            "private_cash": now["private_cash"],
            "planned_cash": due["private_cash"],
            "gap": now["private_cash"] - due["private_cash"],
        }
    ).reset_index()


def _with_sums(lines: pd.DataFrame) -> pd.DataFrame:
    private = lines[PRIVATE].sum(axis="columns")
    cash = private + lines[[*GRANTS, "other"]].sum(axis="columns")
    return lines.assign(
        private_cash=private, cash=cash, private_share=private / cash.where(cash > 0)
    )


def _with_total(frame: pd.DataFrame) -> pd.DataFrame:
    """Put the programme, the sum of the clusters below it, first."""
    total = frame.sum(skipna=False).to_frame(PROGRAMME).T
    return pd.concat([total, frame]).rename_axis("cluster_id")


def _growth(start: pd.Series, end: pd.Series, years: int) -> pd.Series:
    """Return the growth a year; missing from nothing, or over no years."""
    if years < 1:
        return pd.Series(np.nan, start.index)
    return (end / start.where(start > 0)) ** (1 / years) - 1
