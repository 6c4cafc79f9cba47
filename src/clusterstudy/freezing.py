"""Freeze a study's baseline: the table that ``10_baseline`` shows for the programme, kept for good.

Belongs here: joining the study file, the quality gate and :mod:`clusterstudy.baseline`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from clusterstudy.baseline import freeze
from clusterstudy.baseline.levels import measure
from clusterstudy.errors import UserError
from clusterstudy.params import BaselineParameters, load_study, shown
from clusterstudy.paths import PARAMS, REPORTS
from clusterstudy.quality import verdict_for
from clusterstudy.runs.plan import Vocabulary, check, plan
from clusterstudy.sources import open_dataset


def freeze_study(name: str, *, again: bool = False, today: date | None = None) -> Path:
    """Write ``params/STUDY.baseline.csv`` and ``.json``, and return the path of the latter.

    Parameters
    ----------
    name
        A study, as for :func:`clusterstudy.params.load_study`.
    again
        Whether a frozen baseline may be replaced.
    today
        Date to record; None for today's.

    Raises
    ------
    UserError
        If the study has no run of ``10_baseline``, the gate refuses its data, or its baseline is
        frozen already.
    """
    study, path = load_study(name)
    check(study, shown(path))
    data = open_dataset(study.data)
    verdict = verdict_for(data, REPORTS)
    if verdict.status == "critical":
        raise UserError(
            "the gate refuses the data",
            where=study.data,
            mend=f"See clusterstudy check {study.data}",
        )
    runs = plan(study, path.stem, shown(path), Vocabulary.of(data))
    found = [run for run in runs if isinstance(run.parameters, BaselineParameters)]
    if not found:
        raise UserError("the study has no run of 10_baseline", where=shown(path))
    p = found[0].parameters
    assert isinstance(p, BaselineParameters)
    known = open_dataset(study.data, date.fromisoformat(p.as_of))
    measures = measure(known, p.programme_start)
    return freeze.freeze(
        PARAMS,
        found[0].study,
        freeze.keepable(measures, level=p.level, min_firms=p.min_firms, rules=p.rules),
        as_of=date.fromisoformat(p.as_of),
        data=dict(verdict.fingerprint),
        today=today or date.today(),
        again=again,
    )
