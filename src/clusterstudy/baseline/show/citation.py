"""The frozen baseline: cited, and held against today."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from clusterstudy.baseline import plots
from clusterstudy.baseline.freeze import Frozen
from clusterstudy.baseline.show.words import coarse, coarse_note, named
from clusterstudy.report import numbers
from clusterstudy.report.language import _
from clusterstudy.report.page import Page


def cited(page: Page, baseline: Frozen | None) -> None:
    """Cite the study's frozen baseline, or say that there is none."""
    if baseline is None:
        page.callout(
            "caution",
            _(
                "This study has no frozen baseline yet. Freeze it before outcomes are seen: "
                "clusterstudy freeze STUDY"
            ),
        )
        return
    page.text(
        _("Frozen baseline **{citation}**, as known on {day}, {rows} figures.").format(
            citation=baseline.citation,
            day=numbers.date(baseline.as_of),
            rows=numbers.number(len(baseline.table)),
        )
    )


def frozen(
    page: Page,
    baseline: Frozen | None,
    changed: pd.DataFrame | None,
    declared: pd.DataFrame,
    names: Mapping[str, str],
    min_firms: int,
) -> None:
    """Cite the frozen baseline and show what would differ today; the list stands below the figure.

    Parameters
    ----------
    baseline
        The study's frozen baseline, None where there is none.
    changed
        As :func:`clusterstudy.baseline.freeze.deviations` returns it, None where the report is
        dated before the frozen baseline.
    declared
        The impact model.
    names
        Text by group.
    """
    cited(page, baseline)
    if baseline is None or changed is None:
        return
    if changed.empty:
        page.callout("note", _("No figure differs from the frozen baseline."))
        return
    figures = ["mean_frozen", "mean_now"]
    shown = coarse(changed, declared, ["n_frozen", "n_now"], figures, min_firms)
    shown = named(shown, declared, names)
    frozen = shown["mean_frozen"].where(shown["mean_frozen"] != 0)
    shown = shown.assign(moved=shown["mean_now"] / frozen - 1)
    page.figure(
        plots.moved(shown),
        name="deviations",
        alt=_("Dots of each group's change of the mean since it was frozen, by measure."),
        caption=_("Figures that differ from the frozen baseline: {count} of {all}").format(
            count=numbers.number(len(shown)), all=numbers.number(len(baseline.table))
        ),
        data=shown.drop(columns="basis"),
        headings={
            "label": _("Measure"),
            "who": _("Group"),
            "year": _("Year"),
            "n_frozen": _("Number behind, frozen"),
            "n_now": _("Number behind, today"),
            "mean_frozen": _("Mean, frozen"),
            "mean_now": _("Mean, today"),
            "moved": _("Change of the mean"),
        },
        formats={"year": str, "n_frozen": 0, "n_now": 0, "moved": numbers.percent},
        note=" ".join(
            [_("A dot is a group. What is blank then or today has no dot."), coarse_note(min_firms)]
        ),
    )
