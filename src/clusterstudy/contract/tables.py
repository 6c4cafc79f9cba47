"""The tables of the contract, each a page about its data.

Money is in DKK thousand and current prices unless a column says otherwise. A study's folder holds
one file per table, named as the table (``firms.csv``, ``firms.parquet`` or ``firms.xlsx``).
Registers come late and incomplete: any table may be absent, and the notebooks say what is missing.
"""

from __future__ import annotations

from typing import Any

from clusterstudy.contract import vocabulary
from clusterstudy.contract.schema import Column, ForeignKey, Table

MONEY = "DKK thousand"
CLUSTER = ForeignKey(("cluster_id",), "clusters", ("cluster_id",))
FIRM = ForeignKey(("cvr",), "firms", ("cvr",))
PROJECT = ForeignKey(("project_id",), "projects", ("project_id",))

CLUSTER_ID = Column("cluster_id", "text", "The cluster organisation's short code.")
CVR = Column("cvr", "cvr", "The firm's CVR number.")
YEAR = Column("year", "year", "Calendar year.", low=1980, high=2100)


def amount(name: str, description: str, **options: Any) -> Column:
    """Return a column of money in DKK thousand."""
    return Column(name, "number", description, unit=MONEY, **options)


CLUSTERS = Table(
    name="clusters",
    row="A designated cluster organisation.",
    source="The board's designation decisions.",
    key=("cluster_id",),
    traps="Clusters are designated for a period; a new period is a new decision, not a new row. "
    "Their accounts are public and identifiable by design.",
    columns=(
        CLUSTER_ID,
        Column("name", "text", "Name of the cluster organisation."),
        Column("cvr", "cvr", "The organisation's own CVR number.", nullable=True),
        Column("field", "text", "Societal challenge or stronghold it was designated for."),
        Column("region", "text", "Region of the head office.", terms=vocabulary.REGION),
        Column("designated_from", "date", "First day of the designation."),
        Column("designated_to", "date", "Last day of the designation."),
        Column(
            "membership_fees_since",
            "year",
            "First year in which it charged a membership fee; empty where it never has.",
            nullable=True,
            low=1980,
            high=2100,
        ),
        Column(
            "trade_association_agreements",
            "integer",
            "Written cooperation agreements with trade associations.",
            unit="agreements",
            nullable=True,
            low=0,
        ),
        Column(
            "private_adviser_density",
            "number",
            "Established private advisers in the cluster's field.",
            unit="per 100 SMEs in the field",
            nullable=True,
            low=0,
        ),
        Column(
            "value_proposition_score",
            "number",
            "Clarity of the value proposition, by rubric: 0 none stated, 1 stated, 2 stated by "
            "target group, 3 priced and used in sales, 4 priced, used and confirmed by renewals.",
            unit="0-4",
            nullable=True,
            low=0,
            high=4,
        ),
    ),
)

FIRMS = Table(
    name="firms",
    row="A legal unit with a CVR number.",
    source="CVR, the central business register.",
    key=("cvr",),
    traps="A CVR number that vanishes is not always an exit: mergers, splits and changes of "
    "number are in firm_successions. Sole proprietors are personal data.",
    columns=(
        CVR,
        Column("founded", "date", "Day of registration; empty where unknown.", nullable=True),
        Column(
            "closed",
            "date",
            "Day of closure; empty while the firm is registered.",
            nullable=True,
            known_from="closed",
        ),
        Column("legal_form", "text", "Legal form (CVR code).", terms=vocabulary.LEGAL_FORM),
        Column("industry", "text", "Six-digit industry code, without dots."),
        Column(
            "industry_version",
            "text",
            "Version of the industry code.",
            terms=vocabulary.INDUSTRY_VERSION,
        ),
        Column("municipality", "text", "Municipality code.", unit="3-4 digits", nullable=True),
        Column("region", "text", "Region of the head office.", terms=vocabulary.REGION),
        Column(
            "group_id",
            "text",
            "Enterprise group (koncern) in the last year before the programme; empty where the "
            "firm stands alone or its group is not known.",
            nullable=True,
        ),
    ),
)

