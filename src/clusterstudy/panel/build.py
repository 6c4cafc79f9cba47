"""The analysis panel: one row per firm, one column per year, and who was left out on the way.

The sample is made of SMEs with employment in the reference year, the last year before the
programme. New entrants (first contact with any cluster from the programme's start on) are the
treated, firms without any contact the never-treated. Incumbents (first contact before the
programme) are neither: they are counted and left out, for their untreated path is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.errors import UserError
from clusterstudy.panel import treatment
from clusterstudy.panel.characteristics import characteristics
from clusterstudy.panel.characteristics import covariates as chosen_covariates
from clusterstudy.panel.measures import firm_values

CELL = ("industry_group", "size", "region")
STEPS = {
    "employed": "Firms with employment in the last year before the programme",
    "sme": "that are SMEs",
    "new": "without contact before the programme",
    "known": "with every covariate",
    "cell": "in a cell of industry, size and region with new entrants",
}


class NoFirmsError(UserError):
    """No firm is left in the sample: there are no new entrants, or no figures before them."""


@dataclass(frozen=True)
class Panel:
    """Firms, years and outcomes, aligned.

    Parameters
    ----------
    firms
        One row per firm (n rows): ``cvr``, ``cohort`` (year, ``inf`` for the never-treated),
        ``dose`` (missing for the never-treated), ``industry_group``, ``size``, ``region``, and
        the covariates named in ``covariates``.
    entered
        Boolean, n × clusters: the clusters through which a treated firm entered.
    years
        The calendar years, shape (t,).
    outcomes
        By measure: values of shape (n, t) on the measure's scale, NaN where not observed.
    covariates
        Names of the numeric pre-treatment covariates in ``firms``.
    flow
        One row per ``step`` of the sample's making (keys of :data:`STEPS`): ``firms`` and
        ``new_entrants`` left.
    """

    firms: pd.DataFrame
    entered: pd.DataFrame
    years: np.ndarray
    outcomes: dict[str, np.ndarray]
    covariates: tuple[str, ...]
    flow: pd.DataFrame

    @property
    def treated(self) -> np.ndarray:
        """Boolean of shape (n,): new entrants."""
        return np.isfinite(self.firms["cohort"].to_numpy())

    def of(self, cluster: str, dose: str) -> np.ndarray:
        """Return which new entrants entered through ``cluster`` and with ``dose``.

        ``programme`` and ``any`` stand for all; shape (n,), bool.
        """
        chosen = self.treated
        if cluster != PROGRAMME:
            chosen = chosen & self.entered.get(cluster, pd.Series(False, self.firms.index))
        if dose != "any":
            chosen = chosen & (self.firms["dose"] == dose)
        return np.asarray(chosen, dtype=bool)

    def design(self) -> np.ndarray:
        """Return the covariates as an array of shape (n, k), without a constant."""
        return self.firms[list(self.covariates)].to_numpy(dtype=float)


def build(
    data: Dataset,
    measures: Sequence[str],
    *,
    programme_start: int,
    first_year: int,
    covariates: Sequence[str] = (),
    winsorise: float = 0.01,
) -> Panel:
    """Build the panel of SMEs for the named measures.

    Parameters
    ----------
    data
        Needs ``firms``, ``participations`` and the measures' sources.
    measures
        Measures of the impact model, from tables of firms by year.
    programme_start
        First year of the programme; the reference year is the year before.
    first_year
        First year of the panel.
    covariates
        See :func:`clusterstudy.panel.characteristics.covariates`; all are measured in the
        reference year or before.
    winsorise
        Share winsorised at each end of a measure.

    Raises
    ------
    UserError
        If a table is missing; :class:`NoFirmsError` if no firm is left.
    """
    reference = programme_start - 1
    frame = characteristics(data, reference)
    entry = treatment.entries(treatment.contacts(data))
    cohort = entry["cohort"].reindex(frame.index).astype("float64").fillna(np.inf)
    frame = frame.assign(cohort=cohort, dose=entry["dose"].reindex(frame.index))

    flow = _Flow(frame, programme_start)
    flow.keep("employed", pd.Series(True, frame.index))
    flow.keep("sme", frame["sme"])
    flow.keep("new", cohort >= programme_start)
    known = chosen_covariates(flow.frame, covariates).notna().all(axis="columns")
    flow.keep("known", known)
    flow.keep("cell", in_treated_cells)
    frame = flow.frame
    if not len(frame):
        raise NoFirmsError(
            "no firm is left in the sample",
            where=str(data.folder),
            mend=f"firm_years must hold employment for {reference} for SMEs of participations",
        )

    columns = chosen_covariates(frame, covariates)
    years, outcomes = _matrices(data, measures, frame["industry_group"], first_year, winsorise)
    entered = entry.drop(columns=["cohort", "dose"]).reindex(frame.index, fill_value=False)
    return Panel(
        firms=frame.assign(**columns).reset_index(),
        entered=entered.reset_index(drop=True).astype(bool),
        years=years,
        outcomes=outcomes,
        covariates=tuple(columns.columns),
        flow=flow.table(),
    )


def in_treated_cells(firms: pd.DataFrame) -> pd.Series:
    """Tell which firms lie in an exact cell of industry, size and region with a new entrant."""
    treated = pd.Series(np.isfinite(firms["cohort"]), firms.index)
    return treated.groupby([firms[name] for name in CELL]).transform("any").astype(bool)


class _Flow:
    """Narrows the sample step by step and counts firms and new entrants."""

    def __init__(self, frame: pd.DataFrame, programme_start: int) -> None:
        self.frame = frame
        self.programme_start = programme_start
        self.steps: list[dict[str, object]] = []

    def keep(self, step: str, condition: pd.Series | Callable[[pd.DataFrame], pd.Series]) -> None:
        met = condition(self.frame) if callable(condition) else condition[self.frame.index]
        self.frame = self.frame[met]
        cohort = self.frame["cohort"]
        entrants = np.isfinite(cohort) & (cohort >= self.programme_start)
        self.steps.append(
            {"step": step, "firms": len(self.frame), "new_entrants": int(entrants.sum())}
        )

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.steps)


def _matrices(
    data: Dataset,
    measures: Sequence[str],
    industry: pd.Series,
    first_year: int,
    winsorise: float,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the years and, by measure, the firms × years matrix of its values."""
    values = {name: firm_values(data, name, industry, winsorise) for name in measures}
    seen = [series.index.get_level_values("year") for series in values.values()]
    last = max((years.max() for years in seen if len(years)), default=first_year)
    years = np.arange(first_year, int(last) + 1)
    wide = {
        name: series[~series.index.duplicated()]
        .unstack("year")
        .reindex(index=industry.index, columns=years)
        .to_numpy(dtype=float)
        for name, series in values.items()
    }
    return years, wide
