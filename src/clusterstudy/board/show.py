"""The board report's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clusterstudy.board.changes import Earlier
from clusterstudy.board.effects import Finding, Heterogeneity
from clusterstudy.board.inputs import STATUS
from clusterstudy.contract.vocabulary import DIMENSION
from clusterstudy.disclosure.cells import rounded
from clusterstudy.finance.ahead import span
from clusterstudy.finance.record import ANY
from clusterstudy.finance.show import fine_millions
from clusterstudy.finance.watch import RULES
from clusterstudy.impact.design import CONDITIONS
from clusterstudy.impact.show.words import ADJUSTED, tests
from clusterstudy.report import numbers
from clusterstudy.report.fragments import rounded_note
from clusterstudy.report.language import _
from clusterstudy.report.page import Page
from clusterstudy.report.plots import intervals
from clusterstudy.report.scales import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BOUNDS = ("low", "high")
WHEN = ("then", "now")


def ledger(page: Page, table: pd.DataFrame) -> None:
    """Show the investment by year with its total, and whether the plans add up to it."""
    total = table.sum(min_count=1).to_frame().T.assign(label=_("In all"))
    years = table.reset_index().assign(label=[f"{year}" for year in table.index])
    page.table(
        pd.concat([years, total], ignore_index=True)[["label", "decided", "planned", "paid"]],
        name="ledger",
        caption=_("The investment in the clusters, grants by year"),
        headings={
            "label": _("Year"),
            "decided": _("Decided by the board"),
            "planned": _("Planned for the clusters"),
            "paid": _("Paid out, as far as accounts are in"),
        },
        formats=dict.fromkeys(["decided", "planned", "paid"], numbers.kroner),
    )
    decided, planned = table["decided"].sum(), table["planned"].sum()
    if abs(decided - planned) < 1:
        told = _("The clusters' grants add up to the {amount} that the board decided.")
        page.callout("note", told.format(amount=numbers.kroner(decided, 0)))
    else:
        told = _("The clusters' grants and the board's decision differ by {amount}.")
        page.callout("caution", told.format(amount=numbers.kroner(planned - decided)))


def effects(
    page: Page,
    found: Mapping[str, Finding],
    table: pd.DataFrame,
    level: float,
    min_firms: int,
) -> None:
    """Show the effect on each outcome, what could have been found, and how to read it."""
    table = table.assign(n=rounded(table["n"], min_firms))
    scales = {name: each.study.scale for name, each in found.items()}
    shown = table.assign(
        label=[_(found[name].study.outcome) for name in table["outcome"]],
        **{
            f"{figure}_text": [
                scales[name].effect(value) if np.isfinite(value) else numbers.MISSING
                for name, value in zip(table["outcome"], table[figure], strict=True)
            ]
            for figure in ("estimate", "mde")
        },
        interval_text=[
            scales[name].interval(low, high)
            for name, low, high in zip(table["outcome"], table["low"], table["high"], strict=True)
        ],
        reading=[
            _reading(p, level, found[name])
            for name, p in zip(table["outcome"], table["p_adjusted"], strict=True)
        ],
    )
    page.table(
        shown,
        name="effects",
        caption=_("Average effect on participating SMEs from the year of entry on"),
        headings={
            "label": _("Outcome"),
            "n": _("New entrants"),
            "estimate_text": _("Effect"),
            "interval_text": _("Interval"),
            "mde_text": _("Smallest detectable effect"),
            **tests(),
            "breakdown": _("M̄"),
            "reading": _("Reading"),
        },
        formats={"n": 0, **dict.fromkeys(ADJUSTED, 3), "breakdown": _magnitude},
        note=_(
            "{level} intervals, each by itself. The reading rests on p, adjusted for the number of"
            " outcomes in the dimension (Romano & Wolf); q is the false discovery rate among all"
            " outcomes here (Benjamini & Hochberg). Dimensions: {dimensions}."
        ).format(level=numbers.percent(level, 0), dimensions=_dimensions(shown))
        + " "
        + rounded_note(min_firms),
    )
    drawn = [name for name in table["outcome"] if scales[name].kind == "log"]
    part = shown[shown["outcome"].isin(drawn) & shown["estimate"].notna()]
    if len(part):
        page.figure(
            _effects(part),
            name="effects_drawn",
            alt=_("Dots of the effect by outcome with intervals and a line at zero."),
            caption=_("Effect in percent, by outcome"),
            data=part[["label", "n", "estimate", "low", "high", "mde"]],
            headings={
                "label": _("Outcome"),
                "n": _("New entrants"),
                "estimate": _("Effect (log points)"),
                BOUNDS: _("Interval"),
                "mde": _("Smallest detectable effect"),
            },
            formats={"estimate": 3, BOUNDS: _three, "mde": 3},
        )


def differences(page: Page, found: Heterogeneity | None) -> None:
    """Say whether the clusters' effects differ by more than chance."""
    if found is None:
        page.callout("missing", _("Fewer than two clusters carry an estimate of their own."))
        return
    told = _(
        "{k} clusters carry an estimate of their own. Test that their effects are equal: p = {p}."
    ).format(k=found.clusters, p=numbers.number(found.p_value, 3))
    if found.spread:
        between = _("Standard deviation between clusters: {spread} {interval} log points.")
        told += " " + between.format(
            spread=numbers.number(found.spread["estimate"], 3),
            interval=_three(found.spread["low"], found.spread["high"]),
        )
    page.callout("note", told)


