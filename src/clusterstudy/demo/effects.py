"""What participation adds: the true effects, by firm, measure and year.

On the log scale, from the year of entry on: a quarter of the full effect in the first year, the
whole of it from event time 3 on, never lost again. An innovation project adds 3 % to FTE and 5 %
to value added per FTE, a membership 1 % and 1.5 %, light contact between 0 and 1 % to each (the
domain notes' generator parameters; membership is a guess between them). Around these means effects
vary by cluster and by firm. A project makes some firms export that did not. Own R&D is left as it
was: a negative control. Nothing spills over to other firms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clusterstudy.demo.entry import DOSES, Entry
from clusterstudy.demo.population import Population
from clusterstudy.demo.settings import CLUSTERS, Settings

FULL = {
    "fte": {"light": 0.005, "membership": 0.010, "project": 0.03},
    "productivity": {"light": 0.005, "membership": 0.015, "project": 0.05},
    "exports": {"light": 0.0, "membership": 0.01, "project": 0.04},
}
EVENT_TIMES_TO_FULL = 3
FIRM_SD = 0.3


@dataclass(frozen=True)
class Effects:
    """The true effects.

    Parameters
    ----------
    cohort
        Year of entry by unit, shape (n,); 0 for units that never take part.
    place
        Place of the unit among the participants, shape (n,); -1 for others.
    dose
        Dose of each participant, shape (p,), text.
    by_measure
        Shape (p, t) each, over the register's years: ``fte`` and ``productivity`` on the log
        scale, ``exports`` as the probability that a firm exports that would not.
    """

    cohort: np.ndarray
    place: np.ndarray
    dose: np.ndarray
    by_measure: dict[str, np.ndarray]

    def at(self, unit: np.ndarray, column: np.ndarray) -> dict[str, np.ndarray]:
        """Return the effect on each unit in each column of years, by measure; shape (r,)."""
        place = self.place[unit]
        taking_part = np.flatnonzero(place >= 0)
        added = {measure: np.zeros(len(unit)) for measure in self.by_measure}
        for measure, effect in self.by_measure.items():
            added[measure][taking_part] = effect[place[taking_part], column[taking_part]]
        return added


def draw(settings: Settings, population: Population, entry: Entry) -> Effects:
    """Return the effects on the population's participants."""
    rng = settings.stream("effects")
    participants = len(entry.unit)
    since = settings.years - entry.cohort[:, None]
    ramp = np.clip((since + 1) / (EVENT_TIMES_TO_FULL + 1), 0.0, 1.0)
    is_light = entry.dose == DOSES.index("light")
    by_measure = {}
    for measure, full in FULL.items():
        typical = np.array([full[dose] for dose in DOSES])[entry.dose]
        around_one = np.maximum(1 + FIRM_SD * rng.standard_normal(participants), 0.0)
        up_to_two = 2 * rng.random(participants)
        firm = np.where(is_light, up_to_two, around_one * _by_cluster(entry))
        by_measure[measure] = ramp * (typical * firm)[:, None]
    place = np.full(len(population), -1)
    place[entry.unit] = np.arange(participants)
    return Effects(population.cohort, place, np.array(DOSES)[entry.dose], by_measure)


def _by_cluster(entry: Entry) -> np.ndarray:
    """Return the factor of the cluster a participant enters through, the mean where of two."""
    factor = CLUSTERS["effect"].to_numpy()
    own, second = factor[entry.cluster], factor[entry.second]
    return np.where(entry.second_from == entry.cohort, (own + second) / 2, own)
