"""Write what follows from declarations: expectations/, data/DICTIONARY.md, parameters cells.

Run by ``make generate``. Tests hold every file to what is written here.
"""

from __future__ import annotations

import json
from pathlib import Path

from clusterstudy.contract import suites
from clusterstudy.contract.dictionary import dictionary
from clusterstudy.params import NOTEBOOKS as MODELS
from clusterstudy.params import parameters_cell
from clusterstudy.paths import DATA, NOTEBOOKS


def generated() -> dict[Path, str]:
    """Return the text of every generated file, by path."""
    notebooks = {path: with_parameters(path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
    return {**suites.files(), DATA / "DICTIONARY.md": dictionary(), **notebooks}


def with_parameters(path: Path) -> str:
    """Return a notebook's text with its ``parameters`` cell as its model declares it."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            cell["source"] = parameters_cell(MODELS[path.stem]).splitlines(keepends=True)
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
