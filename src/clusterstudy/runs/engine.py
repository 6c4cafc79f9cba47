"""Papermill's own way to execute a notebook, but that it writes nothing and ends at once.

What has been executed is in memory, also of a notebook whose cell fails or whose kernel dies. A
kernel that has executed all cells has nothing left to do and is ended without being asked. Cells
may have to wait for their turn while the kernel is ready. Importing this module registers the
engine.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

if TYPE_CHECKING:
    from nbformat import NotebookNode

ENGINE = "clusterstudy"


class Brief(NBClientEngine):
    """Executes through nbclient, writes nothing and does not wait for the kernel's end."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        turn: AbstractContextManager[Any],
        on_start: Callable[[NotebookNode], None],
        **kwargs: Any,
    ) -> None:
        """Execute all cells.

        Parameters
        ----------
        turn
            Entered when the kernel is ready, left when it has ended.
        on_start
            Called with the notebook that will hold all that is executed.
        """
        on_start(nb_man.nb)
        with ExitStack() as held:
            super().execute_managed_notebook(
                nb_man,
                kernel_name,
                shutdown_kernel="immediate",
                on_notebook_start=lambda notebook: held.enter_context(turn),
                **kwargs,
            )


papermill_engines.register(ENGINE, Brief)
