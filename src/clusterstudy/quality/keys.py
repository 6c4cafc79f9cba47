"""Name rows without naming persons.

A sole proprietor's CVR number is personal data, and so may be one that no register knows; who
answered a survey is personal; free text may hold anything. Such keys are masked, and the row's
number in the file still finds the row for those who have the file.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import partial
from typing import Any

import pandas as pd

from clusterstudy.contract.schema import Column, Table
from clusterstudy.contract.vocabulary import LEGAL_FORM, SOLE_PROPRIETOR

PUBLIC = {"cluster_id", "project_id", "service_type", "item", "measure", "industry_group"}
HIDDEN = "•" * 6


def examples(
    frame: pd.DataFrame, rows: Iterable[Hashable], table: Table, firms: pd.DataFrame | None
) -> tuple[str, ...]:
    """Return number and key of each of ``rows``, for instance ``row 17: 23••••••, 2024``.

    Parameters
    ----------
    frame
        The table, whose index counts the file's rows from 0; row numbers count the header too.
    rows
        Labels in the index of ``frame``.
    firms
        The table of firms, which tells who is a sole proprietor; None masks every CVR number.
    """
    columns = [table.column(name) for name in table.key if name in frame]
    keys = frame.loc[list(rows), [column.name for column in columns]]
    companies = _companies(keys, columns, firms)
    return tuple(
        f"row {row + 2}: " + ", ".join(map(partial(_shown, companies=companies), key, columns))
        for row, *key in keys.itertuples()
    )


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
