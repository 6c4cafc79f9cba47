"""Evidence on guidepost b: the core task."""

from __future__ import annotations

from math import ceil

import numpy as np
import pandas as pd

from clusterstudy.dialogue.evidence.reading import (
    ACTIVITY,
    ANSWERS,
    BUYERS,
    FIRM_COUNT,
    NUMBER,
    PROJECTS,
    SALE,
    SCORE,
    SHARE,
    TIE,
    TIES,
    Measure,
    Reading,
    actors_in,
    answers,
    firms_in,
    hours,
    part_of,
    sales,
)
from clusterstudy.report.language import later


def firms_reached(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
    """Return the number of different firms in the year's activities."""
    count = rows["cvr"].nunique()
    return Reading(count, count, count)


def actors_reached(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
    """Return the number of different actors in the year's collaborations."""
    return Reading(actors_in(rows)["actor"].nunique(), len(rows), firms_in(rows))


def hours_top_tenth(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
    """Return the share of all hours that the most active tenth of the firms has."""
    by_firm = rows.groupby("cvr")["hours"].sum().sort_values(ascending=False)
    top = ceil(len(by_firm) / 10)
    inside = pd.Series(np.arange(len(by_firm)) < top, by_firm.index)
    return part_of(by_firm, inside, len(by_firm), (top, len(by_firm) - top))


def largest_project(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
    """Return the largest project's share of all grants."""
    granted = rows["grant"].sum()
    return Reading(rows["grant"].max() / granted if granted else np.nan, len(rows))


MEASURES = {
    "societal_challenge": Measure(
        "survey",
        later("Contribution to the societal challenge"),
        SCORE,
        ANSWERS,
        answers("societal_challenge"),
        1,
    ),
    "hours_core": Measure(
        ACTIVITY,
        later("Firms' hours in collaboration-based activities"),
        SHARE,
        FIRM_COUNT,
        hours("core", "yes"),
    ),
    "hours_outside": Measure(
        ACTIVITY,
        later("Firms' hours in other activities"),
        SHARE,
        FIRM_COUNT,
        hours("core", "no"),
    ),
    "sales_outside": Measure(
        SALE,
        later("User payment for services declared outside the core task"),
        SHARE,
        BUYERS,
        sales("core", "no"),
    ),
    "firms_reached": Measure(
        ACTIVITY, later("Firms that took part in the year"), NUMBER, FIRM_COUNT, firms_reached
    ),
    "actors_reached": Measure(
        TIE, later("Different actors in collaborations"), NUMBER, TIES, actors_reached
    ),
    "hours_top_tenth": Measure(
        ACTIVITY,
        later("Hours of the most active tenth of the firms"),
        SHARE,
        FIRM_COUNT,
        hours_top_tenth,
    ),
    "largest_project": Measure(
        "projects", later("The largest project's share of grants"), SHARE, PROJECTS, largest_project
    ),
}
