"""Make reports on this machine."""

from __future__ import annotations

from collections.abc import Iterator
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
def local(workers: int, *, warm: bool = True) -> Iterator[Local]:
    """Make reports here, by kernels forked from a process with all imports done where ``warm``."""
    with installed(workers, warm=warm):
        yield Local(workers)
