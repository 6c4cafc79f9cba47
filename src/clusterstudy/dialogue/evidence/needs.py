"""Evidence on guidepost a: firms' innovation needs and potential."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.dialogue.evidence.reading import (
    ACTIVITY,
    ANSWERS,
    FIRM_COUNT,
    PROJECTS,
    SCORE,
    SHARE,
    TIE,
    TIES,
    Measure,
    Reading,
    answers,
    hours,
    ties,
)
from clusterstudy.measures.ties import came_to, of_kind
from clusterstudy.report.language import later

DAYS_A_MONTH = 365.25 / 12


def project_months(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
    """Return the planned length of projects in months, weighted by their grants."""
    months = (rows["end"] - rows["start"]).dt.days / DAYS_A_MONTH
    granted = rows["grant"].sum()
    return Reading((months * rows["grant"]).sum() / granted if granted else np.nan, len(rows))


MEASURES = {
    "satisfaction": Measure(
        "survey", later("SMEs' satisfaction"), SCORE, ANSWERS, answers("satisfaction"), 1
    ),
    "hours_existing": Measure(
        ACTIVITY,
        later("Firms' hours at events and in knowledge transfer"),
        SHARE,
        FIRM_COUNT,
        hours("technology", "existing"),
    ),
    "hours_new": Measure(
        ACTIVITY,
        later("Firms' hours in innovation projects"),
        SHARE,
        FIRM_COUNT,
        hours("technology", "new"),
    ),
    "project_prototypes": Measure(
        TIE,
        later("Joint projects that have come to a prototype"),
        SHARE,
        TIES,
        ties(came_to("prototype"), among=of_kind("project")),
    ),
    "ties_on_market": Measure(
        TIE,
        later("Collaborations with a product on the market"),
        SHARE,
        TIES,
        ties(came_to("product_on_market")),
    ),
    "project_months": Measure(
        "projects",
        later("Planned length of projects, weighted by grant"),
        later("months"),
        PROJECTS,
        project_months,
        1,
    ),
    "projects_open": Measure(
        TIE,
        later("Joint projects without a result yet"),
        SHARE,
        TIES,
        ties(came_to("none"), among=of_kind("project")),
    ),
}
