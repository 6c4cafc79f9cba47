"""Write data/DICTIONARY.md from the contract."""

from __future__ import annotations

from clusterstudy.contract.schema import Column, Table
from clusterstudy.contract.tables import TABLES

PREFACE = """\
# Data dictionary

Written by `make generate` from `src/clusterstudy/contract/tables.py`; change it there.

One file per table, named as the table: `firms.csv`, `firms.parquet` or `firms.xlsx`. CSV may use
comma or semicolon, UTF-8 or Latin-1, decimal point or decimal comma; dates are `2026-03-12` or
`12-03-2026`. Columns beyond these are ignored. A table may be absent: the notebooks say what is
missing. Money is in DKK thousand and current prices unless the unit says otherwise.
"""
KINDS = {
    "text": "text",
    "cvr": "CVR number",
    "integer": "whole number",
    "number": "number",
    "year": "year",
    "date": "date",
}


def dictionary() -> str:
    """Return the dictionary of all tables as Markdown."""
    contents = [f"- [{name}](#{name}): {table.row}" for name, table in TABLES.items()]
    pages = [page(table) for table in TABLES.values()]
    return "\n".join([PREFACE, *contents, "", *pages])


def page(table: Table) -> str:
    """Return one table's page as Markdown."""
    facts = [f"A row is: {table.row}", f"Source: {table.source}", f"Key: {', '.join(table.key)}."]
    if table.period:
        lag = f"{table.lag_months} months after" if table.lag_months else "at"
        facts.append(f"Released {lag} the end of `{table.period}`.")
    if table.planned:
        column, values = table.planned
        facts.append(f"Known ahead: rows with `{column}` {' or '.join(values)}.")
    facts += [f"`{', '.join(key.columns)}` refers to `{key.target}`." for key in table.foreign_keys]
    if table.traps:
        facts.append(f"Traps: {table.traps}")
    head = ["| column | type | unit | may be empty | meaning |", "|---|---|---|---|---|"]
    rows = [_row(column) for column in table.columns]
    return "\n".join(
        [f"## {table.name}", "", *(f"- {fact}" for fact in facts), "", *head, *rows, ""]
    )


def _row(column: Column) -> str:
    meaning = [column.description]
    if column.terms:
        meaning.append("; ".join(f"`{code}` {label}" for code, label in column.terms.items()) + ".")
    if column.low is not None or column.high is not None:
        low, high = ("" if bound is None else f"{bound:g}" for bound in (column.low, column.high))
        meaning.append(f"From {low} to {high}." if low and high else f"At least {low}.")
    if column.known_from:
        meaning.append(f"Known from `{column.known_from}`.")
    cells = [f"`{column.name}`", KINDS[column.kind], column.unit, "yes" if column.nullable else ""]
    return f"| {' | '.join([*cells, ' '.join(meaning)])} |"
