"""A batch: every chosen run executed, rendered and published, and the index rewritten.

A run that fails does not stop the others. Nothing is written under ``reports/`` before all that
the user wrote has been checked and the data have passed the gate.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from clusterstudy.adapters.url import is_url
from clusterstudy.contract.read import Dataset
from clusterstudy.errors import UserError
from clusterstudy.params import load_study, shown, unknown, validated
from clusterstudy.paths import MANIFEST, NOTEBOOKS, REPORTS, finished
from clusterstudy.runs import folders, manifest
from clusterstudy.runs.cache import confirm, differences
from clusterstudy.runs.lock import locked
from clusterstudy.runs.make import Outcome
from clusterstudy.runs.plan import Run, Vocabulary, check, override, plan, select, slug
from clusterstudy.runs.registered import Registered, registered
from clusterstudy.sources import BUILT_IN, open_dataset

if TYPE_CHECKING:
    from clusterstudy.quality import Verdict

logger = logging.getLogger(__name__)


class Maker(Protocol):
    """Where reports are made, and how many side by side."""

    @property
    def slots(self) -> int:
        """How many runs to hand out at once."""

    def make(
        self, run: Run, identity: Mapping[str, Any], reports: Path, notebooks: Path
    ) -> Outcome:
        """Make one report."""

    def give_up(self) -> None:
        """End the runs that have not ended."""


@dataclass(frozen=True)
class Batch:
    """The runs to be made, the gate's verdict on their data, and what manifests say of both.

    Parameters
    ----------
    verdicts
        The gate's, by the data set's name.
    plans
        The plan registered for a study, by its name; None where there is none.
    environment
        As :func:`clusterstudy.runs.manifest.environment` returns it.
    """

    runs: Sequence[Run]
    verdicts: Mapping[str, Verdict]
    plans: Mapping[str, Registered | None]
    environment: Mapping[str, Any]

    @property
    def refused(self) -> bool:
        """Whether the gate refuses any of the data; then nothing is run."""
        return any(verdict.status == "critical" for verdict in self.verdicts.values())

    def identity(self, run: Run, notebooks: Path = NOTEBOOKS) -> dict[str, Any]:
        """Return all that the report of ``run`` follows from, as its manifest names it."""
        name = run.parameters.data
        verdict = self.verdicts[name]
        registered = self.plans[run.study]
        notebook = notebooks / f"{run.notebook}.ipynb"
        held = None
        if registered:
            held = registered.about(run, manifest.method(self.environment, [notebook]))
        return {
            "study": run.study,
            "run": run.id,
            "title": run.title,
            "notebook": run.notebook,
            "cluster_name": run.cluster_name,
            "outcome_name": run.outcome_name,
            "meeting": run.meeting.model_dump() if run.meeting else None,
            "parameters": run.parameters.model_dump(exclude={"output"}),
            "previous_made": _made(run),
            "data": {"name": name, "sha256": dict(verdict.fingerprint)},
            "quality": verdict.as_dict(),
            "plan": held,
            "declared": manifest.declared(run.study),
            **self.environment,
            "notebook_sha256": manifest.sha256_of_notebook(notebook),
        }


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
    plans: dict[str, Registered | None] = {}
    runs: list[Run] = []
    for path, study in loaded.items():
        data = open_dataset(study.data)
        study = study.model_copy(update={"data": _name(study.data, data)})
        verdicts[study.data] = verdict_for(data, reports)
        if verdicts[study.data].status != "critical":
            vocabulary = Vocabulary.of(data)
            runs += plan(study, path.stem, shown(path), vocabulary)
            plans[slug(path.stem)] = registered(path, vocabulary)
    batch = Batch(runs, verdicts, plans, manifest.environment())
    if batch.refused:
        return batch
    return replace(batch, runs=[_with_earlier(run, reports) for run in select(runs, only)])


def carry_out(
    batch: Batch,
    maker: Maker,
    reports: Path = REPORTS,
    *,
    force: bool = False,
    notebooks: Path = NOTEBOOKS,
    on_end: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Make the reports of a batch and rewrite the index.

    Parameters
    ----------
    maker
        Where: :func:`clusterstudy.runs.local.local` or
        :func:`clusterstudy.runs.remote.connected`.
    force
        Make also the reports that are unchanged.
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
    with locked(reports), ThreadPoolExecutor(maker.slots) as pool:
        folders.recover(reports)

        def settle(run: Run) -> Outcome:
            identity = batch.identity(run, notebooks)
            report = folders.report(reports, run.study, run.id)
            if force or differences(report, identity):
                return maker.make(run, identity, reports, notebooks)
            confirm(report)
            return Outcome(run, report, seconds=0.0, unchanged=True)

        futures = {at: pool.submit(settle, batch.runs[at]) for at in _spread(batch.runs)}
        waiting = set(futures.values())
        try:
            for future in as_completed(futures.values()):
                waiting.remove(future)
                on_end(future.result())
        except BaseException:
            _stop(pool, waiting, maker)
            raise
        finally:
            write_index(reports)
        return [futures[at].result() for at in range(len(futures))]


def reasons(name: str, reports: Path = REPORTS, notebooks: Path = NOTEBOOKS) -> list[str]:
    """Return why the run ``STUDY/RUN`` would be made again, or that its report is unchanged.

    Raises
    ------
    UserError
        If there is no such study, or it has no such run.
    """
    study, _, wanted = name.rpartition("/")
    batch = prepare([study], reports)
    runs = {run.id: run for run in batch.runs}
    run = runs.get(wanted) or _overridden(wanted, batch.runs, reports)
    if run is None:
        raise unknown("run", wanted, runs, where=study)
    found = differences(folders.report(reports, run.study, run.id), batch.identity(run, notebooks))
    return found or ["unchanged"]


def write_index(reports: Path = REPORTS) -> Path:
    """Write index.html from the manifests that lie under ``reports``, and return its path.

    A manifest that cannot be read is left out, with a line that names it.
    """
    from clusterstudy.report import index

    manifests = []
    for path in folders.manifests(reports):
        try:
            manifests.append(manifest.read(path))
        except ValueError as error:
            logger.warning("%s: left out of the index: %s. Make the report again", path, error)
    folders.write_whole(reports / "index.html", index.render(manifests))
    return reports / "index.html"


def _with_earlier(run: Run, reports: Path) -> Run:
    """Return a run that names the earlier report it is compared with by that report's folder."""
    named = getattr(run.parameters, "previous", "")
    if not named:
        return run
    folder = finished(named, reports).resolve()
    if folder == folders.report(reports, run.study, run.id).resolve():
        raise UserError(
            "a report cannot be compared with itself",
            where=f"{run.study}/{run.id}: previous: {named}",
            mend="Name a copy of the earlier report, or give this run a label",
        )
    located = run.parameters.model_copy(update={"previous": shown(folder)})
    return replace(run, parameters=located)


