"""How far each choice behind the composite and the profile moves ranks and segments.

Nothing in the board paper settles the weights, the goalposts or the way to aggregate. A *setting*
fixes them all; the declared setting is one, and drawing settings from a unit cube gives the rest:
one column of the cube per uniform number that a choice needs. The same map from cube to setting
serves Monte Carlo (plain random points) and Sobol indices (Saltelli's design, one group of columns
per choice). After Saisana, Saltelli & Tarantola (2005), J. R. Stat. Soc. A 168, 307-323.

Each indicator's bar goes through all steps as one more unit, a pretended cluster that just meets
every clause; a clause is met where the cluster's score is not below that unit's. So the bar means
the same under every normalisation, and no cluster's segment hangs on which scale was used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterstudy.readiness import index
from clusterstudy.readiness.declaration import CLAUSES, ROLES
from clusterstudy.readiness.profile import SEGMENTS, by_context_only, classify
from clusterstudy.report.language import later

CHOICES = {
    "normalisation": later("Normalisation"),
    "aggregation": later("Aggregation"),
    "context": later("Whether the field's advisers count"),
    "weights": later("Weights"),
    "goalposts": later("Goalposts and bars"),
    "missing": later("Missing values"),
    "sampling": later("Survey sampling"),
}
BAND = 0.2
WITHIN_CLAUSE = {"arithmetic": "arithmetic", "geometric": "geometric", "any": "arithmetic"}
COMPOSITE = np.flatnonzero(ROLES != "outcome")


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

    def clause_probabilities(self) -> pd.DataFrame:
        """Return the share of settings in which a clause is met, clusters by clauses."""
        return pd.DataFrame((self.margins >= 0).mean(0), self.clusters, list(CLAUSES))

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


def declared(values: pd.DataFrame, indicators: pd.DataFrame) -> Replications:
    """Return the answer under the declaration itself (R = 1): goalposts, arithmetic means.

    Parameters
    ----------
    values
        Clusters by indicators, in the indicators' units.
    indicators
        Declaration of (at least) these indicators. Indicators that no cluster has are left out.
    """
    values, _, indicators = _usable(values, values, indicators)
    return _compose(_declared_setting(values, indicators), values.index, indicators)


def simulate(
    values: pd.DataFrame,
    errors: pd.DataFrame,
    indicators: pd.DataFrame,
    replications: int,
    seed: int,
    band: float = BAND,
) -> Replications:
    """Return the answers under settings drawn at random.

    Parameters
    ----------
    values, indicators
        As for :func:`declared`.
    errors
        Standard errors of sampled values, shaped as ``values``; 0 where a value is no sample.
    replications
        Number of settings, R.
    seed
        Of the random numbers.
    band
        How far goalposts and bars move: share of the distance between bar and goalpost, below
        one half, so that their order stands.
    """
    values, errors, indicators = _usable(values, errors, indicators)
    widths = _widths(values, errors)
    cube = np.random.default_rng(seed).random((replications, sum(widths.values())))
    setting = _draw(cube, widths, values, errors, indicators, band)
    return _compose(setting, values.index, indicators)


def sensitivity(
    values: pd.DataFrame,
    errors: pd.DataFrame,
    indicators: pd.DataFrame,
    seed: int,
    cluster: str | None = None,
    base: int = 1024,
    band: float = BAND,
) -> pd.DataFrame:
    """Return first-order and total Sobol indices of the choices.

    Two outputs: the ``shift`` in rank against the declared setting, in places, averaged over
    clusters (Saisana et al. 2005, eq. 2), and the share of ``moved`` clusters, whose segment is
    another than the declared one. With ``cluster`` both are that cluster's alone.

    Parameters
    ----------
    values, errors, indicators, seed, band
        As for :func:`simulate`.
    cluster
        One cluster's id.
    base
        Size of the base sample, a power of two; (choices + 2) times as many settings are computed.

    Returns
    -------
    DataFrame, a row per output and choice that plays a part: ``output``, ``choice``, ``first``
    and ``total`` (share of the output's variance; Saltelli 2010, Jansen 1999) with half-widths
    ``first_error`` and ``total_error`` of their 95 % bootstrap intervals. NaN where the output
    never varies.
    """
    from SALib.analyze import sobol as analysis
    from SALib.sample import sobol as design

    values, errors, indicators = _usable(values, errors, indicators)
    widths = _widths(values, errors)
    columns = [choice for choice, width in widths.items() for _ in range(width)]
    problem = {
        "num_vars": len(columns),
        "names": [f"{choice}_{i}" for i, choice in enumerate(columns)],
        "groups": columns,
        "bounds": [[0.0, 1.0]] * len(columns),
    }
    cube = design.sample(problem, base, calc_second_order=False, seed=seed)
    drawn = _compose(
        _draw(cube, widths, values, errors, indicators, band), values.index, indicators
    )
    truth = _compose(_declared_setting(values, indicators), values.index, indicators)
    seen = slice(None) if cluster is None else [values.index.get_loc(cluster)]
    outputs = {
        "shift": np.nanmean(np.abs(drawn.ranks - truth.ranks)[:, seen], axis=1),
        "moved": (classify(drawn.margins) != classify(truth.margins))[:, seen].mean(1),
    }
    tables = []
    for output, y in outputs.items():
        table = pd.DataFrame({"output": output, "choice": list(widths)})
        if np.ptp(y) > 0:
            found = analysis.analyze(problem, y, calc_second_order=False, seed=seed)
            table = table.assign(
                first=found["S1"],
                first_error=found["S1_conf"],
                total=found["ST"],
                total_error=found["ST_conf"],
            )
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def leave_one_out(values: pd.DataFrame, indicators: pd.DataFrame) -> pd.DataFrame:
    """Return rank and segment under the declared setting, each indicator left out in turn.

    Returns
    -------
    DataFrame with a row per indicator left out and cluster: ``left_out``, ``cluster_id``,
    ``rank`` and ``segment``, ``change`` in rank against all indicators, and whether the segment
    has ``moved``.
    """
    whole = declared(values, indicators)
    tables = []
    for name in values.columns:
        rest = declared(values.drop(columns=name), indicators)
        segment = classify(rest.margins)[0]
        columns = {
            "left_out": name,
            "cluster_id": values.index,
            "rank": rest.ranks[0],
            "change": (rest.ranks - whole.ranks)[0],
            "segment": np.array(list(SEGMENTS))[segment],
            "moved": segment != classify(whole.margins)[0],
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True)
class _Setting:
    """R settings of every choice; the last of the n + 1 units is the bar."""

    values: np.ndarray  # (R, n + 1, k)
    low: np.ndarray  # (R, k)
    high: np.ndarray  # (R, k)
    weights: np.ndarray  # (R, k)
    clause_weights: np.ndarray  # (R, clauses in the composite)
    normalisation: np.ndarray  # (R,), place in NORMALISATIONS
    aggregation: np.ndarray  # (R,), place in AGGREGATIONS


def _usable(
    values: pd.DataFrame, errors: pd.DataFrame, indicators: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return all three without the indicators that no cluster has."""
    names = values.columns[values.notna().any()]
    return values[names], errors[names], indicators.loc[names]


def _signs(indicators: pd.DataFrame) -> np.ndarray:
    return np.where(indicators["direction"] == "higher", 1, -1)


def _imputed(values: pd.DataFrame, indicators: pd.DataFrame) -> np.ndarray:
    worst = np.where(
        _signs(indicators) > 0, indicators["goalpost_low"], indicators["goalpost_high"]
    )
    return index.impute(values.to_numpy(dtype=float), indicators["missing"].to_numpy(), worst)


def _declared_setting(values: pd.DataFrame, indicators: pd.DataFrame) -> _Setting:
    low, bar, high, weights = (
        indicators[[name]].to_numpy().T
        for name in ("goalpost_low", "bar", "goalpost_high", "weight")
    )
    return _Setting(
        values=np.concatenate([_imputed(values, indicators), bar])[None],
        low=low,
        high=high,
        weights=weights,
        clause_weights=np.ones((1, len(COMPOSITE))),
        normalisation=np.zeros(1, dtype=int),
        aggregation=np.zeros(1, dtype=int),
    )


def _widths(values: pd.DataFrame, errors: pd.DataFrame) -> dict[str, int]:
    """Return how many uniform numbers each choice needs; without those that play no part."""
    k = values.shape[1]
    gaps = int(values.isna().to_numpy().sum())
    widths = {
        "normalisation": 1,
        "aggregation": 1,
        "context": 1,
        "weights": k + len(COMPOSITE),
        "goalposts": 3 * k,
        "missing": gaps + 1 if gaps else 0,
        "sampling": int((errors > 0).to_numpy().sum()),
    }
    return {choice: width for choice, width in widths.items() if width}


def _draw(
    cube: np.ndarray,
    widths: Mapping[str, int],
    values: pd.DataFrame,
    errors: pd.DataFrame,
    indicators: pd.DataFrame,
    band: float,
) -> _Setting:
    """Return the settings at the cube's points, shape (R, sum of widths).

    Weights are the declared ones times exponential draws: with equal weights every split is
    equally likely. Goalposts and bars are uniform within their band, the rest equally likely.
    """
    cube = np.clip(cube, 2.0**-40, 1 - 2.0**-40)
    ends = np.cumsum(list(widths.values()))
    u = dict(zip(widths, np.split(cube, ends[:-1], axis=1), strict=True))
    low, bar, high, weights = (
        indicators[["goalpost_low", "bar", "goalpost_high", "weight"]].to_numpy().T
    )
    below, above = bar - low, high - bar
    move_low, move_bar, move_high = np.split(band * (2 * u["goalposts"] - 1), 3, axis=1)
    bars = bar + move_bar * np.minimum(below, above)
    drawn = _draw_values(u, values, errors, indicators)
    k = values.shape[1]
    counts = np.ones((len(cube), len(COMPOSITE)))
    counts[:, ROLES[COMPOSITE] == "context"] = u["context"] < 0.5
    return _Setting(
        values=np.concatenate([drawn, bars[:, None]], axis=1),
        low=low + move_low * below,
        high=high + move_high * above,
        weights=weights * -np.log(u["weights"][:, :k]),
        clause_weights=counts * -np.log(u["weights"][:, k:]),
        normalisation=_pick(u["normalisation"][:, 0], len(index.NORMALISATIONS)),
        aggregation=_pick(u["aggregation"][:, 0], len(index.AGGREGATIONS)),
    )


def _draw_values(
    u: Mapping[str, np.ndarray],
    values: pd.DataFrame,
    errors: pd.DataFrame,
    indicators: pd.DataFrame,
) -> np.ndarray:
    """Return values with sampling error; gaps by their rule, or drawn among the known clusters."""
    from scipy.special import ndtri

    observed = values.to_numpy(dtype=float)
    drawn = np.tile(_imputed(values, indicators), (len(u["weights"]), 1, 1))
    if "sampling" in u:
        sampled = (errors > 0).to_numpy()
        drawn[:, sampled] += errors.to_numpy()[sampled] * ndtri(u["sampling"])
    if "missing" in u:
        by_rule = u["missing"][:, 0] < 0.5
        for gap, (i, j) in enumerate(np.argwhere(np.isnan(observed)), start=1):
            donors = observed[~np.isnan(observed[:, j]), j]
            donated = donors[_pick(u["missing"][:, gap], len(donors))]
            drawn[:, i, j] = np.where(by_rule, drawn[:, i, j], donated)
    return drawn


def _pick(u: np.ndarray, options: int) -> np.ndarray:
    return (u * options).astype(int)


def _compose(setting: _Setting, clusters: pd.Index, indicators: pd.DataFrame) -> Replications:
    """Take R settings through treatment, normalisation and two levels of aggregation."""
    treated = index.treat(setting.values, setting.low, setting.high)
    scores = np.empty_like(treated)
    for place, method in enumerate(index.NORMALISATIONS):
        on = setting.normalisation == place
        scores[on] = index.normalise(
            treated[on], method, _signs(indicators), setting.low[on], setting.high[on]
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
