"""Figures of the baseline report."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusterstudy.report import numbers, theme
from clusterstudy.report.language import _
from clusterstudy.report.scales import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BOUNDS = ("low", "high")
FILLS = ("#8fb3d9", "#e8e8e8", "#5b6f86")


def bars(counts: pd.DataFrame, doses: Mapping[str, str], programme_start: int) -> Figure:
    """Draw firms by year of first contact, the doses stacked."""
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(theme.WIDTH, 3.6))
    years = counts.index.to_numpy(dtype=int)
    below = np.zeros(len(years))
    for colour, hatch, dose in zip(FILLS, theme.HATCHES, doses, strict=False):
        height = counts[dose].fillna(0).to_numpy(dtype=float)
        ax.bar(
            years,
            height,
            bottom=below,
            color=colour,
            hatch=hatch,
            edgecolor=theme.INK,
            linewidth=0.6,
            label=doses[dose],
        )
        below += height
    ax.axvline(programme_start - 0.5, color=theme.INK, linestyle=":", linewidth=1, marker="")
    ax.set_ylim(0, max(below.max(), 1) * 1.15)
    ax.annotate(
        _("programme"),
        (programme_start - 0.45, 1),
        xycoords=("data", "axes fraction"),
        va="top",
        fontsize=9,
    )
    ax.set_xticks(years)
    theme.numbers_on(ax.yaxis)
    ax.grid(False, axis="x")
    ax.set_ylabel(_("Firms"))
    fig.legend(loc="outside upper right", ncols=3)
    return fig


def panels(
    frame: pd.DataFrame,
    rows: str,
    *,
    bounds: bool = False,
    reference: bool = False,
    scales: Sequence[Scale] | None = None,
) -> Figure:
    """Draw a panel per ``label``: the ``mean`` of each row, with its interval where asked for."""
    from matplotlib import pyplot as plt
    from matplotlib.ticker import MaxNLocator

    labels, names = (list(dict.fromkeys(frame[column])) for column in ("label", rows))
    columns = min(3, len(labels))
    lines = -(-len(labels) // columns)
    fig, axes = plt.subplots(
        lines,
        columns,
        sharey=True,
        squeeze=False,
        figsize=(theme.WIDTH, lines * (theme.height(len(names)) * 0.8 + 0.4)),
    )
    for at, (ax, label) in enumerate(zip(axes.flat, labels, strict=False)):
        part = frame[frame["label"] == label].set_index(rows).reindex(names)
        mean = part["mean"].to_numpy(dtype=float)
        low, high = (part[name].to_numpy(dtype=float) for name in BOUNDS) if bounds else [mean] * 2
        theme.dots(ax, names, mean, low, high)
        theme.numbers_on(ax.xaxis, *((scales[at].tick, scales[at].factor) if scales else ()))
        known = np.concatenate([mean, low, high])
        counts = bool((known[~np.isnan(known)] % 1 == 0).all())
        ax.xaxis.set_major_locator(MaxNLocator(3, integer=counts, min_n_ticks=1 if counts else 2))
        ax.set_title(textwrap.fill(label, 25), fontsize=9.5)
        if reference:
            theme.reference_line(ax, "x")
        if not scales:
            ax.set_xlabel(textwrap.fill(part["unit"].dropna().iloc[0], 30), fontsize=9)
        if scales:
            ax.set_xlim(left=0)
    for ax in axes.flat[len(labels) :]:
        ax.set_visible(False)
    return fig


def stages(frame: pd.DataFrame) -> Figure:
    """Draw the share that came on to each stage, years side by side."""
    from matplotlib import pyplot as plt

    stages, years = (list(dict.fromkeys(frame[name])) for name in ("stage", "year"))
    fig, ax = plt.subplots(figsize=(theme.WIDTH, theme.height(len(stages)) + 0.4))
    for number, year in enumerate(years):
        part = frame[frame["year"] == year].set_index("stage").reindex(stages)
        drawn = (part[name].to_numpy(dtype=float) for name in ("share", *BOUNDS))
        theme.dots(ax, stages, *drawn, label=year, series=number, of=len(years))
    theme.numbers_on(ax.xaxis, numbers.percent, 100)
    ax.set_xlim(0, 1)
    ax.set_xlabel(_("Share of the stage before"))
    if len(years) > 1:
        fig.legend(loc="outside upper right", ncols=len(years))
    return fig


def moved(frame: pd.DataFrame) -> Figure:
    """Draw each group's change of the mean, a line per measure."""
    from matplotlib import pyplot as plt

    labels = list(dict.fromkeys(frame["label"]))
    fig, ax = plt.subplots(figsize=(theme.WIDTH, theme.height(len(labels))))
    place = frame["label"].map({label: at for at, label in enumerate(labels)})
    ax.plot(frame["moved"], place, "o", color=theme.INK, markerfacecolor="none", markersize=5)
    ax.set_yticks(range(len(labels)), labels)
    ax.invert_yaxis()
    theme.reference_line(ax, "x")
    theme.numbers_on(ax.xaxis, numbers.percent, 100)
    ax.set_xlabel(_("Change of the mean since it was frozen"))
    return fig
