"""Means of observations by group and year, how sure they are, and how they changed.

Observations are rows of group, year, unit (who or what was observed), firm (which one stands
behind it), value and weight. One linearisation serves the levels and their change: each unit's
influence on a weighted mean (Särndal, Swensson & Wretman 1992, section 5.7). A unit observed in
both years has its influences subtracted, as paired differences are; one observed once enters
alone, as in independent samples (Kish 1965, section 12.4, comparisons of overlapping samples).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

OBSERVED = ["group", "year", "unit", "firm", "value", "weight"]
SUMMARY = ["group", "year", "n", "firms", "mean", "low", "high"]
CHANGE = ["group", "n_base", "n_later", "both", "firms", "base", "later", "change", "low", "high"]


def summarise(observed: pd.DataFrame, *, share: bool, level: float = 0.95) -> pd.DataFrame:
    """Return the mean of every group and year.

    Parameters
    ----------
    observed
        Columns :data:`OBSERVED`; a unit once by group and year, without missing values.
    share
        Whether values are 0 or 1. The interval is then Wilson's, on Kish's effective number of
        units; otherwise normal.
    level
        Level of the intervals.

    Returns
    -------
    DataFrame with ``group``, ``year``, ``n`` (units), ``firms`` (in the smallest group that the
    mean tells apart: for a share, those with and those without), ``mean``, ``low`` and ``high``;
    infinite for one unit that is no share.
    """
    rows = [
        {
            "group": group,
            "year": year,
            "n": len(part),
            "firms": _firms(part, share),
            **_estimate(part, share, level),
        }
        for (group, year), part in observed.groupby(["group", "year"], sort=False)
    ]
    return pd.DataFrame(rows, columns=SUMMARY)


def change(
    observed: pd.DataFrame, base: int, later: int, *, share: bool, level: float = 0.95
) -> pd.DataFrame:
    """Return how every group's mean changed between two years.

    Parameters
    ----------
    observed, share, level
        As for :func:`summarise`.
    base, later
        The years; groups that lack one are left out.

    Returns
    -------
    DataFrame with ``group``, ``n_base``, ``n_later`` and ``both`` (units in each year and in
    both), ``firms`` (as for :func:`summarise`, the smaller of the years'), ``base`` and ``later``
    (means), ``change`` and its normal interval ``low`` and ``high``.
    """
    rows = []
    for group, part in observed.groupby("group", sort=False):
        first, second = (part[part["year"] == year] for year in (base, later))
        if first.empty or second.empty:
            continue
        moved = pd.concat({"a": _influence(first), "b": _influence(second)}, axis="columns")
        se = np.sqrt(((moved["b"].fillna(0) - moved["a"].fillna(0)) ** 2).sum())
        se = se if min(len(first), len(second)) > 1 else np.inf
        means = [_mean(first), _mean(second)]
        half = ndtri(0.5 + level / 2) * se
        rows.append(
            {
                "group": group,
                "n_base": len(first),
                "n_later": len(second),
                "both": int(moved.notna().all(axis="columns").sum()),
                "firms": min(_firms(first, share), _firms(second, share)),
                "base": means[0],
                "later": means[1],
                "change": means[1] - means[0],
                "low": means[1] - means[0] - half,
                "high": means[1] - means[0] + half,
            }
        )
    return pd.DataFrame(rows, columns=CHANGE)


def mean(part: pd.DataFrame) -> tuple[float, float]:
    """Return the weighted mean of one group's observations and its standard error.

    The error of one unit is infinite.
    """
    error = np.sqrt((_influence(part) ** 2).sum()) if len(part) > 1 else np.inf
    return _mean(part), float(error)


def wilson(share: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a share of ``n`` units, Wilson (1927), JASA 22, p. 209."""
    z = ndtri(0.5 + level / 2)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(centre - half, 0.0), min(centre + half, 1.0)


def fewest(*groups: int) -> int:
    """Return the size of the smallest group that has any firm; 0 where none has."""
    return min((int(size) for size in groups if size), default=0)


def _estimate(part: pd.DataFrame, share: bool, level: float) -> dict[str, float]:
    value, error = mean(part)
    if share:
        weight = part["weight"]
        low, high = wilson(value, weight.sum() ** 2 / (weight**2).sum(), level)
    else:
        half = ndtri(0.5 + level / 2) * error
        low, high = value - half, value + half
    return {"mean": value, "low": low, "high": high}


def _mean(part: pd.DataFrame) -> float:
    return float(np.average(part["value"], weights=part["weight"]))


def _influence(part: pd.DataFrame) -> pd.Series:
    """Return each unit's influence on the mean: their squares add up to its variance."""
    n, weight = len(part), part["weight"] / part["weight"].sum()
    moved = weight * (part["value"] - _mean(part)) * np.sqrt(n / max(n - 1, 1))
    return moved.set_axis(pd.Index(part["unit"]))


def _firms(part: pd.DataFrame, share: bool) -> int:
    if not share:
        return int(part["firm"].nunique())
    return fewest(*part.groupby(part["value"] > 0)["firm"].nunique())
