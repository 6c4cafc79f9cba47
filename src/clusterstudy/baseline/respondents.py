"""Who answered the survey, among those who could, and what the weights change.

Standardised mean differences between those who answered and all who could be asked, as they are
and weighted; and the answers' means both ways. What no register holds, such as how satisfied those
are who did not answer, stays unknown.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.baseline.levels import ANSWERS, Measured
from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.measures.answers import asked
from clusterstudy.measures.observed import summarise
from clusterstudy.panel import store
from clusterstudy.panel.balance import smd
from clusterstudy.panel.characteristics import LABELS
from clusterstudy.report.language import later

WEIGHTING = [
    *("group", "measure", "unweighted", "n", "firms", "mean", "low", "high", "design_effect"),
]
IN_PROJECT = later("In an innovation project")


def compare(
    data: Dataset,
    programme_start: int,
    wave: int,
    cluster: str = PROGRAMME,
    min_firms: int = 5,
) -> pd.DataFrame:
    """Return how those who answered a wave differ from all who could be asked.

    Parameters
    ----------
    data
        Needs ``firms``, ``firm_years``, ``participations`` and ``survey``.
    programme_start
        First year of the programme; characteristics are of the year before.
    wave
        Wave of the survey.
    cluster
        The cluster, or ``programme`` for all.
    min_firms
        Fewest firms, at least 2, for a comparison.

    Returns
    -------
    DataFrame with one row per ``characteristic`` (label) and ``answers`` (``unweighted``,
    ``weighted``), and the columns of :func:`clusterstudy.panel.balance.smd` of all asked
    (``treated``) and of those who answered (``comparison``); ``smd`` is the latter less the
    former. It has no interval, for the one are part of the other. Empty where too few answered.
    """
    firms = store.firms(data, programme_start - 1)
    frame = asked(data, firms, wave)
    if cluster != PROGRAMME:
        frame = frame[frame["cluster_id"] == cluster]
    values = firms[list(LABELS)].rename(columns=LABELS).reindex(frame["cvr"])
    values = values.assign(**{IN_PROJECT: (frame["dose"] == "project").to_numpy(dtype=float)})
    replied = frame["answered"].to_numpy()
    if replied.sum() < max(min_firms, 2):
        return pd.DataFrame(columns=["characteristic", "answers"])
    both = pd.concat([values, values[replied]], ignore_index=True)
    every = np.arange(len(both)) < len(values)
    weights = {"unweighted": np.ones(replied.sum()), "weighted": frame.loc[replied, "weight"]}
    parts = [
        smd(both, every, np.concatenate([np.ones(len(values)), weight])).assign(answers=name)
        for name, weight in weights.items()
    ]
    table = pd.concat(parts).rename_axis("characteristic").reset_index()
    table = table.assign(smd=-table["smd"], low=np.nan, high=np.nan)
    return table[table["n_comparison"] >= min_firms]


def weighting(measures: list[Measured], level: float = 0.95) -> pd.DataFrame:
    """Return the survey's means at baseline with and without weights, by group.

    Returns
    -------
    DataFrame with ``group``, ``measure``, ``n`` and ``firms``, ``unweighted`` (mean), ``mean``,
    ``low`` and ``high`` (weighted), and ``design_effect``: by how much unequal weights raise the
    variance, Kish (1992), 1 + the squared coefficient of variation of the weights.
    """
    tables = []
    for one in measures:
        if one.basis != ANSWERS:
            continue
        first = one.values[one.values["year"] == one.base]
        by_group = first.assign(square=first["weight"] ** 2).groupby("group", sort=False)
        sums = by_group[["weight", "square"]].sum()
        plain = pd.DataFrame(
            {
                "unweighted": by_group["value"].mean(),
                "design_effect": by_group.size() * sums["square"] / sums["weight"] ** 2,
            }
        )
        weighted = summarise(first, share=one.share, level=level).join(plain, on="group")
        tables.append(weighted.assign(measure=one.row["measure"]))
    return (
        pd.concat(tables, ignore_index=True)[WEIGHTING]
        if tables
        else pd.DataFrame(columns=WEIGHTING)
    )
