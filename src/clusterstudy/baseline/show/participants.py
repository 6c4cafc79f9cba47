"""Who takes part: coverage, first contacts, how they differ from other SMEs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from clusterstudy.baseline import plots
from clusterstudy.contract.vocabulary import DOSE
from clusterstudy.disclosure.cells import are_few, rounded_means, suppress
from clusterstudy.report import numbers
from clusterstudy.report.balance import balance
from clusterstudy.report.fragments import blank_note
from clusterstudy.report.language import _, later
from clusterstudy.report.page import Page

ALL_DOSES = later("All doses")

MOSTLY = 0.5  # share of blank cells from which doses are put together


def coverage(page: Page, table: pd.DataFrame, names: Mapping[str, str], min_firms: int) -> None:
    """Show how many firms each cluster has and how much of them the data cover."""
    if table.empty:
        page.callout("missing", _("No firm has been in contact since the programme began."))
        return
    figures = [str(column) for column in table if column != "participants"]
    counts = {"participants": figures, "new_entrants": [], "respondents": ["response_rate"]}
    shown, blank = table.reset_index(), 0
    for count in [name for name in counts if name in shown]:
        shown, more = suppress(shown, count, counts[count], min_firms)
        blank += more
    shown, more = _without_few_lacking(shown, min_firms)
    blank += more
    shown = shown.assign(cluster=shown["cluster_id"].map(names))
    page.table(
        shown,
        name="coverage",
        caption=_("Participants and how far the data cover them"),
        headings={
            "cluster": _("Cluster"),
            "participants": _("Participants"),
            "new_entrants": _("New entrants"),
            "in_register": _("In the register"),
            "with_figures": _("With figures for the last year before"),
            **(
                {"respondents": _("Answered the survey"), "response_rate": _("Response rate")}
                if "respondents" in shown
                else {}
            ),
        },
        formats={
            "participants": 0,
            "new_entrants": 0,
            "respondents": 0,
            **dict.fromkeys(
                ["in_register", "with_figures", "response_rate"], numbers.whole_percent
            ),
        },
        note=blank_note(blank, min_firms),
    )


def _without_few_lacking(shown: pd.DataFrame, min_firms: int) -> tuple[pd.DataFrame, int]:
    """Blank the shares that tell of a few firms that they are not found; return how many."""
    firms = shown["participants"]
    register, figures = ((firms * shown[name]).round() for name in ("in_register", "with_figures"))
    hidden = {
        "in_register": are_few(firms - register, min_firms),
        "with_figures": are_few(firms - figures, min_firms)
        | are_few(register - figures, min_firms),
    }
    blanked = {share: shown[share].mask(hides) for share, hides in hidden.items()}
    return shown.assign(**blanked), sum(int(hides.sum()) for hides in hidden.values())


def history(page: Page, table: pd.DataFrame, programme_start: int, min_firms: int) -> None:
    """Show when firms first came into contact, by dose."""
    if table.empty:
        page.callout("missing", _("No contact of a firm is known."))
        return
    counts = _unsuppressed(table, programme_start, min_firms)
    if counts.isna().to_numpy().mean() > MOSTLY:
        whole = table.sum(axis="columns").to_frame("all")
        counts = _unsuppressed(whole, programme_start, min_firms)
    doses = {str(dose): _(DOSE.get(str(dose), ALL_DOSES)) for dose in counts}
    page.figure(
        plots.bars(counts, doses, programme_start),
        name="history",
        alt=_("Stacked bars of firms by year of first contact and dose."),
        caption=_("Firms by year of first contact and dose of that year"),
        data=counts.assign(since=np.where(counts.index < programme_start, "before", "programme")),
        headings={"cohort": _("Year"), **doses},
        formats=dict.fromkeys(doses, 0),
        note=blank_note(int(counts.isna().to_numpy().sum()), min_firms, additive=True),
    )


def profile(page: Page, frame: pd.DataFrame, min_firms: int) -> None:
    """Show how new entrants differ from other SMEs.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.baseline.profile.profile` returns it.
    min_firms
        Fewest firms that a share may tell of, or leave out.
    """
    if frame.empty:
        page.callout("missing", _("Too few new entrants have figures: no comparison."))
        return
    balance(
        page,
        rounded_means(frame, min_firms),
        series="against",
        labels={"all": _("Against all SMEs"), "pool": _("Against the comparison pool")},
        headings={
            "against": _("Compared"),
            "n_treated": _("New entrants"),
            "treated": _("New entrants, mean"),
            "n_comparison": _("Others"),
            "comparison": _("Others, mean"),
        },
        name="profile",
        alt=_(
            "Love plot of standardised mean differences between new entrants and other SMEs, "
            "against all of them and against the comparison pool."
        ),
        caption=_("New entrants against SMEs without contact, last year before the programme"),
    )


def _unsuppressed(counts: pd.DataFrame, programme_start: int, min_firms: int) -> pd.DataFrame:
    """Blank small cells, and never one alone: the table of coverage tells what they add up to.

    That is the new entrants, so the years before the programme and those since stand for
    themselves.
    """
    cells = counts.reset_index().melt("cohort", var_name="dose", value_name="n")
    parts = [
        suppress(part, "n", [], min_firms, additive=True)[0]
        for _since, part in cells.groupby(cells["cohort"] >= programme_start)
    ]
    return pd.concat(parts).pivot(index="cohort", columns="dose", values="n")[list(counts)]
