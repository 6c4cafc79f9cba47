"""Who took part, since when, in what dose and in which clusters.

Treatment is a firm's first contact with any cluster and never switches off: the estimand is the
effect of having entered. Dose is the most intensive kind of contact in the calendar year of entry,
for what comes later may itself be an effect.
"""

from __future__ import annotations

import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import DOSE

DOSES = tuple(DOSE)
PROJECT_ACTIVITIES = ("innovation_project",)
MIXTURES = {
    "plain": "One kind of contact with one cluster in the year of entry",
    "several_doses": "Several kinds of contact in the year of entry",
    "several_clusters": "Several clusters in the year of entry",
    "rises": "A more intensive contact in a later year",
}


def contacts(data: Dataset) -> pd.DataFrame:
    """Return every contact of a firm with a cluster.

    Parameters
    ----------
    data
        Needs ``participations``; ``memberships`` where there are any.

    Returns
    -------
    DataFrame with ``cvr``, ``cluster_id``, ``year`` (of the contact, or of joining) and ``dose``
    (``light``, ``membership``, ``project``), one row per participation or membership spell.
    """
    taken = data.read("participations", ["cvr", "cluster_id", "date", "activity_type"])
    project = taken["activity_type"].isin(PROJECT_ACTIVITIES)
    parts = [taken.assign(dose=project.map({True: "project", False: "light"}))]
    if data.has("memberships"):
        joined = data.read("memberships", ["cvr", "cluster_id", "valid_from"])
        parts.append(joined.rename(columns={"valid_from": "date"}).assign(dose="membership"))
    every = pd.concat(parts, ignore_index=True)
    return every.assign(year=every["date"].dt.year)[["cvr", "cluster_id", "year", "dose"]]


def entries(contact: pd.DataFrame) -> pd.DataFrame:
    """Return each firm's entry: its cohort, its dose and the clusters it entered through.

    Parameters
    ----------
    contact
        As :func:`contacts` returns it.

    Returns
    -------
    DataFrame indexed by ``cvr``: ``cohort`` (year of first contact), ``dose`` (the most intensive
    contact of that year) and one boolean column per cluster (any contact in that year).
    """
    _every, entering = _ranked(contact)
    by_firm = entering.groupby("cvr").agg({"year": "first", "rank": "max"})
    through = pd.get_dummies(entering["cluster_id"]).groupby(entering["cvr"]).any()
    return pd.DataFrame(
        {"cohort": by_firm["year"], "dose": by_firm["rank"].map(dict(enumerate(DOSES)))}
    ).join(through)


def mixtures(contact: pd.DataFrame) -> pd.DataFrame:
    """Return how a firm's treatments overlap, beyond its entry's dose and clusters.

    Parameters
    ----------
    contact
        As :func:`contacts` returns it.

    Returns
    -------
    DataFrame of bool indexed by ``cvr``, with the keys of :data:`MIXTURES`.
    """
    every, entering = (part.groupby("cvr") for part in _ranked(contact))
    several_doses = entering["dose"].nunique() > 1
    several_clusters = entering["cluster_id"].nunique() > 1
    return pd.DataFrame(
        {
            "plain": ~several_doses & ~several_clusters,
            "several_doses": several_doses,
            "several_clusters": several_clusters,
            "rises": every["rank"].max() > entering["rank"].max(),
        }
    )


def _ranked(contact: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all contacts with the ``rank`` of their dose, and those of each firm's first year."""
    every = contact.assign(rank=contact["dose"].map({dose: at for at, dose in enumerate(DOSES)}))
    return every, every[every["year"] == every.groupby("cvr")["year"].transform("min")]
