"""The report's page on what calls for attention: the watch list, its rules, and its record."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from clusterstudy.contract.vocabulary import OPINION
from clusterstudy.finance.record import ANY, TROUBLE
from clusterstudy.finance.show import Names, one
from clusterstudy.finance.watch import RULES
from clusterstudy.report import numbers
from clusterstudy.report.language import _
from clusterstudy.report.page import Page


def alerts(page: Page, frame: pd.DataFrame, names: Names) -> None:
    """Show the alerts, each with its figure, limit and reason."""
    if frame.empty:
        page.callout("note", _("No rule gives an alert."))
        return
    told = [
        {
            "cluster": names[row["cluster_id"]],
            "label": _(RULES[row["rule"]].label),
            "told_figure": WRITE[row["rule"]](row["figure"]),
            "told_limit": WRITE[row["rule"]](row["limit"]),
            "reason": _(RULES[row["rule"]].reason),
        }
        for row in frame.to_dict("records")
    ]
    page.table(
        frame.join(pd.DataFrame(told, index=frame.index)).reset_index(drop=True),
        name="alerts",
        caption=_("Watch list"),
        headings={
            "cluster": _("Cluster"),
            "label": _("Rule"),
            "told_figure": _("Value"),
            "told_limit": _("Limit"),
            "reason": _("Reason"),
        },
        note=_("An alert opens a conversation. It is no verdict."),
    )


def rules(page: Page, coverage: pd.DataFrame, signed_by: str, signed_on: str) -> None:
    """Show the rules with their limits, who set them, and how many clusters could be checked."""
    note = _("The limits are not signed off by anyone.")
    if signed_by and signed_on:
        told = _("The limits were signed off by {who} on {day}.")
        note = told.format(who=signed_by, day=numbers.date(signed_on))
    sides = {
        "above": _("above {limit}"),
        "below": _("below {limit}"),
        "other": _("other than: {limit}"),
    }
    page.table(
        coverage.assign(
            label=[_(RULES[rule].label) for rule in coverage["rule"]],
            told=[
                sides[RULES[rule].side].format(limit=WRITE[rule](limit))
                for rule, limit in zip(coverage["rule"], coverage["limit"], strict=True)
            ],
        ),
        name="rules",
        caption=_("The rules, and how many clusters could be checked"),
        headings={
            "label": _("Rule"),
            "told": _("Alert"),
            "checked": _("Checked"),
            "alerts": _("Alerts"),
        },
        note=note,
    )


def record(page: Page, past: pd.DataFrame, names: Names) -> None:
    """Show the alerts that the rules would have given at earlier year-ends, and what followed."""
    if past.empty:
        page.callout("note", _("No rule would have given an alert here at an earlier year-end."))
        return
    page.table(
        past.assign(
            cluster=past["cluster_id"].map(names),
            when=past["year"].astype(str),
            told=[", ".join(_(RULES[rule].label) for rule in rules) for rules in past["rules"]],
            sequel=[
                _("not known yet")
                if pd.isna(followed)
                else ", ".join(_(TROUBLE[kind]) for kind in kinds.split()) or _("none of it")
                for followed, kinds in zip(past["followed"], past["trouble"], strict=True)
            ],
        ).drop(columns="rules"),
        name="past_alerts",
        caption=_("Past alerts, and what followed"),
        headings={
            "cluster": _("Cluster"),
            "when": _("At the end of"),
            "told": _("Alerts"),
            "sequel": _("What followed"),
        },
    )


def reliability(page: Page, rates: pd.DataFrame, level: float, years: int) -> None:
    """Show how often trouble followed an alert, and how often it came without one."""
    if not rates["judged"].any():
        page.callout(
            "missing", _("No earlier check can be judged yet: what followed is not known.")
        )
        return
    labels = {rule: _(each.label) for rule, each in RULES.items()} | {ANY: _("Any of the rules")}
    note = _(
        "Exact {level} intervals (Clopper\u2013Pearson), too narrow, for years of one cluster are "
        "not independent. Years after the check that count: {years}."
    )
    page.table(
        rates.assign(label=rates["rule"].map(labels)),
        name="reliability",
        caption=_("How often trouble followed, with an alert and without, years of all clusters"),
        headings={
            "label": _("Rule"),
            "judged": _("Judged"),
            "alerts": _("Alerts"),
            "hits": _("Trouble followed"),
            "hit_rate": _("Hit rate"),
            ("hit_low", "hit_high"): _("Interval"),
            "missed": _("Trouble without alert"),
            "miss_rate": _("Of those without alert"),
            ("miss_low", "miss_high"): _("Interval"),
        },
        formats={
            "hit_rate": numbers.whole_percent,
            "miss_rate": numbers.whole_percent,
            ("hit_low", "hit_high"): numbers.whole_percent_interval,
            ("miss_low", "miss_high"): numbers.whole_percent_interval,
        },
        note=note.format(level=numbers.whole_percent(level), years=years),
    )


def _opinion(place: float) -> str:
    return _(list(OPINION.values())[int(place)])


WRITE: dict[str, Callable[[float], str]] = {
    "shortfall": numbers.percent,
    "equity_ratio": numbers.percent,
    "current_ratio": one,
    "liquidity_months": one,
    "opinion": _opinion,
    "accounts_late": numbers.number,
    "exposure": numbers.percent,
    "reports_late": numbers.number,
    "exhaustion": numbers.whole_percent,
}
