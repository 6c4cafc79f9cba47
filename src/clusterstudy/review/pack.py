"""A pack for a reviewer: a report, all that made it, and what it gives on the demo data.

An RO-Crate (researchobject.org) in one zip file. Its metadata name every file with its SHA-256 and
the run as an action with its inputs and results. A reviewer without access to the data re-runs the
notebook with the same parameters on the demo data, which keep the same contract, and holds the
figures against ``expected/`` (:mod:`clusterstudy.review.verify`).

A report on data that are neither synthetic nor public enters a pack only as it was released.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.errors import UserError
from clusterstudy.hashing import sha256_of
from clusterstudy.paths import MANIFEST, ROOT, finished
from clusterstudy.runs import folders, manifest
from clusterstudy.runs.batch import carry_out, prepare
from clusterstudy.runs.local import local
from clusterstudy.sources import BUILT_IN, open_dataset

PROJECT = (
    "notebooks",
    "src",
    "expectations",
    "tools",
    "docs",
    "pyproject.toml",
    "requirements.lock",
    "environment.yml",
    "Makefile",
    "README.md",
    "GLOSSARY.md",
    "CHANGELOG.md",
    "LICENSE",
)
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", ".clusterstudy")
REVIEW = "review.json"
TOLERANCES = {"rtol": 1e-6, "atol": 1e-9}
DEMO = "demo"
README = """\
# Review pack: {title}

The report `{run}` of the study `{study}`, made on {made} by clusterstudy {version}.

| folder | what it holds |
|---|---|
| `run/` | the report, its executed notebook, tables, figures and manifest |
| `expected/` | what the notebook gives on the data `{data}` as `params/{study}.yml` has it |
| `project/` | notebooks, code, that study, checks, declarations, lock, synthetic demo data |

Every file's SHA-256 stands in `ro-crate-metadata.json`.

To re-run it, set up the project (`cd project`, then `make .venv/ready`, or
`conda env create -f environment.yml`) and, with its environment active:

    clusterstudy verify PACK.zip

It checks every file, runs the notebook on the data `{data}` by the code of this pack, and compares
each figure with `expected/`: they agree where |new - old| <= {atol:g} + {rtol:g} |old|.
"""


def pack(name: str, target: Path, reports: Path, *, root: Path = ROOT) -> Path:
    """Write the review pack of a report and return its path.

    Parameters
    ----------
    name
        The report, as :func:`clusterstudy.paths.finished` finds it; for data that are
        neither synthetic nor public, the folder in which it was released.
    target
        The zip file to write; an earlier one is replaced when the new one is whole.
    root
        The project.

    Raises
    ------
    UserError
        If there is no such report, it may not leave, or its notebook does not run on the demo
        data with its parameters.
    """
    folder = finished(name, reports)
    about = manifest.read(folder / MANIFEST)
    if about["data"]["name"] not in BUILT_IN and not _released(folder):
        raise UserError(
            "its data are neither synthetic nor public, and it is not as a release wrote it",
            where=str(folder),
            mend="Release it and pack the folder STUDY/RUN of the release",
        )
    target = target.resolve()
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".pack-") as scratch:
        whole = Path(scratch) / "pack"
        shutil.copytree(folder, whole / "run")
        study = _copy_project(root, whole / "project", about)
        shutil.copytree(_expected(folder, about, study, Path(scratch)), whole / "expected")
        _describe(whole, about)
        draft = Path(scratch) / "pack.zip"
        _write_crate(whole, about, draft)
        draft.replace(target)
    return target


def _released(folder: Path) -> bool:
    """Tell whether a report's files are those that the record of its release names."""
    folder = folder.resolve()
    record = folder.parents[1] / folders.RECORD
    if not record.is_file():
        return False
    released = {
        file: sha
        for output in json.loads(record.read_text(encoding="utf-8"))["outputs"]
        if output["run"] == f"{folder.parent.name}/{folder.name}"
        for file, sha in output["sha256"].items()
    }
    there = {MANIFEST: sha256_of(folder / MANIFEST), **manifest.outputs(folder)}
    return there == released


