"""Where a run's files lie, and how a report appears whole or not at all.

``reports/<study>/<run>/`` holds a finished report. A run works in ``.staging/`` beside it. When it
is done, two renames put it in place: the earlier report goes to ``.old/``, the new one takes its
name. Between them there is none by that name; what a batch stopped there leaves, the next one puts
right. A run that failed leaves its partly executed notebook in ``.failed/<run>/`` and the earlier
report as it was.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from clusterstudy.paths import MANIFEST

STAGING, FAILED, OLD = ".staging", ".failed", ".old"
NOTEBOOK = "notebook.ipynb"
PDF = "report.pdf"
RECORD = "record.json"  # of a release, two folders above its reports


def report(reports: Path, study: str, run: str) -> Path:
    """Return the folder of a run's report."""
    return reports / study / run


def stage(reports: Path, study: str, run: str) -> Path:
    """Return a new empty folder for a run to work in."""
    folder = reports / study / STAGING / run
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def publish(staged: Path) -> Path:
    """Put a staged folder in the place of the run's report and return where that is."""
    study, run = staged.parent.parent, staged.name
    target, old = study / run, study / OLD / run
    shutil.rmtree(old, ignore_errors=True)
    old.parent.mkdir(exist_ok=True)
    if target.exists():
        target.rename(old)
    try:
        staged.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
    drop_failure(target)
    return target


def set_aside(staged: Path) -> Path:
    """Keep what a failed run left, and return where; the run's earlier report stays."""
    target = staged.parent.parent / FAILED / staged.name
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(exist_ok=True)
    return staged.rename(target)


def drop_failure(report: Path) -> None:
    """Remove what a failed run left whose report is now good."""
    shutil.rmtree(report.parent / FAILED / report.name, ignore_errors=True)


def recover(reports: Path) -> None:
    """Undo what a batch left that was stopped in the middle. Needs the folder's lock."""
    for old in reports.glob(f"*/{OLD}/*"):
        target = old.parent.parent / old.name
        if target.exists():
            shutil.rmtree(old)
        else:
            old.rename(target)
    for left in (*reports.glob(f"*/{OLD}"), *reports.glob(f"*/{STAGING}")):
        shutil.rmtree(left)


def manifests(reports: Path) -> list[Path]:
    """Return the manifests of all reports and failed runs, in a stable order."""
    return sorted((*reports.glob(f"*/*/{MANIFEST}"), *reports.glob(f"*/{FAILED}/*/{MANIFEST}")))


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that readers see the old one or the new one."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8", newline="\n")
    draft.replace(path)
