"""The baseline report's page: tables and figures of what the other modules found."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusterstudy.baseline.freeze import Frozen
from clusterstudy.baseline.levels import (
    ANSWERS,
    CENSUS,
    COMPARISON,
    MEAN,
    PROCESS,
    SHARE,
    Measured,
)
from clusterstudy.contract.vocabulary import DIMENSION, DIRECTION, DOSE, TIER
from clusterstudy.disclosure.cells import suppress
from clusterstudy.report import numbers, theme
from clusterstudy.report.balance import balance
from clusterstudy.report.fragments import blank_note
from clusterstudy.report.language import _, later
from clusterstudy.report.page import Page
from clusterstudy.report.plots import love
from clusterstudy.report.scales import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BOUNDS = ("low", "high")
ALL_DOSES = later("All doses")
MOSTLY = 0.5  # share of blank cells from which doses are put together
BASIS = {
    MEAN: later("normal"),
    SHARE: later("Wilson"),
    ANSWERS: later("weighted, linearised"),
    PROCESS: later("Wilson, by collaboration"),
    CENSUS: later("none: all are counted"),
}
BASIS_NOTE = {
    MEAN: later("Means of firms have normal intervals."),
    SHARE: later("Shares of firms have Wilson's intervals."),
    ANSWERS: later("Survey answers are weighted, with linearised intervals."),
    PROCESS: later(
        "Shares of collaborations have Wilson's intervals, as if each were drawn on its own."
    ),
    CENSUS: later("All that was registered is counted: there is no sampling error, no interval."),
}
PAIRED = later(
    "Changes have normal intervals; who is there both times enters as a pair. What is counted in "
    "full has none."
)
STAGE = {
    "project": later("Joint project or agreement"),
    "prototype": later("Prototype"),
    "licence": later("Licence or agreement"),
    "product_on_market": later("Product on the market"),
}
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


def model(page: Page, measures: Sequence[Measured], declared: pd.DataFrame) -> None:
    """Show what is measured: definition, source, unit, direction, and what intervals are about.

    Parameters
    ----------
    measures
        As :func:`clusterstudy.baseline.levels.measure` returns them.
    declared
        The impact model.
    """
    known = {one.row["measure"]: one for one in measures}
    order = {name: place for place, name in enumerate(DIMENSION)}
    shown = declared[declared["measure"].isin(known)]
    shown = shown.sort_values("dimension", key=lambda names: names.map(order), kind="stable")
    shown = shown.assign(
        **{name: shown[name].map(_) for name in ("label", "definition", "unit")},
        dimension=shown["dimension"].map(DIMENSION).map(_),
        tier=shown["tier"].map(TIER).map(_),
        direction=shown["direction"].map(DIRECTION).map(_),
        base=[str(known[name].base) for name in shown["measure"]],
        basis=[_(BASIS[known[name].basis]) for name in shown["measure"]],
    ).reset_index(drop=True)
    pairs = {
        "dimension_tier": ["dimension", "tier"],
        "unit_direction": ["unit", "direction"],
        "source_base": ["source", "base"],
    }
    page.table(
        shown.assign(
            **{new: shown[old].agg("; ".join, axis="columns") for new, old in pairs.items()}
        ),
        name="impact_model",
        caption=_("The measures of the impact model"),
        headings={
            "dimension_tier": _("Dimension; tier"),
            "label": _("Measure"),
            "definition": _("Definition"),
            "unit_direction": _("Unit; direction"),
            "source_base": _("Source; baseline"),
            "basis": _("Interval"),
        },
    )


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
    shown = frame.assign(
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
        _named(shown, declared),
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
        formats={"n": 0, "unweighted": 2, "mean": 2, BOUNDS: _interval, "design_effect": 2},
        note=blank_note(blank, min_firms),
    )


def levels(
    page: Page,
    table: pd.DataFrame,
    declared: pd.DataFrame,
    names: Mapping[str, str],
    min_firms: int,
    dimension: str,
) -> None:
    """Show the levels of a dimension's measures; what is counted in full has a figure of its own.

    Parameters
    ----------
    table
        As :func:`clusterstudy.baseline.levels.levels` returns it, small groups blank.
    declared
        The impact model.
    names
        Text by group.
    dimension
        A key of :data:`clusterstudy.contract.vocabulary.DIMENSION`.
    """
    shown = _of_dimension(page, table, declared, names, min_firms, dimension)
    for counted, part in shown.groupby(shown["basis"] == CENSUS):
        titled = part["label"] + ", " + part["year"].astype("str")
        years = ", ".join(str(year) for year in sorted(part["year"].unique()))
        page.figure(
            _panels(part.assign(label=titled), "who", bounds=True),
            name=f"levels_{dimension}{'_counted' if counted else ''}",
            alt=_("Dots of the mean by group with intervals, one panel per measure."),
            caption=_("Measures at baseline, {years}: {dimension}").format(
                years=years, dimension=_(DIMENSION[dimension])
            ),
            data=part[["label", "who", "year", "mean", "low", "high", "n", "unit"]],
            headings={
                "label": _("Measure"),
                "who": _("Group"),
                "year": _("Year"),
                "mean": _("Mean"),
                BOUNDS: _("Interval"),
                "n": _("Number behind"),
                "unit": _("Unit"),
            },
            formats={"n": 0, "year": str},
            note=_notes(part["basis"], int(part["n"].isna().sum()), min_firms),
        )


def changes(
    page: Page,
    table: pd.DataFrame,
    declared: pd.DataFrame,
    names: Mapping[str, str],
    min_firms: int,
) -> None:
    """Show how measures changed from their baseline to their latest wave, a figure per dimension.

    Parameters
    ----------
    table
        As :func:`clusterstudy.baseline.levels.changes` returns it, of the groups to show.
    declared
        The impact model.
    names
        Text by group.
    """
    if table.empty:
        page.callout("missing", _("No measure has a later wave yet: there is nothing to compare."))
        return
    figures = ["n_base", "n_later", "both", "base", "later", "change", "low", "high"]
    blanked = suppress(table, "firms", figures, min_firms)[0]
    for dimension in DIMENSION:
        part = _of_dimension(page, blanked, declared, names, min_firms, dimension, mean="change")
        if part.empty:
            continue
        years = part["year_base"].astype("str") + "–" + part["year_later"].astype("str")
        panels = part.assign(label=part["label"] + ", " + years, mean=part["change"])
        page.figure(
            _panels(panels, "who", bounds=True, reference=True),
            name=f"changes_{dimension}",
            alt=_("Dots of the change by group with intervals, one panel per measure."),
            caption=_("Change since the baseline, descriptive: {dimension}").format(
                dimension=_(DIMENSION[dimension])
            ),
            data=panels,
            headings={
                "label": _("Measure"),
                "who": _("Group"),
                "base": _("Baseline"),
                "later": _("Latest"),
                "change": _("Change"),
                BOUNDS: _("Interval"),
                "n_base": _("Number behind, baseline"),
                "n_later": _("Number behind, latest"),
                "both": _("In both"),
                "unit": _("Unit"),
            },
            formats=dict.fromkeys(["n_base", "n_later", "both"], 0),
            note=" ".join([_(PAIRED), blank_note(int(part["n_base"].isna().sum()), min_firms)]),
        )


def chain(page: Page, tables: Mapping[int, pd.DataFrame], min_firms: int) -> None:
    """Show how far firms' projects with knowledge institutions came, for some years.

    Parameters
    ----------
    tables
        By year, as :func:`clusterstudy.measures.ties.chain` returns it.
    min_firms
        Fewest firms behind a figure that is shown.
    """
    parts = {year: table for year, table in tables.items() if table["n"].any()}
    if not parts:
        page.callout("missing", _("No firm's project with a knowledge institution is registered."))
        return
    every = pd.concat([table.assign(year=str(year)) for year, table in parts.items()])
    shown, blank = suppress(
        every.reset_index(drop=True), "firms", ["n", "share", "low", "high"], min_firms
    )
    if shown["share"].isna().all():
        told = _("Too few firms stand behind each stage from joint project to market.")
        page.callout("missing", told)
        return
    shown = shown.assign(stage=shown["stage"].map(STAGE).map(_))
    page.figure(
        _stages(shown[shown["stage"] != _(STAGE["project"])]),
        name="research_chain",
        alt=_("Dots of the share that came on to each stage, with intervals, by year."),
        caption=_("From joint project to market: share of the stage before that came so far"),
        data=shown,
        headings={
            "year": _("Year"),
            "stage": _("Stage"),
            "n": _("Joint projects and agreements"),
            "share": _("Of the stage before"),
            BOUNDS: _("Interval"),
        },
        formats={"n": 0, "share": numbers.whole_percent, BOUNDS: _percent_interval},
        note=_notes(pd.Series([PROCESS]), blank, min_firms),
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
    if table.empty or table["mde"].isna().all():
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
    shown = _named(changed, declared, names)
    shown = shown.assign(moved=shown["mean_now"] / shown["mean_frozen"] - 1)
    page.figure(
        _moved(shown),
        name="deviations",
        alt=_("Dots of each group's change of the mean since it was frozen, by measure."),
        caption=_("Figures that differ from the frozen baseline: {count} of {all}").format(
            count=numbers.number(len(shown)), all=numbers.number(len(baseline.table))
        ),
        data=shown,
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
        note=_("A dot is a group. What is blank then or today has no dot."),
    )


def _of_dimension(
    page: Page,
    table: pd.DataFrame,
    declared: pd.DataFrame,
    names: Mapping[str, str],
    min_firms: int,
    dimension: str,
    mean: str = "mean",
) -> pd.DataFrame:
    """Return a dimension's rows with their texts; name the measures that have no figure to show."""
    chosen = declared.loc[declared["dimension"] == dimension, "measure"]
    shown = _named(table[table["measure"].isin(chosen)], declared, names)
    some = shown.groupby("measure")[mean].transform("count") > 0
    few = list(dict.fromkeys(shown.loc[~some, "label"]))
    if few:
        told = _("Not shown, for fewer than {least} firms stand behind each figure: {measures}.")
        page.callout("missing", told.format(least=min_firms, measures="; ".join(few)))
    return shown[some].reset_index(drop=True)


