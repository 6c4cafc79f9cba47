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


def levels(data: Dataset, programme_start: int, level: float = 0.95) -> pd.DataFrame:
    """Return every measure's mean by cluster, for the programme and for comparison SMEs.

    Parameters
    ----------
    data
        The registers and, where there is one, the survey.
    programme_start
        First year of the programme: who had contact since then is a participant.
    level
        Level of the intervals (normal approximation).

    Returns
    -------
    DataFrame with the columns of :data:`COLUMNS`: ``group`` is a cluster, ``programme`` or
    ``comparison`` (SMEs without any contact; firm measures only), ``year`` the latest released
    year or survey wave, ``n`` firms or respondents, ``mean`` in the measure's unit before
    scaling (amounts in constant prices), ``low`` and ``high`` its interval. Measures whose
    source is missing are left out.
    """
    model = data.read("impact_model")
    contact = contacts(data)
    recent = programme_contacts(contact, programme_start)
    groups = recent[["cluster_id", "cvr"]].drop_duplicates()
    groups = groups.rename(columns={"cluster_id": "group"})
    firms = characteristics(data, programme_start - 1)
    outside = firms[firms["sme"] & ~firms.index.isin(contact["cvr"])]
    pool = pd.DataFrame({"group": COMPARISON, "cvr": outside.index})
    firm_groups = pd.concat([groups, pool], ignore_index=True)
    parts = []
    for row in model.to_dict("records"):
        if not data.has(row["source"]):
            continue
        if row["source"] in FIRM_SOURCES:
            table = _firm_levels(data, row["measure"], firms, firm_groups)
        else:
            table = _survey_levels(data, row["expression"])
        parts.append(table.assign(tier=row["tier"], measure=row["measure"]))
    every = pd.concat(parts, ignore_index=True)
    return _with_intervals(every, level)[COLUMNS]


def _firm_levels(
    data: Dataset, measure: str, firms: pd.DataFrame, groups: pd.DataFrame
) -> pd.DataFrame:
    """Return count, mean and standard error by group in the latest year released."""
    values = firm_values(data, measure, firms["industry_group"], scaled=False).reset_index()
    last = values[values["year"] == values["year"].max()]
    merged = groups.merge(last, on="cvr")
    return _summary(merged.rename(columns={measure: "value"}))


def _survey_levels(data: Dataset, item: str) -> pd.DataFrame:
    answers = data.read("survey")
    answers = answers[(answers["item"] == item) & answers["score"].notna()]
    last = answers[answers["wave"] == answers["wave"].max()]
    both = pd.concat([last, last.assign(cluster_id=PROGRAMME)])
    renamed = both.rename(columns={"cluster_id": "group", "wave": "year", "score": "value"})
    return _summary(renamed)


def _summary(values: pd.DataFrame) -> pd.DataFrame:
    grouped = values.groupby(["group", "year"])["value"]
    table = grouped.agg(n="size", mean="mean", se="sem").reset_index()
    place = {PROGRAMME: 0, COMPARISON: 2}  # the clusters between
    return table.sort_values("group", key=lambda group: group.map(place).fillna(1), kind="stable")


def _with_intervals(table: pd.DataFrame, level: float) -> pd.DataFrame:
    from scipy.stats import norm

    half = norm.ppf(0.5 + level / 2) * table["se"].astype("float64").fillna(np.inf)
    return table.assign(low=table["mean"] - half, high=table["mean"] + half)
