"""Firms as they are in 2024, the last year before the programme, and who ever takes part.

The world is anchored in 2024. Characteristics X of that year (ln FTE, growth 2021-24, ln age,
industry, region) have one distribution among firms that never take part and, among participants,
that distribution tilted by exp(b'X). Participation is then logistic in X, exactly, among SMEs:

    P(takes part | X) = 1 / (1 + exp(-(a + b'X)))

Everything else that moves a firm depends on X (:mod:`clusterstudy.demo.paths`) and on other
support it had (:mod:`clusterstudy.demo.support`) but not on participation: untreated trends are
parallel given both, and not parallel without them.

The demo is an extract in which participants are over-represented: 13.75 % of firms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from clusterstudy.demo.settings import (
    ANCHOR,
    FIRST_COHORT,
    INDUSTRIES,
    PROGRAMME,
    REGIONS,
    Settings,
)

PARTICIPANTS = 0.1375
INCUMBENTS = 0.45
INCUMBENT_COHORTS = np.array([0.06, 0.08, 0.10, 0.16, 0.18, 0.20, 0.22])  # 2018 to 2024
ENTRANT_COHORTS = np.array([0.32, 0.27, 0.22, 0.19])  # 2025 to 2028

# Log-odds of taking part per unit; industries and regions have theirs in their lists.
BY_LN_FTE, BY_GROWTH, BY_LN_AGE, BY_PRODUCTIVITY = 0.7, 0.5, -0.2, 0.15
LARGE, LARGE_PENALTY = np.log(250), np.log(0.5)

# Population: 90 % below 10 FTE, 8 % to 49, 1.6 % to 249, 0.4 % above (domain notes).
SMALLEST, ZIPF_FROM, LARGEST, ZIPF_SHARE = np.log(0.25), np.log(10), np.log(1500), 0.1
GROWTH_SD, GROWTH_LIMIT, T_DF = 0.40, 1.5, 4
MEAN_AGE, OLDEST = 20.0, 80

CLOSURE_RATE = 0.031  # exits 2-3 % a year and mergers 0.7 %
BIRTH_RATE = 0.030
YOUNG, YOUNG_EXTRA = 4.0, 0.9
INCUMBENTS_GONE, ENTRANTS_BORN_LATER = 0.07, 0.06
NEVER = 9999


@dataclass(frozen=True)
class Population:
    """Economic units, shape (n,) each.

    Parameters
    ----------
    industry, region
        Places in the lists of industries and regions.
    size, growth, ln_age
        The characteristics X: ln FTE in 2024, its change since 2021 net of shocks to the
        industry, and ln(1 + age in 2024), of which units that do not live in 2024 have virtual
        values.
    productivity
        Lasting productivity, in standard deviations within the industry.
    founded, closes
        Years; ``closes`` is :data:`NEVER` where the unit outlives the register.
    cohort
        Year of the first contact with a cluster, 0 where there is none.
    """

    industry: np.ndarray
    region: np.ndarray
    size: np.ndarray
    growth: np.ndarray
    ln_age: np.ndarray
    productivity: np.ndarray
    founded: np.ndarray
    closes: np.ndarray
    cohort: np.ndarray

    def __len__(self) -> int:
        return len(self.size)

    @property
    def participants(self) -> np.ndarray:
        """Places of the units that ever take part, shape (p,)."""
        return np.flatnonzero(self.cohort)


def draw(settings: Settings, units: int) -> Population:
    """Return ``units`` economic units."""
    rng = settings.stream("population")
    takes_part = rng.permutation(units) < round(PARTICIPANTS * settings.firms)
    cohort = np.where(takes_part, _cohorts(rng, units), 0)
    ages = np.arange(OLDEST + 1)
    age = _draw_place(rng, takes_part, np.exp(-ages / MEAN_AGE), BY_LN_AGE * np.log1p(ages))
    founded, closes, cohort = _lives(settings, rng, age, cohort)
    sizes, size_density = _sizes()
    size_tilt = BY_LN_FTE * sizes + LARGE_PENALTY * (sizes >= LARGE)
    growths, growth_density = _growths()
    return Population(
        industry=_draw_place(rng, takes_part, INDUSTRIES["share"], INDUSTRIES["participation"]),
        region=_draw_place(rng, takes_part, REGIONS["share"], REGIONS["participation"]),
        size=_draw_value(rng, takes_part, sizes, size_density, size_tilt),
        growth=_draw_value(rng, takes_part, growths, growth_density, BY_GROWTH * growths),
        ln_age=np.log1p(age),
        productivity=rng.standard_normal(units) + BY_PRODUCTIVITY * takes_part,
        founded=founded,
        closes=closes,
        cohort=cohort,
    )


def _sizes() -> tuple[np.ndarray, np.ndarray]:
    """Return a grid of ln FTE and its density: falling to 10 FTE, then Zipf's tail."""
    grid = np.linspace(SMALLEST, LARGEST, 2000)
    body = ZIPF_FROM - SMALLEST
    peak = 2 * (1 - ZIPF_SHARE) / body - ZIPF_SHARE
    falling = peak + (ZIPF_SHARE - peak) * (grid - SMALLEST) / body
    tail = ZIPF_SHARE * np.exp(ZIPF_FROM - grid)
    return grid, np.where(grid < ZIPF_FROM, falling, tail)


