"""A report as PDF, printed by a browser that is installed: Chromium, Chrome or Edge.

Nothing is installed or loaded for it. The page's own style sheet says how it prints on A4.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from clusterstudy.errors import UserError

VARIABLE = "CLUSTERSTUDY_BROWSER"
NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("microsoft-edge", "msedge"),
)
APPLICATIONS = (  # where installers put browsers that are not on the PATH
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
WINDOWS_FOLDERS = ("PROGRAMFILES(X86)", "PROGRAMFILES", "LOCALAPPDATA")
ON_WINDOWS = ("Microsoft/Edge/Application/msedge.exe", "Google/Chrome/Application/chrome.exe")
SECONDS = 180


def browser(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the browser that prints: the one named by CLUSTERSTUDY_BROWSER, or one installed.

    Looked for on the PATH, then where installers put them on macOS and, by the variables that name
    its program folders, on Windows, whose own Edge will do.

    Raises
    ------
    UserError
        If the one named is not there, or none is found.
    """
    if named := environ.get(VARIABLE):
        found = shutil.which(named)
        if not found:
            raise UserError(f"there is no browser {named}", where=VARIABLE, mend="Name its program")
        return Path(found)
    path = environ.get("PATH")
    on_path = [Path(found) for name in NAMES if (found := shutil.which(name, path=path))]
    folders = [Path(environ[name]) for name in WINDOWS_FOLDERS if environ.get(name)]
    placed = [*map(Path, APPLICATIONS), *(root / file for root in folders for file in ON_WINDOWS)]
    for program in (*on_path, *placed):
        if program.is_file():
            return program
    raise UserError(
        "no browser that could print was found",
        where="--pdf",
        mend=f"Install Chromium, Chrome or Edge, or name its program in {VARIABLE}",
    )


def write(page: Path, target: Path, program: Path) -> Path:
    """Print an HTML page as PDF and return ``target``.

    Parameters
    ----------
    page
        The page's file.
    target
        The PDF's file.
    program
        From :func:`browser`.

    Raises
    ------
    UserError
        If the browser cannot print it.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            str(program),
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--no-pdf-header-footer",
            "--generate-pdf-document-outline",
            f"--user-data-dir={profile}",  # beside a browser that is open
            f"--print-to-pdf={target.resolve()}",
            page.resolve().as_uri(),
        ]
        if _is_root():
            command.insert(1, "--no-sandbox")  # Chromium refuses root otherwise; no script runs
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
            said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        except (OSError, subprocess.TimeoutExpired) as error:
            said = [str(error)]
    if not target.is_file():
        raise UserError(
            f"the browser {program.name} could not print: {said[0]}",
            where=str(page),
            mend=f"Try the browser by hand, or name another in {VARIABLE}",
        )
    return target


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
