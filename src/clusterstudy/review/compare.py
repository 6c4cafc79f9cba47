"""Two reports side by side: what they were made from, and every figure that differs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from clusterstudy.paths import MANIFEST
from clusterstudy.runs import manifest
from clusterstudy.runs.cache import changes

ORIGIN = (
    "parameters",
    "plan",
    "data",
    "declared",
    "code",
    "notebook_sha256",
    "lock_sha256",
    "python",
    "platform",
    "packages",
)
KEY = ["table", "row", "column"]


@dataclass(frozen=True)
class Comparison:
    """Figures of two reports.

    Parameters
    ----------
    compared
        How many figures both have.
    differing
        One row per figure that differs: ``table``, ``row`` (its texts), ``column``, ``before``,
        ``after``; NaN where a report has none.
    """

    compared: int
    differing: pd.DataFrame


def origins(before: Path, after: Path) -> list[str]:
    """Return in what two reports' origins differ, one line each: ``name: before -> after``."""
    old, new = (manifest.read(folder / MANIFEST) for folder in (before, after))
    return changes(*({name: about.get(name) for name in ORIGIN} for about in (old, new)))


def compare_tables(
    before: Path, after: Path, *, rtol: float = 0.0, atol: float = 0.0
) -> Comparison:
    """Compare the figures of two folders of tables.

    Parameters
    ----------
    rtol, atol
        Figures differ where ``|after - before| > atol + rtol * |before|``.
    """
    old, new = _figures(before), _figures(after)
    both = pd.concat({"before": old, "after": new}, axis="columns")
    same = np.isclose(both["after"], both["before"], rtol=rtol, atol=atol, equal_nan=True)
    compared = len(old.index.intersection(new.index))
    return Comparison(compared, both[~same].reset_index())


def _figures(folder: Path) -> pd.Series:
    """Return every number of a folder's tables, by table, row and column.

    A row is known by its texts, and by its place among rows of the same texts.
    """
    parts = [_of_table(path) for path in sorted(folder.glob("*.csv"))]
    if not parts:
        return pd.Series(dtype=float, index=pd.MultiIndex.from_arrays([[]] * 3, names=KEY))
    return pd.concat(parts).set_index(KEY)["value"]


def _of_table(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path)
    numbers = frame.select_dtypes(["number", "bool"]).astype(float)
    texts = frame.drop(columns=numbers.columns).astype(str)
    named = texts.agg(" | ".join, axis="columns") if texts.size else pd.Series("", frame.index)
    place = named.groupby(named).cumcount()
    row = named.where(place == 0, named + " #" + (place + 1).astype(str))
    long = numbers.assign(row=row).melt("row", var_name="column", value_name="value")
    return long.assign(table=path.stem)
