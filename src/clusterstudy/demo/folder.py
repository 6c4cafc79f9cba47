"""The demo as a folder: the tables, ``truth/`` and ``demo.json``, which says what was asked for.

A folder appears whole or not at all: it is written beside its place and moved there in one step.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from clusterstudy.contract import cvr, tables
from clusterstudy.contract.schema import Table
from clusterstudy.demo.settings import Settings
from clusterstudy.demo.truth import FILES, FOLDER, README, readme
from clusterstudy.errors import UserError
from clusterstudy.paths import DATA

if TYPE_CHECKING:
    from clusterstudy.demo.world import Demo

STAMP = "demo.json"
Format = Literal["parquet", "csv"]


def generate(
    folder: Path,
    *,
    firms: int = Settings.firms,
    seed: int = Settings.seed,
    dirt: bool = False,
    format: Format = "parquet",
    first_year: int = Settings.first_year,
    last_year: int = Settings.last_year,
) -> Path:
    """Write a demo into ``folder`` and return it; an earlier demo there is replaced.

    The same arguments give the same bytes.

    Parameters
    ----------
    folder
        Made where it is missing; otherwise empty or an earlier demo.
    firms, seed, first_year, last_year
        See :class:`clusterstudy.demo.settings.Settings`.
    dirt
        Whether to add errors (:mod:`clusterstudy.demo.dirt`), each entered in ``truth/dirt.csv``.
    format
        Of the tables; what is in ``truth/`` has its own (:mod:`clusterstudy.demo.truth`).

    Raises
    ------
    UserError
        If the folder holds something else, or a value is out of range.
    """
    settings = Settings(firms, seed, first_year, last_year)
    return _write(folder, settings, dirt=dirt, format=format, replace=True)


def ensure(folder: Path) -> Path:
    """Return ``folder`` with the default demo in it, made where it is missing or out of date.

    Two processes may call it at once: the demo of the one that ends first stays.
    """
    return _write(folder, Settings(), dirt=False, format="parquet", replace=False)


def _write(folder: Path, settings: Settings, *, dirt: bool, format: Format, replace: bool) -> Path:
    """Make the demo and put it in its place, or keep an equal one there unless ``replace``."""
    folder = Path(folder).resolve()
    stamp = {"generator": _version(), **asdict(settings), "dirt": dirt, "format": format}
    if not replace and _stamp(folder) == stamp:
        return folder
    _refuse_foreign(folder)
    from clusterstudy.demo import world  # what is there already needs none of it

    draft = folder.with_name(f"{folder.name}.draft-{os.getpid()}")
    try:
        _fill(draft, world.make(settings, dirt=dirt), format)
        (draft / STAMP).write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")
        if replace or _stamp(folder) != stamp:
            _put(draft, folder, stamp)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _version() -> str:
    """Return a hash of what every demo follows from."""
    here = Path(__file__).parent
    own = [*sorted(here.glob("*.py")), *sorted(here.glob("*.csv"))]
    contract = [Path(cvr.__file__), Path(tables.__file__), DATA / "impact_model.csv"]
    hashed = hashlib.sha256()
    for path in own + contract:
        hashed.update(path.read_bytes())
    return hashed.hexdigest()[:12]


def _stamp(folder: Path) -> dict[str, Any] | None:
    """Return what the demo in ``folder`` was made from, None where there is none."""
    try:
        return dict(json.loads((folder / STAMP).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _refuse_foreign(folder: Path) -> None:
    if folder.exists() and not (folder / STAMP).is_file():
        if folder.is_dir() and not any(folder.iterdir()):
            return
        raise UserError(
            "expected no folder, an empty one or an earlier demo, and found something else",
            where=str(folder),
            mend="Name another folder, so that nothing is overwritten",
        )


def _fill(folder: Path, demo: Demo, format: Format) -> None:
    """Write the tables and the truth into a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / FOLDER).mkdir(parents=True)
    for name, frame in demo.tables.items():
        _save(_storable(frame, tables.TABLES[name]), folder / f"{name}.{format}")
    for name, frame in demo.truth.items():
        _save(frame, folder / FOLDER / FILES[name].file)
    (folder / FOLDER / README).write_text(readme(), encoding="utf-8")


def _storable(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the frame with whole numbers stored as such also where some are missing."""
    whole = [c.name for c in table.columns if c.kind in ("integer", "year")]
    return frame.astype({name: "Int64" for name in whole if frame[name].hasnans})


def _save(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False, date_format="%Y-%m-%d", lineterminator="\n")


def _put(draft: Path, folder: Path, stamp: dict[str, Any]) -> None:
    """Move the draft to its place; where an equal demo has just appeared there, that one stays."""
    old = folder.with_name(f"{folder.name}.old-{os.getpid()}")
    with suppress(FileNotFoundError):
        folder.rename(old)
    try:
        draft.rename(folder)
    except OSError:
        if old.exists() and not folder.exists():
            old.rename(folder)
        if _stamp(folder) != stamp:
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
