"""The steps of a composite index, as verbs in order: screen, impute, treat, normalise, aggregate.

Arrays are values of units by indicators, shape (..., n, k); leading axes hold replications, each
with its own values, goalposts and weights, so that ten thousand variants cost one pass. After the
OECD/JRC Handbook on Constructing Composite Indicators (2008), steps 3 to 6; varying the choices
(step 7) is in :mod:`clusterstudy.readiness.settings` and its neighbours.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

NORMALISATIONS = ("goalposts", "min_max", "z_score", "rank")
AGGREGATIONS = ("arithmetic", "geometric", "any")
Z_REACH = 3.0
GEOMETRIC_FLOOR = 1.0


def screen(values: pd.DataFrame, indicators: pd.DataFrame) -> pd.DataFrame:
    """Count, by indicator, what there is, what is missing, and what lies beyond the goalposts.

    Parameters
    ----------
    values
        Clusters by indicators, in the indicators' units.
    indicators
        Their declaration (:func:`clusterstudy.readiness.declaration.read_indicators`).

    Returns
    -------
    DataFrame indexed by indicator: ``known``, ``missing``, ``rule`` for the missing, ``lowest``
    and ``highest`` value, ``beyond`` (values outside the goalposts), ``used`` (false where no
    cluster has a value).
    """
    declared = indicators.loc[values.columns]
    outside = (values < declared["goalpost_low"]) | (values > declared["goalpost_high"])
    return pd.DataFrame(
        {
            "known": values.notna().sum(),
            "missing": values.isna().sum(),
            "rule": declared["missing"],
            "lowest": values.min(),
            "highest": values.max(),
            "beyond": outside.sum(),
            "used": values.notna().any(),
        }
    )


def impute(values: np.ndarray, rules: np.ndarray, worst: np.ndarray) -> np.ndarray:
    """Return the values with gaps filled by each indicator's rule.

    Parameters
    ----------
    values
        Shape (n, k); every indicator known for at least one unit.
    rules
        ``worst``, ``median`` or ``omit`` per indicator, shape (k,). With ``omit`` the gap stays,
        and :func:`aggregate` passes its weight on.
    worst
        The unfavourable goalposts, shape (k,).
    """
    fill = np.select([rules == "worst", rules == "median"], [worst, np.nanmedian(values, 0)])
    return np.where(np.isnan(values) & (rules != "omit"), fill, values)


def treat(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the values held within the goalposts, shape (..., n, k).

    With few units the declared goalposts treat outliers; estimated cut-offs would be guesses.
    """
    return np.clip(values, low[..., None, :], high[..., None, :])


def normalise(
    values: np.ndarray,
    method: str,
    direction: np.ndarray,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
) -> np.ndarray:
    """Return scores from 0 (least favourable) to 100, shape (..., n, k); gaps stay gaps.

    Parameters
    ----------
    values
        In the indicators' units, shape (..., n, k).
    method
        ``goalposts``: from ``low`` to ``high``. ``min_max``: from the lowest to the highest value.
        ``z_score``: from three standard deviations below the mean to three above. ``rank``: the
        middle of the unit's place among all, 100 (rank - 1/2) / n. Beyond an end counts as the
        end; where all are equal the score is 50.
    direction
        1 where higher is better, -1 where lower is, shape (k,).
    low, high
        Goalposts, shape (..., k), low < high; only for ``goalposts``.

    Raises
    ------
    ValueError
        If the method is unknown or goalposts are missing.
    """
    if method == "rank":
        return _rank_scores(values * direction)
    if method == "goalposts" and low is not None and high is not None:
        ends = low[..., None, :], high[..., None, :]
    elif method == "min_max":
        ends = np.nanmin(values, -2, keepdims=True), np.nanmax(values, -2, keepdims=True)
    elif method == "z_score":
        mean = np.nanmean(values, -2, keepdims=True)
        reach = Z_REACH * np.nanstd(values, -2, keepdims=True)
        ends = mean - reach, mean + reach
    else:
        raise ValueError(f"normalisation {method!r}: one of {NORMALISATIONS}, with its goalposts")
    span = ends[1] - ends[0]
    apart = span > 1e-12 * np.abs(ends[1])  # equal values may differ from their mean by rounding
    level = np.divide(values - ends[0], span, out=np.full(values.shape, 0.5), where=apart)
    level = np.where(np.isnan(values), np.nan, level)
    return 100 * np.clip(np.where(direction > 0, level, 1 - level), 0, 1)


def aggregate(
    scores: np.ndarray, weights: np.ndarray, groups: np.ndarray, method: str
) -> np.ndarray:
    """Return one level of the hierarchy from the level below, shape (..., n, g).

    Parameters
    ----------
    scores
        From 0 to 100, shape (..., n, k). The weight of a gap goes to the rest of its group; a
        group without a known score is a gap.
    weights
        Not negative, in any scale, shape (..., k).
    groups
        Which score belongs to which group, boolean, shape (k, g).
    method
        ``arithmetic`` mean: a low score can be made up for. ``geometric`` mean: less so; scores
        below 1 count as 1, as one 0 would wipe out all others. ``any``: the best score of the
        group, for one may suffice; weights count only by being 0 or not.

    Raises
    ------
    ValueError
        If the method is unknown.
    """
    weight = np.where(np.isnan(scores), 0.0, weights[..., None, :])
    filled = np.where(weight > 0, scores, 0.0)
    if method == "any":
        best = np.where((weight > 0)[..., None] & groups, filled[..., None], -np.inf).max(-2)
        return np.where(np.isinf(best), np.nan, best)
    if method == "geometric":
        filled = np.log(np.maximum(filled, GEOMETRIC_FLOOR))
    elif method != "arithmetic":
        raise ValueError(f"aggregation {method!r}: one of {AGGREGATIONS}")
    total = weight @ groups.astype(float)
    mean = np.divide(
        (weight * filled) @ groups.astype(float),
        total,
        out=np.full(total.shape, np.nan),
        where=total > 0,
    )
    return np.exp(mean) if method == "geometric" else mean


def rank(scores: np.ndarray) -> np.ndarray:
    """Return ranks along the last axis: 1 for the highest score, ties in the middle, gaps NaN."""
    rounded = np.round(scores, 9)
    mine, other = rounded[..., :, None], rounded[..., None, :]
    above, equal = (other > mine).sum(-1), (other == mine).sum(-1)
    return np.where(np.isnan(scores), np.nan, above + (equal + 1) / 2)


def _rank_scores(oriented: np.ndarray) -> np.ndarray:
    known = np.isfinite(oriented).sum(-2)[..., None]
    places = known - rank(np.swapaxes(oriented, -1, -2)) + 0.5
    return np.swapaxes(100 * places / known, -1, -2)
