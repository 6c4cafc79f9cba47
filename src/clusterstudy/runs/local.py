"""Make reports on this machine."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from clusterstudy.runs.kernels import installed
from clusterstudy.runs.make import make
from clusterstudy.runs.provisioner import kill_running


class Local:
    """This machine, with ``slots`` runs side by side."""

    def __init__(self, slots: int) -> None:
        self.slots = slots

    make = staticmethod(make)
    give_up = staticmethod(kill_running)


@contextmanager
def local(workers: int, *, warm: bool = True, data: Collection[str] = ()) -> Iterator[Local]:
    """Make reports here.

    Where ``warm``, by kernels forked from a process with all imports done and the small tables of
    ``data`` read.
    """
    with installed(workers, warm=warm, data=data):
        yield Local(workers)
