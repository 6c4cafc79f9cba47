"""The effects: overall, by years since entry, by group, under other choices."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from clusterstudy.did.group_time import GroupTime
from clusterstudy.disclosure.cells import rounded, suppress
from clusterstudy.impact import plots
from clusterstudy.impact.design import Design
from clusterstudy.impact.show.words import ADJUSTED, DIFFERENCE, dots, formats, headings, tests
from clusterstudy.report import numbers
from clusterstudy.report.language import _
from clusterstudy.report.page import Page


def withheld(page: Page, effects: GroupTime | None = None) -> None:
    """Say that a section has no estimate; with ``effects``, why none of them could be estimated."""
    if effects is None:
        page.text(_("*No estimate: the conditions above are not met.*"))
        return
    reasons = ", ".join(map(_, effects.reasons()))
    page.callout("missing", _("No effect could be estimated: {reasons}.").format(reasons=reasons))


def overall(page: Page, study: Design, table: pd.DataFrame, level: float, min_firms: int) -> None:
    """Show the overall effect and say in a sentence how to read it."""
    row = table.iloc[0]
    text = _("Estimate {effect}, {level} interval {interval}; smallest detectable effect {mde}.")
    told = text.format(
        level=numbers.percent(level, 0),
        effect=study.scale.effect(row["estimate"]),
        interval=study.scale.interval(row["low"], row["high"]),
        mde=study.scale.effect(row["mde"]),
    )
    if row["low"] <= 0 <= row["high"]:
        told += " " + _("No effect has been shown; that is not the same as no effect.")
    page.callout("note", told)
    page.table(
        table.assign(
            label=_("All new entrants of this report"),
            n=rounded(pd.Series(study.seen.sum(), table.index), min_firms),
        ),
        name="overall",
        caption=_("Average effect on {outcome} from the year of entry on").format(
            outcome=_(study.outcome)
        ),
        headings={"label": _("Group"), "n": _("New entrants"), **headings(study.scale)},
        formats=formats(study.scale),
    )


def event_study(page: Page, study: Design, frame: pd.DataFrame, min_firms: int) -> None:
    """Show effects by years since entry, as far as enough firms stand behind them."""
    page.figure(
        plots.event_study(frame, study.scale),
        name="event_study",
        alt=_(
            "Dots of the effect by years since entry with intervals and a band for all years; "
            "before entry they should lie around zero."
        ),
        caption=_("Effect on {outcome} by years since entry").format(outcome=_(study.outcome)),
        data=frame.assign(
            n=rounded(frame["n"], min_firms), mde=frame["mde"].where(frame["se"] > 0)
        ),
        headings={
            "event_time": _("Years since entry"),
            "n": _("New entrants"),
            **headings(study.scale),
            ("band_low", "band_high"): _("Band for all years"),
        },
        formats={
            "event_time": 0,
            **formats(study.scale),
            ("band_low", "band_high"): study.scale.interval,
        },
        note=_("The last year before entry is the reference: zero by definition."),
    )


def cells(page: Page, study: Design, frame: pd.DataFrame, min_treated: int, min_firms: int) -> None:
    """Show the effects by year of entry and years since entry as a map.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.impact.effects.by_cell` returns it.
    """
    if frame.empty:
        page.text(_("No year of entry has enough new entrants to be shown year by year."))
        return
    page.figure(
        plots.cells(frame, study.scale),
        name="cells",
        alt=_(
            "Map of the effect, a row for each year of entry and a column for each year since"
            " entry; each cell is written out, and those whose interval leaves out zero are framed."
        ),
        caption=_("Effect on {outcome} by year of entry and years since entry").format(
            outcome=_(study.outcome)
        ),
        data=frame.assign(n=rounded(frame["n"], min_firms)),
        headings={
            "cohort": _("Year of entry"),
            "event_time": _("Years since entry"),
            "n": _("New entrants"),
            **headings(study.scale),
        },
        formats={"cohort": "{:.0f}".format, "event_time": 0, "n": 0, **formats(study.scale)},
        note=_(
            "Framed: the interval leaves out zero. Blank: not seen yet, zero by definition (the"
            " last year before entry), or fewer than {n} new entrants."
        ).format(n=min_treated),
    )


def groups(
    page: Page,
    study: Design,
    frame: pd.DataFrame,
    *,
    name: str,
    caption: str,
    min_firms: int,
    additive: bool = True,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Show the overall effect by group, with what could be detected and why one is missing.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.impact.effects.by_group` returns it.
    additive
        Whether the groups' counts add up to the overall one.
    labels
        Text to show by group; None for the groups themselves.
    """
    apart, tested = "difference" in frame, "p_adjusted" in frame
    figures = ["estimate", "se", "low", "high", "mde"]
    figures += ["difference", *DIFFERENCE] if apart else []
    figures += ADJUSTED if tested else []
    frame = frame.reindex(columns=["group", "n", *figures, "reason"])
    whole = int(study.seen.sum())
    frame = suppress(frame, "n", figures, min_firms, additive=additive, whole=whole)[0]
    shown = frame.assign(
        label=frame["group"].map(labels or str),
        n=rounded(frame["n"], min_firms),
        reason=frame["reason"].fillna(""),
    )
    page.figure(
        dots(study, shown),
        name=name,
        alt=_("Dots of the effect by group with intervals and a line at zero."),
        caption=caption,
        data=shown,
        headings={
            "label": _("Group"),
            "n": _("New entrants"),
            **headings(study.scale, apart),
            **(tests() if tested else {}),
            "reason": _("Why there is no estimate"),
        },
        formats={"n": 0, **formats(study.scale)},
    )
