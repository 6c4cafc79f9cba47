"""The readiness report's page: tables and figures of what the other modules found."""

from __future__ import annotations

import pandas as pd

from clusterstudy.readiness import plots
from clusterstudy.readiness.declaration import CLAUSES
from clusterstudy.readiness.indicators import Measured
from clusterstudy.readiness.profile import SEGMENTS, assign
from clusterstudy.readiness.replications import Replications
from clusterstudy.readiness.settings import CHOICES
from clusterstudy.report import numbers
from clusterstudy.report.fragments import blank_note
from clusterstudy.report.language import _, later
from clusterstudy.report.page import Page

BOUNDS = ("low", "high")
RULES = {
    "worst": later("unfavourable goalpost"),
    "median": later("median"),
    "omit": later("left out"),
}


def indicators(page: Page, declared: pd.DataFrame, screened: pd.DataFrame) -> None:
    """Show the indicators as declared, and what the data have of them."""
    frame = declared.join(screened[["known", "beyond"]])
    shown = frame.assign(
        label=_labels(frame),
        clause=[_(CLAUSES[clause].label) for clause in frame["clause"]],
        rule=[_(RULES[rule]) for rule in frame["missing"]],
    ).reset_index(drop=True)
    page.table(
        shown,
        name="indicators",
        caption=_("Indicators, their bars and goalposts, and how many clusters have them"),
        headings={
            "label": _("Indicator"),
            "clause": _("Clause"),
            "bar": _("Bar"),
            ("goalpost_low", "goalpost_high"): _("Goalposts"),
            "weight": _("Weight in the clause"),
            "known": _("Clusters with a value"),
            "rule": _("If missing"),
        },
        formats={
            "bar": 1,
            ("goalpost_low", "goalpost_high"): numbers.whole_interval,
            "weight": 0,
        },
    )


def values(
    page: Page, measured: Measured, declared: pd.DataFrame, names: pd.Series, min_firms: int
) -> None:
    """Show the measured values, clusters by indicators."""
    shown = measured.values.T.assign(label=_labels(declared)).reset_index(drop=True)
    codes = {str(code): str(code) for code in measured.values.index}
    few = blank_note(int(measured.suppressed.to_numpy().sum()), min_firms)
    who = "; ".join(f"{code} {name}" for code, name in names.items())
    page.table(
        shown,
        name="values",
        caption=_("Measured values by cluster"),
        headings={"label": _("Indicator"), **codes},
        formats=dict.fromkeys(codes, 1),
        note=f"{who}. {few}".strip(),
    )


def clauses(page: Page, drawn: Replications, names: pd.Series, cluster: str, level: float) -> None:
    """Show how far each cluster lies from the bar of each clause."""
    intervals = drawn.margin_intervals(level)
    parts = [
        table.assign(clause=_(CLAUSES[code].label), cluster=names.reindex(table.index))
        for code, table in intervals.items()
    ]
    page.figure(
        plots.clause_margins(intervals, names, cluster),
        name="clauses",
        alt=_("Dots with intervals: points above or below the bar, a panel per clause."),
        caption=_("Points above or below the bar of each clause"),
        data=pd.concat(parts, ignore_index=True),
        headings={
            "clause": _("Clause"),
            "cluster": _("Cluster"),
            "median": _("Median"),
            BOUNDS: _("Interval"),
        },
        formats={"median": 0, BOUNDS: numbers.whole_interval},
        note=_("{level} intervals over all settings. Hollow: context, not merit.").format(
            level=numbers.percent(level, 0)
        ),
    )


def ranks(page: Page, drawn: Replications, names: pd.Series, cluster: str, level: float) -> None:
    """Show the composite's rank intervals, in the order of the names."""
    intervals = drawn.rank_intervals(level)
    page.figure(
        plots.rank_intervals(intervals, names, cluster),
        name="ranks",
        alt=_("Dots with intervals: the rank of each cluster's composite over all settings."),
        caption=_("Rank of the composite over all settings"),
        data=intervals.assign(cluster=names.reindex(intervals.index)).reset_index(drop=True),
        headings={"cluster": _("Cluster"), "median": _("Median rank"), BOUNDS: _("Interval")},
        formats={"median": 0, BOUNDS: numbers.whole_interval},
        note=_("{level} intervals. Clusters stand in the order of their codes.").format(
            level=numbers.percent(level, 0)
        ),
    )


def segments(
    page: Page, drawn: Replications, names: pd.Series, cluster: str, certainty: float
) -> None:
    """Show each cluster's segment with its probability, unresolved below ``certainty``."""
    probabilities = drawn.segment_probabilities()
    assigned = assign(probabilities, certainty)
    frame = probabilities.assign(
        cluster=names.reindex(probabilities.index),
        segment=[_(SEGMENTS[code]) for code in assigned],
        context=drawn.context_only(),
    ).reset_index(drop=True)
    page.figure(
        plots.segments(probabilities, assigned, names, cluster),
        name="segments",
        alt=_("Stacked bars of each segment's probability by cluster, with the segment named."),
        caption=_("Probability of each segment; named from {certainty}").format(
            certainty=numbers.percent(certainty, 0)
        ),
        data=frame,
        headings={
            "cluster": _("Cluster"),
            "segment": _("Segment"),
            **{code: _(label) for code, label in SEGMENTS.items()},
            "context": _("Good preconditions by the field alone"),
        },
        formats=dict.fromkeys([*SEGMENTS, "context"], numbers.whole_percent),
    )


def choices(page: Page, indices: pd.DataFrame) -> None:
    """Show which choices move ranks and segments."""
    shown = indices.assign(
        choice_label=[_(CHOICES[choice]) for choice in indices["choice"]],
        output_label=[_(plots.OUTPUTS[output]) for output in indices["output"]],
        **{
            f"{part}_{bound}": indices[part] + sign * indices[f"{part}_error"]
            for part in ("first", "total")
            for bound, sign in (("low", -1), ("high", 1))
        },
    )
    page.figure(
        plots.sensitivity(indices),
        name="choices",
        alt=_("Dots with intervals: share of the variance by choice, alone and in all."),
        caption=_("Which choices move the answer: Sobol indices"),
        data=shown,
        headings={
            "output_label": _("Answer"),
            "choice_label": _("Choice"),
            "first": _("Alone"),
            ("first_low", "first_high"): _("95 % interval"),
            "total": _("With interactions"),
            ("total_low", "total_high"): _("95 % interval"),
        },
        formats={
            "first": numbers.whole_percent,
            "total": numbers.whole_percent,
            ("first_low", "first_high"): numbers.whole_percent_interval,
            ("total_low", "total_high"): numbers.whole_percent_interval,
        },
    )


def left_out(page: Page, frame: pd.DataFrame, declared: pd.DataFrame) -> None:
    """Show how ranks and segments change when an indicator is left out."""
    size = frame.assign(size=frame["change"].abs()).groupby("left_out", sort=False)
    shown = size.agg(mean=("size", "mean"), most=("size", "max"), moved=("moved", "sum"))
    shown = shown.assign(label=[_(declared.loc[name, "label"]) for name in shown.index])
    page.table(
        shown.reset_index(drop=True),
        name="left_out",
        caption=_("Each indicator left out in turn"),
        headings={
            "label": _("Indicator left out"),
            "mean": _("Mean change of rank"),
            "most": _("Largest change of rank"),
            "moved": _("Clusters whose segment changes"),
        },
        formats={"mean": 1, "most": 0},
    )


def _labels(declared: pd.DataFrame) -> pd.Series:
    """Return each indicator's label with its unit."""
    return declared["label"].map(_) + " (" + declared["unit"].map(_) + ")"
