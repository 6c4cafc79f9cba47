"""The record of past alerts: what the rules would have said at earlier year-ends, and what came.

At each earlier year-end the rules, with today's limits, look at what was known on that day; what
followed is taken from what is known today. Cluster-years are few, and those of one cluster are not
independent, so the exact intervals are still too narrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from clusterstudy import kept
from clusterstudy.contract.read import Dataset
from clusterstudy.disclosure.rules import read_rules
from clusterstudy.finance import income, watch
from clusterstudy.finance.position import CODE, Position, position
from clusterstudy.report.language import later

TROUBLE = {
    "plan_missed": later("private cash below plan"),
    "negative_equity": later("negative equity"),
    "no_own_cash": later("own cash used up"),
}
ANY = "any"
KEPT = 8  # records of a data folder
PAST = {"scenarios": ("plan",), "level": 0.9}  # rules look at the plan, and at no interval


def trouble(now: Position, shortfall: float) -> pd.DataFrame:
    """Return which trouble each cluster-year saw, as known today.

    Parameters
    ----------
    shortfall
        Share of planned private cash beyond which the plan was missed.

    Returns
    -------
    DataFrame indexed by ``cluster_id`` and ``year``, a column per :data:`TROUBLE`: 1 or 0, missing
    where the figure behind it is unknown.
    """
    plan, actual = (frame["private_cash"] for frame in income.both(now.lines))
    filed = now.ratios.set_index(["cluster_id", "year"])
    return pd.DataFrame(
        {
            "plan_missed": (1 - (actual / plan.where(plan > 0)).dropna() > shortfall).astype(float),
            **{
                kind: (filed[name] < 0).astype(float).where(filed[name].notna())
                for kind, name in (("negative_equity", "equity"), ("no_own_cash", "own_cash"))
            },
        }
    )


def record(
    data: Dataset,
    clusters: Sequence[str],
    now: Position,
    limits: Mapping[str, float],
    years: int,
    **settings: Any,
) -> pd.DataFrame:
    """Return what every rule said of every cluster at each earlier year-end, and what followed.

    It is kept (:mod:`clusterstudy.kept`): a report on one cluster judges the rules by all.

    Parameters
    ----------
    data
        With today's day.
    now
        What is known today, of the same ``data``, ``clusters`` and ``settings``.
    limits
        Of every rule in :data:`clusterstudy.finance.watch.RULES`.
    years
        Trouble in that many years after a check counts as what followed.
    settings
        As :func:`clusterstudy.finance.position.position` takes them; those of :data:`PAST` hold.

    Returns
    -------
    DataFrame with ``year`` (at the end of which it was checked), ``cluster_id``, ``rule``,
    ``figure``, ``alert``, ``trouble`` (keys of :data:`TROUBLE`, separated by blanks) and
    ``followed``: 1 with trouble, 0 without, missing while a figure of those years is unknown.
    Year-ends before the first accounts came in are left out.
    """
    settings = settings | PAST
    given = settings | {
        "assumptions": asdict(settings["assumptions"]),
        "rules": asdict(read_rules(settings["rules"])),
    }
    place = kept.entry(data, "records", [list(clusters), dict(limits), years, given], CODE)
    return kept.frame(place, lambda: _made(data, clusters, now, limits, years, settings), most=KEPT)


def _made(
    data: Dataset,
    clusters: Sequence[str],
    now: Position,
    limits: Mapping[str, float],
    years: int,
    settings: Mapping[str, Any],
) -> pd.DataFrame:
    assert data.as_of is not None
    seen = trouble(now, limits["shortfall"])
    closed = (data.as_of + timedelta(days=1)).year - 1
    first = int(now.ratios["year"].min()) if len(now.ratios) else closed
    parts = []
    for year in range(first, closed):
        then = data.on(date(year, 12, 31))
        known = position(then, clusters, **settings)
        if len(known.latest):
            said = _said(watch.figures(clusters, known), limits)
            after = pd.DataFrame([_after(seen, cluster, year, years) for cluster in clusters])
            parts.append(said.merge(after, on="cluster_id").assign(year=year))
    columns = ["year", "cluster_id", "rule", "figure", "alert", "trouble", "followed"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def reliability(record: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return how often trouble followed an alert, and how often it came without one, by rule.

    Returns
    -------
    DataFrame with ``rule`` (the last: any of them), ``judged`` (cluster-years whose figure and
    sequel are known), ``alerts``, ``hits`` (alerts that trouble followed),
    ``hit_rate`` with ``hit_low`` and ``hit_high``, and of the cluster-years without an alert
    ``quiet``, ``missed`` (that trouble followed), ``miss_rate``, ``miss_low`` and ``miss_high``.
    Intervals are exact (Clopper & Pearson 1934); rates of nothing are missing.
    """
    judged = record[record["figure"].notna() & record["followed"].notna()]
    together = judged.groupby(["year", "cluster_id"])[["alert", "followed"]].max()
    groups = {rule: judged[judged["rule"] == rule] for rule in watch.RULES} | {ANY: together}
    rows = []
    for rule, part in groups.items():
        alert, followed = part["alert"].astype(bool), part["followed"] == 1
        alerts, hits = int(alert.sum()), int((alert & followed).sum())
        quiet, missed = int((~alert).sum()), int((~alert & followed).sum())
        row = {"rule": rule, "judged": len(part), "alerts": alerts, "hits": hits}
        row |= {"quiet": quiet, "missed": missed}
        row |= _rate("hit", hits, alerts, level) | _rate("miss", missed, quiet, level)
        rows.append(row)
    return pd.DataFrame(rows)


def past_alerts(record: pd.DataFrame) -> pd.DataFrame:
    """Return a row per year-end and cluster with an alert: ``rules`` (a list) and the sequel."""
    given = record[record["alert"].astype(bool)]
    by = given.groupby(["year", "cluster_id", "trouble"], sort=True)
    return by.agg(rules=("rule", list), followed=("followed", "first")).reset_index()


def _said(figures: pd.DataFrame, limits: Mapping[str, float]) -> pd.DataFrame:
    """Return a row per cluster and rule with its figure and whether it gave an alert."""
    long = figures.reset_index().melt("cluster_id", var_name="rule", value_name="figure")
    given = watch.alerts(figures, limits)[["cluster_id", "rule"]].assign(alert=True)
    said = long.merge(given, on=["cluster_id", "rule"], how="left")
    return said.assign(alert=said["alert"].notna())


def _after(seen: pd.DataFrame, cluster: str, year: int, years: int) -> dict[str, object]:
    """Return what followed a check of ``cluster`` at the end of ``year``."""
    window = [(cluster, later) for later in range(year + 1, year + 1 + years)]
    after = seen.reindex(window)
    came = [kind for kind in TROUBLE if (after[kind] == 1).any()]
    complete = after.notna().all(axis=None)
    followed = float(bool(came)) if complete else np.nan
    told = " ".join(came) if complete else ""
    return {"cluster_id": cluster, "followed": followed, "trouble": told}


def _rate(name: str, hits: int, of: int, level: float) -> dict[str, float]:
    if not of:
        return dict.fromkeys((f"{name}_rate", f"{name}_low", f"{name}_high"), np.nan)
    from scipy.stats import binomtest

    exact = binomtest(hits, of).proportion_ci(level, method="exact")
    return {f"{name}_rate": hits / of, f"{name}_low": exact.low, f"{name}_high": exact.high}
