"""Execute one run by Papermill in its staging folder, and tell where it failed if it did."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusterstudy.runs.folders import NOTEBOOK
from clusterstudy.runs.kernels import KERNEL, encrypted

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True)
class Failure:
    """Where a notebook stopped: the number of the cell, its first line, and the error's line."""

    cell: int
    line: str
    error: str


def execute(
    notebook: Path,
    parameters: Mapping[str, Any],
    staged: Path,
    turn: AbstractContextManager[Any],
) -> tuple[NotebookNode, Failure | None]:
    """Execute ``notebook`` with its working directory beside it.

    Parameters
    ----------
    parameters
        All of the notebook's parameters but ``output``, which is ``staged``.
    staged
        The folder for the executed notebook, tables and figures.
    turn
        Held while cells are executed; the kernel is started before.

    Returns
    -------
    The notebook as far as it was executed, without this machine's paths, and the failure if a cell
    raised or the kernel died. It is also written to ``staged``.
    """
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from clusterstudy.runs.engine import ENGINE

    started: list[NotebookNode] = []
    failure = None
    try:
        papermill.execute_notebook(
            _no_format(notebook),
            None,
            {**parameters, "output": str(staged)},
            engine_name=ENGINE,
            turn=turn,
            on_start=started.append,
            kernel_name=KERNEL,
            progress_bar=False,
            resources={"metadata": {"path": str(notebook.parent)}},
            config=encrypted(),
        )
    except PapermillExecutionError as error:
        first = error.evalue.splitlines()[0] if error.evalue else ""
        message = first if error.ename == "UserError" else f"{error.ename}: {first}"
        failure = Failure(error.exec_count, _first_line(error.source), message)
    except RuntimeError as error:  # nbclient's, for a kernel that died or never began
        failure = _died(started[0], str(error))
    node = _without_paths(started[0], notebook)
    nbformat.write(node, staged / NOTEBOOK)
    return node, failure


def _no_format(path: Path) -> str:
    """Return a path in which Papermill, which formats paths, replaces nothing."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _died(node: NotebookNode, reason: str) -> Failure:
    code = [cell for cell in node.cells if cell.cell_type == "code"]
    started = [cell for cell in code if cell.metadata.papermill["start_time"]]
    if not started:
        return Failure(0, "", f"the kernel did not start: {reason}")
    error = "the kernel died; the machine may have run out of memory"
    return Failure(len(started), _first_line(started[-1].source), error)


def _first_line(source: str) -> str:
    return next((line for line in source.splitlines() if line.strip()), "")


def _without_paths(node: NotebookNode, notebook: Path) -> NotebookNode:
    """Return the executed notebook as it may travel: its paths are relative, its output unset."""
    about = node.metadata.papermill
    about.update(input_path=notebook.name, output_path=NOTEBOOK)
    about.parameters["output"] = ""
    for cell in node.cells:
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell.source = re.sub(r"^output = .*$", 'output = ""', cell.source, flags=re.MULTILINE)
    return node
