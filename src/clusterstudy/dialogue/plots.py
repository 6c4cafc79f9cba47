"""The figure on which guideposts c and d stand together."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

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
