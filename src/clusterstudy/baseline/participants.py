"""Who takes part, cluster by cluster, and how much of them the data cover."""

from __future__ import annotations

import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.panel import treatment
from clusterstudy.panel.successions import among


def programme_contacts(contact: pd.DataFrame, programme_start: int) -> pd.DataFrame:
    """Return contacts from the programme's start on, each also counted for the programme.

    Parameters
    ----------
    contact
        As :func:`clusterstudy.panel.treatment.contacts` returns it.
    programme_start
        First year of the programme.

    Returns
    -------
    DataFrame with ``cvr``, ``cluster_id`` (the clusters and ``programme``), ``year``, ``dose``.
    """
    recent = contact[contact["year"] >= programme_start]
    return pd.concat([recent, recent.assign(cluster_id=PROGRAMME)], ignore_index=True)


def coverage(data: Dataset, programme_start: int) -> pd.DataFrame:
    """Count the firms of each cluster and what is known about them.

    Parameters
    ----------
    data
        Needs ``participations``, ``firms`` and ``firm_years``; ``survey`` where there is one.
    programme_start
        First year of the programme.

    Returns
    -------
    DataFrame indexed by cluster (``programme`` first): ``participants`` (distinct firms since
    the programme's start), ``new_entrants`` (no contact before it), ``in_register`` and
    ``with_figures`` (shares found in firms, and in firm_years in the year before the programme),
    ``respondents`` and ``response_rate`` of the last survey wave (absent without a survey).
    """
    contact = treatment.contacts(data)
    pairs = programme_contacts(contact, programme_start)[["cluster_id", "cvr"]].drop_duplicates()
    entry = treatment.entries(contact)["cohort"]
    reference = data.read("firm_years", ["cvr", "year"])
    known = reference.loc[reference["year"] == programme_start - 1, "cvr"]
    pairs = pairs.assign(
        new=pairs["cvr"].map(entry) >= programme_start,
        in_register=among(pairs["cvr"], pd.Index(data.read("firms", ["cvr"])["cvr"].unique())),
        with_figures=among(pairs["cvr"], pd.Index(known.unique())),
    )
    grouped = pairs.groupby("cluster_id")
    table = pd.DataFrame(
        {
            "participants": grouped["cvr"].nunique(),
            "new_entrants": grouped["new"].sum(),
            "in_register": grouped["in_register"].mean(),
            "with_figures": grouped["with_figures"].mean(),
        }
    )
    if data.has("survey"):
        answers = data.read("survey", ["wave", "cvr", "cluster_id"])
        last = answers[answers["wave"] == answers["wave"].max()]
        last = pd.concat([last, last.assign(cluster_id=PROGRAMME)])
        table["respondents"] = last.groupby("cluster_id")["cvr"].nunique().reindex(table.index)
        table["respondents"] = table["respondents"].fillna(0).astype("int64")
        table["response_rate"] = table["respondents"] / table["participants"]
    return programme_first(table)


def history(data: Dataset, cluster: str = PROGRAMME) -> pd.DataFrame:
    """Count firms by year of first contact with any cluster and dose.

    Parameters
    ----------
    cluster
        The cluster the first contact was with, or ``programme`` for any.

    Returns
    -------
    DataFrame indexed by ``cohort`` (year), one column per dose: firms.
    """
    entry = treatment.entries(treatment.contacts(data))
    if cluster != PROGRAMME:
        entry = entry[entry.get(cluster, pd.Series(False, entry.index))]
    table = pd.crosstab(entry["cohort"], entry["dose"])
    return table.reindex(columns=list(treatment.DOSES), fill_value=0)


def programme_first(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table indexed by cluster with the programme's row first."""
    others = [name for name in table.index if name != PROGRAMME]
    return table.loc[[PROGRAMME, *others]] if PROGRAMME in table.index else table