def _growths() -> tuple[np.ndarray, np.ndarray]:
    """Return a grid of growth over three years and the density of a scaled t(4)."""
    grid = np.linspace(-GROWTH_LIMIT, GROWTH_LIMIT, 2000)
    scale = GROWTH_SD * np.sqrt((T_DF - 2) / T_DF)
    return grid, (1 + (grid / scale) ** 2 / T_DF) ** (-(T_DF + 1) / 2)


def _draw_value(
    rng: np.random.Generator,
    takes_part: np.ndarray,
    grid: np.ndarray,
    density: np.ndarray,
    tilt: np.ndarray,
) -> np.ndarray:
    """Return a value per unit: from the density, for participants from density * exp(tilt)."""
    uniform = rng.random(len(takes_part))
    plain, tilted = np.cumsum(density), np.cumsum(density * np.exp(tilt))
    return np.where(
        takes_part,
        np.interp(uniform, tilted / tilted[-1], grid),
        np.interp(uniform, plain / plain[-1], grid),
    )


def _draw_place(
    rng: np.random.Generator, takes_part: np.ndarray, weight: ArrayLike, tilt: ArrayLike
) -> np.ndarray:
    """Return a place in a list per unit, drawn with ``weight``, or weight * exp(tilt)."""
    uniform = rng.random(len(takes_part))
    weights = np.asarray(weight)
    plain, tilted = np.cumsum(weights), np.cumsum(weights * np.exp(np.asarray(tilt)))
    return np.where(
        takes_part,
        np.searchsorted(tilted / tilted[-1], uniform),
        np.searchsorted(plain / plain[-1], uniform),
    )


def _cohorts(rng: np.random.Generator, units: int) -> np.ndarray:
    """Return the year in which each unit would have its first contact."""
    years = np.arange(FIRST_COHORT, max(PROGRAMME) + 1)
    weights = np.r_[
        INCUMBENTS * INCUMBENT_COHORTS / INCUMBENT_COHORTS.sum(),
        (1 - INCUMBENTS) * ENTRANT_COHORTS / ENTRANT_COHORTS.sum(),
    ]
    return rng.choice(years, units, p=weights)


def _lives(
    settings: Settings, rng: np.random.Generator, age: np.ndarray, cohort: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the years of founding and closing, and cohorts moved to after the founding.

    A unit lives in 2024, was gone before, or is born later. Closing depends on age alone, and
    participants close only after their entry: participation changes no firm's survival.
    """
    units = len(age)
    incumbent, entrant = (cohort > 0) & (cohort <= ANCHOR), cohort > ANCHOR
    before = CLOSURE_RATE * (ANCHOR - settings.first_year)
    after = BIRTH_RATE * (settings.last_year - ANCHOR)
    everyone = 1 + before + after
    share_gone = np.select([incumbent, entrant], [INCUMBENTS_GONE, 0.0], before / everyone)
    share_later = np.select([incumbent, entrant], [0.0, ENTRANTS_BORN_LATER], after / everyone)
    uniform = rng.random(units)
    gone, later = uniform < share_gone, uniform > 1 - share_later

    earliest = np.where(incumbent, cohort, settings.first_year) + 1
    closes = np.where(gone, rng.integers(earliest, np.maximum(ANCHOR, earliest) + 1), NEVER)
    latest = np.where(entrant, cohort, settings.last_year)
    born = rng.integers(ANCHOR + 1, np.maximum(latest, ANCHOR + 1) + 1)
    founded = np.select([gone, later], [closes - 1 - age // 2, born], ANCHOR - age)
    founded = np.where(gone & incumbent, np.minimum(founded, cohort), founded)
    cohort = np.where(cohort > 0, np.maximum(cohort, founded), 0)
    for year in range(ANCHOR + 1, settings.last_year + 1):
        rate = CLOSURE_RATE * (0.8 + YOUNG_EXTRA * np.exp(-(year - founded) / YOUNG))
        exposed = (closes == NEVER) & (year > founded) & (year > cohort)
        closes = np.where(exposed & (rng.random(units) < rate), year, closes)
    return founded, closes, cohort
