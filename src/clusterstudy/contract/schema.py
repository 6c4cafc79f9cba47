"""What a table of the contract is made of.

Belongs here: the words in which tables are declared. Does not belong here: the tables themselves
(:mod:`clusterstudy.contract.tables`) or anything that reads a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "cvr", "integer", "number", "year", "date"]


@dataclass(frozen=True)
class Column:
    """One column.

    Parameters
    ----------
    name, kind, description
        ``cvr`` is text of eight digits that pass the modulus-11 check; ``year`` a whole calendar
        year; ``date`` a day without time.
    unit
        Unit of the values, for example ``DKK thousand``.
    nullable
        Whether a row may leave it empty.
    terms
        The allowed values of a coded column, each with its English label.
    low, high
        Bounds, both included. Breaking them is a warning, for a register may hold odd truths;
        with ``hard_bounds`` it is critical.
    known_from
        Name of the date column from which the value is known. A study dated earlier does not
        see it.
    """

    name: str
    kind: Kind
    description: str
    unit: str = ""
    nullable: bool = False
    terms: Mapping[str, str] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    hard_bounds: bool = False
    known_from: str = ""


@dataclass(frozen=True)
class ForeignKey:
    """``columns`` of this table must be found as ``target_columns`` of the table ``target``."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One table: what a row is, where it comes from, when it is known, and its columns.

    Parameters
    ----------
    row, source, traps
        Prose for the dictionary: what one row is, its register, what misleads.
    period
        Column (year or date) that dates a row; empty where rows carry no date.
    lag_months
        Months from the end of the period until the source releases the row.
    planned
        Rows known ahead of their period: a column and the values that mark them (a budget).
    key
        Columns that identify a row.
    foreign_keys
        References to other tables.
    """

    name: str
    row: str
    source: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    period: str = ""
    lag_months: int = 0
    planned: tuple[str, tuple[str, ...]] | None = None
    foreign_keys: tuple[ForeignKey, ...] = ()
    traps: str = ""

    def column(self, name: str) -> Column:
        """Return the column called ``name``; KeyError where there is none."""
        return {column.name: column for column in self.columns}[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)
