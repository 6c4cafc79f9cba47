"""Industry groups from six-digit industry codes, of DB07 or DB25.

Groups are by division (the first two digits). The divisions used here mean the same in DB07 and
DB25, except that DB25 gives up division 45 (trade with motor vehicles), which moves within trade.
What moves between divisions is told by a bridge: shares of an old code's firms by new code.
"""

from __future__ import annotations

import pandas as pd

DIVISIONS = {
    "manufacturing": range(10, 34),
    "construction": range(41, 44),
    "trade": range(45, 48),
    "it": range(58, 64),
    "consulting": range(69, 76),
}


def industry_group(code: pd.Series) -> pd.Series:
    """Return the industry group of each six-digit code, ``other`` where none fits; shape (n,)."""
    group = {f"{division:02d}": name for name, span in DIVISIONS.items() for division in span}
    return code.str[:2].map(group).fillna("other")


def in_db25(code: pd.Series, version: pd.Series, bridge: pd.DataFrame) -> pd.DataFrame:
    """Return each firm's code in DB25, by the largest share where an old code is divided.

    Parameters
    ----------
    code, version
        Six-digit code and its version, on the same index.
    bridge
        As the table ``industry_bridge``. Codes that it lacks stay as they are.

    Returns
    -------
    DataFrame on the same index: ``industry`` and ``ambiguous``, whether the code leads to more
    than one industry group.
    """
    shares = bridge[bridge["weight"] > 0].sort_values(["weight", "new"], ascending=[False, True])
    largest = shares.drop_duplicates("old").set_index("old")["new"]
    groups = industry_group(shares["new"]).groupby(shares["old"]).nunique()
    old = version == "DB07"
    return pd.DataFrame(
        {
            "industry": code.where(~old).fillna(code.map(largest)).fillna(code),
            "ambiguous": old & (code.map(groups) > 1),
        }
    )
