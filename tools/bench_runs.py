"""Measure a batch of the demo against a loop of papermill and jupyter nbconvert, in one run.

Run by ``make bench``; docs/PERFORMANCE.md says what the figures mean. The same notebooks with the
same parameters: one run of each notebook, or with ``--all`` every run of the study. The loop is the
two commands one after the other, as their manuals have it. The batch is made twice: first with
nothing kept of earlier runs, then, like the loop, with what runs of a study share kept beside the
data. The floor is the time that the cells themselves took in the second, spread evenly over the
workers.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import yaml

from clusterstudy import kept
from clusterstudy.paths import NOTEBOOKS
from clusterstudy.runs.batch import prepare
from clusterstudy.runs.plan import Run
from clusterstudy.sources import open_dataset

FOLDER = Path("reports/bench")
CLI = [sys.executable, "-c", "from clusterstudy.cli import main; main()", "run"]


def chosen(study: str, reports: Path, *, every: bool) -> list[Run]:
    """Return the study's runs, or the first one of each notebook; the gate's verdict is kept."""
    runs = prepare([study], reports).runs
    first = {run.notebook: run for run in reversed(runs)}
    return list(runs) if every else [run for run in runs if first[run.notebook] is run]


def quietly(*command: str, cwd: Path | None = None) -> None:
    """Run a command whose output nobody needs."""
    nowhere = subprocess.DEVNULL
    subprocess.run(command, check=True, cwd=cwd, stdout=nowhere, stderr=nowhere)


def loop(runs: list[Run], folder: Path) -> float:
    """Return the seconds of papermill and jupyter nbconvert, run after run."""
    start = time.perf_counter()
    for number, run in enumerate(runs):
        place = folder / str(number)
        place.mkdir()
        parameters = run.parameters.model_dump() | {"output": str(place)}
        (place / "parameters.yml").write_text(yaml.safe_dump(parameters), encoding="utf-8")
        source, made = NOTEBOOKS / f"{run.notebook}.ipynb", place / "made.ipynb"
        execute = ["papermill", str(source), str(made), "-f", str(place / "parameters.yml")]
        render = ["nbconvert", "--to", "html", "--embed-images", str(made)]
        quietly(sys.executable, "-m", *execute, cwd=NOTEBOOKS)
        quietly(sys.executable, "-m", "jupyter", *render)
    return time.perf_counter() - start


def batch(runs: list[Run], study: Path, reports: Path, workers: int) -> float:
    """Return the seconds of one command that makes all reports."""
    start = time.perf_counter()
    quietly(*CLI, str(study), "--reports", str(reports), "--workers", str(workers), "--force")
    return time.perf_counter() - start


def again(study: Path, reports: Path) -> float:
    """Return the seconds of the same command when nothing has changed."""
    start = time.perf_counter()
    quietly(*CLI, str(study), "--reports", str(reports))
    return time.perf_counter() - start


def help_page() -> float:
    """Return the seconds of the command line's own start."""
    start = time.perf_counter()
    quietly(*CLI, "--help")
    return time.perf_counter() - start


def cells(reports: Path) -> float:
    """Return the seconds that all cells of the reports' notebooks took."""
    made = [nbformat.read(path, as_version=4) for path in reports.glob("*/*/notebook.ipynb")]
    of_cells = [cell.metadata.papermill.duration or 0 for node in made for cell in node.cells]
    return float(sum(of_cells))


def one_study(runs: list[Run], folder: Path) -> Path:
    """Write a study of just these runs and return its file."""
    left_out = {"data", "study", "output"}
    specs = [
        {
            "notebook": run.notebook,
            "set": run.parameters.model_dump(exclude=left_out),
            "label": f"n{number}",
        }
        for number, run in enumerate(runs)
    ]
    study = folder / "bench.yml"
    title = {"title": "Bench", "data": runs[0].parameters.data, "runs": specs}
    study.write_text(yaml.safe_dump(title), encoding="utf-8")
    return study


def main() -> None:
    """Measure, print the ratios and write them to reports/bench."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--study", default="demo")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--all", action="store_true", help="every run of the study")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clusterstudy-bench-") as scratch:
        folder = Path(scratch)
        reports = folder / "reports"
        runs = chosen(options.study, reports, every=options.all)
        study = one_study(runs, folder)
        data = open_dataset(runs[0].parameters.data)
        shutil.rmtree(data.folder / kept.FOLDER, ignore_errors=True)
        found = {
            "runs": len(runs),
            "workers": options.workers,
            "first": batch(runs, study, reports, options.workers),
            "loop": loop(runs, folder),
            "batch": batch(runs, study, reports, options.workers),
            "unchanged": again(study, reports),
            "start": help_page(),
            "cells": cells(reports),
        }
    floor = found["cells"] / options.workers
    found |= {
        "loop_to_batch": found["loop"] / found["batch"],
        "loop_to_first": found["loop"] / found["first"],
        "batch_to_floor": found["batch"] / floor,
    }
    print(f"{len(runs)} runs, {options.workers} workers")
    print(f"loop of papermill and jupyter nbconvert {found['loop']:8.1f} s")
    print(f"clusterstudy run                        {found['batch']:8.1f} s")
    print(f"clusterstudy run, nothing kept          {found['first']:8.1f} s")
    print(f"the same again, unchanged               {found['unchanged']:8.1f} s")
    print(f"the command line's own start            {found['start']:8.1f} s")
    print(f"floor: cells' own time over the workers {floor:8.1f} s")
    print(
        f"loop ÷ batch {found['loop_to_batch']:.1f}, "
        f"with nothing kept {found['loop_to_first']:.1f}; "
        f"batch ÷ floor {found['batch_to_floor']:.2f}"
    )
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "runs.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"Written: {FOLDER}/runs.json")


if __name__ == "__main__":
    main()
