"""The analysis panel: one row per firm, one column per year, and who was left out on the way.

The sample is made of SMEs with employment in the reference year, the last year before the
programme. New entrants (first contact with any cluster from the programme's start on) are the
treated, firms without any contact the never-treated. Incumbents (first contact before the
programme) are neither: they are counted and left out, for their untreated path is not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterstudy.contract.industry import industry_group
from clusterstudy.contract.read import Dataset
from clusterstudy.errors import UserError
from clusterstudy.panel import treatment
from clusterstudy.panel.measures import firm_values
from clusterstudy.panel.sme import is_sme, size_class

CELL = ("industry_group", "size", "region")


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
        One row per step of the sample's making: firms and new entrants left.
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
        if cluster != "programme":
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
        Any of ``size`` (ln employment), ``growth`` (change of ln employment over the three years
        to the reference year), ``age`` (ln years since founding), ``industry``, ``region`` (both
        as indicators). All are measured in the reference year or before.
    winsorise
        Share winsorised at each end of a measure.

    Raises
    ------
    UserError
        If a table is missing, or no firm is left.
    """
    reference = programme_start - 1
    firms = data.read("firms").drop_duplicates("cvr").set_index("cvr")
    industry = industry_group(firms["industry"])
    entry = treatment.entries(treatment.contacts(data))
    cohort = entry["cohort"].reindex(firms.index).astype("float64")
    flow = _Flow(cohort, programme_start)
    flow.keep("Firms in the register", pd.Series(True, firms.index))

    year = _reference_year(data, reference).reindex(firms.index)
    flow.keep(f"with employment in {reference}", year["fte"] > 0)
    flow.keep("that are SMEs", is_sme(year))
    flow.keep("without contact before the programme", ~(cohort < programme_start))

    frame = pd.DataFrame(
        {
            "cohort": cohort.fillna(np.inf),
            "dose": entry["dose"].reindex(firms.index),
            "industry_group": industry,
            "size": size_class(year["fte"]),
            "region": firms["region"],
        }
    )
    columns = _covariates(data, frame, firms, year["fte"], reference, covariates)
    flow.keep("with every covariate", columns.notna().all(axis="columns"))
    frame = frame.join(columns)[flow.kept]
    in_pool = in_treated_cells(frame)
    flow.keep("in a cell of industry, size and region with new entrants", in_pool)
    frame = frame[in_pool]
    if not len(frame):
        raise UserError(
            "no firm is left in the sample",
            where=str(data.folder),
            mend=f"firm_years must hold employment for {reference} for SMEs of participations",
        )

    years, outcomes = _matrices(data, measures, industry[frame.index], first_year, winsorise)
    entered = entry.drop(columns=["cohort", "dose"]).reindex(frame.index, fill_value=False)
    return Panel(
        firms=frame.reset_index(),
        entered=entered.reset_index(drop=True).astype(bool),
        years=years,
        outcomes=outcomes,
        covariates=tuple(columns.columns),
        flow=flow.table(),
    )


def in_treated_cells(firms: pd.DataFrame) -> pd.Series:
    """Tell which firms lie in an exact cell of industry, size and region with a new entrant."""
    treated = np.isfinite(firms["cohort"])
    cells = firms[list(CELL)].astype("str").agg("|".join, axis="columns")
    return cells.isin(cells[treated].unique())


class _Flow:
    """Counts firms and new entrants while the sample is narrowed."""

    def __init__(self, cohort: pd.Series, programme_start: int) -> None:
        self.entrant = cohort >= programme_start
        self.kept = pd.Series(True, cohort.index)
        self.steps: list[dict[str, object]] = []

    def keep(self, step: str, condition: pd.Series) -> None:
        self.kept = self.kept & condition.reindex(self.kept.index, fill_value=False)
        left = int((self.kept & self.entrant).sum())
        self.steps.append({"step": step, "firms": int(self.kept.sum()), "new_entrants": left})

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.steps)


def _reference_year(data: Dataset, reference: int) -> pd.DataFrame:
    """Return the firms' figures of the reference year, indexed by ``cvr``."""
    columns = ["fte", "headcount", "revenue", "total_assets"]
    rows = data.read("firm_years", ["cvr", "year", *columns])
    chosen = rows[rows["year"] == reference].drop_duplicates("cvr").set_index("cvr")
    return chosen.reindex(columns=columns)


def _covariates(
    data: Dataset,
    frame: pd.DataFrame,
    firms: pd.DataFrame,
    fte: pd.Series,
    reference: int,
    wanted: Sequence[str],
) -> pd.DataFrame:
    """Return the wanted covariates as numeric columns, one row per firm."""
    columns: dict[str, pd.Series] = {}
    log_fte = np.log(fte.where(fte > 0))
    for name in wanted:
        if name == "size":
            columns["ln_fte"] = log_fte
        elif name == "growth":
            before = _reference_year(data, reference - 3)["fte"].reindex(firms.index)
            columns["growth"] = log_fte - np.log(before.where(before > 0))
        elif name == "age":
            age = reference - firms["founded"].dt.year
            columns["ln_age"] = np.log1p(age.clip(lower=0))
        elif name in ("industry", "region"):
            source = frame["industry_group"] if name == "industry" else frame["region"]
            dummies = pd.get_dummies(source, prefix=name, dtype=float)
            columns |= {column: dummies[column] for column in dummies.columns[1:]}
        else:
            raise UserError(
                f"unknown covariate {name!r}",
                where="covariates",
                mend="Choose among: size, growth, age, industry, region",
            )
    return pd.DataFrame(columns, index=firms.index)


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