FIRM_SUCCESSIONS = Table(
    name="firm_successions",
    row="A CVR number that went on under another one.",
    source="CVR, the central business register.",
    key=("cvr", "successor"),
    period="date",
    lag_months=1,
    columns=(
        Column("cvr", "cvr", "The number that ended or split."),
        Column("successor", "cvr", "The number that carries on the activity."),
        Column("date", "date", "Day of the change."),
        Column("kind", "text", "What happened.", terms=vocabulary.SUCCESSION),
    ),
    foreign_keys=(
        FIRM,
        ForeignKey(("successor",), "firms", ("cvr",)),
    ),
)

FIRM_YEARS = Table(
    name="firm_years",
    row="A firm in a calendar year.",
    source="Statistics Denmark, business statistics registers (annual accounts and employment).",
    key=("cvr", "year"),
    period="year",
    lag_months=12,
    traps="Small companies often publish gross profit only, so turnover is missing by size and "
    "not at random. R&D comes from a sample. Amounts filed in DKK instead of DKK thousand happen.",
    columns=(
        CVR,
        YEAR,
        Column("fte", "number", "Employment.", unit="full-time equivalents", low=0, nullable=True),
        Column("headcount", "integer", "Employed persons.", unit="persons", low=0, nullable=True),
        amount("revenue", "Turnover.", nullable=True, low=0),
        amount("value_added", "Value added at factor cost.", nullable=True),
        amount("exports", "Exports of goods and services.", nullable=True, low=0),
        amount("wage_bill", "Wages and salaries.", nullable=True, low=0),
        amount("rnd_spend", "Spending on own R&D.", nullable=True, low=0),
        amount("equity", "Equity at year end.", nullable=True),
        amount("total_assets", "Total assets at year end.", nullable=True, low=0),
    ),
    foreign_keys=(FIRM,),
)

FIRM_MEASURES = Table(
    name="firm_measures",
    row="A measure of a firm in a year that no register column carries.",
    source="The study's own collection (for instance scrap rates or training hours).",
    key=("cvr", "year", "measure"),
    period="year",
    lag_months=12,
    columns=(
        CVR,
        YEAR,
        Column("measure", "text", "Name of the measure, as the impact model's expression uses it."),
        Column("value", "number", "Value, in the unit that the impact model names.", nullable=True),
    ),
    foreign_keys=(FIRM,),
)

PARTICIPATIONS = Table(
    name="participations",
    row="A firm's participation in an activity of a cluster on a day.",
    source="The cluster organisations' own registration.",
    key=("cvr", "cluster_id", "date", "activity_type"),
    period="date",
    lag_months=1,
    traps="Firms take part in several clusters; count firms, not rows. History before 2025 is "
    "needed to tell new entrants from incumbents.",
    columns=(
        CVR,
        CLUSTER_ID,
        Column("date", "date", "Day of the activity, or first day of a project."),
        Column("activity_type", "text", "Kind of activity.", terms=vocabulary.ACTIVITY),
        Column("hours", "number", "The firm's hours.", unit="hours", nullable=True, low=0),
        amount("cash_cofinancing", "The firm's co-financing in cash.", nullable=True, low=0),
        amount("in_kind_cofinancing", "The firm's co-financing in kind.", nullable=True, low=0),
    ),
    foreign_keys=(CLUSTER, FIRM),
)

MEMBERSHIPS = Table(
    name="memberships",
    row="A spell of paid membership of a cluster.",
    source="The cluster organisations' own registration.",
    key=("cvr", "cluster_id", "valid_from"),
    period="valid_from",
    lag_months=1,
    columns=(
        CVR,
        CLUSTER_ID,
        Column("valid_from", "date", "First day of the membership."),
        Column(
            "valid_to",
            "date",
            "Last day of the membership; empty while it runs.",
            nullable=True,
            known_from="valid_to",
        ),
        amount("fee", "Fee per year.", nullable=True, low=0),
    ),
    foreign_keys=(CLUSTER, FIRM),
)

