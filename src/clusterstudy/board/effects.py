"""Effects on several outcomes in one table, how clusters differ, and what an effect has cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.did.estimates import Estimates, join
from clusterstudy.did.multiplicity import adjusted
from clusterstudy.impact.design import Design, design, maturity
from clusterstudy.impact.effects import Choices, dynamic, estimate, figures, usable, used
from clusterstudy.impact.overlap import overlap
from clusterstudy.impact.pooling import by_cluster
from clusterstudy.impact.pretrends import pretrends

SUMMARY = [
    *("outcome", "dimension", "n", "estimate", "se", "low", "high", "mde", "p_adjusted", "q"),
    "breakdown",
]


@dataclass(frozen=True)
class Finding:
    """One outcome's effect, None where the data carry none.

    Parameters
    ----------
    study
        What was compared.
    overall
        The effect over all years after entry, its influence by firm of the study; or None.
    unmet
        The conditions of an estimate that are not met, names of
        :data:`clusterstudy.impact.design.CONDITIONS`.
    breakdown
        The M̄ at which zero enters the robust interval of the mean effect by years since entry
        (:mod:`clusterstudy.impact.pretrends`); NaN where it is not known.
    """

    study: Design
    overall: Estimates | None
    unmet: tuple[str, ...] = ()
    breakdown: float = np.nan


def findings(
    data: Dataset,
    outcomes: Sequence[str],
    choices: Choices,
    *,
    results_from: int,
    max_off_support: float,
    leads: int,
    **settings: Any,
) -> dict[str, Finding]:
    """Estimate the effect on each outcome whose conditions are met.

    Parameters
    ----------
    outcomes
        Measures of firms in the impact model.
    results_from, max_off_support
        See :func:`clusterstudy.impact.design.maturity`.
    leads
        Years before entry that trends are looked at.
    settings
        As :func:`clusterstudy.impact.design.design` takes them.
    """
    found = {}
    for outcome in outcomes:
        study = design(data, outcome, **settings)
        conditions = maturity(
            study,
            overlap(study).off_support,
            results_from=results_from,
            min_treated=choices.min_treated,
            max_off_support=max_off_support,
        )
        unmet = tuple(conditions.index[~conditions["met"].astype(bool)])
        found[outcome] = Finding(study, None, unmet)
        if not unmet and usable(effects := estimate(study, choices)):
            overall = effects.simple().overall.spread(used(study, choices), len(study.chosen))
            fragile = pretrends(dynamic(effects, choices, leads), study.anticipation, choices.level)
            bounds = fragile.bounds if fragile else None
            breakdown = bounds.breakdown if bounds else np.nan
            found[outcome] = Finding(study, overall, breakdown=breakdown)
    return found


def summary(findings: Mapping[str, Finding], choices: Choices, seed: int) -> pd.DataFrame:
    """Return a row per outcome with its effect and what could have been detected.

    Parameters
    ----------
    seed
        Of the bootstrap behind the adjusted p-values.

    Returns
    -------
    DataFrame with ``outcome``, ``dimension``, ``n`` (new entrants seen before and after entry),
    ``estimate``, ``se``, ``low``, ``high``, ``mde``, ``p_adjusted`` for the number of outcomes of
    the dimension (Romano & Wolf 2005), ``q``, the false discovery rate among all outcomes, and
    ``breakdown``; NaN without an estimate.
    """
    rows = []
    for name, each in findings.items():
        row: dict[Any, Any] = {"outcome": name, "dimension": each.study.dimension}
        row |= {"n": int(each.study.seen.sum()), "breakdown": each.breakdown}
        if each.overall is not None:
            row |= figures(each.overall, choices)
        rows.append(row)
    frame = pd.DataFrame(rows, list(findings))
    known = [name for name, each in findings.items() if each.overall is not None]
    if known:
        tests = adjusted(
            _joint(findings), families=frame.loc[known, "dimension"].tolist(), seed=seed
        )
        frame = frame.assign(p_adjusted=tests["romano_wolf"], q=tests["fdr"])
    return frame.reset_index(drop=True).reindex(columns=SUMMARY)


def _joint(findings: Mapping[str, Finding]) -> Estimates:
    """Return the effects of the outcomes that have one, their influence by firm of any outcome."""
    firms = {name: each.study.firms.firms["cvr"] for name, each in findings.items()}
    every = pd.Index(np.unique(np.concatenate(list(firms.values()))))
    parts = []
    for name, each in findings.items():
        if each.overall is not None:
            spread = each.overall.spread(every.get_indexer(firms[name]), len(every))
            parts.append(replace(spread, label=pd.Index([name])))
    return join(parts)


@dataclass(frozen=True)
class Heterogeneity:
    """Whether the clusters' effects differ by more than chance.

    Parameters
    ----------
    clusters
        Number of clusters with an estimate.
    spread
        Standard deviation between the effects beyond sampling error, as the impact report has it
        (:func:`clusterstudy.did.shrinkage.pool`): ``estimate``, ``low``, ``high``. None with fewer
        than three clusters.
    p_value
        Wald test that all are equal, with their joint covariance: firms may be in several.
    """

    clusters: int
    spread: dict[str, float] | None
    p_value: float


def heterogeneity(
    study: Design, choices: Choices, groups: Mapping[str, np.ndarray]
) -> Heterogeneity | None:
    """Compare the effects of several groups; None with fewer than two estimates."""
    from scipy.stats import chi2

    found = by_cluster(study, choices, groups)
    joint = found.raw
    if joint is None or len(joint.label) < 2:
        return None
    k = len(joint.label)
    contrast = np.eye(k)[1:] - np.eye(k)[:1]
    differences = joint.combine(contrast, list(range(k - 1)))
    wald = differences.estimate @ np.linalg.solve(differences.covariance, differences.estimate)
    return Heterogeneity(k, found.pooled.spread if found.pooled else None, chi2.sf(wald, k - 1))


def costs(
    found: Mapping[str, Finding], outcomes: Sequence[str], grants: float, level: float
) -> pd.DataFrame:
    """Return :func:`cost` of those outcomes that have an estimate on the log scale.

    Returns
    -------
    DataFrame with ``label`` and ``unit`` of the outcome, and the keys of :func:`cost`.
    """
    rows = [
        {"label": each.study.outcome, "unit": each.study.scale.unit, **cost(each, grants, level)}
        for name, each in found.items()
        if name in outcomes and each.overall is not None and each.study.scale.kind == "log"
    ]
    return pd.DataFrame(rows)


def cost(found: Finding, grants: float, level: float) -> dict[str, float]:
    """Return what the estimated effect adds up to, and the grants per unit of it.

    Parameters
    ----------
    found
        An outcome on the log scale with an estimate.
    grants
        Paid until the outcome's last year, DKK thousand.
    level
        Level of the intervals.

    Returns
    -------
    ``added`` with ``added_low`` and ``added_high``: units of the outcome, summed over new
    entrants and their years after entry, y (1 − exp(−ATT)); and ``cost``, ``cost_low``,
    ``cost_high``: grants per unit, DKK thousand; NaN where the bound of ``added`` is not above
    zero, for then the cost has no upper bound. Only the effect's own error is in the intervals.
    """
    assert found.overall is not None
    arrays = found.study.arrays
    after = found.study.chosen[:, None] & (arrays.periods >= arrays.cohort[:, None])
    total = float(np.nansum(np.exp(arrays.outcome[after])))
    bounds = [found.overall.estimate[0], *found.overall.interval(level)[0]]
    added, low, high = (total * -np.expm1(-bound) for bound in bounds)

    def per_unit(units: float) -> float:
        return grants / units if units > 0 else np.nan

    return {
        "added": added,
        "added_low": low,
        "added_high": high,
        "cost": per_unit(added),
        "cost_low": per_unit(high),
        "cost_high": per_unit(low),
    }
