"""Keep panels and firms' characteristics (:mod:`clusterstudy.kept`): made once for many runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clusterstudy import kept
from clusterstudy.contract.read import Dataset
from clusterstudy.panel.build import Panel, build
from clusterstudy.panel.characteristics import characteristics

KEPT = 20  # panels of a data folder
KEPT_YEARS = 8  # tables of characteristics of a data folder
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
    place = entry(data, measures, choices)
    return kept.kept(place, lambda: build(data, measures, **choices), _read, _write, most=KEPT)


def entry(data: Dataset, measures: Sequence[str], choices: dict[str, Any]) -> Path:
    """Return the folder in which a panel is kept."""
    return kept.entry(data, "panels", [list(measures), choices], CODE)


def firms(data: Dataset, year: int) -> pd.DataFrame:
    """Return what :func:`clusterstudy.panel.characteristics.characteristics` finds of a year."""
    place = kept.entry(data, "characteristics", year, CODE)
    return kept.frame(place, lambda: characteristics(data, year), most=KEPT_YEARS)


def _read(place: Path) -> Panel:
    rest = json.loads((place / "panel.json").read_text(encoding="utf-8"))
    frames = {name: pd.read_parquet(place / f"{name}.parquet") for name in FRAMES}
    return Panel(
        **frames,
        years=np.array(rest["years"]),
        outcomes={
            name: np.load(place / f"{at}.npy", mmap_mode="r")
            for at, name in enumerate(rest["measures"])
        },
        covariates=tuple(rest["covariates"]),
        linked=rest["linked"],
    )


def _write(place: Path, built: Panel) -> None:
    for name in FRAMES:
        getattr(built, name).to_parquet(place / f"{name}.parquet")
    for at, values in enumerate(built.outcomes.values()):
        np.save(place / f"{at}.npy", values)
    rest = {
        "years": built.years.tolist(),
        "measures": list(built.outcomes),
        "covariates": built.covariates,
        "linked": built.linked,
    }
    (place / "panel.json").write_text(json.dumps(rest), encoding="utf-8")
