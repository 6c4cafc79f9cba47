"""Evidence on guidepost d: the interplay with private advisers and trade associations.

Items of the survey that begin with ``partner_`` are answered by private advisers and trade
associations, without a CVR number; where nobody has asked them, they are not registered.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.dialogue.evidence.reading import (
    BUYERS,
    NOTHING,
    NUMBER,
    SALE,
    SCORE,
    SHARE,
    TIE,
    TIES,
    Measure,
    Reading,
    on_file,
    partners_answers,
    ties,
)
from clusterstudy.measures.observed import fewest
from clusterstudy.measures.ties import with_actor
from clusterstudy.report.language import later


def providers_met(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
    """Return the private providers behind a krone of user payment: their mean over services."""
    known = rows[rows["private_providers_in_market"].notna()]
    paid, paying = known["revenue"], known["buyers_sme"] + known["buyers_large"]
    met = (known["private_providers_in_market"] * paid).sum()
    value = met / paid.sum() if paid.sum() > 0 else np.nan
    return Reading(value, int(paying.sum()), fewest(*paying))


PARTNER_ANSWERS = later("answers of advisers and associations")

MEASURES = {
    "adviser_density": Measure(
        "clusters",
        later("Established private advisers in the field"),
        later("per 100 SMEs in the field"),
        NOTHING,
        on_file("private_adviser_density"),
        1,
    ),
    "ties_private": Measure(
        TIE,
        later("Collaborations with private advisers or trade associations"),
        SHARE,
        TIES,
        ties(with_actor("adviser", "association")),
    ),
    "association_agreements": Measure(
        "clusters",
        later("Agreements with trade associations"),
        NUMBER,
        NOTHING,
        on_file("trade_association_agreements"),
    ),
    "providers_met": Measure(
        SALE,
        later("Private providers of the same services, weighted by user payment"),
        NUMBER,
        BUYERS,
        providers_met,
        1,
    ),
    "partner_cocreation": Measure(
        "survey",
        later("Partners: we create more with the cluster than apart"),
        SCORE,
        PARTNER_ANSWERS,
        partners_answers("partner_cocreation"),
        1,
    ),
    "partner_competition": Measure(
        "survey",
        later("Partners: the cluster and we ask the same SMEs to pay"),
        SCORE,
        PARTNER_ANSWERS,
        partners_answers("partner_competition"),
        1,
    ),
}
