"""Firms that left: exit as an outcome, and what it may have done to the effect."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clusterstudy.disclosure.cells import rounded, rounded_share
from clusterstudy.impact.attrition import Bounds
from clusterstudy.impact.design import Design
from clusterstudy.impact.show.words import BOUNDS, count, dots, share
from clusterstudy.report import numbers
from clusterstudy.report.language import _
from clusterstudy.report.page import Page
from clusterstudy.report.plots import intervals
from clusterstudy.report.scales import Scale

PROBABILITY = Scale("share", "")


def exits(page: Page, frame: pd.DataFrame, min_firms: int) -> None:
    """Show the effect on the probability of having left.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.impact.attrition.exits` returns it.
    """
    if frame.empty:
        page.callout("missing", _("Exit: too few new entrants a year or more after entry."))
        return
    shown = frame.assign(
        n=rounded(frame["n"], min_firms),
        share=rounded_share(frame["left"], frame["n"], min_firms),
        label=[_("Years after the year of entry: {n}").format(n=n) for n in frame["event_time"]],
    )
    page.figure(
        intervals(
            shown["label"].tolist(),
            *(shown[name].to_numpy() for name in ("estimate", *BOUNDS)),
            axis=PROBABILITY.axis,
            tick=PROBABILITY.tick,
            factor=PROBABILITY.factor,
        ),
        name="exits",
        alt=_("Dots of the effect on the probability of having left, with a line at zero."),
        caption=_("Effect on the probability that a firm has left"),
        data=shown.drop(columns="left"),
        headings={
            "event_time": _("Years after the year of entry"),
            "n": _("New entrants"),
            "share": _("of them left"),
            "estimate": _("Effect"),
            BOUNDS: _("Interval"),
            "mde": _("Smallest detectable effect"),
        },
        formats={
            "event_time": 0,
            "n": 0,
            "share": numbers.percent,
            "estimate": PROBABILITY.effect,
            BOUNDS: PROBABILITY.interval,
            "mde": PROBABILITY.effect,
        },
    )


def bounds(page: Page, study: Design, found: Bounds | None, level: float, min_firms: int) -> None:
    """Show Lee's bounds beside the effect among the firms seen, and what they rest on."""
    if found is None:
        page.callout("missing", _("Bounds for exit: too few new entrants can be followed."))
        return
    rows = {
        _("Firms seen, as they are"): [found.seen[name] for name in ("estimate", *BOUNDS)],
        _("Bounds, if exit is selective"): [np.nan, found.lower, found.upper],
        _("Interval around the bounds"): [np.nan, found.low, found.high],
    }
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", *BOUNDS])
    frame = frame.rename_axis("label").reset_index()
    page.figure(
        dots(study, frame),
        name="exit_bounds",
        alt=_(
            "The effect among firms seen with its interval, the bounds for selective exit and the"
            " interval around them."
        ),
        caption=_("Effect on {outcome} by {year}, bounded for firms that left").format(
            outcome=_(study.outcome), year=found.year
        ),
        data=frame,
        headings={"label": _("Firms"), "estimate": _("Effect"), BOUNDS: _("Interval or bounds")},
        formats={"estimate": study.scale.effect, BOUNDS: study.scale.interval},
        note=_(
            "Figures for {year} are known for {treated} of the new entrants that lived through"
            " their year of entry, and for {comparison} of the comparison firms like them."
            " {level} intervals."
        ).format(
            year=found.year,
            treated=share(round(found.stay_treated * found.followed), found.followed, min_firms),
            comparison=numbers.percent(found.stay_comparison),
            level=numbers.percent(level, 0),
        ),
    )
    page.text(" ".join(_rests_on(found, min_firms)))


def _rests_on(found: Bounds, min_firms: int) -> Iterator[str]:
    """Say which group is cut in how many cohorts, and which cohorts have no bounds."""
    yield _(
        "Firms are cut among the new entrants in {treated} years of entry, and among the comparison"
        " firms in {comparison}."
    ).format(treated=found.treated_cut, comparison=found.comparison_cut)
    if found.treated_cut and found.comparison_cut:
        yield _(
            "The direction differs between years of entry: within each, participation is taken to"
            " move all firms' staying one way. Where shares lie close, chance alone turns it."
        )
    if found.cohorts_left_out:
        yield _(
            "Left out: {cohorts} years of entry with {firms} new entrants, which covariates tell"
            " apart from all comparison firms, or of which too few are seen."
        ).format(cohorts=found.cohorts_left_out, firms=count(found.entrants_left_out, min_firms))
    else:
        yield _("No year of entry that can be followed is left out.")
