"""The frozen baseline: a table, its hash and its date, fixed before outcomes are seen.

:func:`freeze` writes ``STUDY.baseline.csv`` and ``.json`` once, to be committed. Later reports
cite the hash and say which figures would differ today, for registers are revised. Freezing again
is an act of its own and needs ``again`` (``clusterstudy freeze STUDY --again``).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from clusterstudy.baseline.levels import Measured, levels, undominated
from clusterstudy.disclosure.cells import are_few, suppress
from clusterstudy.errors import UserError

KEY = ["measure", "group", "year"]


@dataclass(frozen=True)
class Frozen:
    """A frozen baseline: its table, and what identifies it."""

    table: pd.DataFrame
    sha256: str
    frozen_on: str
    as_of: str
    data: dict[str, str]

    @property
    def citation(self) -> str:
        """The short form reports cite: the first twelve digits of the hash, and the date."""
        return f"{self.sha256[:12]} ({self.frozen_on})"


def suppressed(table: pd.DataFrame, min_firms: int) -> pd.DataFrame:
    """Return a baseline table with the figures of small groups blank, fit to be kept."""
    return suppress(table, "firms", ["n", "mean", "low", "high"], min_firms)[0]


def keepable(measures: list[Measured], *, level: float, min_firms: int, rules: str) -> pd.DataFrame:
    """Return the levels of measures as a report shows them and a baseline keeps them.

    Parameters
    ----------
    measures, level
        See :func:`clusterstudy.baseline.levels.levels`.
    min_firms, rules
        Figures of fewer firms are blank, and those that the rule set takes to tell of a firm.
    """
    return undominated(suppressed(levels(measures, level), min_firms), measures, rules)


def digest(table: pd.DataFrame) -> str:
    """Return the SHA-256 of a baseline table as it is written (ten significant digits)."""
    return hashlib.sha256(_bytes(table)).hexdigest()


def freeze(
    folder: Path,
    study: str,
    table: pd.DataFrame,
    *,
    as_of: date,
    data: dict[str, str],
    today: date,
    again: bool = False,
) -> Path:
    """Write a study's frozen baseline and return the path of its record.

    Raises
    ------
    UserError
        If the study has one already and ``again`` is not given.
    """
    path = folder / f"{study}.baseline.json"
    if path.exists() and not again:
        raise UserError(
            "the baseline of this study is frozen already",
            where=str(path),
            mend="Keep it, or freeze anew with --again and say why in the commit",
        )
    record = {
        "sha256": digest(table),
        "frozen_on": today.isoformat(),
        "as_of": as_of.isoformat(),
        "data": data,
    }
    _replace(path.with_suffix(".csv"), _bytes(table))
    _replace(path, (json.dumps(record, indent=2) + "\n").encode())
    return path


def frozen(folder: Path, study: str) -> Frozen | None:
    """Return a study's frozen baseline, or None where there is none.

    Raises
    ------
    UserError
        If the table is not the one whose hash was recorded.
    """
    path = folder / f"{study}.baseline.json"
    if not path.exists():
        return None
    table = path.with_suffix(".csv")
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        record = json.loads(path.read_text(encoding="utf-8"))
        if hashlib.sha256(table.read_bytes()).hexdigest() == record["sha256"]:
            return Frozen(table=pd.read_csv(table), **record)
    raise UserError(
        "the frozen baseline was changed after it was frozen",
        where=str(table),
        mend="Restore it and its record from version control",
    )


def deviations(baseline: Frozen, table: pd.DataFrame, min_firms: int = 5) -> pd.DataFrame:
    """Return the rows whose count or mean differ from the frozen ones.

    Returns
    -------
    DataFrame with ``measure``, ``group``, ``year``, ``basis``, and ``n`` and ``mean`` then and now;
    rows that are in one table only have the other's figures missing. Blank figures equal blank
    ones. Where the counts differ by one to ``min_firms`` - 1, the frozen figures are blank: with
    today's, which the tables of levels show, they would tell what the few have.
    """
    both = baseline.table.merge(table, on=KEY, how="outer", suffixes=("_frozen", "_now"))
    then, now = (
        both[[f"n_{when}", f"mean_{when}"]].to_numpy(dtype=float) for when in ("frozen", "now")
    )
    same = np.isclose(then, now, rtol=1e-9, atol=0.0, equal_nan=True).all(axis=1)
    both["basis"] = both["basis_now"].fillna(both["basis_frozen"])
    columns = [*KEY, "basis", "n_frozen", "n_now", "mean_frozen", "mean_now"]
    found = both.loc[~same, columns].reset_index(drop=True)
    few = are_few((found["n_now"] - found["n_frozen"]).abs(), min_firms)
    found[["n_frozen", "mean_frozen"]] = found[["n_frozen", "mean_frozen"]].mask(few)
    return found


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f"{path.name}.draft-{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)


def _bytes(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, float_format="%.10g", lineterminator="\n").encode()
