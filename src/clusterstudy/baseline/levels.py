"""The impact model's measures: their level at baseline, and how they have changed since.

Comparable by construction: every cluster and wave uses the impact model's one definition. Levels
and changes describe; they say nothing about what participation causes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from clusterstudy.baseline.participants import programme_contacts
from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.disclosure.magnitudes import sensitive
from clusterstudy.disclosure.rules import read_rules
from clusterstudy.measures import answers, journey, network, observed, ties
from clusterstudy.panel import store
from clusterstudy.panel.measures import FIRM_SOURCES, firm_values
from clusterstudy.panel.treatment import contacts

COMPARISON = "comparison"
NAMED = ["tier", "measure", "basis"]
COLUMNS = [*NAMED, *observed.SUMMARY]
CHANGES = [*NAMED, "year_base", "year_later", *observed.CHANGE]
CENSUS, MEAN, SHARE, ANSWERS, PROCESS = "census", "mean", "share", "answers", "process"


@dataclass(frozen=True)
class Measured:
    """A measure's observations, or a census' figures.

    Parameters
    ----------
    row
        Of the impact model.
    base
        The year or wave of the baseline.
    basis
        What its interval is about: a ``mean`` or ``share`` of firms, weighted survey ``answers``,
        a ``process`` of which single collaborations are outcomes, or nothing, for a ``census`` of
        all that was registered.
    values
        :data:`clusterstudy.measures.observed.OBSERVED`, or for a census
        :data:`~clusterstudy.measures.observed.SUMMARY`.
    """

    row: dict[str, Any]
    base: int
    basis: str
    values: pd.DataFrame

    @property
    def share(self) -> bool:
        """Whether observations are 0 or 1."""
        return bool(self.row["scale"] == "share")

    @property
    def later(self) -> int | None:
        """The latest year or wave after the baseline, None where there is none yet."""
        years = self.values.loc[self.values["year"] > self.base, "year"]
        return int(years.max()) if len(years) else None

    def named(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table with the measure's name, tier and basis."""
        return table.assign(tier=self.row["tier"], measure=self.row["measure"], basis=self.basis)


def absent(data: Dataset) -> dict[str, str]:
    """Return the table that a measure needs and the data lack, by measure."""
    found = {}
    for row in data.read("impact_model").to_dict("records"):
        needed = [row["source"], *(["price_index"] if row["deflate"] == "yes" else [])]
        lacking = [table for table in needed if not data.has(table)]
        if lacking:
            found[row["measure"]] = lacking[0]
    return found


def measure(data: Dataset, programme_start: int) -> list[Measured]:
    """Return what is known of every measure from its baseline on.

    Parameters
    ----------
    data
        The registers and, where they are, the survey, participations and collaborations.
    programme_start
        First year of the programme.

    Returns
    -------
    One :class:`Measured` per measure, in the model's order; measures with a table missing
    (:func:`absent`) or without values at baseline are left out. Groups are the clusters, the
    ``programme`` and, for register measures, ``comparison``.

    Register measures are of SMEs: those in contact from ``programme_start`` up to the latest
    ``first_wave`` of the model, and as comparison those without any contact by then. Their
    baseline is the year before the programme, or the latest before it with values. All other
    measures have their baseline in the impact model's ``first_wave``. Amounts are in constant
    prices, in the measure's unit before scaling.
    """
    model = data.read("impact_model")
    clusters = set(data.read("clusters")["cluster_id"])
    source = _Source(data, programme_start, int(model["first_wave"].max()), clusters)
    lacking = absent(data)
    found = []
    for row in model.to_dict("records"):
        if row["measure"] in lacking:
            continue
        known = source.read({str(key): value for key, value in row.items()})
        if known is not None:
            shown = known.values["group"].isin({PROGRAMME, COMPARISON, *clusters})
            found.append(replace(known, values=known.values[shown]))
    return [one for one in found if (one.values["year"] == one.base).any()]


def levels(measures: list[Measured], level: float = 0.95) -> pd.DataFrame:
    """Return every measure's level at baseline, by group.

    Parameters
    ----------
    measures
        As :func:`measure` returns them.
    level
        Level of the intervals.

    Returns
    -------
    DataFrame with the columns of :data:`COLUMNS`; see
    :func:`clusterstudy.measures.observed.summarise`. A census has no interval.
    """
    tables = []
    for one in measures:
        first = one.values[one.values["year"] == one.base]
        if one.basis != CENSUS:
            first = observed.summarise(first, share=one.share, level=level)
        tables.append(one.named(_ordered(first)))
    return (
        pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)
    )


def changes(measures: list[Measured], level: float = 0.95) -> pd.DataFrame:
    """Return how every measure changed from its baseline to its latest wave, by group.

    Returns
    -------
    DataFrame with the columns of :data:`CHANGES`; see
    :func:`clusterstudy.measures.observed.change`. Measures without a later wave are left out.
    Register measures are compared among the firms that have both years, for those that closed
    would otherwise count as change.
    """
    tables = []
    for one in measures:
        if one.later is None:
            continue
        if one.basis == CENSUS:
            table = _counted(one.values, one.base, one.later)
        else:
            values = _paired(one) if one.row["source"] in FIRM_SOURCES else one.values
            table = observed.change(values, one.base, one.later, share=one.share, level=level)
        named = one.named(_ordered(table))
        tables.append(named.assign(year_base=one.base, year_later=one.later))
    return (
        pd.concat(tables, ignore_index=True)[CHANGES] if tables else pd.DataFrame(columns=CHANGES)
    )


