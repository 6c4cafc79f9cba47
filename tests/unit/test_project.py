"""What holds for the repository as a whole."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml

from clusterstudy.paths import NOTEBOOKS, ROOT
from lock import environment, pins

PACKAGE = ROOT / "src" / "clusterstudy"
MAY_IMPORT = {
    "contract": set(),
    "did": set(),
    "disclosure": {"contract"},
    "demo": {"contract"},
    "adapters": {"contract"},
    "quality": {"contract"},
    "panel": {"contract"},
    "readiness": {"contract", "measures", "report"},
    "finance": {"contract", "disclosure", "report"},
    "measures": {"contract", "panel"},
    "dialogue": {"contract", "panel", "measures", "report", "disclosure"},
    "baseline": {"contract", "panel", "measures", "did", "disclosure", "report"},
    "impact": {"contract", "panel", "did", "disclosure", "report", "baseline"},
    "board": {"contract", "did", "disclosure", "impact", "finance", "report"},
    "validation": {"contract", "panel", "did", "report"},
    "report": {"contract", "quality"},
}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).exists()]


def test_the_environment_for_conda_has_exactly_the_locks_pins():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert text == environment(lock)
    [pip] = [item["pip"] for item in yaml.safe_load(text)["dependencies"] if isinstance(item, dict)]
    assert [line for line in pip if "==" in line] == pins(lock)
    assert len(pins(lock)) > 100
    assert all("==" in pin for pin in pins(lock))


def test_every_dependency_is_in_the_lock():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    locked = {pin.split("==")[0] for pin in pins((ROOT / "requirements.lock").read_text())}
    names = {re.split(r"[<>=\[ ]", entry)[0].lower().replace("_", "-") for entry in wanted}
    assert names <= locked


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_data_flows_one_way(part):
    for path in (PACKAGE / part).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                if name and name.startswith("clusterstudy."):
                    target = name.split(".")[1]
                    allowed = MAY_IMPORT[part] | {
                        part,
                        "differences",
                        "errors",
                        "hashing",
                        "memory",
                        "paths",
                    }
                    assert target in allowed, f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_are_committed_without_outputs(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    for cell in notebook["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


def test_no_file_names_a_registry_a_machine_or_a_secret():
    hosts = [
        "pypi" + ".org",
        "python" + "hosted",
        "anaconda" + ".org",
        "jsdel" + "ivr",
        "unpkg" + ".com",
    ]
    words = [*hosts, "cloud" + "flare", "/ro" + "ot/", "/wo" + "rk/main", "ghp" + "_"]
    for path in tracked():
        content = path.read_bytes()
        for word in words:
            assert word.encode() not in content, f"{path.relative_to(ROOT)} holds {word}"
