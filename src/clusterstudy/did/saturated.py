"""Regressions with a coefficient for every cohort and period, by pyfixest.

With unit effects α, period effects λ and covariates x (none, if the panel has none), the index::

    η_it = α_i + λ_t + x_i'γ_t + Σ_(g,t) δ(g, t) 1{unit i is of cohort g, period is t}

is fitted by least squares, E[Y_it] = η_it, or by Poisson quasi-likelihood, E[Y_it] = exp η_it.

The first is the regression of Sun & Abraham (2021), J. Econometrics 225: δ for all periods but the
base g − 1 − anticipation. Averaged by cohort sizes they make the interaction-weighted estimator,
whose covariance includes those sizes. The second is that of Wooldridge (2023), Econometrics
Journal 26: δ from treatment (less anticipation) on. It is the log of a ratio of means, which
outcomes with zeros have; an effect on log(1 + Y) would depend on the unit of Y (Chen & Roth 2024,
QJE 139).

Assumed: no anticipation beyond ``anticipation`` periods; given x, linearly, the index moves as
that of never-treated units, from the base on (Sun & Abraham) or in all periods (Poisson). Unlike
in :mod:`.group_time`, a unit counts with every period in which it is observed.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from clusterstudy.did.group_time import GroupTime
from clusterstudy.did.long import observations, trends
from clusterstudy.did.panel import Panel
from clusterstudy.errors import NoEstimateError
from clusterstudy.memory import refuse_too_large

COPIES = 11  # of the regressors that stand in memory at the most, as measured


def sun_abraham(panel: Panel, *, anticipation: int = 0) -> GroupTime:
    """Return the effects by cohort and period in levels, by least squares.

    Raises
    ------
    UserError
        If there are no never-treated units, or no cohort has a base.
    """
    return _fit(panel, "feols", anticipation, leads=True)


def poisson(panel: Panel, *, anticipation: int = 0) -> GroupTime:
    """Return the effects by cohort and period as logs of ratios, by Poisson quasi-likelihood.

    A cohort's period in which all values are zero has no ratio and counts as not observed.

    Raises
    ------
    UserError
        As :func:`sun_abraham`, or if an outcome is negative.
    """
    if (panel.outcome < 0).any():
        raise NoEstimateError(
            "a ratio of means needs outcomes of zero or more, and {n} are negative",
            where="outcome",
            n=int((panel.outcome < 0).sum()),
        )
    outcome = panel.outcome.copy()
    for g in np.unique(panel.cohort):
        of_cohort = panel.cohort == g
        outcome[np.ix_(of_cohort, np.nansum(outcome[of_cohort], axis=0) == 0)] = np.nan
    return _fit(replace(panel, outcome=outcome), "fepois", anticipation, leads=False)


def _fit(
    panel: Panel, model: Literal["feols", "fepois"], anticipation: int, *, leads: bool
) -> GroupTime:
    import pyfixest

    rows = observations(panel)
    cells = _cells(panel, rows, anticipation)
    if not leads:
        cells = cells[cells["event_time"] >= -anticipation].reset_index(drop=True)
    estimated = cells.index[cells["status"].eq("") & cells["period"].ne(cells["base"])]
    of = {c: rows["cohort"].eq(cells["cohort"][c]) for c in estimated}
    columns = len(estimated) + (1 + panel.n_covariates) * (len(panel.periods) - 1)
    refuse_too_large(8 * len(rows) * columns * COPIES, len(rows), columns)
    dummies = pd.DataFrame(
        {f"cell{c}": of[c] & rows["period"].eq(cells["period"][c]) for c in estimated}, dtype=float
    )
    covariates = trends(panel, rows)
    # Dummies of the periods beside: with the units' effects alone, demeaning takes one pass.
    later = {f"at{t}": rows["at"].eq(t) for t in np.unique(rows["at"])[1:]}
    covariates = covariates.join(pd.DataFrame(later, dtype=float))
    formula = f"outcome ~ {' + '.join([*dummies, *covariates])} | unit"
    frame = pd.concat([rows, dummies, covariates], axis=1)
    del dummies, covariates
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on cells it cannot tell apart: they get a status
        fit = getattr(pyfixest, model)(
            formula,
            frame,
            copy_data=False,
            vcov={"CRV1": "cluster"},
            weights=None if panel.weights is None else "weight",
        )
    # Error = Σ scores · Hessian⁻¹, and the covariance's small-sample correction.
    terms = fit._scores @ np.linalg.inv(fit._hessian) * np.sqrt(np.squeeze(fit._ssc))
    place = {name: at for at, name in enumerate(fit._coefnames)}
    by_unit = np.zeros((panel.n_units, len(cells)))
    cells["estimate"] = np.where(cells["period"] == cells["base"], 0.0, np.nan)
    for c in estimated:
        if (at := place.get(f"cell{c}")) is None:
            cells.loc[c, "status"] = "collinear with the unit and period effects"
        else:
            cells.loc[c, "estimate"] = fit._beta_hat[at]
            by_unit[:, c] = np.bincount(fit._data["unit"], terms[:, at], panel.n_units)
    influence = panel.by_cluster(by_unit)
    member = panel.cohort[:, None] == np.unique(cells["cohort"])
    entry = panel.by_cluster(panel.weight()[:, None] * member)
    return GroupTime(cells, influence, entry, int(panel.always_treated.sum()))


def _cells(panel: Panel, rows: pd.DataFrame, anticipation: int) -> pd.DataFrame:
    """Return every cohort and period, its base, and why it can have no estimate."""
    periods, end = panel.periods, panel.periods[-1] + anticipation
    if not (rows["cohort"] > end).any():
        raise NoEstimateError("there are no never-treated units", where="cohort")
    cohorts = np.unique(rows["cohort"][rows["cohort"] <= end])
    bases = {g: periods[periods < g - anticipation].max(initial=-np.inf) for g in cohorts}
    size = rows.groupby(["cohort", "period"]).size()
    at = pd.MultiIndex.from_product([cohorts, periods], names=["cohort", "period"])
    cells = size.reindex(at, fill_value=0).rename("n_treated").reset_index()
    cells["base"] = cells["cohort"].map(bases).replace(-np.inf, np.nan)
    cells["event_time"] = cells["period"] - cells["cohort"]
    known = pd.MultiIndex.from_frame(cells[["cohort", "base"]]).isin(size.index)
    cells["status"] = np.select(
        [cells["base"].isna(), ~known | cells["n_treated"].eq(0)],
        ["no period before treatment", "no treated unit observed in the period or its base"],
        "",
    )
    if cells["status"].ne("").all():
        raise NoEstimateError(
            "no cohort is observed before and after its treatment", where="cohort"
        )
    return cells
