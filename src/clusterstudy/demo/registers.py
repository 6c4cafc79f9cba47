"""Who there is, at what prices, and what a study adds.

The tables ``clusters``, ``firms``, ``price_index``, ``firm_measures`` and ``industry_bridge``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.demo.events import Numbers, cluster_numbers
from clusterstudy.demo.population import Population
from clusterstudy.demo.settings import ANCHOR, CLUSTERS, INDUSTRIES, PROGRAMME, REGIONS, Settings

BASE_YEAR, USUAL_INFLATION, INFLATION_SD = 2020, 0.02, 0.003
INFLATION = {2021: 0.025, 2022: 0.065, 2023: 0.035, 2024: 0.018}
DIVIDED, DIVIDED_TO, DIVIDED_SHARE = "749090", "829900", 0.15  # to another group in DB25
FIRST_DB25 = np.datetime64("2025-01-01")

LEGAL_FORMS = {  # by size: below 10 FTE, below 50, and from there
    "10": (0.31, 0.03, 0.00),
    "30": (0.04, 0.02, 0.01),
    "60": (0.07, 0.32, 0.75),
    "80": (0.54, 0.61, 0.22),
    "110": (0.03, 0.01, 0.01),
    "other": (0.01, 0.01, 0.01),
}
SMALL, MEDIUM = np.log(10), np.log(50)

ASKED_ABOUT_TRAINING, TYPICAL_HOURS, HABIT_SD, HOURS_SD = 0.1, 12.0, 0.6, 0.4


def clusters(settings: Settings) -> pd.DataFrame:
    """Return the table ``clusters``."""
    return pd.DataFrame(
        {
            "cluster_id": CLUSTERS["cluster_id"],
            "name": CLUSTERS["name"],
            "cvr": cluster_numbers(settings),
            "field": CLUSTERS["field"],
            "region": CLUSTERS["region"],
            "designated_from": pd.Timestamp(min(PROGRAMME), 1, 1),
            "designated_to": pd.Timestamp(max(PROGRAMME), 12, 31),
            "membership_fees_since": CLUSTERS["fees_since"],
            "trade_association_agreements": CLUSTERS["association_agreements"],
            "private_adviser_density": CLUSTERS["adviser_density"],
            "value_proposition_score": CLUSTERS["value_score"],
        }
    )


def price_index(settings: Settings) -> pd.DataFrame:
    """Return the table ``price_index``: every industry group and year, 2020 = 100."""
    rng = settings.stream("price_index")
    years = np.arange(min(settings.first_year, BASE_YEAR), settings.last_year + 1)
    common = np.array([INFLATION.get(int(year), USUAL_INFLATION) for year in years])
    growth = np.outer(INDUSTRIES["inflation"], common)
    growth += INFLATION_SD * rng.standard_normal(growth.shape)
    level = np.cumsum(np.log1p(growth), axis=1)
    level -= level[:, years == BASE_YEAR]
    kept = years >= settings.first_year
    return pd.DataFrame(
        {
            "industry_group": np.repeat(INDUSTRIES["industry_group"].to_numpy(), kept.sum()),
            "year": np.tile(years[kept], len(INDUSTRIES)),
            "index": (100 * np.exp(level[:, kept])).round(1).ravel(),
        }
    )


def firms(settings: Settings, population: Population, numbers: Numbers) -> pd.DataFrame:
    """Return the table ``firms``, in the order of ``numbers``."""
    rng = settings.stream("firms")
    units = len(population)
    size_class = np.digitize(population.size, (SMALL, MEDIUM))
    forms = np.array(list(LEGAL_FORMS.values()))
    place = (rng.random(units) > np.cumsum(forms, axis=0)[:, size_class]).sum(axis=0)
    luck = rng.random(units)
    town = _pick(REGIONS["municipalities"], population.region, rng.random(units))
    old, new = (
        _pick(INDUSTRIES[version], population.industry, luck) for version in ("db07", "db25")
    )
    unit = numbers.unit
    is_new = numbers.founded >= FIRST_DB25
    return pd.DataFrame(
        {
            "cvr": numbers.cvr,
            "founded": numbers.founded,
            "closed": numbers.closed,
            "legal_form": np.array(list(LEGAL_FORMS))[np.minimum(place, len(forms) - 1)][unit],
            "industry": np.where(is_new, new[unit], old[unit]),
            "industry_version": np.where(is_new, "DB25", "DB07"),
            "municipality": town[unit],
            "region": REGIONS["region"].to_numpy(dtype=str)[population.region[unit]],
            "group_id": None,  # every firm stands alone
        }
    )


def industry_bridge() -> pd.DataFrame:
    """Return the table ``industry_bridge``: every code goes over whole, but for one."""
    pairs = zip(INDUSTRIES["db07"], INDUSTRIES["db25"], strict=True)
    whole = [pair for old, new in pairs for pair in zip(old.split(), new.split(), strict=True)]
    frame = pd.DataFrame(whole, columns=["old", "new"]).assign(weight=1.0)
    frame.loc[frame["old"] == DIVIDED, "weight"] -= DIVIDED_SHARE
    return pd.concat(
        [
            frame,
            pd.DataFrame({"old": [DIVIDED], "new": [DIVIDED_TO], "weight": [DIVIDED_SHARE]}),
        ],
        ignore_index=True,
    )


def firm_measures(settings: Settings, firm_years: pd.DataFrame) -> pd.DataFrame:
    """Return the table ``firm_measures``: yearly hours of training per employee, from 2024 on.

    A sample of firms is asked. Participation changes nothing in it: a negative control.
    """
    rng = settings.stream("firm_measures")
    firm, numbers = pd.factorize(firm_years["cvr"])
    asked = rng.random(len(numbers)) < ASKED_ABOUT_TRAINING
    habit = HABIT_SD * rng.standard_normal(len(numbers))
    rows = np.flatnonzero(asked[firm] & (firm_years["year"] >= ANCHOR))
    noise = HOURS_SD * rng.standard_normal(len(rows))
    hours = TYPICAL_HOURS * np.exp(habit[firm[rows]] + noise)
    identity = firm_years.iloc[rows][["cvr", "year"]]
    return identity.assign(measure="training_hours", value=hours.round(1))


def _pick(lists: pd.Series, which: np.ndarray, luck: np.ndarray) -> np.ndarray:
    """Return an entry of the list (separated by blanks) in place ``which``, for each ``luck``."""
    options = [text.split() for text in lists]
    widest = max(map(len, options))
    table = np.array([option + [""] * (widest - len(option)) for option in options])
    length = np.array([len(option) for option in options])[which]
    return table[which, (luck * length).astype(np.int64)]
