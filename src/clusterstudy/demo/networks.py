"""Collaborations that clusters brought about: the table ``collaborations``.

Strong clusters have dense networks with many cross-type ties, ambiguous ones hang on few hubs,
weak ones are sparse. Knowledge institutions, associations, advisers and public bodies are shared
by all clusters; SMEs belong to one, among whose participants of the first programme year they are.
The ends of ties are drawn one by one, by the kinds' shares: the expected shares of ties follow.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from clusterstudy.contract.vocabulary import COLLABORATION_OUTCOME
from clusterstudy.demo.entry import Entry
from clusterstudy.demo.events import Numbers
from clusterstudy.demo.population import LARGE, Population
from clusterstudy.demo.settings import CLUSTERS, PROGRAMME, Settings, january_first


class Shape(NamedTuple):
    """A network: ties and SMEs of a typical cluster, and how far ties gather on few actors."""

    ties: int
    smes: int
    concentration: float


SHAPES = {
    "strong": Shape(ties=150, smes=60, concentration=0.3),
    "ambiguous": Shape(ties=90, smes=55, concentration=1.3),
    "weak": Shape(ties=40, smes=40, concentration=0.6),
}
# By kind of actor: code, and number of actors in the whole country.
SHARED = {
    "large": ("SV", 14),
    "knowledge_institution": ("VI", 16),
    "public": ("OM", 12),
    "adviser": ("RG", 24),
}
ASSOCIATIONS, YEARLY_GROWTH = 12, 0.1
TYPE_SHARES = {  # of the ends of ties
    "sme": 0.52,
    "large": 0.10,
    "knowledge_institution": 0.20,
    "public": 0.07,
    "adviser": 0.05,
    "association": 0.06,
}
KIND_SHARES = (0.45, 0.20, 0.20, 0.15)  # in the order of OUTCOMES
OUTCOMES = {  # by kind, in the vocabulary's order
    "project": (0.55, 0.25, 0.08, 0.12),
    "agreement": (0.50, 0.08, 0.37, 0.05),
    "network": (0.90, 0.05, 0.03, 0.02),
    "referral": (0.93, 0.03, 0.02, 0.02),
}


def collaborations(
    settings: Settings, population: Population, entry: Entry, numbers: Numbers
) -> pd.DataFrame:
    """Return the table ``collaborations``: a row per pair of actors, cluster and year."""
    rng = settings.stream("collaborations")
    parts = [
        _ties(rng, place, cluster, year)
        for place, cluster in enumerate(CLUSTERS.to_dict("records"))
        for year in PROGRAMME
    ]
    table = pd.concat(parts, ignore_index=True)
    unit = _firms(settings, population, entry)
    for side in "ab":
        known = table[f"actor_{side}"].map(unit)
        there = known.notna().to_numpy()
        day = january_first(table.loc[there, "year"].to_numpy())
        place = numbers.at(known[there].to_numpy(dtype=int), day)
        table[f"cvr_{side}"] = pd.Series(numbers.cvr[place], table.index[there])
    return table


def truth() -> pd.DataFrame:
    """Return what was put into the networks, by cluster.

    Returns
    -------
    DataFrame with ``cluster_id``, ``smes`` (within the cluster's reach), ``concentration`` (how
    far ties gather on few actors), and expected shares: ``cross_type`` of ties, ``referral`` of
    collaborations, and ``result`` and ``market`` of joint projects and agreements.
    """
    kinds = dict(zip(OUTCOMES, KIND_SHARES, strict=True))
    both = kinds["project"] + kinds["agreement"]
    reached = (kinds["project"] * np.array(OUTCOMES["project"])) / both
    reached += (kinds["agreement"] * np.array(OUTCOMES["agreement"])) / both
    return pd.DataFrame(
        {
            "cluster_id": CLUSTERS["cluster_id"],
            "smes": [_smes(cluster) for cluster in CLUSTERS.to_dict("records")],
            "concentration": [SHAPES[name].concentration for name in CLUSTERS["profile"]],
            "cross_type": 1 - sum(share**2 for share in TYPE_SHARES.values()),
            "referral": kinds["referral"],
            "result": 1 - reached[0],
            "market": reached[-1],
        }
    )


def _firms(settings: Settings, population: Population, entry: Entry) -> dict[str, int]:
    """Return the economic unit behind each SME's code, as far as a cluster has so many.

    They are drawn among the SMEs that entered through the cluster up to the programme's first year
    and live until its end.
    """
    rng = settings.stream("collaboration_firms")
    early = (entry.cohort <= min(PROGRAMME)) & (entry.closes > max(PROGRAMME))
    may = early & (population.size[entry.unit] < LARGE)
    firms: dict[str, int] = {}
    for place, cluster in enumerate(CLUSTERS.to_dict("records")):
        units = rng.permutation(entry.unit[may & (entry.cluster == place)])
        firms.update(zip(_actors(place, cluster)["sme"], units.tolist(), strict=False))
    return firms


def _ties(
    rng: np.random.Generator, place: int, cluster: dict[Hashable, Any], year: int
) -> pd.DataFrame:
    shape = SHAPES[cluster["profile"]]
    scale = np.sqrt(cluster["size"])
    actors = _actors(place, cluster)
    names = np.concatenate([actors[kind] for kind in TYPE_SHARES])
    kinds = np.repeat(list(TYPE_SHARES), [len(actors[kind]) for kind in TYPE_SHARES])
    weight = np.concatenate(
        [share * _gathered(len(actors[kind]), shape) for kind, share in TYPE_SHARES.items()]
    )
    ties = round(scale * shape.ties * (1 + YEARLY_GROWTH * (year - min(PROGRAMME))))
    pair = rng.choice(len(names), (2, ties), p=weight / weight.sum())
    pair = np.column_stack([pair, _association_ties(kinds)])
    a, b = np.unique(np.sort(pair[:, pair[0] != pair[1]], axis=0), axis=1)
    kind = rng.choice(len(OUTCOMES), len(a), p=KIND_SHARES)
    reached = np.cumsum(list(OUTCOMES.values()), axis=1)[kind]
    outcome = (rng.random((len(a), 1)) > reached).sum(axis=1)
    return pd.DataFrame(
        {
            "cluster_id": cluster["cluster_id"],
            "year": year,
            "actor_a": names[a],
            "actor_b": names[b],
            "actor_a_type": kinds[a],
            "actor_b_type": kinds[b],
            "kind": np.array(list(OUTCOMES))[kind],
            "outcome": np.array(list(COLLABORATION_OUTCOME))[np.minimum(outcome, 3)],
        }
    )


def _actors(place: int, cluster: dict[Hashable, Any]) -> dict[str, list[str]]:
    """Return the codes of the actors within a cluster's reach, by kind."""
    own = range(place, place + cluster["associations"])
    smes = _smes(cluster)
    return {
        kind: [f"{code}-{number:02d}" for number in range(1, count + 1)]
        for kind, (code, count) in SHARED.items()
    } | {
        "sme": [f"{cluster['cluster_id']}-S{number:02d}" for number in range(1, smes + 1)],
        "association": [f"BO-{number % ASSOCIATIONS + 1:02d}" for number in own],
    }


def _smes(cluster: dict[Hashable, Any]) -> int:
    """Return the number of SMEs within a cluster's reach."""
    return round(np.sqrt(cluster["size"]) * SHAPES[cluster["profile"]].smes)


def _gathered(count: int, shape: Shape) -> np.ndarray:
    """Return weights that sum to one and fall with the rank, the faster the more concentrated."""
    weight = np.arange(1.0, count + 1) ** -shape.concentration
    return weight / weight.sum() if count else weight


def _association_ties(kinds: np.ndarray) -> np.ndarray:
    """Return a tie of each association with an SME of its own, shape (2, associations)."""
    associations = np.flatnonzero(kinds == "association")
    return np.array([np.arange(len(associations)), associations])