def _copy_project(root: Path, project: Path, about: Mapping[str, Any]) -> Path:
    """Copy the project with the demo data and a study of this one run; return the study's file."""
    for name in PROJECT:
        source, copy = root / name, project / name
        if source.is_dir():
            shutil.copytree(source, copy, ignore=LEFT_OUT)
        elif source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
    (project / "data").mkdir()
    for path in (*root.glob("data/*.csv"), *root.glob("data/*.md")):
        shutil.copy2(path, project / "data")
    shutil.copytree(open_dataset(DEMO).folder, project / "data" / DEMO, ignore=LEFT_OUT)
    params = project / "params"
    params.mkdir()
    if about["data"]["name"] in BUILT_IN:  # else its frozen baseline is of other data
        for path in root.glob(f"params/{about['study']}.baseline.*"):
            shutil.copy2(path, params)
    study = params / f"{about['study']}.yml"
    study.write_text(yaml.safe_dump(_study(about), allow_unicode=True), encoding="utf-8")
    return study


def _study(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return a study of one run: this one's parameters, on data that anyone may have."""
    own = about["data"]["name"] in BUILT_IN
    data = about["data"]["name"] if own else DEMO
    elsewhere = {} if own else {"cluster": PROGRAMME}
    left_out = {"data", "study", "output", "previous"}
    used = {name: value for name, value in about["parameters"].items() if name not in left_out}
    return {
        "title": about["title"],
        "data": data,
        "runs": [{"notebook": about["notebook"], "set": used | elsewhere}],
    }


def _expected(folder: Path, about: Mapping[str, Any], study: Path, scratch: Path) -> Path:
    """Return the tables that the run gives on data that anyone may have."""
    if about["data"]["name"] in BUILT_IN:
        return folder / "tables"
    reports = scratch / "reports"
    with local(1) as maker:
        [made] = carry_out(prepare([str(study)], reports), maker, reports)
    if made.failure:
        raise UserError(
            f"the notebook does not run on the demo data: {made.failure.error}",
            where=about["run"],
            mend="A reviewer could not re-run it: choose parameters that the demo data have",
        )
    return made.folder / "tables"


def _describe(whole: Path, about: Mapping[str, Any]) -> None:
    """Write the reviewer's README and what ``verify`` needs to know."""
    review = {
        "study": about["study"],
        "notebook": about["notebook"],
        "data": _study(about)["data"],
        **TOLERANCES,
    }
    (whole / REVIEW).write_text(json.dumps(review, indent=1) + "\n", encoding="utf-8")
    told = {"run": about["run"], "title": about["title"], "made": about["finished"][:10]}
    text = README.format(version=about["code"]["version"], **told, **review)
    (whole / "README.md").write_text(text, encoding="utf-8")


def _write_crate(whole: Path, about: Mapping[str, Any], target: Path) -> None:
    """Write everything as an RO-Crate, with the run as an action on its inputs."""
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

    crate = ROCrate()
    crate.name = f"{about['heading']}: {about['run']}"
    crate.description = f"Review pack of the study {about['study']}: report, code, demo data"
    crate.license = "https://spdx.org/licenses/MIT"
    files = {}
    for path in sorted(path for path in whole.rglob("*") if path.is_file()):
        name = path.relative_to(whole).as_posix()
        properties = {"sha256": sha256_of(path), "contentSize": str(path.stat().st_size)}
        files[name] = crate.add_file(path, name, properties=properties)
    action = {
        "name": f"Execution of {about['notebook']}",
        "startTime": about["started"],
        "endTime": about["finished"],
        "instrument": files[f"project/notebooks/{about['notebook']}.ipynb"],
        "object": [files[name] for name in files if name.startswith("project/")],
        "result": [files[name] for name in files if name.startswith("run/")],
    }
    run = crate.add(ContextEntity(crate, "#run", properties={"@type": "CreateAction"}))
    for name, value in action.items():
        run[name] = value
    crate.root_dataset["mentions"] = run
    crate.write_zip(target)
