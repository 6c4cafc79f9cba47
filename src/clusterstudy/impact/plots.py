"""Figures of the impact report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusterstudy.report import numbers, theme
from clusterstudy.report.language import _
from clusterstudy.report.scales import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHADES = 64  # of the map of effects; its scale has a path for each


def scores(histogram: pd.DataFrame) -> Figure:
    """Return the two groups' propensity scores, new entrants upwards, comparison downwards.

    Parameters
    ----------
    histogram
        As :func:`clusterstudy.impact.overlap.histogram` returns it.
    """
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(theme.WIDTH, 3.4))
    place = np.arange(len(histogram))
    for number, (name, sign, label) in enumerate(
        (("treated", 1, _("New entrants")), ("comparison", -1, _("Comparison firms")))
    ):
        ax.bar(
            place,
            sign * histogram[name].fillna(0),
            width=0.9,
            color=("#8fb3d9", "#e8e8e8")[number],
            hatch=theme.HATCHES[number],
            edgecolor=theme.INK,
            linewidth=0.6,
            label=label,
        )
    theme.reference_line(ax)
    shown = place[::3]
    ax.set_xticks(shown, [numbers.percent(p) for p in histogram["middle"].iloc[shown]])
    top = np.nanmax(histogram[["treated", "comparison"]].to_numpy()) * 1.1
    ax.set_ylim(-top, top)
    ax.yaxis.set_major_formatter(lambda value, _at: numbers.percent(abs(value), 0))
    ax.set_xlabel(_("Propensity score (log odds scale)"))
    ax.set_ylabel(_("Share of the group"))
    fig.legend(loc="outside upper right", ncols=2)
    return fig


def event_study(frame: pd.DataFrame, scale: Scale) -> Figure:
    """Return effects by years since entry, with intervals and the band for all years.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.impact.effects.event_study` returns it.
    """
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots()
    time = frame["event_time"].to_numpy()
    read = {
        name: scale.read(frame[name].to_numpy())
        for name in ("estimate", "low", "high", "band_low", "band_high")
    }
    ax.fill_between(
        time, read["band_low"], read["band_high"], color="#dde6f0", label=_("Band for all years")
    )
    for chosen, colour, marker, label in (
        (time < 0, theme.COLOURS[1], "s", _("Before entry")),
        (time >= 0, theme.COLOURS[0], "o", _("After entry")),
    ):
        ax.vlines(
            time[chosen], read["low"][chosen], read["high"][chosen], color=colour, linewidth=1.6
        )
        ax.plot(
            time[chosen],
            read["estimate"][chosen],
            linestyle="",
            marker=marker,
            color=colour,
            label=label,
        )
    _by_years_since_entry(ax, scale)
    fig.legend(loc="outside upper right", ncols=3)
    return fig


def cells(frame: pd.DataFrame, scale: Scale) -> Figure:
    """Return a map of effects by year of entry and years since entry.

    Each cell is written out, for grey does not tell a sign; a frame marks those whose interval
    does not hold zero.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.impact.effects.by_cell` returns it; not empty.
    """
    from matplotlib import pyplot as plt
    from matplotlib.patches import Rectangle

    read = scale.read(frame["estimate"].to_numpy(dtype=float))
    widest = np.abs(read).max()
    shaded = plt.Normalize(-widest, widest)
    place = {cohort: row for row, cohort in enumerate(sorted(frame["cohort"].unique()))}
    fig, ax = plt.subplots(figsize=(theme.WIDTH, theme.height(len(place)) + 0.6))
    ramp = plt.get_cmap(lut=SHADES)
    colour = ramp(shaded(read))
    apart = (frame["low"] > 0) | (frame["high"] < 0)
    for x, cohort, value, fill, framed in zip(
        frame["event_time"], frame["cohort"], read, colour, apart, strict=True
    ):
        y = place[cohort]
        ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=fill, edgecolor="white"))
        if framed:
            box = (x - 0.44, y - 0.42), 0.88, 0.84
            ax.add_patch(Rectangle(*box, fill=False, edgecolor="white", linewidth=3.4))
            ax.add_patch(Rectangle(*box, fill=False, edgecolor=theme.INK, linewidth=1.8))
        ink = "white" if shaded(value) < 0.5 else theme.INK
        text = scale.tick(value, digits=1)
        ax.text(x, y, text, color=ink, ha="center", va="center", size=9, in_layout=False)
    ax.set_xlim(frame["event_time"].min() - 0.5, frame["event_time"].max() + 0.5)
    ax.set_ylim(len(place) - 0.5, -0.5)
    ax.axvline(-0.5, color=theme.MUTED, linestyle=":", linewidth=1, marker="")
    ax.set_yticks(list(place.values()), [f"{cohort:.0f}" for cohort in place])
    theme.years_on(ax.xaxis)
    ax.grid(False)
    ax.set_xlabel(_("Years since entry"))
    ax.set_ylabel(_("Year of entry"))
    bar = fig.colorbar(plt.cm.ScalarMappable(shaded, ramp), ax=ax, label=scale.axis)
    theme.numbers_on(bar.ax.yaxis, scale.tick, scale.factor)
    return fig


def concentration(frame: pd.DataFrame) -> Figure:
    """Return the curve of the comparison firms' weight, beside that of equal weights.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.impact.overlap.concentration` returns it.
    """
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(theme.WIDTH, 3.8))
    firms, weight = (np.append(0.0, frame[name]) for name in ("firms", "weight"))
    ax.plot(firms, weight, label=_("Weights by likeness to new entrants"))
    ax.plot([0, 1], [0, 1], marker="", label=_("Equal weights"))
    for axis in (ax.xaxis, ax.yaxis):
        theme.numbers_on(axis, numbers.percent, 100)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(_("Share of the comparison firms, the least weighted first"))
    ax.set_ylabel(_("Share of the weight"))
    fig.legend(loc="outside upper right", ncols=2)
    return fig


def by_estimator(frame: pd.DataFrame, labels: Mapping[str, str], scale: Scale) -> Figure:
    """Return effects by years since entry, the estimators side by side in each year.

    Parameters
    ----------
    frame
        ``opinion``, ``event_time``, ``estimate``, ``low`` and ``high``.
    labels
        Text by opinion, four at most.
    """
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots()
    for number, (name, label) in enumerate(labels.items()):
        part = frame[frame["opinion"] == name]
        place = part["event_time"] + (number - (len(labels) - 1) / 2) * 0.16
        low, high = (scale.read(part[bound].to_numpy()) for bound in ("low", "high"))
        ax.vlines(place, low, high, color=theme.COLOURS[number], linewidth=1.6)
        ax.plot(
            place,
            scale.read(part["estimate"].to_numpy()),
            linestyle="",
            marker=theme.MARKERS[number],
            color=theme.COLOURS[number],
            label=label,
        )
    _by_years_since_entry(ax, scale)
    fig.legend(loc="outside upper center", ncols=2)
    return fig


def weights(labels: Sequence[str], weight: np.ndarray, doubtful: np.ndarray) -> Figure:
    """Return bars of the weights of an average, the first at the top.

    Parameters
    ----------
    labels, weight
        One per bar; weights are shares.
    doubtful
        Boolean: bars to hatch.
    """
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(theme.WIDTH, theme.height(len(labels))))
    for row, (share, hatched) in enumerate(zip(weight, doubtful, strict=True)):
        ax.barh(
            row,
            share,
            height=0.6,
            color="#e8e8e8" if hatched else "#8fb3d9",
            hatch=theme.HATCHES[1] if hatched else "",
            edgecolor=theme.INK,
            linewidth=0.6,
        )
        ax.annotate(
            numbers.percent(share),
            (share, row),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
        )
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.set_xlim(0, 1.12)
    ax.grid(False, axis="y")
    theme.numbers_on(ax.xaxis, numbers.percent, 100)
    ax.set_xlabel(_("Weight"))
    return fig


def specifications(frame: pd.DataFrame, dimensions: Mapping[str, str], scale: Scale) -> Figure:
    """Return a specification curve: sorted effects with intervals above a matrix of choices.

    Parameters
    ----------
    frame
        Sorted; ``estimate``, ``low``, ``high``, ``primary`` (boolean) and the dimensions' columns,
        whose values are text.
    dimensions
        Text by column.
    """
    from matplotlib import pyplot as plt

    lines = len(dimensions) + sum(frame[name].nunique() for name in dimensions)
    fig, (curve, matrix) = plt.subplots(
        2,
        sharex=True,
        figsize=(theme.WIDTH, 3.4 + 0.24 * lines),
        height_ratios=(3.2, 0.24 * lines),
    )
    place, own = np.arange(len(frame)), frame["primary"].to_numpy(dtype=bool)
    read = {name: scale.read(frame[name].to_numpy()) for name in ("estimate", "low", "high")}
    curve.vlines(place, read["low"], read["high"], color="#b9c6d6", linewidth=1)
    for chosen, marker, size, colour, label in (
        (~own, "o", 3, theme.COLOURS[0], _("Other choices")),
        (own, "D", 10, theme.COLOURS[1], _("This report's")),
    ):
        curve.plot(
            place[chosen],
            read["estimate"][chosen],
            linestyle="",
            marker=marker,
            markersize=size,
            color=colour,
            markeredgecolor=theme.INK,
            markeredgewidth=0.5,
            label=label,
        )
    theme.reference_line(curve)
    theme.numbers_on(curve.yaxis, scale.tick, scale.factor)
    curve.set_ylabel(scale.axis)
    at, ticks = -1, dict[int, str]()
    for name, title in dimensions.items():
        at += 1
        ticks[at] = title
        for value in dict.fromkeys(frame[name]):
            at += 1
            ticks[at] = value
            chosen = (frame[name] == value).to_numpy()
            matrix.plot(
                place[chosen], np.full(chosen.sum(), at), "|", color=theme.INK, markersize=7
            )
    for ax in (curve, matrix):
        for x in place[own]:
            ax.axvline(x, color=theme.MUTED, linestyle=":", linewidth=1, marker="", zorder=0)
    matrix.set_yticks(list(ticks), list(ticks.values()))
    for label in matrix.get_yticklabels():
        if label.get_text() in dimensions.values():
            label.set_fontweight("bold")
    matrix.set_ylim(at + 0.7, -0.7)
    matrix.tick_params(axis="both", length=0, labelbottom=False)
    matrix.grid(False)
    fig.legend(loc="outside upper right", ncols=2)
    return fig


def _by_years_since_entry(ax: Axes, scale: Scale) -> None:
    """Give a figure of effects its axes, zero, and the line between before and after entry."""
    theme.reference_line(ax)
    ax.axvline(-0.5, color=theme.MUTED, linestyle=":", linewidth=1, marker="")
    theme.years_on(ax.xaxis)
    theme.numbers_on(ax.yaxis, scale.tick, scale.factor)
    ax.set_xlabel(_("Years since entry"))
    ax.set_ylabel(scale.axis)
