"""Figures that several notebooks draw: standardised differences, and estimates with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusterstudy.report import theme
from clusterstudy.report.language import _

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WORTH_ATTENTION = 0.1  # size of a standardised difference


def love(frame: pd.DataFrame, *, series: str, labels: Mapping[str, str]) -> Figure:
    """Return a love plot: standardised mean differences with intervals, one row per characteristic.

    Parameters
    ----------
    frame
        ``characteristic`` (text to show), ``smd``, ``low``, ``high`` and the column ``series``.
    series
        Column whose values stand side by side in each row.
    labels
        Text by value of ``series``, in order.
    """
    from matplotlib import pyplot as plt

    rows = list(dict.fromkeys(frame["characteristic"]))
    fig, ax = plt.subplots(figsize=(theme.WIDTH, theme.height(len(rows)) + 0.4))
    for number, (value, label) in enumerate(labels.items()):
        part = frame[frame[series] == value].set_index("characteristic").reindex(rows)
        bounds = (part[name].to_numpy() for name in ("smd", "low", "high"))
        theme.dots(ax, rows, *bounds, label=label, series=number, of=len(labels))
    for bound in (-WORTH_ATTENTION, WORTH_ATTENTION):
        ax.axvline(bound, color=theme.MUTED, linestyle=":", linewidth=1, marker="", zorder=1)
    theme.reference_line(ax, "x")
    theme.numbers_on(ax.xaxis)
    ax.set_xlabel(_("Standardised mean difference (dotted: 0.1)"))
    fig.legend(loc="outside upper right", ncols=len(labels))
    return fig


def intervals(
    labels: Sequence[str],
    estimate: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    *,
    axis: str,
    tick: Callable[..., str],
    factor: int = 1,
    reference: float | None = 0,
) -> Figure:
    """Return dots with intervals, one row per label; a missing estimate leaves its row empty.

    Parameters
    ----------
    labels, estimate, low, high
        One per row, the first at the top.
    axis, tick, factor
        Name of the axis, the function that writes its numbers and what that multiplies by.
    reference
        Where the line of no effect stands; None for none.
    """
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(theme.WIDTH, theme.height(len(labels))))
    theme.dots(ax, labels, estimate, low, high)
    if reference is not None:
        theme.reference_line(ax, "x", reference)
    theme.numbers_on(ax.xaxis, tick, factor)
    ax.set_xlabel(axis)
    return fig
