"""Firms that left: whether participation changes who leaves, and what that does to the effect.

A firm that enters in a year has lived until then. A comparison firm need not have: were it counted
from the start of that year, entrants would look the longer-lived for that alone (immortal time).
So both are followed from the end of the year of entry, among firms that then live. Exit is an
outcome there; and the effect by the last year is bounded by Lee (2009) for the firms that stay in
any case, whether a firm is not seen because it left or for want of figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterstudy.did.estimates import Estimates, join
from clusterstudy.did.group_time import group_times, simple
from clusterstudy.did.lee import BOUNDS, imbens_manski, lee_bounds
from clusterstudy.did.panel import Panel
from clusterstudy.errors import UserError
from clusterstudy.impact.design import Design
from clusterstudy.impact.effects import Choices, table
from clusterstudy.impact.overlap import scores


@dataclass(frozen=True)
class Bounds:
    """The effect by the last year, and its bounds.

    Parameters
    ----------
    year
        The outcome's last year.
    followed
        New entrants of the cohorts that are not left out.
    stay_treated, stay_comparison
        Share of the new entrants, and of the comparison firms weighted to be like them, whose
        outcome is known in that year.
    seen
        ``estimate``, ``low`` and ``high`` of the effect among the firms seen, as they are.
    lower, upper
        Lee's bounds.
    low, high
        Imbens & Manski's interval of the effect on firms that stay in any case.
    treated_cut, comparison_cut
        Number of cohorts in which new entrants, or the comparison firms like them, are seen more
        often and so are cut.
    cohorts_left_out, entrants_left_out
        Cohorts without bounds, for covariates tell them apart from all comparison firms or too few
        of a group stay, and their new entrants.
    """

    year: int
    followed: int
    stay_treated: float
    stay_comparison: float
    seen: dict[str, float]
    lower: float
    upper: float
    low: float
    high: float
    treated_cut: int
    comparison_cut: int
    cohorts_left_out: int
    entrants_left_out: int


def exits(study: Design, choices: Choices, exit_year: np.ndarray) -> pd.DataFrame:
    """Return the effect on the probability of having left, by years since the year of entry.

    Parameters
    ----------
    exit_year
        Shape (n,), as :func:`clusterstudy.panel.survival.exit_years` returns it.

    Returns
    -------
    DataFrame with ``event_time`` (years after the year of entry), ``n`` (new entrants),
    ``left`` (how many of them had left), ``estimate``, ``se``, ``low``, ``high`` and ``mde``, as
    shares. Years with fewer than ``min_treated`` new entrants are left out.
    """
    first, last = (int(study.arrays.periods[at]) for at in (0, -1))
    found: dict[int, list[tuple[int, int, Estimates]]] = {}
    for cohort, firms, treated in _alive(study, exit_year, last - 1):
        longest = min(last - cohort, last - first - 1)
        gone = {
            since: (exit_year[firms] <= cohort + since).astype(float)
            for since in range(1, longest + 1)
        }
        for since, effect in _compared(study, firms, gone, treated, choices).items():
            one = int(treated.sum()), int(gone[since][treated].sum()), effect
            found.setdefault(since, []).append(one)
    parts, rows = [], []
    for since, cohorts in sorted(found.items()):
        members, left = sum(n for n, _, _ in cohorts), sum(left for _, left, _ in cohorts)
        if members >= choices.min_treated:
            parts.append(_averaged([(n, effect) for n, _, effect in cohorts], [since]))
            rows.append({"n": members, "left": left})
    if not parts:
        return pd.DataFrame(columns=["event_time", "n", "left", "estimate", "se", "mde"])
    effects = table(join(parts), choices, "event_time")
    return pd.concat([effects[["event_time"]], pd.DataFrame(rows), effects.iloc[:, 1:]], axis=1)


def bounds(study: Design, choices: Choices, exit_year: np.ndarray) -> Bounds | None:
    """Return the effect by the outcome's last year with Lee's bounds, averaged over cohorts.

    Cohorts weigh as much as they have entrants that stay in any case; those that covariates tell
    apart from all comparison firms are left out, and counted. None where fewer than
    ``min_treated`` new entrants can be followed. Comparison firms are weighted by the odds of
    entry, taken as known.
    """
    last = int(study.arrays.periods[-1])
    followed, without = [], []
    for cohort, firms, treated in _alive(study, exit_year, last - 1):
        found = _bounded(study, choices, cohort, firms, treated)
        if found is None:
            without.append(int(treated.sum()))
        else:
            followed.append(found)
    entrants = sum(each.size for each in followed)
    if entrants < choices.min_treated:
        return None
    both = _averaged([(each.always, each.limits) for each in followed], BOUNDS)
    low, high = imbens_manski(both, choices.level)
    seen = _averaged([(each.always, each.seen) for each in followed], ["seen"])
    row = seen.one(choices.level)
    stay = np.array([each.stay for each in followed])
    shares = np.average(stay, axis=0, weights=[each.size for each in followed])
    return Bounds(
        year=last,
        followed=entrants,
        stay_treated=shares[0],
        stay_comparison=shares[1],
        seen={name: row[name] for name in ("estimate", "low", "high")},
        lower=both.estimate[0],
        upper=both.estimate[1],
        low=low,
        high=high,
        treated_cut=int((stay[:, 0] > stay[:, 1]).sum()),
        comparison_cut=int((stay[:, 0] < stay[:, 1]).sum()),
        cohorts_left_out=len(without),
        entrants_left_out=sum(without),
    )


@dataclass(frozen=True)
class _Cohort:
    """Bounds of one cohort: ``stay`` are shares of new entrants and of comparison firms."""

    size: int
    stay: tuple[float, float]
    limits: Estimates
    seen: Estimates

    @property
    def always(self) -> float:
        """New entrants that stay in any case."""
        return self.size * min(self.stay)


def _bounded(
    study: Design, choices: Choices, cohort: int, firms: np.ndarray, treated: np.ndarray
) -> _Cohort | None:
    """Bound the change from the year before entry to the last one; None where that cannot be."""
    years, outcome = study.arrays.periods, study.arrays.outcome
    base = outcome[firms][:, years == cohort - 1 - study.anticipation]
    if not base.shape[1]:
        return None
    known = np.isfinite(base[:, 0])
    at, treated = np.flatnonzero(firms)[known], treated[known]
    change = outcome[at, -1] - base[known, 0]
    score = scores(treated, study.firms.design()[at])
    if not (score[~treated] < 1).all():  # covariates tell the groups apart
        return None
    weight = np.ones(len(at))
    weight[~treated] = score[~treated] / (1 - score[~treated])
    there = np.isfinite(change)
    try:
        limits = lee_bounds(change, treated, weight).spread(at, len(study.chosen))
        compared = _compared(study, at[there], {0: change[there]}, treated[there], choices)
    except UserError:
        return None
    if not compared:
        return None
    stay = [float(np.average(there[of], weights=weight[of])) for of in (treated, ~treated)]
    return _Cohort(int(treated.sum()), (stay[0], stay[1]), limits, compared[0])


def _alive(
    study: Design, exit_year: np.ndarray, latest: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield cohorts up to ``latest``: the firms that live at its end (of n), who are entrants."""
    cohort = study.arrays.cohort
    for g in np.unique(cohort[study.entered & (cohort <= latest)]):
        entrants = study.entered & (cohort == g)
        firms = (entrants | study.comparison) & (exit_year > g)
        yield int(g), firms, entrants[firms]


