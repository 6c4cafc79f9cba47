"""Through which cluster a participant enters, and with what dose.

Neither depends on anything but the unit's industry and region, so that within a dose or a cluster
too, untreated trends are parallel given X.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clusterstudy.demo.population import NEVER, Population
from clusterstudy.demo.settings import CLUSTERS, INDUSTRIES, PROGRAMME, REGIONS, Settings

DOSES = ("light", "membership", "project")
DOSE_SHARES = (0.55, 0.20, 0.25)
SEVERAL_CLUSTERS = 0.12
SECOND_AT_ENTRY = 0.5
HOME_REGION = 1.5


@dataclass(frozen=True)
class Entry:
    """How participants enter, shape (p,) each, in the order of ``Population.participants``.

    Parameters
    ----------
    unit
        Place in the population.
    cohort, closes
        Years of entry and of closing.
    dose
        Place in :data:`DOSES`.
    cluster
        Place in the list of clusters.
    second, second_from
        The second cluster and the year of its first contact; -1 and :data:`NEVER` where none.
    """

    unit: np.ndarray
    cohort: np.ndarray
    closes: np.ndarray
    dose: np.ndarray
    cluster: np.ndarray
    second: np.ndarray
    second_from: np.ndarray


def draw(settings: Settings, population: Population) -> Entry:
    """Return the entries of the population's participants."""
    rng = settings.stream("entry")
    unit = population.participants
    cohort, closes = population.cohort[unit], population.closes[unit]
    odds = CLUSTERS[INDUSTRIES["industry_group"]].to_numpy(dtype=float)[
        :, population.industry[unit]
    ]
    at_home = CLUSTERS["region"].to_numpy()[:, None] == REGIONS["region"].to_numpy()
    odds *= CLUSTERS["size"].to_numpy()[:, None]
    odds *= np.where(at_home[:, population.region[unit]], HOME_REGION, 1.0)
    cluster = _choose(rng, odds)
    odds[cluster, np.arange(len(unit))] = 0.0
    second = _choose(rng, odds)
    later = cohort + rng.integers(1, 4, len(unit))
    start = np.where(rng.random(len(unit)) < SECOND_AT_ENTRY, cohort, later)
    start = np.minimum(start, np.minimum(closes - 1, max(PROGRAMME)))
    several = rng.random(len(unit)) < SEVERAL_CLUSTERS
    return Entry(
        unit=unit,
        cohort=cohort,
        closes=closes,
        dose=rng.choice(len(DOSES), len(unit), p=DOSE_SHARES),
        cluster=cluster,
        second=np.where(several, second, -1),
        second_from=np.where(several, start, NEVER),
    )


def _choose(rng: np.random.Generator, odds: np.ndarray) -> np.ndarray:
    """Return a row per column, drawn with the odds in that column."""
    cumulative = np.cumsum(odds, axis=0)
    return (cumulative < rng.random(odds.shape[1]) * cumulative[-1]).sum(axis=0)
