"""Figures of readiness. Clusters stand in the order of their names: no figure is a league table."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusterstudy.readiness.declaration import CLAUSES
from clusterstudy.readiness.profile import SEGMENTS
from clusterstudy.readiness.settings import CHOICES
from clusterstudy.report import numbers, theme
from clusterstudy.report.language import _, later

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OUTPUTS = {
    "shift": later("Shift in rank"),
    "moved": later("Change of segment"),
}
FILLS = ("#8fb3d9", "#e8e8e8", "#ffffff", "#bdbdbd")


def clause_margins(
    intervals: Mapping[str, pd.DataFrame], names: pd.Series, cluster: str = ""
) -> Figure:
    """Return a panel per clause: how far each cluster lies above or below the bar.

    Parameters
    ----------
    intervals
        ``low``, ``median`` and ``high`` in points by cluster, for every clause
        (:meth:`clusterstudy.readiness.replications.Replications.margin_intervals`).
    names
        Names by cluster, in the order to show.
    cluster
        The cluster to set off, if any.
    """
    from matplotlib import pyplot as plt

    fig, axes = plt.subplots(
        1, len(CLAUSES), sharex=True, sharey=True, figsize=(theme.WIDTH, theme.height(len(names)))
    )
    for ax, (code, clause) in zip(axes, CLAUSES.items(), strict=True):
        _dots(ax, intervals[code], names, hollow=clause.role == "context")
        theme.reference_line(ax, "x")
        ax.set_title(textwrap.fill(_(clause.label), 20), fontsize=9)
    fig.supxlabel(_("Points above or below the bar"), fontsize=plt.rcParams["axes.labelsize"])
    theme.numbers_on(axes[0].xaxis)
    _set_off(axes[0], names, cluster)
    return fig


def rank_intervals(intervals: pd.DataFrame, names: pd.Series, cluster: str = "") -> Figure:
    """Return each cluster's median rank with its interval.

    Parameters
    ----------
    intervals
        ``low``, ``median`` and ``high`` by cluster.
    names, cluster
        As for :func:`clause_margins`.
    """
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(theme.WIDTH, theme.height(len(names))))
    _dots(ax, intervals, names)
    ax.set_xlim(0.5, len(names) + 0.5)
    ax.set_xticks(range(1, len(names) + 1))
    ax.set_xlabel(_("Rank of the composite, 1 for the highest"))
    _set_off(ax, names, cluster)
    return fig


def segments(
    probabilities: pd.DataFrame, assigned: pd.Series, names: pd.Series, cluster: str = ""
) -> Figure:
    """Return bars of the segments' probabilities, with the segment named at the right.

    Parameters
    ----------
    probabilities
        Clusters by segments.
    assigned
        Each cluster's segment, or ``unresolved``.
    names, cluster
        As for :func:`clause_margins`.
    """
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(theme.WIDTH, theme.height(len(names)) + 0.4))
    rows, start = np.arange(len(names)), np.zeros(len(names))
    for colour, hatch, (code, label) in zip(FILLS, theme.HATCHES, SEGMENTS.items(), strict=True):
        share = probabilities.loc[names.index, code].to_numpy()
        if not share.any():
            continue
        ax.barh(
            rows,
            share,
            left=start,
            height=0.6,
            color=colour,
            hatch=hatch,
            edgecolor=theme.INK,
            linewidth=0.6,
            label=_(label),
        )
        start = start + share
    for row, code in enumerate(assigned[names.index]):
        ax.text(1.02, row, _(SEGMENTS[code]), va="center", fontsize=9)
    ax.set_yticks(rows, names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(0, 1)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", left=False, length=0)
    theme.numbers_on(ax.xaxis, numbers.percent, 100)
    ax.set_xlabel(_("Probability"))
    fig.legend(loc="outside upper left", ncols=2)
    _set_off(ax, names, cluster)
    return fig


def sensitivity(indices: pd.DataFrame) -> Figure:
    """Return first-order and total Sobol indices by choice, a panel per output.

    Parameters
    ----------
    indices
        As :func:`clusterstudy.readiness.sensitivity.sobol` returns them.
    """
    from matplotlib import pyplot as plt

    parts = {"first": _("Alone"), "total": _("With interactions")}
    choices = indices["choice"].unique()
    fig, axes = plt.subplots(
        1, len(OUTPUTS), sharex=True, sharey=True, figsize=(theme.WIDTH, theme.height(len(choices)))
    )
    for ax, (output, title) in zip(axes, OUTPUTS.items(), strict=True):
        shares = indices[indices["output"] == output]
        for series, (part, label) in enumerate(parts.items()):
            value, error = shares[part], shares[f"{part}_error"]
            theme.dots(
                ax,
                [_(CHOICES[choice]) for choice in choices],
                value.tolist(),
                (value - error).tolist(),
                (value + error).tolist(),
                label=label,
                series=series,
                of=len(parts),
            )
        ax.set_title(_(title))
    axes[0].set_xticks((0, 0.5, 1))
    theme.numbers_on(axes[0].xaxis, numbers.percent, 100)
    fig.supxlabel(_("Share of the variance"), fontsize=plt.rcParams["axes.labelsize"])
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=len(parts))
    return fig


def _dots(ax: Axes, intervals: pd.DataFrame, names: pd.Series, hollow: bool = False) -> None:
    rows = intervals.loc[names.index]
    low, median, high = (rows[bound].tolist() for bound in ("low", "median", "high"))
    theme.dots(ax, list(names), median, low, high)
    if hollow:
        ax.lines[-1].set_markerfacecolor("white")


def _set_off(ax: Axes, names: pd.Series, cluster: str) -> None:
    """Print one cluster's name in bold."""
    for label, code in zip(ax.get_yticklabels(), names.index, strict=True):
        label.set_fontweight("bold" if code == cluster else "normal")
