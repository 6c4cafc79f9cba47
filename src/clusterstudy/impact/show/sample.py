"""What was compared, how alike, whether and what it can show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from clusterstudy.disclosure.cells import are_few, rounded, rounded_means
from clusterstudy.impact import plots
from clusterstudy.impact.design import CONDITIONS, Design
from clusterstudy.impact.overlap import Overlap, concentration, histogram
from clusterstudy.impact.show.words import count, share
from clusterstudy.panel.build import LINKS, STEPS
from clusterstudy.report import numbers
from clusterstudy.report.balance import balance as report_balance
from clusterstudy.report.fragments import blank_note, rounded_note
from clusterstudy.report.language import _
from clusterstudy.report.page import Page


def sample(page: Page, study: Design, min_firms: int) -> None:
    """Show how the sample was made, and how CVR numbers and industry codes were joined."""
    flow = study.firms.flow
    page.table(
        flow.assign(
            step=[_(STEPS[step]) for step in flow["step"]],
            firms=rounded(flow["firms"], min_firms),
            new_entrants=rounded(flow["new_entrants"], min_firms),
        ),
        name="sample",
        caption=_("Firms left at each step of the sample's making"),
        headings={
            "step": _("Step"),
            "firms": _("Firms"),
            "new_entrants": _("of them new entrants"),
        },
        formats={"firms": 0, "new_entrants": 0},
        note=_("This report is about {n} of the new entrants and {m} firms in their cells.").format(
            n=count(study.chosen.sum(), min_firms), m=count(study.comparison.sum(), min_firms)
        )
        + " "
        + rounded_note(min_firms),
    )
    linked = pd.DataFrame(study.firms.linked.items(), columns=["link", "firms"])
    linked["link"] = [_(LINKS[name]) for name in linked["link"]]
    exact = linked["firms"]
    linked["firms"] = rounded(exact, min_firms)
    page.table(
        linked,
        name="linked",
        caption=_("How CVR numbers and industry codes were joined in the sample"),
        headings={"link": _("What was joined"), "firms": _("Count")},
        formats={"firms": 0},
        note=blank_note(int(are_few(exact, min_firms).sum()), min_firms),
    )
    if not study.firms.treated.any():
        page.callout(
            "missing",
            _(
                "No SME is known to have entered a cluster since the programme began. This report"
                " shows whom new entrants would be compared with, and estimates nothing."
            ),
        )


def balance(page: Page, found: Overlap, frame: pd.DataFrame, min_firms: int, rules: str) -> None:
    """Show overlap, weights, and balance before and after weighting."""
    if found.treated.sum() < min_firms or found.off_support == 1:
        page.callout(
            "missing",
            _("Overlap and balance: too few new entrants, or the covariates tell them apart."),
        )
        return
    bins = histogram(found, min_firms)
    page.figure(
        plots.scores(bins),
        name="overlap",
        alt=_(
            "Bars of the propensity scores of new entrants (up) and comparison firms (down), "
            "showing how far they overlap."
        ),
        caption=_("Propensity to enter, new entrants and comparison firms"),
        data=bins,
        headings={
            "middle": _("Propensity score"),
            "treated": _("New entrants"),
            "comparison": _("Comparison firms"),
        },
        formats=dict.fromkeys(["middle", "treated", "comparison"], numbers.percent),
        note=_(
            "Unlike every comparison firm: {off} of the new entrants. Fewer than {least} firms"
            " in a bin are counted in the next one towards the fullest."
        ).format(
            off=share(
                round(found.off_support * found.treated.sum()), found.treated.sum(), min_firms
            ),
            least=min_firms,
        ),
    )
    _weights(page, found, min_firms, rules)
    if frame.empty:
        return
    report_balance(
        page,
        rounded_means(frame, min_firms).drop(columns=["n_treated", "n_comparison"]),
        series="weighting",
        labels={"before": _("Before weighting"), "after": _("After weighting")},
        headings={
            "weighting": _("Weighting"),
            "treated": _("New entrants"),
            "comparison": _("Comparison firms"),
        },
        name="balance",
        alt=_(
            "Love plot of standardised mean differences between new entrants and comparison "
            "firms, before and after weighting."
        ),
        caption=_("Balance of the covariates, new entrants against comparison firms"),
    )


def _weights(page: Page, found: Overlap, min_firms: int, rules: str) -> None:
    """Show how unevenly comparison firms count, and how many equally weighted ones that makes."""
    told = _("Under the weights, {n} comparison firms count as much as {equal} equally weighted.")
    told = told.format(
        n=count((~found.treated).sum(), min_firms), equal=numbers.number(found.effective)
    )
    curve = concentration(found, rules)
    if curve.empty:
        page.text(told)
        return
    page.figure(
        plots.concentration(curve),
        name="weights",
        alt=_(
            "Curve of the share of the weight that the least weighted comparison firms carry,"
            " below the straight line of equal weights."
        ),
        caption=_("How unevenly the comparison firms count"),
        data=curve,
        headings={
            "firms": _("Share of the comparison firms, the least weighted first"),
            "weight": _("Share of the weight"),
        },
        formats=dict.fromkeys(["firms", "weight"], numbers.percent),
        note=told
        + " "
        + _("The points are groups of firms, large enough to tell of no single one."),
    )


def maturity(page: Page, study: Design, found: pd.DataFrame, min_firms: int) -> None:
    """Show the conditions of an estimate, and say what follows."""
    shown = pd.DataFrame(
        {
            "condition": [_(CONDITIONS[name]) for name in found.index],
            "needed": [_amount(name, value, 1) for name, value in found["needed"].items()],
            "found": [
                _amount(name, value, min_firms, study.chosen.sum())
                for name, value in found["found"].items()
            ],
            "met": [_("✓ met") if met else _("✕ not met") for met in found["met"]],
        }
    )
    page.table(
        shown,
        name="maturity",
        caption=_("Conditions of an estimate for {outcome}").format(outcome=_(study.outcome)),
        headings={
            "condition": _("Condition"),
            "needed": _("Needed"),
            "found": _("Found"),
            "met": _("Result"),
        },
    )
    if found["met"].all():
        page.callout("note", _("All conditions are met: effects are estimated below."))
    else:
        page.callout(
            "missing",
            _(
                "The data cannot carry an effect estimate yet. This report shows the design, the"
                " balance and what the design could detect, and makes no causal claim."
            ),
        )


def planned(page: Page, study: Design, found: Mapping[str, float], min_firms: int) -> None:
    """Show what the design could find."""
    if found["treated"] < min_firms or np.isnan(found["mde"]):
        page.callout(
            "missing",
            _("Too few firms or years before the programme to say what could be found."),
        )
        return
    rows = {
        _("New entrants with figures"): count(found["treated"], min_firms),
        _("Comparison firms with figures"): count(found["comparison"], min_firms),
        _("Standard deviation of the change over the span"): numbers.number(found["sd"], 3),
        _("Firms lost over the span"): numbers.percent(found["attrition"]),
        _("Minimum detectable effect"): study.scale.effect(found["mde"]),
    }
    page.table(
        pd.DataFrame({"quantity": rows.keys(), "value": rows.values()}),
        name="planned",
        caption=_("What the design can detect for {outcome}").format(outcome=_(study.outcome)),
        headings={"quantity": _("Quantity"), "value": _("Value")},
    )


def _amount(condition: Any, value: float, min_firms: int, entrants: int = 0) -> str:
    """Return a condition's year, number of firms, or share of the ``entrants`` where there are."""
    if condition == "overlap":
        if not entrants:
            return numbers.percent(value)
        return share(round(value * entrants), entrants, min_firms)
    if condition in ("treated", "comparison"):
        return count(value, min_firms)
    return f"{value:.0f}"