OTHER_SUPPORT = Table(
    name="other_support",
    row="Public support to a firm from another programme than the cluster effort, in a year.",
    source="The programmes' own lists of grants (Innovation Fund Denmark, SMV:Digital, the Trade "
    "Council, the EU's funds), collected by the study.",
    key=("cvr", "programme", "year"),
    period="year",
    lag_months=6,
    traps="Lists are of what was granted and not of what was paid out, and small or de minimis "
    "support may not be on any. A firm on no list is taken to have had none: name in the study "
    "which lists were collected. Support after entry may itself follow from the cluster.",
    columns=(
        CVR,
        Column("programme", "text", "Programme.", terms=vocabulary.SUPPORT),
        YEAR,
        amount("amount", "Support granted for the year.", low=0),
    ),
    foreign_keys=(FIRM,),
)

PROGRAMME = Table(
    name="programme",
    row="The board's investment in the cluster effort in a year.",
    source="The board's decision (662 mio. kr. for 2025-28).",
    key=("year",),
    columns=(YEAR, amount("grant", "Grants to the designated cluster organisations.", low=0)),
)

CLUSTER_FINANCES = Table(
    name="cluster_finances",
    row="An income line of a cluster in a year and a scenario.",
    source="Designation documents, budgets and accounts of the cluster organisations.",
    key=("cluster_id", "year", "line", "scenario"),
    period="year",
    lag_months=6,
    planned=("scenario", ("plan_at_designation", "budget")),
    traps="In-kind co-financing is not cash and never counts as private cash income.",
    columns=(
        CLUSTER_ID,
        YEAR,
        Column("line", "text", "Income line.", terms=vocabulary.INCOME_LINE),
        Column("scenario", "text", "Plan, budget or actual.", terms=vocabulary.SCENARIO),
        amount("amount", "Income.", low=0),
    ),
    foreign_keys=(CLUSTER,),
)

SERVICE_SALES = Table(
    name="service_sales",
    row="A cluster's sale of a kind of service in a year.",
    source="The cluster organisations' own registration.",
    key=("cluster_id", "year", "service_type"),
    period="year",
    lag_months=6,
    columns=(
        CLUSTER_ID,
        YEAR,
        Column("service_type", "text", "Kind of service."),
        amount("revenue", "User payment received.", low=0),
        Column("buyers_sme", "integer", "Paying SMEs.", unit="firms", low=0),
        Column("buyers_large", "integer", "Paying large firms.", unit="firms", low=0),
        Column(
            "private_providers_in_market",
            "integer",
            "Private providers of the same service in the cluster's market.",
            unit="providers",
            nullable=True,
            low=0,
        ),
    ),
    foreign_keys=(CLUSTER,),
)

ANNUAL_ACCOUNTS = Table(
    name="annual_accounts",
    row="A cluster organisation's annual accounts.",
    source="The cluster organisations' audited annual accounts.",
    key=("cluster_id", "year"),
    period="year",
    lag_months=3,
    traps="Received on a rolling basis: a row without received_on is expected, not yet in. "
    "Associations may file outside the accounts act.",
    columns=(
        CLUSTER_ID,
        YEAR,
        *(
            amount(name, description, nullable=True, known_from="received_on")
            for name, description in (
                ("revenue", "Total income."),
                ("result", "Result of the year."),
                ("equity", "Equity at year end."),
                ("total_assets", "Total assets at year end."),
                ("current_assets", "Current assets at year end."),
                ("current_liabilities", "Short-term debt at year end."),
                ("cash", "Cash and bank at year end."),
            )
        ),
        Column(
            "auditor_opinion",
            "text",
            "The auditor's opinion.",
            nullable=True,
            terms=vocabulary.OPINION,
            known_from="received_on",
        ),
        Column(
            "approved_on",
            "date",
            "Day of approval by the general assembly.",
            nullable=True,
            known_from="received_on",
        ),
        Column(
            "received_on",
            "date",
            "Day the secretariat received the accounts.",
            nullable=True,
            known_from="received_on",
        ),
        Column(
            "reviewed_on",
            "date",
            "Day the secretariat signed off its review.",
            nullable=True,
            known_from="reviewed_on",
        ),
    ),
    foreign_keys=(CLUSTER,),
)

