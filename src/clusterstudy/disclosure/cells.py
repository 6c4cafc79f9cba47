"""Suppression within one table: no figure about fewer than a minimum of distinct firms.

Only the small-cell rule is here. Dominance and differencing across tables are not: a report is for
the room until they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd


def suppress(
    frame: pd.DataFrame,
    count: str,
    values: Sequence[str],
    minimum: int,
    *,
    additive: bool = False,
) -> tuple[pd.DataFrame, int]:
    """Blank the figures of rows that stand on too few firms.

    Parameters
    ----------
    frame
        One row per cell.
    count
        Column with the number of distinct firms behind the row.
    values
        Columns to blank. The count itself is blanked too.
    minimum
        Fewest firms that may be shown. Zero firms may be shown.
    additive
        Whether the counts add up to a total that is known. A single small row is then not left
        alone: the smallest other row is blanked too, for the difference would tell it.

    Returns
    -------
    The frame with small cells blank, and how many rows were blanked.
    """
    small = (frame[count] > 0) & (frame[count] < minimum)
    others = frame.loc[~small & (frame[count] > 0), count]
    if additive and small.sum() == 1 and len(others):
        small = small | (frame.index == others.idxmin())
    blanked = {column: frame[column].mask(small) for column in [count, *values]}
    return frame.assign(**blanked), int(small.sum())
