"""Where the project's folders are.

clusterstudy is a workbench, not only a library: it is installed editable and works on the folders
beside ``src/``. CLUSTERSTUDY_ROOT names another root, for instance a copy of the project.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(os.environ.get("CLUSTERSTUDY_ROOT") or Path(__file__).resolve().parents[2])
NOTEBOOKS = ROOT / "notebooks"
PARAMS = ROOT / "params"
DATA = ROOT / "data"
EXPECTATIONS = ROOT / "expectations"
REPORTS = ROOT / "reports"
CACHE = ROOT / ".cache"  # what can be computed again
