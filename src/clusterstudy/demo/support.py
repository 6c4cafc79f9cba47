"""Other public support: who receives it, and what it does to employment.

A confounder that is known. Firms that ever take part in a cluster have often had other support in
the five years to 2024 (:data:`BY_TAKING_PART`), and so have large and growing firms. From 2025 on
such firms grow by :data:`LIFT` more a year, whether they take part or not: untreated trends in
employment are parallel given X *and* earlier support, and not given X alone.

Support from 2025 on goes to firms that had some before, and clusters show participants the way to
it (:data:`REFERRAL`): it is in part an effect of taking part. Within the register's years it moves
no figure, so the true effects are those of :mod:`clusterstudy.demo.effects`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from clusterstudy.demo.events import Numbers
from clusterstudy.demo.paths import MEAN_LN_FTE
from clusterstudy.demo.population import Population
from clusterstudy.demo.settings import ANCHOR, Settings, january_first

YEARS_BEFORE = 5
CONSTANT, BY_TAKING_PART = -2.2, 1.4  # log-odds: a tenth of the small firms that stay outside
BY_LN_FTE, BY_GROWTH = 0.2, 0.3
LIFT = 0.02  # of ln FTE a year

NEW, AGAIN, REFERRAL = 0.02, 0.08, 1.5  # chance of support in a year from 2025 on

PROGRAMMES = {  # share of the grants, and the typical one in DKK thousand
    "innobooster": (0.25, 600.0),
    "grand_solutions": (0.05, 3000.0),
    "smv_digital": (0.30, 60.0),
    "export": (0.20, 100.0),
    "eu_funds": (0.10, 400.0),
    "other": (0.10, 150.0),
}
AMOUNT_SD = 0.6


@dataclass(frozen=True)
class Support:
    """Who received other public support and when.

    Parameters
    ----------
    before
        Year of support in the five years to 2024, shape (n,); 0 where there was none.
    since
        Whether a unit received some in each year of the register, from 2025 on; shape (n, t).
    """

    before: np.ndarray
    since: np.ndarray


def draw(settings: Settings, population: Population) -> Support:
    """Return the support that a population's units receive while they live."""
    rng = settings.stream("other_support")
    takes_part = population.cohort > 0
    odds = (
        CONSTANT
        + BY_TAKING_PART * takes_part
        + BY_LN_FTE * (population.size - MEAN_LN_FTE)
        + BY_GROWTH * population.growth
    )
    earliest = np.maximum(population.founded, max(ANCHOR - YEARS_BEFORE + 1, settings.first_year))
    latest = np.minimum(population.closes - 1, ANCHOR)
    received = (rng.random(len(population)) < expit(odds)) & (earliest <= latest)
    year = rng.integers(earliest, np.maximum(latest, earliest) + 1)
    years, cohort = settings.years, population.cohort[:, None]
    chance = np.where(received, AGAIN, NEW)[:, None] * np.where(
        takes_part[:, None] & (years >= cohort), REFERRAL, 1.0
    )
    lives = (population.founded[:, None] <= years) & (years < population.closes[:, None])
    since = (rng.random(chance.shape) < chance) & lives & (years > ANCHOR)
    return Support(np.where(received, year, 0), since)


def lift(settings: Settings, support: Support) -> np.ndarray:
    """Return what earlier support adds to ln FTE, shape (n, t)."""
    return LIFT * (support.before > 0)[:, None] * np.maximum(settings.years - ANCHOR, 0)


def other_support(settings: Settings, support: Support, numbers: Numbers) -> pd.DataFrame:
    """Return the table ``other_support``."""
    rng = settings.stream("other_support_grants")
    earlier = np.flatnonzero(support.before)
    unit, column = np.nonzero(support.since)
    unit = np.r_[earlier, unit]
    year = np.r_[support.before[earlier], settings.years[column]]
    share, typical = np.array(list(PROGRAMMES.values())).T
    programme = rng.choice(len(PROGRAMMES), len(unit), p=share)
    amount = typical[programme] * np.exp(AMOUNT_SD * rng.standard_normal(len(unit)))
    mid_year = january_first(year) + np.timedelta64(181, "D")
    rows = {
        "cvr": numbers.cvr[numbers.at(unit, mid_year)],
        "programme": np.array(list(PROGRAMMES))[programme],
        "year": year,
        "amount": amount.round(1),
    }
    return pd.DataFrame(rows).sort_values(["year", "cvr"], ignore_index=True)
