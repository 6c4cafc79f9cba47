"""What changed since an earlier report: figures then and now, and what both were made from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clusterstudy.differences import differing
from clusterstudy.errors import UserError
from clusterstudy.paths import MANIFEST, REPORTS, finished

EFFECTS, ECONOMY = "tables/effects.csv", "tables/economy.csv"


@dataclass(frozen=True)
class Earlier:
    """An earlier board report: its figures, and what it was made from.

    Parameters
    ----------
    effects, economy
        Its tables of that name; ``economy`` is None where it has none.
    as_of, made
        Day as of which its data were known, and day on which it was made.
    parameters, tables, version
        Its parameters, the SHA-256 of its data's tables, and the version of the code.
    """

    effects: pd.DataFrame
    economy: pd.DataFrame | None
    as_of: str
    made: str
    parameters: Mapping[str, Any]
    tables: Mapping[str, str]
    version: str


def earlier(name: str, reports: Path = REPORTS) -> Earlier:
    """Return an earlier board report.

    Parameters
    ----------
    name
        The report, as :func:`clusterstudy.paths.finished` finds it.

    Raises
    ------
    UserError
        If there is no such report, or it has no table of effects.
    """
    folder = finished(name, reports)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return Earlier(
            effects=pd.read_csv(folder / EFFECTS),
            economy=pd.read_csv(folder / ECONOMY) if (folder / ECONOMY).is_file() else None,
            as_of=manifest["parameters"]["as_of"],
            made=manifest["finished"][:10],
            parameters=manifest["parameters"],
            tables=manifest["data"]["sha256"],
            version=manifest["code"]["version"],
        )
    except (OSError, ValueError, KeyError):
        raise UserError(
            f"expected an earlier board report and found no {EFFECTS} with its manifest",
            where=f"previous: {name}",
            mend="Name the folder of a report of 60_board_report",
        ) from None


def compare(then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return both reports' effects by outcome, ``_then`` and ``_now``; NaN where one has none."""
    figures = ["outcome", "n", "estimate", "low", "high"]
    return then[figures].merge(now[figures], on="outcome", how="outer", suffixes=("_then", "_now"))


def alerts(then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return the clusters whose alerts changed: ``cluster_id``, ``new`` and ``gone`` (rules).

    Parameters
    ----------
    then, now
        As :func:`clusterstudy.board.economy.overview` returns them.
    """
    before, after = (
        {code: set(rules.split()) for code, rules in zip(t["cluster_id"], t["rules"], strict=True)}
        for t in (then.fillna({"rules": ""}), now)
    )
    none: set[str] = set()
    rows = [
        {"cluster_id": code, "new": sorted(rules - old), "gone": sorted(old - rules)}
        for code in dict.fromkeys([*after, *before])
        if (rules := after.get(code, none)) != (old := before.get(code, none))
    ]
    return pd.DataFrame(rows, columns=["cluster_id", "new", "gone"])


def origins(
    then: Earlier, parameters: Mapping[str, Any], tables: Mapping[str, str], version: str
) -> pd.DataFrame:
    """Return what differs between what the two reports were made from.

    Parameters
    ----------
    parameters, tables, version
        Today's, as in :class:`Earlier`.

    Returns
    -------
    DataFrame with ``kind`` (parameter, table or code), ``name``, ``then`` and ``now``; empty text
    where one of the two has none.
    """
    both = {
        "parameter": (then.parameters, parameters),
        "table": (then.tables, tables),
        "code": ({"clusterstudy": then.version}, {"clusterstudy": version}),
    }
    rows = [
        {"kind": kind, "name": name, "then": old, "now": new}
        for kind, (before, after) in both.items()
        for name, old, new in differing(before, after)
        if name != "previous"  # that the reports are compared is no difference between them
    ]
    return pd.DataFrame(rows, columns=["kind", "name", "then", "now"])
