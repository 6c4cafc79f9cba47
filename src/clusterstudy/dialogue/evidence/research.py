"""Evidence on guidepost f: research turned into business."""

from __future__ import annotations

import pandas as pd

from clusterstudy.dialogue.evidence.reading import (
    ANSWERS,
    BUYERS,
    SALE,
    SCORE,
    SHARE,
    TIE,
    TIES,
    Measure,
    answers,
    sales,
    ties,
    with_actor,
)
from clusterstudy.report.language import later


def _succeeded(rows: pd.DataFrame) -> pd.Series:
    return rows["outcome"] != "none"


MEASURES = {
    "research_use": Measure(
        "survey",
        later("Use of research-based knowledge"),
        SCORE,
        ANSWERS,
        answers("research_use"),
        1,
    ),
    "ties_knowledge": Measure(
        TIE,
        later("Collaborations with a knowledge institution"),
        SHARE,
        TIES,
        ties(with_actor("knowledge_institution")),
    ),
    "knowledge_results": Measure(
        TIE,
        later("Of these, with a prototype, a licence or a product on the market"),
        SHARE,
        TIES,
        ties(_succeeded, among=with_actor("knowledge_institution")),
    ),
    "sales_research": Measure(
        SALE,
        later("User payment for services that knowledge institutions may offer too"),
        SHARE,
        BUYERS,
        sales("research", "yes"),
    ),
}
