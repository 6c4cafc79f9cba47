"""Make one run's report: execute, render, describe, publish."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clusterstudy.runs import folders, manifest
from clusterstudy.runs.execute import Failure, execute
from clusterstudy.runs.plan import Run

RENDERING = threading.Lock()  # the report's language is one for the process


@dataclass(frozen=True)
class Outcome:
    """How a run ended, where its files lie, and the seconds it took."""

    run: Run
    folder: Path
    seconds: float
    failure: Failure | None = None


def make(run: Run, facts: Mapping[str, Any], reports: Path, notebooks: Path) -> Outcome:
    """Make the report of ``run`` and put it in its place, whole; set a failed one aside.

    Parameters
    ----------
    facts
        What the manifest says beside the run itself: data, gate and environment.
    reports, notebooks
        Folders of reports and of notebook sources.
    """
    started = datetime.now(UTC)
    notebook = notebooks / f"{run.notebook}.ipynb"
    parameters = run.parameters.model_dump()
    staged = folders.stage(reports, run.study, run.id)
    node, failure = execute(notebook, parameters, staged)
    times = manifest.times(started, datetime.now(UTC))
    about = {
        "study": run.study,
        "run": run.id,
        "title": run.title,
        "notebook": run.notebook,
        "meeting": run.meeting.model_dump() if run.meeting else None,
        "parameters": {key: value for key, value in parameters.items() if key != "output"},
        "status": "failed" if failure else "ok",
        "failure": asdict(failure) if failure else None,
        **facts,
        "notebook_sha256": manifest.sha256_of([notebook]),
        **times,
    }
    if not failure:
        _render(node, about, staged)
    manifest.write(staged, {**about, "outputs": manifest.outputs(staged)})
    folder = folders.set_aside(staged) if failure else folders.publish(staged)
    return Outcome(run, folder, times["seconds"], failure)


def _render(node: Any, about: Mapping[str, Any], staged: Path) -> None:
    from clusterstudy.report import html

    with RENDERING:
        page = html.render(node, lang=about["parameters"]["lang"], title=about["title"], footer="")
    folders.write_whole(staged / folders.REPORT, page)
