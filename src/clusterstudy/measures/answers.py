"""The survey's answers, weighted to all who could have been asked.

Who answers is not drawn by lot. Raking (Deming & Stephan 1940) gives each answering firm the
weight with which the respondents match the firms in contact with the clusters by cluster, dose
and size at once. It mends what these three explain of who answers. That the satisfied answer more
often, whatever their size and dose, no weight can mend.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from clusterstudy import kept
from clusterstudy.contract.read import Dataset
from clusterstudy.contract.tables import TABLES
from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.measures.observed import OBSERVED
from clusterstudy.panel import store, treatment
from clusterstudy.panel.successions import among

MARGINS = ("cluster_id", "dose", "size")
UNKNOWN = "unknown"
ROUNDS, CLOSE = 200, 1e-10
PAIR = ["cvr", "cluster_id"]
KEPT = 8  # weighted surveys of a data folder
CODE = (Path(__file__).parent, *store.CODE)


def asked(data: Dataset, firms: pd.DataFrame, wave: int) -> pd.DataFrame:
    """Return the firms that a wave could have asked, cluster by cluster, and who answered.

    Parameters
    ----------
    data
        Needs ``firms``, ``participations`` and ``survey``.
    firms
        As :func:`clusterstudy.panel.characteristics.characteristics` returns it.
    wave
        Wave of the survey.

    Returns
    -------
    DataFrame with a row per firm and cluster in contact up to the wave's year: ``cvr``,
    ``cluster_id``, ``dose`` (the most intensive contact), ``size`` (``unknown`` without figures),
    ``answered``, and ``weight`` of those who did, which add up to the number of rows. Firms that
    had closed or were no SMEs are left out. Who answered without being registered counts as
    lightly in contact.
    """
    contact = treatment.contacts(data)
    contact = contact[contact["year"] <= wave]
    rank = contact["dose"].map({dose: place for place, dose in enumerate(treatment.DOSES)})
    dose = rank.groupby([contact[name] for name in PAIR]).max().rename("dose").reset_index()
    given = _survey(data).dropna(subset="cvr")
    answered = given.loc[given["wave"] == wave, PAIR].drop_duplicates()
    pairs = dose.merge(answered, on=PAIR, how="outer", indicator="found")
    replied = pairs["found"] != "left_only"
    known = data.read("firms", ["cvr", "closed"])
    gone = known.loc[known["closed"].dt.year <= wave, "cvr"]
    left_out = pd.Index(gone.unique()).union(firms.index[~firms["sme"]])
    pairs = pairs[replied | ~among(pairs["cvr"], left_out)].reset_index(drop=True)
    frame = pd.DataFrame(
        {
            "cvr": pairs["cvr"],
            "cluster_id": pairs["cluster_id"],
            "dose": pairs["dose"].fillna(0).map(dict(enumerate(treatment.DOSES))),
            "size": pairs["cvr"].map(firms["size"]).fillna(UNKNOWN),
            "answered": pairs["found"] != "left_only",
        }
    )
    return frame.assign(weight=rake(frame))


def rake(asked: pd.DataFrame) -> pd.Series:
    """Return the weights with which those who answered match all asked in every margin.

    Parameters
    ----------
    asked
        ``answered`` (bool) and the columns :data:`MARGINS`.

    Returns
    -------
    Series on the same index, missing for those who did not answer. A class of a margin in which
    nobody answered is left out of that margin.
    """
    sample = asked[asked["answered"]]
    if sample.empty:
        return pd.Series(np.nan, asked.index)
    margins = [_margin(asked[name], sample[name]) for name in MARGINS]
    weight = np.ones(len(sample))
    for _round in range(ROUNDS):
        before = weight
        for code, firms in margins:
            weight = weight * (firms / np.bincount(code, weight))[code]
        if np.allclose(weight, before, rtol=CLOSE, atol=0):
            break
    return pd.Series(weight, sample.index).reindex(asked.index)


def _margin(asked: pd.Series, answered: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the class of each who answered, by number, and how many firms each stands for."""
    code, classes = pd.factorize(answered)
    firms = asked.value_counts().reindex(classes).to_numpy()
    return code, firms * (len(asked) / firms.sum())


def weighted(data: Dataset, firms: pd.DataFrame) -> pd.DataFrame:
    """Return the table ``survey`` with the ``weight`` of each answer's firm.

    Parameters
    ----------
    data, firms
        As for :func:`asked`.

    Returns
    -------
    DataFrame with the table's columns and ``weight``, that of the firm within its wave and
    cluster; missing for answers without a firm.
    """
    rows = _survey(data)
    frames = [
        asked(data, firms, int(wave))[[*PAIR, "weight"]].assign(wave=wave)
        for wave in sorted(rows["wave"].unique())
    ]
    if not frames:
        return rows.assign(weight=np.nan)
    return rows.merge(pd.concat(frames), on=["wave", *PAIR], how="left")


def survey(data: Dataset, programme_start: int) -> pd.DataFrame:
    """Return what :func:`weighted` makes, by what firms were like in the year before the programme.

    It is kept (:mod:`clusterstudy.kept`).
    """
    place = kept.entry(data, "surveys", programme_start, CODE)
    return kept.frame(
        place, lambda: weighted(data, store.firms(data, programme_start - 1)), most=KEPT
    )


def answers(rows: pd.DataFrame, item: str) -> pd.DataFrame:
    """Return the firms' answers to an item, by cluster and for the programme.

    Parameters
    ----------
    rows
        As :func:`weighted` returns it.
    item
        Item of the survey.

    Returns
    -------
    DataFrame with :data:`clusterstudy.measures.observed.OBSERVED`, weighted; a firm that answered
    more than once counts with the mean of its answers. Answers without a firm are left out.
    """
    given = rows[rows["item"] == item].dropna(subset=["cvr", "score"])
    by_pair = given.groupby(["wave", *PAIR])
    single = by_pair.agg(score=("score", "mean"), weight=("weight", "first")).reset_index()
    both = pd.concat([single, single.assign(cluster_id=PROGRAMME)])
    grouped = both.groupby(["cluster_id", "wave", "cvr"])
    by_firm = grouped.agg(value=("score", "mean"), weight=("weight", "sum")).reset_index()
    named = by_firm.rename(columns={"cluster_id": "group", "wave": "year", "cvr": "unit"})
    return named.assign(firm=named["unit"])[OBSERVED]


def _survey(data: Dataset) -> pd.DataFrame:
    return data.read("survey").reindex(columns=list(TABLES["survey"].names)).astype({"cvr": "str"})
