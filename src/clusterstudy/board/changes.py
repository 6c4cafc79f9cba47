"""What changed since an earlier report: its effects beside today's, and what it was made from."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from clusterstudy.errors import UserError
from clusterstudy.paths import REPORTS

TABLE = "tables/effects.csv"


def earlier(name: str, reports: Path = REPORTS) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the effects of an earlier board report, and its dates ``as_of`` and ``made``.

    Parameters
    ----------
    name
        Folder of the earlier report: a path, or ``STUDY/RUN`` below ``reports``.

    Raises
    ------
    UserError
        If there is no such report, or it has no table of effects.
    """
    folder = Path(name) if Path(name).is_dir() else reports / name
    try:
        table = pd.read_csv(folder / TABLE)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return table, {"as_of": manifest["parameters"]["as_of"], "made": manifest["finished"][:10]}
    except (OSError, ValueError, KeyError):
        raise UserError(
            f"expected an earlier board report and found no {TABLE} with a manifest",
            where=f"previous: {name}",
            mend="Name the folder of a report of 60_board_report",
        ) from None


def compare(then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return both reports' effects by outcome, ``_then`` and ``_now``; NaN where one has none."""
    figures = ["outcome", "n", "estimate", "low", "high"]
    return then[figures].merge(now[figures], on="outcome", how="outer", suffixes=("_then", "_now"))
