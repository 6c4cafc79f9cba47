"""What the design can find, before any outcome is seen: minimum detectable effects.

How much outcomes will vary is taken from the same firms before the programme: the change from as
many years before the reference year as lie between it and the first results year.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.did.power import design_standard_error, mde
from clusterstudy.panel import store
from clusterstudy.panel.build import NoFirmsError, Panel
from clusterstudy.panel.successions import Mergers, read, unit_of, units


def attrition(
    data: Dataset, programme_start: int, results_from: int, mergers: Mergers = "keep"
) -> float:
    """Return the share of firms lost over a span as long as to the first results year.

    Parameters
    ----------
    data
        Needs ``firm_years``.
    mergers
        What is done with firms that merge or split; a change of number is no loss in any case.

    Returns
    -------
    Of the firms with employment in the span's first year, the share without any in the year
    before the programme; NaN where there are none.
    """
    start, end = _span(programme_start, results_from)
    unit = units(read(data), mergers)
    batches = data.batches("firm_years", ["cvr", "year", "fte"])
    alive = pd.concat(
        [rows[(rows["fte"] > 0) & rows["year"].isin([start, end])] for rows in batches]
    )
    began, stayed = (
        pd.Index(unit_of(alive.loc[alive["year"] == year, "cvr"], unit).unique())
        for year in (start, end)
    )
    return float((stayed.get_indexer(began) < 0).mean()) if len(began) else np.nan


def planned(
    panel: Panel,
    outcome: str,
    chosen: np.ndarray,
    *,
    programme_start: int,
    results_from: int,
    attrition: float,
    level: float = 0.95,
    power: float = 0.8,
) -> dict[str, float]:
    """Return what the design can find for some new entrants.

    Parameters
    ----------
    panel
        With the outcome, and years before the programme.
    chosen
        Boolean, shape (n,): the new entrants.
    programme_start, results_from
        First year of the programme, and first year with results.
    attrition
        Share of firms that will be lost by then (:func:`attrition`).
    level, power
        Of the two-sided test.

    Returns
    -------
    ``treated`` (chosen firms seen in the reference year), ``comparison``, ``sd`` (of the
    comparison firms' change over the span, on the outcome's scale), ``attrition`` and ``mde``,
    NaN where it cannot be computed. Covariates would lower it, weights raise it: it is a guide.
    """
    before, reference = _span(programme_start, results_from)
    start, end = (_in(panel, outcome, year) for year in (before, reference))
    never = ~panel.treated
    change = (end - start)[never & np.isfinite(end - start)]
    treated, comparison = (int((group & np.isfinite(end)).sum()) for group in (chosen, never))
    sd = float(change.std(ddof=1)) if len(change) > 1 else np.nan
    known = min(treated, comparison) > 1 and np.isfinite(sd) and attrition < 1
    error = design_standard_error(sd, treated, comparison, attrition) if known else np.nan
    return {
        "treated": treated,
        "comparison": comparison,
        "sd": sd,
        "attrition": attrition,
        "mde": float(mde(error, level, power)),
    }


def sample(data: Dataset, outcomes: list[str], **choices: Any) -> Panel | None:
    """Return the panel the design is planned on, without covariates; None where it has no firm.

    Parameters
    ----------
    choices
        As :func:`clusterstudy.panel.store.panel` takes them.
    """
    try:
        return store.panel(data, outcomes, **choices)
    except NoFirmsError:
        return None


def detectable(panel: Panel | None, cluster: str = PROGRAMME, **design: Any) -> pd.DataFrame:
    """Return what the design can find by cluster and outcome.

    Parameters
    ----------
    panel
        As :func:`sample` returns it.
    cluster
        The cluster to show beside the programme, or ``programme`` for all of them.
    design
        As :func:`planned` takes it.

    Returns
    -------
    DataFrame with ``cluster_id`` (``programme`` first), ``outcome`` and what :func:`planned`
    returns; empty without a panel.
    """
    if panel is None:
        return pd.DataFrame()
    clusters = panel.entered.columns if cluster == PROGRAMME else [cluster]
    rows = [
        {
            "cluster_id": each,
            "outcome": outcome,
            **planned(panel, outcome, panel.of(each, "any"), **design),
        }
        for outcome in panel.outcomes
        for each in (PROGRAMME, *clusters)
    ]
    return pd.DataFrame(rows)


def _span(programme_start: int, results_from: int) -> tuple[int, int]:
    """Return the years before the programme that lie as far apart as it and the results."""
    reference = programme_start - 1
    return reference - (results_from - reference), reference


def _in(panel: Panel, outcome: str, year: int) -> np.ndarray:
    """Return the outcome in a year, shape (n,); missing where the panel does not have it."""
    values, at = panel.outcomes[outcome], np.flatnonzero(panel.years == year)
    return values[:, at[0]] if len(at) else np.full(len(values), np.nan)
