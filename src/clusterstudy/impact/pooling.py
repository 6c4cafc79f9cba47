"""The clusters' effects, each by itself and partially pooled.

By itself, a cluster's effect stands on few firms: the largest of many such estimates is mostly
the luckiest. Pooled (:mod:`clusterstudy.did.shrinkage`), each is pulled towards their mean by as
much as its own error asks for. Errors are correlated, for clusters share comparison firms and some
new entrants; the joint influence functions tell by how much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from clusterstudy.did.estimates import Estimates, join
from clusterstudy.did.shrinkage import FEWEST, Pooled, pool
from clusterstudy.errors import UserError
from clusterstudy.impact.design import Design
from clusterstudy.impact.effects import Choices, figures, of_group


@dataclass(frozen=True)
class Clusters:
    """Effects by cluster.

    Parameters
    ----------
    table
        As :func:`clusterstudy.impact.effects.by_group` returns it.
    raw
        The estimates of the clusters that have one, with their joint covariance; None without any.
    pooled
        None with fewer than three.
    """

    table: pd.DataFrame
    raw: Estimates | None
    pooled: Pooled | None


def by_cluster(study: Design, choices: Choices, groups: Mapping[str, np.ndarray]) -> Clusters:
    """Estimate the effect by cluster, and pool the estimates.

    Parameters
    ----------
    groups
        New entrants of each cluster, boolean masks of shape (n,) by code.
    """
    rows, found = [], []
    for name, mask in groups.items():
        row = {"group": name, "n": int((mask & study.seen).sum())}
        try:
            effect = of_group(study, choices, mask)
            found.append(replace(effect, label=pd.Index([name])))
            rows.append(row | figures(effect, choices))
        except UserError as error:
            rows.append(row | {"reason": error.what})
    raw = join(found) if found else None
    pooled = pool(raw, choices.level) if raw and len(found) >= FEWEST else None
    return Clusters(pd.DataFrame(rows), raw, pooled)