PROJECTS = Table(
    name="projects",
    row="A project of a cluster with a grant.",
    source="Project administration.",
    key=("project_id",),
    period="start",
    columns=(
        Column("project_id", "text", "The project's code."),
        CLUSTER_ID,
        Column("title", "text", "Title."),
        Column("start", "date", "First day."),
        Column("end", "date", "Last day planned."),
        amount("budget", "Total budget.", low=0),
        amount("grant", "Grant from the board.", low=0),
    ),
    foreign_keys=(CLUSTER,),
)

PROJECT_REPORTS = Table(
    name="project_reports",
    row="A project's report for a period.",
    source="Project administration.",
    key=("project_id", "period_end"),
    period="period_end",
    columns=(
        Column("project_id", "text", "The project's code."),
        Column("period_end", "date", "Last day of the reporting period."),
        Column("due", "date", "Day the report was due."),
        Column(
            "received",
            "date",
            "Day the report came in; empty while it has not.",
            nullable=True,
            known_from="received",
        ),
        amount("spent", "Spent in the period.", nullable=True, low=0, known_from="received"),
        amount("advance_paid", "Advance paid out in the period.", nullable=True, low=0),
        amount(
            "advance_settled",
            "Advance settled in the period.",
            nullable=True,
            low=0,
            known_from="received",
        ),
        Column(
            "milestones_planned",
            "integer",
            "Milestones planned so far.",
            unit="milestones",
            nullable=True,
            low=0,
        ),
        Column(
            "milestones_reached",
            "integer",
            "Milestones reached so far.",
            unit="milestones",
            nullable=True,
            low=0,
            known_from="received",
        ),
    ),
    foreign_keys=(PROJECT,),
)

SURVEY = Table(
    name="survey",
    row="An answer to an item of a survey wave.",
    source="The impact model's survey of participating SMEs.",
    key=("wave", "respondent_id", "item"),
    period="answered_on",
    lag_months=1,
    traps="Some three in ten answer, the satisfied and the project firms more often: weight, and "
    "never show participants' own reports in one chart with quasi-experimental effects.",
    columns=(
        Column("wave", "year", "Survey wave.", low=2020, high=2100),
        Column("respondent_id", "text", "Respondent."),
        Column("item", "text", "Item of the questionnaire."),
        Column("cvr", "cvr", "The respondent's firm.", nullable=True),
        CLUSTER_ID,
        Column("answered_on", "date", "Day of the answer."),
        Column("score", "number", "Score or number given.", nullable=True),
    ),
    foreign_keys=(CLUSTER, FIRM),
)

COLLABORATIONS = Table(
    name="collaborations",
    row="A collaboration between two actors, brought about by a cluster, in a year.",
    source="The cluster organisations' own registration.",
    traps="What was not registered is not seen. Actors are the same where their codes are; without "
    "CVR numbers nobody can tell which participants collaborate.",
    key=("cluster_id", "year", "actor_a", "actor_b"),
    period="year",
    lag_months=1,
    columns=(
        CLUSTER_ID,
        YEAR,
        Column("actor_a", "text", "First actor (code)."),
        Column("actor_b", "text", "Second actor (code)."),
        Column("actor_a_type", "text", "Kind of the first actor.", terms=vocabulary.ACTOR),
        Column("actor_b_type", "text", "Kind of the second actor.", terms=vocabulary.ACTOR),
        Column("cvr_a", "cvr", "CVR number of the first actor, where it is a firm.", nullable=True),
        Column("cvr_b", "cvr", "CVR number of the second actor, where it is one.", nullable=True),
        Column("kind", "text", "Kind of collaboration.", terms=vocabulary.COLLABORATION),
        Column(
            "outcome",
            "text",
            "What has come of it so far.",
            terms=vocabulary.COLLABORATION_OUTCOME,
        ),
    ),
    foreign_keys=(CLUSTER,),
)

