"""Batches on a real Dask scheduler with real worker processes, some of which are killed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clusterstudy.errors import UserError
from clusterstudy.runs import manifest, remote

pytestmark = pytest.mark.slow

HOLD = "  - {{notebook: hello, set: {{mode: 'hold {gate}'}}, sweep: {{cluster: [programme]}}}}\n"


class Workers:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder: Path, until: Callable) -> None:
        self.folder, self.file = folder, folder / "scheduler.json"
        self.until = until
        self.processes = [
            self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        ]
        self.of_address: dict[str, subprocess.Popen] = {}
        self.until(self.file.exists)
        self.address = json.loads(self.file.read_text())["address"]

    def add(self, count: int) -> None:
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            for _ in range(count):
                known = set(client.nthreads())
                worker = self._start(
                    "worker",
                    "--no-nanny",
                    "--nthreads",
                    "1",
                    "--no-dashboard",
                    "--host",
                    "127.0.0.1",
                )
                self.processes.append(worker)
                self.until(lambda known=known: set(client.nthreads()) - known)
                [address] = set(client.nthreads()) - known
                self.of_address[address] = worker

    def kill_the_maker_of(self, run: str) -> str:
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            processing = client.processing()
        [address] = [
            worker for worker, keys in processing.items() if any(key.endswith(run) for key in keys)
        ]
        self.of_address.pop(address).kill()
        return address

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def _start(self, what: str, *options: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", what, "--scheduler-file", str(self.file), *options]
        return subprocess.Popen(command, cwd=self.folder, stderr=(self.folder / "log").open("a"))


@pytest.fixture
def workers(tmp_path_factory, until) -> Iterator[Workers]:
    started = Workers(tmp_path_factory.mktemp("dask"), until)
    yield started
    started.stop()


@contextmanager
def beside(action: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=action)
    thread.start()
    yield
    thread.join()


def test_a_run_whose_worker_is_killed_is_made_by_another_and_named(project, run, workers, until):
    gate = project / "gate"
    workers.add(2)
    killed = []

    def kill_once() -> None:
        until(gate.with_suffix(".begun").exists)
        killed.append(workers.kill_the_maker_of("hello--programme"))
        gate.touch()

    with beside(kill_once):
        text = HOLD.format(gate=gate) + "  - {notebook: hello, sweep: {cluster: all}, label: b}\n"
        held, *others = run(text, place=remote.connected(workers.address))
    assert [outcome.failure for outcome in (held, *others)] == [None] * 3
    assert held.lost == tuple(killed)
    for outcome in (held, *others):
        about = manifest.read(outcome.folder / "manifest.json")
        assert about["outputs"] == manifest.outputs(outcome.folder)
        assert {"report.html", "notebook.ipynb", "tables/draws.csv"} == set(about["outputs"])
        assert not any(address in json.dumps(about) for address in killed)
    here = run(text, place=None, force=True)
    for there, local in zip((held, *others), here, strict=True):
        assert there.folder == local.folder
    [unchanged, *_] = run(text)
    assert unchanged.unchanged


def test_a_run_that_kills_every_worker_is_tried_three_times_and_is_a_failure(
    project, run, workers, until
):
    gate = project / "gate"
    begun = gate.with_suffix(".begun")
    workers.add(4)

    def kill_each() -> None:
        for count in (1, 2, 3):
            until(lambda count=count: begun.exists() and len(begun.read_text()) >= count)
            workers.kill_the_maker_of("hello--programme")

    with beside(kill_each):
        [failed] = run(HOLD.format(gate=gate), place=remote.connected(workers.address))
    assert failed.failure.error.startswith("lost with its worker 3 times")
    assert len(set(failed.lost)) == 3
    assert manifest.read(failed.folder / "manifest.json")["status"] == "failed"
    assert not (project / "reports" / "mine" / failed.run.id).exists()


def test_a_worker_with_other_code_or_data_makes_no_report(project, run, workers, monkeypatch):
    workers.add(1)
    there = manifest.environment()
    monkeypatch.setattr(manifest, "environment", lambda: there | {"lock_sha256": "another"})
    [failed] = run("  - {notebook: hello}\n", place=remote.connected(workers.address))
    assert "differs from this machine: lock_sha256" in failed.failure.error


def test_an_address_where_no_scheduler_answers_is_told(monkeypatch):
    monkeypatch.setattr(remote, "PATIENCE", 1)
    with (
        pytest.raises(UserError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"),
        remote.connected("tcp://127.0.0.1:9"),
    ):
        pass
