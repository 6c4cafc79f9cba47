"""Second opinions: the effect under other choices and by other estimators, on the same firms.

Each opinion keeps the estimand, the mean effect from the year of entry on, and changes one thing
that is assumed. Where influence functions are at hand, the difference from the report's estimate
has its own standard error: opinions share firms, so their difference is far more certain than two
intervals side by side suggest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from clusterstudy.contract.read import Dataset
from clusterstudy.did import twfe
from clusterstudy.did.bacon import KINDS, bacon
from clusterstudy.did.estimates import Estimates
from clusterstudy.did.group_time import GroupTime
from clusterstudy.did.imputation import imputation
from clusterstudy.did.panel import Panel as Arrays
from clusterstudy.did.power import mde
from clusterstudy.did.saturated import poisson, sun_abraham
from clusterstudy.did.synthetic import synthetic
from clusterstudy.errors import NoEstimateError, UserError
from clusterstudy.impact.design import Design
from clusterstudy.impact.effects import Choices, difference, estimate, used
from clusterstudy.panel import successions
from clusterstudy.panel.build import CELL, rows_of
from clusterstudy.panel.measures import firm_arrays
from clusterstudy.report.language import _, later, said

Source = tuple[np.ndarray, Callable[[], GroupTime]]  # the firms it is made from, and how
MAIN, SYNTHETIC = "main", "synthetic"
OPINIONS = {  # what is estimated, and what is assumed for it
    MAIN: (later("This report"), later("Trends parallel given the covariates")),
    "not_yet": (
        later("Controls not yet treated"),
        later("Entrants of later years are on the same trends as well"),
    ),
    "ipw": (later("Inverse probability weights"), later("The model of who enters is right")),
    "or": (later("Outcome regression"), later("The model of growth is right")),
    "anticipation": (
        later("One more year of anticipation"),
        later("Firms may respond a year earlier"),
    ),
    "imputation_given": (
        later("Imputation, with covariates"),
        later("Trends parallel in all years before entry, and linear in the covariates"),
    ),
    "unconditional": (
        later("Without covariates"),
        later("Trends parallel without regard to covariates"),
    ),
    "sun_abraham": (
        later("Sun & Abraham, without covariates"),
        later("Trends parallel without regard to covariates, in one regression"),
    ),
    "imputation": (
        later("Imputation, without covariates"),
        later("Trends parallel without regard to covariates, in all years before entry"),
    ),
    "twfe": (
        later("Two-way fixed effects"),
        later("As above, the same effect in every cohort and year, earlier entrants as controls"),
    ),
    "poisson": (
        later("Poisson, firms with zero included"),
        later("Means, not logarithms, grow in parallel given the covariates, in all years"),
    ),
    SYNTHETIC: (
        later("Synthetic difference, one cohort as one unit"),
        later("Weighted cells of comparison firms move like the entrants"),
    ),
}
BY_YEAR = (MAIN, "imputation_given", "sun_abraham", "twfe")
COMPARISONS = dict(
    zip(
        KINDS,
        (
            later("Entrants against firms that never enter"),
            later("Earlier against later entrants, before these enter"),
            later("Later against earlier entrants, which are treated already"),
        ),
        strict=True,
    )
)


@dataclass(frozen=True)
class Opinions:
    """What the estimators say.

    Parameters
    ----------
    overall
        One row per ``opinion`` (of :data:`OPINIONS`): ``estimate``, ``se``, ``low``, ``high``;
        the ``difference`` from the report's estimate with ``difference_low`` and
        ``difference_high``, NaN where its error is not known; ``reason`` where there is no
        estimate.
    by_year
        ``opinion`` (of :data:`BY_YEAR`), ``event_time``, ``estimate``, ``low``, ``high``.
    cohort
        Year of entry of the firms that :data:`SYNTHETIC` is about; None without it. Its difference
        is that from the report's estimate for this cohort.
    assumed
        What the report's estimate assumes, by its choices.
    """

    overall: pd.DataFrame
    by_year: pd.DataFrame
    cohort: float | None
    assumed: str


def opinions(
    study: Design,
    choices: Choices,
    main: GroupTime,
    shown: Estimates,
    *,
    levels: np.ndarray | None,
    seed: int,
    methods: bool = True,
) -> Opinions:
    """Return the opinions on one outcome.

    Parameters
    ----------
    main
        The report's group-time effects.
    shown
        Its effects by event time, as :func:`clusterstudy.impact.effects.dynamic` returns them.
    levels
        The outcome in its unit, as :func:`in_levels` returns it; None for no ratio of means.
    seed
        Of the placebos of synthetic differences.
    methods
        Whether to ask estimators that make other uses of the same comparisons too: Sun & Abraham,
        imputation without covariates, two-way fixed effects, Poisson, synthetic differences.
    """
    compared = study.entered | study.comparison
    given = study.among(compared)
    bare, ahead = replace(given, covariates=None), study.anticipation
    sources = _variants(study, choices)
    if given.covariates is not None:
        sources["imputation_given"] = (compared, lambda: imputation(given, anticipation=ahead))
    if methods:
        sources["sun_abraham"] = (compared, lambda: sun_abraham(bare, anticipation=ahead))
        sources["imputation"] = (compared, lambda: imputation(bare, anticipation=ahead))
    if methods and levels is not None:
        ratios = replace(given, outcome=levels[compared])
        sources["poisson"] = (compared, lambda: poisson(ratios, anticipation=ahead))
    n = len(study.chosen)
    own = main.simple().overall.spread(used(study, choices), n)
    rows: dict[str, dict[Any, Any]] = {MAIN: own.one(choices.level)}
    years = {MAIN: shown}
    for name, (firms, source) in sources.items():
        try:
            effects = source()
            overall = effects.simple().overall.spread(firms, n)
            if name in BY_YEAR:
                years[name] = effects.dynamic().effects
        except UserError as error:
            rows[name] = {"reason": said(error)}
        else:
            rows[name] = _row(overall, own, choices.level)
    cohort = None
    if methods:
        try:
            rows["twfe"] = _row(twfe.static(bare).spread(compared, n), own, choices.level)
            years["twfe"] = twfe.event_study(bare, reference=-1 - ahead)
        except UserError as error:
            rows["twfe"] = {"reason": said(error)}
        cohort, rows[SYNTHETIC] = _synthetic(study, choices, main, seed)
    frame = pd.DataFrame([rows[name] | {"opinion": name} for name in OPINIONS if name in rows])
    return Opinions(frame, _by_year(years, shown, choices.level), cohort, _assumed(study, choices))


def in_levels(
    study: Design, data: Dataset, outcome: str, mergers: successions.Mergers = "keep"
) -> np.ndarray | None:
    """Return an outcome on the log scale in its unit, with the zeros that have no logarithm.

    Parameters
    ----------
    mergers
        As the study's firms were made.

    Returns
    -------
    Shape (n, years); None for outcomes on other scales, whose effects are no ratios.
    """
    if study.scale.kind != "log":
        return None
    firms = study.firms.firms
    rows = rows_of(pd.Index(firms["cvr"]), successions.units(successions.read(data), mergers))
    group, years = firms["industry_group"].to_numpy(), study.firms.years
    values = firm_arrays(data, outcome, rows, group, years, winsorise=0, scaled=False)
    return np.where(values == 0, 0.0, np.exp(study.arrays.outcome))


def by_region(study: Design, choices: Choices, seed: int) -> pd.DataFrame:
    """Return the synthetic difference of each region's new entrants, taken as one unit.

    They are those of the region's first cohort of ``min_treated`` firms seen in every year; donors
    are the cells of comparison firms of all regions.

    Parameters
    ----------
    seed
        Of the placebos.

    Returns
    -------
    DataFrame with ``group`` (the region), ``cohort``, ``n`` (new entrants in the unit),
    ``estimate``, ``se``, ``low``, ``high``, ``mde``, and ``reason`` where there is no estimate.
    """
    region, seen, rows = study.firms.firms["region"].to_numpy(), _whole(study), []
    for name in np.unique(region[study.entered].astype(str)):
        within = replace(study, chosen=study.chosen & (region == name))
        unit, row = within.entered & seen, {"group": name}
        try:
            cohort, found = _as_one_unit(within, choices, seed)
        except UserError as error:
            rows.append(row | {"n": int(unit.sum()), "reason": said(error)})
            continue
        unit &= study.arrays.cohort == cohort
        least = mde(found["se"], choices.level, choices.power)
        rows.append(row | found | {"cohort": cohort, "n": int(unit.sum()), "mde": float(least)})
    columns = ["group", "cohort", "n", "estimate", "se", "low", "high", "mde", "reason"]
    return pd.DataFrame(rows).reindex(columns=columns)


def decomposition(study: Design) -> pd.DataFrame:
    """Return what two-way fixed effects average, by kind of comparison.

    Returns
    -------
    DataFrame with ``kind`` (of :data:`COMPARISONS`), ``weight``, ``estimate`` (the weighted average
    of its comparisons) and ``n`` (new entrants in them), over firms seen in every year.

    Raises
    ------
    UserError
        As :func:`clusterstudy.did.bacon.bacon`.
    """
    found = bacon(study.among(study.entered | study.comparison))
    cohort = study.arrays.cohort[study.entered & _whole(study)]
    rows = [
        {
            "kind": kind,
            "weight": part["weight"].sum(),
            "estimate": np.average(part["estimate"], weights=part["weight"]),
            "n": int(np.isin(cohort, part[["treated", "control"]]).sum()),
        }
        for kind in COMPARISONS
        if len(part := found[found["kind"] == kind])
    ]
    return pd.DataFrame(rows)


def aggregated(study: Design, least: int) -> Arrays:
    """Return the first cohort of enough new entrants as one unit, and cells of comparison firms.

    Values are means over the firms seen in every year. Cells of industry, size and region with
    fewer than ``least`` firms are left out, as are years in which entry may be anticipated.

    Raises
    ------
    UserError
        If no cohort has ``least`` firms.
    """
    outcome, cohort, years = study.arrays.outcome, study.arrays.cohort, study.arrays.periods
    whole = _whole(study)
    entered, size = np.unique(cohort[study.entered & whole], return_counts=True)
    if not (size >= least).any():
        raise NoEstimateError("no cohort has {n} new entrants that are seen in every year", n=least)
    first = entered[size >= least][0]
    kept = (years < first - study.anticipation) | (years >= first)
    kept &= np.isfinite(outcome).any(axis=0)
    cell = study.firms.firms.groupby(list(CELL)).ngroup().to_numpy()
    donors, firms = np.unique(cell[study.comparison & whole], return_counts=True)
    groups = [study.entered & (cohort == first)]
    groups += [study.comparison & (cell == donor) for donor in donors[firms >= least]]
    means = [outcome[group & whole][:, kept].mean(axis=0) for group in groups]
    return Arrays(np.stack(means), np.r_[first, np.full(len(groups) - 1, np.inf)], years[kept])


def _assumed(study: Design, choices: Choices) -> str:
    given = study.arrays.covariates is not None
    rests = [MAIN if given else "unconditional"]
    rests += [name for name in ("ipw", "or") if given and choices.method == name]
    rests += ["not_yet"] if choices.control == "not_yet" else []
    return ". ".join(_(OPINIONS[name][1]) for name in rests)


def _variants(study: Design, choices: Choices) -> dict[str, Source]:
    """Return the report's estimator under choices other than its own."""
    plain = replace(study, arrays=replace(study.arrays, covariates=None))
    ahead = replace(study, anticipation=study.anticipation + 1)
    variants = {
        "not_yet": (study, replace(choices, control="not_yet")),
        "ipw": (study, replace(choices, method="ipw")),
        "or": (study, replace(choices, method="or")),
        "anticipation": (ahead, choices),
        "unconditional": (plain, choices),
    }
    same: set[str] = {choices.control, choices.method}
    if study.arrays.covariates is None:
        same |= {"ipw", "or", "unconditional"}
    variants = {name: each for name, each in variants.items() if name not in same}
    return {
        name: (used(*each), partial(estimate, *each, leads=False))
        for name, each in variants.items()
    }


