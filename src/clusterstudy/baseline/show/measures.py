"""What is measured, where it stands at baseline, and how it changed since."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from clusterstudy.baseline import plots
from clusterstudy.baseline.levels import (
    ANSWERS,
    CENSUS,
    MEAN,
    PROCESS,
    SHARE,
)
from clusterstudy.baseline.show.words import BOUNDS, coarse, coarse_note, notes, of_dimension
from clusterstudy.contract.vocabulary import DIMENSION, DIRECTION, TIER
from clusterstudy.disclosure.cells import near_above, suppress
from clusterstudy.report import numbers
from clusterstudy.report.fragments import blank_note
from clusterstudy.report.language import _, later
from clusterstudy.report.page import Page

BASIS = {
    MEAN: later("normal"),
    SHARE: later("Wilson"),
    ANSWERS: later("weighted, linearised"),
    PROCESS: later("Wilson, by collaboration"),
    CENSUS: later("none: all are counted"),
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


def model(page: Page, bases: pd.DataFrame, declared: pd.DataFrame) -> None:
    """Show what is measured: definition, source, unit, direction, and what intervals are about.

    Parameters
    ----------
    bases
        ``measure``, ``base`` and ``basis``, of :class:`clusterstudy.baseline.described.Described`.
    declared
        The impact model.
    """
    known = bases.set_index("measure")
    order = {name: place for place, name in enumerate(DIMENSION)}
    shown = declared[declared["measure"].isin(known.index)]
    shown = shown.sort_values("dimension", key=lambda names: names.map(order), kind="stable")
    shown = shown.assign(
        **{name: shown[name].map(_) for name in ("label", "definition", "unit")},
        dimension=shown["dimension"].map(DIMENSION).map(_),
        tier=shown["tier"].map(TIER).map(_),
        direction=shown["direction"].map(DIRECTION).map(_),
        base=shown["measure"].map(known["base"]).astype("str"),
        basis=shown["measure"].map(known["basis"]).map(BASIS).map(_),
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
        As :func:`clusterstudy.baseline.freeze.keepable` returns it.
    declared
        The impact model.
    names
        Text by group.
    dimension
        A key of :data:`clusterstudy.contract.vocabulary.DIMENSION`.
    """
    shown = of_dimension(page, table, declared, names, min_firms, dimension)
    shown = coarse(shown, declared, ["n"], ["mean", *BOUNDS], min_firms)
    for counted, part in shown.groupby(shown["basis"] == CENSUS):
        titled = part["label"] + ", " + part["year"].astype("str")
        years = ", ".join(str(year) for year in sorted(part["year"].unique()))
        page.figure(
            plots.panels(part.assign(label=titled), "who", bounds=True),
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
            note=" ".join(
                [
                    coarse_note(min_firms),
                    notes(part["basis"], int(part["n"].isna().sum()), min_firms),
                ]
            ),
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
    counted, figures = ["n_base", "n_later", "both"], ["base", "later", "change", *BOUNDS]
    blanked = suppress(table, "firms", [*counted, *figures], min_firms)[0]
    blanked = coarse(blanked, declared, ["firms", *counted], figures, min_firms)
    for dimension in DIMENSION:
        part = of_dimension(page, blanked, declared, names, min_firms, dimension, mean="change")
        if part.empty:
            continue
        years = part["year_base"].astype("str") + "–" + part["year_later"].astype("str")
        panels = part.assign(label=part["label"] + ", " + years, mean=part["change"])
        page.figure(
            plots.panels(panels, "who", bounds=True, reference=True),
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
            formats=dict.fromkeys(counted, 0),
            note=" ".join(
                [
                    _(PAIRED),
                    coarse_note(min_firms),
                    blank_note(int(part["n_base"].isna().sum()), min_firms),
                ]
            ).strip(),
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
    figures = ["n", "share", "low", "high"]
    shown, blank = suppress(every.reset_index(drop=True), "firms", figures, min_firms)
    near = shown.groupby("year")["firms"].transform(near_above, min_firms)
    shown[["firms", *figures]] = shown[["firms", *figures]].mask(near, axis=0)
    blank += int(near.sum())
    if shown["share"].isna().all():
        told = _("Too few firms stand behind each stage from joint project to market.")
        page.callout("missing", told)
        return
    shown = shown.assign(stage=shown["stage"].map(STAGE).map(_))
    page.figure(
        plots.stages(shown[shown["stage"] != _(STAGE["project"])]),
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
        formats={"n": 0, "share": numbers.whole_percent, BOUNDS: numbers.whole_percent_interval},
        note=notes(pd.Series([PROCESS]), blank, min_firms),
    )
