"""The shape of a cluster's network: who collaborates with whom, as a graph of one year.

Actors are nodes; two actors with a collaboration in the year are tied, once. The graph is a count
of all that was registered, no sample: its figures carry no interval.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.measures.observed import SUMMARY
from clusterstudy.measures.ties import FIRMS, SIDES

if TYPE_CHECKING:
    import networkx as nx

TYPE = "type"
SOURCES = 256  # actors from which paths are sought at once


def graph(rows: pd.DataFrame) -> nx.Graph:
    """Return the graph of some collaborations; nodes know their actor's ``type``."""
    import networkx as nx

    made = nx.Graph()
    for side in SIDES:
        types = zip(rows[f"actor_{side}"], rows[f"actor_{side}_type"], strict=True)
        made.add_nodes_from((actor, {TYPE: kind}) for actor, kind in types)
    made.add_edges_from(zip(rows["actor_a"], rows["actor_b"], strict=True))
    return made


def actor_types(of: nx.Graph) -> float:
    """Return the number of kinds of actors."""
    return len({kind for _actor, kind in of.nodes(TYPE)})


def density(of: nx.Graph) -> float:
    """Return the share of all possible pairs that are tied, Wasserman & Faust (1994), ch. 4."""
    import networkx as nx

    return float(nx.density(of))


def cross_type(of: nx.Graph) -> float:
    """Return the share of ties between actors of different kinds."""
    crossing = sum(of.nodes[a][TYPE] != of.nodes[b][TYPE] for a, b in of.edges)
    return crossing / of.number_of_edges() if of.number_of_edges() else float("nan")


def local_bridges(of: nx.Graph) -> float:
    """Return the share of ties whose two actors have no other partner in common.

    Granovetter (1973), American Journal of Sociology 78, calls them local bridges: pairs that no
    common partner could have brought together, so that the cluster was their broker.
    """
    import networkx as nx

    bridges = sum(1 for _ in nx.local_bridges(of, with_span=False))
    return bridges / of.number_of_edges() if of.number_of_edges() else float("nan")


def centralisation(of: nx.Graph) -> float:
    """Return how far the network hangs on one broker: 1 for a star, 0 where all are alike.

    Freeman (1979), Social Networks 1, pp. 215-239: the mean gap between the largest betweenness
    and each other actor's, betweenness being the share of shortest paths through an actor.
    """
    between, n = betweenness(of), len(of)
    return float((between.max() - between).sum() / (n - 1)) if n > 2 else float("nan")


def betweenness(of: nx.Graph) -> np.ndarray:
    """Return the share of shortest paths between others through each actor, in the graph's order.

    Brandes (2001), Journal of Mathematical Sociology 25, pp. 163-177, from :data:`SOURCES` actors
    at once: their searches go on step by step together, as products of matrices.
    """
    import networkx as nx

    n = len(of)
    total = np.zeros(n)
    if n < 3:
        return total
    tied = nx.to_scipy_sparse_array(of, weight=None, dtype=float)
    for first in range(0, n, SOURCES):
        sources = np.arange(first, min(first + SOURCES, n))
        steps = [np.zeros((n, len(sources)))]  # shortest paths to the actors reached in each step
        steps[0][sources, sources - first] = 1.0
        paths = steps[0].copy()
        while steps[-1].any():
            steps.append(np.where(paths > 0, 0.0, tied @ steps[-1]))
            paths += steps[-1]
        through = np.zeros_like(paths)
        for farther, nearer in pairwise(steps[::-1]):
            share = np.divide(1 + through, paths, out=np.zeros_like(paths), where=farther > 0)
            through += (tied @ share) * nearer
        through[sources, sources - first] = 0.0
        total += through.sum(axis=1)
    return total / ((n - 1) * (n - 2))


GRAPH: dict[str, Callable[[nx.Graph], float]] = {
    "actor_types": actor_types,
    "density": density,
    "cross_type": cross_type,
    "local_bridges": local_bridges,
    "centralisation": centralisation,
}


def figures(rows: pd.DataFrame, name: str, clusters: Collection[str]) -> pd.DataFrame:
    """Return a figure of the clusters' networks and of the programme's, by year.

    Parameters
    ----------
    rows
        The table ``collaborations``, or the years of it that are wanted.
    name
        Among :data:`GRAPH`.
    clusters
        The clusters wanted; the programme's network is always that of all.

    Returns
    -------
    DataFrame with :data:`~clusterstudy.measures.observed.SUMMARY`; ``n`` and ``firms`` are the
    firms in the network, ``low`` and ``high`` missing.
    """
    wanted = rows[rows["cluster_id"].isin(clusters)]
    every = pd.concat([wanted, rows.assign(cluster_id=PROGRAMME)])
    found = []
    for (group, year), part in every.groupby(["cluster_id", "year"]):
        made = graph(part)
        firms = sum(kind in FIRMS for _actor, kind in made.nodes(TYPE))
        found.append(
            {"group": group, "year": year, "n": firms, "firms": firms, "mean": GRAPH[name](made)}
        )
    return pd.DataFrame(found, columns=SUMMARY)
