"""The clusters' economy in one table: what :mod:`clusterstudy.finance` found, a row per cluster."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from clusterstudy.finance.position import Position


def overview(now: Position, alerts: pd.DataFrame, clusters: Sequence[str]) -> pd.DataFrame:
    """Return each cluster's economy, in the order given: nothing in it sorts or sums up clusters.

    Parameters
    ----------
    alerts
        From :func:`clusterstudy.finance.watch.alerts`.

    Returns
    -------
    DataFrame with ``cluster_id``, ``of_plan`` (private cash over plan, latest year), ``gap``
    (DKK thousand), ``liquidity_months``, ``simulated`` (whether cash under plan was), ``low`` and
    ``high`` (months in which own cash runs out), ``probability`` (that it does) and ``rules``
    (those that give an alert, separated by blanks). Missing where it is not known.
    """
    found = pd.DataFrame(index=pd.Index(clusters, name="cluster_id"))
    columns = {
        "of_plan": _of(now.gap, "of_plan", line="private_cash"),
        "gap": _of(now.gap, "gap", line="private_cash"),
        "liquidity_months": _of(now.latest, "liquidity_months"),
        **{
            name: _of(now.forecast.exhaustion, name, scenario="plan")
            for name in ("low", "high", "probability")
        },
        "rules": alerts.groupby("cluster_id")["rule"].agg(" ".join),
    }
    found = found.assign(**columns)
    simulated = found["probability"].notna()
    return found.assign(simulated=simulated, rules=found["rules"].fillna("")).reset_index()


def _of(frame: pd.DataFrame, column: str, **chosen: str) -> pd.Series:
    """Return a column by cluster, of the rows chosen; nothing of an empty frame."""
    if frame.empty:
        return pd.Series(dtype="float64")
    for name, value in chosen.items():
        frame = frame[frame[name] == value]
    return frame.set_index("cluster_id")[column]