def undominated(table: pd.DataFrame, measures: list[Measured], rules: str) -> pd.DataFrame:
    """Blank the means of firms' figures, and their changes, that tell of few firms.

    Parameters
    ----------
    table
        As :func:`levels` or :func:`changes` returns it.
    measures
        What it was made of.
    rules
        Rule set of disclosure control; its dominance and p % rules are held against every year
        that the table compares (:func:`clusterstudy.disclosure.magnitudes.sensitive`).
    """
    blank = pd.Series(False, table.index)
    for one in measures:
        if one.basis != MEAN:
            continue
        values = _paired(one) if "year_later" in table and one.later else one.values
        years = [one.base, one.later] if "year_later" in table else [one.base]
        rows = values[values["year"].isin(years)]
        cells = sensitive(rows, ["group", "year"], "firm", "value", read_rules(rules))
        told = cells.index[cells["dominated"] | cells["close"]].get_level_values("group")
        blank |= (table["measure"] == one.row["measure"]) & table["group"].isin(told)
    known = {*NAMED, "group", "year", "firms", "year_base", "year_later"}
    figures = [column for column in map(str, table) if column not in known]
    return table.assign(**{column: table[column].mask(blank) for column in figures})


class _Source:
    """Reads a measure from its table; what several measures need is made once."""

    def __init__(
        self, data: Dataset, programme_start: int, until: int, clusters: Collection[str]
    ) -> None:
        self.data, self.start, self.until, self.clusters = data, programme_start, until, clusters

    def read(self, row: dict[str, Any]) -> Measured | None:
        """Return a measure, None where the rows or columns that it needs are missing."""
        name, wave, shares = row["expression"], int(row["first_wave"]), row["scale"] == "share"
        match row["source"]:
            case table if table in FIRM_SOURCES:
                values = self._of_firms(row["measure"])
                before = values.loc[values["year"] < self.start, "year"]
                base = int(before.max()) if len(before) else self.start - 1
                basis = SHARE if shares else MEAN
                return Measured(row, base, basis, values[values["year"] >= base])
            case "survey" if len(self.survey):
                return Measured(row, wave, ANSWERS, answers.answers(self.survey, name))
            case "participations":
                return Measured(row, wave, SHARE, journey.JOURNEY[name](self.participations))
            case "collaborations" if name in network.GRAPH:
                ends = {wave, self.collaborations["year"].max()}
                rows = self.collaborations[self.collaborations["year"].isin(ends)]
                table = network.figures(rows, name, self.clusters)
                return Measured(row, wave, CENSUS, table)
            case "collaborations" if name in ties.SHARES:
                return Measured(
                    row, wave, PROCESS, ties.share(self.collaborations, *ties.SHARES[name])
                )
            case "collaborations" if name == "knowledge_reach":
                return Measured(row, wave, SHARE, ties.knowledge_reach(self.collaborations))
            case "collaborations" if {"cvr_a", "cvr_b"} <= set(self.collaborations):
                participants = programme_contacts(self.contacts, self.start)
                return Measured(row, wave, SHARE, ties.reach(self.collaborations, participants))
        return None

    @cached_property
    def firms(self) -> pd.DataFrame:
        return store.firms(self.data, self.start - 1)

    @cached_property
    def contacts(self) -> pd.DataFrame:
        return contacts(self.data)

    @cached_property
    def participations(self) -> pd.DataFrame:
        return self.data.read("participations")

    @cached_property
    def collaborations(self) -> pd.DataFrame:
        return self.data.read("collaborations")

    @cached_property
    def survey(self) -> pd.DataFrame:
        return answers.survey(self.data, self.start)

    @cached_property
    def groups(self) -> pd.DataFrame:
        """``group`` and ``cvr`` of SMEs that took part by then, and of those that did not."""
        smes = self.firms.index[self.firms["sme"]]
        contact = self.contacts[self.contacts["year"] <= self.until]
        recent = programme_contacts(contact, self.start)
        recent = recent.rename(columns={"cluster_id": "group"})[["group", "cvr"]]
        outside = smes[~smes.isin(contact["cvr"])]
        pool = pd.DataFrame({"group": COMPARISON, "cvr": outside})
        taking = recent[recent["cvr"].isin(smes)].drop_duplicates()
        return pd.concat([taking, pool], ignore_index=True)

    def _of_firms(self, name: str) -> pd.DataFrame:
        industry = self.firms.loc[self.firms["sme"], "industry_group"]
        values = firm_values(self.data, name, industry, scaled=False).rename("value")
        named = self.groups.merge(values.reset_index(), on="cvr").rename(columns={"cvr": "unit"})
        return named.assign(firm=named["unit"], weight=1.0)[observed.OBSERVED]


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Return the programme's row first and the comparison's last, the clusters between."""
    place = {PROGRAMME: 0, COMPARISON: 2}
    ranked = table.assign(place=table["group"].map(place).fillna(1))
    return ranked.sort_values(["place", "group"], kind="stable").drop(columns="place")


def _paired(one: Measured) -> pd.DataFrame:
    """Return the observations of units that have both the baseline and the latest wave."""
    ends = one.values[one.values["year"].isin([one.base, one.later])]
    return ends[ends.groupby(["group", "unit"])["year"].transform("nunique") == 2]


def _counted(figures: pd.DataFrame, base: int, later: int) -> pd.DataFrame:
    """Return the change of a census' figures, which has no interval."""
    first, second = (figures[figures["year"] == year].set_index("group") for year in (base, later))
    both = first.index.intersection(second.index)
    first, second = first.loc[both], second.loc[both]
    table = pd.DataFrame(
        {
            "n_base": first["n"],
            "n_later": second["n"],
            "firms": first["firms"].clip(upper=second["firms"]),
            "base": first["mean"],
            "later": second["mean"],
            "change": second["mean"] - first["mean"],
        }
    )
    return table.rename_axis("group").reset_index().reindex(columns=observed.CHANGE)
