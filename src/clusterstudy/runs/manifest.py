"""What a run says about itself: enough to judge, cite and repeat it.

A manifest is plain JSON. Its keys:

``study``, ``run``, ``title``, ``notebook``, ``parameters``, ``meeting``
    What was run. ``title`` is the study's; ``parameters`` holds every one, defaults included.
``cluster_name``, ``outcome_name``, ``heading``
    What readers call the cluster, the outcome and the report; empty where there is none.
``status``, ``failure``
    ``ok``, or ``failed`` with the cell's number, its first line and the error.
``plan``
    The registered pre-analysis plan: ``on``, ``sha256``, ``amended`` (how often), ``deviations``
    (``[parameter, registered, used]``; null where the notebook was not planned) and ``changed``
    (the same of the method's files, by SHA-256). Null where none is registered.
``data``, ``quality``
    The data set's name and the SHA-256 of every table's file; the gate's verdict on it.
``code``, ``notebook_sha256``, ``lock_sha256``, ``python``, ``platform``, ``packages``
    What computed it. ``code`` holds the version, the git commit where there is one, whether the
    working tree differed from it, and the SHA-256 of the package's source.
``started``, ``finished``, ``seconds``
    When, in UTC.
``confirmed``
    When a later batch found the report unchanged; absent until then.
``outputs``
    SHA-256 of every file of the report, by its path in the run's folder.
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.metadata import Distribution, distributions, version
from pathlib import Path
from typing import Any

from clusterstudy.hashing import sha256_of
from clusterstudy.paths import DATA, MANIFEST, PARAMS, ROOT

SOURCE = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
INDEXED = {"study", "run", "title", "notebook", "parameters", "meeting", "data", "quality"} | {
    "cluster_name", "outcome_name", "heading", "status", "failure", "finished", "outputs"
}  # fmt: skip


def environment() -> dict[str, Any]:
    """Return what computes all runs of a batch: code, lock, Python and packages."""
    return {
        "code": {
            "version": version("clusterstudy"),
            "commit": _git("rev-parse", "HEAD"),
            "modified": bool(_git("status", "--porcelain", "--untracked-files=no")),
            "source_sha256": _sha256_of_source(),
        },
        "lock_sha256": sha256_of(LOCK) if LOCK.is_file() else "",
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "packages": dict(sorted(map(_name_and_version, distributions()))),
    }


def declared(study: str) -> dict[str, str]:
    """Return the SHA-256 of the declarations in data/, a study's frozen baseline and input log."""
    own = sorted(PARAMS.glob(f"{study}.*.*"))
    return _shared() | {path.name: sha256_of(path) for path in own if path.is_file()}


def method(environment: Mapping[str, Any], notebooks: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of what figures follow from beside data and parameters, by its name.

    Parameters
    ----------
    environment
        As :func:`environment` returns it.
    """
    made_by = {
        "clusterstudy": environment["code"]["source_sha256"],
        LOCK.name: environment["lock_sha256"],
    }
    texts = {path.name: sha256_of_notebook(path) for path in notebooks}
    return texts | made_by | _shared()


def times(started: datetime, finished: datetime) -> dict[str, Any]:
    """Return when a run began and ended."""
    return {
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "seconds": round((finished - started).total_seconds(), 1),
    }


def outputs(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file under ``folder`` but the manifest, by relative path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def sha256_of_notebook(path: Path) -> str:
    """Return the SHA-256 of what a notebook says: its cells' kind, source and tags, no outputs."""
    cells = [
        (cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", []))
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def text(manifest: Mapping[str, Any]) -> str:
    """Return a manifest as JSON."""
    return json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"


def write(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write ``manifest.json`` into a run's folder."""
    (folder / MANIFEST).write_text(text(manifest), encoding="utf-8", newline="\n")


def read(path: Path) -> dict[str, Any]:
    """Return a manifest; ValueError where the file is none, or lacks what the index shows."""
    about = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(about, dict) or INDEXED - about.keys():
        raise ValueError("it is not the manifest of a run")
    return about


def _shared() -> dict[str, str]:
    """Return the SHA-256 of the declarations that all studies share."""
    return {path.name: sha256_of(path) for path in sorted(DATA.glob("*.csv"))}


def _sha256_of_source() -> str:
    """Return one SHA-256 of the package's files, their names and contents."""
    files = sorted(p for p in SOURCE.rglob("*") if p.is_file() and p.suffix != ".pyc")
    lines = (f"{path.relative_to(SOURCE).as_posix()} {sha256_of(path)}\n" for path in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _name_and_version(package: Distribution) -> tuple[str, str]:
    about = package.metadata  # is parsed anew each time it is asked for
    return about["Name"], about["Version"]


def _git(*arguments: str) -> str:
    """Return what git says about the project; nothing where there is no git or repository."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
