"""Read the truth behind a demo: ``truth/`` in its folder.

Belongs here: what each file says, reading it, and the true value of an estimand on a sample. Does
not belong here: making it (:mod:`clusterstudy.demo.ledger`), or estimating anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from clusterstudy.errors import UserError

FOLDER, README = "truth", "README.md"


class File(NamedTuple):
    """A file of ``truth/`` and what it says."""

    file: str
    text: str


FILES = {
    "effects": File(
        "effects.csv",
        "True mean effects on SMEs (fewer than 250 persons in 2024) that enter from 2025 on, by "
        "outcome, dose, cohort and event time, with the number of firms. Log points for fte, "
        "productivity, revenue and value_added, shares for exports and rnd. rnd is a negative "
        "control: its effect is nil, as that on training_hours in firm_measures is. The true "
        "overall ATT of an outcome is the mean of effect weighted by n, over the cells that a "
        "study sees; clusterstudy.demo.truth.att gives it for exactly the firms of a panel.",
    ),
    "firm_effects": File(
        "firm_effects.parquet",
        "The true effect in every firm-year since entry, by measure of the impact model, with the "
        "firm's cohort and dose: from it follows any estimand on any sample. A number that "
        "carries on a participant's activity has that participant's effects.",
    ),
    "selection": File(
        "selection.csv",
        "What participation depends on (log_odds), what untreated trends depend on (yearly "
        "change of ln FTE and of ln value added per FTE), and the dip in participants' growth "
        "in 2025 that follows from their higher growth before. Given these characteristics of "
        "2024, and other support before (support.csv), trends are parallel; without them they are "
        "not.",
    ),
    "support": File(
        "support.csv",
        "What other public support in 2020-24 depends on (log_odds_before), the chance of some in "
        "a year from 2025 on, and what earlier support adds to ln FTE a year from 2025 on. Later "
        "support moves no figure. Leaving earlier support out of account biases the effect on fte, "
        "and on revenue and value_added with it, by the difference in earlier support between new "
        "entrants and comparison firms times that trend, summed from the year before entry.",
    ),
    "events": File(
        "events.csv",
        "Every exit, merger, split and change of number, with its day and the successor. "
        "Participation has no effect on any of them.",
    ),
    "registers": File(
        "registers.csv",
        "Rows and values that are late, omitted, outside a sample or not received, by table, "
        "column and year.",
    ),
    "survey": File(
        "survey.csv",
        "By wave, cluster and item: how many were asked and what all of them would have answered "
        "on average, and how many answered and what they did. The satisfied and project firms "
        "answer more often.",
    ),
    "networks": File(
        "networks.csv",
        "What was put into each cluster's collaborations: SMEs within its reach, how far ties "
        "gather on few actors, and the expected shares of ties between actors of different kinds, "
        "of referrals among collaborations, and of joint projects and agreements with a result, "
        "and with a product on the market. Pairs drawn twice in a year count once.",
    ),
    "journey": File(
        "journey.csv",
        "By programme year: how many firms were to be expected in activities, and the share of "
        "them in more than one cluster's, given when and where firms enter. A firm that changes "
        "its number counts once.",
    ),
    "clusters": File(
        "clusters.csv",
        "What was put into each cluster: profile (strong, ambiguous, weak), factor on its effects, "
        "mean satisfaction, yearly lapse of members, private share planned and how far it is met, "
        "first year of negative equity, the service that crowds out private providers, and the "
        "month in which cash runs out under plan. That scenario: cash less unsettled advances at "
        "the end of 2025, then each month a twelfth of the year's planned cash income comes in "
        "and a twelfth of the cost of 2025 (revenue less result) goes out.",
    ),
    "dirt": File(
        "dirt.csv",
        "Every error added, by fault (its name in clusterstudy.contract.rules, or the broken "
        "promise of the column), severity, table, column and the key of the row.",
    ),
}


def read(folder: Path, name: str) -> pd.DataFrame:
    """Return a file of the truth of the demo in ``folder``.

    Parameters
    ----------
    folder
        The demo.
    name
        One of :data:`FILES`.

    Raises
    ------
    UserError
        If there is no such file.
    """
    if name not in FILES:
        raise UserError(f"unknown truth {name!r}", mend=f"Choose one of: {', '.join(FILES)}")
    path = Path(folder) / FOLDER / FILES[name].file
    if not path.is_file():
        raise UserError(
            "expected the truth of a demo and found none",
            where=str(path),
            mend="Make the demo with `clusterstudy demo FOLDER`",
        )
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=TEXT)


TEXT = {"cvr": "str", "successor": "str"}


def effects_of(
    firm_effects: pd.DataFrame,
    measure: str,
    firms: np.ndarray,
    years: np.ndarray,
    unit: Mapping[str, str] | pd.Series = MappingProxyType({}),
) -> np.ndarray:
    """Return the true effects on firms by year, shape (n, t); 0 before entry and without it.

    Parameters
    ----------
    firm_effects
        The truth of that name.
    measure
        A measure of the impact model.
    firms, years
        CVR numbers, shape (n,), and calendar years, shape (t,).
    unit
        The number in ``firms`` that stands for others, by these, where numbers were chained.
    """
    number = firm_effects["cvr"]
    firm_effects = firm_effects.assign(cvr=number.map(dict(unit)).fillna(number))
    wide = firm_effects.pivot(index="cvr", columns="year", values=measure)
    return wide.reindex(index=firms, columns=years).fillna(0.0).to_numpy()


def att(effects: np.ndarray, outcome: np.ndarray, cohort: np.ndarray, years: np.ndarray) -> float:
    """Return the overall ATT that group-time estimates aim at (weights by cohort size).

    For cohort g and year t >= g it is the mean, over firms observed in t and in g - 1, of the
    effect in t; cells are weighted by the cohort's number of firms (Callaway & Sant'Anna 2021,
    section 3, the "simple" aggregation).

    Parameters
    ----------
    effects, outcome
        Shape (n, t); the outcome only tells by NaN where a firm is not observed.
    cohort
        Year of entry, shape (n,); inf where there is none.
    years
        Shape (t,), one year apart.
    """
    total = weight = 0.0
    for g in np.unique(cohort[np.isfinite(cohort)]):
        firms = cohort == g
        base = np.isfinite(outcome[firms][:, years == g - 1]).any(axis=1)
        for column in np.flatnonzero(years >= g):
            seen = base & np.isfinite(outcome[firms, column])
            if seen.any():
                total += firms.sum() * effects[firms, column][seen].mean()
                weight += firms.sum()
    return total / weight


def readme() -> str:
    """Return the text of ``truth/README.md``."""
    lines = [f"- **{item.file}**: {item.text}" for item in FILES.values()]
    return "\n".join([*HEAD, *lines, ""])


HEAD = (
    "# The truth behind this demo",
    "",
    "Everything here is made up: no firm, cluster or figure is real, and CVR numbers are only",
    "valid in form. The tables beside this folder are an extract of a register in which",
    "participants are over-represented. `clusterstudy.demo.truth` reads these files.",
    "",
)
