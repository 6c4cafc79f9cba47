"""What the data say on each side of a balance, cluster by cluster.

None of the measures has a direction: more is not better, it speaks for one side. There is a module
for each guidepost: a) :mod:`needs`, b) :mod:`core`, c) :mod:`economy`, d) :mod:`market`,
e) :mod:`journey`, f) :mod:`research`; what a measure is, is in :mod:`reading`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np
import pandas as pd

from clusterstudy.dialogue.evidence import core, economy, journey, market, needs, research
from clusterstudy.dialogue.evidence.reading import Measure, Reading
from clusterstudy.errors import UserError

Tables = Mapping[str, pd.DataFrame]
SHOWN, FEW, NO_ROWS, NO_TABLE = "shown", "few", "no rows", "no table"
MEASURES: dict[str, Measure] = {
    name: measure
    for page in (needs, core, economy, market, journey, research)
    for name, measure in page.MEASURES.items()
}
SOURCES = tuple(dict.fromkeys(measure.source for measure in MEASURES.values()))


def evidence(
    tables: Tables,
    guideposts: pd.DataFrame,
    balances: pd.DataFrame,
    offers: pd.DataFrame,
    cluster: str,
    as_of: date,
    min_firms: int,
) -> pd.DataFrame:
    """Return the evidence on a cluster, on both sides of every balance.

    Parameters
    ----------
    tables
        The contract's tables by name; any may be absent.
    guideposts, balances, offers
        As :mod:`clusterstudy.dialogue.declaration` reads them.
    cluster
        Its code.
    as_of
        Day of the study. Activities count by the last whole calendar year before it.
    min_firms
        Fewest firms behind a value that is shown.

    Returns
    -------
    DataFrame, one row per measure and side: ``guidepost``, ``side`` (``left``, ``right``,
    ``both``), ``consideration`` (English; empty for both), ``measure``, ``label``, ``value``,
    ``unit``, ``low``, ``high``, ``n``, ``counts``, ``period``, ``source``, ``digits`` and
    ``status`` (``shown``, ``few`` firms, ``no rows``, ``no table``). Value, interval and n are
    missing unless shown.

    Raises
    ------
    UserError
        If a declared measure does not exist.
    """
    return pd.DataFrame(
        [
            {
                "guidepost": letter,
                "side": side,
                "consideration": consideration,
                "measure": name,
                **_read(tables, offers, name, cluster, as_of, min_firms),
            }
            for letter, side, consideration, names in _declared(guideposts, balances)
            for name in names.split()
        ]
    )


def _declared(
    guideposts: pd.DataFrame, balances: pd.DataFrame
) -> Iterator[tuple[str, str, str, str]]:
    for letter, guidepost in guideposts.iterrows():
        yield str(letter), "both", "", guidepost["evidence"]
        for balance in balances[balances["letter"] == letter].to_dict("records"):
            for side in ("left", "right"):
                yield str(letter), side, balance[side], balance[f"evidence_{side}"]


def _read(
    tables: Tables, offers: pd.DataFrame, name: str, cluster: str, as_of: date, min_firms: int
) -> dict[str, object]:
    if name not in MEASURES:
        raise UserError(
            f"there is no measure {name!r}",
            where="evidence of a guidepost",
            mend=f"Choose one of: {', '.join(MEASURES)}",
        )
    measure = MEASURES[name]
    reading, period, status = Reading(np.nan, 0), "", NO_TABLE
    if measure.source in tables:
        rows, period = _latest(tables[measure.source], measure.source, cluster, as_of)
        status = NO_ROWS
        if len(rows):
            kinds = offers[offers.index.get_level_values("table") == measure.source]
            reading = measure.read(rows, kinds.droplevel("table"))
        if not np.isnan(reading.value):
            status = SHOWN
        if reading.firms is not None and 0 < reading.firms < min_firms:
            status = FEW
    shown = status == SHOWN
    return {
        "label": measure.label,
        "value": reading.value if shown else np.nan,
        "unit": measure.unit,
        "low": reading.low if shown else np.nan,
        "high": reading.high if shown else np.nan,
        "n": reading.n if shown else np.nan,
        "counts": measure.counts,
        "period": period,
        "source": measure.source,
        "digits": measure.digits,
        "status": status,
    }


def _latest(
    table: pd.DataFrame, source: str, cluster: str, as_of: date
) -> tuple[pd.DataFrame, str]:
    """Return a cluster's rows of the latest period that has any, and the period's name."""
    rows = table[table["cluster_id"] == cluster].drop_duplicates()
    match source:
        case "clusters":
            return rows, str(as_of.year)
        case "projects":
            starts = rows["start"].dt.year
            return rows, f"{starts.min()}–{starts.max()}" if len(rows) else ""
        case "survey":
            years = rows["wave"]
        case "participations":
            rows = rows[rows["date"].dt.year < as_of.year]
            years = rows["date"].dt.year
        case "cluster_finances":
            rows = rows[rows["scenario"] == "actual"]
            years = rows["year"]
        case _:
            years = rows["year"]
    return rows[years == years.max()], str(years.max()) if len(rows) else ""
