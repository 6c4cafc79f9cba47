"""Does the finding rest on large numbers that are not there?

The standard errors of the report take firms as independent and their number as large. Each test
here drops one of the two: firms of an industry may share shocks (:mod:`clusterstudy.did.wild`, and
errors clustered by industry), firms of a cluster may do so, and there may be few new entrants
(:mod:`clusterstudy.did.randomisation`). With few units all of them find little.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from clusterstudy.did.estimates import Estimates
from clusterstudy.did.group_time import GroupTime
from clusterstudy.did.randomisation import Randomised, permutation, sign_changes
from clusterstudy.did.wild import wild_cluster
from clusterstudy.errors import NoEstimateError, UserError
from clusterstudy.impact.design import Design
from clusterstudy.impact.effects import Choices, estimate, figures
from clusterstudy.panel.build import CELL
from clusterstudy.report.language import said


def few_clusters(
    study: Design, choices: Choices, main: GroupTime, clusters: Estimates | None, seed: int
) -> pd.DataFrame:
    """Test the overall effect without trusting in many independent firms.

    Controls are firms that never take part, whatever the choices, but in the first row.

    Parameters
    ----------
    main
        The effects of the report.
    clusters
        Effects by cluster; None for a report on one.
    seed
        Of bootstrap and permutations.

    Returns
    -------
    DataFrame with ``test`` (``firms``, ``industries``, ``wild``, ``signs``, ``permutation``),
    ``units`` (taken as independent, or treated), ``estimate``, ``low``, ``high``, ``mde``,
    ``p_value``, ``smallest`` (the smallest p-value that the test can give) and ``reason``.
    """
    used = study.entered | study.comparison
    arrays = study.among(used)
    industry = study.firms.firms.get("industry_group", pd.Series("", study.firms.firms.index))
    industry = industry[used].to_numpy()
    tests = {
        "firms": lambda: _by_t(main.simple().overall, int(study.seen.sum()), choices),
        "industries": lambda: _by_industry(study, choices, main, industry),
        "wild": lambda: _counted(wild_cluster(arrays, industry, seed=seed, level=choices.level)),
        "permutation": lambda: _counted(_dealt(study, used, seed)),
    }
    if clusters is not None:
        effects = clusters.estimate
        tests["signs"] = lambda: _counted(sign_changes(effects, seed=seed, level=choices.level))
    rows = []
    for name, test in tests.items():
        try:
            rows.append({"test": name, **test()})
        except UserError as error:
            rows.append({"test": name, "reason": said(error)})
    columns = ["units", "estimate", "low", "high", "mde", "p_value", "smallest", "reason"]
    return pd.DataFrame(rows).reindex(columns=["test", *columns])


def _by_t(effect: Estimates, units: int, choices: Choices) -> dict[Any, Any]:
    p = 2 * stats.t.sf(abs(effect.estimate[0] / effect.se[0]), effect.df)
    return {"units": units, **figures(effect, choices), "p_value": float(p), "smallest": 0.0}


def _by_industry(
    study: Design, choices: Choices, main: GroupTime, industry: np.ndarray
) -> dict[Any, Any]:
    """Return the effect with errors clustered by industry: times G/(G−1), t of G − 1."""
    of_firm = np.unique(industry, return_inverse=True)[1]
    number = int(of_firm.max(initial=0)) + 1
    if number < 2:
        raise NoEstimateError("all firms are of one industry group")
    never = replace(choices, control="never")
    effect = (main if choices == never else estimate(study, never, leads=False)).simple().overall
    influence = np.bincount(of_firm, effect.influence[:, 0])[:, None]
    influence *= np.sqrt(number / (number - 1))
    widened = Estimates.from_influence(effect.label, effect.estimate, influence, number - 1)
    return _by_t(widened, number, choices)


def _counted(found: Randomised) -> dict[Any, Any]:
    names = ("units", "estimate", "low", "high", "p_value", "smallest")
    return {name: getattr(found, name) for name in names}


def _dealt(study: Design, used: np.ndarray, seed: int) -> Randomised:
    """Deal years of entry anew among the firms of a cell, over changes freed of the covariates.

    Of cohorts with a year before and one after; a change is that of firms seen in both.
    """
    years, cohort = study.arrays.periods, study.arrays.cohort
    with_both = np.isin(cohort - 1 - study.anticipation, years) & (cohort <= years[-1])
    used = used & (with_both | ~study.entered)
    arrays = study.among(used)
    cohorts = np.unique(arrays.cohort[study.entered[used]])
    if not len(cohorts):
        raise NoEstimateError("no cohort has a year before and a year after entry")
    before = (arrays.periods == g - 1 - study.anticipation for g in cohorts)
    base = np.column_stack([arrays.outcome[:, of].mean(axis=1) for of in before])
    change = np.column_stack([_mean(arrays.outcome[:, arrays.periods >= g]) for g in cohorts])
    change = change - base
    X = arrays.design(0)
    for each in change.T:
        known = np.isfinite(each)
        each[known] -= X[known] @ np.linalg.lstsq(X[known], each[known])[0]
    column = np.where(study.entered[used], np.searchsorted(cohorts, arrays.cohort), -1)
    cells = study.firms.firms[used].groupby(list(CELL)).ngroup().to_numpy()
    return permutation(change, column, cells, seed=seed)


def _mean(values: np.ndarray) -> np.ndarray:
    """Return each row's mean over what is known of it, NaN where nothing is."""
    known = np.isfinite(values)
    number = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)
