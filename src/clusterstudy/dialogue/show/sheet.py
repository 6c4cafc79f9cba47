"""The sheet itself: banner, the six guideposts with their evidence, steps and the log."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from clusterstudy.contract.vocabulary import GUIDEPOST_POSITION, PROGRAMME
from clusterstudy.dialogue import plots
from clusterstudy.dialogue.declaration import OFFERS_OF, STATUS, TECHNOLOGY
from clusterstudy.dialogue.evidence import FEW, MEASURES, NO_ROWS, NO_TABLE, SHOWN
from clusterstudy.dialogue.evidence.reading import SHARE
from clusterstudy.dialogue.services import QUESTIONS
from clusterstudy.report import numbers
from clusterstudy.report.fragments import blank_note
from clusterstudy.report.language import _, later
from clusterstudy.report.page import Page

Row = Mapping[Hashable, Any]

WHOLE = later("Both sides")
CORE = {"yes": later("inside"), "no": later("outside")}
ABSENT = {
    FEW: later("fewer than {least} firms, or in a part of it"),
    NO_ROWS: later("not registered"),
    NO_TABLE: later("table {source} missing"),
}
POSITIONS = dict(
    zip(
        range(GUIDEPOST_POSITION[0], GUIDEPOST_POSITION[1] + 1),
        (
            later("clearly the first"),
            later("rather the first"),
            later("both alike"),
            later("rather the second"),
            later("clearly the second"),
        ),
        strict=True,
    )
)


def banner(page: Page, guideposts: pd.DataFrame) -> None:
    """Show what a sheet is, and whether its guideposts are confirmed."""
    text = _(
        "Advisory, not legally binding. The guideposts are a common ground for dialogue; nothing "
        "on this sheet is a score, a verdict or a condition."
    )
    drafts = guideposts[guideposts["status"] == "draft"]
    if len(drafts):
        provisional = _("Provisional until the board confirms them: {letters}.")
        text += " " + provisional.format(letters=", ".join(drafts.index))
    page.callout("note", text)


def guideposts(page: Page, declared: pd.DataFrame) -> None:
    """Show the guideposts with status, version and day."""
    page.table(
        declared.reset_index().assign(
            heading=declared["heading"].map(_).to_numpy(),
            status=declared["status"].map(STATUS).map(_).to_numpy(),
        ),
        name="guideposts",
        caption=_("The guideposts and the version this sheet uses"),
        headings={
            "letter": _("Guidepost"),
            "heading": _("Heading"),
            "status": _("Status"),
            "version": _("Version"),
            "dated": _("Dated"),
        },
    )


def overview(page: Page, table: pd.DataFrame, names: Mapping[str, str]) -> None:
    """Show where the dialogue with each cluster stands, in the order of the codes."""
    page.table(
        table.assign(
            cluster=table["cluster_id"].map(names),
            guideposts=table["guideposts"].replace("", numbers.MISSING),
        ),
        name="overview",
        caption=_("Meetings, steps and questions, clusters in the order of their codes")
        if len(table) > 1
        else _("Meetings, steps and questions"),
        headings={
            "cluster_id": _("Code"),
            "cluster": _("Cluster"),
            "meetings": _("Meetings"),
            "latest": _("Latest meeting"),
            "passed": _("Agreed steps, day passed"),
            "ahead": _("Agreed steps, day ahead"),
            "guideposts": _("Open questions under"),
        },
    )


def guidepost(
    page: Page,
    letter: str,
    declared: pd.DataFrame,
    found: pd.DataFrame,
    opened: pd.DataFrame,
    min_firms: int,
) -> None:
    """Show one guidepost: its balances with their questions, and what the data say on both sides.

    Parameters
    ----------
    declared
        The balances.
    found
        Evidence, with ``cluster_id``: of one cluster, or of all, which then stand side by side.
    opened
        Questions that services open, of the same clusters.
    """
    one = found["cluster_id"].nunique() == 1
    balances = declared[declared["letter"] == letter].to_dict("records")
    questions = opened[opened["guidepost"] == letter].to_dict("records")
    lines = [*map(_balance, balances), *(_question(row, named=not one) for row in questions)]
    page.text("\n".join(f"- {line}" for line in lines))
    rows = found[found["guidepost"] == letter]
    texts = rows.assign(
        speaks=[_(text or WHOLE) for text in rows["consideration"]],
        label=rows["label"].map(_),
        unit=[_("%") if unit == SHARE else _(unit) for unit in rows["unit"]],
        figure=[_figure(row) for row in rows.to_dict("records")],
        bounds=[_bounds(row) for row in rows.to_dict("records")],
    )
    if one:
        _one_cluster(page, texts, min_firms)
    else:
        _all_clusters(page, texts, min_firms)


def together(
    page: Page,
    income: pd.DataFrame,
    services: pd.DataFrame,
    cluster: str,
    names: Mapping[str, str],
    min_firms: int,
) -> None:
    """Show guideposts c and d on one figure, and a cluster's services.

    Parameters
    ----------
    income
        As :func:`clusterstudy.dialogue.evidence.c_and_d` returns it.
    services
        As :func:`clusterstudy.dialogue.services.services` returns it; empty without the table.
    """
    own = services[services["cluster_id"] == cluster]
    own = own.assign(text=own["label"].map(_), placed=own["core"].map(CORE).map(_, "ignore"))
    if income.empty:
        page.callout(
            "missing", _("Private income and the density of private advisers are not both known.")
        )
    else:
        page.figure(
            plots.together(income, own, cluster),
            name="c_and_d",
            alt=_(
                "Dots: each cluster's share of private cash against the density of private "
                "advisers; for one cluster also bars of user payment by service with the number "
                "of private providers."
            ),
            caption=_("Private income and private providers: guideposts c and d together"),
            data=income.assign(cluster=income["cluster_id"].map(names)),
            headings={
                "cluster_id": _("Code"),
                "cluster": _("Cluster"),
                "share": _("Private cash in cash income"),
                "density": _("Private advisers per 100 SMEs"),
            },
            formats={"share": numbers.whole_percent, "density": 1},
        )
    if cluster == PROGRAMME or own.empty:
        return
    few = _("Blank, for fewer than {least} buyers stand behind, or the difference would tell: {n}.")
    blank = int(own["blank"].sum())
    page.table(
        own,
        name="services",
        caption=_("User payment by service, {year}").format(year=own["year"].iloc[0]),
        headings={
            "text": _("Service"),
            "revenue": _("User payment"),
            "share": _("Share of user payment"),
            "providers": _("Private providers of the same"),
            "placed": _("Core task, as declared"),
        },
        formats={"revenue": numbers.kroner, "share": numbers.whole_percent, "providers": 0},
        note=few.format(least=min_firms, n=blank) if blank else "",
    )


def steps(page: Page, agreed: pd.DataFrame, cluster: str, as_of: date) -> None:
    """Show the agreed steps by due day: of one cluster all, of the programme those ahead."""
    whole = cluster == PROGRAMME
    if whole:
        agreed = agreed[~agreed["passed"]].reset_index(drop=True)
    if agreed.empty:
        text = _("No agreed step is due after {day}.") if whole else _("No step has been agreed.")
        page.callout("note", text.format(day=numbers.date(as_of)))
        return
    page.table(
        agreed.assign(at=[_("passed") if is_so else _("ahead") for is_so in agreed["passed"]]),
        name="steps",
        caption=_("Agreed steps by due day, as of {day}").format(day=numbers.date(as_of)),
        headings={
            "due": _("Due"),
            **({"cluster_id": _("Code")} if whole else {}),
            "guidepost": _("Guidepost"),
            "step": _("Agreed step"),
            "agreed": _("Agreed on"),
            "at": _("Due day"),
        },
        note=_("In the words of the log. It does not say whether a step was taken."),
    )


def meetings(page: Page, held: pd.DataFrame, weighed: pd.DataFrame) -> None:
    """Show the meetings with one cluster, and where each balance lay at first and lately.

    Parameters
    ----------
    held, weighed
        As :func:`clusterstudy.dialogue.log.meetings` and
        :func:`clusterstudy.dialogue.log.courses` return them.
    """
    page.table(
        held,
        name="meetings",
        caption=_("Meetings, latest first"),
        headings={
            "date": _("Meeting"),
            "guideposts": _("Guideposts talked over"),
            "balances": _("Balances weighed"),
            "steps": _("Steps agreed"),
        },
    )
    lay = {name: weighed[name].map(POSITIONS).map(_) for name in ("first", "latest")}
    page.table(
        weighed.assign(**lay),
        name="balances",
        caption=_("Where the balances lay, at the first and the latest meeting that weighed them"),
        headings={
            "guidepost": _("Guidepost"),
            "consideration": _("Balance weighed"),
            "times": _("Times"),
            "first": _("At first"),
            "latest": _("Lately"),
            "date": _("Latest meeting"),
        },
        note=_("Where a balance lies is no score: both considerations are of equal standing."),
    )


def offers(page: Page, declared: pd.DataFrame) -> None:
    """Show how activities and services are declared."""
    shown = declared.reset_index()
    yes_no = ["core", "individual", "research"]
    page.table(
        shown.assign(
            kind=shown["table"].map(OFFERS_OF).map(_),
            label=shown["label"].map(_),
            technology=shown["technology"].map(TECHNOLOGY).map(_),
            **{column: shown[column] == "yes" for column in yes_no},
        ),
        name="offers",
        caption=_("Activities and services as declared"),
        headings={
            "label": _("Offer"),
            "kind": _("Kind"),
            "core": _("Core task"),
            "technology": _("Technology"),
            "individual": _("One firm at a time"),
            "research": _("Also knowledge institutions"),
        },
    )


def missing(page: Page, tables: Sequence[str]) -> None:
    """Say which tables the study lacks and what of the sheet is therefore not shown."""
    for table in tables:
        lost = [_(measure.label) for measure in MEASURES.values() if measure.source == table]
        page.callout(
            "missing",
            _("The study has no table {table}: {lost}.").format(
                table=table, lost="; ".join(lost or [_("meetings and agreed steps")])
            ),
        )


def _one_cluster(page: Page, rows: pd.DataFrame, min_firms: int) -> None:
    page.table(
        rows.assign(
            written=[_written(row) for row in rows.to_dict("records")],
            behind=[_behind(row, min_firms) for row in rows.to_dict("records")],
        ).reset_index(drop=True),
        name=f"evidence_{rows['guidepost'].iloc[0]}",
        caption=_("What the data say on both sides"),
        headings={
            "speaks": _("Consideration"),
            "label": _("Measure"),
            "written": _("Value, [95 % interval]"),
            "behind": _("Number behind"),
        },
        source=", ".join(rows["source"].unique()),
    )


def _all_clusters(page: Page, rows: pd.DataFrame, min_firms: int) -> None:
    kept = ["side", "speaks", "measure", "label", "unit"]
    wide = rows.pivot(index=kept, columns="cluster_id", values="figure")
    wide = wide.reindex(pd.MultiIndex.from_frame(rows[kept].drop_duplicates())).reset_index()
    codes = {str(code): str(code) for code in rows["cluster_id"].unique()}
    uncertain = _(
        "Answers and shares of collaborations are uncertain: intervals on each cluster's own sheet."
    )
    sampled = uncertain if rows["low"].notna().any() else ""
    page.table(
        wide.assign(text=[_line(row) for row in wide.to_dict("records")]),
        name=f"evidence_{rows['guidepost'].iloc[0]}",
        caption=_("What the data say on both sides, in the order of the clusters' codes"),
        headings={"text": _("Consideration: measure"), **codes},
        note=" ".join([sampled, blank_note(int((rows["status"] == FEW).sum()), min_firms)]).strip(),
        source=", ".join(rows["source"].unique()),
    )


def _balance(row: Row) -> str:
    return f"**{_(row['left'])} ↔ {_(row['right'])}.** {_(row['question'])}"


def _question(row: Row, *, named: bool) -> str:
    text = _(QUESTIONS[row["reason"]]).format(
        service=_(row["label"]),
        share=numbers.whole_percent(row["share"]),
        year=row["year"],
        providers=numbers.number(row["providers"]),
    )
    opens = _("The data open a question.")
    return f"**{row['cluster_id']}: {opens}** {text}" if named else f"**{opens}** {text}"


def _line(row: Row) -> str:
    unit = f" ({row['unit']})" if row["unit"] else ""
    side = "" if row["side"] == "both" else f"{row['speaks']}: "
    return f"{side}{row['label']}{unit}"


def _figure(row: Row) -> str:
    factor = 100 if row["unit"] == SHARE else 1
    return numbers.number(row["value"] * factor, row["digits"])


def _written(row: Row) -> str:
    if row["status"] != SHOWN:
        return numbers.MISSING
    value = f"{row['figure']}{numbers.NBSP}{row['unit']}" if row["unit"] else row["figure"]
    return f"{value} {row['bounds']}".strip()


def _bounds(row: Row) -> str:
    if pd.isna(row["low"]):
        return ""
    return numbers.interval(row["low"], row["high"], row["digits"], share=row["unit"] == SHARE)


def _behind(row: Row, min_firms: int) -> str:
    if row["status"] != SHOWN:
        return _(ABSENT[row["status"]]).format(least=min_firms, source=row["source"])
    count = f"{numbers.number(row['n'])} {_(row['counts'])}" if row["counts"] else ""
    return ", ".join(part for part in (count, row["period"]) if part)
