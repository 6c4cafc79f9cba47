"""Means of observations by group and year, how sure they are, and how they changed.

Observations are rows of group, year, unit (who or what was observed), firm (which one stands
behind it), value and weight. One linearisation serves the levels and their change: each unit's
influence on a weighted mean (Särndal, Swensson & Wretman 1992, section 5.7). A unit observed in
both years has its influences subtracted, as paired differences are; one observed once enters
alone, as in independent samples (Kish 1965, section 12.4, comparisons of overlapping samples).
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import pandas as pd

OBSERVED = ["group", "year", "unit", "firm", "value", "weight"]
SUMMARY = ["group", "year", "n", "firms", "mean", "low", "high"]
Number = TypeVar("Number", float, np.ndarray, pd.Series)
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
    found, _influence = _by_group(observed, share)
    if share:
        low, high = wilson(found["mean"], found["effective"], level)
    else:
        half = _quantile(level) * found["error"]
        low, high = found["mean"] - half, found["mean"] + half
    return found.assign(low=low, high=high).reset_index()[SUMMARY]


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
    rows = observed[observed["year"].isin([base, later])]
    found, influence = _by_group(rows, share)
    first, second = (found[found.index.get_level_values("year") == year] for year in (base, later))
    first, second = (part.droplevel("year") for part in (first, second))
    groups = first.index[first.index.isin(second.index)].rename("group")
    first, second = first.loc[groups], second.loc[groups]
    moved = influence.where(rows["year"] == later, -influence)
    pairs = moved.groupby([rows["group"], rows["unit"]]).agg(["sum", "size"])
    by_group = (pairs["sum"] ** 2).groupby("group").sum().reindex(groups)
    error = np.sqrt(by_group).where((first["n"] > 1) & (second["n"] > 1), np.inf)
    half, change = _quantile(level) * error, second["mean"] - first["mean"]
    return pd.DataFrame(
        {
            "n_base": first["n"],
            "n_later": second["n"],
            "both": (pairs["size"] == 2).groupby("group").sum().reindex(groups),
            "firms": first["firms"].clip(upper=second["firms"]),
            "base": first["mean"],
            "later": second["mean"],
            "change": change,
            "low": change - half,
            "high": change + half,
        }
    ).reset_index()[CHANGE]


def mean(part: pd.DataFrame) -> tuple[float, float]:
    """Return the weighted mean of one group's observations and its standard error.

    The error of one unit is infinite.
    """
    error = np.sqrt((_influence(part) ** 2).sum()) if len(part) > 1 else np.inf
    return _mean(part), float(error)


def wilson(share: Number, n: Number, level: float = 0.95) -> tuple[Number, Number]:
    """Return the score interval of a share of ``n`` units, Wilson (1927), JASA 22, p. 209."""
    z: Any = _quantile(level)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def fewest(*groups: int) -> int:
    """Return the size of the smallest group that has any firm; 0 where none has."""
    return min((int(size) for size in groups if size), default=0)


def _by_group(observed: pd.DataFrame, share: bool) -> tuple[pd.DataFrame, pd.Series]:
    """Return figures by group and year, in the order met, and each row's influence on its mean.

    The figures: ``n``, ``firms`` (as :func:`summarise` has it), ``mean``, its ``error`` and the
    ``effective`` number of units.
    """
    by = observed.groupby(["group", "year"], sort=False)
    code, n = by.ngroup().to_numpy(), by.size().to_numpy()
    value, weight = (observed[name].to_numpy(dtype=float) for name in ("value", "weight"))
    parts = np.split(np.argsort(code, kind="stable"), np.cumsum(n)[:-1]) if len(n) else []
    mean = np.array([np.average(value[part], weights=weight[part]) for part in parts])
    total, squares = (np.bincount(code, sums) for sums in (weight, weight**2))
    scale = np.sqrt(n / np.maximum(n - 1, 1)) / total
    influence = weight * (value - mean[code]) * scale[code]
    error = np.sqrt(np.bincount(code, influence**2))
    found = pd.DataFrame(
        {
            "n": n,
            "firms": _firms_by_group(observed, code, share),
            "mean": mean,
            "error": np.where(n > 1, error, np.inf),
            "effective": total**2 / squares,
        },
        index=by.size().index,
    )
    return found, pd.Series(influence, observed.index)


def _firms_by_group(observed: pd.DataFrame, code: np.ndarray, share: bool) -> np.ndarray:
    """Return the firms in the smallest group that each mean tells apart."""
    if not share:
        return observed["firm"].groupby(code).nunique().to_numpy()
    told = observed["firm"].groupby([code, observed["value"] > 0]).nunique()
    return told.groupby(level=0).min().to_numpy()


def _mean(part: pd.DataFrame) -> float:
    return float(np.average(part["value"], weights=part["weight"]))


def _influence(part: pd.DataFrame) -> pd.Series:
    """Return each unit's influence on the mean: their squares add up to its variance."""
    n, weight = len(part), part["weight"] / part["weight"].sum()
    moved = weight * (part["value"] - _mean(part)) * np.sqrt(n / max(n - 1, 1))
    return moved.set_axis(pd.Index(part["unit"]))


def _quantile(level: float) -> float:
    """Return the normal quantile of a two-sided interval."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2))
