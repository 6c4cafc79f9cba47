"""Resolve requirements.lock from pyproject.toml and write environment.yml from the lock.

Run by ``make lock``. The lock names every transitive dependency for Python 3.11 to 3.13 with
hashes; environment.yml gives conda and mamba users exactly the same pins through pip.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
ENVIRONMENT = ROOT / "environment.yml"

HEADER = """\
# conda env create -f environment.yml     (or: mamba env create -f environment.yml)
# Written by `make lock` from requirements.lock; a test holds the two together.
name: clusterstudy
channels:
  - conda-forge
dependencies:
  - python >=3.11,<3.14
  - pip
  - pip:
"""


def resolve() -> None:
    """Pin every dependency of every extra, for all supported Pythons at once."""
    options = "--universal --all-extras --python-version 3.11 --fork-strategy fewest"
    quiet = "--quiet --generate-hashes --no-emit-index-url --no-annotate --no-header"
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml"]
    command += [*options.split(), *quiet.split(), "--output-file", LOCK.name]
    subprocess.run(command, cwd=ROOT, check=True)


def pins(lock: str) -> list[str]:
    """Return the requirement lines of a lock, without hashes: ``name==version ; marker``."""
    lines = (line.strip().removesuffix("\\").strip() for line in lock.splitlines())
    return [line for line in lines if line and not line.startswith(("#", "--hash"))]


def environment(lock: str) -> str:
    """Return the text of environment.yml for a lock."""
    lines = [f'      - "{pin}"' for pin in pins(lock)]
    return HEADER + "\n".join([*lines, "      - --editable ."]) + "\n"


if __name__ == "__main__":
    resolve()
    ENVIRONMENT.write_text(environment(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
