"""Tables as the contract types them, also where a study has none of them."""

from __future__ import annotations

import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.schema import Kind
from clusterstudy.contract.tables import TABLES

DTYPES: dict[Kind, str] = {
    "text": "str",
    "cvr": "str",
    "date": "datetime64[us]",
    "number": "float64",
    "integer": "float64",
    "year": "int64",
}


def read(data: Dataset, table: str) -> pd.DataFrame:
    """Return ``table`` with all its declared columns, and without rows where there is no file.

    A column that the file lacks is empty; the quality gate reports it.
    """
    declared = TABLES[table]
    if data.has(table):
        return data.read(table).reindex(columns=list(declared.names))
    return pd.DataFrame({c.name: pd.Series(dtype=DTYPES[c.kind]) for c in declared.columns})
