"""The figures of firms: the table ``firm_years``, with its gaps.

Figures are made in 2020 prices and published in current ones. Ratios between a firm's figures are
lasting traits of the firm plus small yearly noise. Participation works through employment and
value added per FTE, which turnover follows, and through export status.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from clusterstudy.demo.effects import Effects
from clusterstudy.demo.events import Numbers
from clusterstudy.demo.paths import Paths
from clusterstudy.demo.population import Population
from clusterstudy.demo.settings import INDUSTRIES, Settings

SMALL, MEDIUM, LARGE = np.log(10), np.log(50), np.log(250)
TURNOVER_OMITTED = (0.65, 0.05, 0.0)  # by size: below 50 FTE, below 250, and from there
RND_OBSERVED = (0.09, 0.35, 0.70, 1.0)  # by size: below 10, 50, 250 FTE, and from there
RND_SPENDERS = 0.4
LATE, LATE_LAST_YEAR = 0.01, 0.05
SMALLEST_EQUITY = 0.05  # share of assets: no equity so near nil that a ratio of years explodes
PERSONS_PER_FTE = 1.12


@dataclass(frozen=True)
class Rows:
    """The rows of ``firm_years``, shape (r,) each: place among the numbers, unit and column."""

    place: np.ndarray
    unit: np.ndarray
    column: np.ndarray


def rows(settings: Settings, numbers: Numbers) -> Rows:
    """Return a row for every year in which a number reports, but for late filers."""
    rng = settings.stream("late")
    last = np.minimum(numbers.last, settings.last_year)
    count = np.maximum(last - numbers.first + 1, 0)
    place = np.repeat(np.arange(len(count)), count)
    within = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    column = numbers.first[place] - settings.first_year + within
    is_last = column == settings.last_year - settings.first_year
    kept = rng.random(len(place)) >= np.where(is_last, LATE_LAST_YEAR, LATE)
    return Rows(place[kept], numbers.unit[place[kept]], column[kept])


def firm_years(
    settings: Settings,
    population: Population,
    paths: Paths,
    numbers: Numbers,
    effects: Effects,
    prices: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table ``firm_years`` and the true effects in it.

    Parameters
    ----------
    prices
        The table ``price_index``.

    Returns
    -------
    The table, and a row per firm-year since entry: ``cvr``, ``year``, ``cohort``, ``dose`` and,
    for each measure of the impact model, the effect on its scale.
    """
    row = rows(settings, numbers)
    rng = settings.stream("firm_years")
    trait = settings.stream("traits").standard_normal((len(population), 6))[row.unit].T
    luck = settings.stream("luck").random((len(population), 4))[row.unit].T
    size, industry = population.size[row.unit], INDUSTRIES.iloc[population.industry[row.unit]]
    added = effects.at(row.unit, row.column)

    def noise(sd: float) -> np.ndarray:
        return sd * rng.standard_normal(len(row.unit))

    ln_fte = paths.employment + numbers.jumps
    fte = np.exp(ln_fte[row.unit, row.column] + numbers.offset[row.place] + added["fte"])
    price = prices["index"].to_numpy().reshape(len(INDUSTRIES), -1) / 100
    revenue = fte * np.exp(paths.productivity[row.unit, row.column] + added["productivity"])
    revenue *= price[population.industry[row.unit], row.column]

    share = logit(industry["value_added_share"].to_numpy()) + 0.4 * trait[0] + noise(0.12)
    share -= 0.5 * industry["log_sd"].to_numpy() * population.productivity[row.unit]
    value_added = revenue * expit(share)
    wage_bill = value_added * expit(0.9 + 0.4 * trait[1] + noise(0.1))
    total_assets = revenue * np.exp(-0.3 + 0.5 * trait[2] + noise(0.1))
    solvency = np.clip(0.35 + 0.25 * trait[3] + noise(0.05), -0.5, 0.95)
    solvency = np.copysign(np.maximum(np.abs(solvency), SMALLEST_EQUITY), solvency)

    leaning = ndtri(industry["exporters"].to_numpy()) + 0.25 * (size - 1)
    exports_anyway = leaning + trait[4] + noise(0.15) > 0
    exports_newly = ~exports_anyway & (luck[0] < added["exports"])
    export_share = expit(-0.8 + 0.5 * trait[5] + noise(0.15))
    exports = np.where(exports_anyway | exports_newly, revenue * export_share, 0.0)

    intensity = np.exp(-4 + 0.5 * trait[0] + noise(0.2))
    rnd = np.where(luck[1] + noise(0.03) < RND_SPENDERS, revenue * intensity, 0.0)
    in_sample = luck[2] < np.array(RND_OBSERVED)[np.digitize(size, (SMALL, MEDIUM, LARGE))]
    omits = luck[3] < np.array(TURNOVER_OMITTED)[np.digitize(size, (MEDIUM, LARGE))]
    identity = {"cvr": numbers.cvr[row.place], "year": settings.first_year + row.column}
    amounts = {
        "revenue": np.where(omits, np.nan, revenue),
        "value_added": value_added,
        "exports": exports,
        "wage_bill": wage_bill,
        "rnd_spend": np.where(in_sample, rnd, np.nan),
        "equity": total_assets * solvency,
        "total_assets": total_assets,
    }
    table = pd.DataFrame(
        {
            **identity,
            "fte": np.maximum(fte.round(2), 0.01),
            "headcount": np.ceil(PERSONS_PER_FTE * fte).astype(np.int64),
            **{name: amount.round(1) for name, amount in amounts.items()},
        }
    )
    treated = (effects.place[row.unit] >= 0) & (identity["year"] >= effects.cohort[row.unit])
    truth = pd.DataFrame(
        {
            **identity,
            "cohort": effects.cohort[row.unit],
            "dose": effects.dose[effects.place[row.unit]],
            "fte": added["fte"],
            "productivity": added["productivity"],
            "revenue": added["fte"] + added["productivity"],
            "value_added": added["fte"] + added["productivity"],
            "exports": exports_newly.astype(float),
            "rnd": 0.0,
        }
    )
    return table, truth[treated].reset_index(drop=True)
