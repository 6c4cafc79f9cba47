"""The kernel that runs use: this very Python, quiet, offline and with a bounded number of threads.

Its specification lies in a folder of the batch's own and is found through JUPYTER_PATH, so nothing
is installed anywhere, and a kernel ``python3`` that belongs to another Python is never taken.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traitlets.config import Config

KERNEL = "clusterstudy"
DATA_READ = "CLUSTERSTUDY_DATA_READ"  # names of data sets that the fork server reads


@contextmanager
def installed(workers: int, *, warm: bool = True, data: Collection[str] = ()) -> Iterator[None]:
    """Let Jupyter find the kernel ``clusterstudy`` while ``workers`` run side by side.

    ``warm`` forks kernels from a process with all imports done and the small tables of ``data``
    read, where the machine can.
    """
    before = os.environ.get("JUPYTER_PATH")
    with tempfile.TemporaryDirectory(prefix="clusterstudy-") as folder:
        path = Path(folder) / "kernels" / KERNEL / "kernel.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(specification(workers, warm, data)), encoding="utf-8")
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [folder, before]))
        try:
            yield
        finally:
            os.environ.pop("JUPYTER_PATH")
            if before is not None:
                os.environ["JUPYTER_PATH"] = before


def specification(workers: int, warm: bool, data: Collection[str]) -> dict[str, object]:
    """Return the kernel's ``kernel.json`` for ``workers`` kernels on this machine."""
    quiet = "--log-level=CRITICAL"  # what went wrong in a cell is in the notebook
    return {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", quiet],
        "display_name": "clusterstudy",
        "language": "python",
        "env": {**environment(workers), DATA_READ: json.dumps([*data])},
        "metadata": {
            "supported_encryption": ["curve"],
            "kernel_provisioner": {"provisioner_name": KERNEL, "config": {"warm": warm}},
        },
    }


def encrypted() -> Config:
    """Return the setting by which what runs and kernels say to each other is encrypted.

    Others on the machine could read their loopback ports otherwise.
    """
    import zmq
    from traitlets.config import Config

    policy = "auto" if zmq.has("curve") else "disabled"
    return Config(KernelManager={"transport_encryption": policy})


def environment(workers: int) -> dict[str, str]:
    """Return the environment of a kernel: its share of threads, one hash seed, no telemetry."""
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    limits = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "RAYON")
    return {
        **{f"{library}_NUM_THREADS": threads for library in limits},
        "PYTHONHASHSEED": "0",
        "GX_ANALYTICS_ENABLED": "false",
    }
