"""One batch at a time in a reports folder.

The operating system holds the lock and lets go of it when the process ends, however it ends: a
batch that was killed leaves nothing to clear away.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from clusterstudy.errors import UserError

NAME = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold ``folder`` (made where it is missing) for this process.

    Raises
    ------
    UserError
        If another batch holds it; the message names its process and when it began.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("a+", encoding="utf-8") as file:
        try:
            _hold(file)
        except OSError:
            file.seek(0)
            raise UserError(
                f"another batch is writing here ({file.read().strip() or 'unknown process'})",
                where=str(folder),
                mend="Wait for it, or name another folder with --reports",
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} since {datetime.now():%Y-%m-%d %H:%M:%S}\n")
        file.flush()
        yield


if sys.platform == "win32":
    import msvcrt

    FAR = 1 << 30  # a locked byte cannot be read, so lock one beyond the text

    def _hold(file: IO[str]) -> None:
        file.seek(FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _hold(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
