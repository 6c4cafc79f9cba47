"""Project administration: ``projects`` and ``project_reports``, with advances.

A cluster's projects share its planned project grants. An advance is paid at the start, settled by
what a received report has spent, and topped up by as much as was settled.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from clusterstudy.demo.economy import Lines, allocate
from clusterstudy.demo.settings import CLUSTERS, PROGRAMME, Settings

TYPICAL_GRANT = 4_200.0
GRANT_RATE = (0.5, 0.7)
MONTHS = (12, 19)
LAST_START = 30  # months after the programme's start
ADVANCE, MOST_ADVANCED = 0.30, 0.90  # of the grant
LEAST_PERIOD, DUE_AFTER = 60, 60  # days
EARLIEST = -50  # no report comes in before its period has ended
LATENESS = {"strong": (-12, 10), "ambiguous": (-6, 14), "weak": (4, 22)}  # mean and sd, days
NEVER_RECEIVED = {"strong": 0.0, "ambiguous": 0.03, "weak": 0.08}
WORDS = ("Afprøvning af", "Demonstration af", "Netværk om", "Prototyper til", "Partnerskab om")
THINGS = (
    "genbrug af restvarme",
    "kunstig intelligens i driften",
    "nye materialer",
    "sporbarhed i værdikæden",
    "energieffektive processer",
    "digitale tvillinger",
    "sensorer i felten",
    "kompetencer til omstilling",
)


def projects(settings: Settings, planned: Lines) -> pd.DataFrame:
    """Return the table ``projects``."""
    rng = settings.stream("projects")
    start_of_programme = np.datetime64(f"{min(PROGRAMME)}-01")
    parts = []
    for row, cluster_id in enumerate(CLUSTERS["cluster_id"]):
        total = planned["project_grant"][row].sum()
        count = round(total / TYPICAL_GRANT)
        grant = allocate(total, rng.lognormal(0, 0.35, count))
        start = start_of_programme + np.sort(rng.integers(1, LAST_START + 1, count))
        end = start + rng.integers(*MONTHS, count)
        parts.append(
            pd.DataFrame(
                {
                    "project_id": [f"{cluster_id}-P{number:02d}" for number in range(1, count + 1)],
                    "cluster_id": cluster_id,
                    "title": [
                        f"{rng.choice(WORDS)} {thing}"
                        for thing in rng.permutation(np.resize(THINGS, count))
                    ],
                    "start": start.astype("datetime64[D]"),
                    "end": end.astype("datetime64[D]") - np.timedelta64(1, "D"),
                    "budget": np.ceil(grant / rng.uniform(*GRANT_RATE, count)),
                    "grant": grant,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def project_reports(settings: Settings, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table ``project_reports`` for the projects in ``table``: one per half-year."""
    rng = settings.stream("project_reports")
    profiles = dict(zip(CLUSTERS["cluster_id"], CLUSTERS["profile"], strict=True))
    parts = [
        _reports_of(rng, project, profiles[project["cluster_id"]])
        for project in table.to_dict("records")
    ]
    return pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def advances(table: pd.DataFrame, reports: pd.DataFrame, years: range) -> np.ndarray:
    """Return unsettled advances at each year's end, shape (clusters, t), DKK thousand."""
    change = reports["advance_paid"] - reports["advance_settled"].fillna(0.0)
    cluster = reports["project_id"].map(table.set_index("project_id")["cluster_id"])
    by_year = change.groupby([cluster, reports["period_end"].dt.year]).sum().unstack()
    wide = by_year.reindex(index=CLUSTERS["cluster_id"], columns=list(years)).fillna(0.0)
    return wide.to_numpy().cumsum(axis=1)


def _reports_of(
    rng: np.random.Generator, project: dict[Hashable, Any], profile: str
) -> dict[str, np.ndarray]:
    start, end = (np.datetime64(project[name], "D") for name in ("start", "end"))
    ends = _period_ends(start, end)
    count = len(ends)
    elapsed = (ends - start).astype(np.int64) / int((end - start) / np.timedelta64(1, "D"))
    curve = elapsed**1.4 * rng.uniform(0.9, 1.0)
    spent = np.rint(project["budget"] * np.diff(curve, prepend=0.0))
    due = ends + np.timedelta64(DUE_AFTER, "D")
    days = np.maximum(np.rint(rng.normal(*LATENESS[profile], count)), EARLIEST)
    missing = rng.random(count) < NEVER_RECEIVED[profile]
    paid, settled = _advance(
        project["grant"], spent * project["grant"] / project["budget"], missing
    )
    planned = np.ceil(rng.integers(4, 9) * elapsed)
    reached = np.maximum(planned - rng.poisson(0.4, count), 0)
    return {
        "project_id": np.full(count, project["project_id"]),
        "period_end": ends,
        "due": due,
        "received": np.where(
            missing, np.datetime64("NaT", "D"), due + days.astype("timedelta64[D]")
        ),
        "spent": np.where(missing, np.nan, spent),
        "advance_paid": paid,
        "advance_settled": settled,
        "milestones_planned": planned,
        "milestones_reached": np.where(missing, np.nan, np.maximum.accumulate(reached)),
    }


def _period_ends(start: np.datetime64, end: np.datetime64) -> np.ndarray:
    """Return the last days of the half-years within the project, and the project's own."""
    after = start + np.timedelta64(LEAST_PERIOD, "D")
    months = np.arange(after, end, dtype="datetime64[M]")
    half_years = months[months.astype(np.int64) % 6 == 0].astype("datetime64[D]")
    ends = half_years - np.timedelta64(1, "D")
    return np.append(ends[(ends >= after) & (ends < end)], end)


def _advance(
    grant: float, grant_spent: np.ndarray, missing: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what is paid in advance and settled per period; nothing is settled unreported."""
    paid, settled = np.zeros(len(grant_spent)), np.full(len(grant_spent), np.nan)
    balance = total = 0.0
    top_up = np.rint(ADVANCE * grant)
    for period, spent in enumerate(grant_spent):
        paid[period] = min(top_up, np.rint(MOST_ADVANCED * grant) - total)
        total += paid[period]
        balance += paid[period]
        top_up = 0.0
        if not missing[period]:
            settled[period] = top_up = min(balance, np.rint(spent))
            balance -= settled[period]
    return paid, settled
