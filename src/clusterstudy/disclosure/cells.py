"""Suppression within one table: no figure about fewer than a minimum of distinct firms.

Belongs here: blanking the rows of a table whose margin may be known. Does not belong here: tables
of several margins and tables linked to each other (:mod:`clusterstudy.disclosure.audit`), and
single firms that dominate (:mod:`clusterstudy.disclosure.magnitudes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import pandas as pd

Counts = TypeVar("Counts", pd.Series, pd.DataFrame)


def are_few(firms: Counts, minimum: int) -> Counts:
    """Return where there are firms, but fewer than ``minimum``; of a difference too."""
    return (firms > 0) & (firms < minimum)


def suppress(
    frame: pd.DataFrame,
    count: str,
    values: Sequence[str],
    minimum: int,
    *,
    additive: bool = False,
    whole: int | None = None,
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
    whole
        Number of firms that each row is a part of, where it is known. Rows that lack too few of
        them are blanked too, for the others are told by the difference.

    Returns
    -------
    The frame with small cells blank, and how many rows were blanked.
    """
    small = are_few(frame[count], minimum)
    if whole is not None:
        small |= are_few(whole - frame[count], minimum)
    if additive and small.any():
        others = frame.loc[~small & (frame[count] > 0), count].sort_values(kind="stable")
        for row in others.index:
            if small.sum() > 1 and frame.loc[small, count].sum() >= minimum:
                break
            small = small | (frame.index == row)
    blanked = {column: frame[column].mask(small) for column in [count, *values]}
    return frame.assign(**blanked), int(small.sum())


def merge_steps(
    frame: pd.DataFrame, text: str, whole: str, part: str, minimum: int
) -> pd.DataFrame:
    """Merge the steps of a sample's making that tell of too few firms into the next one.

    Parameters
    ----------
    frame
        One row per step, each a narrower sample than the one before.
    text
        Column with what the step asks; merged steps ask for both.
    whole, part
        Columns with the number of firms left, and of those of a kind among them.
    minimum
        Fewest firms that a step may tell of: as left out, of either kind.

    Returns
    -------
    The steps whose differences are zero or at least ``minimum``; the last one is always there.
    """
    kept: list[dict[Any, Any]] = []
    for row in frame[::-1].to_dict("records"):
        lost = [row[name] - kept[-1][name] for name in (whole, part)] if kept else [0, 0]
        if any(0 < firms < minimum for firms in (*lost, lost[0] - lost[1])):
            kept[-1][text] = f"{row[text]}; {kept[-1][text]}"
        else:
            kept.append(row)
    return pd.DataFrame(kept[::-1], columns=frame.columns)
