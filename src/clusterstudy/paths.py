"""Where the project's folders are.

clusterstudy is a workbench, not only a library: it is installed editable and works on the folders
beside ``src/``. CLUSTERSTUDY_ROOT names another root, for instance a copy of the project.
"""

from __future__ import annotations

import os
from pathlib import Path

from clusterstudy.errors import UserError

ROOT = Path(os.environ.get("CLUSTERSTUDY_ROOT") or Path(__file__).resolve().parents[2])
NOTEBOOKS = ROOT / "notebooks"
PARAMS = ROOT / "params"
DATA = ROOT / "data"
EXPECTATIONS = ROOT / "expectations"
REPORTS = ROOT / "reports"
CACHE = ROOT / ".cache"  # what can be computed again
MANIFEST, REPORT = "manifest.json", "report.html"  # of a finished report


def finished(name: str, reports: Path = REPORTS) -> Path:
    """Return the folder of a report: ``STUDY/RUN`` below ``reports``, or a path to it.

    Raises
    ------
    UserError
        If there is no finished report.
    """
    for folder in (reports / name, Path(name), ROOT / name):
        if (folder / MANIFEST).is_file() and (folder / REPORT).is_file():
            return folder
    raise UserError(
        "expected a finished report and found none",
        where=name,
        mend="Name it STUDY/RUN, as the index does, or by its folder",
    )
