"""The analysis panel: one row per firm, one column per year, and who was left out on the way.

The sample is made of SMEs with employment in the reference year, the last year before the
programme. New entrants (first contact with any cluster from the programme's start on) are the
treated, firms without any contact the never-treated. Incumbents (first contact before the
programme) are neither: they are counted and left out, for their untreated path is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.errors import UserError
from clusterstudy.memory import refuse_too_large
from clusterstudy.panel import support, treatment
from clusterstudy.panel.characteristics import characteristics
from clusterstudy.panel.characteristics import covariates as chosen_covariates
from clusterstudy.panel.measures import firm_arrays, span
from clusterstudy.panel.successions import Mergers, among, changed, unit_of, units
from clusterstudy.panel.successions import read as read_successions

CELL = ("industry_group", "size", "region")
STEPS = {
    "employed": "Firms with employment in the last year before the programme",
    "sme": "that are SMEs",
    "new": "without contact before the programme",
    "whole": "that neither merged nor split",
    "known": "with every covariate",
    "alone": "without other public support in the five years before the programme or since",
    "cell": "in a cell of industry, size and region with new entrants",
}


LINKS = {
    "chained": "Further CVR numbers of the same firms, chained to them",
    "events": "Firms that merged or split within the panel's years",
    "ambiguous": "Firms whose old industry code is divided between groups",
}
WORKSPACE = 8  # arrays of the panel's shape that building it takes beside its measures


class NoFirmsError(UserError):
    """No firm is left in the sample: none has figures in the year before the programme."""


@dataclass(frozen=True)
class Panel:
    """Firms, years and outcomes, aligned.

    Parameters
    ----------
    firms
        One row per firm (n rows): ``cvr``, ``cohort`` (year, ``inf`` for the never-treated),
        ``dose`` (missing for the never-treated), ``industry_group``, ``size``, ``region``, and
        the covariates named in ``covariates``; what other support they had, as
        :func:`clusterstudy.panel.support.received` returns it, where the data tell.
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
    mixed
        Boolean, n × :data:`clusterstudy.panel.treatment.MIXTURES`: how its treatments overlap.
    linked
        Counts by the keys of :data:`LINKS`: how CVR numbers and industry codes were joined.
    """

    firms: pd.DataFrame
    entered: pd.DataFrame
    years: np.ndarray
    outcomes: dict[str, np.ndarray]
    covariates: tuple[str, ...]
    flow: pd.DataFrame
    mixed: pd.DataFrame = field(default_factory=pd.DataFrame)
    linked: Mapping[str, int] = field(default_factory=dict)

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
    mergers: Mergers = "keep",
    other_programmes: support.OtherProgrammes = "ignore",
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
    mergers
        What is done with firms that merge or split: :mod:`clusterstudy.panel.successions`.
    other_programmes
        What is done about other public support: :mod:`clusterstudy.panel.support`.

    Raises
    ------
    UserError
        If a table is missing, or the panel does not fit in the machine's memory;
        :class:`NoFirmsError` if no firm is left.
    """
    support.refuse_missing(data, other_programmes)
    reference = programme_start - 1
    successions = read_successions(data)
    unit = units(successions, mergers)
    frame = characteristics(data, reference, unit)
    contact = treatment.contacts(data)
    contact = contact.assign(cvr=unit_of(contact["cvr"], unit))
    entry = treatment.entries(contact)
    cohort = entry["cohort"].reindex(frame.index).astype("float64").fillna(np.inf)
    frame = frame.assign(cohort=cohort, dose=entry["dose"].reindex(frame.index))
    if data.has(support.TABLE):
        frame = frame.join(support.received(data, frame.index, unit, reference))
    events = among(frame.index.to_series(), changed(successions, unit, first_year))

    flow = _Flow(frame, programme_start)
    flow.keep("employed", pd.Series(True, frame.index))
    flow.keep("sme", frame["sme"])
    flow.keep("new", cohort >= programme_start)
    if mergers == "leave_out":
        flow.keep("whole", ~events)
    known = chosen_covariates(flow.frame, covariates).notna().all(axis="columns")
    flow.keep("known", known)
    if other_programmes == "exclude":
        flow.keep("alone", (frame["supported"] == 0) & ~frame["supported_since"])
    if flow.new_entrants:
        flow.keep("cell", in_treated_cells)
    frame = flow.frame
    if not len(frame):
        raise NoFirmsError(
            "no firm is left in the sample",
            where=str(data.folder),
            mend=f"firm_years must hold employment for {reference} for SMEs of participations",
        )

    columns = chosen_covariates(frame, covariates)
    named = tuple(columns.columns)
    if other_programmes == "covariate":
        named += support.covariates(frame)
    rows = rows_of(frame.index, unit)
    last = max(span(data, name)[1] for name in measures)
    years = np.arange(first_year, max(last, first_year + 1))
    refuse_too_large(
        8 * len(frame) * len(years) * (len(measures) + WORKSPACE),
        f"a panel of {len(frame)} firms, {len(years)} years and {len(measures)} measures",
        where="first_year",
        mend="Choose a later first_year or fewer measures",
    )
    group = frame["industry_group"].to_numpy()
    linked = {
        "chained": int(rows.duplicated().sum()),
        "events": int(events[frame.index].sum()),
        "ambiguous": int(frame["ambiguous"].sum()),
    }
    clusters = entry.drop(columns=["cohort", "dose"])
    return Panel(
        firms=frame.drop(columns="ambiguous").assign(**columns).reset_index(),
        entered=_of(frame.index, clusters),
        years=years,
        outcomes={
            name: firm_arrays(data, name, rows, group, years, winsorise=winsorise)
            for name in measures
        },
        covariates=named,
        flow=flow.table(),
        mixed=_of(frame.index, treatment.mixtures(contact)),
        linked=linked,
    )


def _of(firms: pd.Index, marks: pd.DataFrame) -> pd.DataFrame:
    """Return marks of participants for the firms of the sample, False where they have none."""
    return marks.reindex(firms, fill_value=False).reset_index(drop=True).astype(bool)


def rows_of(firms: pd.Index, unit: pd.Series) -> pd.Series:
    """Return the place in the sample of every CVR number that belongs to a firm of it."""
    place = pd.Series(np.arange(len(firms)), firms)
    further = unit[(unit != unit.index) & among(unit, firms)]
    return pd.concat([place, pd.Series(place[further].to_numpy(), further.index)])


def in_treated_cells(firms: pd.DataFrame) -> pd.Series:
    """Tell which firms lie in an exact cell of industry, size and region with a new entrant."""
    treated = pd.Series(np.isfinite(firms["cohort"]), firms.index)
    return treated.groupby([firms[name] for name in CELL]).transform("any").astype(bool)


class _Flow:
    """Narrows the sample step by step and counts firms and new entrants."""

    def __init__(self, frame: pd.DataFrame, programme_start: int) -> None:
        self.frame = frame
        self.programme_start = programme_start
        self.steps: list[dict[str, Any]] = []

    def keep(self, step: str, condition: pd.Series | Callable[[pd.DataFrame], pd.Series]) -> None:
        met = condition(self.frame) if callable(condition) else condition[self.frame.index]
        self.frame = self.frame[met]
        cohort = self.frame["cohort"]
        entrants = np.isfinite(cohort) & (cohort >= self.programme_start)
        self.steps.append(
            {"step": step, "firms": len(self.frame), "new_entrants": int(entrants.sum())}
        )

    @property
    def new_entrants(self) -> int:
        """New entrants left."""
        return int(self.steps[-1]["new_entrants"])

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.steps)
