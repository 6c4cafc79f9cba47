"""Evidence on guidepost c: an economy founded on private engagement."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.contract.vocabulary import IN_KIND, PRIVATE_LINES
from clusterstudy.dialogue.evidence.reading import (
    BUYERS,
    NOTHING,
    NUMBER,
    SALE,
    SHARE,
    TIE,
    TIES,
    Measure,
    Read,
    Reading,
    ties,
)
from clusterstudy.measures.observed import fewest
from clusterstudy.measures.ties import FIRMS, with_actor
from clusterstudy.report.language import later


def buyers(size: str) -> Read:
    """Return the number of paying firms of a size, summed over services.

    Both sizes count as groups: one and the sum would tell the other.
    """

    def read(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
        count = {kind: int(rows[f"buyers_{kind}"].sum()) for kind in FIRMS}
        return Reading(count[size], count[size], fewest(*count.values()))

    return read


def income(*lines: str) -> Read:
    """Return lines' share of cash income; in-kind co-financing is no cash."""

    def read(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
        cash = rows[rows["line"] != IN_KIND]
        total = cash["amount"].sum()
        paid = cash.loc[cash["line"].isin(lines), "amount"].sum()
        return Reading(paid / total if total > 0 else np.nan, 1)

    return read


def _without_smes(rows: pd.DataFrame) -> pd.Series:
    return ~with_actor("sme")(rows)


MEASURES = {
    "private_share": Measure(
        "cluster_finances",
        later("Private cash in cash income"),
        SHARE,
        NOTHING,
        income(*PRIVATE_LINES),
    ),
    "fees_share": Measure(
        "cluster_finances",
        later("Membership fees in cash income"),
        SHARE,
        NOTHING,
        income("membership_fees"),
    ),
    "donations_share": Measure(
        "cluster_finances",
        later("Donations and sponsorships in cash income"),
        SHARE,
        NOTHING,
        income("donations_sponsorships"),
    ),
    "payment_share": Measure(
        "cluster_finances",
        later("User payment in cash income"),
        SHARE,
        NOTHING,
        income("user_payment"),
    ),
    "buyers_sme": Measure(SALE, later("Paying SMEs"), NUMBER, BUYERS, buyers("sme")),
    "ties_sme": Measure(
        TIE, later("Collaborations with an SME"), SHARE, TIES, ties(with_actor("sme"))
    ),
    "buyers_large": Measure(SALE, later("Paying large firms"), NUMBER, BUYERS, buyers("large")),
    "ties_large_own": Measure(
        TIE,
        later("Large firms' collaborations with others than SMEs"),
        SHARE,
        TIES,
        ties(_without_smes, among=with_actor("large")),
    ),
}
