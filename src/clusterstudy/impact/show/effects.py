"""The effects: overall, by years since entry, by group, under other choices."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from clusterstudy.did.group_time import GroupTime
from clusterstudy.disclosure.cells import suppress
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
    reasons = ", ".join(effects.cells.loc[effects.cells["status"] != "", "status"].unique())
    page.callout("missing", _("No effect could be estimated: {reasons}.").format(reasons=reasons))


def overall(page: Page, study: Design, table: pd.DataFrame, level: float) -> None:
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
        table.assign(label=_("All new entrants of this report"), n=study.seen.sum()),
        name="overall",
        caption=_("Average effect on {outcome} from the year of entry on").format(
            outcome=_(study.outcome)
        ),
        headings={"label": _("Group"), "n": _("New entrants"), **headings(study.scale)},
        formats=formats(study.scale),
    )


def event_study(page: Page, study: Design, frame: pd.DataFrame) -> None:
    """Show effects by years since entry, as far as enough firms stand behind them."""
    page.figure(
        plots.event_study(frame, study.scale),
        name="event_study",
        alt=_(
            "Dots of the effect by years since entry with intervals and a band for all years; "
            "before entry they should lie around zero."
        ),
        caption=_("Effect on {outcome} by years since entry").format(outcome=_(study.outcome)),
        data=frame.assign(mde=frame["mde"].where(frame["se"] > 0)),
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
    shown = frame.assign(label=frame["group"].map(labels or str), reason=frame["reason"].fillna(""))
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
