"""What a report's tables count, as data/outputs.csv declares it, read from the tables themselves.

Belongs here: the declaration's reader, and a table's counts of firms as cells that have a name in
every table and report (``seen/fte/K03``), so that tables can be linked. Does not belong here: what
the counts tell (:mod:`clusterstudy.disclosure.checks`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd

from clusterstudy.contract.declaration import read_declaration
from clusterstudy.contract.schema import Column, Table
from clusterstudy.errors import Sentence, UserError
from clusterstudy.paths import DATA

NONE = "none"
OPTIONAL = "?"
COUNTED = ("n", "firms")  # columns that no table has unless its name is declared
ANY = "*"
VARIANT = "?"  # in a population: what stands after it makes like firms others, by a few
ROUNDED, SHARE = "rounded", "share"
RELATIONS = {
    "none": "Stands alone",
    "adds": "Adds up to its parent",
    "within": "Part of its parent",
    "above": "Part of the row above of the same parent",
    ROUNDED: "Rounded down to a multiple of the fewest firms",
    SHARE: "Share of the column that is its parent, of such a multiple",
}
OUTPUTS = Table(
    name="outputs",
    row="A count of distinct firms in an output, or an output without one.",
    source="Declared with the notebooks; the first rows that match an output count.",
    key=("notebook", "output", "column"),
    columns=(
        Column("notebook", "text", "Notebook."),
        Column("output", "text", "Name of a table or figure, with * and ?."),
        Column(
            "column", "text", "Its column with the count, or none; with ? where it may be missing."
        ),
        Column(
            "population",
            "text",
            "Name of who is counted, with {column} or {parameter}; after ? what makes like firms"
            " differ by a few.",
        ),
        Column("relation", "text", "How it relates to its parent.", terms=RELATIONS),
        Column("parent", "text", "Population that it belongs to, or none."),
        Column("holds", "text", "What the output holds, for who judges it."),
    ),
)


@dataclass(frozen=True)
class Count:
    """A count of firms that a table shows, or hides: ``value`` is then not a number.

    Of a share it is what the share tells: times the number that it is a share of.
    """

    run: str
    output: str
    column: str
    population: str
    value: float
    relation: str = NONE
    parent: str = NONE

    @property
    def hidden(self) -> bool:
        """Whether the cell is blank."""
        return pd.isna(self.value)

    @property
    def exact(self) -> bool:
        """Whether the number is that of the firms themselves, so that it can be added up."""
        return self.relation not in (ROUNDED, SHARE)


def read_outputs(path: Path = DATA / "outputs.csv") -> pd.DataFrame:
    """Return the declaration; UserError where it cannot be read or contradicts itself."""
    return read_declaration(path, OUTPUTS, names="output")


def declared(outputs: pd.DataFrame, notebook: str, name: str) -> pd.DataFrame:
    """Return the rows for an output: those of the first pattern that matches; none may."""
    of = outputs[outputs["notebook"] == notebook]
    patterns = [pattern for pattern in of["output"].unique() if fnmatchcase(name, pattern)]
    return of[of["output"].isin(patterns[:1])]


def misdeclared(frame: pd.DataFrame, rows: pd.DataFrame) -> Iterator[Sentence]:
    """Yield where a table and its declaration part: columns that one has and the other has not."""
    columns = rows.loc[rows["column"] != NONE, "column"]
    for column in columns[~columns.str.endswith(OPTIONAL)]:
        if column not in frame:
            yield Sentence("has no column {column}, which is declared", column=column)
    named = columns.empty and not rows["output"].eq(ANY).any()
    for column in COUNTED:
        if column in frame and column not in set(columns) and not named:
            yield Sentence("its column {column} is not declared", column=column)


def counts(
    frame: pd.DataFrame, rows: pd.DataFrame, run: str, name: str, parameters: Mapping[str, Any]
) -> Iterator[Count]:
    """Yield the counts of a table, by row.

    Parameters
    ----------
    frame
        The table as its file has it.
    rows
        As :func:`declared` returns them.
    run, name, parameters
        The run's name, the output's, and the run's parameters.
    """
    columns = rows["column"].str.rstrip(OPTIONAL)
    for _, row in rows.assign(column=columns)[columns.isin(frame.columns)].iterrows():
        values = pd.to_numeric(frame[row["column"]]).astype(float)  # an all blank one is an object
        if row["relation"] == SHARE:
            values *= frame[row["parent"]]
        for line, value in zip(frame.to_dict("records"), values, strict=True):
            named = dict(parameters) | {str(key): value for key, value in line.items()}
            yield Count(
                run,
                name,
                row["column"],
                _named(row["population"], named),
                value,
                row["relation"],
                _named(row["parent"], named),
            )


def _named(template: str, values: Mapping[str, Any]) -> str:
    try:
        return template.format(**values)
    except KeyError as error:
        raise UserError(
            f"population {template!r} names {error}, which is no column and no parameter",
            where="data/outputs.csv",
            mend="Correct the row",
        ) from None
