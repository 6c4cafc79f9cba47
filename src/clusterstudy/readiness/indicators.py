"""From the contract's tables to clusters by indicators.

An indicator whose source is ``clusters`` is a column there, one whose source is ``survey`` an item
there: such indicators need a row in data/readiness_indicators.csv and no code. The others are the
functions in :data:`MEASURES`. Only survey means, weighted to all who could have been asked, carry a
standard error; the rest are counts of everything there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from clusterstudy.contract.vocabulary import IN_KIND
from clusterstudy.errors import UserError
from clusterstudy.measures import observed
from clusterstudy.measures.answers import answers

Tables = Mapping[str, pd.DataFrame]
PAID_LINES = ["membership_fees", "user_payment"]


@dataclass(frozen=True)
class Measured:
    """What the tables say.

    Parameters
    ----------
    values
        Clusters by indicators, in the indicators' units; NaN where not known.
    errors
        Standard errors, of the same shape; 0 where the value is no sample.
    suppressed
        True where too few firms stand behind a value, which is therefore not shown; of the same
        shape.
    """

    values: pd.DataFrame
    errors: pd.DataFrame
    suppressed: pd.DataFrame


def measure(tables: Tables, indicators: pd.DataFrame, as_of: date, min_firms: int = 5) -> Measured:
    """Return every indicator for every cluster of the ``clusters`` table.

    Parameters
    ----------
    tables
        The contract's tables by name, ``survey`` with the ``weight`` that
        :func:`clusterstudy.measures.answers.weighted` gives. All but ``clusters`` may be absent:
        indicators from an absent table are NaN.
    indicators
        Declaration, as :func:`clusterstudy.readiness.declaration.read_indicators` returns it.
    as_of
        Day of the study; its year is the reference year. Yearly sources count with their latest
        year up to it.
    min_firms
        Fewest firms, members or respondents, behind a value that is shown.

    Raises
    ------
    UserError
        If there is no cluster, or an indicator's name and source match nothing.
    """
    clusters = pd.Index(tables["clusters"]["cluster_id"], name="cluster_id")
    if clusters.empty:
        raise UserError("expected at least one cluster and found none", where="clusters")
    found = {
        str(name): _measure(str(name), source, tables, as_of).reindex(clusters)
        for name, source in indicators["source"].items()
    }
    values, errors, n = (
        pd.DataFrame({name: table[part] for name, table in found.items()})
        for part in ("value", "error", "n")
    )
    few = n < min_firms
    return Measured(values.mask(few), errors.mask(few).fillna(0.0), few & values.notna())


def years_with_fees(tables: Tables, as_of: date) -> pd.DataFrame:
    """Return the calendar years, that of ``as_of`` included, with a membership fee."""
    since = tables["clusters"].set_index("cluster_id")["membership_fees_since"]
    return _counted((as_of.year + 1 - since).clip(lower=0).fillna(0))


def renewal_rate(tables: Tables, as_of: date) -> pd.DataFrame:
    """Return the percentage of members at the year end before last who still were at the last.

    From year end to year end, so that memberships which lapse with the year are seen, and only
    to one that ``as_of`` has reached: who will lapse by the next is not known. A firm counts once
    per cluster, whatever the number of its spells.
    """
    year = (as_of + timedelta(days=1)).year - 1
    before, after = (_members(tables["memberships"], y) for y in (year - 1, year))
    stayed = before.merge(after.assign(stayed=100.0), how="left", on=["cluster_id", "cvr"])
    by_cluster = stayed.fillna({"stayed": 0.0}).groupby("cluster_id")["stayed"]
    return pd.DataFrame({"value": by_cluster.mean(), "error": 0.0, "n": by_cluster.size()})


def fee_income_share(tables: Tables, as_of: date) -> pd.DataFrame:
    """Return membership fees and user payment as a percentage of actual cash income."""
    finances = tables["cluster_finances"]
    actual = _latest(finances[finances["scenario"] == "actual"], as_of)
    cash = actual[actual["line"] != IN_KIND]
    paid = cash["amount"].where(cash["line"].isin(PAID_LINES), 0.0)
    total = cash.groupby("cluster_id")["amount"].sum()
    return _counted(100 * paid.groupby(cash["cluster_id"]).sum() / total.where(total > 0))


def association_ties(tables: Tables, as_of: date) -> pd.DataFrame:
    """Return the number of trade associations in the latest year's collaborations."""
    found = _latest(tables["collaborations"], as_of)
    sides = [
        found[["cluster_id", f"actor_{side}", f"actor_{side}_type"]].set_axis(
            ["cluster_id", "actor", "type"], axis="columns"
        )
        for side in "ab"
    ]
    actors = pd.concat(sides)
    associations = actors["actor"].where(actors["type"] == "association")
    return _counted(associations.groupby(actors["cluster_id"]).nunique())


MEASURES: dict[tuple[str, str], Callable[[Tables, date], pd.DataFrame]] = {
    ("clusters", "years_with_fees"): years_with_fees,
    ("memberships", "renewal_rate"): renewal_rate,
    ("cluster_finances", "fee_income_share"): fee_income_share,
    ("collaborations", "association_ties"): association_ties,
}


def _measure(name: str, source: str, tables: Tables, as_of: date) -> pd.DataFrame:
    """Return ``value``, ``error`` and ``n`` (NaN where nothing needs hiding) by cluster."""
    if source not in tables:
        return pd.DataFrame(columns=["value", "error", "n"], dtype=float)
    if (source, name) in MEASURES:
        return MEASURES[source, name](tables, as_of)
    if source == "clusters" and name in tables["clusters"]:
        return _counted(tables["clusters"].set_index("cluster_id")[name])
    if source == "survey":
        return _answered(tables["survey"], name, as_of)
    known = ", ".join(f"{name} from {source}" for source, name in MEASURES)
    raise UserError(
        f"no such measure in the table {source}",
        where=f"readiness indicator {name}",
        mend=f"Name a column of clusters, an item of survey, or one of {known}",
    )


def _counted(values: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"value": values.astype(float), "error": 0.0, "n": np.nan})


def _answered(survey: pd.DataFrame, item: str, as_of: date) -> pd.DataFrame:
    """Return the firms' weighted mean answer in the latest wave that put the item."""
    latest = _latest(answers(survey, item), as_of)
    found = {group: (*observed.mean(part), len(part)) for group, part in latest.groupby("group")}
    return pd.DataFrame.from_dict(found, orient="index", columns=["value", "error", "n"])


def _latest(rows: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Return the rows of the latest year up to that of ``as_of`` that has any."""
    past = rows[rows["year"] <= as_of.year]
    return past[past["year"] == past["year"].max()]


def _members(spells: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return cluster and firm of the memberships that ran on the year's last day."""
    day = pd.Timestamp(year, 12, 31)
    runs = (spells["valid_from"] <= day) & ~(spells["valid_to"] < day)
    return spells.loc[runs, ["cluster_id", "cvr"]].drop_duplicates()
