"""What a piece of evidence is, and the readers that several guideposts share.

A measure is a pure function of a cluster's latest rows of one table. Survey answers and shares of
collaborations are those of the impact model (:mod:`clusterstudy.measures`) and carry its
intervals; everything else counts all there is. Each guidepost's own measures are in the module
that bears its subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.measures import answers as survey
from clusterstudy.measures import ties as collaborations
from clusterstudy.measures.observed import fewest, summarise
from clusterstudy.measures.ties import FIRMS, Mask
from clusterstudy.report.language import later

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
        95 % interval, NaN for counts of everything.
    """

    value: float
    n: int
    firms: int | None = None
    low: float = np.nan
    high: float = np.nan


Read = Callable[[pd.DataFrame, pd.DataFrame], Reading]


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


def ties(inside: Mask, among: Mask = collaborations.every) -> Read:
    """Return the share of collaborations that are ``inside``, among all or some of them."""
    return lambda rows, _offers: _mean(collaborations.share(rows, among, inside), share=True)


def answers(item: str) -> Read:
    """Return the firms' weighted mean answer to an item of the survey."""
    return lambda rows, _offers: _mean(survey.answers(rows, item), share=False)


def partners_answers(item: str) -> Read:
    """Return the mean answer to an item that is put to others than firms, unweighted."""

    def read(rows: pd.DataFrame, offers: pd.DataFrame) -> Reading:
        who = rows["cvr"].fillna(rows["respondent_id"])
        return answers(item)(rows.assign(cvr=who, weight=1.0), offers)

    return read


def on_file(column: str) -> Read:
    """Return what a column of ``clusters`` says."""
    return lambda rows, _offers: Reading(float(rows[column].iloc[0]), 1)


def part_of(amount: pd.Series, inside: pd.Series, n: int, groups: Iterable[int]) -> Reading:
    """Return the share of an amount that lies inside; ``groups`` counts firms in each part."""
    total = amount.sum()
    share = amount[inside].sum() / total if total > 0 else np.nan
    return Reading(share, n, fewest(*groups))


def actors_in(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the actors of both sides, with their kind; one may be there more than once."""
    sides = [rows[[f"actor_{side}", f"actor_{side}_type"]] for side in "ab"]
    return pd.concat([side.set_axis(["actor", "type"], axis="columns") for side in sides])


def firms_in(rows: pd.DataFrame) -> int:
    """Return the number of different firms in collaborations."""
    actors = actors_in(rows)
    return int(actors.loc[actors["type"].isin(FIRMS), "actor"].nunique())


def _mean(observed: pd.DataFrame, *, share: bool) -> Reading:
    found = summarise(observed[observed["group"] != PROGRAMME], share=share)
    if found.empty:
        return Reading(np.nan, 0)
    one = found.iloc[0]
    return Reading(one["mean"], one["n"], one["firms"], one["low"], one["high"])
