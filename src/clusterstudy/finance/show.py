"""The sustainability report's page on what has been: income, accounts, advances, projects.

What lies ahead is shown by :mod:`clusterstudy.finance.ahead`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pandas as pd

from clusterstudy.contract.vocabulary import IN_KIND, INCOME_LINE, OPINION, PROGRAMME
from clusterstudy.finance import plots
from clusterstudy.finance.accounts import STATUS
from clusterstudy.finance.income import ACTUAL, PLAN, PRIVATE
from clusterstudy.report import numbers
from clusterstudy.report.language import _, later
from clusterstudy.report.page import Page

Names = Mapping[str, str]
RATIO_LABELS = {
    "equity_ratio": later("Equity ratio"),
    "current_ratio": later("Current ratio"),
    "liquidity_months": later("Months of own cash"),
}
SUM_LABELS = {"private_cash": later("Private cash in all")}


def income(page: Page, course: pd.DataFrame, gap: pd.DataFrame, cluster: str) -> None:
    """Show income by line against plan: its course and the latest year, for one or for all."""
    part = gap[gap["cluster_id"] == cluster] if len(gap) else gap
    if part.empty:
        page.callout(
            "missing", _("No plan at designation with actual income beside it: nothing to compare.")
        )
        return
    labels = {line: _(label) for line, label in {**INCOME_LINE, **SUM_LABELS}.items()}
    page.figure(
        plots.course(course, labels),
        name="income_course",
        alt=_("Lines over the years of actual income and the plan, a panel per line."),
        caption=_("Private income by line, plan and actual, current prices"),
        data=_long(course, labels),
        headings={
            "label": _("Income line"),
            "year": _("Year"),
            "told_actual": _("Actual"),
            "told_plan": _("Plan at designation"),
        },
        note=_("Amounts in DKK million. In-kind is not cash and not part of the share."),
    )
    year, target_year = int(part["year"].iloc[0]), int(part["target_year"].iloc[0])
    page.table(
        part.assign(label=part["line"].map(labels)).reset_index(drop=True),
        name="income_gap",
        caption=_("Private income in {year} against the plan, DKK million").format(year=year),
        headings={
            "label": _("Income line"),
            "plan": _("Plan"),
            "actual": _("Actual"),
            "gap": _("Actual less plan"),
            "of_plan": _("Actual of plan"),
            "growth": _("Growth a year so far"),
            "target": _("Plan for {year}").format(year=target_year),
            "required": _("Growth a year required"),
        },
        formats={
            **dict.fromkeys(["plan", "actual", "target"], _millions),
            "gap": fine_millions,
            **dict.fromkeys(["of_plan", "growth", "required"], numbers.percent),
        },
        note=_("In-kind co-financing stands apart: it is not part of the sum."),
    )


def shares(page: Page, frame: pd.DataFrame, names: Names, no_plan: list[str]) -> None:
    """Show the private share against plan by cluster, with the kroner beside it."""
    if len(frame):
        rows = [names[cluster] for cluster in frame["cluster_id"]]
        page.figure(
            plots.shares(frame, rows),
            name="shares",
            alt=_("Dots of the private share of cash income, actual and planned, by cluster."),
            caption=_("Private share of cash income, {year}").format(year=frame["year"].iloc[0]),
            data=frame.assign(cluster=rows),
            headings={
                "cluster": _("Cluster"),
                "share": _("Share"),
                "planned_share": _("Share planned"),
                "difference": _("Difference"),
                "private_cash": _("Private cash"),
                "planned_cash": _("Private cash planned"),
                "gap": _("Actual less plan"),
            },
            formats={
                "share": numbers.percent,
                "planned_share": numbers.percent,
                "difference": numbers.points,
                **dict.fromkeys(["private_cash", "planned_cash"], _millions),
                "gap": fine_millions,
            },
            note=_("Amounts in DKK million. A share rises also when grants fall."),
        )
    if no_plan:
        told = _("No plan at designation, so not compared and not in the sums: {clusters}.")
        page.callout("missing", told.format(clusters=listed(no_plan, names)))


def payers(page: Page, frame: pd.DataFrame, names: Names, year: int) -> None:
    """Show between which bounds the share of each cluster's three largest payers lies."""
    if not len(frame):
        page.callout("missing", _("Which firms paid is not known."))
        return
    page.table(
        frame.assign(cluster=frame["cluster_id"].map(names)),
        name="payers",
        caption=_("The three largest payers' share of fees and cash co-financing, {year}").format(
            year=year
        ),
        headings={
            "cluster": _("Cluster"),
            "payers": _("Paying firms"),
            ("low", "high"): _("Share of the three largest"),
        },
        formats={"payers": 0, ("low", "high"): _between},
        note=_("In quarters, so that no firm's payment can be told. Blank: too few firms pay."),
    )


