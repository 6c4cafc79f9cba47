"""What exposure to participants nearby means for the estimate."""

from __future__ import annotations

from clusterstudy.disclosure.cells import rounded, suppress
from clusterstudy.impact.design import Design
from clusterstudy.impact.show.words import dots, formats, headings, share
from clusterstudy.impact.spillovers import Spillovers
from clusterstudy.report import numbers
from clusterstudy.report.language import _, later
from clusterstudy.report.page import Page

ROWS = {
    "all": later("New entrants against all comparison firms"),
    "unexposed": later("New entrants against unexposed comparison firms"),
    "exposure": later("Exposed firms that do not take part against unexposed ones"),
}


def spillovers(page: Page, study: Design, found: Spillovers, min_firms: int) -> None:
    """Show the effect without exposed comparison firms, and the effect of exposure."""
    compared = found.exposed + found.unexposed
    if not compared:
        page.callout("missing", _("Spillovers: the municipality of firms is not known."))
        return
    if 0 < min(found.exposed, found.unexposed) < min_firms:
        told = _("Spillovers: fewer than {least} comparison firms are exposed, or unexposed.")
        page.callout("missing", told.format(least=min_firms))
        return
    figures = ["estimate", "se", "low", "high", "mde"]
    frame = found.table.reindex(columns=["group", "n", "n_comparison", *figures, "reason"])
    for count in ("n", "n_comparison"):
        frame = suppress(frame, count, figures, min_firms)[0]
        frame[count] = rounded(frame[count], min_firms)
    labels = [_(ROWS[name]) for name in frame["group"]]
    shown = frame.assign(label=labels, reason=frame["reason"].fillna(""))
    page.figure(
        dots(study, shown),
        name="spillovers",
        alt=_(
            "Dots of the effect with and without exposed comparison firms, and of exposure itself, "
            "with intervals and a line at zero."
        ),
        caption=_("Effect on {outcome} with and without exposed comparison firms").format(
            outcome=_(study.outcome)
        ),
        data=shown,
        headings={
            "label": _("Comparison"),
            "n": _("New entrants, or exposed firms"),
            "n_comparison": _("Comparison firms"),
            **headings(study.scale),
            "reason": _("Why there is no estimate"),
        },
        formats={"n": 0, "n_comparison": 0, **formats(study.scale)},
        note=_(
            "{share} of the comparison firms share municipality and six-digit industry with a"
            " new entrant, in {rings} such pairs."
        ).format(
            share=share(found.exposed, compared, min_firms), rings=numbers.number(found.rings)
        ),
    )