def _made(run: Run) -> str | None:
    """Return when the earlier report was made that a run is compared with, if there is one."""
    named = getattr(run.parameters, "previous", "")
    return manifest.read(finished(named) / MANIFEST)["finished"] if named else None


def _overridden(wanted: str, runs: Sequence[Run], reports: Path) -> Run | None:
    """Return a run made with ``--set`` or ``--lang``, with the parameters its report names."""
    for run in runs:
        kept = folders.report(reports, run.study, wanted) / MANIFEST
        about = manifest.read(kept) if kept.is_file() else {}
        if about.get("notebook") == run.notebook:
            parameters = validated(type(run.parameters), about["parameters"], where=str(kept))
            return replace(
                run,
                id=wanted,
                parameters=parameters,
                cluster_name=about["cluster_name"],
                outcome_name=about["outcome_name"],
            )
    return None


def _spread(runs: Sequence[Run]) -> list[int]:
    """Return an order of runs, by their indices, in which each notebook's first come before others.

    What a notebook's reports share is then made by one of them, not by several at once.
    """
    first = {(run.study, run.notebook): at for at, run in reversed([*enumerate(runs)])}
    leading = sorted(first.values())
    return leading + [at for at in range(len(runs)) if at not in leading]


def _stop(pool: ThreadPoolExecutor, futures: Collection[Future[Outcome]], maker: Maker) -> None:
    """End runs that are not wanted any more; what was killed is no failure of the notebook."""
    pool.shutdown(wait=False, cancel_futures=True)
    while not all(future.done() for future in futures):
        maker.give_up()  # again and again: a run may be just about to start its kernel
        time.sleep(0.1)
    for future in futures:
        if not future.cancelled() and not future.exception() and future.result().failure:
            shutil.rmtree(future.result().folder)


def _name(name: str, data: Dataset) -> str:
    """Return a data set's name as it can be found from any folder."""
    return name if name in BUILT_IN or is_url(name) else shown(data.folder.resolve())