def tracker(page: Page, frame: pd.DataFrame, names: Names) -> None:
    """Show the accounts of the latest year that any came in for, and what is open from before."""
    handled = frame[frame["status"] != "due"]
    year = handled["year"].max() if len(handled) else frame["year"].max()
    shown = frame[(frame["year"] == year) | ~frame["status"].isin(["due", "reviewed"])]
    shown = shown[shown["year"] <= year]
    page.table(
        shown.assign(
            cluster=shown["cluster_id"].map(names),
            told=[
                _("{what} ({days} days)").format(what=_(STATUS[status]), days=numbers.number(days))
                if days
                else _(STATUS[status])
                for status, days in zip(shown["status"], shown["days_late"], strict=True)
            ],
        ).reset_index(drop=True),
        name="accounts_tracker",
        caption=_("Annual accounts: due, received, reviewed"),
        headings={
            "cluster": _("Cluster"),
            "year": _("Year"),
            "due": _("Due"),
            "received_on": _("Received"),
            "reviewed_on": _("Reviewed"),
            "told": _("Status (days late)"),
        },
    )


def ratios(page: Page, frame: pd.DataFrame, names: Names) -> None:
    """Show the ratios of each cluster's latest accounts, and those of the year before."""
    if frame.empty:
        page.callout("missing", _("No annual accounts with figures have been received."))
        return
    rows = [names[cluster] for cluster in frame["cluster_id"]]
    labels = {ratio: _(label) for ratio, label in RATIO_LABELS.items()}
    opinion = {key: _(label) for key, label in OPINION.items()}
    shown = frame.assign(cluster=rows, opinion=frame["auditor_opinion"].map(opinion))
    page.table(
        shown,
        name="accounts",
        caption=_("Latest annual accounts, amounts in DKK million"),
        headings={
            "cluster": _("Cluster"),
            "year": _("Year"),
            "result": _("Result"),
            "equity": _("Equity"),
            "own_cash": _("Own cash"),
            "opinion": _("Auditor's opinion"),
        },
        formats=dict.fromkeys(["result", "equity", "own_cash"], fine_millions),
        note=_negative(frame, names),
    )
    page.figure(
        plots.ratios(frame, rows, labels),
        name="ratios",
        alt=_("Dots of three ratios by cluster, the latest accounts and those of the year before."),
        caption=_("Equity ratio, current ratio and months of own cash"),
        data=shown,
        headings={
            "cluster": _("Cluster"),
            "year": _("Year"),
            **{(f"{ratio}_before", ratio): label for ratio, label in labels.items()},
        },
        formats={
            (f"{ratio}_before", ratio): _percent_change if ratio == "equity_ratio" else _change
            for ratio in labels
        },
        note=_("From the year before to the latest accounts."),
    )


def trend(page: Page, frame: pd.DataFrame, names: Names) -> None:
    """Show the ratios of all accounts received, year by year.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.finance.accounts.ratios` returns it.
    """
    if frame.empty:
        return
    rows = [
        {
            "cluster": names[str(cluster)],
            "years": _arrows(part["year"], str),
            **{
                ratio: _arrows(part[ratio], numbers.whole_percent if share else one)
                for ratio, share in zip(RATIO_LABELS, (True, False, False), strict=True)
            },
        }
        for cluster, part in frame.groupby("cluster_id")
    ]
    page.table(
        pd.DataFrame(rows),
        name="trend",
        caption=_("The ratios from the first accounts received to the latest"),
        headings={
            "cluster": _("Cluster"),
            "years": _("Years"),
            **{ratio: _(label) for ratio, label in RATIO_LABELS.items()},
        },
    )


def exposure(page: Page, frame: pd.DataFrame, names: Names, more: float) -> None:
    """Show how exposed clusters are by advances, today and with larger ones."""
    if frame.empty:
        page.callout("missing", _("Exposure needs annual accounts, and none have been received."))
        return
    undefined = list(frame.loc[frame["exposure"].isna(), "cluster_id"])
    told = _("Equity and confirmed income are not positive, so no exposure: {clusters}.")
    page.table(
        frame.assign(cluster=frame["cluster_id"].map(names)).reset_index(drop=True),
        name="exposure",
        caption=_("Advances: exposure, and what a larger advance would do"),
        headings={
            "cluster": _("Cluster"),
            "unsettled": _("Unsettled, DKK million"),
            "overdue_settlement": _("Of this overdue"),
            "cover": _("Equity and confirmed income"),
            ("exposure", "exposure_larger"): _("Exposure"),
            ("gross_months", "gross_months_larger"): _("Months of all cash"),
            ("current_ratio", "current_ratio_larger"): _("Current ratio"),
        },
        formats={
            **dict.fromkeys(["unsettled", "overdue_settlement", "cover"], fine_millions),
            ("exposure", "exposure_larger"): _percent_change,
            ("gross_months", "gross_months_larger"): _change,
            ("current_ratio", "current_ratio_larger"): _change,
        },
        note=" ".join(
            [
                _(
                    "After the arrow: advances larger by {share} of running projects' grants."
                ).format(share=numbers.percent(more, 0)),
                *([told.format(clusters=listed(undefined, names))] if undefined else []),
            ]
        ),
    )


