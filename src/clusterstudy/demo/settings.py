"""What a demo is made from: its size, seed and years, and the declared lists.

Every table and every step draws from a random stream of its own name, so that a change in one
leaves the others as they were.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from clusterstudy.errors import UserError

ANCHOR = 2024  # the last year before the programme
PROGRAMME = range(2025, 2029)
LEAST_FIRMS = 100
SERIALS = 2_250_000  # CVR numbers that contract.cvr.from_serial can make
FIRST_COHORT = 2018
GROWTH_YEARS = 3

CLUSTERS = pd.read_csv(Path(__file__).with_name("clusters.csv"))
INDUSTRIES = pd.read_csv(Path(__file__).with_name("industries.csv"))
REGIONS = pd.read_csv(Path(__file__).with_name("regions.csv"))


@dataclass(frozen=True)
class Settings:
    """Size, seed and years of a demo.

    Parameters
    ----------
    firms
        Number of legal units, from 100 on; 13.75 % of them take part at some time.
    seed
        Seed of all random streams: the same seed, the same demo.
    first_year, last_year
        Years of the firm register: to 2021 the first, from 2028 on the last.

    Raises
    ------
    UserError
        If a value is out of range.
    """

    firms: int = 20_000
    seed: int = 2026
    first_year: int = 2016
    last_year: int = 2029

    def __post_init__(self) -> None:
        """Refuse what cannot be made."""
        most = SERIALS - len(CLUSTERS)
        latest_start, earliest_end = ANCHOR - GROWTH_YEARS, max(PROGRAMME)
        if not LEAST_FIRMS <= self.firms <= most:
            raise UserError(f"{self.firms} firms: from {LEAST_FIRMS} to {most}", where="firms")
        if self.seed < 0:
            raise UserError(f"the seed {self.seed} is negative", where="seed")
        if not 1990 <= self.first_year <= latest_start:
            raise UserError(
                f"the first year is {self.first_year}: from 1990 to {latest_start}",
                where="first_year",
            )
        if not earliest_end <= self.last_year <= 2050:
            raise UserError(
                f"the last year is {self.last_year}: from {earliest_end} to 2050",
                where="last_year",
            )

    @property
    def years(self) -> np.ndarray:
        """The calendar years of the register, shape (t,)."""
        return np.arange(self.first_year, self.last_year + 1)

    def stream(self, name: str) -> np.random.Generator:
        """Return the random stream called ``name``."""
        key = zlib.crc32(name.encode())
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(key,)))


def random_days(rng: np.random.Generator, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return a day between ``first`` and ``last`` (datetime64[D], both included) for each pair."""
    span = (last - first).astype(np.int64)
    return first + rng.integers(0, span + 1).astype("timedelta64[D]")


def january_first(year: np.ndarray) -> np.ndarray:
    """Return the first day of each year as datetime64[D]."""
    return (np.asarray(year) - 1970).astype("datetime64[Y]").astype("datetime64[D]")


def december_last(year: np.ndarray) -> np.ndarray:
    """Return the last day of each year as datetime64[D]."""
    return january_first(np.asarray(year) + 1) - np.timedelta64(1, "D")
