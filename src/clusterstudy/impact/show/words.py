"""Headings, formats and the dots that every part of the page shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from clusterstudy.disclosure.cells import rounded, rounded_share
from clusterstudy.impact.design import Design
from clusterstudy.report import numbers
from clusterstudy.report.language import _
from clusterstudy.report.plots import intervals
from clusterstudy.report.scales import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BOUNDS = ("low", "high")
DIFFERENCE = ("difference_low", "difference_high")
ADJUSTED = ("p_adjusted", "q")


def dots(study: Design, frame: pd.DataFrame) -> Figure:
    """Draw the effects of a frame with the columns ``label``, ``estimate``, ``low``, ``high``."""
    scale = study.scale
    bounds = (scale.read(frame[name].to_numpy(dtype=float)) for name in ("estimate", *BOUNDS))
    return intervals(
        frame["label"].tolist(), *bounds, axis=scale.axis, tick=scale.tick, factor=scale.factor
    )


def headings(scale: Scale, apart: bool = False) -> dict[Any, str]:
    """Return the headings of a table of effects, ``apart`` with differences between groups."""
    differences: dict[Any, str] = {
        "difference": _("Difference from all new entrants"),
        DIFFERENCE: _("Interval of the difference"),
    }
    return {
        "estimate": _("Effect"),
        BOUNDS: _("Interval"),
        "se": error(scale),
        "mde": _("Smallest detectable effect"),
        **(differences if apart else {}),
    }


def count(firms: float, min_firms: int) -> str:
    """Return a number of firms, rounded, and of a small one only that it is small."""
    if 0 < firms < min_firms:
        return _("fewer than {n}").format(n=min_firms)
    return numbers.number(rounded(pd.Series([firms]), min_firms).item())


def share(part: float, whole: float, min_firms: int) -> str:
    """Return a share of firms, rounded, or that few are in it or outside of it."""
    if 0 < part < min_firms:
        return _("fewer than {n}").format(n=min_firms)
    if 0 < whole - part < min_firms:
        return _("all but fewer than {n}").format(n=min_firms)
    return numbers.percent(rounded_share(pd.Series([part]), pd.Series([whole]), min_firms).item())


def tests() -> dict[Any, str]:
    """Return the headings of p-values adjusted for the number of hypotheses."""
    return {"p_adjusted": _("p, adjusted"), "q": _("q")}


def error(scale: Scale) -> str:
    """Return the heading of standard errors, which stay on the scale of estimation."""
    return _("Standard error (log points)") if scale.kind == "log" else _("Standard error")


def formats(scale: Scale) -> dict[Any, int | Callable[..., str]]:
    """Return the formats of a table of effects."""
    return {
        **dict.fromkeys(("estimate", "mde", "difference"), scale.effect),
        **dict.fromkeys((BOUNDS, DIFFERENCE), scale.interval),
        **dict.fromkeys(ADJUSTED, 3),
        "se": 4,
    }
