"""The specification curve: every declared choice, the report's own marked among them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clusterstudy.impact import plots
from clusterstudy.impact.curve import NONE
from clusterstudy.impact.design import Design
from clusterstudy.impact.show.words import BOUNDS
from clusterstudy.report import numbers
from clusterstudy.report.language import _, later
from clusterstudy.report.page import Page

OPTIONS = {
    "method": {"dr": later("doubly robust"), "ipw": later("weights"), "or": later("regression")},
    "control": {"never": later("never enter"), "not_yet": later("not yet entered")},
    "anticipation": {},
    "covariates": {
        NONE: later("none"),
        "size": later("size"),
        "growth": later("growth"),
        "age": later("age"),
        "productivity": later("productivity"),
        "exporter": later("exporter"),
        "industry": later("industry"),
        "region": later("region"),
    },
    "winsorise": {},
    "other_programmes": {
        "ignore": later("left out of account"),
        "covariate": later("earlier support as covariate"),
        "exclude": later("firms with support left out"),
    },
}
DIMENSIONS = {
    "method": later("Method"),
    "control": later("Controls"),
    "anticipation": later("Years of anticipation"),
    "covariates": later("Covariates"),
    "winsorise": later("Share winsorised"),
    "other_programmes": later("Other public support"),
}


def curve(page: Page, study: Design, frame: pd.DataFrame) -> None:
    """Show all specifications in one figure and one table, and say what they span.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.impact.curve.curve` returns it.
    """
    scale = study.scale
    worded = frame.assign(
        **{name: [_word(name, value) for value in frame[name]] for name in OPTIONS}
    )
    made = worded.dropna(subset="estimate").reset_index(drop=True)
    above, below = (made["low"] > 0).sum(), (made["high"] < 0).sum()
    page.text(
        _(
            "{n} specifications: from {least} to {most}, half of them between {lower} and {upper}."
            " The interval lies above zero in {above} and below it in {below}."
        ).format(
            n=len(made),
            least=scale.effect(made["estimate"].min()),
            most=scale.effect(made["estimate"].max()),
            lower=scale.effect(made["estimate"].quantile(0.25)),
            upper=scale.effect(made["estimate"].quantile(0.75)),
            above=numbers.percent(above / len(made), 0),
            below=numbers.percent(below / len(made), 0),
        )
    )
    page.figure(
        plots.specifications(made, {k: _(label) for k, label in DIMENSIONS.items()}, scale),
        name="specification_curve",
        alt=_(
            "Dots of the effect by specification, sorted, with intervals; below them, which choices"
            " each makes. The report's own is marked by a diamond."
        ),
        caption=_("Effect on {outcome} under all declared choices").format(
            outcome=_(study.outcome)
        ),
        data=worded.assign(own=[_("yes") if own else "" for own in frame["primary"]]),
        headings={
            **{name: _(label) for name, label in DIMENSIONS.items()},
            "estimate": _("Effect"),
            BOUNDS: _("Interval"),
            "own": _("This report's"),
            **({"reason": _("Why there is no estimate")} if "reason" in frame else {}),
        },
        formats={"estimate": scale.effect, BOUNDS: scale.interval},
        note=_(
            "All on the same firms, those with every covariate that any of the sets names, so the"
            " report's own may differ from the effect above. The choices and the report's own were"
            " declared before the estimates were made; without covariates all methods are one."
        ),
    )


def _word(dimension: str, value: Any) -> str:
    """Return a choice in words."""
    if dimension == "winsorise":
        return numbers.percent(value)
    words = OPTIONS[dimension]
    return " + ".join(_(words[part]) if part in words else part for part in str(value).split("+"))
