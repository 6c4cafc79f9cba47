"""Make one run's report: execute, render, describe, publish."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusterstudy.paths import REPORT
from clusterstudy.runs import folders, manifest
from clusterstudy.runs.execute import Failure, execute
from clusterstudy.runs.plan import Run

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True)
class Built:
    """How the making of a report ended, and the seconds it took."""

    seconds: float
    failure: Failure | None = None


@dataclass(frozen=True)
class Outcome:
    """How a run ended, where its files lie, and the seconds it took; unchanged took none.

    ``lost`` names the workers that were lost while they made it.
    """

    run: Run
    folder: Path
    seconds: float
    failure: Failure | None = None
    unchanged: bool = False
    lost: tuple[str, ...] = ()


def make(
    run: Run,
    identity: Mapping[str, Any],
    reports: Path,
    notebooks: Path,
    turn: AbstractContextManager[Any],
) -> Outcome:
    """Make the report of ``run`` here and put it in its place, whole; set a failed one aside.

    Parameters
    ----------
    identity
        What the report follows from, for its manifest.
    reports, notebooks
        Folders of reports and of notebook sources.
    turn
        Held while cells are executed.
    """
    staged = folders.stage(reports, run.study, run.id)
    return settle(run, staged, build(notebooks / f"{run.notebook}.ipynb", identity, staged, turn))


def build(
    notebook: Path,
    identity: Mapping[str, Any],
    staged: Path,
    turn: AbstractContextManager[Any],
) -> Built:
    """Fill ``staged`` with all files of a report, as far as its notebook could be executed.

    The cells are executed while ``turn`` is held.
    """
    started = datetime.now(UTC)
    node, failure = execute(notebook, identity["parameters"], staged, turn)
    return _describe(node, failure, identity, staged, started)


def unmade(notebook: Path, identity: Mapping[str, Any], staged: Path, error: str) -> Built:
    """Fill ``staged`` with what is to be said of a run that no machine executed."""
    import nbformat

    node = nbformat.read(notebook, as_version=4)
    nbformat.write(node, staged / folders.NOTEBOOK)
    return _describe(node, Failure(0, "", error), identity, staged, datetime.now(UTC))


def settle(run: Run, staged: Path, built: Built, lost: tuple[str, ...] = ()) -> Outcome:
    """Put what was built in its place: a whole report is published, a failed one set aside."""
    folder = folders.set_aside(staged) if built.failure else folders.publish(staged)
    return Outcome(run, folder, built.seconds, built.failure, lost=lost)


def _describe(
    node: NotebookNode,
    failure: Failure | None,
    identity: Mapping[str, Any],
    staged: Path,
    started: datetime,
) -> Built:
    """Write the manifest, and the page of a run that did not fail."""
    from clusterstudy.report import html

    times = manifest.times(started, datetime.now(UTC))
    about = {
        **identity,
        "heading": html.title_of(node, identity["parameters"]["lang"]),
        "status": "failed" if failure else "ok",
        "failure": asdict(failure) if failure else None,
        **times,
    }
    if not failure:
        page = html.render(node, about)
        (staged / REPORT).write_text(page, encoding="utf-8", newline="\n")
    manifest.write(staged, {**about, "outputs": manifest.outputs(staged)})
    return Built(times["seconds"], failure)
