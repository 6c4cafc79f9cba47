"""A process that has imported what notebooks import, and forks a kernel in a few milliseconds.

``python -m clusterstudy.runs.forkserver FD`` serves the process that started it over the socket
``FD``: a request is JSON with a kernel's arguments, environment and working directory, the answer
is a pidfd of the new process. Data that the environment names are read before the first fork.
Every kernel is a fresh process, with its own seed, session and environment; nothing of one run is
left for the next. Linux only.
"""

from __future__ import annotations

import ast
import gc
import json
import os
import random
import socket
import sys
import time
from contextlib import suppress
from functools import cache
from importlib import import_module
from types import CodeType
from typing import Any

from clusterstudy.errors import UserError
from clusterstudy.paths import NOTEBOOKS
from clusterstudy.runs.kernels import DATA_READ
from clusterstudy.sources import open_dataset

# The inline backend is only named, not imported: pyplot imported without it would lose every
# figure silently, and the backend must meet the kernel's own shell when it is imported.
BACKEND = "module://matplotlib_inline.backend_inline"
PRELOADED = (  # beside what notebooks import: what a kernel, or a module where it needs it, imports
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.magics",
    "IPython.core.oinspect",
    "IPython.core.pylabtools",
    "IPython.extensions.storemagic",
    "ipykernel.debugger",
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "tornado.platform.asyncio",
    "SALib.analyze.sobol",
    "SALib.sample.sobol",
    "clusterstudy.demo",
    "clusterstudy.report.page",
    "matplotlib.pyplot",
    "networkx",
    "pandas.io.formats.csvs",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "scipy.stats",
    "sqlite3",
    "statsmodels.api",
)
LIMIT = 1 << 20  # bytes of a request


def main() -> None:
    """Load, then fork kernels until the starting process closes its end or is gone."""
    load()
    request = serve(socket.socket(fileno=int(sys.argv[1])))
    if request is not None:
        become_kernel(request)


def load() -> None:
    """Import what kernels and notebooks import."""
    os.environ["MPLBACKEND"] = BACKEND
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # as ipykernel sets it for its debugger
    for module in PRELOADED:
        with suppress(ModuleNotFoundError):  # of an extra that is not installed
            import_module(module)
    for notebook in NOTEBOOKS.glob("*.ipynb"):
        with suppress(Exception):  # the kernel says it better, in its cell
            exec(imports(json.loads(notebook.read_text(encoding="utf-8"))), {})
    draw()


@cache
def read(data: str) -> None:
    """Read the small tables of a data set, which then are read for all kernels."""
    with suppress(UserError, OSError):  # the kernel says it better, in its cell
        open_dataset(data, refresh=False).read_small()


def imports(notebook: dict[str, Any]) -> CodeType:
    """Return the imports that stand in a notebook's cells, as code."""
    cells = (cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    parsed = ast.parse("\n".join("".join(cell["source"]) for cell in cells))
    found = [node for node in parsed.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return compile(ast.Module([*found], []), "<imports>", "exec")


def draw() -> None:
    """Draw a figure in Danish: this finds fonts, and reads the catalogue and the locale."""
    from matplotlib.figure import Figure

    from clusterstudy.report import drawing, language, numbers, theme

    language.use("da")
    theme.use()
    figure = Figure(layout="constrained")
    axes = figure.add_subplot(title=language._("Figure"))
    theme.numbers_on(axes.xaxis, numbers.percent, scale=100)
    drawing.drawn(figure)


def serve(requests: socket.socket) -> dict[str, Any] | None:
    """Answer requests; return in a new kernel with its request, and in the server when done."""
    starter, kernels = os.getppid(), set[int]()
    while content := requests.recv(LIMIT):
        request = dict(json.loads(content))
        for data in json.loads(request["env"].get(DATA_READ, "[]")):
            read(data)
        gc.freeze()  # shared pages stay shared: the collector does not write to them
        if (kernel := os.fork()) == 0:
            requests.close()
            return request
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