DIALOGUE = Table(
    name="dialogue",
    row="A consideration raised about a cluster under a guidepost on a day.",
    source="The secretariat's dialogue log.",
    key=("cluster_id", "guidepost", "date", "consideration"),
    period="date",
    traps="Advisory, not legally binding: a position describes a balance and is never a score.",
    columns=(
        CLUSTER_ID,
        Column("guidepost", "text", "Guidepost.", terms=vocabulary.GUIDEPOST),
        Column("date", "date", "Day of the meeting."),
        Column("consideration", "text", "The consideration weighed."),
        Column(
            "position",
            "integer",
            "Where the balance lies, from -2 (first consideration) to +2 (second).",
            unit="-2 to +2",
            nullable=True,
            low=vocabulary.GUIDEPOST_POSITION[0],
            high=vocabulary.GUIDEPOST_POSITION[1],
            hard_bounds=True,
        ),
        Column("evidence", "text", "What it rests on.", nullable=True),
        Column("agreed_follow_up", "text", "The step agreed.", nullable=True),
        Column("due", "date", "Day the step is due.", nullable=True),
    ),
    foreign_keys=(CLUSTER,),
)

IMPACT_MODEL = Table(
    name="impact_model",
    row="A measure of the impact model, defined once for every cluster and wave.",
    source="The board's impact model; data/impact_model.csv unless the study brings its own.",
    key=("measure",),
    columns=(
        Column("measure", "text", "Short name, as parameters use it."),
        Column("label", "text", "Label in reports (English; Danish from the catalogue)."),
        Column("dimension", "text", "Outcome dimension.", terms=vocabulary.DIMENSION),
        Column("tier", "text", "Level of value.", terms=vocabulary.TIER),
        Column("definition", "text", "What is measured, in a sentence."),
        Column("source", "text", "Table of the contract it comes from."),
        Column(
            "expression",
            "text",
            "Formula in the source's columns; for firm_measures and survey the measure or item; "
            "for participations and collaborations a name in clusterstudy.measures.",
        ),
        Column("scale", "text", "Scale on which effects are estimated.", terms=vocabulary.SCALE),
        Column(
            "deflate",
            "text",
            "Whether the amounts are put in constant prices.",
            terms=vocabulary.YES_NO,
        ),
        Column("unit", "text", "Unit of the measure before scaling."),
        Column("direction", "text", "Which way is better.", terms=vocabulary.DIRECTION),
        Column("first_wave", "year", "First year or wave measured.", low=1980, high=2100),
    ),
)

PRICE_INDEX = Table(
    name="price_index",
    row="The value-added price index of an industry group in a year.",
    source="Statistics Denmark, national accounts.",
    key=("industry_group", "year"),
    period="year",
    lag_months=3,
    columns=(
        Column("industry_group", "text", "Industry group.", terms=vocabulary.INDUSTRY_GROUP),
        YEAR,
        Column("index", "number", "Price index.", unit="base year = 100", low=1, high=1000),
    ),
)

INDUSTRY_BRIDGE = Table(
    name="industry_bridge",
    row="An industry code of DB07 and one of DB25 that share firms.",
    source="Statistics Denmark, conversion from DB07 to DB25.",
    key=("old", "new"),
    traps="An old code may be divided: the largest share decides a firm's new code.",
    columns=(
        Column("old", "text", "Six-digit code in DB07, without dots."),
        Column("new", "text", "Six-digit code in DB25, without dots."),
        Column(
            "weight",
            "number",
            "Share of the old code's firms that have the new code.",
            unit="0-1",
            low=0,
            high=1,
            hard_bounds=True,
        ),
    ),
)

TABLES = {
    table.name: table
    for table in (
        CLUSTERS,
        FIRMS,
        FIRM_SUCCESSIONS,
        FIRM_YEARS,
        FIRM_MEASURES,
        PARTICIPATIONS,
        MEMBERSHIPS,
        OTHER_SUPPORT,
        PROGRAMME,
        CLUSTER_FINANCES,
        SERVICE_SALES,
        ANNUAL_ACCOUNTS,
        PROJECTS,
        PROJECT_REPORTS,
        SURVEY,
        COLLABORATIONS,
        DIALOGUE,
        IMPACT_MODEL,
        PRICE_INDEX,
        INDUSTRY_BRIDGE,
    )
}
