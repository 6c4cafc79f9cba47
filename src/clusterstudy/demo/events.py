"""From economic units to CVR numbers: closings, mergers, splits and changes of number.

A CVR number that ends may be an exit, a unit absorbed by a larger one, or a unit that goes on
under another number. Whoever lives at the end of a year reports that year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterstudy.contract import cvr
from clusterstudy.demo.population import NEVER, Population
from clusterstudy.demo.settings import (
    ANCHOR,
    CLUSTERS,
    SERIALS,
    Settings,
    december_last,
    january_first,
    random_days,
)

MERGER_SHARE = 0.22  # of closings: 0.7 % a year beside exits of 2.4 %
SPLIT_RATE, NUMBER_CHANGE_RATE = 0.003, 0.005
YEARS_LIVED = 0.7  # mean share of the register's years in which a unit can have an event
SPLIT_OFF = (0.2, 0.5)
ATTEMPTS = 8
NOT_A_DAY = np.datetime64("NaT", "D")


@dataclass(frozen=True)
class Numbers:
    """Legal units, shape (m,) each: first one per economic unit, then the successors.

    Parameters
    ----------
    cvr
        CVR numbers.
    unit
        The economic unit behind the number.
    first, last
        First and last year reported (``last`` may lie after the register's end).
    founded, closed
        Days; ``closed`` is NaT while registered.
    offset
        ln of the share of the unit's employment that a split-off carries, else 0.
    changed, changed_on
        By economic unit, shape (n,): place of the number it changed to (-1: none), and the day.
    jumps
        What mergers and splits add to ln FTE of the unit, shape (n, t); nil in 2024.
    """

    cvr: np.ndarray
    unit: np.ndarray
    first: np.ndarray
    last: np.ndarray
    founded: np.ndarray
    closed: np.ndarray
    offset: np.ndarray
    changed: np.ndarray
    changed_on: np.ndarray
    jumps: np.ndarray

    def at(self, unit: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return the place of the number that each unit carries on each day."""
        moved = (self.changed[unit] >= 0) & (day >= self.changed_on[unit])
        return np.where(moved, self.changed[unit], unit)


def successors(settings: Settings) -> int:
    """Return how many of the legal units arise from a split or a change of number."""
    rate = (SPLIT_RATE + NUMBER_CHANGE_RATE) * YEARS_LIVED * len(settings.years)
    return round(settings.firms * rate / (1 + rate))


def carry_out(
    settings: Settings, population: Population, ln_fte: np.ndarray
) -> tuple[Numbers, pd.DataFrame]:
    """Return the legal units of the population, and the table ``firm_successions``.

    Parameters
    ----------
    ln_fte
        Employment without events, shape (n, t): it decides how large a merger's jump is.
    """
    rng = settings.stream("events")
    units = len(population)
    unit_closed = _day_within(rng, population.closes, settings.last_year)
    renewed = _renewals(settings, rng, population)
    old, splits, moves = renewed.unit, renewed.is_split, ~renewed.is_split
    place = units + np.arange(len(old))
    changed, changed_on = np.full(units, -1), np.full(units, NOT_A_DAY)
    changed[old[moves]], changed_on[old[moves]] = place[moves], renewed.day[moves]

    closed = np.r_[unit_closed, np.where(splits, NOT_A_DAY, unit_closed[old])]
    last = np.r_[population.closes, np.where(splits, NEVER, population.closes[old])] - 1
    closed[old[moves]], last[old[moves]] = renewed.day[moves], renewed.year[moves] - 1
    merged, absorber = _mergers(settings, rng, population)
    numbers = Numbers(
        cvr=_cvr_numbers(settings)[0],
        unit=np.r_[np.arange(units), old],
        first=np.r_[np.maximum(population.founded, settings.first_year), renewed.year],
        last=last,
        founded=np.r_[_day_within(rng, population.founded, settings.last_year), renewed.day],
        closed=closed,
        offset=np.r_[np.zeros(units), np.where(splits, -np.log(1 / renewed.share - 1), 0.0)],
        changed=changed,
        changed_on=changed_on,
        jumps=_jumps(settings, population, ln_fte, renewed, merged, absorber),
    )
    merger_day = unit_closed[merged]
    successions = pd.DataFrame(
        {
            "cvr": numbers.cvr[np.r_[numbers.at(merged, merger_day), old]],
            "successor": numbers.cvr[np.r_[numbers.at(absorber, merger_day), place]],
            "date": np.r_[merger_day, renewed.day],
            "kind": ["merger"] * len(merged) + list(np.where(splits, "split", "number_change")),
        }
    ).sort_values(["date", "cvr"], ignore_index=True)
    return numbers, successions


def cluster_numbers(settings: Settings) -> np.ndarray:
    """Return the CVR numbers of the cluster organisations, which are no firms of the extract."""
    return _cvr_numbers(settings)[1]


def _cvr_numbers(settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of firms, in order, and of cluster organisations."""
    rng = settings.stream("cvr")
    serial = rng.choice(SERIALS, settings.firms + len(CLUSTERS), replace=False)
    return (
        cvr.from_serial(np.sort(serial[: settings.firms])),
        cvr.from_serial(serial[settings.firms :]),
    )


@dataclass(frozen=True)
class _Renewals:
    """Units that split or change their number: shape (k,) each."""

    unit: np.ndarray
    year: np.ndarray
    day: np.ndarray
    is_split: np.ndarray
    share: np.ndarray


def _renewals(settings: Settings, rng: np.random.Generator, population: Population) -> _Renewals:
    """Return one event for as many units as there are successors, in a year of their life."""
    earliest = np.maximum(population.founded, settings.first_year) + 1
    latest = np.minimum(population.closes - 1, settings.last_year)
    able = np.flatnonzero(latest >= earliest)
    unit = np.sort(rng.choice(able, successors(settings), replace=False))
    year = rng.integers(earliest[unit], latest[unit] + 1)
    return _Renewals(
        unit=unit,
        year=year,
        day=random_days(rng, january_first(year), december_last(year)),
        is_split=rng.random(len(unit)) < SPLIT_RATE / (SPLIT_RATE + NUMBER_CHANGE_RATE),
        share=rng.uniform(*SPLIT_OFF, len(unit)),
    )


def _mergers(
    settings: Settings, rng: np.random.Generator, population: Population
) -> tuple[np.ndarray, np.ndarray]:
    """Return the units that are absorbed and by whom: a larger one of the industry."""
    closes = population.closes
    ends = (closes > settings.first_year) & (closes <= settings.last_year)
    merged = np.flatnonzero(ends & (rng.random(len(closes)) < MERGER_SHARE))
    order = np.lexsort((population.size, population.industry))
    position = np.empty_like(order)
    position[order] = np.arange(len(order))
    industry_end = np.searchsorted(population.industry[order], population.industry[merged], "right")
    following = np.minimum(position[merged] + 1, industry_end - 1)
    absorber = np.full(len(merged), -1)
    for _ in range(ATTEMPTS):
        candidate = order[rng.integers(following, industry_end)]
        lives = (population.founded[candidate] < closes[merged]) & (
            closes[candidate] > closes[merged]
        )
        absorber = np.where((absorber < 0) & lives, candidate, absorber)
    found = absorber >= 0
    return merged[found], absorber[found]


def _jumps(
    settings: Settings,
    population: Population,
    ln_fte: np.ndarray,
    renewed: _Renewals,
    merged: np.ndarray,
    absorber: np.ndarray,
) -> np.ndarray:
    """Return what mergers add to and splits take from ln FTE, relative to 2024, (n, t)."""
    jumps = np.zeros(ln_fte.shape)
    column = population.closes[merged] - settings.first_year
    relative = ln_fte[merged, column - 1] - ln_fte[absorber, column - 1]
    np.add.at(jumps, (absorber, column), np.log1p(np.exp(np.minimum(relative, 0.0))))
    split = renewed.is_split
    at_split = (renewed.unit[split], renewed.year[split] - settings.first_year)
    np.add.at(jumps, at_split, np.log1p(-renewed.share[split]))
    jumps = np.cumsum(jumps, axis=1, out=jumps)
    return jumps - jumps[:, [ANCHOR - settings.first_year]]


def _day_within(rng: np.random.Generator, year: np.ndarray, last_year: int) -> np.ndarray:
    """Return a random day of each year, NaT for years after the register's last."""
    day = random_days(
        rng, january_first(np.minimum(year, last_year)), december_last(np.minimum(year, last_year))
    )
    return np.where(year <= last_year, day, NOT_A_DAY)
