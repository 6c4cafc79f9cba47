"""Figures of the economy. Clusters stand in the order of their codes: none is a league table."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusterstudy.contract.vocabulary import IN_KIND
from clusterstudy.finance.cash import SCENARIOS
from clusterstudy.finance.income import ACTUAL, PLAN, PRIVATE
from clusterstudy.report import numbers, theme
from clusterstudy.report.language import _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def course(frame: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """Return a panel per measure: plan and actual over the years.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.finance.income.course` returns it.
    labels
        Text of the income lines.
    """
    from matplotlib import pyplot as plt

    panels = ["private_share", *PRIVATE, IN_KIND]
    named = {ACTUAL: _("Actual"), PLAN: _("Plan at designation")}
    fig, axes = plt.subplots(2, 3, figsize=(theme.WIDTH, 5.2), sharex=True)
    for ax, panel in zip(axes.flat, panels, strict=True):
        in_percent = panel == "private_share"
        for scenario, label in named.items():
            part = frame[frame["scenario"] == scenario]
            ax.plot(part["year"], part[panel] / (1 if in_percent else 1000), label=label)
        title = _("Private share of cash income") if in_percent else labels[panel]
        ax.set_title(textwrap.fill(title, 24), fontsize=9.5)
        ax.margins(y=0.1)
        ax.set_ylim(0, 1.06 * ax.get_ylim()[1])
        ax.tick_params(axis="x", labelsize=8.5)
        theme.numbers_on(ax.yaxis, *((numbers.percent, 100) if in_percent else ()))
        theme.years_on(ax.xaxis)
        if not in_percent:
            ax.set_ylabel(_("DKK million"), fontsize=9)
    fig.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return fig


def shares(frame: pd.DataFrame, rows: Sequence[str]) -> Figure:
    """Return the private share, actual and planned, a row per cluster.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.finance.income.shares` returns it.
    rows
        Text by row.
    """
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(theme.WIDTH, theme.height(len(rows))))
    series = {"share": _("Actual"), "planned_share": _("Plan at designation")}
    _pairs(ax, frame, rows, series)
    ax.set_xlim(0, 1.06 * ax.get_xlim()[1])
    theme.numbers_on(ax.xaxis, numbers.percent, 100)
    ax.set_xlabel(_("Private share of cash income"))
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return fig


def ratios(frame: pd.DataFrame, rows: Sequence[str], measures: Mapping[str, str]) -> Figure:
    """Return a panel per ratio: the latest accounts and those before, a row per cluster.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.finance.accounts.latest` returns it.
    rows
        Text by row.
    measures
        Text by ratio.
    """
    from matplotlib import pyplot as plt
    from matplotlib.ticker import MaxNLocator

    fig, axes = plt.subplots(
        1, len(measures), sharey=True, figsize=(theme.WIDTH, theme.height(len(rows)) + 0.4)
    )
    for ax, (measure, title) in zip(axes, measures.items(), strict=True):
        series = {measure: _("Latest accounts"), f"{measure}_before": _("The year before")}
        _pairs(ax, frame, rows, series)
        theme.reference_line(ax, "x")
        ax.set_title(textwrap.fill(title, 24), fontsize=9.5)
        ax.xaxis.set_major_locator(MaxNLocator(3))
        theme.numbers_on(ax.xaxis, *((numbers.percent, 100) if measure == "equity_ratio" else ()))
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return fig


def exhaustion(frame: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Return a panel per scenario: the month in which own cash runs out, a row per cluster.

    An arrow stands where the interval goes on beyond the months simulated, and alone where all of
    it does.

    Parameters
    ----------
    frame
        ``exhaustion`` of a :class:`clusterstudy.finance.cash.Forecast`.
    names
        Names by cluster, in the order to show.
    """
    from matplotlib import pyplot as plt

    height = 1.6 * theme.height(len(names))
    fig, axes = plt.subplots(2, 3, figsize=(theme.WIDTH, height), sharex=True, sharey=True)
    places = np.arange(len(names))
    for ax, scenario in zip(axes.flat, SCENARIOS, strict=True):
        part = frame[frame["scenario"] == scenario].set_index("cluster_id").reindex(list(names))
        central, low, high, until = (
            (part[column].dt.year + (part[column].dt.month - 0.5) / 12).to_numpy()
            for column in ("central", "low", "high", "until")
        )
        theme.dots(ax, list(names.values()), central, low, np.where(np.isnan(high), until, high))
        beyond = np.isnan(high) & ~np.isnan(until)
        ax.plot(until[beyond], places[beyond], ls="", marker=">", mfc="white", mec=theme.MUTED)
        ax.set_title(textwrap.fill(_(SCENARIOS[scenario]), 26), fontsize=9.5)
        theme.years_on(ax.xaxis)
        ax.tick_params(axis="x", labelsize=8.5)
    return fig


def paths(frame: pd.DataFrame) -> Figure:
    """Return a panel per scenario: a cluster's own cash by month, with its interval.

    Parameters
    ----------
    frame
        ``paths`` of a :class:`clusterstudy.finance.cash.Forecast`, of one cluster.
    """
    from matplotlib import pyplot as plt

    fig, axes = plt.subplots(2, 3, figsize=(theme.WIDTH, 5.2), sharex=True, sharey=True)
    for ax, scenario in zip(axes.flat, SCENARIOS, strict=True):
        part = frame[frame["scenario"] == scenario]
        time = part["month"].dt.year + part["month"].dt.month / 12
        ax.fill_between(time, part["low"] / 1000, part["high"] / 1000, color="#c9d8e8")
        ax.plot(time, part["median"] / 1000, marker="", color=theme.COLOURS[0])
        theme.reference_line(ax)
        ax.set_title(textwrap.fill(_(SCENARIOS[scenario]), 26), fontsize=9.5)
        theme.numbers_on(ax.yaxis)
        theme.years_on(ax.xaxis)
    fig.supylabel(_("DKK million"), fontsize=plt.rcParams["axes.labelsize"])
    return fig


def _pairs(ax: Axes, frame: pd.DataFrame, rows: Sequence[str], series: Mapping[str, str]) -> None:
    """Draw two dots a row, the second hollow."""
    for number, (column, label) in enumerate(series.items()):
        values = frame[column].to_numpy(dtype=float)
        theme.dots(ax, rows, values, values, values, label=label, series=number, of=len(series))
    ax.lines[-1].set_markerfacecolor("white")
