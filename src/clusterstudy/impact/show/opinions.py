"""What other estimators say, and what two-way fixed effects average."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clusterstudy.contract.vocabulary import REGION
from clusterstudy.did.bacon import FORBIDDEN
from clusterstudy.disclosure.cells import rounded, suppress
from clusterstudy.errors import UserError
from clusterstudy.impact import plots
from clusterstudy.impact.design import Design
from clusterstudy.impact.opinions import BY_YEAR, COMPARISONS, MAIN, OPINIONS, SYNTHETIC, Opinions
from clusterstudy.impact.opinions import decomposition as decomposed
from clusterstudy.impact.show.effects import groups
from clusterstudy.impact.show.words import BOUNDS, DIFFERENCE, dots
from clusterstudy.report import numbers
from clusterstudy.report.language import _, said
from clusterstudy.report.page import Page

FIGURES = ["estimate", "se", *BOUNDS, "difference", *DIFFERENCE]


def opinions(page: Page, study: Design, found: Opinions) -> None:
    """Show every estimator's answer, what it assumes, and where they part."""
    frame = found.overall.reindex(columns=["opinion", *FIGURES, "reason"])
    names = frame["opinion"]
    shown = frame.assign(
        label=[_(OPINIONS[name][0]) for name in names],
        assumed=[found.assumed if name == MAIN else _(OPINIONS[name][1]) for name in names],
        reason=frame["reason"].fillna(""),
    )
    scale = study.scale
    text: dict[Any, Any] = {"estimate": scale.effect, BOUNDS: scale.interval}
    page.table(
        shown,
        name="opinions",
        caption=_("Overall effect on {outcome} by other estimators").format(
            outcome=_(study.outcome)
        ),
        headings={
            "label": _("Estimator"),
            "assumed": _("What it assumes"),
            "estimate": _("Effect"),
            BOUNDS: _("Interval"),
            "difference": _("Difference from this report"),
            DIFFERENCE: _("Interval of the difference"),
            **({"reason": _("Why there is no estimate")} if shown["reason"].any() else {}),
        },
        formats={**text, "difference": scale.effect, DIFFERENCE: scale.interval},
        note=_synthetic_note(found),
    )
    page.figure(
        dots(study, shown),
        name="opinions_figure",
        alt=_("Dots of the overall effect by estimator with intervals and a line at zero."),
        caption=_("Overall effect on {outcome} by estimator").format(outcome=_(study.outcome)),
        data=shown,
        headings={"label": _("Estimator"), "estimate": _("Effect"), BOUNDS: _("Interval")},
        formats=text,
    )
    page.text(_disagreement(study, shown))
    labels = {name: _(OPINIONS[name][0]) for name in BY_YEAR if name in set(names)}
    years = found.by_year
    page.figure(
        plots.by_estimator(years, labels, scale),
        name="opinions_by_year",
        alt=_("Dots of the effect by years since entry, side by side for each estimator."),
        caption=_("Effect on {outcome} by years since entry and estimator").format(
            outcome=_(study.outcome)
        ),
        data=years.assign(label=years["opinion"].map(labels)),
        headings={
            "label": _("Estimator"),
            "event_time": _("Years since entry"),
            "estimate": _("Effect"),
            BOUNDS: _("Interval"),
        },
        formats={"event_time": 0, **text},
        note=_(
            "The last year before entry is the reference. Imputation has no estimate before entry:"
            " those years are what it is fitted on."
        ),
    )


def decomposition(page: Page, study: Design, min_firms: int) -> None:
    """Show the weights and the averages of the comparisons in two-way fixed effects."""
    try:
        found = decomposed(study)
    except UserError as error:
        page.callout("missing", said(error))
        return
    frame = suppress(found, "n", ["estimate"], min_firms, additive=False)[0]
    labels = [_(COMPARISONS[kind]) for kind in frame["kind"]]
    forbidden = (frame["kind"] == FORBIDDEN).to_numpy()
    page.figure(
        plots.weights(labels, frame["weight"].to_numpy(), forbidden),
        name="decomposition",
        alt=_("Bars of the weight of each kind of comparison in two-way fixed effects."),
        caption=_("What two-way fixed effects average for {outcome}").format(
            outcome=_(study.outcome)
        ),
        data=frame.assign(label=labels, n=rounded(frame["n"], min_firms)),
        headings={
            "label": _("Comparison"),
            "n": _("New entrants"),
            "weight": _("Weight"),
            "estimate": _("Average effect"),
        },
        formats={"n": 0, "weight": numbers.percent, "estimate": study.scale.effect},
        note=_(
            "Among firms seen in every year, {share} of the coefficient rests on firms already"
            " treated as controls."
        ).format(share=numbers.percent(frame.loc[forbidden, "weight"].sum())),
    )


def regions(page: Page, study: Design, frame: pd.DataFrame, min_firms: int) -> None:
    """Show the synthetic differences by region.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.impact.opinions.by_region` returns it.
    """
    told = _("{region}, entrants of {year}")
    labels = {
        name: _(REGION[name])
        if np.isnan(cohort)
        else told.format(region=_(REGION[name]), year=f"{cohort:.0f}")
        for name, cohort in zip(frame["group"], frame["cohort"], strict=True)
    }
    groups(
        page,
        study,
        frame,
        name="by_region",
        caption=_("Synthetic difference by region"),
        min_firms=min_firms,
        additive=False,
        labels=labels,
    )


def _synthetic_note(found: Opinions) -> str:
    if found.cohort is None:
        return ""
    return _(
        "{label}: mean of the entrants of {year} that are seen in every year; error from placebos,"
        " difference from this report's effect on the same cohort, without a joint error."
    ).format(label=_(OPINIONS[SYNTHETIC][0]), year=f"{found.cohort:.0f}")


def _disagreement(study: Design, shown: pd.DataFrame) -> str:
    """Return in words which estimates are apart from the report's by more than chance."""
    low, high = (shown[name] for name in DIFFERENCE)
    apart = shown[(low > 0) | (high < 0)]
    unjudged = shown.loc[shown["difference"].notna() & low.isna(), "label"]
    end = ""
    if len(unjudged):
        told = _("Not judged, for want of an error of the difference: {names}.")
        end = "\n\n" + told.format(names=", ".join(unjudged))
    if apart.empty:
        none = _(
            "No interval of a difference leaves out zero. That is no proof of agreement: with few"
            " firms a difference must be large to be found."
        )
        return none + end
    rows = [
        f"- **{row.label}** ({study.scale.effect(row.difference)}): {row.assumed}."
        for row in apart.itertuples()
    ]
    start = _(
        "These differ from this report's estimate by more than the interval of the difference;"
        " about one in twenty would by chance alone. They assume:"
    )
    return "\n".join([start, "", *rows]) + end
