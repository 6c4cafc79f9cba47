"""Re-run a review pack on data that anyone may have, and hold its figures against the expected.

The notebook, the code and the declarations are those of the pack; Python and the packages are this
machine's, and what differs from the pack's is told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clusterstudy.errors import UserError
from clusterstudy.hashing import sha256_of
from clusterstudy.paths import MANIFEST, REPORT
from clusterstudy.review.compare import Comparison, compare_tables
from clusterstudy.review.pack import REVIEW
from clusterstudy.runs import manifest
from clusterstudy.runs.cache import changes

METADATA = "ro-crate-metadata.json"
PLACE = ("python", "packages")
COMMAND = [sys.executable, "-c", "from clusterstudy.cli import main; main()", "run"]


@dataclass(frozen=True)
class Verified:
    """What a re-run gave.

    Parameters
    ----------
    files
        How many files of the pack have the SHA-256 that it names.
    figures
        The figures beside the expected ones.
    place
        In what this machine differs from the one that made the report, one line each.
    """

    files: int
    figures: Comparison
    place: list[str]


def verify(path: Path) -> Verified:
    """Check a pack's files, run its notebook, and compare its figures within its tolerances.

    Raises
    ------
    UserError
        If the file is no pack, one of its files was changed, or its notebook fails here.
    """
    with tempfile.TemporaryDirectory(prefix="clusterstudy-verify-") as scratch:
        whole = Path(scratch)
        files = _unpacked(path, whole)
        review = json.loads((whole / REVIEW).read_text(encoding="utf-8"))
        made = _run(whole, review["study"])
        figures = compare_tables(
            whole / "expected", made / "tables", rtol=review["rtol"], atol=review["atol"]
        )
        then, now = (manifest.read(at / MANIFEST) for at in (whole / "run", made))
        place = changes(*({name: about[name] for name in PLACE} for about in (then, now)))
        return Verified(files, figures, place)


def _unpacked(path: Path, whole: Path) -> int:
    """Unpack a pack, hold its files against their hashes, and return how many there are."""
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(whole)
        graph = json.loads((whole / METADATA).read_text(encoding="utf-8"))["@graph"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        raise UserError(
            "expected a review pack and found none",
            where=str(path),
            mend="Name a file that clusterstudy pack wrote",
        ) from None
    named = {entity["@id"]: entity["sha256"] for entity in graph if "sha256" in entity}
    held = {
        file.relative_to(whole).as_posix(): sha256_of(file)
        for file in whole.rglob("*")
        if file.is_file() and file.name != METADATA
    }
    differing = sorted(name for name in named | held if named.get(name) != held.get(name))
    if differing:
        raise UserError(
            f"{len(differing)} files were changed, added or removed, first {differing[0]}",
            where=str(path),
            mend="Ask for the pack again",
        )
    return len(held)


def _run(whole: Path, study: str) -> Path:
    """Run the pack's study by the pack's code and return the report's folder."""
    project, reports = whole / "project", whole / "reports"
    source = os.pathsep.join(filter(None, [str(project / "src"), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"CLUSTERSTUDY_ROOT": str(project), "PYTHONPATH": source}
    command = [*COMMAND, study, "--reports", str(reports)]
    done = subprocess.run(command, env=environment, cwd=project, capture_output=True, text=True)
    made: list[Any] = list(reports.glob(f"{study}/*/{REPORT}"))
    if done.returncode or not made:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise UserError(
            f"the notebook fails here: {lines[-1] if lines else 'no output'}",
            where=study,
            mend="Set up the environment of the pack: see its README.md",
        )
    return Path(made[0]).parent
