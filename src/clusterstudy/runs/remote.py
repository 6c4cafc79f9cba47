"""Make reports on the workers of a Dask cluster.

A worker executes and renders a run in a folder of its own, as this machine would, and sends the
files back; they are held against their manifest and put in their place here. So nothing but the
data has to be shared, and a report still appears whole or not at all. A worker that differs from
this machine in code, packages, declarations or data makes no report. Does not belong here: how
workers are started (docs/CLUSTER.md).
"""

from __future__ import annotations

import io
import os
import tempfile
import threading
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusterstudy.errors import INSTALL, UserError
from clusterstudy.paths import MANIFEST
from clusterstudy.runs import folders, manifest
from clusterstudy.runs.cache import changes
from clusterstudy.runs.kernels import installed
from clusterstudy.runs.make import Built, Outcome, build, settle, unmade
from clusterstudy.runs.plan import Run
from clusterstudy.sources import open_dataset

if TYPE_CHECKING:
    from distributed import Client, Future

ATTEMPTS = 3  # a run that is lost with its worker is tried on others, at most twice
POLL = 1.0  # seconds between looks at how often a run has begun
PATIENCE = 20  # seconds for a scheduler to answer
MUST_AGREE = ("code", "lock_sha256", "python", "packages", "declared", "data")


_for_life = ExitStack()  # of a worker's process
_installing = threading.Lock()


class LostError(Exception):
    """A run was lost with every worker that tried it, or given up."""


class Cluster:
    """The workers of one scheduler, for one batch.

    Parameters
    ----------
    client
        Connected to the scheduler.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._topic = f"clusterstudy-{client.id}"
        self._begun: dict[str, list[str]] = defaultdict(list)
        self._given_up = threading.Event()
        client.subscribe_topic(self._topic, self._note)

    @property
    def slots(self) -> int:
        """How many runs to hand out at once."""
        return max(1, sum(self._client.nthreads().values()))

    def make(
        self, run: Run, identity: Mapping[str, Any], reports: Path, notebooks: Path
    ) -> Outcome:
        """Make the report of ``run`` on a worker, as :func:`clusterstudy.runs.make.make` does here.

        A run that no worker brings to an end is a failed one, and says why.
        """
        notebook = notebooks / f"{run.notebook}.ipynb"
        staged = folders.stage(reports, run.study, run.id)
        key = f"{self._topic}/{run.study}/{run.id}"
        task = (self._topic, key, notebook.name, notebook.read_bytes(), identity)
        future = self._client.submit(_at_worker, *task, key=key, pure=False)
        begun = self._begun[key]
        try:
            built, packed = self._result(future, begun)
            _unpack(packed, staged)
            lost = begun[:-1]
        except LostError as error:
            built, lost = unmade(notebook, identity, staged, str(error)), begun
        finally:
            future.release()
        return settle(run, staged, built, tuple(lost))

    def give_up(self) -> None:
        """End the runs that are not wanted any more."""
        self._given_up.set()

    def _result(self, future: Future, begun: list[str]) -> tuple[Built, bytes]:
        """Wait for a run, as long as it has not begun too often."""
        from distributed import KilledWorker

        while True:
            try:
                built, packed = future.result(timeout=POLL)
                return built, packed
            except TimeoutError:
                if self._given_up.is_set():
                    future.cancel(force=True)
                    raise LostError("given up") from None
                if len(begun) <= ATTEMPTS:
                    continue
                future.cancel(force=True)
                del begun[ATTEMPTS:]
            except KilledWorker:
                pass
            raise LostError(
                f"lost with its worker {len(begun)} times; a worker may have too little memory"
            )

    def _note(self, event: tuple[object, Mapping[str, str]]) -> None:
        self._begun[event[1]["key"]].append(event[1]["worker"])


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """Connect to the scheduler at ``address`` for one batch.

    Raises
    ------
    UserError
        If the extra ``cluster`` is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise UserError(
            "the package distributed is not installed",
            where="--dask",
            mend=INSTALL,
        ) from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(
            f"no Dask scheduler answers at {address} ({type(error).__name__})",
            where="--dask",
            mend="Start one, or give its address as it shows it, for example tcp://host:8786",
        ) from None
    with client:
        yield Cluster(client)


def _at_worker(
    topic: str, key: str, name: str, source: bytes, identity: Mapping[str, Any]
) -> tuple[Built, bytes]:
    """Build a report on a worker and return it packed."""
    from distributed import get_worker

    worker = get_worker()
    worker.log_event(topic, {"key": key, "worker": worker.address})
    with tempfile.TemporaryDirectory(dir=worker.local_directory) as folder:
        notebook, staged = Path(folder) / name, Path(folder) / "report"
        notebook.write_bytes(source)
        staged.mkdir()
        differing = _differing(identity)
        if differing:
            error = f"the worker {worker.address} differs from this machine: {differing[0]}"
            built = unmade(notebook, identity, staged, error)
        else:
            with _installing:
                _install_kernel()
            built = build(notebook, identity, staged, turn=nullcontext())
        return built, _packed(staged)


@cache
def _install_kernel() -> None:
    """Let this worker's Jupyter find the kernel, with one thread each, until the worker ends."""
    _for_life.enter_context(installed(os.cpu_count() or 1))


def _differing(identity: Mapping[str, Any]) -> list[str]:
    """Return in what this worker would compute from something else than the batch."""
    name = identity["data"]["name"]
    here = {
        **manifest.environment(),
        "declared": manifest.declared(identity["study"]),
        "data": {"name": name, "sha256": open_dataset(name).fingerprint()},
    }
    return changes(*({key: every[key] for key in MUST_AGREE} for every in (identity, here)))


def _packed(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return content.getvalue()


def _unpack(packed: bytes, staged: Path) -> None:
    """Unpack a report into ``staged``, if it is what its manifest says."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(staged)
    if manifest.outputs(staged) != manifest.read(staged / MANIFEST)["outputs"]:
        raise LostError("its files did not come back as they were made")
