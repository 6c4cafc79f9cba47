"""What the data say on each side of a balance, cluster by cluster.

None of the measures has a direction: more is not better, it speaks for one side. There is a module
for each guidepost: a) :mod:`needs`, b) :mod:`core`, c) :mod:`economy`, d) :mod:`market`,
e) :mod:`journey`, f) :mod:`research`; what a measure is, is in :mod:`reading`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date

import numpy as np
import pandas as pd

from clusterstudy.dialogue.evidence import core, economy, journey, market, needs, research
from clusterstudy.dialogue.evidence.reading import Measure, Reading
from clusterstudy.errors import UserError

Tables = Mapping[str, pd.DataFrame]
SIDES = ("left", "right")
DENSITY, PRIVATE = "adviser_density", "private_share"
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
    named = list(_declared(guideposts, balances))
    read = _readings({row["measure"] for row in named}, tables, offers, cluster, as_of, min_firms)
    return pd.DataFrame([row | read[row["measure"]] for row in named])


def c_and_d(
    tables: Tables, offers: pd.DataFrame, clusters: Iterable[str], as_of: date, min_firms: int
) -> pd.DataFrame:
    """Return where clusters stand on guideposts c and d at once.

    Parameters
    ----------
    tables, offers, as_of, min_firms
        As for :func:`evidence`.
    clusters
        Codes.

    Returns
    -------
    DataFrame with ``cluster_id``, ``density`` (private advisers per 100 SMEs) and ``share`` (of
    private cash in cash income); clusters that lack one are left out.
    """
    rows = []
    for code in clusters:
        read = _readings({DENSITY, PRIVATE}, tables, offers, code, as_of, min_firms)
        values = {"density": read[DENSITY]["value"], "share": read[PRIVATE]["value"]}
        rows.append({"cluster_id": code, **values})
    return pd.DataFrame(rows, columns=["cluster_id", "density", "share"]).dropna(ignore_index=True)


def _declared(guideposts: pd.DataFrame, balances: pd.DataFrame) -> Iterator[dict[str, str]]:
    """Yield where a measure is called as evidence: guidepost, side, consideration, measure."""
    for letter, guidepost in guideposts.iterrows():
        sides = [("both", "", guidepost["evidence"])]
        for balance in balances[balances["letter"] == letter].to_dict("records"):
            sides += [(side, balance[side], balance[f"evidence_{side}"]) for side in SIDES]
        for side, consideration, names in sides:
            row = {"guidepost": str(letter), "side": side, "consideration": consideration}
            yield from (row | {"measure": name} for name in names.split())


def _readings(
    names: Collection[str],
    tables: Tables,
    offers: pd.DataFrame,
    cluster: str,
    as_of: date,
    min_firms: int,
) -> dict[str, dict[str, object]]:
    """Return what each of some measures says of a cluster."""
    if unknown := sorted(set(names) - set(MEASURES)):
        raise UserError(
            f"there is no measure {unknown[0]!r}",
            where="evidence of a guidepost",
            mend=f"Choose one of: {', '.join(MEASURES)}",
        )
    latest = {
        source: _latest(tables[source], source, cluster, as_of)
        for source in {MEASURES[name].source for name in names}.intersection(tables)
    }
    return {name: _read(MEASURES[name], latest, offers, min_firms) for name in names}


def _read(
    measure: Measure,
    latest: Mapping[str, tuple[pd.DataFrame, str]],
    offers: pd.DataFrame,
    min_firms: int,
) -> dict[str, object]:
    reading, period, status = Reading(np.nan, 0), "", NO_TABLE
    if measure.source in latest:
        rows, period = latest[measure.source]
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
        "n": float(reading.n) if shown else np.nan,
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
