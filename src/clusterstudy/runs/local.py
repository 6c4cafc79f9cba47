"""Make reports on this machine."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Semaphore
from typing import TYPE_CHECKING, Any

from clusterstudy.runs.kernels import environment, installed
from clusterstudy.runs.provisioner import kill_running, prepare

if TYPE_CHECKING:
    from clusterstudy.runs.make import Outcome
    from clusterstudy.runs.plan import Run


class Local:
    """This machine, with the cells of ``workers`` runs at work side by side.

    One more run is under way: while its kernel starts or its page is made, no core is idle.
    """

    def __init__(self, workers: int) -> None:
        self.slots = workers + 1
        self._turns = Semaphore(workers)

    def make(
        self, run: Run, identity: Mapping[str, Any], reports: Path, notebooks: Path
    ) -> Outcome:
        """Make one report, its cells in their turn."""
        from clusterstudy.runs.make import make

        return make(run, identity, reports, notebooks, self._turns)

    give_up = staticmethod(kill_running)


def warm_up(workers: int) -> None:
    """Begin to load what kernels need, so that :func:`local` has it when other work is done."""
    prepare({**os.environ, **environment(workers)})


@contextmanager
def local(workers: int, *, warm: bool = True, data: Collection[str] = ()) -> Iterator[Local]:
    """Make reports here.

    Where ``warm``, by kernels forked from a process with all imports done and the small tables of
    ``data`` read.
    """
    with installed(workers, warm=warm, data=data):
        yield Local(workers)
