"""Industry groups from six-digit industry codes.

Groups are by division (the first two digits). The divisions used here mean the same in DB07 and
DB25, except that DB25 gives up division 45 (trade with motor vehicles), which moves within trade.
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
