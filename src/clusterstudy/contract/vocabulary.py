"""The coded values of the contract, each with its English label.

Danish labels come from the catalogue in :mod:`clusterstudy.report.language`.
"""

from __future__ import annotations

PROGRAMME = "programme"  # stands for all clusters where a cluster is named

ACTIVITY = {
    "event": "Event",
    "matchmaking": "Matchmaking",
    "advice": "Advice",
    "innovation_project": "Innovation project",
    "internationalisation": "Internationalisation",
    "knowledge_transfer": "Knowledge transfer",
}
DOSE = {  # from the least to the most intensive
    "light": "Light contact (activities)",
    "membership": "Membership",
    "project": "Innovation project",
}
SUPPORT = {
    "innobooster": "Innobooster",
    "grand_solutions": "Grand Solutions",
    "smv_digital": "SMV:Digital",
    "export": "Export support",
    "eu_funds": "EU funds",
    "other": "Other",
}
INCOME_LINE = {
    "operating_grant": "Operating grant",
    "project_grant": "Project grant",
    "membership_fees": "Membership fees",
    "donations_sponsorships": "Donations and sponsorships",
    "user_payment": "User payment",
    "cash_cofinancing": "Cash co-financing",
    "in_kind_cofinancing": "In-kind co-financing",
    "other": "Other",
}
GRANT_LINES = ("operating_grant", "project_grant")
PRIVATE_LINES = ("membership_fees", "donations_sponsorships", "user_payment", "cash_cofinancing")
IN_KIND = "in_kind_cofinancing"
SCENARIO = {
    "plan_at_designation": "Plan at designation",
    "budget": "Budget",
    "actual": "Actual",
}
OPINION = {
    "unqualified": "Unqualified",
    "emphasis": "Unqualified, with emphasis of matter",
    "qualified": "Qualified",
    "adverse": "Adverse",
    "disclaimer": "Disclaimer",
}
ACTOR = {
    "sme": "SME",
    "large": "Large firm",
    "knowledge_institution": "Knowledge institution",
    "association": "Trade association",
    "public": "Public body",
    "adviser": "Private adviser",
}
COLLABORATION = {
    "project": "Joint project",
    "agreement": "Agreement",
    "network": "Network",
    "referral": "Referral",
}
COLLABORATION_OUTCOME = {
    "none": "None yet",
    "prototype": "Prototype",
    "licence": "Licence or agreement",
    "product_on_market": "Product on the market",
}
GUIDEPOST = {
    "a": "Anchored in firms' innovation needs and potential",
    "b": "Focus on the core task",
    "c": "Economically sustainable clusters founded on private engagement",
    "d": "Interplay with private advisers and trade associations",
    "e": "Coherence and simplification for the end user",
    "f": "Commercialisation of research from knowledge institutions",
}
DIMENSION = {
    "societal_contribution": "Contribution to the societal challenge",
    "ecosystem": "Ecosystem building",
    "sme_benefit": "SMEs' benefit",
    "economic_sustainability": "Economic sustainability",
    "user_journey": "User journey",
    "research_commercialisation": "Commercialisation of research",
}
TIER = {"sme": "SMEs", "ecosystem": "Ecosystems", "society": "Society"}
SCALE = {
    "log": "Natural logarithm",
    "level": "Level",
    "share": "Share between 0 and 1",
}
DIRECTION = {"higher": "Higher is better", "lower": "Lower is better", "context": "Context"}
LEGAL_FORM = {
    "10": "Sole proprietorship",
    "30": "Partnership (I/S)",
    "60": "Public limited company (A/S)",
    "80": "Private limited company (ApS)",
    "110": "Association",
    "other": "Other",
}
SOLE_PROPRIETOR = "10"
INDUSTRY_VERSION = {"DB07": "Dansk Branchekode 2007", "DB25": "Dansk Branchekode 2025"}
REGION = {
    "hovedstaden": "Capital Region (until 2026)",
    "sjaelland": "Zealand (until 2026)",
    "oestdanmark": "Eastern Denmark (from 2027)",
    "syddanmark": "Southern Denmark",
    "midtjylland": "Central Denmark",
    "nordjylland": "North Denmark",
    "other": "Outside Denmark",
}
MERGED_REGION = {"hovedstaden": "oestdanmark", "sjaelland": "oestdanmark"}  # from 2027 on
INDUSTRY_GROUP = {
    "manufacturing": "Manufacturing",
    "construction": "Construction",
    "trade": "Trade",
    "it": "Information technology",
    "consulting": "Consulting and technical services",
    "other": "Other",
}
SUCCESSION = {"merger": "Merger", "split": "Split", "number_change": "Change of CVR number"}
GUIDEPOST_POSITION = (-2, 2)
YES_NO = {"yes": "Yes", "no": "No"}