def costs(page: Page, costs: pd.DataFrame, grants: float, year: int) -> None:
    """Show what effects add up to and the grants per unit, as far as they are bounded.

    Parameters
    ----------
    costs
        A row per outcome: ``label``, ``unit`` and what :func:`.effects.cost` returns.
    grants, year
        Paid out, DKK thousand, until the end of which year.
    """
    shown = costs.assign(
        label=costs["label"].map(_),
        unit=costs["unit"].map(_),
        cost_text=[numbers.kroner(value) for value in costs["cost"]],
        range_text=[
            _range(low, high)
            for low, high in zip(costs["cost_low"], costs["cost_high"], strict=True)
        ],
    )
    page.table(
        shown,
        name="costs",
        caption=_("Grants per unit of effect"),
        headings={
            "label": _("Outcome"),
            "unit": _("Unit, summed over years"),
            "added": _("Added"),
            ("added_low", "added_high"): _("Interval"),
            "cost_text": _("Grants per unit"),
            "range_text": _("Interval of the grants per unit"),
        },
        formats={"added": 0, ("added_low", "added_high"): numbers.whole_interval},
        note=_("Grants paid out until {year}: {amount}.").format(
            year=year, amount=numbers.kroner(grants)
        ),
    )


def economy(page: Page, frame: pd.DataFrame, names: Mapping[str, str]) -> None:
    """Show each cluster's economy and its alerts, in the order of the codes."""
    page.table(
        frame.assign(
            cluster=frame["cluster_id"].map(names),
            ends=[
                _span(*row)
                for row in zip(frame["simulated"], frame["low"], frame["high"], strict=True)
            ],
            alerts=[_ruled(rules.split()) for rules in frame["rules"]],
        ),
        name="economy",
        caption=_("The clusters' economy, and what calls for attention"),
        headings={
            "cluster": _("Cluster"),
            "of_plan": _("Private cash of plan"),
            "gap": _("Difference, DKK million"),
            "liquidity_months": _("Months of own cash"),
            "ends": _("Own cash runs out, as planned"),
            "alerts": _("Alerts"),
        },
        formats={"of_plan": numbers.whole_percent, "gap": fine_millions, "liquidity_months": 1},
        note=_(
            "In the order of the clusters' codes: no ranking. An alert opens a conversation; it is"
            " no verdict. The economy report holds figures, limits and reasons."
        ),
    )


def reliability(page: Page, rates: pd.DataFrame, level: float) -> None:
    """Say how often trouble has followed an alert of the watch list, and how often without one."""
    any_rule = rates.set_index("rule").loc[ANY]
    if not any_rule["judged"]:
        page.callout("missing", _("How often the watch list errs is not known yet."))
        return
    hits, missed = (
        _("{k} of {n} ({bounds} %)").format(
            k=numbers.number(any_rule[k]),
            n=numbers.number(any_rule[n]),
            bounds=numbers.interval(any_rule[low], any_rule[high], 0, share=True),
        )
        for k, n, low, high in (
            ("hits", "alerts", "hit_low", "hit_high"),
            ("missed", "quiet", "miss_low", "miss_high"),
        )
    )
    told = _(
        "How often the watch list erred: at earlier year-ends, trouble followed with an"
        " alert after {hits} checks, without one after {missed}; exact {level} intervals. "
        "Cluster-years are few."
    )
    page.callout("note", told.format(hits=hits, missed=missed, level=numbers.whole_percent(level)))


def inputs(page: Page, log: pd.DataFrame) -> None:
    """Show the input given at earlier meetings and what became of it."""
    if log.empty:
        page.callout("note", _("No input is entered in the study's log."))
        return
    page.table(
        log.assign(told=log["status"].map(STATUS).map(_)),
        name="input",
        caption=_("Input given at earlier meetings, and what became of it"),
        headings={
            "date": _("Meeting"),
            "given_by": _("Given by"),
            "input": _("Input"),
            "told": _("Status"),
            "answer": _("What was done, or will be"),
        },
        note=_("Open: {n}.").format(n=numbers.number((log["status"] == "open").sum())),
    )


