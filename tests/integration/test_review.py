"""Packs and comparisons of real reports, through the real command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from clusterstudy.errors import UserError
from clusterstudy.hashing import sha256_of
from clusterstudy.review.verify import verify

pytestmark = pytest.mark.slow

RUN = "demo/30_readiness--programme"


def clusterstudy(*arguments: object, status: int = 0) -> str:
    command = [sys.executable, "-c", "from clusterstudy.cli import main; main()"]
    done = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("review") / "reports"
    only = ("run", "demo", "--only", "30_readiness/programme", "--reports", folder)
    clusterstudy(*only)
    clusterstudy(*only, "--set", "replications=500")
    return folder


@pytest.fixture(scope="module")
def packed(reports) -> Path:
    target = reports.parent / "pack.zip"
    assert str(target) in clusterstudy("pack", RUN, "--to", target, "--reports", reports)
    return target


def repacked(packed: Path, target: Path, name: str, text: str, *, hashed: bool) -> Path:
    """Return the pack with another text in a file, with or without its hash made to fit."""
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(target)
    path, metadata = target / name, target / "ro-crate-metadata.json"
    path.write_text(text, encoding="utf-8")
    crate = json.loads(metadata.read_text(encoding="utf-8"))
    [entity] = [entity for entity in crate["@graph"] if entity["@id"] == name]
    if hashed:
        entity["sha256"] = sha256_of(path)
    metadata.write_text(json.dumps(crate), encoding="utf-8")
    return Path(shutil.make_archive(str(target), "zip", target))


def test_diff_names_parameters_and_figures_that_differ(reports):
    other = f"{RUN}--replications-500"
    told = clusterstudy("diff", RUN, other, "--reports", reports)
    assert "parameters.replications: 10000 -> 500" in told
    assert " figures compared, 0 differ." not in told
    same = clusterstudy("diff", RUN, RUN, "--reports", reports)
    assert same.startswith("Made from the same.")
    assert "figures compared, 0 differ." in same
    missing = clusterstudy("diff", RUN, "demo/none", "--reports", reports, status=2)
    assert missing.startswith("clusterstudy: demo/none: expected a finished report")


def test_a_pack_holds_all_that_a_reviewer_needs_with_hashes(packed):
    with zipfile.ZipFile(packed) as archive:
        names = set(archive.namelist())
        crate = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
    assert names > {
        "README.md",
        "run/report.html",
        "run/notebook.ipynb",
        "run/manifest.json",
        "project/notebooks/30_readiness.ipynb",
        "project/requirements.lock",
        "project/environment.yml",
        "project/data/DICTIONARY.md",
        "project/data/demo/firms.parquet",
        "project/src/clusterstudy/cli.py",
    }
    [action] = [entity for entity in crate if entity["@type"] == "CreateAction"]
    assert action["instrument"] == {"@id": "project/notebooks/30_readiness.ipynb"}
    assert all("sha256" in entity for entity in crate if entity["@type"] == "File")
    assert not any("__pycache__" in name or "/.clusterstudy/" in name for name in names)


def test_a_pack_is_verified_by_running_it_and_what_does_not_come_out_is_named(packed, tmp_path):
    name = "expected/segments.csv"
    with zipfile.ZipFile(packed) as archive:
        frame = pd.read_csv(archive.open(name))
    column = frame.select_dtypes("number").columns[0]
    frame.loc[0, column] += 0.5
    wrong = repacked(packed, tmp_path / "wrong", name, frame.to_csv(index=False), hashed=True)
    told = clusterstudy("verify", wrong, status=1)
    assert "figures compared, 1 differ." in told
    [line] = [line for line in told.splitlines() if " -> " in line]
    assert line.startswith("segments: ")
    assert f": {column}: " in line


def test_a_pack_that_was_changed_is_refused(packed, tmp_path):
    changed = repacked(packed, tmp_path / "changed", "run/report.html", "other", hashed=False)
    with pytest.raises(UserError, match="1 files were changed, added or removed, first run/report"):
        verify(changed)
    with pytest.raises(UserError, match="expected a review pack"):
        verify(Path(__file__))
