"""Measure the gate and a report on a national register: seconds, memory, and the slowest cells.

Run by ``make bench-register``; docs/PERFORMANCE.md says what the figures mean. The register is the
demo's, and beside it copies of its firms that never met a cluster, under numbers of their own,
until there are as many as asked for. Memory is the peak of what a command and all that it starts
hold together, shared pages once (Linux only).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from clusterstudy.contract import cvr
from clusterstudy.demo import generate
from clusterstudy.demo.settings import SERIALS

ORIGINAL = 20_000  # firms of the demo
COPIED = ("firms", "firm_years")
NOTEBOOK = "20_impact_did"
SLOWEST = 5  # cells that are named
PAUSE = 0.5  # seconds between two looks at memory
FOLDER = Path("reports/bench")
CLI = [sys.executable, "-c", "from clusterstudy.cli import main; main()"]


def register(folder: Path, firms: int, first_year: int, last_year: int) -> int:
    """Write a demo and copies of its firms into ``folder``; return the rows of firms by year."""
    generate(folder, firms=min(firms, ORIGINAL), first_year=first_year, last_year=last_year)
    numbers = pd.Index(pd.read_parquet(folder / "firms.parquet", columns=["cvr"])["cvr"])
    every = pd.Index(cvr.from_serial(np.arange(SERIALS)))
    free = every.difference(numbers, sort=False)[: firms - len(numbers)]
    for name in COPIED:
        path = folder / f"{name}.parquet"
        table = pd.read_parquet(path)
        lone = {"group_id": pd.Series(pd.NA, table.index, "str")} if "group_id" in table else {}
        schema = pa.Schema.from_pandas(table, preserve_index=False)
        with pq.ParquetWriter(path.with_suffix(".draft"), schema) as file:
            file.write_table(pa.Table.from_pandas(table, schema))
            for at in range(0, len(free), len(numbers)):
                renamed = pd.Series(free[at : at + len(numbers)], numbers[: len(free) - at])
                copy = table.assign(cvr=table["cvr"].map(renamed), **lone).dropna(subset="cvr")
                file.write_table(pa.Table.from_pandas(copy, schema, preserve_index=False))
        path.with_suffix(".draft").replace(path)
    return int(pq.ParquetFile(folder / "firm_years.parquet").metadata.num_rows)


def watched(*command: str) -> dict[str, float]:
    """Run a command and return its seconds and the peak of its memory in GiB."""
    start, peak = time.perf_counter(), 0
    with psutil.Popen([*CLI, *command], stdout=sys.stderr) as process:
        while process.poll() is None:
            peak = max(peak, held(process))
            time.sleep(PAUSE)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return {"seconds": time.perf_counter() - start, "memory": peak / 2**30}


def held(process: psutil.Process) -> int:
    """Return the bytes that a process and all it started hold now."""
    total = 0
    try:
        for each in (process, *process.children(recursive=True)):
            total += each.memory_full_info().pss
    except psutil.NoSuchProcess:
        pass
    return total


def slowest(reports: Path) -> list[tuple[float, str]]:
    """Return seconds and calls of the report's slowest cells."""
    made = nbformat.read(next(reports.glob("*/*/notebook.ipynb")), as_version=4)
    cells = [cell for cell in made.cells if cell.cell_type == "code"]
    timed = [(cell.metadata.papermill.duration or 0.0, calls(cell.source)) for cell in cells]
    return sorted(timed, reverse=True)[:SLOWEST]


def calls(cell: str) -> str:
    """Return what of the package a cell calls, in the order of its text."""
    return ", ".join(dict.fromkeys(re.findall(r"\b(?!show|page|nb|np)[a-z]+\.[a-z_]+(?=\()", cell)))


def main() -> None:
    """Write a register, measure, print and write the figures to reports/bench."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--firms", type=int, default=500_000)
    parser.add_argument("--years", type=int, nargs=2, default=[2018, 2029])
    parser.add_argument("--cluster", default="programme")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clusterstudy-register-") as scratch:
        data, reports, study = (Path(scratch, name) for name in ("data", "reports", "big.yml"))
        rows = register(data, options.firms, *options.years)
        chosen = {"first_year": options.years[0], "cluster": options.cluster}
        text = {
            "title": "Register",
            "data": str(data),
            "as_of": f"{options.years[1] + 1}-12-31",
            "runs": [{"notebook": NOTEBOOK, "set": chosen}],
        }
        study.write_text(yaml.safe_dump(text), encoding="utf-8")
        found: dict[str, dict[str, float]] = {}
        print(f"{options.firms:,} firms, {options.years[0]} to {options.years[1]}, {rows:,} rows")
        for name, command in (
            ("gate", ("check", str(data))),
            ("gate, panel and report", ("run", str(study), "--reports", str(reports))),
            ("the report again", ("run", str(study), "--reports", str(reports), "--force")),
        ):
            found[name] = watched(*command)
            figures = found[name]
            print(f"{name:24}{figures['seconds']:8.1f} s{figures['memory']:8.2f} GiB", flush=True)
        cells = slowest(reports)
        for seconds, called in cells:
            print(f"  {seconds:8.1f} s  {called}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    written = {"firms": options.firms, "rows": rows, "steps": found, "cells": cells}
    (FOLDER / "register.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    print(f"Written: {FOLDER}/register.json")


if __name__ == "__main__":
    main()
