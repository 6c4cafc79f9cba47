"""Refuse what the machine's memory cannot hold, before it is tried."""

from __future__ import annotations

import os

from clusterstudy.errors import NoEstimateError

GIB = 2**30
SHARE = 0.5  # of the memory that one task may take; other runs and programs have the rest


def refuse_too_large(
    needed: float, rows: int, columns: int, *, where: str = "", mend: str = ""
) -> None:
    """Raise a NoEstimateError where the machine's memory is known and its share less than needed.

    Parameters
    ----------
    needed
        Bytes.
    rows, columns
        Of the table that needs them.
    """
    if not hasattr(os, "sysconf"):  # as on Windows
        return
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > SHARE * machine:
        raise NoEstimateError(
            "a table of {rows} rows and {columns} columns needs some {needed} GiB to be computed"
            " with, and this machine has {machine}, of which a task may take {share} %",
            where=where,
            mend=mend,
            rows=rows,
            columns=columns,
            needed=round(needed / GIB),
            machine=round(machine / GIB),
            share=round(100 * SHARE),
        )
