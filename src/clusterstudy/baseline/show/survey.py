"""Who answered the survey, and what the weights do."""

from __future__ import annotations

import pandas as pd

from clusterstudy.baseline.show.words import BOUNDS, interval, named
from clusterstudy.disclosure.cells import rounded_means, suppress
from clusterstudy.report.fragments import blank_note
from clusterstudy.report.language import _
from clusterstudy.report.page import Page
from clusterstudy.report.plots import love


def respondents(page: Page, frame: pd.DataFrame, wave: int, min_firms: int) -> None:
    """Show how those who answered the survey differ from all who could be asked.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.baseline.respondents.compare` returns it.
    wave
        The wave.
    min_firms
        Fewest firms behind a figure that is shown.
    """
    if frame.empty:
        told = _("Fewer than {least} firms answered the wave of {wave}: nothing of it is shown.")
        page.callout("missing", told.format(least=min_firms, wave=wave))
        return
    labels = {"unweighted": _("As they answered"), "weighted": _("Weighted")}
    shown = rounded_means(frame, min_firms).assign(
        characteristic=frame["characteristic"].map(_), answers=frame["answers"].map(labels)
    )
    page.figure(
        love(shown, series="answers", labels={text: text for text in labels.values()}),
        name="respondents",
        alt=_(
            "Love plot of standardised mean differences between those who answered and all who "
            "could be asked, as they answered and weighted."
        ),
        caption=_("Those who answered against all who could be asked, wave of {wave}").format(
            wave=wave
        ),
        data=shown,
        headings={
            "characteristic": _("Characteristic"),
            "answers": _("Answers"),
            "n_treated": _("Asked"),
            "treated": _("Asked, mean"),
            "n_comparison": _("Answered"),
            "comparison": _("Answered, mean"),
            "smd": _("Standardised mean difference"),
        },
    )


def weighting(page: Page, table: pd.DataFrame, declared: pd.DataFrame, min_firms: int) -> None:
    """Show the survey's means with and without weights.

    Parameters
    ----------
    table
        As :func:`clusterstudy.baseline.respondents.weighting` returns it.
    declared
        The impact model.
    min_firms
        Fewest firms behind a figure that is shown.
    """
    if table.empty:
        return
    figures = ["n", "unweighted", "mean", "low", "high", "design_effect"]
    shown, blank = suppress(table, "firms", figures, min_firms)
    page.table(
        named(shown, declared),
        name="weighting",
        caption=_("The survey's means at baseline, with and without weights"),
        headings={
            "label": _("Measure"),
            "n": _("Answered"),
            "unweighted": _("Unweighted mean"),
            "mean": _("Weighted mean"),
            BOUNDS: _("Interval"),
            "design_effect": _("Design effect"),
            "unit": _("Unit"),
        },
        formats={"n": 0, "unweighted": 2, "mean": 2, BOUNDS: interval, "design_effect": 2},
        note=blank_note(blank, min_firms),
    )
