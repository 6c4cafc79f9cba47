"""The overall effect, tested without trusting in many independent firms."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.disclosure.cells import rounded
from clusterstudy.impact.design import Design
from clusterstudy.impact.show.words import BOUNDS, dots
from clusterstudy.report import numbers
from clusterstudy.report.language import _, later
from clusterstudy.report.page import Page

TESTS = {
    "firms": later("Firms independent, as in this report"),
    "industries": later("Firms of an industry group dependent"),
    "wild": later("The same, two-way fixed effects, wild bootstrap"),
    "permutation": later("Entry dealt anew within cells"),
    "signs": later("Clusters as units, signs changed"),
}
BY_FIRM = ("firms", "permutation")  # whose units are new entrants


def few_clusters(page: Page, study: Design, frame: pd.DataFrame, min_firms: int) -> None:
    """Show the tests with what the smallest p-value of each could be.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.impact.few.few_clusters` returns it.
    """
    by_firm = frame["test"].isin(BY_FIRM)
    shown = frame.drop(columns="smallest").assign(
        n=rounded(frame["units"].where(by_firm), min_firms),
        units=frame["units"].mask(by_firm),
        label=[_(TESTS[name]) for name in frame["test"]],
        smallest_p=[_smallest(value) for value in frame["smallest"]],
        reason=frame["reason"].fillna(""),
        **{name: frame[name].where(np.isfinite(frame[name])) for name in BOUNDS},
    )
    page.figure(
        dots(study, shown),
        name="few_clusters",
        alt=_("Dots of the overall effect under each test with the values it does not reject."),
        caption=_("Overall effect on {outcome}, tested with few units").format(
            outcome=_(study.outcome)
        ),
        data=shown,
        headings={
            "label": _("What is taken as independent"),
            "n": _("New entrants"),
            "units": _("Units that are groups of firms"),
            "estimate": _("Effect"),
            BOUNDS: _("Interval"),
            "mde": _("Smallest detectable effect"),
            "p_value": _("p"),
            "smallest_p": _("Smallest p possible"),
            "reason": _("Why there is no test"),
        },
        formats={
            "n": 0,
            "units": 0,
            "estimate": study.scale.effect,
            BOUNDS: study.scale.interval,
            "mde": study.scale.effect,
            "p_value": 3,
        },
    )


def _smallest(value: float) -> str:
    if np.isnan(value) or value == 0:
        return numbers.MISSING
    return numbers.number(value, 4)
