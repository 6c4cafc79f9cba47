"""Reports as PDF: ``report.pdf`` beside ``report.html``, named in the manifest like any output."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from clusterstudy.paths import MANIFEST, REPORT
from clusterstudy.report import pdf
from clusterstudy.runs import folders, manifest
from clusterstudy.runs.lock import locked
from clusterstudy.runs.make import Outcome


def print_reports(outcomes: Iterable[Outcome], reports: Path, program: Path) -> int:
    """Print every report that was made and has no PDF yet; return how many were printed.

    Parameters
    ----------
    outcomes
        Of a batch; failed runs have no report to print.
    reports
        Folder of the reports.
    program
        The browser (:func:`clusterstudy.report.pdf.browser`).

    Raises
    ------
    UserError
        If another batch is writing to ``reports``, or the browser cannot print.
    """
    printed = 0
    with locked(reports):
        for outcome in outcomes:
            target = outcome.folder / folders.PDF
            if outcome.failure or target.is_file():
                continue
            pdf.write(outcome.folder / REPORT, target, program)
            path = outcome.folder / MANIFEST
            about = manifest.read(path) | {"outputs": manifest.outputs(outcome.folder)}
            folders.write_whole(path, manifest.text(about))
            printed += 1
    return printed