def changes(page: Page, table: pd.DataFrame, then: Earlier, found: Mapping[str, Finding]) -> None:
    """Show the effects then and now."""
    known = {name: each.study for name, each in found.items()}
    rows = table[table["outcome"].isin(list(known))].to_dict("records")
    shown = pd.DataFrame(
        [
            {
                "label": _(known[row["outcome"]].outcome),
                **{when: _estimate(known[row["outcome"]].scale, row, when) for when in WHEN},
            }
            for row in rows
        ]
    )
    page.table(
        shown,
        name="changes",
        caption=_("Effects in the earlier report and today"),
        headings={
            "label": _("Outcome"),
            "then": _("Data as known on {day}").format(day=numbers.date(then.as_of)),
            "now": _("Today"),
        },
        note=_("The earlier report was made on {day}.").format(day=numbers.date(then.made)),
    )


def changed_alerts(page: Page, frame: pd.DataFrame, names: Mapping[str, str]) -> None:
    """Show which alerts are new and which are gone."""
    if frame.empty:
        page.callout("note", _("The watch list has the same alerts as in the earlier report."))
        return
    page.table(
        pd.DataFrame(
            {
                "cluster": frame["cluster_id"].map(lambda code: names.get(code, code)),
                **{name: frame[name].map(_ruled) for name in ("new", "gone")},
            }
        ),
        name="changed_alerts",
        caption=_("Alerts that are new or gone since the earlier report"),
        headings={"cluster": _("Cluster"), "new": _("New"), "gone": _("Gone")},
    )


def origins(page: Page, frame: pd.DataFrame) -> None:
    """Show what differs between what the two reports were made from."""
    if frame.empty:
        page.callout("note", _("Both reports were made from the same data, parameters and code."))
        return
    kinds = {"parameter": _("Parameter"), "table": _("Table"), "code": _("Code")}
    page.table(
        frame.assign(kind=frame["kind"].map(kinds), **{w: frame[w].str[:40] for w in WHEN}),
        name="origins",
        caption=_("What the two reports were made from, as far as it differs"),
        headings={
            "kind": _("Kind"),
            "name": _("Name"),
            "then": _("Earlier"),
            "now": _("Today"),
        },
        note=_("A table is named by the beginning of its SHA-256: another one, other data."),
    )


def _ruled(rules: Sequence[str]) -> str:
    return ", ".join(_(RULES[rule].label) for rule in rules) or numbers.MISSING


def _span(simulated: bool, low: Any, high: Any) -> str:
    """Return the interval of months in which own cash runs out."""
    if not simulated:
        return _("not known")
    return _("not within the months") if pd.isna(low) else span(low, high)


def _effects(part: pd.DataFrame) -> Figure:
    bounds = (np.expm1(part[name].to_numpy(dtype=float)) for name in ("estimate", *BOUNDS))
    return intervals(
        part["label"].tolist(),
        *bounds,
        axis=_("Effect in percent"),
        tick=numbers.percent,
        factor=100,
    )


def _dimensions(shown: pd.DataFrame) -> str:
    """Name the dimensions with their outcomes."""
    return "; ".join(
        f"{_(DIMENSION[str(dimension)])} ({', '.join(part['label'])})"
        for dimension, part in shown.groupby("dimension", sort=False)
    )


def _magnitude(value: float) -> str:
    return "∞" if np.isposinf(value) else numbers.number(value, 2)


def _reading(p_adjusted: float, level: float, found: Finding) -> str:
    if found.unmet:
        reasons = "; ".join(_(CONDITIONS[condition]) for condition in found.unmet)
        return _("Not estimated, as a condition is not met: {reasons}").format(reasons=reasons)
    if np.isnan(p_adjusted):
        return _("Not estimated: the data cannot carry it")
    if p_adjusted >= 1 - level:
        return _("No effect shown, which is not the same as no effect")
    if found.breakdown < 1:
        return _("Effect shown only if trends differ less after entry than they did before")
    return _("Effect shown, under the assumptions of the impact report")


def _range(low: float, high: float) -> str:
    if np.isnan(low):
        return _("not bounded: no effect above zero is likely")
    if np.isnan(high):
        return _("at least {amount}, no upper bound").format(amount=numbers.kroner(low))
    return _("{low} to {high}").format(low=numbers.kroner(low), high=numbers.kroner(high))


def _estimate(scale: Scale, row: Mapping[Any, Any], when: str) -> str:
    value, low, high = (row[f"{name}_{when}"] for name in ("estimate", *BOUNDS))
    if not np.isfinite(value):
        return numbers.MISSING
    return f"{scale.effect(value)} {scale.interval(low, high)}"


def _three(low: float, high: float) -> str:
    return numbers.interval(low, high, digits=3)
