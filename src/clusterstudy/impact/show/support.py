"""Other public support: who had it, and the effect under each choice about it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.disclosure.cells import rounded, rounded_share, suppress
from clusterstudy.impact.design import Design
from clusterstudy.impact.show.words import DIFFERENCE, dots, formats, headings
from clusterstudy.report import numbers
from clusterstudy.report.fragments import blank_note
from clusterstudy.report.language import _, later
from clusterstudy.report.page import Page

WHEN = {
    "before": later("In the five years before the programme"),
    "since": later("Only since it began"),
    "neither": later("Neither"),
}
CHOICES = {
    "ignore": later("Other support left out of account"),
    "covariate": later("Earlier support as covariate"),
    "exclude": later("Firms with other support left out"),
}


def support_unknown(page: Page) -> None:
    """Say that the data hold no other support."""
    page.callout(
        "missing",
        _(
            "The table other_support is not there: which firms had other public support is not"
            " known, and no estimate of this report takes account of it."
        ),
    )


def received(page: Page, frame: pd.DataFrame, own: str, min_firms: int) -> None:
    """Show how many firms had other support, and say what this report does about it.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.impact.support.received` returns it.
    own
        The report's own choice.
    """
    if own == "ignore":
        page.callout(
            "caution", _("The estimates of this report leave other support out of account.")
        )
    else:
        told = _("This report's own choice: {choice}.")
        page.callout("note", told.format(choice=_(CHOICES[own]).lower()))
    shown, blank = frame, 0
    for count, share in (("n", "share"), ("n_comparison", "share_comparison")):
        whole = pd.Series(frame[count].sum(), frame.index)
        shown, hidden = suppress(shown, count, [], min_firms, additive=True)
        shown[count] = rounded(shown[count], min_firms)
        shown[share] = rounded_share(shown[count], whole, min_firms)
        blank += hidden
    page.table(
        shown.assign(label=[_(WHEN[when]) for when in shown["when"]]),
        name="other_support",
        caption=_("Other public support to new entrants and comparison firms"),
        headings={
            "label": _("Other support"),
            "n": _("New entrants"),
            "share": _("Share of them"),
            "n_comparison": _("Comparison firms"),
            "share_comparison": _("Share of them"),
        },
        formats={
            **dict.fromkeys(["n", "n_comparison"], 0),
            **dict.fromkeys(["share", "share_comparison"], numbers.percent),
        },
        note=blank_note(blank, min_firms, additive=True),
    )


def by_support(page: Page, study: Design, frame: pd.DataFrame, own: str, min_firms: int) -> None:
    """Show the effect under each choice about other support.

    Parameters
    ----------
    study
        The design that leaves other support out of account.
    frame
        As :func:`clusterstudy.impact.support.compare` returns it.
    own
        The report's own choice.
    """
    figures = ["estimate", "se", "low", "high", "mde", "difference", *DIFFERENCE]
    frame = frame.reindex(columns=["group", "n", *figures, "reason"])
    frame = suppress(frame, "n", figures, min_firms, whole=int(study.seen.sum()))[0]
    labels = [_(CHOICES[name]) for name in frame["group"]]
    shown = frame.assign(
        label=labels,
        n=rounded(frame["n"], min_firms),
        own=[_("yes") if name == own else "" for name in frame["group"]],
        reason=frame["reason"].fillna(""),
    )
    page.figure(
        dots(study, shown),
        name="by_support",
        alt=_(
            "Dots of the effect under each choice about other public support, with intervals and a"
            " line at zero."
        ),
        caption=_("Effect on {outcome} under each choice about other public support").format(
            outcome=_(study.outcome)
        ),
        data=shown,
        headings={
            "label": _("Choice"),
            "own": _("This report's"),
            "n": _("New entrants"),
            **headings(study.scale),
            "difference": _("Difference from leaving it out of account"),
            DIFFERENCE: _("Interval of the difference"),
            "reason": _("Why there is no estimate"),
        },
        formats={"n": 0, **formats(study.scale)},
        note=_moved(study, frame),
    )


def _moved(study: Design, frame: pd.DataFrame) -> str:
    """Say how far earlier support as covariate moves the effect; nothing where that is blank."""
    row = frame[frame["group"] == "covariate"].to_dict("records")[0]
    difference, low, high = (float(row[name]) for name in ("difference", *DIFFERENCE))
    if np.isnan(difference):
        return ""
    told = _("Earlier support as covariate moves the effect by {difference} (interval {interval}).")
    if low <= 0 <= high:
        told += " " + _("That may be chance.")
    return told.format(
        difference=study.scale.effect(difference), interval=study.scale.interval(low, high)
    )
