"""Suppression within one table: no figure about fewer than a minimum of distinct firms.

Belongs here: blanking the rows of a table whose margin may be known. Does not belong here: tables
of several margins and tables linked to each other (:mod:`clusterstudy.disclosure.audit`), and
single firms that dominate (:mod:`clusterstudy.disclosure.magnitudes`).
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
        Whether the counts add up to a total that is known. The blank rows then hold ``minimum``
        firms together and are not one alone: the smallest others are blanked until they do, for
        the difference would tell.

    Returns
    -------
    The frame with small cells blank, and how many rows were blanked.
    """
    small = (frame[count] > 0) & (frame[count] < minimum)
    if additive and small.any():
        others = frame.loc[~small & (frame[count] > 0), count].sort_values(kind="stable")
        for row in others.index:
            if small.sum() > 1 and frame.loc[small, count].sum() >= minimum:
                break
            small = small | (frame.index == row)
    blanked = {column: frame[column].mask(small) for column in [count, *values]}
    return frame.assign(**blanked), int(small.sum())
