"""What a piece of evidence is, and the readers that several guideposts share.

A measure is a pure function of a cluster's latest rows of one table. Only means of survey answers
are samples and carry an interval; everything else counts all there is. Each guidepost's own
measures are in the module that bears its subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from clusterstudy.report.language import later

LEVEL = 0.95
FIRMS = ["sme", "large"]  # actors that are firms
SHARE = "share"
ACTIVITY, SALE, TIE = "participations", "service_sales", "collaborations"
FIRM_COUNT, BUYERS = later("firms"), later("buyers")
TIES, ANSWERS = later("collaborations"), later("answers")
PROJECTS, NOTHING = later("projects"), ""
SCORE, NUMBER = later("of 5"), ""


class Reading(NamedTuple):
    """What a measure found.

    Parameters
    ----------
    value
        In the measure's unit; NaN where it is not known.
    n
        Units that stand behind it.
    firms
        Firms in the smallest group that the value tells apart; None where no firm stands behind.
    low, high
        95 % interval of a sample's mean, NaN for counts of everything.
    """

    value: float
    n: int
    firms: int | None = None
    low: float = np.nan
    high: float = np.nan


Read = Callable[[pd.DataFrame, pd.DataFrame], Reading]
Mask = Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True)
class Measure:
    """A piece of evidence.

    Parameters
    ----------
    source
        Table of the contract.
    label, unit
        Text in reports; the unit ``share`` is written in percent, counts have none.
    counts
        What ``n`` counts; empty where a figure is the cluster's own.
    read
        From a cluster's latest rows and the offers of that table to a reading.
    digits
        Decimals shown.
    """

    source: str
    label: str
    unit: str
    counts: str
    read: Read
    digits: int = 0


def hours(column: str, kind: str) -> Read:
    """Return the share of the firms' hours in activities that the offers declare as ``kind``.

    Every activity counts as a group of firms: two such shares together could tell one activity.
    """

    def read(rows: pd.DataFrame, offers: pd.DataFrame) -> Reading:
        inside = rows["activity_type"].map(offers[column]) == kind
        groups = rows.groupby("activity_type")["cvr"].nunique()
        return part_of(rows["hours"], inside, rows["cvr"].nunique(), groups)

    return read


def sales(column: str, kind: str) -> Read:
    """Return the share of user payment from services that the offers declare as ``kind``.

    Every service counts as a group of buyers, as for :func:`hours`.
    """

    def read(rows: pd.DataFrame, offers: pd.DataFrame) -> Reading:
        inside = rows["service_type"].map(offers[column]) == kind
        paying = rows["buyers_sme"] + rows["buyers_large"]
        return part_of(rows["revenue"], inside, int(paying.sum()), paying)

    return read


def ties(inside: Mask, among: Mask | None = None) -> Read:
    """Return the share of collaborations that are ``inside``, among all or some of them."""

    def read(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
        if among:
            rows = rows[among(rows)]
        chosen = inside(rows)
        groups = firms_in(rows[chosen]), firms_in(rows[~chosen])
        return part_of(pd.Series(1.0, rows.index), chosen, len(rows), groups)

    return read


def answers(item: str) -> Read:
    """Return the mean answer to an item of the survey with its interval (Student's t)."""

    def read(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
        given = rows[(rows["item"] == item) & rows["score"].notna()]
        scores, n = given["score"], len(given)
        firms = given["cvr"].fillna(given["respondent_id"]).nunique()
        margin = stats.t.ppf((1 + LEVEL) / 2, n - 1) * scores.sem() if n > 1 else np.nan
        return Reading(scores.mean(), n, firms, scores.mean() - margin, scores.mean() + margin)

    return read


def on_file(column: str) -> Read:
    """Return what a column of ``clusters`` says."""
    return lambda rows, _offers: Reading(float(rows[column].iloc[0]), 1)


def part_of(amount: pd.Series, inside: pd.Series, n: int, groups: Iterable[int]) -> Reading:
    """Return the share of an amount that lies inside; ``groups`` counts firms in each part."""
    total = amount.sum()
    share = amount[inside].sum() / total if total > 0 else np.nan
    return Reading(share, n, smallest(groups))


def smallest(groups: Iterable[int]) -> int:
    """Return the size of the smallest group that is not empty."""
    return min((int(size) for size in groups if size), default=0)


def actors_in(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the actors of both sides, with their kind; one may be there more than once."""
    sides = [rows[[f"actor_{side}", f"actor_{side}_type"]] for side in "ab"]
    return pd.concat([side.set_axis(["actor", "type"], axis="columns") for side in sides])


def firms_in(rows: pd.DataFrame) -> int:
    """Return the number of different firms in collaborations."""
    actors = actors_in(rows)
    return int(actors.loc[actors["type"].isin(FIRMS), "actor"].nunique())


def with_actor(*kinds: str) -> Mask:
    """Return the mask of collaborations with an actor of some kinds on either side."""
    return lambda rows: (
        rows[["actor_a_type", "actor_b_type"]].isin(kinds).any(axis="columns").astype(bool)
    )


def where(column: str, *values: str) -> Mask:
    """Return the mask of rows in which a column has one of some values."""
    return lambda rows: rows[column].isin(values)
