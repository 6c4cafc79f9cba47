"""How Jupyter gets a kernel here: forked from a process with all imports done, or started plainly.

Jupyter's own extension point: the entry point ``clusterstudy`` of the group
``jupyter_client.kernel_provisioners``, named by the kernel's specification. Papermill and
JupyterLab use it unchanged. Where a process cannot be forked, and for what a server cannot do, the
kernel is started as any other.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from weakref import WeakSet

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Bool

CAN_FORK = sys.platform == "linux" and hasattr(os, "pidfd_open")
PLAIN_COMMAND = [sys.executable, "-m", "ipykernel_launcher"]
SOURCE = Path(__file__).resolve().parents[1]

running: WeakSet[Provisioner] = WeakSet()


class Provisioner(LocalProvisioner):
    """Launches a kernel, forked where ``warm`` is set and the machine can."""

    warm = Bool(True, config=True, help="Fork kernels from a process with all imports done.")

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Launch a kernel with a command and return how to connect to it."""
        running.add(self)
        if self.warm and CAN_FORK and cmd[:3] == PLAIN_COMMAND:
            try:
                forked = await asyncio.to_thread(_fork, cmd[3:], kwargs["env"], kwargs["cwd"])
            except OSError:
                self.log.warning("The fork server does not answer: starting the kernel plainly.")
            else:
                self.process, self.pid, self.pgid = cast(Any, forked), forked.pid, forked.pid
                self.cwd = kwargs["cwd"]
                return self.connection_info
        return await super().launch_kernel(cmd, **kwargs)


def kill_running() -> None:
    """Kill every kernel that this process has launched and not seen end."""
    for provisioner in list(running):
        if provisioner.process:
            provisioner.process.kill()


class Forked:
    """A process forked by the server, as ``subprocess.Popen`` shows one; held by its pidfd."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid, self._pidfd = pid, pidfd

    def __del__(self) -> None:
        os.close(self._pidfd)

    def poll(self) -> int | None:
        """Return None while the process lives, then 0: only its parent learns the status."""
        return 0 if select.select([self._pidfd], [], [], 0)[0] else None

    def wait(self) -> int:
        """Wait until the process has ended."""
        select.select([self._pidfd], [], [])
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, and to no other that has got its number since it ended."""
        with suppress(ProcessLookupError):  # it has ended, as ``Popen`` takes it too
            signal.pidfd_send_signal(self._pidfd, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)


class _Server:
    """A fork server of this process, for one state of the package's source."""

    def __init__(self, env: Mapping[str, str], source: int) -> None:
        self.source = source
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            subprocess.Popen(
                [sys.executable, "-m", "clusterstudy.runs.forkserver", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=env,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def fork(self, arguments: list[str], env: Mapping[str, str], cwd: str) -> Forked:
        request = {"arguments": arguments, "env": dict(env), "cwd": str(cwd)}
        self._socket.send(json.dumps(request).encode())
        pid, fds, _, _ = socket.recv_fds(self._socket, 32, 1)
        if not fds:
            raise ConnectionError("the fork server has ended")
        return Forked(int(pid), fds[0])

    def close(self) -> None:
        self._socket.close()


_server: _Server | None = None
_serving = threading.Lock()


def prepare(env: Mapping[str, str]) -> None:
    """Start the server, where there can be one: it loads while other work is done."""
    with _serving:
        if CAN_FORK:
            _current(env)


def _fork(arguments: list[str], env: Mapping[str, str], cwd: str) -> Forked:
    """Return a new kernel of the server that has imported the source as it is now."""
    global _server
    with _serving:
        server = _current(env)
        try:
            return server.fork(arguments, env, cwd)
        except OSError:
            server.close()
            _server = None
            raise


def _current(env: Mapping[str, str]) -> _Server:
    """Return the server that has the source as it is now, the one there is or a new one."""
    global _server
    source = _source_state()
    if _server is None or _server.source != source:
        if _server:
            _server.close()
        _server = _Server(env, source)
    return _server


def _source_state() -> int:
    files = (path.stat() for path in SOURCE.rglob("*.py"))
    return hash(tuple(sorted((file.st_ino, file.st_size, file.st_mtime_ns) for file in files)))
