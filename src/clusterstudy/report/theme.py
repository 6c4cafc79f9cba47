"""One style for all figures: readable in greyscale, by the colour-blind, on screen and on A4.

Series differ by colour, line style and marker at once. The four colours stand at least 3:1 against
white and are apart in lightness. More than four series belong in small multiples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, Formatter, MaxNLocator
from numpy.typing import ArrayLike

from clusterstudy.report.numbers import number

COLOURS = ("#0f2a47", "#d97a1e", "#7a2e7e", "#2a78b8")
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D")
HATCHES = ("", "///", "...", "xxx")
INK, MUTED, RULE = "#1a1a1a", "#595959", "#d0d0d0"
WIDTH = 8.5  # inches: the text's width in a report, and about A4 between margins

STYLE: dict[Any, Any] = {
    "figure.figsize": (WIDTH, 4.6),
    "figure.dpi": 96,
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # where it would be sought anew for each drawing
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.unicode_minus": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.8,
    "lines.markersize": 6,
    "legend.frameon": False,
    "hatch.linewidth": 0.8,
    "image.cmap": "cividis",
    "axes.prop_cycle": (cycler(color=COLOURS) + cycler(linestyle=LINES) + cycler(marker=MARKERS)),
}


def use() -> None:
    """Make this style matplotlib's own for the rest of the process."""
    mpl.rcdefaults()
    mpl.rcParams.update(STYLE)


def height(rows: int) -> float:
    """Return the height in inches of a plot with one labelled row per item."""
    return 1.2 + 0.34 * rows


def dots(
    ax: Axes,
    labels: Sequence[str],
    estimates: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    *,
    label: str = "",
    series: int = 0,
    of: int = 1,
) -> None:
    """Draw estimates as dots with their intervals, the first at the top.

    Parameters
    ----------
    labels, estimates, low, high
        One per row; a missing estimate leaves its row empty.
    label
        The series' name in a legend.
    series, of
        Which of how many series this is: rows are shared, series stand side by side.
    """
    rows = np.arange(len(labels))
    place = rows + (series - (of - 1) / 2) * 0.24
    ax.hlines(place, low, high, color=COLOURS[series], linewidth=1.6)
    ax.plot(
        estimates, place, linestyle="", color=COLOURS[series], marker=MARKERS[series], label=label
    )
    if not isinstance(ax.yaxis.get_major_locator(), FixedLocator):  # else another series set them
        ax.set_yticks(rows, labels)
        ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", left=False, length=0)


def reference_line(ax: Axes, axis: Literal["x", "y"] = "y", at: float = 0) -> None:
    """Draw the line of no effect, across the axis on which ``at`` lies."""
    draw = ax.axvline if axis == "x" else ax.axhline
    draw(at, color=INK, linewidth=1, linestyle="-", marker="", zorder=1)


def numbers_on(axis: Axis, write: Callable[..., str] = number, scale: float = 1) -> None:
    """Write an axis' numbers in the report's language, with as many decimals as they need.

    Parameters
    ----------
    write
        A function of :mod:`clusterstudy.report.numbers` that takes a value and ``digits``.
    scale
        What ``write`` multiplies by: 100 for percent, whose decimals count after that.
    """
    axis.set_major_formatter(_Ticks(write, scale))


def years_on(axis: Axis) -> None:
    """Keep an axis of years or event time on whole numbers."""
    axis.set_major_locator(MaxNLocator(integer=True))


class _Ticks(Formatter):
    """Writes ticks in the language in use."""

    def __init__(self, write: Callable[..., str], scale: float) -> None:
        self._write, self._scale = write, scale

    def __call__(self, value: float, pos: int | None = None) -> str:
        return self.format_ticks([value])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        scaled = np.asarray(values) * self._scale
        enough = (d for d in range(6) if (abs(scaled - scaled.round(d)) <= 1e-9).all())
        digits = next(enough, 6)
        return [self._write(value, digits=digits) for value in values]
