"""Make one run's report: execute, render, describe, publish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clusterstudy.runs import folders, manifest
from clusterstudy.runs.execute import Failure, execute
from clusterstudy.runs.plan import Run


@dataclass(frozen=True)
class Outcome:
    """How a run ended, where its files lie, and the seconds it took; unchanged took none."""

    run: Run
    folder: Path
    seconds: float
    failure: Failure | None = None
    unchanged: bool = False


def make(run: Run, identity: Mapping[str, Any], reports: Path, notebooks: Path) -> Outcome:
    """Make the report of ``run`` and put it in its place, whole; set a failed one aside.

    Parameters
    ----------
    identity
        What the report follows from, for its manifest.
    reports, notebooks
        Folders of reports and of notebook sources.
    """
    from clusterstudy.report import html

    started = datetime.now(UTC)
    notebook = notebooks / f"{run.notebook}.ipynb"
    staged = folders.stage(reports, run.study, run.id)
    node, failure = execute(notebook, identity["parameters"], staged)
    times = manifest.times(started, datetime.now(UTC))
    about = {
        **identity,
        "heading": html.title_of(node, run.parameters.lang),
        "status": "failed" if failure else "ok",
        "failure": asdict(failure) if failure else None,
        **times,
    }
    if not failure:
        page = html.render(node, about)
        (staged / folders.REPORT).write_text(page, encoding="utf-8", newline="\n")
    manifest.write(staged, {**about, "outputs": manifest.outputs(staged)})
    folder = folders.set_aside(staged) if failure else folders.publish(staged)
    return Outcome(run, folder, times["seconds"], failure)
