"""The survey of participating SMEs: the table ``survey``, and what all who were asked would say.

The satisfied and those in projects answer more often, so that the respondents' mean lies above
the mean of all who were asked; ``truth/survey.csv`` has both.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from clusterstudy.demo.contacts import PROJECT
from clusterstudy.demo.entry import Entry
from clusterstudy.demo.events import Numbers
from clusterstudy.demo.population import LARGE, Population
from clusterstudy.demo.settings import CLUSTERS, PROGRAMME, Settings, random_days

WAVES = range(2026, 2029)
OPENS, CLOSES = "09-01", "11-15"
RESPONSE, BY_SATISFACTION, BY_PROJECT = 0.27, 0.35, 0.5
TYPICAL_SATISFACTION = 3.6
YEARLY_GAIN = 0.05


def survey(
    settings: Settings, population: Population, entry: Entry, numbers: Numbers
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table ``survey`` and its truth.

    Returns
    -------
    The table, and a frame with ``wave``, ``cluster_id``, ``item``, ``asked``, ``mean_asked``,
    ``answered`` and ``mean_answered``: what all who were asked would have said, and what the
    respondents said.
    """
    rng = settings.stream("survey")
    answers = pd.concat(
        [_wave(settings, rng, population, entry, numbers, wave) for wave in WAVES],
        ignore_index=True,
    )
    items = [name for name in answers if name not in IDENTITY]
    long = answers.melt(IDENTITY, items, var_name="item", value_name="score")
    by = long.groupby(["wave", "cluster_id", "item"])["score"].agg(asked="size", mean_asked="mean")
    given = long[long["answers"]]
    by_given = given.groupby(["wave", "cluster_id", "item"])["score"]
    truth = by.join(by_given.agg(answered="size", mean_answered="mean")).fillna({"answered": 0})
    table = given.sort_values(["wave", "respondent_id", "item"], ignore_index=True)
    return table.drop(columns="answers"), truth.reset_index()


IDENTITY = ["wave", "respondent_id", "cvr", "cluster_id", "answered_on", "answers"]


def _wave(
    settings: Settings,
    rng: np.random.Generator,
    population: Population,
    entry: Entry,
    numbers: Numbers,
    wave: int,
) -> pd.DataFrame:
    """Return a row per firm asked in a wave: who, whether it answers, and what it would say."""
    takes_part = (entry.cohort < wave) | (entry.cohort == min(PROGRAMME))
    is_sme = population.size[entry.unit] < LARGE
    asked = np.flatnonzero(takes_part & is_sme & (entry.closes > wave))
    n = len(asked)
    project = entry.dose[asked] == PROJECT
    profile = CLUSTERS.iloc[entry.cluster[asked]]
    mood = profile["satisfaction"].to_numpy() + YEARLY_GAIN * (wave - WAVES[0])
    mood = mood + 0.3 * project + 0.8 * rng.standard_normal(n)
    propensity = logit(RESPONSE) + BY_SATISFACTION * (mood - TYPICAL_SATISFACTION)
    propensity += BY_PROJECT * project
    opens, closes = (np.full(n, np.datetime64(f"{wave}-{day}")) for day in (OPENS, CLOSES))
    day = random_days(rng, opens, closes)
    weak = mood - TYPICAL_SATISFACTION
    return pd.DataFrame(
        {
            "wave": wave,
            "respondent_id": [f"R{wave}-{number:05d}" for number in rng.permutation(n)],
            "cvr": numbers.cvr[numbers.at(entry.unit[asked], day)],
            "cluster_id": profile["cluster_id"].to_numpy(dtype=str),
            "answered_on": day,
            "answers": rng.random(n) < expit(propensity),
            "satisfaction": _scale(mood),
            "societal_challenge": _scale(3.0 + 0.4 * weak + 0.4 * project + rng.standard_normal(n)),
            "days_to_offer": np.exp(3.6 - 0.25 * weak + 0.6 * rng.standard_normal(n)).round(),
            "contacts_before_offer": 1.0 + rng.poisson(np.exp(0.6 - 0.2 * weak)),
            "new_partners": rng.poisson(np.exp(0.2 + 0.5 * project + 0.1 * weak)).astype(float),
            "research_use": _scale(2.4 + 0.8 * project + rng.standard_normal(n)),
        }
    )


def _scale(latent: np.ndarray) -> np.ndarray:
    """Return a score from 1 to 5."""
    return np.clip(np.round(latent), 1.0, 5.0)
