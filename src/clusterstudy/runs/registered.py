"""A study's pre-analysis plan: its file as registered, and what a run does otherwise.

Registering keeps the study file's text with its hash and date beside it, and the hashes of the
method: notebooks, code, lock and declarations. Runs are held against the runs that this text plans
on the same data, so whatever differs is told, defaults included, and against that method. A plan
may be registered anew; the earlier ones stay on record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from clusterstudy.differences import differing
from clusterstudy.errors import UserError
from clusterstudy.params import load_study, parse_study, shown
from clusterstudy.paths import NOTEBOOKS
from clusterstudy.runs import manifest
from clusterstudy.runs.folders import write_whole
from clusterstudy.runs.plan import Run, Vocabulary, check, plan

PLACES = {"data", "study", "output", "previous"}  # where things lie is no part of a plan


@dataclass(frozen=True)
class Registered:
    """A registered plan.

    Parameters
    ----------
    on, sha256
        When it was registered, and the hash of the study file then.
    amended
        How often it had been registered before.
    runs
        The runs it plans.
    method
        As :func:`clusterstudy.runs.manifest.method` returned it then, of all notebooks planned.
    """

    on: str
    sha256: str
    amended: int
    runs: Sequence[Run]
    method: Mapping[str, str]

    def about(self, run: Run, method: Mapping[str, str]) -> dict[str, Any]:
        """Return what a manifest says of the plan, as :mod:`clusterstudy.runs.manifest` tells.

        ``deviations`` are those from the planned run of the same notebook that is most alike.

        Parameters
        ----------
        method
            As :func:`clusterstudy.runs.manifest.method` returns it of the run's notebook.
        """
        alike = [_differences(other, run) for other in self.runs if other.notebook == run.notebook]
        return {
            "on": self.on,
            "sha256": self.sha256,
            "amended": self.amended,
            "deviations": min(alike, key=len, default=None),
            "changed": differing({name: self.method.get(name, "") for name in method}, method),
        }


def register(name: str, *, again: bool = False, today: date | None = None) -> Path:
    """Write ``STUDY.registered.json`` beside a study's file and return its path.

    Raises
    ------
    UserError
        If the study file is not allowed, or registered already and ``again`` is not given.
    """
    study, path = load_study(name)
    check(study, shown(path))
    record = _record(path)
    earlier = _read(record)
    if earlier and not again:
        raise UserError(
            f"this study was registered on {earlier[-1]['on']}",
            where=shown(record),
            mend="Keep it, or register anew with --again: the earlier plan stays on record",
        )
    text = path.read_text(encoding="utf-8")
    notebooks = [NOTEBOOKS / f"{spec.notebook}.ipynb" for spec in study.runs]
    entry = {
        "on": (today or date.today()).isoformat(),
        "sha256": _sha256(text),
        "text": text,
        "method": manifest.method(manifest.environment(), notebooks),
    }
    content = json.dumps([*earlier, entry], ensure_ascii=False, indent=1)
    write_whole(record, content + "\n")
    return record


def registered(path: Path, vocabulary: Vocabulary) -> Registered | None:
    """Return the latest plan registered for the study file at ``path``; None where there is none.

    Parameters
    ----------
    vocabulary
        Of the study's data.

    Raises
    ------
    UserError
        If the record was changed by hand, or what was registered cannot be planned any more.
    """
    record = _record(path)
    entries = _read(record)
    if not entries:
        return None
    latest = entries[-1]
    study = parse_study(latest["text"], where=shown(record))
    runs = plan(study, path.stem, shown(record), vocabulary)
    return Registered(
        latest["on"], latest["sha256"], len(entries) - 1, runs, latest.get("method", {})
    )


def _record(path: Path) -> Path:
    return path.with_suffix(".registered.json")


def _read(record: Path) -> list[dict[str, Any]]:
    """Return the plans on record, the latest last, if each is still what was registered."""
    if not record.is_file():
        return []
    with suppress(ValueError, KeyError, TypeError):
        entries: list[dict[str, Any]] = json.loads(record.read_text(encoding="utf-8"))
        if all(_sha256(each["text"]) == each["sha256"] and each["on"] for each in entries):
            return entries
    raise UserError(
        "the registered plan was changed after it was registered",
        where=shown(record),
        mend="Restore the file from version control",
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _differences(planned: Run, run: Run) -> list[tuple[str, str, str]]:
    return differing(*(each.parameters.model_dump(exclude=PLACES) for each in (planned, run)))
