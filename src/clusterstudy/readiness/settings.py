"""A setting of every choice behind the composite and the profile: the declared one, or drawn ones.

Nothing in the board paper settles the weights, the goalposts or the way to aggregate. A *setting*
fixes them all; the declared setting is one, and drawing settings from a unit cube gives the rest:
one column of the cube per uniform number that a choice needs. The same map from cube to setting
serves Monte Carlo (plain random points) and Sobol indices (Saltelli's design, one group of columns
per choice). After Saisana, Saltelli & Tarantola (2005), J. R. Stat. Soc. A 168, 307-323.

Does not belong here: what a setting leads to (:mod:`clusterstudy.readiness.replications`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterstudy.readiness import index
from clusterstudy.readiness.declaration import ROLES
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
COMPOSITE = np.flatnonzero(ROLES != "outcome")


@dataclass(frozen=True)
class Setting:
    """R settings of every choice; the last of the n + 1 units is the bar."""

    values: np.ndarray  # (R, n + 1, k)
    low: np.ndarray  # (R, k)
    high: np.ndarray  # (R, k)
    weights: np.ndarray  # (R, k)
    clause_weights: np.ndarray  # (R, clauses in the composite)
    normalisation: np.ndarray  # (R,), place in NORMALISATIONS
    aggregation: np.ndarray  # (R,), place in AGGREGATIONS


def declared_setting(values: pd.DataFrame, indicators: pd.DataFrame) -> Setting:
    """Return the declared setting (R = 1): goalposts, arithmetic means, weights as declared."""
    low, bar, high, weights = (
        indicators[[name]].to_numpy().T
        for name in ("goalpost_low", "bar", "goalpost_high", "weight")
    )
    return Setting(
        values=np.concatenate([_imputed(values, indicators), bar])[None],
        low=low,
        high=high,
        weights=weights,
        clause_weights=np.ones((1, len(COMPOSITE))),
        normalisation=np.zeros(1, dtype=int),
        aggregation=np.zeros(1, dtype=int),
    )


def usable(
    values: pd.DataFrame, errors: pd.DataFrame, indicators: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return all three without the indicators that no cluster has."""
    names = values.columns[values.notna().any()]
    return values[names], errors[names], indicators.loc[names]


def signs(indicators: pd.DataFrame) -> np.ndarray:
    """Return 1 where higher is better and -1 where lower is, shape (k,)."""
    return np.where(indicators["direction"] == "higher", 1, -1)


def widths_of(values: pd.DataFrame, errors: pd.DataFrame) -> dict[str, int]:
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


def draw(
    cube: np.ndarray,
    widths: Mapping[str, int],
    values: pd.DataFrame,
    errors: pd.DataFrame,
    indicators: pd.DataFrame,
    band: float,
) -> Setting:
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
    return Setting(
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


def _imputed(values: pd.DataFrame, indicators: pd.DataFrame) -> np.ndarray:
    worst = np.where(signs(indicators) > 0, indicators["goalpost_low"], indicators["goalpost_high"])
    return index.impute(values.to_numpy(dtype=float), indicators["missing"].to_numpy(), worst)


def _pick(u: np.ndarray, options: int) -> np.ndarray:
    return (u * options).astype(int)
