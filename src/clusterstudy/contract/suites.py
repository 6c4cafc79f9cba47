"""Write the Great Expectations suites from the contract, as plain JSON.

Belongs here: one suite per table, every expectation with its severity and its rule in words. Does
not belong here: running them (:mod:`clusterstudy.quality`); nothing here imports Great
Expectations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clusterstudy.contract import cvr
from clusterstudy.contract.rules import RULES, Rule, Severity
from clusterstudy.contract.schema import Column, Table
from clusterstudy.contract.tables import TABLES
from clusterstudy.paths import EXPECTATIONS

ABSENT = "The table must be there."  # said of a table by the gate, which has no suite to read


def files() -> dict[Path, str]:
    """Return the text of every file in expectations/, by path."""
    return {EXPECTATIONS / f"{table.name}.json": _text(suite(table)) for table in TABLES.values()}


def suite(table: Table) -> dict[str, Any]:
    """Return the suite of a table, as ``ExpectationSuite(**suite)`` takes it."""
    return {
        "name": table.name,
        "meta": {"notes": table.row},
        "expectations": [
            *(
                item
                for column in table.columns
                for item in _of_column(column, column.name in table.key)
            ),
            _of_key(table),
            *(_of_rule(rule) for rule in RULES if rule.table == table.name),
        ],
    }


def _of_column(column: Column, in_key: bool) -> Iterator[dict[str, Any]]:
    name = column.name
    yield _expectation(
        "column_to_exist",
        "info" if column.nullable else "critical",
        "The column must be there.",
        column=name,
    )
    if not column.nullable:
        yield _expectation(
            "column_values_to_not_be_null",
            "critical" if in_key else "warning",
            "No row may leave it empty.",
            column=name,
        )
    if column.kind == "cvr":
        yield _expectation(
            "column_values_to_match_regex",
            "critical",
            "A CVR number must have eight digits (a P-number has ten).",
            column=name,
            regex=f"^{cvr.SHAPE}$",
        )
    if column.terms:
        yield _expectation(
            "column_values_to_be_in_set",
            "critical",
            "The code must be one of the contract's.",
            column=name,
            value_set=list(column.terms),
        )
    if column.low is not None or column.high is not None:
        yield _expectation(
            "column_values_to_be_between",
            "critical" if column.hard_bounds else "warning",
            "The value must lie within the contract's bounds.",
            column=name,
            min_value=column.low,
            max_value=column.high,
        )


def _of_key(table: Table) -> dict[str, Any]:
    text = "The key must identify one row."
    if len(table.key) == 1:
        return _expectation("column_values_to_be_unique", "critical", text, column=table.key[0])
    return _expectation("compound_columns_to_be_unique", "critical", text, column_list=[*table.key])


def _of_rule(rule: Rule) -> dict[str, Any]:
    expectation = _expectation(
        "column_values_to_be_in_set",
        rule.severity,
        rule.text,
        column=rule.fault,
        value_set=[False],
    )
    read = rule.reads[rule.table]
    accused = [name for name in read if name not in TABLES[rule.table].key]
    return {**expectation, "meta": {"columns": accused or list(read)}}


def _expectation(kind: str, severity: Severity, text: str, **kwargs: Any) -> dict[str, Any]:
    return {
        "type": f"expect_{kind}",
        "kwargs": kwargs,
        "severity": severity,
        "description": text,
    }


def _text(suite: Mapping[str, Any]) -> str:
    """Return a suite as JSON with one expectation a line."""
    head = json.dumps({**suite, "expectations": []}, indent=2, ensure_ascii=False)
    lines = [f"    {json.dumps(item, ensure_ascii=False)}" for item in suite["expectations"]]
    return head.removesuffix("[]\n}") + "[\n" + ",\n".join(lines) + "\n  ]\n}\n"
