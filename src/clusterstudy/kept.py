"""Keep what several runs would make alike, so that it is made once.

It is kept beside the data it was made from, in ``.clusterstudy/<kind>/<key>/`` of the data folder,
which it must not leave: it may hold rows of firms. The key is a hash of all that it depends on:
data, date, choices and code. An entry appears whole or not at all, so that runs may make it side
by side. Where the folder cannot be written in, it is made anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset

FOLDER = ".clusterstudy"

Made = TypeVar("Made")


def kept(
    entry: Path,
    make: Callable[[], Made],
    read: Callable[[Path], Made],
    write: Callable[[Path, Made], None],
    *,
    most: int,
) -> Made:
    """Return what lies in ``entry``, or make it and put it there.

    Parameters
    ----------
    entry
        As :func:`entry` returns it.
    read, write
        From, and into, a folder.
    most
        Entries of a kind that are kept; the oldest goes first.
    """
    with suppress(OSError, ValueError, KeyError):
        return read(entry)
    made = make()
    with suppress(OSError):
        for folder in (entry.parents[1], entry.parent):
            folder.mkdir(exist_ok=True)
        draft = Path(mkdtemp(prefix=".draft-", dir=entry.parent))
        (entry.parents[1] / ".gitignore").write_text("*\n", encoding="utf-8")
        try:
            write(draft, made)
            with suppress(OSError):  # another run was first
                draft.rename(entry)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        _forget(entry.parent, most)
    return made


def frame(entry: Path, make: Callable[[], pd.DataFrame], *, most: int) -> pd.DataFrame:
    """Return a table that lies in ``entry``, or make it and put it there, as :func:`kept` does."""

    def read(place: Path) -> pd.DataFrame:
        return pd.read_parquet(place / "frame.parquet")

    def write(place: Path, made: pd.DataFrame) -> None:
        made.to_parquet(place / "frame.parquet")

    return kept(entry, make, read, write, most=most)


def entry(data: Dataset, kind: str, chosen: object, code: Iterable[Path]) -> Path:
    """Return the folder in which what is made of ``data`` is kept.

    Parameters
    ----------
    chosen
        What it depends on beside the data, their date and the code; it must be what JSON can hold.
    code
        Folders of the modules that make it.
    """
    versions = [pd.__version__, np.__version__]
    depends = [str(data.as_of), chosen, data.fingerprint(), versions]
    hashed = hashlib.sha256(json.dumps(depends, sort_keys=True).encode())
    for folder in code:
        for path in sorted(folder.glob("*.py")):
            hashed.update(path.read_bytes())
    return data.folder / FOLDER / kind / hashed.hexdigest()[:24]


def _forget(entries: Path, most: int) -> None:
    """Remove the oldest entries beyond the ``most`` that are kept."""
    by_age = sorted(
        (path for path in entries.iterdir() if "." not in path.name),
        key=lambda path: path.stat().st_mtime,
    )
    for path in by_age[:-most]:
        shutil.rmtree(path, ignore_errors=True)
