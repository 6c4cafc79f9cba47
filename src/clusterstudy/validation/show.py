"""The validation report's page."""

from __future__ import annotations

import pandas as pd

from clusterstudy.did import simulation
from clusterstudy.report import numbers, theme
from clusterstudy.report.language import _, later
from clusterstudy.report.page import Page

JOB_TRAINING = later("Job-training grants and log scrap rates: ours and the published figures")
MINIMUM_WAGES = later("Minimum wages and log teen employment: ours and the published figures")
KINDS = {
    "fixed_effects": later("Fixed effects"),
    "first_difference": later("First difference 1987–88"),
    "cell": later("Group-time effect"),
    "simple": later("Average over all cells"),
    "dynamic": later("By event time"),
    "cohort": later("By cohort"),
    "period": later("By period"),
    "unconditional": later("Average without covariates"),
}
LABELS = {
    "grant": later("Grant"),
    "lagged": later("Grant the year before"),
    "overall": later("All"),
}


def compared(page: Page, frame: pd.DataFrame, *, name: str, caption: str) -> None:
    """Show our figures beside the published ones, all with the decimals published."""
    figures = ["estimate", "published_estimate", "se", "published_se"]
    written = {
        f"{figure}_text": [
            numbers.number(value, digits)
            for value, digits in zip(frame[figure], frame["digits"], strict=True)
        ]
        for figure in figures
    }
    label = pd.Series([_(LABELS.get(label, label)) for label in frame["label"]], frame.index)
    period = frame["period"].where(frame["period"] == "", ", " + frame["period"])
    shown = frame.assign(
        kind=[_(KINDS[kind]) for kind in frame["kind"]], where=label + period, **written
    )
    page.table(
        shown,
        name=name,
        caption=_(caption),
        headings={
            "kind": _("Figure"),
            "where": _("Of"),
            "estimate_text": _("Estimate"),
            "published_estimate_text": _("Published estimate"),
            "se_text": _("Standard error"),
            "published_se_text": _("Published standard error"),
            "off": _("Off by (last digits)"),
        },
        formats={"off": 2},
        source="; ".join(dict.fromkeys(frame["source"])),
    )


def cells(page: Page, frame: pd.DataFrame) -> None:
    """Draw the group-time effects, ours on the published ones."""
    from matplotlib import pyplot as plt

    part = frame[frame["kind"] == "cell"]
    fig, ax = plt.subplots(figsize=(theme.WIDTH, theme.height(len(part)) + 0.4))
    rows = (part["label"] + ", " + part["period"]).tolist()
    for series, (prefix, text) in enumerate((("", _("Ours")), ("published_", _("Published")))):
        estimate, se = part[f"{prefix}estimate"], part[f"{prefix}se"]
        theme.dots(
            ax,
            rows,
            estimate,
            estimate - 1.96 * se,
            estimate + 1.96 * se,
            label=text,
            series=series,
            of=2,
        )
    theme.reference_line(ax, "x")
    theme.numbers_on(ax.xaxis)
    ax.set_xlabel(_("Effect on log teen employment"))
    ax.set_ylabel(_("Cohort, year"))
    fig.legend(loc="outside upper right", ncols=2)
    page.figure(
        fig,
        name="cells",
        alt=_("Dots with intervals by cohort and year: ours and the published coincide."),
        caption=_("Group-time effects of the minimum wage, ours and published"),
        data=part.drop(columns="source"),
        headings={
            "label": _("Cohort"),
            "period": _("Year"),
            "estimate": _("Ours"),
            "published_estimate": _("Published"),
        },
        formats={"estimate": 7, "published_estimate": 7},
    )


def verdict(page: Page, *compared: pd.DataFrame) -> None:
    """Say how far the farthest figure is off."""
    every = pd.concat(compared)
    told = _("{n} estimates and standard errors; the farthest is off by {off} last digits.")
    off = numbers.number(every["off"].max(), 2)
    page.callout("note", told.format(n=numbers.number(len(every)), off=off))


def coverage(page: Page, panels: int, seed: int, level: float) -> None:
    """Simulate panels and show how often intervals hold the truth."""
    table = simulation.coverage(panels, seed, level=level).reset_index()
    half = 1.96 * table["coverage_se"]
    shown = table.assign(
        low=table["coverage"] - half,
        high=(table["coverage"] + half).clip(upper=1),
        estimand=[_("Overall") if e == "simple" else e for e in table["estimand"]],
    )
    page.table(
        shown,
        name="coverage",
        caption=_("Coverage of {level} intervals in {n} simulated panels of 400 units").format(
            level=numbers.percent(level, 0), n=numbers.number(panels)
        ),
        headings={
            "estimand": _("Overall, or years since entry"),
            "truth": _("True effect"),
            "bias": _("Mean error"),
            "sd": _("Standard deviation"),
            "se": _("Mean standard error"),
            "coverage": _("Coverage"),
            ("low", "high"): _("95 % interval"),
        },
        formats={
            **dict.fromkeys(["truth", "bias", "sd", "se"], 4),
            "coverage": numbers.percent,
            ("low", "high"): lambda low, high: numbers.interval(low, high, share=True),
        },
    )
