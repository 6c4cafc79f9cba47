"""The input that the board and others gave at meetings: ``params/STUDY.input.csv``, kept by hand.

Belongs here: what a row is, and reading it. What was meant by it is for those who gave it.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from clusterstudy.contract.declaration import read_declaration
from clusterstudy.contract.schema import Column, Table
from clusterstudy.report.language import later

STATUS = {
    "open": later("open"),
    "followed": later("followed"),
    "not_followed": later("not followed, with a reason"),
}
INPUT = Table(
    name="input",
    row="An input given at a meeting.",
    source="The minutes.",
    key=("date", "given_by", "input"),
    columns=(
        Column("date", "date", "Day of the meeting."),
        Column("given_by", "text", "Who gave it: a role or a body, not a person."),
        Column("input", "text", "What was said."),
        Column("status", "text", "What became of it.", terms=STATUS),
        Column("answer", "text", "What was done, or will be, or why not."),
    ),
)


def path(folder: Path, study: str) -> Path:
    """Return where a study's input log lies."""
    return folder / f"{study}.input.csv"


def log(folder: Path, study: str, as_of: date) -> pd.DataFrame:
    """Return the input given until ``as_of``, the open first, then the latest; empty without a log.

    Raises
    ------
    UserError
        If the log lacks a column or a value, or holds a status that is not allowed.
    """
    file = path(folder, study)
    if not file.is_file():
        return pd.DataFrame(columns=list(INPUT.names))
    rows = read_declaration(file, INPUT)
    rows = rows[rows["date"] <= pd.Timestamp(as_of)]
    answered = rows["status"] != "open"
    order = rows.assign(answered=answered).sort_values(
        ["answered", "date", "given_by"], ascending=[True, False, True]
    )
    return order.drop(columns="answered").reset_index(drop=True)
