"""How employment and productivity would move without participation, in constant prices.

ln FTE runs through its 2024 value. Its yearly change is a shock to the industry, a trend that
depends on X, and a disturbance with t(4) tails and a lag-one correlation of -0.1. In 2022-24 the
disturbances add up to the unit's growth, which selection knows: high growth before entry then
foretells a small dip after it (:func:`dip`), the same for participants and others with equal X.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clusterstudy.demo.population import T_DF, Population
from clusterstudy.demo.settings import ANCHOR, GROWTH_YEARS, INDUSTRIES, REGIONS, Settings

CHANGE_SD, LARGEST_CHANGE = 0.25, 1.2
PERSISTENCE = -0.1
TREND_LN_FTE, TREND_GROWTH, TREND_LN_AGE = 0.008, 0.03, -0.010
MEAN_LN_FTE, MEAN_LN_AGE = 0.4, 2.6  # of the population, where the trend is nil
SHOCK_SD = 0.01

PRODUCTIVITY_TREND, PRODUCTIVITY_LN_FTE = 0.010, 0.004
PRODUCTIVITY_SD, PRODUCTIVITY_PERSISTENCE = 0.16, 0.6


@dataclass(frozen=True)
class Paths:
    """What firms would do without participation, shape (n, t) each, over the register's years.

    Parameters
    ----------
    employment
        ln FTE, before mergers and splits.
    productivity
        ln turnover per FTE (DKK thousand, 2020 prices).
    """

    employment: np.ndarray
    productivity: np.ndarray


def draw(settings: Settings, population: Population) -> Paths:
    """Return the paths of a population."""
    return Paths(_employment(settings, population), _productivity(settings, population))


def trend(population: Population) -> np.ndarray:
    """Return the yearly trend in ln FTE given X, shape (n,)."""
    industry = INDUSTRIES["growth"].to_numpy()[population.industry]
    region = REGIONS["growth"].to_numpy()[population.region]
    return (
        TREND_LN_FTE * (population.size - MEAN_LN_FTE)
        + TREND_GROWTH * population.growth
        + TREND_LN_AGE * (population.ln_age - MEAN_LN_AGE)
        + industry
        + region
    )


def dip(population: Population) -> float:
    """Return how much less participants' ln FTE grows in 2025 as they had grown more before."""
    takes_part = population.cohort > 0
    growth = population.growth
    return (
        PERSISTENCE * float(growth[takes_part].mean() - growth[~takes_part].mean()) / GROWTH_YEARS
    )


def _employment(settings: Settings, population: Population) -> np.ndarray:
    rng = settings.stream("employment")
    years = settings.years
    anchor = ANCHOR - settings.first_year
    disturbances = _disturbances(rng, population, len(years), anchor)
    change = disturbances + _shocks(rng, settings)[population.industry]
    known = (years > ANCHOR - GROWTH_YEARS) & (years <= ANCHOR)
    change[:, ~known] += trend(population)[:, None]
    path = np.cumsum(change, axis=1)
    return path + (population.size - path[:, anchor])[:, None]


def _productivity(settings: Settings, population: Population) -> np.ndarray:
    rng = settings.stream("productivity")
    since = settings.years - ANCHOR
    group = INDUSTRIES.iloc[population.industry]
    level = np.log(group["revenue_per_fte"].to_numpy())
    level = level + group["log_sd"].to_numpy() * population.productivity
    slope = PRODUCTIVITY_TREND + PRODUCTIVITY_LN_FTE * (population.size - MEAN_LN_FTE)
    slope = slope + group["growth"].to_numpy()
    path = level[:, None] + slope[:, None] * since
    noise = rng.standard_normal(path.shape)
    innovation = np.sqrt(1 - PRODUCTIVITY_PERSISTENCE**2)
    for column in range(1, noise.shape[1]):
        noise[:, column] *= innovation
        noise[:, column] += PRODUCTIVITY_PERSISTENCE * noise[:, column - 1]
    noise *= PRODUCTIVITY_SD
    return path + noise


def _disturbances(
    rng: np.random.Generator, population: Population, years: int, anchor: int
) -> np.ndarray:
    """Return the disturbances, shape (n, t): a bridge over the growth years, AR(1) outwards."""
    draws = rng.standard_t(T_DF, (len(population), years))
    draws *= CHANGE_SD * np.sqrt((T_DF - 2) / T_DF)
    np.clip(draws, -LARGEST_CHANGE, LARGEST_CHANGE, out=draws)
    bridge = slice(anchor - GROWTH_YEARS + 1, anchor + 1)
    draws[:, bridge] -= draws[:, bridge].mean(axis=1, keepdims=True)
    draws[:, bridge] += population.growth[:, None] / GROWTH_YEARS
    for column in range(anchor + 1, years):
        draws[:, column] += PERSISTENCE * draws[:, column - 1]
    for column in range(bridge.start - 1, -1, -1):
        draws[:, column] += PERSISTENCE * draws[:, column + 1]
    return draws


def _shocks(rng: np.random.Generator, settings: Settings) -> np.ndarray:
    """Return the shocks to ln FTE, shape (industries, t); 2020 and 2022 are declared."""
    years = settings.years
    shocks = SHOCK_SD * rng.standard_normal((len(INDUSTRIES), len(years)))
    for year in (2020, 2022):
        shocks[:, years == year] += INDUSTRIES[[f"shock_{year}"]].to_numpy()
    return shocks
