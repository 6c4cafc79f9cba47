"""Evidence on guidepost f: research turned into business."""

from __future__ import annotations

import numpy as np
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
    firms_in,
    sales,
    ties,
)
from clusterstudy.measures.ties import STAGES, came_to, with_actor
from clusterstudy.report.language import later


def by_year(ties: pd.DataFrame, min_firms: int) -> pd.DataFrame:
    """Return the share of collaborations with a knowledge institution, year by year.

    Parameters
    ----------
    ties
        The table ``collaborations``, of one cluster or of several.
    min_firms
        Fewest firms on either side of the share that is shown.

    Returns
    -------
    DataFrame with ``year``, ``n`` (collaborations) and ``value``, missing where too few firms.
    """
    inside = with_actor("knowledge_institution")(ties)
    rows = []
    for year, own in ties.groupby("year"):
        chosen = inside[own.index]
        few = any(0 < firms_in(part) < min_firms for part in (own[chosen], own[~chosen]))
        rows.append((year, len(own), np.nan if few else chosen.mean()))
    return pd.DataFrame(rows, columns=["year", "n", "value"])


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
        ties(came_to(*STAGES[1:]), among=with_actor("knowledge_institution")),
    ),
    "sales_research": Measure(
        SALE,
        later("User payment for services that knowledge institutions may offer too"),
        SHARE,
        BUYERS,
        sales("research", "yes"),
    ),
}
