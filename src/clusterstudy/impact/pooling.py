"""The clusters' effects, each by itself and partially pooled.

By itself, a cluster's effect stands on few firms: the largest of many such estimates is mostly
the luckiest. Pooled (:mod:`clusterstudy.did.shrinkage`), each is pulled towards their mean by as
much as its own error asks for. Errors are correlated, for clusters share comparison firms and some
new entrants; the joint influence functions tell by how much. They also tell how surely none of the
clusters' effects is found by accident (:mod:`clusterstudy.did.multiplicity`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterstudy.did.estimates import Estimates, join
from clusterstudy.did.group_time import GroupTime
from clusterstudy.did.multiplicity import adjusted
from clusterstudy.did.shrinkage import FEWEST, Pooled, pool
from clusterstudy.impact.design import Design
from clusterstudy.impact.effects import Choices, of_groups, tabulated


@dataclass(frozen=True)
class Clusters:
    """Effects by cluster.

    Parameters
    ----------
    table
        As :func:`clusterstudy.impact.effects.by_group` returns it; with a seed also ``p_adjusted``
        for the number of clusters (Romano & Wolf 2005) and ``q``, the false discovery rate.
    raw
        The estimates of the clusters that have one, with their joint covariance; None without any.
    pooled
        None with fewer than three.
    """

    table: pd.DataFrame
    raw: Estimates | None
    pooled: Pooled | None


def by_cluster(
    study: Design,
    choices: Choices,
    groups: Mapping[str, np.ndarray],
    whole: GroupTime | None = None,
    seed: int | None = None,
) -> Clusters:
    """Estimate the effect by cluster, and pool the estimates.

    Parameters
    ----------
    groups
        New entrants of each cluster, boolean masks of shape (n,) by code.
    whole
        See :func:`clusterstudy.impact.effects.by_group`.
    seed
        Of the bootstrap behind adjusted p-values; None for none.
    """
    found, reasons = of_groups(study, choices, groups, whole)
    raw = join(list(found.values())) if found else None
    pooled = pool(raw, choices.level) if raw and len(found) >= FEWEST else None
    table = tabulated(study, choices, groups, found, reasons, whole)
    if raw and seed is not None:
        tests = adjusted(raw, seed=seed).reindex(table["group"])
        table = table.assign(p_adjusted=tests["romano_wolf"].array, q=tests["fdr"].array)
    return Clusters(table, raw, pooled)
