"""What the estimates before entry say of the effect."""

from __future__ import annotations

import numpy as np

from clusterstudy.impact.design import Design
from clusterstudy.impact.pretrends import Pretrends
from clusterstudy.impact.show.words import BOUNDS, dots, error
from clusterstudy.report import numbers
from clusterstudy.report.language import _
from clusterstudy.report.page import Page


def pretrends(page: Page, study: Design, found: Pretrends | None, level: float) -> None:
    """Show what the estimates before entry say and what they could have said."""
    if found is None:
        page.callout(
            "missing",
            _(
                "There is no estimate before entry beside the reference year: the assumption of"
                " parallel trends cannot be held against any data here."
            ),
        )
        return
    scale = study.scale
    frame = found.estimates.table(level).rename_axis("label").reset_index()
    frame["label"] = [_("As estimated"), _("If the trend seen before entry went on")]
    page.table(
        frame,
        name="trend_continued",
        caption=_("Mean effect over years since entry, with and without a continued trend"),
        headings={
            "label": _("Assumption"),
            "estimate": _("Effect"),
            BOUNDS: _("Interval"),
            "se": error(study.scale),
        },
        formats={"estimate": scale.effect, BOUNDS: scale.interval, "se": 4},
        note=_("Joint test of {k} estimates before entry: p = {p}.").format(
            k=found.coefficients, p=numbers.number(found.p_value, 3)
        ),
    )
    if len(found.violations):
        page.table(
            found.violations,
            name="pretest",
            caption=_("Differences in trend that the estimates before entry would reveal"),
            headings={
                "power": _("Probability of being found"),
                "slope": _("Difference in trend per year"),
                "bias": _("Bias of the mean effect"),
                "bias_if_passed": _("Bias if the test is passed"),
            },
            formats={
                "power": numbers.whole_percent,
                "slope": scale.effect,
                "bias": scale.effect,
                "bias_if_passed": scale.effect,
            },
        )
    if found.bounds is None:
        page.callout("missing", _("Bounds need estimates for every year around entry."))
        return
    sets = found.bounds.sets.rename_axis("bound").reset_index()
    labels = [numbers.number(bound, 1) for bound in sets["bound"]]
    page.figure(
        dots(study, sets.assign(label=labels, estimate=np.nan)),
        name="bounds",
        alt=_("Bars of the robust interval of the mean effect, one for each bound."),
        caption=_("Robust intervals if trends differ after entry up to M̄ times as much as before"),
        data=sets,
        headings={"bound": _("M̄"), BOUNDS: _("Robust interval of the mean effect")},
        formats={"bound": 1, BOUNDS: scale.interval},
        note=_breakdown(found.bounds.breakdown),
    )


def _breakdown(value: float) -> str:
    if value == 0:
        return _("Zero lies in the interval even if trends did not differ at all after entry.")
    if np.isinf(value):
        return _("No bound lets zero into the interval.")
    return _("Zero enters the interval at M̄ = {value}.").format(value=numbers.number(value, 2))
