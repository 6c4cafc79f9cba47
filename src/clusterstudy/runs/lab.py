"""JupyterLab on the project's notebooks, without a request to any other machine."""

from __future__ import annotations

import subprocess
import sys

from clusterstudy.paths import NOTEBOOKS
from clusterstudy.runs.kernels import installed

OFFLINE = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    "--ServerApp.use_redirect_file=False",  # sandboxed browsers cannot read the file
)


def open_lab() -> int:
    """Run JupyterLab until it is stopped and return its exit status."""
    command = [sys.executable, "-m", "jupyterlab", *OFFLINE, "--notebook-dir", str(NOTEBOOKS)]
    with installed(workers=1):
        return subprocess.run(command).returncode
