"""The impact report's page: tables and figures of what the other modules found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clusterstudy.did.group_time import GroupTime
from clusterstudy.disclosure.cells import suppress
from clusterstudy.impact import plots
from clusterstudy.impact.design import CONDITIONS, Design
from clusterstudy.impact.effects import SPECIFICATIONS
from clusterstudy.impact.overlap import Overlap, histogram
from clusterstudy.impact.pretrends import Pretrends
from clusterstudy.panel.build import STEPS
from clusterstudy.report import numbers
from clusterstudy.report.balance import balance as report_balance
from clusterstudy.report.language import _
from clusterstudy.report.page import Page
from clusterstudy.report.plots import intervals
from clusterstudy.report.scales import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BOUNDS = ("low", "high")


def maturity(page: Page, study: Design, found: pd.DataFrame, min_firms: int) -> None:
    """Show the conditions of an estimate, and say what follows."""
    shown = pd.DataFrame(
        {
            "condition": [_(CONDITIONS[name]) for name in found.index],
            "needed": [_amount(name, value, 0) for name, value in found["needed"].items()],
            "found": [_amount(name, value, min_firms) for name, value in found["found"].items()],
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


def sample(page: Page, study: Design, min_firms: int) -> None:
    """Show how the sample was made."""
    flow = study.firms.flow
    named = flow.assign(step=[_(STEPS[step]) for step in flow["step"]])
    page.table(
        suppress(named, "new_entrants", [], min_firms)[0],
        name="sample",
        caption=_("Firms left at each step of the sample's making"),
        headings={
            "step": _("Step"),
            "firms": _("Firms"),
            "new_entrants": _("of them new entrants"),
        },
        formats={"new_entrants": 0},
        note=_("This report is about {n} of the new entrants and {m} firms in their cells.").format(
            n=_count(study.chosen.sum(), min_firms), m=_count(study.comparison.sum(), min_firms)
        ),
    )


def balance(page: Page, study: Design, found: Overlap, frame: pd.DataFrame, min_firms: int) -> None:
    """Show overlap and balance before and after weighting."""
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
            "{off} of the new entrants are unlike every comparison firm; the weights leave"
            " {n} effective comparison firms. Fewer than {least} firms in a bin are counted in the"
            " next one towards the fullest."
        ).format(
            off=numbers.percent(found.off_support),
            n=numbers.number(found.effective),
            least=min_firms,
        ),
    )
    if frame.empty:
        return
    report_balance(
        page,
        frame,
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


def planned(page: Page, study: Design, found: Mapping[str, float], min_firms: int) -> None:
    """Show what the design could find."""
    if found["treated"] < min_firms or np.isnan(found["mde"]):
        page.callout(
            "missing",
            _("Too few firms or years before the programme to say what could be found."),
        )
        return
    rows = {
        _("New entrants with figures"): numbers.number(found["treated"]),
        _("Comparison firms with figures"): numbers.number(found["comparison"]),
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


def withheld(page: Page, effects: GroupTime | None = None) -> None:
    """Say that a section has no estimate; with ``effects``, why none of them could be estimated."""
    if effects is None:
        page.text(_("*No estimate: the conditions above are not met.*"))
        return
    reasons = ", ".join(effects.cells.loc[effects.cells["status"] != "", "status"].unique())
    page.callout("missing", _("No effect could be estimated: {reasons}.").format(reasons=reasons))


def overall(page: Page, study: Design, table: pd.DataFrame, level: float) -> None:
    """Show the overall effect and say in a sentence how to read it."""
    row = table.iloc[0]
    text = _("Estimate {effect}, {level} interval {interval}; smallest detectable effect {mde}.")
    told = text.format(
        level=numbers.percent(level, 0),
        effect=study.scale.effect(row["estimate"]),
        interval=study.scale.interval(row["low"], row["high"]),
        mde=study.scale.effect(row["mde"]),
    )
    if row["low"] <= 0 <= row["high"]:
        told += " " + _("No effect has been shown; that is not the same as no effect.")
    page.callout("note", told)
    page.table(
        table.assign(label=_("All new entrants of this report"), n=study.seen.sum()),
        name="overall",
        caption=_("Average effect on {outcome} from the year of entry on").format(
            outcome=_(study.outcome)
        ),
        headings={"label": _("Group"), "n": _("New entrants"), **_effect_headings(study.scale)},
        formats=_effect_formats(study.scale),
    )


def event_study(page: Page, study: Design, frame: pd.DataFrame) -> None:
    """Show effects by years since entry, as far as enough firms stand behind them."""
    page.figure(
        plots.event_study(frame, study.scale),
        name="event_study",
        alt=_(
            "Dots of the effect by years since entry with intervals and a band for all years; "
            "before entry they should lie around zero."
        ),
        caption=_("Effect on {outcome} by years since entry").format(outcome=_(study.outcome)),
        data=frame.assign(mde=frame["mde"].where(frame["se"] > 0)),
        headings={
            "event_time": _("Years since entry"),
            "n": _("New entrants"),
            **_effect_headings(study.scale),
            ("band_low", "band_high"): _("Band for all years"),
        },
        formats={
            "event_time": 0,
            **_effect_formats(study.scale),
            ("band_low", "band_high"): study.scale.interval,
        },
        note=_("The last year before entry is the reference: zero by definition."),
    )


def groups(
    page: Page,
    study: Design,
    frame: pd.DataFrame,
    *,
    name: str,
    caption: str,
    min_firms: int,
    additive: bool = True,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Show the overall effect by group, with what could be detected and why one is missing.

    Parameters
    ----------
    frame
        As :func:`clusterstudy.impact.effects.by_group` returns it.
    additive
        Whether the groups' counts add up to the overall one.
    labels
        Text to show by group; None for the groups themselves.
    """
    figures = ["estimate", "se", "low", "high", "mde"]
    frame = frame.reindex(columns=["group", "n", *figures, "reason"])
    frame = suppress(frame, "n", figures, min_firms, additive=additive)[0]
    shown = frame.assign(label=frame["group"].map(labels or str), reason=frame["reason"].fillna(""))
    page.figure(
        _dots(study, shown),
        name=name,
        alt=_("Dots of the effect by group with intervals and a line at zero."),
        caption=caption,
        data=shown,
        headings={
            "label": _("Group"),
            "n": _("New entrants"),
            **_effect_headings(study.scale),
            "reason": _("Why there is no estimate"),
        },
        formats={"n": 0, **_effect_formats(study.scale)},
    )


