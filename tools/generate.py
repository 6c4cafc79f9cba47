"""Write the files that follow from declarations: expectations/ and data/DICTIONARY.md.

Run by ``make generate``. Tests hold every file to what is written here.
"""

from __future__ import annotations

from pathlib import Path

from clusterstudy.contract import suites
from clusterstudy.contract.dictionary import dictionary
from clusterstudy.paths import DATA


def generated() -> dict[Path, str]:
    """Return the text of every generated file, by path."""
    return {**suites.files(), DATA / "DICTIONARY.md": dictionary()}


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
