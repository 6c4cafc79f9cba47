"""Refuse what the machine's memory cannot hold, before it is tried."""

from __future__ import annotations

import os

from clusterstudy.errors import UserError

GIB = 2**30
SHARE = 0.5  # of the memory that one task may take; other runs and programs have the rest


def refuse_too_large(needed: float, what: str, *, where: str = "", mend: str = "") -> None:
    """Raise a UserError where the machine's memory is known and its share less than is needed.

    Parameters
    ----------
    needed
        Bytes.
    what
        What needs them, as the subject of a sentence.
    """
    if not hasattr(os, "sysconf"):  # as on Windows
        return
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > SHARE * machine:
        raise UserError(
            f"{what} needs some {needed / GIB:.0f} GiB, and this machine has {machine / GIB:.0f}, "
            f"of which a task may take {SHARE:.0%}",
            where=where,
            mend=mend,
        )
