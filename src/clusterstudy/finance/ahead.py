"""The report's page ahead: when own cash runs out."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.finance import plots
from clusterstudy.finance.cash import LEAST_YEARS, SCENARIOS, UNFIT, Forecast
from clusterstudy.finance.show import Names, fine_millions, listed
from clusterstudy.report import numbers
from clusterstudy.report.language import _
from clusterstudy.report.page import Page


def scenarios(page: Page, found: Forecast, names: Names, cluster: str, level: float) -> None:
    """Show when own cash runs out, by cluster and scenario, or one cluster's cash by month."""
    for why, label in UNFIT.items():
        left = [name for name, reason in found.left_out.items() if reason == why]
        if left:
            told = _("Not simulated, {why}: {clusters}.")
            page.callout("missing", told.format(why=_(label), clusters=listed(left, names)))
    ends = found.exhaustion
    if ends.empty:
        return
    note = _("{level} intervals from {n} observed cluster-years.").format(
        level=numbers.whole_percent(level), n=found.observed
    )
    if not found.observed:
        note = ""
        told = _("Fewer than {least} cluster-years were observed: no deviations, so no interval.")
        page.callout("caution", told.format(least=LEAST_YEARS))
    if cluster == PROGRAMME:
        _by_scenario(page, ends, names, note)
        _months(page, ends[ends["scenario"] == "plan"], names, {"cluster": _("Cluster")})
        _probabilities(page, ends, names)
    else:
        _paths(page, found.paths, note)
        _months(page, ends, names, {"scenario_label": _("Scenario")})
    simulated, with_payer = (
        set(ends.loc[ends["scenario"] == scenario, "cluster_id"])
        for scenario in ("plan", "payer_lost")
    )
    unknown = sorted(simulated - with_payer)
    if unknown:
        told = _(
            "Without the scenario of a large payer lost, for too few paying firms are known: "
            "{clusters}."
        )
        page.callout("missing", told.format(clusters=listed(unknown, names)))


def _by_scenario(page: Page, ends: pd.DataFrame, names: Names, note: str) -> None:
    page.figure(
        plots.exhaustion(ends, {code: names[code] for code in ends["cluster_id"].unique()}),
        name="exhaustion",
        alt=_("Dots with intervals of the month in which own cash runs out, by scenario."),
        caption=_("Month in which own cash runs out, by scenario"),
        data=_told(ends, names),
        headings={"cluster": _("Cluster"), "scenario_label": _("Scenario"), **_headings()},
        formats={"probability": numbers.whole_percent},
        note=f"{_('An arrow: beyond the months simulated.')} {note}".strip(),
    )


def _paths(page: Page, paths: pd.DataFrame, note: str) -> None:
    page.figure(
        plots.paths(paths),
        name="cash_paths",
        alt=_("Own cash by month with its interval, a panel per scenario."),
        caption=_("Own cash by month, DKK million"),
        data=paths.assign(
            scenario_label=[_(SCENARIOS[scenario]) for scenario in paths["scenario"]],
            when=[numbers.month(month) for month in paths["month"]],
        ).reset_index(drop=True),
        headings={
            "scenario_label": _("Scenario"),
            "when": _("Month"),
            "median": _("Median"),
            ("low", "high"): _("Interval"),
        },
        formats={"median": fine_millions, ("low", "high"): _million_interval},
        note=note,
    )


def _months(page: Page, ends: pd.DataFrame, names: Names, rows: Names) -> None:
    page.table(
        _told(ends, names).reset_index(drop=True),
        name="months",
        caption=_("Month in which own cash runs out"),
        headings={**rows, "year": _("Accounts of"), **_headings()},
        formats={"probability": numbers.whole_percent},
    )


def _probabilities(page: Page, ends: pd.DataFrame, names: Names) -> None:
    """Show the probability of running out of own cash, clusters by scenarios."""
    wide = ends.pivot(index="cluster_id", columns="scenario", values="probability")
    wide = wide.reindex(columns=list(SCENARIOS))
    page.table(
        wide.assign(cluster=[names[code] for code in wide.index]).reset_index(drop=True),
        name="probabilities",
        caption=_("Probability of running out of own cash within the months simulated"),
        headings={
            "cluster": _("Cluster"),
            **{code: _(label) for code, label in SCENARIOS.items()},
        },
        formats=dict.fromkeys(SCENARIOS, numbers.whole_percent),
    )


def _told(ends: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Add the months in words."""
    return ends.assign(
        cluster=ends["cluster_id"].map(names),
        scenario_label=[_(SCENARIOS[scenario]) for scenario in ends["scenario"]],
        when=[
            _("not within the months") if pd.isna(month) else numbers.month(month)
            for month in ends["central"]
        ],
        interval=[span(low, high) for low, high in zip(ends["low"], ends["high"], strict=True)],
    )


def _headings() -> dict[str, str]:
    return {
        "when": _("Month, if all goes exactly so"),
        "interval": _("Interval"),
        "probability": _("Probability within the months"),
    }


def span(low: Any, high: Any) -> str:
    """Return an interval of months, missing bounds lying beyond those simulated."""
    first, last = (
        _("beyond the months") if pd.isna(month) else numbers.month(month) for month in (low, high)
    )
    return first if pd.isna(low) else f"{first} – {last}"


def _million_interval(low: float, high: float) -> str:
    return numbers.interval(low / 1000, high / 1000, digits=2)
