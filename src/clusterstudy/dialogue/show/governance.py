"""The sheet's tables on where the guideposts come from, and who talks them over when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from clusterstudy.contract.vocabulary import DIMENSION
from clusterstudy.dialogue import governance
from clusterstudy.report import numbers
from clusterstudy.report.language import _
from clusterstudy.report.page import Page


def strategy(page: Page, trace: pd.DataFrame) -> None:
    """Show what every ambition leads to; ``trace`` as :func:`governance.trace` returns it."""
    page.table(
        trace.assign(
            ambition=trace["ambition"].map(_),
            origin=trace["origin"].map(governance.ORIGIN).map(_),
            dimension=trace["dimension"].map(DIMENSION).map(_),
            measures=trace["measures"].map(_listed),
        ),
        name="strategy",
        caption=_("From ambition to guidepost and measure"),
        headings={
            "ambition": _("Ambition"),
            "origin": _("Ascribed to"),
            "letter": _("Guidepost"),
            "dimension": _("Dimension of the impact model"),
            "measures": _("Measures, the same for all clusters and waves"),
        },
        note=_(
            "Without a measure: the study's impact model has none. Private income is followed up "
            "in the report on economic sustainability."
        ),
    )


def sources(page: Page, declared: pd.DataFrame) -> None:
    """Show what the guideposts rest on, as the board paper names it."""
    page.table(
        declared.assign(
            letter=declared["letter"].replace(governance.ALL, _("all six")),
            kind=declared["kind"].map(governance.KIND).map(_),
            named=declared["named"].map(_),
            on_file=declared["on_file"] == "yes",
        ),
        name="sources",
        caption=_("What the guideposts rest on, as the board paper names it"),
        headings={
            "letter": _("Guidepost"),
            "kind": _("Kind of source"),
            "named": _("As the paper names it"),
            "on_file": _("Document on file"),
        },
        note=_("The paper names most sources for all six headings together, not one by one."),
    )


def actors(page: Page, register: pd.DataFrame, calendar: pd.DataFrame) -> None:
    """Show the roles in the dialogue with the days on which they meet."""
    met = [governance.meetings_of(str(actor), calendar) for actor in register.index]
    page.table(
        register.assign(
            label=register["label"].map(_),
            part=register["part"].map(_),
            days=[_days(meetings["date"]) for meetings in met],
        ).reset_index(drop=True),
        name="actors",
        caption=_("Who takes part in the dialogue"),
        headings={
            "label": _("Role or body"),
            "part": _("Part"),
            "since": _("Since"),
            "until": _("Until"),
            "days": _("Meetings in the calendar"),
        },
        note=_("Roles only: names of persons are personal data and are not kept here."),
    )


def calendar(page: Page, declared: pd.DataFrame, register: pd.DataFrame, as_of: date) -> None:
    """Show the calendar; what has not been confirmed stays expected, also when its day is past."""
    open_ = governance.unconfirmed(declared, as_of)
    standing = declared["status"].map(governance.STATUS).map(_)
    page.table(
        declared.assign(
            event=declared["event"].map(_),
            kind=declared["kind"].map(governance.EVENT).map(_),
            letter=declared["letter"].replace(governance.ALL, _("all six")),
            who=[
                _listed([register.loc[actor, "label"] for actor in who.split()])
                for who in declared["who"].fillna("")
            ],
            standing=standing.where(~open_, standing + _("; day passed, not confirmed")),
        ),
        name="calendar",
        caption=_("The calendar, as of {day}").format(day=numbers.date(as_of)),
        headings={
            "date": _("Day"),
            "event": _("Event"),
            "kind": _("Kind"),
            "letter": _("Guidepost"),
            "who": _("Who"),
            "standing": _("Standing"),
        },
        note=_("Without a day: none has been declared."),
    )


def _listed(texts: Sequence[str]) -> str:
    return "; ".join(map(_, texts)) or numbers.MISSING


def _days(days: pd.Series) -> str:
    return "; ".join(map(numbers.date, days.dropna())) or numbers.MISSING
