"""What settings lead to: the composite, its ranks, and how far each clause lies from its bar.

Each indicator's bar goes through all steps as one more unit, a pretended cluster that just meets
every clause; a clause is met where the cluster's score is not below that unit's. So the bar means
the same under every normalisation, and no cluster's segment hangs on which scale was used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterstudy.readiness import index
from clusterstudy.readiness.declaration import CLAUSES
from clusterstudy.readiness.profile import SEGMENTS, by_context_only, classify
from clusterstudy.readiness.settings import COMPOSITE, Setting, signs

WITHIN_CLAUSE = {"arithmetic": "arithmetic", "geometric": "geometric", "any": "arithmetic"}


@dataclass(frozen=True)
class Replications:
    """R settings' answers for n clusters.

    Parameters
    ----------
    clusters
        The clusters' ids, n.
    scores
        Composite from 0 to 100, shape (R, n).
    ranks
        Rank of the composite, 1 for the highest, shape (R, n).
    margins
        Score minus bar of every clause, in points, shape (R, n, clauses).
    """

    clusters: pd.Index
    scores: np.ndarray
    ranks: np.ndarray
    margins: np.ndarray

    def rank_intervals(self, level: float = 0.9) -> pd.DataFrame:
        """Return ``low``, ``median``, ``high`` of each cluster's rank, widened to whole ranks."""
        ranks = self._interval(self.ranks, level)
        return ranks.assign(low=np.floor(ranks["low"]), high=np.ceil(ranks["high"]))

    def margin_intervals(self, level: float = 0.9) -> dict[str, pd.DataFrame]:
        """Return ``low``, ``median`` and ``high`` of each cluster's margin, for every clause."""
        return {c: self._interval(self.margins[..., i], level) for i, c in enumerate(CLAUSES)}

    def segment_probabilities(self) -> pd.DataFrame:
        """Return the share of settings that lead to each segment, clusters by segments."""
        segment = classify(self.margins)
        shares = (segment[..., None] == np.arange(len(SEGMENTS))).mean(0)
        return pd.DataFrame(shares, self.clusters, list(SEGMENTS))

    def context_only(self) -> pd.Series:
        """Return the share of settings with good preconditions that rest on the field alone."""
        return pd.Series(by_context_only(self.margins).mean(0), self.clusters)

    def _interval(self, draws: np.ndarray, level: float) -> pd.DataFrame:
        tails = [0.5 - level / 2, 0.5, 0.5 + level / 2]
        bounds = np.nanquantile(draws, tails, axis=0, method="inverted_cdf")
        return pd.DataFrame(bounds.T, self.clusters, ["low", "median", "high"])


def compose(setting: Setting, clusters: pd.Index, indicators: pd.DataFrame) -> Replications:
    """Take R settings through treatment, normalisation and two levels of aggregation."""
    treated = index.treat(setting.values, setting.low, setting.high)
    scores = np.empty_like(treated)
    for place, method in enumerate(index.NORMALISATIONS):
        on = setting.normalisation == place
        scores[on] = index.normalise(
            treated[on], method, signs(indicators), setting.low[on], setting.high[on]
        )
    units, bar = scores[:, :-1], scores[:, -1:]
    bar = np.where(np.isnan(units), np.nan, bar)
    clauses = indicators["clause"].to_numpy()[:, None] == np.array(list(CLAUSES))
    one = np.ones((len(COMPOSITE), 1), dtype=bool)
    margins = np.empty((*units.shape[:2], len(CLAUSES)))
    composite = np.empty(units.shape[:2])
    for place, method in enumerate(index.AGGREGATIONS):
        on, within = setting.aggregation == place, WITHIN_CLAUSE[method]
        by_clause = index.aggregate(units[on], setting.weights[on], clauses, within)
        margins[on] = by_clause - index.aggregate(bar[on], setting.weights[on], clauses, within)
        merits = by_clause[..., COMPOSITE]
        composite[on] = index.aggregate(merits, setting.clause_weights[on], one, method)[..., 0]
    return Replications(clusters, composite, index.rank(composite), np.round(margins, 9))