def _compared(
    study: Design,
    firms: np.ndarray,
    changes: Mapping[int, np.ndarray],
    treated: np.ndarray,
    choices: Choices,
) -> dict[int, Estimates]:
    """Return the effects on changes, their influence spread over all firms of the study.

    There are none where the firms cannot be compared, which is the same for all changes.
    """
    covariates = study.arrays.covariates
    outcomes = {str(at): np.column_stack([0 * each, each]) for at, each in changes.items()}
    panel = Panel(
        outcome=next(iter(outcomes.values())),
        cohort=np.where(treated, 1.0, np.inf),
        periods=np.array([0.0, 1.0]),
        covariates=None if covariates is None else covariates[firms],
    )
    try:
        found = simple(group_times(panel, outcomes, method=choices.method))
    except UserError:
        return {}
    n = len(study.chosen)
    return {at: found[str(at), ""].overall.spread(firms, n) for at in changes}


def _averaged(
    found: list[tuple[float, Estimates]], label: Sequence[object] | pd.Index
) -> Estimates:
    """Average cohorts' estimates by size, or another weight, taken as given."""
    k = len(found[0][1].label)
    share = np.array([size for size, _each in found]) / sum(size for size, _each in found)
    return join([each for _size, each in found]).combine(np.kron(share, np.eye(k)), label)
