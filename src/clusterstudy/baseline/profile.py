"""Who takes part: new entrants against all SMEs, and against the comparison pool."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.panel import store, support, treatment
from clusterstudy.panel.balance import smd
from clusterstudy.panel.build import CELL
from clusterstudy.panel.characteristics import LABELS
from clusterstudy.panel.successions import ALONE


def profile(
    data: Dataset,
    programme_start: int,
    cluster: str = PROGRAMME,
    min_firms: int = 5,
    other_programmes: support.OtherProgrammes = "ignore",
) -> pd.DataFrame:
    """Return how new entrants differed from other SMEs in the year before the programme.

    Parameters
    ----------
    data
        Needs ``firms``, ``firm_years`` and ``participations``.
    programme_start
        First year of the programme.
    cluster
        The cluster they entered through, or ``programme`` for any.
    min_firms
        Fewest firms of either kind, at least 2, for a comparison.
    other_programmes
        With ``covariate``, other public support before the programme is among the characteristics.

    Returns
    -------
    DataFrame with one row per ``characteristic`` (label) and ``against``: ``all`` SMEs without
    any contact, or the comparison ``pool``, those in the same cells of industry, size and region
    as a new entrant, weighted to the new entrants' cells; and the columns of
    :func:`clusterstudy.panel.balance.smd`. A characteristic known of too few firms is left out;
    empty where there are too few new entrants.
    """
    frame = store.firms(data, programme_start - 1)
    frame = frame[frame["sme"]]
    entry = treatment.entries(treatment.contacts(data)).reindex(frame.index)
    entered = entry["cohort"] >= programme_start
    if cluster != PROGRAMME:
        entered &= entry.get(cluster, pd.Series(False, frame.index)).fillna(False).astype(bool)
    kept = entered | entry["cohort"].isna()
    frame, entrant = frame[kept], entered[kept].to_numpy()
    if entrant.sum() < min_firms:
        return pd.DataFrame(columns=["characteristic", "against"])
    labels = LABELS
    if other_programmes == "covariate":
        frame = frame.join(support.received(data, frame.index, ALONE, programme_start - 1))
        labels = LABELS | support.LABELS
    values = frame[list(labels)].rename(columns=labels)
    weight = _cell_weights(frame, entrant)
    pool = entrant | (weight > 0)
    against = {
        "all": smd(values, entrant),
        "pool": smd(values[pool], entrant[pool], weight[pool]),
    }
    parts = [table.assign(against=name) for name, table in against.items()]
    every = pd.concat(parts).rename_axis("characteristic").reset_index()
    return every[every[["n_treated", "n_comparison"]].min(axis="columns") >= min_firms]


def _cell_weights(frame: pd.DataFrame, entrant: np.ndarray) -> np.ndarray:
    """Return new entrants per comparison firm in each firm's cell, shape (n,)."""
    cell = [frame[name] for name in CELL]
    member = pd.Series(entrant, frame.index)
    entrants = member.groupby(cell).transform("sum")
    others = (~member).groupby(cell).transform("sum")
    return (entrants / others.clip(lower=1)).to_numpy(dtype=float)
