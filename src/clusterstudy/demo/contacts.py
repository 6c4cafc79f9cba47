"""Firms' contacts with clusters: the tables ``participations`` and ``memberships``.

In the year of entry a firm has the contacts that its dose says and none more intensive. Later it
may come back, join or enter a project; its cohort and dose stay as they were.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.demo.entry import DOSES, Entry
from clusterstudy.demo.events import Numbers
from clusterstudy.demo.population import NEVER, Population
from clusterstudy.demo.settings import (
    CLUSTERS,
    FIRST_COHORT,
    PROGRAMME,
    Settings,
    december_last,
    january_first,
    random_days,
)

LIGHT, MEMBERSHIP, PROJECT = range(len(DOSES))
COMES_BACK = 0.55
MORE_AT_ENTRY, MORE_LATER = 0.6, 0.4
LATER_PROJECT, LATER_MEMBERSHIP, PROJECT_MEMBERSHIP = 0.12, 0.25, 0.4
IN_SECOND_CLUSTER = 0.3
LIGHT_KINDS = {
    "event": 0.50,
    "matchmaking": 0.18,
    "advice": 0.16,
    "knowledge_transfer": 0.10,
    "internationalisation": 0.06,
}
FEE_WEIGHTS = np.array([1.0, 3.0, 8.0, 20.0])  # by size: below 10, 50, 250 FTE, and from there
FEE_STEPS = np.log([10, 50, 250])


def participations(settings: Settings, entry: Entry, numbers: Numbers) -> pd.DataFrame:
    """Return the table ``participations``."""
    rng = settings.stream("participations")
    years = np.arange(FIRST_COHORT, max(PROGRAMME) + 1)
    shape = (len(entry.unit), len(years))
    since = years - entry.cohort[:, None]
    lives = years < entry.closes[:, None]
    enters = since == 0
    returns = (since > 0) & lives & (rng.random(shape) < COMES_BACK)
    at_entry, later = rng.poisson(MORE_AT_ENTRY, shape), 1 + rng.poisson(MORE_LATER, shape)
    light = np.where(enters, (entry.dose[:, None] == LIGHT) + at_entry, returns * later)
    in_project = np.where(
        enters, entry.dose[:, None] == PROJECT, returns & (rng.random(shape) < LATER_PROJECT)
    )
    second = years == entry.second_from[:, None]
    who, column, is_project, in_second = (
        np.concatenate(parts)
        for parts in zip(
            _expanded(light, is_project=False, in_second=False),
            _expanded(in_project.astype(np.int64), is_project=True, in_second=False),
            _expanded(second.astype(np.int64), is_project=False, in_second=True),
            strict=True,
        )
    )
    year = years[column]
    may_be_second = (year > entry.cohort[who]) & (year > entry.second_from[who])
    in_second |= may_be_second & (rng.random(len(who)) < IN_SECOND_CLUSTER)
    unit = entry.unit[who]
    day = _contact_day(rng, numbers, unit, year)
    kinds = rng.choice(list(LIGHT_KINDS), len(who), p=list(LIGHT_KINDS.values()))
    hours = np.where(is_project, rng.gamma(4, 30, len(who)), rng.gamma(2, 4, len(who)))
    cash, in_kind = rng.lognormal(3.5, 0.8, (2, len(who)))
    cluster = np.where(in_second, entry.second[who], entry.cluster[who])
    table = pd.DataFrame(
        {
            "cvr": numbers.cvr[numbers.at(unit, day)],
            "cluster_id": CLUSTERS["cluster_id"].to_numpy(dtype=str)[cluster],
            "date": day,
            "activity_type": np.where(is_project, "innovation_project", kinds),
            "hours": hours.round(1),
            "cash_cofinancing": np.where(is_project, cash.round(1), np.nan),
            "in_kind_cofinancing": np.where(is_project, in_kind.round(1), np.nan),
        }
    )
    key = ["cvr", "cluster_id", "date", "activity_type"]
    return table.sort_values(["date", "cvr"], ignore_index=True).drop_duplicates(key)


def journey(entry: Entry) -> pd.DataFrame:
    """Return what entries lead one to expect of the programme's years, before activities are drawn.

    Returns
    -------
    DataFrame with ``year``, ``active`` (firms expected to take part in an activity) and
    ``handed_over`` (the share of them expected in activities of more than one cluster).
    """

    def all_in(in_one: float) -> float:
        """Return the chance that all contacts of a firm that came back are in one cluster."""
        in_project = 1 - LATER_PROJECT * (1 - in_one)
        return float(in_one * np.exp(MORE_LATER * (in_one - 1)) * in_project)

    first = np.where(entry.dose == MEMBERSHIP, -np.expm1(-MORE_AT_ENTRY), 1.0)
    both = 1 - all_in(IN_SECOND_CLUSTER) - all_in(1 - IN_SECOND_CLUSTER)
    rows = []
    for year in PROGRAMME:
        returns = COMES_BACK * ((entry.cohort < year) & (year < entry.closes))
        own = np.where(entry.cohort == year, first, returns)
        opens = entry.second_from == year
        active = np.where(opens, 1.0, own).sum()
        several = np.where(opens, own, returns * both * (entry.second_from < year)).sum()
        rows.append({"year": year, "active": active, "handed_over": several / active})
    return pd.DataFrame(rows)


def memberships(
    settings: Settings,
    population: Population,
    entry: Entry,
    numbers: Numbers,
    fee_income: np.ndarray,
) -> pd.DataFrame:
    """Return the table ``memberships``.

    Parameters
    ----------
    fee_income
        Each cluster's actual membership fees in the programme's first year, DKK thousand: fees
        are set so that the members of that year's middle pay it.
    """
    rng = settings.stream("memberships")
    participants = len(entry.unit)
    later = entry.cohort + rng.integers(1, 4, participants)
    joins_later = rng.random(participants) < LATER_MEMBERSHIP
    joins_at_once = rng.random(participants) < PROJECT_MEMBERSHIP
    year = np.select(
        [entry.dose == MEMBERSHIP, (entry.dose == PROJECT) & joins_at_once, joins_later],
        [entry.cohort, entry.cohort, later],
        NEVER,
    )
    who = np.flatnonzero((year <= max(PROGRAMME)) & (year < entry.closes))
    unit, cluster, year = entry.unit[who], entry.cluster[who], year[who]
    valid_from = _contact_day(rng, numbers, unit, year)
    place = numbers.at(unit, valid_from)
    lapse = CLUSTERS["lapse"].to_numpy()[cluster]
    month = january_first(year + rng.geometric(lapse)).astype("datetime64[M]")
    month += rng.integers(1, 12, len(who)).astype("timedelta64[M]")
    valid_to = month.astype("datetime64[D]") - np.timedelta64(1, "D")
    valid_to = np.fmin(valid_to, numbers.closed[place])
    weight = FEE_WEIGHTS[np.digitize(population.size[unit], FEE_STEPS)]
    day = np.datetime64(f"{min(PROGRAMME)}-07-01")
    runs = (valid_from <= day) & (valid_to >= day)
    total = np.bincount(cluster, weight * runs, len(CLUSTERS))
    rate = fee_income / np.maximum(total, FEE_WEIGHTS[0])
    ends = valid_to <= np.datetime64(f"{settings.last_year}-12-31")
    table = pd.DataFrame(
        {
            "cvr": numbers.cvr[place],
            "cluster_id": CLUSTERS["cluster_id"].to_numpy(dtype=str)[cluster],
            "valid_from": valid_from,
            "valid_to": np.where(ends, valid_to, np.datetime64("NaT", "D")),
            "fee": (rate[cluster] * weight).round(1),
        }
    )
    return table.sort_values(["valid_from", "cvr"], ignore_index=True)


def _expanded(
    count: np.ndarray, *, is_project: bool, in_second: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return a row per counted contact: participant, column of years, and the two marks."""
    who, column = np.nonzero(count)
    times = count[who, column]
    who, column = np.repeat(who, times), np.repeat(column, times)
    return who, column, np.full(len(who), is_project), np.full(len(who), in_second)


def _contact_day(
    rng: np.random.Generator, numbers: Numbers, unit: np.ndarray, year: np.ndarray
) -> np.ndarray:
    """Return a day of the year on which the unit lives."""
    first = np.maximum(january_first(year), numbers.founded[unit])
    return random_days(rng, first, december_last(year))
