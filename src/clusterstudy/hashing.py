"""SHA-256 of files, remembered while a file stays as it was.

A register of many gigabytes is read for its hash once, not in every batch. What is remembered is
trusted only for the same size, times and inode, and only if the file was already at rest when it
was read: one changed within the clock's last ticks could change again without a trace. Where
nothing can be remembered, every file is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from clusterstudy.paths import CACHE

KEPT = CACHE / "hashes.json"
AT_REST = 2.0  # seconds without a change, the coarsest clock of a file system


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remembered(paths: Iterable[Path], kept: Path = KEPT) -> list[str]:
    """Return the SHA-256 of each file, reading those that may have changed.

    Parameters
    ----------
    kept
        The file in which hashes are remembered.
    """
    known = _known(kept)
    found = dict(known)
    hashes = []
    for path in paths:
        name, stamp = str(path.resolve()), _stamp(path)
        if known.get(name, {}).get("stamp") != stamp:
            found[name] = {"stamp": stamp, "sha256": sha256_of(path)}
        hashes.append(found[name]["sha256"])
        if time.time() - path.stat().st_mtime < AT_REST or _stamp(path) != stamp:
            del found[name]
    if found != known:
        with suppress(OSError):
            _keep(found, kept)
    return hashes


def _stamp(path: Path) -> list[int]:
    at = path.stat()
    return [at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino]


def _known(kept: Path) -> dict[str, dict[str, Any]]:
    with suppress(OSError, ValueError):
        known = json.loads(kept.read_text(encoding="utf-8"))
        if isinstance(known, dict):
            return known
    return {}


def _keep(found: dict[str, dict[str, Any]], kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = kept.with_suffix(f".draft-{os.getpid()}")
    draft.write_text(json.dumps(found), encoding="utf-8")
    draft.replace(kept)
