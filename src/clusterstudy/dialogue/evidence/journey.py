"""Evidence on guidepost e: coherence for the end user."""

from __future__ import annotations

from clusterstudy.dialogue.evidence.reading import (
    ACTIVITY,
    ANSWERS,
    BUYERS,
    FIRM_COUNT,
    SALE,
    SHARE,
    TIE,
    TIES,
    Measure,
    answers,
    hours,
    sales,
    ties,
)
from clusterstudy.measures.ties import of_kind
from clusterstudy.report.language import later

MEASURES = {
    "days_to_offer": Measure(
        "survey",
        later("Days to the first fitting offer"),
        later("days"),
        ANSWERS,
        answers("days_to_offer"),
    ),
    "contacts_before_offer": Measure(
        "survey",
        later("Contacts before the first fitting offer"),
        later("contacts"),
        ANSWERS,
        answers("contacts_before_offer"),
        1,
    ),
    "ties_referral": Measure(
        TIE,
        later("Collaborations that are referrals"),
        SHARE,
        TIES,
        ties(of_kind("referral")),
    ),
    "hours_individual": Measure(
        ACTIVITY,
        later("Firms' hours in help to one firm at a time"),
        SHARE,
        FIRM_COUNT,
        hours("individual", "yes"),
    ),
    "sales_individual": Measure(
        SALE,
        later("User payment for help to one firm at a time"),
        SHARE,
        BUYERS,
        sales("individual", "yes"),
    ),
}
