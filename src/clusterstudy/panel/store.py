"""Keep panels, so that one is built once and not once per run.

A panel is kept beside the data it was made from, in ``.clusterstudy/panels/<key>/`` of the data
folder, which it must not leave: it holds rows of firms. The key is a hash of all that it depends
on: data, date, choices and code. An entry appears whole or not at all, so that runs may build side
by side. Where the folder cannot be written in, panels are built anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.panel.build import Panel, build

FOLDER = ".clusterstudy"
KEPT = 20  # panels of a data folder; the oldest goes first
FRAMES = ("firms", "entered", "flow", "mixed")
CODE = (Path(__file__).parent, Path(__file__).parents[1] / "contract")


def panel(data: Dataset, measures: Sequence[str], **choices: Any) -> Panel:
    """Return the panel that :func:`clusterstudy.panel.build.build` makes, made before or now.

    Outcomes of a kept panel are mapped from their files, read-only: runs share them in memory.

    Parameters
    ----------
    choices
        As :func:`~clusterstudy.panel.build.build` takes them; they must be what JSON can hold.
    """
    panels = data.folder / FOLDER / "panels"
    entry = panels / key(data, measures, choices)
    with suppress(OSError, ValueError, KeyError):
        return _read(entry)
    built = build(data, measures, **choices)
    with suppress(OSError):
        _write(entry, built)
        _forget(panels)
    return built


def key(data: Dataset, measures: Sequence[str], choices: dict[str, Any]) -> str:
    """Return the hash of all that a panel depends on."""
    chosen = [str(data.as_of), list(measures), choices, data.fingerprint(), pd.__version__]
    hashed = hashlib.sha256(json.dumps(chosen, sort_keys=True).encode())
    for folder in CODE:
        for path in sorted(folder.glob("*.py")):
            hashed.update(path.read_bytes())
    return hashed.hexdigest()[:24]


def _read(entry: Path) -> Panel:
    rest = json.loads((entry / "panel.json").read_text(encoding="utf-8"))
    frames = {name: pd.read_parquet(entry / f"{name}.parquet") for name in FRAMES}
    return Panel(
        **frames,
        years=np.array(rest["years"]),
        outcomes={
            name: np.load(entry / f"{place}.npy", mmap_mode="r")
            for place, name in enumerate(rest["measures"])
        },
        covariates=tuple(rest["covariates"]),
        linked=rest["linked"],
    )


def _write(entry: Path, built: Panel) -> None:
    entry.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(mkdtemp(prefix=".draft-", dir=entry.parent))
    (entry.parents[1] / ".gitignore").write_text("*\n", encoding="utf-8")
    try:
        for name in FRAMES:
            getattr(built, name).to_parquet(draft / f"{name}.parquet")
        for place, values in enumerate(built.outcomes.values()):
            np.save(draft / f"{place}.npy", values)
        rest = {
            "years": built.years.tolist(),
            "measures": list(built.outcomes),
            "covariates": built.covariates,
            "linked": built.linked,
        }
        (draft / "panel.json").write_text(json.dumps(rest), encoding="utf-8")
        with suppress(OSError):  # another run was first
            draft.rename(entry)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _forget(panels: Path) -> None:
    """Remove the oldest panels beyond :data:`KEPT`."""
    by_age = sorted(
        (path for path in panels.iterdir() if "." not in path.name),
        key=lambda path: path.stat().st_mtime,
    )
    for path in by_age[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
