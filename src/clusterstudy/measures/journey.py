"""The user journey as the clusters registered it: time to help, and handovers between clusters."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.measures.observed import OBSERVED

HELP = ("advice", "innovation_project", "internationalisation")  # on a firm's own case
DAYS = 180
MONTHS = 12


def helped(taken: pd.DataFrame) -> pd.DataFrame:
    """Return which newcomers got help on their own case within :data:`DAYS` days.

    Parameters
    ----------
    taken
        The table ``participations``, all years.

    Returns
    -------
    DataFrame with :data:`~clusterstudy.measures.observed.OBSERVED`: a row per firm and group (a
    cluster or the programme) in the year of its first activity there, 1 where an activity of
    :data:`HELP` came on that day or within the days after. Years whose newcomers have not all
    been followed that long are left out.
    """
    every = pd.concat([taken, taken.assign(cluster_id=PROGRAMME)], ignore_index=True)
    first = every.groupby(["cluster_id", "cvr"])["date"].min().rename("first")
    help_ = every[every["activity_type"].isin(HELP)]
    got = help_.groupby(["cluster_id", "cvr"])["date"].min().rename("got")
    firms = first.to_frame().join(got).reset_index()
    within = firms["got"] - firms["first"] <= pd.Timedelta(days=DAYS)
    followed = taken["date"].max() - pd.Timedelta(days=DAYS)
    frame = firms.assign(year=firms["first"].dt.year, value=within.astype(float))
    closed = pd.to_datetime(frame["year"].astype("str") + "-12-31")
    return _observed(frame[closed <= followed])


def handed_over(taken: pd.DataFrame) -> pd.DataFrame:
    """Return which of a year's firms took part in more than one cluster's activities that year.

    A last year without activities in December is not over and left out.
    """
    last = taken["date"].max()
    over = (taken["date"].dt.year < last.year) | (last.month == MONTHS)
    taken = taken[over]
    pairs = taken.assign(year=taken["date"].dt.year)[["year", "cvr", "cluster_id"]]
    pairs = pairs.drop_duplicates()
    several = pairs.groupby(["year", "cvr"])["cluster_id"].transform("size") > 1
    single = pairs.assign(value=several.astype(float))
    programme = single.assign(cluster_id=PROGRAMME).drop_duplicates()
    return _observed(pd.concat([single, programme], ignore_index=True))


JOURNEY: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "helped": helped,
    "handed_over": handed_over,
}


def _observed(frame: pd.DataFrame) -> pd.DataFrame:
    named = frame.rename(columns={"cluster_id": "group", "cvr": "unit"})
    return named.assign(firm=named["unit"], weight=1.0)[OBSERVED]
