"""What the method finds where there can be no effect."""

from __future__ import annotations

import pandas as pd

from clusterstudy.impact.design import Design
from clusterstudy.impact.show.effects import groups
from clusterstudy.report.language import _
from clusterstudy.report.page import Page


def pseudo_entries(page: Page, study: Design, frame: pd.DataFrame, min_firms: int) -> None:
    """Show the placebo effects by the years that entry is dated too early.

    How many entrants there are where no effect is estimated is not told: they are those of the
    latest years of entry, which a table above may have to hide.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.impact.placebo.pseudo_entries` returns it.
    """
    without = frame["reason"].notna() if "reason" in frame else pd.Series(False, frame.index)
    groups(
        page,
        study,
        frame.assign(n=frame["n"].mask(without)),
        name="pseudo_entry",
        caption=_("Placebo effect on {outcome} by years that entry is dated too early").format(
            outcome=_(study.outcome)
        ),
        min_firms=min_firms,
        additive=False,
        labels={shift: _("Years early: {n}").format(n=shift) for shift in frame["group"]},
    )


def negative_control(page: Page, study: Design, frame: pd.DataFrame, min_firms: int) -> None:
    """Show the effect on an outcome that participation cannot move.

    Parameters
    ----------
    frame
        One row, as :func:`clusterstudy.impact.effects.by_group` returns it; its group is the
        measure.
    """
    measure = frame["group"].iloc[0]
    groups(
        page,
        study,
        frame,
        name=f"negative_control_{measure}",
        caption=_("Negative control: effect on {outcome}").format(outcome=_(study.outcome)),
        min_firms=min_firms,
        labels={measure: _("All new entrants of this report")},
    )
