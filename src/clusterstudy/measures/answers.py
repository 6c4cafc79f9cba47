"""The survey's answers, weighted to all who could have been asked.

Who answers is not drawn by lot. Raking (Deming & Stephan 1940) gives each answering firm the
weight with which the respondents match the firms in contact with the clusters by cluster, dose
and size at once. It mends what these three explain of who answers. That the satisfied answer more
often, whatever their size and dose, no weight can mend.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.measures.observed import OBSERVED
from clusterstudy.panel import treatment

MARGINS = ("cluster_id", "dose", "size")
UNKNOWN = "unknown"
ROUNDS, CLOSE = 200, 1e-10
PAIR = ["cvr", "cluster_id"]


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
    answers = data.read("survey", ["wave", *PAIR]).dropna(subset="cvr")
    answered = answers.loc[answers["wave"] == wave, PAIR].drop_duplicates()
    pairs = dose.merge(answered, on=PAIR, how="outer", indicator="found")
    replied = pairs["found"] != "left_only"
    known = data.read("firms", ["cvr", "closed"])
    gone = known.loc[known["closed"].dt.year <= wave, "cvr"]
    out = pairs["cvr"].isin(gone) | pairs["cvr"].isin(firms.index[~firms["sme"]])
    kept = pairs[replied | ~out].reset_index(drop=True)
    frame = pd.DataFrame(
        {
            "cvr": kept["cvr"],
            "cluster_id": kept["cluster_id"],
            "dose": kept["dose"].fillna(0).map(dict(enumerate(treatment.DOSES))),
            "size": kept["cvr"].map(firms["size"]).fillna(UNKNOWN),
            "answered": kept["found"] != "left_only",
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
    weight = pd.Series(1.0, sample.index)
    target = {name: asked[name].value_counts() for name in MARGINS}
    target = {name: of[of.index.isin(sample[name])] for name, of in target.items()}
    for _round in range(ROUNDS):
        before = weight
        for name, of in target.items():
            share = of * len(asked) / of.sum()
            weight = weight * sample[name].map(share / weight.groupby(sample[name]).sum())
        if np.allclose(weight, before, rtol=CLOSE, atol=0):
            break
    return weight.reindex(asked.index)


def answers(data: Dataset, item: str, frames: dict[int, pd.DataFrame]) -> pd.DataFrame:
    """Return the firms' answers to an item, by cluster and for the programme.

    Parameters
    ----------
    item
        Item of the survey.
    frames
        By wave, as :func:`asked` returns it.

    Returns
    -------
    DataFrame with :data:`clusterstudy.measures.observed.OBSERVED`, weighted; a firm that answered
    more than once counts with the mean of its answers. Answers without a firm are left out.
    """
    given = data.read("survey", ["wave", *PAIR, "item", "score"]).dropna(subset=["cvr", "score"])
    given = given[(given["item"] == item) & given["wave"].isin(frames)]
    weights = pd.concat(
        [frame.assign(wave=wave)[["wave", *PAIR, "weight"]] for wave, frame in frames.items()]
    )
    mean = given.groupby(["wave", *PAIR])["score"].mean().reset_index()
    single = mean.merge(weights, on=["wave", *PAIR])
    both = pd.concat([single, single.assign(cluster_id=PROGRAMME)])
    grouped = both.groupby(["cluster_id", "wave", "cvr"])
    by_firm = grouped.agg(value=("score", "mean"), weight=("weight", "sum")).reset_index()
    named = by_firm.rename(columns={"cluster_id": "group", "wave": "year", "cvr": "unit"})
    return named.assign(firm=named["unit"])[OBSERVED]
