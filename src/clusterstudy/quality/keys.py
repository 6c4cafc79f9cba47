"""Name rows on the terminal of those who have the file, without naming persons.

What is published (reports, manifests, Data Docs, kept verdicts) names no key at all: a verdict
holds numbers of rows, and only ``clusterstudy check`` looks up whose rows they are.

A sole proprietor's CVR number is personal data, and so may be one that no register knows; who
answered a survey is personal; free text may hold anything. Such keys are masked, and the row's
number in the file still finds the row for those who have the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.schema import Column
from clusterstudy.contract.tables import TABLES
from clusterstudy.contract.vocabulary import LEGAL_FORM, SOLE_PROPRIETOR
from clusterstudy.errors import UserError
from clusterstudy.quality.verdict import Finding

PUBLIC = {"cluster_id", "project_id", "service_type", "item", "measure", "industry_group"}
HIDDEN = "•" * 6


def named(dataset: Dataset) -> Callable[[Finding], tuple[str, ...]]:
    """Return what gives number and key of a finding's rows: ``row 17: 23••••••, 2024``.

    Parameters
    ----------
    dataset
        The data that were judged. Its table of firms tells who is a sole proprietor; where it
        cannot be read, every CVR number is masked.
    """
    read = cache(dataset.read)

    def examples(finding: Finding) -> tuple[str, ...]:
        if not finding.rows:
            return finding.examples()
        table = TABLES[finding.table]
        keys = read(table.name, table.key).loc[[row - 2 for row in finding.rows]]
        columns = [table.column(str(name)) for name in keys]
        companies = _companies(keys, columns, firms())
        return tuple(
            f"row {row + 2}: " + ", ".join(map(partial(_shown, companies=companies), key, columns))
            for row, *key in keys.itertuples()
        )

    @cache
    def firms() -> pd.DataFrame | None:
        try:
            return dataset.read("firms", ["cvr", "legal_form"])
        except UserError:
            return None

    return examples


def _companies(
    keys: pd.DataFrame, columns: Iterable[Column], firms: pd.DataFrame | None
) -> set[str]:
    """Return the CVR numbers among ``keys`` that are known not to be a person's."""
    if firms is None or not {"cvr", "legal_form"} <= set(firms.columns):
        return set()
    numbers = pd.concat(
        [keys[column.name] for column in columns if column.kind == "cvr"] or [pd.Series()]
    )
    known = firms[firms["cvr"].isin(numbers)]
    company = known["legal_form"].isin(LEGAL_FORM.keys() - {SOLE_PROPRIETOR})
    return set(known.loc[company, "cvr"]) - set(known.loc[~company, "cvr"])


def _shown(value: Any, column: Column, companies: set[str]) -> str:
    if pd.isna(value):
        return "(empty)"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    text = str(value)
    if column.kind == "cvr":
        return text if text in companies else text[:2] + HIDDEN
    is_open = column.name in PUBLIC or column.kind == "year" or text in column.terms
    return text if is_open and sum(map(str.isdigit, text)) < 8 else HIDDEN
