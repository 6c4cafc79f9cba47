"""A process that has imported what notebooks import, and forks a kernel in a few milliseconds.

``python -m clusterstudy.runs.forkserver FD`` serves the process that started it over the socket
``FD``: a request is JSON with a kernel's arguments, environment and working directory, the answer
is a pidfd of the new process. Every kernel is a fresh process, with its own seed, session and
environment; nothing of one run is left for the next. Linux only.
"""

from __future__ import annotations

import gc
import json
import os
import random
import socket
import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import Any

# The inline backend is only named, not imported: pyplot imported without it would lose every
# figure silently, and the backend must meet the kernel's own shell when it is imported.
BACKEND = "module://matplotlib_inline.backend_inline"
PRELOADED = (
    "IPython.core.magics",
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "babel.messages.pofile",
    "matplotlib.pyplot",
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "scipy.stats",
    "statsmodels.api",
    "pyfixest.estimation",
    "diff_diff",
    "clusterstudy.notebook",
)
LIMIT = 1 << 20  # bytes of a request


def main() -> None:
    """Import, then fork kernels until the starting process closes its end or is gone."""
    os.environ["MPLBACKEND"] = BACKEND
    for module in PRELOADED:
        with suppress(ModuleNotFoundError):  # of an extra that is not installed
            import_module(module)
    gc.freeze()  # shared pages stay shared: the collector does not write to them
    request = serve(socket.socket(fileno=int(sys.argv[1])))
    if request is not None:
        become_kernel(request)


def serve(requests: socket.socket) -> dict[str, Any] | None:
    """Answer requests; return in a new kernel with its request, and in the server when done."""
    starter, kernels = os.getppid(), set[int]()
    while content := requests.recv(LIMIT):
        if (kernel := os.fork()) == 0:
            requests.close()
            return dict(json.loads(content))
        kernels.add(kernel)
        pidfd = os.pidfd_open(kernel)
        socket.send_fds(requests, [str(kernel).encode()], [pidfd])
        os.close(pidfd)
        reap(kernels)
    while kernels and os.getppid() == starter:  # kernels end by themselves when this process does
        time.sleep(1)
        reap(kernels)
    return None


def reap(kernels: set[int]) -> None:
    """Take note of the kernels that have ended."""
    for kernel in list(kernels):
        if os.waitpid(kernel, os.WNOHANG) != (0, 0):
            kernels.remove(kernel)


def become_kernel(request: dict[str, Any]) -> None:
    """Turn this forked process into the kernel that was asked for, and run it to its end."""
    import numpy as np
    from ipykernel.kernelapp import IPKernelApp

    os.setsid()
    os.environ.clear()
    os.environ.update(request["env"] | {"MPLBACKEND": BACKEND})
    os.chdir(request["cwd"])
    random.seed()
    np.random.seed()
    sys.argv = ["ipykernel_launcher", *request["arguments"]]
    IPKernelApp.launch_instance(request["arguments"], parent_handle=os.getppid())


if __name__ == "__main__":
    main()
