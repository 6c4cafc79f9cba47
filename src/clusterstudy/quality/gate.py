"""Judge a data set by the suites in expectations/, with Great Expectations.

Belongs here: reading the tables, adding a column for each rule across columns, rows and tables,
validating, and turning the results into findings. Does not belong here: what is expected
(:mod:`clusterstudy.contract`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.rules import RULES, Severity
from clusterstudy.contract.suites import ABSENT
from clusterstudy.contract.tables import TABLES
from clusterstudy.errors import UserError
from clusterstudy.paths import EXPECTATIONS
from clusterstudy.quality import docs
from clusterstudy.quality.verdict import SEVERITIES, Finding, Verdict

if TYPE_CHECKING:
    from great_expectations.core import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )

QUALITY = Path(__file__).parent
CONTRACT = QUALITY.parent / "contract"
REQUIRED = ("clusters", "firms", "firm_years", "participations")
EXAMPLES = 5
RESULT_FORMAT = {"result_format": "SUMMARY", "partial_unexpected_count": EXAMPLES}


def gate(dataset: Dataset, *, pages: Path | None = None) -> Verdict:
    """Return the verdict on a data set.

    Parameters
    ----------
    dataset
        Judged as it is read; without ``as_of`` all of it is.
    pages
        Folder for the Data Docs of Great Expectations; None writes none.

    Returns
    -------
    A verdict. A table that is missing, or that cannot be read in the declared types, is a finding
    and the other tables are judged without it; a rule is judged where the columns that it reads
    are there.
    """
    tables, findings = _read(dataset)
    results = list(_validated(tables))
    for result in results:
        findings += _findings(result, tables[result.suite_name])
    if pages:
        docs.write(results, pages)
    return Verdict(
        key=key(dataset),
        findings=tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))),
        tables={name: len(frame) for name, frame in tables.items()},
        fingerprint=dataset.fingerprint(),
        checked_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def key(dataset: Dataset) -> str:
    """Return the hash of all that a verdict depends on: data, expectations and code."""
    hashed = hashlib.sha256(f"{dataset.as_of} {version('great-expectations')}".encode())
    for name, digest in dataset.fingerprint().items():
        hashed.update(f"{name} {digest} ".encode())
    for folder in (EXPECTATIONS, CONTRACT, QUALITY):
        for path in sorted(folder.glob("*.*")):
            hashed.update(path.read_bytes())
    return hashed.hexdigest()[:16]


def _read(dataset: Dataset) -> tuple[dict[str, pd.DataFrame], list[Finding]]:
    """Return the tables that can be read, and what is wrong with the others."""
    tables: dict[str, pd.DataFrame] = {}
    findings = []
    for name in TABLES:
        if not dataset.has(name):
            severity: Severity = "critical" if name in REQUIRED else "info"
            findings.append(Finding(name, "", ABSENT, severity, 0, 0))
            continue
        try:
            tables[name] = dataset.read(name)
        except UserError as error:
            where = error.where.removeprefix(f"{dataset.folder}{os.sep}")
            rule = "The file must be readable in the contract's types."
            findings.append(Finding(name, "", rule, "critical", 0, 0, place=where))
    return tables, findings


def _validated(
    tables: Mapping[str, pd.DataFrame],
) -> Iterator[ExpectationSuiteValidationResult]:
    """Yield what Great Expectations says of each table; it holds one at a time."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    for name in tables:
        source = context.data_sources.add_pandas(name)
        frame = _with_faults(name, tables)
        asset = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all rows")
        suite = gx.ExpectationSuite(**_suite(name, set(frame.columns)))
        batch = asset.get_batch({"dataframe": frame})
        yield batch.validate(suite, result_format=RESULT_FORMAT)
        context.data_sources.delete(name)


def _suite(table: str, columns: set[str]) -> dict[str, Any]:
    """Return a table's suite without what cannot be judged for want of a column.

    That the column is wanting is an expectation of its own.
    """
    suite = json.loads((EXPECTATIONS / f"{table}.json").read_text(encoding="utf-8"))
    suite["expectations"] = [
        item
        for item in suite["expectations"]
        if item["type"] == "expect_column_to_exist" or columns.issuperset(_named(item["kwargs"]))
    ]
    return suite


def _named(kwargs: Mapping[str, Any]) -> list[str]:
    return kwargs.get("column_list") or [kwargs["column"]]


def _with_faults(table: str, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the table with a column for each rule that can be judged: True at a fault."""
    return tables[table].assign(
        **{
            rule.fault: rule.find(*(tables[name] for name in rule.reads)).to_numpy(dtype=bool)
            for rule in RULES
            if rule.table == table
            and all(
                name in tables and set(columns) <= set(tables[name])
                for name, columns in rule.reads.items()
            )
        }
    )


def _findings(result: ExpectationSuiteValidationResult, frame: pd.DataFrame) -> list[Finding]:
    """Return the broken rules, and take the rows' values out of the result.

    Only numbers of rows are left in it, for pages may be written from it.
    """
    table = result.suite_name
    findings = []
    for item in result.results:
        labels = item.result.pop("partial_unexpected_index_list", [])[:EXAMPLES]
        found = _finding(item, table, len(frame), tuple(int(label) + 2 for label in labels))
        item.result["partial_unexpected_list"] = list(found.examples())
        item.result.pop("partial_unexpected_counts", None)
        if not item.success:
            findings.append(found)
    order = {name: place for place, name in enumerate(["", *TABLES[table].names])}
    return sorted(findings, key=lambda finding: order[finding.column.split(", ")[0]])


def _finding(
    item: ExpectationValidationResult, table: str, of: int, rows: tuple[int, ...]
) -> Finding:
    expectation = item.expectation_config
    assert expectation is not None
    unjudged = _raised(item.exception_info)
    return Finding(
        table,
        ", ".join(expectation.meta.get("columns") or _named(expectation.kwargs)),
        f"{expectation.description}{' It could not be judged.' if unjudged else ''}",
        "critical" if unjudged else expectation.severity.value,
        item.result.get("unexpected_count", 0),
        of,
        rows,
    )


def _raised(exception_info: Mapping[str, Any]) -> bool:
    """Tell whether an expectation failed to run; details come flat or by metric."""
    details = (exception_info, *exception_info.values())
    return any(isinstance(detail, dict) and detail.get("raised_exception") for detail in details)
