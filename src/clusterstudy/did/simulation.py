"""Panels whose truth is known, and how often intervals cover it.

Untreated outcomes follow a trend that depends on a covariate, and so does entry: trends are
parallel given the covariate only. Effects differ by cohort and event time. Does not belong here:
a synthetic Denmark (:mod:`clusterstudy.demo`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterstudy.did.averages import Averages
from clusterstudy.did.group_time import group_time
from clusterstudy.did.panel import Panel

PERIODS = np.arange(1.0, 8.0)
COHORTS = np.array([4.0, 6.0])
QUADRATURE = 64


@dataclass(frozen=True)
class World:
    """What trends and entry depend on, given a standard normal covariate x.

    Parameters
    ----------
    trend, curve
        What x and x² − 1 add to the untreated outcome from one period to the next.
    bend
        What x² − 1 adds to the log odds of entry, beside x.
    scale
        What effects are multiplied by: 0 for none.
    """

    trend: float = 0.2
    curve: float = 0.0
    bend: float = 0.0
    scale: float = 1.0


WORLD = World()


@dataclass(frozen=True)
class Truth:
    """Average effects in the population a panel is drawn from.

    Parameters
    ----------
    simple
        Over all treated units and their periods after treatment.
    dynamic
        By event time from 0.
    """

    simple: float
    dynamic: pd.Series


def simulate(n: int, seed: int, *, missing: float = 0.0, world: World = WORLD) -> Panel:
    """Draw a panel of n units over seven periods: never-treated, or treated from 4 or from 6.

    Parameters
    ----------
    n
        Units.
    seed
        Seed of the draw.
    missing
        Share of unit-periods not observed, at random.
    world
        What trends and entry depend on.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    bounds = np.cumsum(_entry(x, world.bend), axis=1)
    cohort = np.append(COHORTS, np.inf)[(rng.random(n)[:, None] > bounds).sum(axis=1)]
    level = rng.normal(size=n) + x
    shocks = rng.normal(size=len(PERIODS))
    noise = np.cumsum(rng.normal(scale=0.3, size=(n, len(PERIODS))), axis=1)
    noise += rng.normal(scale=0.3, size=noise.shape)
    slope = world.trend * x + world.curve * (x**2 - 1)
    untreated = level[:, None] + shocks + slope[:, None] * PERIODS + noise
    outcome = untreated + world.scale * effect(cohort[:, None], PERIODS)
    outcome[rng.random(outcome.shape) < missing] = np.nan
    return Panel(outcome, cohort, PERIODS, x[:, None])


def effect(cohort: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Return the true effect: it grows with time since entry and is larger for early entrants."""
    with np.errstate(invalid="ignore"):
        since = period - cohort
        return np.where(since >= 0, 0.1 * (1 + since) * np.where(cohort == COHORTS[0], 2, 1), 0.0)


def truth(world: World = WORLD) -> Truth:
    """Return the population's effects; cohort sizes by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(QUADRATURE)
    size = weights @ _entry(nodes, world.bend)[:, :-1] / weights.sum()
    cells = pd.DataFrame(
        [(g, t, p) for g, p in zip(COHORTS, size, strict=True) for t in PERIODS if t >= g],
        columns=["cohort", "period", "size"],
    )
    cells["event_time"] = cells["period"] - cells["cohort"]
    cells["effect"] = effect(cells["cohort"].to_numpy(), cells["period"].to_numpy()) * world.scale
    cells["weighted"] = cells["effect"] * cells["size"]
    total = cells.groupby("event_time")[["weighted", "size"]].sum()
    simple = cells["weighted"].sum() / cells["size"].sum()
    return Truth(float(simple), total["weighted"] / total["size"])


def coverage(
    repetitions: int, seed: int, *, n: int = 400, level: float = 0.95, missing: float = 0.0
) -> pd.DataFrame:
    """Estimate simulated panels and count how often intervals hold the truth.

    Returns
    -------
    DataFrame by ``estimand`` (``simple`` and event times): ``truth``, ``bias`` (mean error),
    ``sd`` of the estimates, ``se`` (mean standard error), ``coverage`` and its Monte Carlo
    standard error ``coverage_se``.
    """
    seeds = np.random.SeedSequence(seed).generate_state(repetitions)
    results = [group_time(simulate(n, int(s), missing=missing)) for s in seeds]
    known = truth()
    rows = {"simple": _score([r.simple() for r in results], 0, known.simple, level)}
    dynamic = [r.dynamic(first=0) for r in results]
    for at, (time, value) in enumerate(known.dynamic.items()):
        rows[f"{time:+.0f}"] = _score(dynamic, at, value, level)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("estimand")


def _score(averages: list[Averages], at: int, value: float, level: float) -> dict[str, float]:
    estimate = np.array([each.effects.estimate[at] for each in averages])
    se = np.array([each.effects.se[at] for each in averages])
    interval = np.array([each.effects.interval(level)[at] for each in averages])
    covers = (interval[:, 0] <= value) & (value <= interval[:, 1])
    return {
        "truth": value,
        "bias": estimate.mean() - value,
        "sd": estimate.std(ddof=1),
        "se": se.mean(),
        "coverage": covers.mean(),
        "coverage_se": np.sqrt(covers.mean() * (1 - covers.mean()) / len(covers)),
    }


def _entry(x: np.ndarray, bend: float) -> np.ndarray:
    """Return the probabilities of cohort 4, cohort 6 and never, shape (n, 3): a logit in x."""
    bent = bend * (x**2 - 1)
    odds = np.exp(np.column_stack([-1.2 + 0.5 * x + bent, -1.0 + 0.3 * x + bent, np.zeros(len(x))]))
    return odds / odds.sum(axis=1, keepdims=True)
