"""Suppression within one table: no figure about fewer than a minimum of distinct firms.

Belongs here: blanking the rows of a table whose margin may be known, and rounding numbers of firms.
Does not belong here: tables linked to each other (:mod:`clusterstudy.disclosure.audit`), and single
firms that dominate (:mod:`clusterstudy.disclosure.magnitudes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
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


def near_above(firms: pd.Series, minimum: int) -> pd.Series:
    """Return which rows, each a part of the one above, are so near it that few firms are told.

    A row is held against the nearest one above that is not so itself.
    """
    near, last = [], np.nan
    for number in firms:
        near.append(0 < last - number < minimum)
        last = last if near[-1] or np.isnan(number) else number
    return pd.Series(near, firms.index)


def rounded(firms: pd.Series, minimum: int) -> pd.Series:
    """Return numbers of firms rounded down to a multiple of ``minimum``, small ones blank.

    Two rounded numbers tell their difference to within ``minimum`` − 1 at best, which is what a
    blank tells of a small number. So tables of overlapping groups, whose sums and differences no
    declaration could list, can stand beside each other, provided that all of them are rounded: an
    exact number beside a rounded one of nearly the same firms would tell more. Many overlapping
    groups together may still narrow a small number by one or two. Rounding down never makes the
    evidence look larger, and shows the same firms alike everywhere; other ways to round are in
    Hundepool et al. (2012), *Statistical Disclosure Control*, chapter 5.
    """
    return firms.mask(are_few(firms, minimum)) // minimum * minimum


def rounded_means(frame: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Return standardised differences with numbers of firms rounded, and means that are shares.

    Parameters
    ----------
    frame
        The columns of :func:`clusterstudy.panel.balance.smd`.
    """
    shown = frame.drop(columns="yes_no")
    shares = frame["yes_no"].astype(bool)
    for mean, n in (("treated", "n_treated"), ("comparison", "n_comparison")):
        told = rounded_share(frame[mean] * frame[n], frame[n], minimum)
        shown[mean] = frame[mean].mask(shares, told)
        shown[n] = rounded(frame[n], minimum)
    return shown


def rounded_share(part: pd.Series, whole: pd.Series, minimum: int) -> pd.Series:
    """Return shares of firms as told by numbers that are multiples of ``minimum``.

    The part goes to the nearest multiple, the whole down as in :func:`rounded`: an exact share of
    a whole that is nearly known would tell both. Missing where the part, or what lacks to the
    whole, is one to ``minimum`` − 1 firms.
    """
    part = part.round(6)  # made of a share
    few = are_few(part, minimum) | are_few((whole - part).round(6), minimum)
    base = rounded(whole, minimum)
    nearest = (part / minimum).round() * minimum
    return (nearest.clip(upper=base) / base).mask(few)