def ledger(page: Page, frame: pd.DataFrame, names: Names, cluster: str) -> None:
    """Show the ledger of advances: a cluster's that are not settled, of all only the overdue."""
    if frame.empty:
        page.callout("missing", _("No projects are known."))
        return
    open_ = frame[frame["unsettled"] > 0]
    overdue = open_["overdue_settlement"] > 0
    shown = open_[overdue] if cluster == PROGRAMME else open_
    shown = shown.sort_values(["overdue_settlement", "project_id"], ascending=[False, True])
    note = _("Projects with an advance not settled: {n}; of these overdue: {overdue}.")
    page.table(
        shown.assign(
            cluster=shown["cluster_id"].map(names), code=_unbroken(shown["project_id"])
        ).reset_index(drop=True),
        name="ledger",
        caption=_("Advances not settled, by project, amounts in DKK million"),
        headings={
            "code": _("Project"),
            "cluster": _("Cluster"),
            "grant": _("Grant"),
            "paid": _("Paid in advance"),
            "settled": _("Settled"),
            "unsettled": _("Unsettled"),
            "overdue_settlement": _("Of this overdue"),
            "days_overdue": _("Days overdue"),
        },
        formats={
            **dict.fromkeys(
                ["grant", "paid", "settled", "unsettled", "overdue_settlement"], fine_millions
            ),
            "days_overdue": 0,
        },
        note=note.format(n=numbers.number(len(open_)), overdue=numbers.number(overdue.sum())),
    )


def reporting(page: Page, frame: pd.DataFrame, projects: int) -> None:
    """Show the projects to look at, and how many there are of all."""
    if not projects:
        page.callout("missing", _("No projects are known."))
        return
    reasons = {
        "is_overdue": _("report overdue, days: {days}"),
        "is_off_plan": _("spending off plan"),
        "is_behind": _("milestones behind"),
    }
    why = [
        ", ".join(
            text.format(days=numbers.number(row["days_overdue"]))
            for column, text in reasons.items()
            if row[column]
        )
        for row in frame.to_dict("records")
    ]
    page.table(
        frame.assign(
            why=pd.Series(why, frame.index, dtype="str"), code=_unbroken(frame["project_id"])
        ),
        name="exceptions",
        caption=_("Projects to look at"),
        headings={
            "code": _("Project"),
            "title": _("Title"),
            "why": _("Reason"),
            "reported_to": _("Reported to"),
            "spend_gap": _("Spent less even plan, of budget"),
            "milestones": _("Milestones reached"),
        },
        formats={"spend_gap": numbers.points, "milestones": numbers.whole_percent},
        note=_("{n} of {all} projects; the others run by the usual procedures.").format(
            n=numbers.number(len(frame)), all=numbers.number(projects)
        ),
    )


def _long(course: pd.DataFrame, labels: Names) -> pd.DataFrame:
    """Return a row per panel and year of the figure of income, with plan and actual as text."""
    panels = {"private_share": _("Private share of cash income")}
    panels |= {line: labels[line] for line in [*PRIVATE, IN_KIND]}
    long = course.melt(["scenario", "year"], list(panels), var_name="line")
    wide = long.pivot(index=["line", "year"], columns="scenario", values="value")
    wide = wide.reindex(list(panels), level="line").reindex(columns=[ACTUAL, PLAN])
    frame = wide.set_axis(["actual", "plan"], axis="columns").reset_index()
    told = {
        f"told_{name}": [
            numbers.percent(value) if line == "private_share" else _millions(value)
            for line, value in zip(frame["line"], frame[name], strict=True)
        ]
        for name in ("actual", "plan")
    }
    return frame.assign(label=frame["line"].map(panels), **told)


def _unbroken(codes: pd.Series) -> pd.Series:
    return codes.str.replace("-", "\u2011")


def listed(codes: list[str], names: Names) -> str:
    """Return the clusters' names in a row."""
    return ", ".join(names[code] for code in codes)


def _negative(frame: pd.DataFrame, names: Names) -> str:
    owing = list(frame.loc[frame["equity"] < 0, "cluster_id"])
    told = _("Negative equity, debt exceeds assets: {clusters}.")
    return told.format(clusters=listed(owing, names)) if owing else ""


def _millions(thousand: float) -> str:
    return numbers.number(thousand / 1000, 1)


def fine_millions(thousand: float) -> str:
    """Return DKK thousand in millions, to ten thousand."""
    return numbers.number(thousand / 1000, 2)


def _between(low: float, high: float) -> str:
    if pd.isna(low):
        return numbers.MISSING
    return _("{low} to {high}").format(
        low=numbers.percent(low, 0, unit=False), high=numbers.whole_percent(high)
    )


def _arrows(values: Iterable[float], write: Callable[[float], str]) -> str:
    return " → ".join(write(value) for value in values)


def one(value: float) -> str:
    """Return a number with one decimal."""
    return numbers.number(value, 1)


def _change(before: float, after: float) -> str:
    return _arrows((before, after), one)


def _percent_change(before: float, after: float) -> str:
    return f"{numbers.percent(before, 0, unit=False)} → {numbers.percent(after, 0)}"
