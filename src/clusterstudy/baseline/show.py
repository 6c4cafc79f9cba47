"""The baseline report's page: tables and figures of what the other modules found."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusterstudy.baseline.freeze import Frozen
from clusterstudy.baseline.levels import COMPARISON
from clusterstudy.contract.vocabulary import DOSE, TIER
from clusterstudy.disclosure.cells import suppress
from clusterstudy.report import numbers, theme
from clusterstudy.report.balance import balance
from clusterstudy.report.fragments import blank_note
from clusterstudy.report.language import _, later
from clusterstudy.report.page import Page
from clusterstudy.report.scales import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BOUNDS = ("low", "high")
ALL_DOSES = later("All doses")
MOSTLY = 0.5  # share of blank cells from which doses are put together
FILLS = ("#8fb3d9", "#e8e8e8", "#5b6f86")


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
        _bars(counts, doses, programme_start),
        name="history",
        alt=_("Stacked bars of firms by year of first contact and dose."),
        caption=_("Firms by year of first contact and dose of that year"),
        data=counts,
        headings={"cohort": _("Year"), **doses},
        formats=dict.fromkeys(doses, 0),
        note=blank_note(int(counts.isna().to_numpy().sum()), min_firms, additive=True),
    )


def profile(page: Page, frame: pd.DataFrame) -> None:
    """Show how new entrants differ from other SMEs."""
    if frame.empty:
        page.callout("missing", _("Too few new entrants have figures: no comparison."))
        return
    balance(
        page,
        frame,
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


def absent(page: Page, tables: Mapping[str, str], model: pd.DataFrame) -> None:
    """Name the measures that are left out and the tables they need.

    Parameters
    ----------
    tables
        As :func:`clusterstudy.baseline.levels.absent` returns it.
    model
        The impact model.
    """
    if not tables:
        return
    labels = model.set_index("measure")["label"]
    named = "; ".join(f"{_(labels[measure])} ({table})" for measure, table in tables.items())
    told = _("Left out, for the data lack the table in brackets: {measures}.")
    page.callout("missing", told.format(measures=named))


def levels(
    page: Page,
    table: pd.DataFrame,
    model: pd.DataFrame,
    names: Mapping[str, str],
    min_firms: int,
) -> None:
    """Show the impact model's measures, a figure per tier.

    Parameters
    ----------
    table
        As :func:`clusterstudy.baseline.levels.levels` returns it, small groups blank.
    model
        The impact model.
    names
        Text by group.
    """
    if table.empty:
        page.callout("missing", _("No measure has a value at baseline."))
        return
    declared = model.set_index("measure")
    shown = table.assign(
        label=[_(declared.loc[measure, "label"]) for measure in table["measure"]],
        unit=[_(declared.loc[measure, "unit"]) for measure in table["measure"]],
        who=table["group"].map({**names, COMPARISON: _("SMEs without contact")}),
    )
    for tier, title in TIER.items():
        part = shown[shown["tier"] == tier].reset_index(drop=True)
        if part.empty:
            continue
        titled = part["label"] + ", " + part["year"].astype("str")
        years = ", ".join(str(year) for year in sorted(part["year"].unique()))
        page.figure(
            _panels(part.assign(label=titled), "who", bounds=True),
            name=f"levels_{tier}",
            alt=_("Dots of the mean by group with intervals, one panel per measure."),
            caption=_("Measures at baseline, {years}: {tier}").format(years=years, tier=_(title)),
            data=part[["label", "who", "year", "mean", "low", "high", "n", "unit"]],
            headings={
                "label": _("Measure"),
                "who": _("Group"),
                "year": _("Year"),
                "mean": _("Mean"),
                BOUNDS: _("Interval"),
                "n": _("Firms"),
                "unit": _("Unit"),
            },
            formats={"n": 0},
            note=blank_note(int(part["n"].isna().sum()), min_firms),
        )


def power(
    page: Page,
    table: pd.DataFrame,
    model: pd.DataFrame,
    names: Mapping[str, str],
    min_firms: int,
) -> None:
    """Show what the design can find, by cluster and outcome.

    Parameters
    ----------
    table
        As :func:`clusterstudy.baseline.planning.detectable` returns it.
    model
        The impact model.
    names
        Text by cluster.
    """
    if table.empty:
        page.callout("missing", _("Too few new entrants have figures to say what could be found."))
        return
    declared = model.set_index("measure")
    shown, blank = suppress(table, "treated", ["mde"], min_firms)
    scales = {name: Scale(row["scale"], row["unit"]) for name, row in declared.iterrows()}
    shown = shown.assign(
        who=shown["cluster_id"].map(names),
        label=[_(declared.loc[outcome, "label"]) for outcome in shown["outcome"]],
        mean=[
            scales[outcome].read(value)
            for outcome, value in zip(shown["outcome"], shown["mde"], strict=True)
        ],
        written=[
            scales[outcome].effect(value)
            for outcome, value in zip(shown["outcome"], shown["mde"], strict=True)
        ],
    )
    page.figure(
        _panels(shown, "who", scales=[scales[name] for name in shown["outcome"].unique()]),
        name="power",
        alt=_("Dots of the minimum detectable effect by cluster, one panel per outcome."),
        caption=_("Minimum detectable effect by cluster and outcome"),
        data=shown.drop(columns="mean"),
        headings={
            "label": _("Outcome"),
            "who": _("Cluster"),
            "treated": _("New entrants"),
            "comparison": _("Comparison firms"),
            "sd": _("Standard deviation of the change"),
            "attrition": _("Lost over the span"),
            "written": _("Minimum detectable effect"),
        },
        formats={"treated": 0, "comparison": 0, "sd": 3, "attrition": numbers.percent},
        note=blank_note(blank, min_firms),
    )


def frozen(page: Page, baseline: Frozen | None, changed: pd.DataFrame | None = None) -> None:
    """Cite the frozen baseline and list what would differ today.

    Parameters
    ----------
    baseline
        The study's frozen baseline, None where there is none.
    changed
        As :func:`clusterstudy.baseline.freeze.deviations` returns it, None where the report is
        dated before the frozen baseline.
    """
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
    if changed is None:
        return
    if changed.empty:
        page.callout("note", _("No figure differs from the frozen baseline."))
        return
    page.table(
        changed,
        name="deviations",
        caption=_("Figures that differ from the frozen baseline"),
        headings={
            "measure": _("Measure"),
            "group": _("Group"),
            "year": _("Year"),
            "n_frozen": _("Firms, frozen"),
            "n_now": _("Firms, today"),
            "mean_frozen": _("Mean, frozen"),
            "mean_now": _("Mean, today"),
        },
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


def _bars(counts: pd.DataFrame, doses: Mapping[str, str], programme_start: int) -> Figure:
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(theme.WIDTH, 3.6))
    years = counts.index.to_numpy(dtype=int)
    below = np.zeros(len(years))
    for colour, hatch, dose in zip(FILLS, theme.HATCHES, doses, strict=False):
        height = counts[dose].fillna(0).to_numpy(dtype=float)
        ax.bar(
            years,
            height,
            bottom=below,
            color=colour,
            hatch=hatch,
            edgecolor=theme.INK,
            linewidth=0.6,
            label=doses[dose],
        )
        below += height
    ax.axvline(programme_start - 0.5, color=theme.INK, linestyle=":", linewidth=1, marker="")
    ax.set_ylim(0, max(below.max(), 1) * 1.15)
    ax.annotate(
        _("programme"),
        (programme_start - 0.45, 1),
        xycoords=("data", "axes fraction"),
        va="top",
        fontsize=9,
    )
    ax.set_xticks(years)
    theme.numbers_on(ax.yaxis)
    ax.grid(False, axis="x")
    ax.set_ylabel(_("Firms"))
    fig.legend(loc="outside upper right", ncols=3)
    return fig


def _panels(
    frame: pd.DataFrame, rows: str, *, bounds: bool = False, scales: Sequence[Scale] | None = None
) -> Figure:
    """Draw a panel per ``label``: the ``mean`` of each row, with its interval where asked for."""
    from matplotlib import pyplot as plt
    from matplotlib.ticker import MaxNLocator

    labels, names = (list(dict.fromkeys(frame[column])) for column in ("label", rows))
    columns = min(3, len(labels))
    lines = -(-len(labels) // columns)
    fig, axes = plt.subplots(
        lines,
        columns,
        sharey=True,
        squeeze=False,
        figsize=(theme.WIDTH, lines * (theme.height(len(names)) * 0.8 + 0.4)),
    )
    for at, (ax, label) in enumerate(zip(axes.flat, labels, strict=False)):
        part = frame[frame["label"] == label].set_index(rows).reindex(names)
        mean = part["mean"].to_numpy(dtype=float)
        low, high = (part[name].to_numpy(dtype=float) for name in BOUNDS) if bounds else [mean] * 2
        theme.dots(ax, names, mean, low, high)
        theme.numbers_on(ax.xaxis, *((scales[at].tick, scales[at].factor) if scales else ()))
        ax.xaxis.set_major_locator(MaxNLocator(3))
        ax.set_title(textwrap.fill(label, 25), fontsize=9.5)
        if not scales:
            ax.set_xlabel(textwrap.fill(part["unit"].dropna().iloc[0], 30), fontsize=9)
        if scales:
            ax.set_xlim(left=0)
    for ax in axes.flat[len(labels) :]:
        ax.set_visible(False)
    return fig
