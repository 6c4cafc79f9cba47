"""The impact model's measures at baseline: level, interval and number behind it.

Comparable by construction: every cluster and wave uses the impact model's one definition. Levels
describe; they say nothing about what participation causes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.baseline.participants import programme_contacts
from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.panel.characteristics import characteristics
from clusterstudy.panel.measures import FIRM_SOURCES, firm_values
from clusterstudy.panel.treatment import contacts

COMPARISON = "comparison"
COLUMNS = ["tier", "measure", "group", "year", "n", "mean", "low", "high"]


def absent(data: Dataset) -> dict[str, str]:
    """Return the table that a measure needs and the data lack, by measure."""
    found = {}
    for row in data.read("impact_model").to_dict("records"):
        needed = [row["source"], *(["price_index"] if row["deflate"] == "yes" else [])]
        lacking = [table for table in needed if not data.has(table)]
        if lacking:
            found[row["measure"]] = lacking[0]
    return found


def levels(data: Dataset, programme_start: int, level: float = 0.95) -> pd.DataFrame:
    """Return every measure's mean by cluster, for the programme and for comparison SMEs.

    Whenever the study is dated, register measures are of the last year before the programme,
    survey measures of their first wave, and participants those who came up to that wave's year.

    Parameters
    ----------
    data
        The registers and, where there is one, the survey.
    programme_start
        First year of the programme.
    level
        Level of the intervals (normal approximation).

    Returns
    -------
    DataFrame with the columns of :data:`COLUMNS`: ``group`` is a cluster, ``programme`` or
    ``comparison``. Register measures are means over SMEs, as measured in the year before the
    programme: those in contact from ``programme_start`` on, and as comparison those without any
    contact; ``year`` is that year, or the latest before it with values. Survey measures are means
    over the firms that answered in the impact model's ``first_wave``, each with the mean of its
    answers; answers without a firm are left out. ``n`` is distinct firms, ``mean`` in the
    measure's unit before scaling (amounts in constant prices), ``low`` and ``high`` its interval.
    Measures with a table missing (:func:`absent`) or without values then are left out.
    """
    model = data.read("impact_model")
    firms = characteristics(data, programme_start - 1)
    industry = firms.loc[firms["sme"], "industry_group"]
    groups = _groups(data, industry.index, programme_start, model["first_wave"].max())
    lacking = absent(data)
    parts = []
    for row in model.to_dict("records"):
        if row["measure"] in lacking:
            continue
        if row["source"] in FIRM_SOURCES:
            values = firm_values(data, row["measure"], industry, scaled=False)
            table = _firm_levels(values, groups, programme_start)
        else:
            table = _survey_levels(data, row["expression"], row["first_wave"])
        parts.append(table.assign(tier=row["tier"], measure=row["measure"]))
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    return _with_intervals(pd.concat(parts, ignore_index=True), level)[COLUMNS]


def _groups(data: Dataset, smes: pd.Index, programme_start: int, until: int) -> pd.DataFrame:
    """Return ``group`` and ``cvr`` of the SMEs that took part by a year, and of those that didn't.

    A firm is in every group it belongs to once.
    """
    contact = contacts(data)
    contact = contact[contact["year"] <= until]
    recent = programme_contacts(contact, programme_start)
    recent = recent.rename(columns={"cluster_id": "group"})[["group", "cvr"]].drop_duplicates()
    outside = smes[~smes.isin(contact["cvr"])]
    pool = pd.DataFrame({"group": COMPARISON, "cvr": outside})
    return pd.concat([recent[recent["cvr"].isin(smes)], pool], ignore_index=True)


def _firm_levels(values: pd.Series, groups: pd.DataFrame, programme_start: int) -> pd.DataFrame:
    """Return count, mean and standard error by group in the last year before the programme."""
    known = values.rename("value").reset_index()
    before = known[known["year"] < programme_start]
    return _summary(groups.merge(before[before["year"] == before["year"].max()], on="cvr"))


def _survey_levels(data: Dataset, item: str, wave: int) -> pd.DataFrame:
    """Return count, mean and standard error by group in a wave of the survey."""
    answers = data.read("survey")
    first = answers[(answers["item"] == item) & (answers["wave"] == wave)]
    both = pd.concat([first, first.assign(cluster_id=PROGRAMME)])
    by_firm = both.groupby(["cluster_id", "wave", "cvr"])["score"].mean().dropna().reset_index()
    return _summary(
        by_firm.rename(columns={"cluster_id": "group", "wave": "year", "score": "value"})
    )


def _summary(values: pd.DataFrame) -> pd.DataFrame:
    grouped = values.groupby(["group", "year"])["value"]
    table = grouped.agg(n="size", mean="mean", se="sem").reset_index()
    place = {PROGRAMME: 0, COMPARISON: 2}  # the clusters between
    return table.sort_values("group", key=lambda group: group.map(place).fillna(1), kind="stable")


def _with_intervals(table: pd.DataFrame, level: float) -> pd.DataFrame:
    from scipy.stats import norm

    half = norm.ppf(0.5 + level / 2) * table["se"].astype("float64").fillna(np.inf)
    return table.assign(low=table["mean"] - half, high=table["mean"] + half)
