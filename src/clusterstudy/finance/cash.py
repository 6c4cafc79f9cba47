"""Cash to come: a monthly simulation of a cluster's own cash under six scenarios.

Own cash is cash less unspent advances. It starts from the latest accounts; income follows the
scenario, cost stays at the accounts' (times a growth), both spread evenly over the year's months.

What is random: how far a year's income lines stray from the scenario, and how far costs stray from
that income. A year's deviations are drawn, with replacement, as one whole cluster-year out of those
observed. Everything is vectorised over replications.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clusterstudy.contract.vocabulary import IN_KIND, INCOME_LINE, PROGRAMME
from clusterstudy.finance.income import ACTUAL, PLAN, of_cluster, of_scenario
from clusterstudy.report.language import later

SCENARIOS = {
    "plan": later("Plan at designation"),
    "flat_fees": later("Flat fees"),
    "fees_cut": later("Lower fees"),
    "payer_lost": later("A large payer lost"),
    "grant_ends": later("Operating grant ends"),
    "advances_late": later("Advances late"),
}
UNFIT = {
    "accounts": later("no accounts with cost received"),
    "plan": later("no plan at designation"),
    "gap": later("no plan for the year after its latest accounts"),
}
LINES = [line for line in INCOME_LINE if line != IN_KIND]
LEAST_YEARS = 5  # observed cluster-years behind an interval


@dataclass(frozen=True)
class Assumptions:
    """What the scenarios assume.

    Parameters
    ----------
    months
        Months simulated from the latest accounts.
    cost_growth
        Growth of costs a year.
    fee_cut
        Share of planned membership fees that does not come (``fees_cut``).
    grant_until
        Last year with an operating grant (``grant_ends``).
    advance_delay
        Months that project grants, which are paid as advances, come late (``advances_late``).
    """

    months: int = 60
    cost_growth: float = 0.0
    fee_cut: float = 0.2
    grant_until: int = 2028
    advance_delay: int = 3


@dataclass(frozen=True)
class Forecast:
    """What was simulated.

    Parameters
    ----------
    exhaustion
        ``cluster_id``, ``scenario``, ``year`` (of the accounts), ``until`` (the last month),
        ``probability`` (of exhaustion within the months), ``central`` (if the scenario comes
        exactly), ``low`` and ``high``: the month in which own cash first is below zero, as its
        first day; missing where it lies beyond the months.
    paths
        ``cluster_id``, ``scenario``, ``month`` (first day), ``low``, ``median`` and ``high`` of own
        cash at its end, DKK thousand.
    left_out
        Why a cluster cannot be simulated, by cluster: keys of :data:`UNFIT`.
    observed
        Cluster-years that deviations were drawn from; 0 where none were drawn.
    """

    exhaustion: pd.DataFrame
    paths: pd.DataFrame
    left_out: Mapping[str, str]
    observed: int

    def of(self, cluster: str) -> Forecast:
        """Return what was simulated for one cluster; all of it for the programme."""
        if cluster == PROGRAMME:
            return self
        exhaustion, paths = (
            frame[frame["cluster_id"] == cluster] if len(frame) else frame
            for frame in (self.exhaustion, self.paths)
        )
        left_out = {code: why for code, why in self.left_out.items() if code == cluster}
        return Forecast(exhaustion, paths, left_out, self.observed)


def deviations(income: pd.DataFrame, ratios: pd.DataFrame) -> pd.DataFrame:
    """Return how far each cluster-year strayed, in logs, from the clusters' median that year.

    Parameters
    ----------
    income, ratios
        As :func:`clusterstudy.finance.income.by_year` and
        :func:`clusterstudy.finance.accounts.ratios` return them.

    Returns
    -------
    DataFrame with a row per cluster and year with costs of two years running. A column per cash
    income line: its growth, less the median; 0 where a line did not exist. ``cost``: growth of
    costs less growth of all cash income, less the median.
    """
    actual = of_scenario(income, ACTUAL)
    cost = ratios.set_index(["cluster_id", "year"])["cost"]
    levels = actual[[*LINES, "cash"]].join(cost, how="inner").sort_index()
    logs = levels.where(levels > 0).apply(np.log)
    previous = logs.rename(index=lambda year: year + 1, level="year")
    growth = (logs - previous.reindex(logs.index)).dropna(subset=["cost", "cash"])
    growth["cost"] -= growth.pop("cash")
    return (growth - growth.groupby(level="year").transform("median")).fillna(0.0)


def forecast(
    income: pd.DataFrame,
    latest: pd.DataFrame,
    strayed: pd.DataFrame,
    payers: pd.Series,
    clusters: Sequence[str],
    assumptions: Assumptions,
    *,
    replications: int,
    level: float,
    seed: int,
    scenarios: Sequence[str] = tuple(SCENARIOS),
) -> Forecast:
    """Simulate every cluster under every scenario.

    Parameters
    ----------
    income, latest, strayed
        From :func:`clusterstudy.finance.income.by_year`,
        :func:`clusterstudy.finance.accounts.latest` and :func:`deviations`.
    payers
        From :func:`clusterstudy.finance.payers.large_payer`; a missing amount leaves that scenario
        out.
    clusters
        Whom to simulate; each has a random stream of its own, the same in every scenario.
    scenarios
        Keys of :data:`SCENARIOS`.
    """
    pool = strayed if len(strayed) >= LEAST_YEARS else strayed.iloc[:0]
    plan, actual = (of_scenario(income, name) for name in (PLAN, ACTUAL))
    start = {row["cluster_id"]: row for row in latest.to_dict("records")}
    exhaustion: list[dict[str, object]] = []
    paths: list[pd.DataFrame] = []
    left_out: dict[str, str] = {}
    for number, cluster in enumerate(clusters):
        planned, happened = (of_cluster(frame, cluster)[LINES] for frame in (plan, actual))
        base = start.get(cluster)
        why = _unfit(planned, base)
        if base is None or why:
            left_out[cluster] = why
            continue
        years = [int(base["year"]) + 1 + year for year in range(-(-assumptions.months // 12))]
        planned = planned.reindex(range(planned.index.min(), max(years) + 1)).ffill()
        planned = planned.reindex(years)
        last_fees = happened["membership_fees"].iloc[-1] if len(happened) else 0.0
        payer = payers.get(cluster, np.nan)
        for scenario in scenarios:
            changed = _under(scenario, planned, last_fees, payer, assumptions)
            if changed is None:
                continue
            stream = np.random.SeedSequence(seed, spawn_key=(number,))
            balance, exact = (
                simulate(
                    base["own_cash"],
                    base["cost"],
                    changed,
                    drawn_from,
                    np.random.default_rng(stream),
                    replications=replications,
                    cost_growth=assumptions.cost_growth,
                    delay=assumptions.advance_delay if scenario == "advances_late" else 0,
                )[:, : assumptions.months]
                for drawn_from in (pool, pool.iloc[:0])
            )
            months = pd.date_range(f"{years[0]}-01-01", periods=assumptions.months, freq="MS")
            named = {"cluster_id": cluster, "scenario": scenario}
            ends = _exhausted(balance, exact, months, level)
            exhaustion.append({**named, "year": base["year"], "until": months[-1], **ends})
            paths.append(pd.DataFrame({**named, "month": months, **_band(balance, level)}))
    return Forecast(
        pd.DataFrame(exhaustion),
        pd.concat(paths, ignore_index=True) if paths else pd.DataFrame(),
        left_out,
        len(pool),
    )


def simulate(
    own_cash: float,
    cost: float,
    planned: pd.DataFrame,
    pool: pd.DataFrame,
    rng: np.random.Generator,
    *,
    replications: int,
    cost_growth: float = 0.0,
    delay: int = 0,
) -> np.ndarray:
    """Return own cash at the end of every month, shape (replications, months).

    Parameters
    ----------
    own_cash, cost
        At the start, and a year's before the first one; DKK thousand.
    planned
        Income by year (rows) and line.
    pool
        Observed deviations, as :func:`deviations` returns them; none makes one path.
    delay
        Months that project grants come late.
    """
    count = len(planned)
    strays = pool if len(pool) else pd.DataFrame(0.0, index=[0], columns=pool.columns)
    drawn = rng.integers(len(strays), size=(replications if len(pool) else 1, count))

    factors = {name: np.exp(strays[name].to_numpy()[drawn]) for name in strays}
    income = {
        line: planned[line].to_numpy() * factors.get(line, np.ones(drawn.shape))
        for line in map(str, planned)
    }
    as_planned = planned.sum(axis="columns").to_numpy()
    strayed = sum(income.values()) / np.where(as_planned > 0, as_planned, np.nan)
    costs = cost * (1 + cost_growth) ** np.arange(1, count + 1) * factors.get("cost", 1.0)
    costs = costs * np.nan_to_num(strayed, nan=1.0)
    flow = -np.repeat(costs / 12, 12, axis=1)
    for line, yearly in income.items():
        late = delay if line == "project_grant" else 0
        flow[:, late:] += np.repeat(yearly / 12, 12, axis=1)[:, : 12 * count - late]
    return own_cash + np.cumsum(flow, axis=1)


def _under(
    scenario: str, planned: pd.DataFrame, last_fees: float, payer: float, assumed: Assumptions
) -> pd.DataFrame | None:
    """Return planned income as the scenario changes it; None where it cannot be told."""
    match scenario:
        case "flat_fees":
            return planned.assign(membership_fees=last_fees)
        case "fees_cut":
            return planned.assign(
                membership_fees=planned["membership_fees"] * (1 - assumed.fee_cut)
            )
        case "payer_lost":
            return None if np.isnan(payer) else planned.assign(payer_lost=-payer)
        case "grant_ends":
            kept = planned["operating_grant"].where(planned.index <= assumed.grant_until, 0.0)
            return planned.assign(operating_grant=kept)
    return planned


def _unfit(planned: pd.DataFrame, base: Mapping[Hashable, Any] | None) -> str:
    """Return why a cluster cannot be simulated, a key of :data:`UNFIT`; empty where it can."""
    if base is None or not base["cost"] > 0:
        return "accounts"
    if planned.empty:
        return "plan"
    return "gap" if planned.index.min() > base["year"] + 1 else ""


def _exhausted(
    balance: np.ndarray, exact: np.ndarray, months: pd.DatetimeIndex, level: float
) -> dict[str, object]:
    dates = months.append(pd.DatetimeIndex([pd.NaT]))
    month, central = (_first_below(paths) for paths in (balance, exact))
    low, high = np.quantile(month, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return {
        "probability": (month < len(months)).mean(),
        "central": dates[central[0]],
        "low": dates[low],
        "high": dates[high],
    }


def _first_below(balance: np.ndarray) -> np.ndarray:
    """Return the place of the first month below zero; one beyond the last where there is none."""
    below = balance < 0
    return np.where(below.any(axis=1), below.argmax(axis=1), balance.shape[1])


def _band(balance: np.ndarray, level: float) -> dict[str, np.ndarray]:
    low, median, high = np.quantile(balance, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
    return {"low": low, "median": median, "high": high}
