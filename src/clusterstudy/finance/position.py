"""The clusters' economy as known on a day: all that the reports show and the rules look at.

Belongs here: reading the tables as of that day and joining the parts. The same function serves the
day of a report and the year-ends before it (:mod:`clusterstudy.finance.record`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clusterstudy import kept
from clusterstudy.contract.read import Dataset
from clusterstudy.disclosure.rules import read_rules
from clusterstudy.finance import accounts, cash, income, payers, projects, source

KEPT = 48  # forecasts of a data folder; a report with its record takes one a year
FRAMES = ("exhaustion", "paths")
CODE = (
    Path(__file__).parent,
    *(Path(__file__).parents[1] / name for name in ("contract", "disclosure")),
)


@dataclass(frozen=True)
class Position:
    """What the functions of that name return; each may be empty.

    Parameters
    ----------
    lines
        Of :func:`clusterstudy.finance.income.by_year`; ``gap`` and ``shares`` follow from it.
    ratios, latest, tracker
        Of :mod:`clusterstudy.finance.accounts`.
    ledger, exposure
        Of :mod:`clusterstudy.finance.projects`.
    concentration
        Of :mod:`clusterstudy.finance.payers`, in ``paid_in``, the last year with plan and accounts.
    forecast
        Of :mod:`clusterstudy.finance.cash`.
    """

    lines: pd.DataFrame
    gap: pd.DataFrame
    shares: pd.DataFrame
    ratios: pd.DataFrame
    latest: pd.DataFrame
    tracker: pd.DataFrame
    ledger: pd.DataFrame
    exposure: pd.DataFrame
    concentration: pd.DataFrame
    paid_in: int
    forecast: cash.Forecast


def position(
    data: Dataset,
    clusters: Sequence[str],
    *,
    assumptions: cash.Assumptions,
    accounts_due: int,
    more_advance: float,
    min_firms: int,
    rules: str,
    replications: int,
    level: float,
    seed: int,
    scenarios: Sequence[str] = tuple(cash.SCENARIOS),
) -> Position:
    """Return the economy of ``clusters`` as ``data`` knew it on its day.

    What was simulated is kept (:mod:`clusterstudy.kept`): a report on one cluster looks at all.

    Parameters
    ----------
    data
        With a day; needs none of the tables.
    accounts_due
        Months from a year's end until accounts are due.
    more_advance
        A larger advance, as a share of running projects' grants.
    min_firms
        Fewest firms behind a figure about payers.
    rules
        Name of the rule set of disclosure control that figures about payers keep.
    assumptions, replications, level, seed, scenarios
        As :func:`clusterstudy.finance.cash.forecast` takes them.
    """
    assert data.as_of is not None
    finances, filed, granted, reports, members, active = (
        source.read(data, table)
        for table in (
            "cluster_finances",
            "annual_accounts",
            "projects",
            "project_reports",
            "memberships",
            "participations",
        )
    )
    lines = income.by_year(finances)
    ratios = accounts.ratios(filed, projects.unsettled_at_year_end(granted, reports))
    latest = accounts.latest(ratios)
    ledger = projects.ledger(granted, reports, data.as_of)
    confirmed = projects.confirmed_income(lines, data.as_of)
    paid_in = income.last_year(income.both(lines)[1])
    paid, held = payers.paid(members, active, paid_in), read_rules(rules)
    how: dict[str, Any] = {
        "replications": replications,
        "level": level,
        "seed": seed,
        "scenarios": scenarios,
    }
    chosen = [list(clusters), asdict(assumptions), min_firms, asdict(held), how]

    def simulated() -> cash.Forecast:
        strayed, large = cash.deviations(lines, ratios), payers.large_payer(paid, min_firms, held)
        return cash.forecast(lines, latest, strayed, large, clusters, assumptions, **how)

    return Position(
        lines=lines,
        gap=income.gap(lines),
        shares=income.shares(lines),
        ratios=ratios,
        latest=latest,
        tracker=accounts.tracker(filed, clusters, data.as_of, accounts_due),
        ledger=ledger,
        exposure=projects.exposure(latest, ledger, confirmed, more_advance),
        concentration=payers.concentration(paid, min_firms, held),
        paid_in=paid_in,
        forecast=kept.kept(
            kept.entry(data, "forecasts", chosen, CODE), simulated, _read, _write, most=KEPT
        ),
    )


def _read(place: Path) -> cash.Forecast:
    rest = json.loads((place / "forecast.json").read_text(encoding="utf-8"))
    exhaustion, paths = (pd.read_parquet(place / f"{name}.parquet") for name in FRAMES)
    return cash.Forecast(exhaustion, paths, **rest)


def _write(place: Path, made: cash.Forecast) -> None:
    for name in FRAMES:
        getattr(made, name).to_parquet(place / f"{name}.parquet")
    rest = {"left_out": dict(made.left_out), "observed": made.observed}
    (place / "forecast.json").write_text(json.dumps(rest), encoding="utf-8")