def _named(
    table: pd.DataFrame, declared: pd.DataFrame, names: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return a table with each measure's ``label`` and ``unit``, and ``who`` its group is."""
    texts = declared.set_index("measure")
    named = table.assign(
        **{name: table["measure"].map(texts[name]).map(_) for name in ("label", "unit")}
    )
    if names is None:
        return named
    return named.assign(who=named["group"].map({**names, COMPARISON: _("SMEs without contact")}))


def _notes(bases: pd.Series, blank: int, min_firms: int) -> str:
    """Return what the intervals are about, and how many rows are blank."""
    about = [_(BASIS_NOTE[basis]) for basis in BASIS_NOTE if (bases == basis).any()]
    return " ".join([*about, blank_note(blank, min_firms)]).strip()


def _interval(low: float, high: float) -> str:
    return numbers.interval(low, high, 2)


def _percent_interval(low: float, high: float) -> str:
    return numbers.interval(low, high, 0, share=True)


def _stages(frame: pd.DataFrame) -> Figure:
    """Draw the share that came on to each stage, years side by side."""
    from matplotlib import pyplot as plt

    stages, years = (list(dict.fromkeys(frame[name])) for name in ("stage", "year"))
    fig, ax = plt.subplots(figsize=(theme.WIDTH, theme.height(len(stages)) + 0.4))
    for number, year in enumerate(years):
        part = frame[frame["year"] == year].set_index("stage").reindex(stages)
        drawn = (part[name].to_numpy(dtype=float) for name in ("share", *BOUNDS))
        theme.dots(ax, stages, *drawn, label=year, series=number, of=len(years))
    theme.numbers_on(ax.xaxis, numbers.percent, 100)
    ax.set_xlim(0, 1)
    ax.set_xlabel(_("Share of the stage before"))
    if len(years) > 1:
        fig.legend(loc="outside upper right", ncols=len(years))
    return fig


def _moved(frame: pd.DataFrame) -> Figure:
    """Draw each group's change of the mean, a line per measure."""
    from matplotlib import pyplot as plt

    labels = list(dict.fromkeys(frame["label"]))
    fig, ax = plt.subplots(figsize=(theme.WIDTH, theme.height(len(labels))))
    place = frame["label"].map({label: at for at, label in enumerate(labels)})
    ax.plot(frame["moved"], place, "o", color=theme.INK, markerfacecolor="none", markersize=5)
    ax.set_yticks(range(len(labels)), labels)
    ax.invert_yaxis()
    theme.reference_line(ax, "x")
    theme.numbers_on(ax.xaxis, numbers.percent, 100)
    ax.set_xlabel(_("Change of the mean since it was frozen"))
    return fig


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
    frame: pd.DataFrame,
    rows: str,
    *,
    bounds: bool = False,
    reference: bool = False,
    scales: Sequence[Scale] | None = None,
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
        known = np.concatenate([mean, low, high])
        counts = bool((known[~np.isnan(known)] % 1 == 0).all())
        ax.xaxis.set_major_locator(MaxNLocator(3, integer=counts, min_n_ticks=1 if counts else 2))
        ax.set_title(textwrap.fill(label, 25), fontsize=9.5)
        if reference:
            theme.reference_line(ax, "x")
        if not scales:
            ax.set_xlabel(textwrap.fill(part["unit"].dropna().iloc[0], 30), fontsize=9)
        if scales:
            ax.set_xlim(left=0)
    for ax in axes.flat[len(labels) :]:
        ax.set_visible(False)
    return fig