def _synthetic(
    study: Design, choices: Choices, main: GroupTime, seed: int
) -> tuple[float | None, dict[Any, Any]]:
    """Return the year of entry that the synthetic difference is about, and its row."""
    try:
        cohort, row = _as_one_unit(study, choices, seed)
    except UserError as error:
        return None, {"reason": said(error)}
    same = main.by_cohort().effects.table()["estimate"].get(cohort, np.nan)
    return cohort, row | {"difference": row["estimate"] - same}


def _as_one_unit(study: Design, choices: Choices, seed: int) -> tuple[float, dict[Any, Any]]:
    """Return the year of entry of the firms taken as one unit, and the effect on it.

    Raises
    ------
    UserError
        As :func:`aggregated` and :func:`clusterstudy.did.synthetic.synthetic`.
    """
    arrays = aggregated(study, choices.min_treated)
    found = synthetic(arrays, seed=seed)
    half = norm.ppf(0.5 + choices.level / 2) * found.se
    return float(arrays.cohort[0]), {
        "estimate": found.estimate,
        "se": found.se,
        "low": found.estimate - half,
        "high": found.estimate + half,
    }


def _whole(study: Design) -> np.ndarray:
    """Return the firms seen in every year in which any is, boolean of shape (n,)."""
    seen = np.isfinite(study.arrays.outcome)
    return np.asarray(seen[:, seen.any(axis=0)].all(axis=1))


def _row(found: Estimates, main: Estimates, level: float) -> dict[Any, Any]:
    return found.one(level) | difference(found, main, level)


def _by_year(years: Mapping[str, Estimates], shown: Estimates, level: float) -> pd.DataFrame:
    """Return the effects at the event times that the report shows, but for the reference."""
    tables = [
        years[name].table(level).rename_axis("event_time").reset_index().assign(opinion=name)
        for name in BY_YEAR
        if name in years
    ]
    frame = pd.concat(tables, ignore_index=True)
    return frame[frame["event_time"].isin(shown.label) & (frame["se"] > 0)]
