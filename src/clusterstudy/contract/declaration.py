"""Read what a study declares as data: small files of data/ in which every value counts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from clusterstudy.contract.read import read_table
from clusterstudy.contract.schema import Table
from clusterstudy.errors import UserError


def read_declaration(path: Path, table: Table, names: str = "") -> pd.DataFrame:
    """Return a declaration, whole and within its vocabularies, with the columns of ``table``.

    Parameters
    ----------
    names
        What errors call a row beside its number; it then goes by the first column of its key.

    Raises
    ------
    UserError
        If the file is missing or cannot be read, a column or a needed value is missing, a coded
        value is not allowed, or a row is there more than once.
    """
    if not path.is_file():
        raise UserError(f"expected a declaration of {table.name} and found none", where=str(path))
    frame = read_table(path, table)
    if absent := [name for name in table.names if name not in frame]:
        raise UserError(f"the column {absent[0]} is missing", where=str(path))
    called = frame[table.key[0]].rename(names) if names else None
    needed = [column.name for column in table.columns if not column.nullable]
    refuse(frame[needed].isna().any(axis=1), path, "expected a value in every column", called)
    for column in table.columns:
        if column.terms:
            allowed = f"expected {column.name} to be one of {', '.join(column.terms)}"
            refuse(~frame[column.name].isin(list(column.terms)), path, allowed, called)
    twice = f"this row of {table.name} is there twice, and may not be there more than once"
    refuse(frame.duplicated(list(table.key)), path, twice, called)
    return frame


def refuse(bad: pd.Series, path: Path, what: str, called: pd.Series | None = None) -> None:
    """Raise a UserError that names the first row that is ``bad``, if there is one.

    Parameters
    ----------
    called
        The rows' names; the series' own name says what they are.
    """
    if bad.any():
        row = int(bad.to_numpy().argmax())
        name = "" if called is None else f", {called.name} {called.iloc[row]}"
        raise UserError(what, where=f"{path}, row {row + 2}{name}", mend="Correct the row")