def specifications(page: Page, study: Design, frame: pd.DataFrame) -> None:
    """Show the overall effect under other choices."""
    shown = frame.assign(label=[_(SPECIFICATIONS[name]) for name in frame["specification"]])
    page.figure(
        _dots(study, shown),
        name="specifications",
        alt=_("Dots of the overall effect under each specification with intervals."),
        caption=_("Overall effect on {outcome} under other choices").format(
            outcome=_(study.outcome)
        ),
        data=shown,
        headings={
            "label": _("Choice"),
            "estimate": _("Effect"),
            BOUNDS: _("Interval"),
            "se": _error(study.scale),
        },
        formats={
            "estimate": study.scale.effect,
            BOUNDS: study.scale.interval,
            "se": 4,
        },
    )


def pretrends(page: Page, study: Design, found: Pretrends | None, level: float) -> None:
    """Show what the estimates before entry say and what they could have said."""
    if found is None:
        page.callout(
            "missing",
            _(
                "There is no estimate before entry beside the reference year: the assumption of"
                " parallel trends cannot be held against any data here."
            ),
        )
        return
    scale = study.scale
    frame = found.estimates.table(level).rename_axis("label").reset_index()
    frame["label"] = [_("As estimated"), _("If the trend seen before entry went on")]
    page.table(
        frame,
        name="trend_continued",
        caption=_("Mean effect over years since entry, with and without a continued trend"),
        headings={
            "label": _("Assumption"),
            "estimate": _("Effect"),
            BOUNDS: _("Interval"),
            "se": _error(study.scale),
        },
        formats={"estimate": scale.effect, BOUNDS: scale.interval, "se": 4},
        note=_("Joint test of {k} estimates before entry: p = {p}.").format(
            k=found.coefficients, p=numbers.number(found.p_value, 3)
        ),
    )
    if len(found.violations):
        page.table(
            found.violations,
            name="pretest",
            caption=_("Differences in trend that the estimates before entry would reveal"),
            headings={
                "power": _("Probability of being found"),
                "slope": _("Difference in trend per year"),
                "bias": _("Bias of the mean effect"),
                "bias_if_passed": _("Bias if the test is passed"),
            },
            formats={
                "power": numbers.whole_percent,
                "slope": scale.effect,
                "bias": scale.effect,
                "bias_if_passed": scale.effect,
            },
        )
    if found.bounds is None:
        page.callout("missing", _("Bounds need estimates for every year around entry."))
        return
    sets = found.bounds.sets.rename_axis("bound").reset_index()
    labels = [numbers.number(bound, 1) for bound in sets["bound"]]
    page.figure(
        _dots(study, sets.assign(label=labels, estimate=np.nan)),
        name="bounds",
        alt=_("Bars of the robust interval of the mean effect, one for each bound."),
        caption=_("Robust intervals if trends differ after entry up to M̄ times as much as before"),
        data=sets,
        headings={"bound": _("M̄"), BOUNDS: _("Robust interval of the mean effect")},
        formats={"bound": 1, BOUNDS: scale.interval},
        note=_breakdown(found.bounds.breakdown),
    )


def _breakdown(value: float) -> str:
    if value == 0:
        return _("Zero lies in the interval even if trends did not differ at all after entry.")
    if np.isinf(value):
        return _("No bound lets zero into the interval.")
    return _("Zero enters the interval at M̄ = {value}.").format(value=numbers.number(value, 2))


def _dots(study: Design, frame: pd.DataFrame) -> Figure:
    """Draw the effects of a frame with the columns ``label``, ``estimate``, ``low``, ``high``."""
    scale = study.scale
    bounds = (scale.read(frame[name].to_numpy(dtype=float)) for name in ("estimate", *BOUNDS))
    return intervals(
        frame["label"].tolist(), *bounds, axis=scale.axis, tick=scale.tick, factor=scale.factor
    )


def _effect_headings(scale: Scale) -> dict[Any, str]:
    return {
        "estimate": _("Effect"),
        BOUNDS: _("Interval"),
        "se": _error(scale),
        "mde": _("Smallest detectable effect"),
    }


def _error(scale: Scale) -> str:
    return _("Standard error (log points)") if scale.kind == "log" else _("Standard error")


def _effect_formats(scale: Scale) -> dict[Any, int | Callable[..., str]]:
    return {"estimate": scale.effect, BOUNDS: scale.interval, "se": 4, "mde": scale.effect}


def _amount(condition: Any, value: float, min_firms: int) -> str:
    if condition == "overlap":
        return numbers.percent(value)
    if condition in ("treated", "comparison"):
        return _count(value, min_firms)
    return f"{value:.0f}"


def _count(firms: float, min_firms: int) -> str:
    """Return a number of firms, but for a small one only that it is small."""
    if 0 < firms < min_firms:
        return _("fewer than {n}").format(n=min_firms)
    return numbers.number(firms)
