"""SME status and size class before treatment.

EU recommendation 2003/361: fewer than 250 persons, and turnover of at most EUR 50 million or a
balance sheet total of at most EUR 43 million, counting linked enterprises together (annex, art. 6).
Where the registers name no group, a subsidiary of a large one may pass.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

EUR_IN_DKK = 7.46  # central rate, rounded
MAX_PERSONS = 250
MAX_REVENUE = 50_000 * EUR_IN_DKK  # DKK thousand
MAX_ASSETS = 43_000 * EUR_IN_DKK
SIZES = {"0-9": 10.0, "10-49": 50.0, "50-249": 250.0, "250+": float("inf")}


def is_sme(year: pd.DataFrame) -> pd.Series:
    """Tell for each firm whether it is an SME by one year's figures.

    Parameters
    ----------
    year
        ``headcount``, ``fte``, ``revenue`` and ``total_assets`` (DKK thousand) of one year. Where
        headcount is missing, employment counts; a missing amount does not rule a firm out.

    Returns
    -------
    Series of bool on the same index.
    """
    persons = year["headcount"].fillna(year["fte"])
    over = (year["revenue"] > MAX_REVENUE) & (year["total_assets"] > MAX_ASSETS)
    return (persons < MAX_PERSONS) & ~over


def of_group(year: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Return each firm's figures for its whole group, as :func:`is_sme` takes them.

    Parameters
    ----------
    year
        As in :func:`is_sme`, with all firms of the year.
    group
        The group of each firm, on the same index; missing where it stands alone.

    Returns
    -------
    Sums over the group, of what is known of it; a firm's own figures where it stands alone.
    """
    known = year.assign(headcount=year["headcount"].fillna(year["fte"]))
    code = pd.factorize(group)[0]
    alone = -1 - np.arange(len(code))
    return known.groupby(np.where(code < 0, alone, code)).transform("sum", min_count=1)


def size_class(fte: pd.Series) -> pd.Series:
    """Return each firm's size class by employment (full-time equivalents)."""
    edges = [-float("inf"), *SIZES.values()]
    return pd.cut(fte, edges, right=False, labels=list(SIZES)).astype("str")
