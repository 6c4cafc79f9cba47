"""SME status and size class before treatment.

EU recommendation 2003/361: fewer than 250 persons, and turnover of at most EUR 50 million or a
balance sheet total of at most EUR 43 million. Registers here hold single firms, not groups: a
subsidiary of a large group may pass.
"""

from __future__ import annotations

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


def size_class(fte: pd.Series) -> pd.Series:
    """Return each firm's size class by employment (full-time equivalents)."""
    edges = [-float("inf"), *SIZES.values()]
    return pd.cut(fte, edges, right=False, labels=list(SIZES)).astype("str")
