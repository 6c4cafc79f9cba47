"""Papermill's own way to execute a notebook, but that it writes the file once and ends at once.

Nobody reads a staged notebook before it has ended, and what has been executed is in memory: a
failing cell or a dying kernel leaves the same file. A kernel that has executed all cells has
nothing left to do and is ended without being asked. Cells may have to wait for their turn while the
kernel is ready. Importing this module registers the engine.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

ENGINE = "clusterstudy"


class Brief(NBClientEngine):
    """Executes through nbclient, writes at the end and does not wait for the kernel's."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        turn: AbstractContextManager[Any],
        **kwargs: Any,
    ) -> None:
        """Execute all cells; the manager writes the notebook when this has ended, well or not.

        Parameters
        ----------
        turn
            Entered when the kernel is ready, left when it has ended.
        """
        target, nb_man.output_path = nb_man.output_path, None
        try:
            with ExitStack() as held:
                super().execute_managed_notebook(
                    nb_man,
                    kernel_name,
                    shutdown_kernel="immediate",
                    on_notebook_start=lambda notebook: held.enter_context(turn),
                    **kwargs,
                )
        finally:
            nb_man.output_path = target


papermill_engines.register(ENGINE, Brief)
