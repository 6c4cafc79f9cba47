"""A batch: every chosen run executed, rendered and published, and the index rewritten.

A run that fails does not stop the others. Nothing is written under ``reports/`` before all that
the user wrote has been checked and the data have passed the gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusterstudy.contract.read import Dataset
from clusterstudy.params import load_study, shown
from clusterstudy.paths import NOTEBOOKS, REPORTS
from clusterstudy.runs import folders, manifest
from clusterstudy.runs.kernels import installed
from clusterstudy.runs.lock import locked
from clusterstudy.runs.make import Outcome, make
from clusterstudy.runs.plan import Run, Vocabulary, check, override, plan, select
from clusterstudy.sources import BUILT_IN, open_dataset

if TYPE_CHECKING:
    from clusterstudy.quality import Verdict


@dataclass(frozen=True)
class Batch:
    """The runs to be made, the gate's verdict on their data, and what manifests say of both.

    Parameters
    ----------
    verdicts
        The gate's, by the data set's name.
    environment
        As :func:`clusterstudy.runs.manifest.environment` returns it.
    """

    runs: Sequence[Run]
    verdicts: Mapping[str, Verdict]
    environment: Mapping[str, Any]

    @property
    def refused(self) -> bool:
        """Whether the gate refuses any of the data; then nothing is run."""
        return any(verdict.status == "critical" for verdict in self.verdicts.values())

    def facts(self, run: Run) -> dict[str, Any]:
        """Return what the manifest of ``run`` says beside the run itself."""
        return {"quality": self.verdicts[run.parameters.data].as_dict(), **self.environment}


def prepare(
    studies: Iterable[str],
    reports: Path = REPORTS,
    *,
    only: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
) -> Batch:
    """Read the studies, check all they say, pass their data through the gate and plan the runs.

    Parameters
    ----------
    studies
        Names or files of studies.
    reports
        Folder of the reports, where verdicts are kept.
    only
        Patterns ``NOTEBOOK[/CLUSTER]``; none chooses every run.
    settings
        Parameters that replace the studies' own, as text.

    Raises
    ------
    UserError
        At the first thing that is not allowed.
    """
    from clusterstudy.quality import verdict_for

    loaded = {}
    for name in studies:
        study, path = load_study(name)
        check(study, shown(path))
        loaded[path] = override(study, settings or {})
    verdicts: dict[str, Verdict] = {}
    runs: list[Run] = []
    for path, study in loaded.items():
        data = open_dataset(study.data)
        study = study.model_copy(update={"data": _name(study.data, data)})
        verdicts[study.data] = verdict_for(data, reports)
        if verdicts[study.data].status != "critical":
            runs += plan(study, path.stem, shown(path), Vocabulary.of(data))
    batch = Batch(runs, verdicts, manifest.environment())
    return batch if batch.refused else replace(batch, runs=select(runs, only))


def carry_out(
    batch: Batch,
    reports: Path = REPORTS,
    *,
    workers: int = 1,
    notebooks: Path = NOTEBOOKS,
    on_end: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Make the reports of a batch and rewrite the index.

    Parameters
    ----------
    workers
        How many runs are executed side by side.
    on_end
        Called with each outcome, in the order in which runs end.

    Returns
    -------
    The outcomes in the order of the plan.

    Raises
    ------
    UserError
        If another batch is writing to ``reports``.
    ValueError
        If the gate refuses the data.
    """
    if batch.refused:
        raise ValueError("the gate refuses the data")
    with locked(reports), installed(workers), ThreadPoolExecutor(workers) as pool:
        folders.recover(reports)
        futures = [
            pool.submit(make, run, batch.facts(run), reports, notebooks) for run in batch.runs
        ]
        try:
            for future in as_completed(futures):
                on_end(future.result())
        finally:
            pool.shutdown(cancel_futures=True)
            write_index(reports)
        return [future.result() for future in futures]


def write_index(reports: Path = REPORTS) -> Path:
    """Write index.html from the manifests that lie under ``reports``, and return its path."""
    from clusterstudy.report import index

    manifests = [manifest.read(path) for path in folders.manifests(reports)]
    folders.write_whole(reports / "index.html", index.render(manifests))
    return reports / "index.html"


def _name(name: str, data: Dataset) -> str:
    """Return a data set's name as it can be found from any folder."""
    return name if name in BUILT_IN else shown(data.folder.resolve())
