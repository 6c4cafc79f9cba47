"""The figures of the sheet: c and d together, who serves the same firms, research over time."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.report import numbers, theme
from clusterstudy.report.language import _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def together(income: pd.DataFrame, services: pd.DataFrame, cluster: str) -> Figure:
    """Return private income against private providers and, for one cluster, its services.

    Parameters
    ----------
    income
        ``cluster_id``, ``density`` (private advisers per 100 SMEs) and ``share`` (private cash).
    services
        One cluster's services: ``text``, ``revenue`` (DKK thousand), ``providers`` and ``blank``;
        not drawn for the programme.
    cluster
        Code of the cluster to point out, or ``programme``.
    """
    from matplotlib import pyplot as plt

    if cluster == PROGRAMME or services.empty:
        fig, ax = plt.subplots(figsize=(theme.WIDTH, 4.6))
        _income(ax, income, cluster)
        return fig
    fig, (left, right) = plt.subplots(1, 2, figsize=(theme.WIDTH, 4.2), width_ratios=(1.1, 1))
    _income(left, income, cluster)
    _services(right, services)
    return fig


def matrix(shares: pd.DataFrame, cluster: str) -> Figure:
    """Return shares of each cluster's firms that others serve too, darker for more.

    Parameters
    ----------
    shares
        Clusters by clusters, NaN where blank or the cluster itself; each cell has its number too.
    cluster
        Code of the cluster whose row is pointed out, or ``programme``.
    """
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(theme.WIDTH, theme.height(len(shares))))
    top = max(float(np.nanmax(shares.to_numpy(), initial=0)), 0.01)
    ax.imshow(shares.to_numpy(), cmap="Greys", vmin=0, vmax=1.4 * top, aspect="auto")
    for place in np.ndindex(shares.shape):
        value = float(shares.to_numpy()[place])
        same = place[0] == place[1]
        text = "" if same else numbers.percent(value, 0, unit=False)
        dark = value > 0.8 * top
        ink = "white" if dark else theme.INK
        y, x = place
        ax.text(x, y, text, ha="center", va="center", color=ink, in_layout=False)
        if same:
            ax.add_patch(
                plt.Rectangle(
                    (place[0] - 0.5, place[0] - 0.5), 1, 1, fill=False, hatch="////", linewidth=0
                )
            )
    ax.set_xticks(range(len(shares)), list(shares.columns))
    ax.set_yticks(range(len(shares)), list(shares.index))
    for label in ax.get_yticklabels():
        label.set_fontweight("bold" if label.get_text() == cluster else "normal")
    ax.xaxis.tick_top()
    ax.grid(False)
    ax.set_ylabel(_("Of this cluster's firms (%) ..."))
    ax.set_title(_("... are also served by"), pad=24)
    return fig


def research(shares: pd.DataFrame, events: pd.DataFrame) -> Figure:
    """Return the share of research collaborations year by year, with dated events as lines.

    Parameters
    ----------
    shares
        ``year`` and ``value``, a share; drawn in the middle of the year.
    events
        ``date`` and ``text`` of what is marked.
    """
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(theme.WIDTH, 3.4))
    ax.plot(shares["year"] + 0.5, shares["value"], color=theme.COLOURS[0], marker="o")
    days = pd.to_datetime(events["date"])
    for at, text in zip(
        days.dt.year + (days.dt.dayofyear - 1) / 365.25, events["text"], strict=True
    ):
        ax.axvline(at, color=theme.INK, linestyle="--", linewidth=1, marker="")
        ax.annotate(
            textwrap.fill(text, 24),
            (at, 0.02),
            xycoords=("data", "axes fraction"),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=9,
        )
    ax.set_xticks(shares["year"] + 0.5, [str(year) for year in shares["year"]])
    theme.numbers_on(ax.yaxis, numbers.percent, 100)
    ax.set_ylim(0, max(shares["value"].max() * 1.15, 0.01))
    ax.set_title(_("Collaborations with a knowledge institution, share of all"))
    return fig


def _income(ax: Axes, income: pd.DataFrame, cluster: str) -> None:
    for row in income.to_dict("records"):
        chosen = row["cluster_id"] == cluster
        ax.plot(
            row["density"],
            row["share"],
            linestyle="",
            marker="o",
            markersize=9 if chosen else 6,
            color=theme.COLOURS[0],
            markerfacecolor=theme.COLOURS[0] if chosen else "white",
        )
        ax.annotate(
            row["cluster_id"],
            (row["density"], row["share"]),
            xytext=(8, 3),
            textcoords="offset points",
            fontsize=10.5 if chosen else 9,
            fontweight="bold" if chosen else "normal",
            color=theme.INK if chosen else theme.MUTED,
        )
    theme.numbers_on(ax.xaxis)
    theme.numbers_on(ax.yaxis, numbers.percent, 100)
    ax.set_xlim(0, income["density"].max() * 1.15 + 0.1)
    ax.set_ylim(0, income["share"].max() * 1.1 + 0.01)
    ax.set_title(_("c: private cash in cash income"))
    ax.set_xlabel(_("d: private advisers per 100 SMEs in the field"))


def _services(ax: Axes, services: pd.DataFrame) -> None:
    names = [textwrap.fill(text, 18, break_long_words=False) for text in services["text"]]
    million = services["revenue"].fillna(0) / 1000
    ax.barh(names, million, height=0.55, color="#8fb3d9", edgecolor=theme.INK, linewidth=0.6)
    told = zip(million, services["providers"], services["blank"], strict=True)
    for place, (paid, providers, blank) in enumerate(told):
        ax.annotate(
            numbers.number(providers) + (f" ({_('payment not shown')})" if blank else ""),
            (paid, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
        )
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    ax.margins(x=0.12)
    theme.numbers_on(ax.xaxis)
    ax.set_title(textwrap.fill(_("User payment by service (number: private providers)"), 34))
    ax.set_xlabel(_("DKK million"))
