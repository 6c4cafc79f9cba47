"""Batches with real Papermill and real kernels, on tiny notebooks of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

from clusterstudy import params
from clusterstudy.errors import UserError
from clusterstudy.runs import batch, folders, make, manifest
from clusterstudy.runs.local import Local, local
from clusterstudy.runs.lock import locked
from clusterstudy.runs.provisioner import CAN_FORK, Forked, running

pytestmark = pytest.mark.slow


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


FAILING = "  - {notebook: hello, set: {mode: raise}}\n"
ALL_CLUSTERS = "  - {notebook: hello, sweep: {cluster: all}}\n"


def test_two_workers_make_whole_reports_that_say_what_made_them(project, run):
    outcomes = run(ALL_CLUSTERS, workers=2, seed="7")
    assert [outcome.run.id for outcome in outcomes] == [
        "hello--programme--seed-7",
        "hello--MI--seed-7",
    ]
    assert not any(outcome.failure for outcome in outcomes)
    for outcome in outcomes:
        assert outcome.folder == project / "reports" / "mine" / outcome.run.id
        assert set(files(outcome.folder)) == {
            "report.html",
            "notebook.ipynb",
            "manifest.json",
            "tables/draws.csv",
        }
        about = manifest.read(outcome.folder / "manifest.json")
        assert about["status"] == "ok"
        assert about["parameters"]["seed"] == 7
        assert about["parameters"]["cluster"] == outcome.run.parameters.cluster
        assert set(about["data"]["sha256"]) > {"firms", "firm_years", "participations"}
        assert about["quality"]["status"] == "ok"
        assert about["packages"]["papermill"]
        assert about["outputs"] == manifest.outputs(outcome.folder)
        assert folders.STAGING not in (outcome.folder / "notebook.ipynb").read_text()
    assert "hello--MI" in (project / "reports" / "index.html").read_text(encoding="utf-8")
    assert not list((project / "reports").glob(f"*/{folders.STAGING}/*"))


def test_the_same_run_twice_gives_the_same_tables_byte_for_byte(project, run):
    [first] = run("  - {notebook: hello}\n")
    before = (first.folder / "tables" / "draws.csv").read_bytes()
    [second] = run("  - {notebook: hello}\n", force=True)
    assert not second.unchanged
    assert (second.folder / "tables" / "draws.csv").read_bytes() == before


def test_forked_kernels_give_what_plain_ones_give(project, run):
    def outcome(warm: bool):
        [ended] = run("  - {notebook: hello, set: {mode: figure}}\n", warm=warm)
        node = nbformat.read(ended.folder / "notebook.ipynb", as_version=4)
        outputs = [cell.outputs for cell in node.cells if cell.cell_type == "code"]
        return outputs, files(ended.folder / "tables")

    cold, warm = outcome(False), outcome(True)
    assert any("image/png" in part.get("data", {}) for part in cold[0][-1])
    assert warm == cold


def test_kernels_forked_from_one_server_share_no_state(project, run):
    text = "  - {notebook: hello, sweep: {mode: [state, plain]}}\n"
    marked, fresh = run(text)
    assert not marked.failure
    assert not fresh.failure
    drawn = [
        nbformat.read(ended.folder / "notebook.ipynb", as_version=4).cells[-1].outputs[0].text
        for ended in (marked, fresh)
    ]
    assert "marked before: no" in drawn[1]
    assert drawn[0].splitlines()[0] != drawn[1].splitlines()[0]  # unseeded draws differ


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("raise", "ValueError: no such luck"),
        ("mistake", "data: the table firms is missing. Add firms.csv"),
        ("kill", "the kernel died; the machine may have run out of memory"),
    ],
)
def test_a_failing_notebook_stops_no_other_and_says_where(project, run, mode, error):
    text = f"  - {{notebook: hello, sweep: {{mode: [{mode}, plain]}}}}\n"
    failed, good = run(text)
    assert good.failure is None
    assert (failed.failure.cell, failed.failure.error) == (4, error)
    assert failed.failure.line == "import numpy as np, pandas as pd"
    assert failed.folder == project / "reports" / "mine" / ".failed" / failed.run.id
    partly = nbformat.read(failed.folder / "notebook.ipynb", as_version=4)
    assert any("greeting" in cell.source and cell.execution_count for cell in partly.cells)
    assert not (project / "reports" / "mine" / failed.run.id).exists()
    assert failed.run.id in (project / "reports" / "index.html").read_text(encoding="utf-8")


def test_a_failure_leaves_the_earlier_report_and_a_success_clears_the_failure(project, run):
    run("  - {notebook: hello}\n")
    report = project / "reports" / "mine" / "hello"
    before = files(report)
    [failed] = run(FAILING)
    assert failed.failure
    assert files(report) == before
    run("  - {notebook: hello}\n")
    assert not failed.folder.exists()


def test_a_crash_before_the_last_step_leaves_the_earlier_report(project, run, monkeypatch):
    run("  - {notebook: hello}\n")
    report = project / "reports" / "mine" / "hello"
    before = files(report)
    with monkeypatch.context() as patch:
        patch.setattr(make.manifest, "write", lambda *_: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            run("  - {notebook: hello}\n", force=True)
    assert files(report) == before
    run("  - {notebook: hello}\n")
    assert not list((project / "reports").glob(f"*/{folders.STAGING}/*"))


def test_a_batch_killed_between_the_two_renames_is_put_right_by_the_next(tmp_path):
    report = tmp_path / "mine" / "hello"
    old = tmp_path / "mine" / folders.OLD / "hello"
    old.mkdir(parents=True)
    (old / "report.html").write_text("earlier")
    folders.recover(tmp_path)
    assert files(report) == {"report.html": b"earlier"}
    assert not old.parent.exists()


@pytest.mark.skipif(not CAN_FORK, reason="kernels are not forked on this system")
def test_a_kernel_that_has_ended_by_itself_can_be_killed():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        kernel = Forked(process.pid, os.pidfd_open(process.pid))
        assert kernel.poll() is None
        kernel.kill()
    assert kernel.poll() == 0
    kernel.kill()


def test_each_notebook_makes_its_first_report_before_any_its_second(project, run, monkeypatch):
    monkeypatch.setitem(params.NOTEBOOKS, "other", params.NOTEBOOKS["hello"])
    shutil.copy(project / "notebooks" / "hello.ipynb", project / "notebooks" / "other.ipynb")
    begun = []

    class Recorder(Local):
        def make(self, run, identity, reports, notebooks):
            begun.append(run.id)
            return super().make(run, identity, reports, notebooks)

    @contextmanager
    def place():
        with local(1):
            yield Recorder(1)

    outcomes = run(ALL_CLUSTERS + ALL_CLUSTERS.replace("hello", "other"), place=place())
    planned = ["hello--programme", "hello--MI", "other--programme", "other--MI"]
    assert [outcome.run.id for outcome in outcomes] == planned
    assert set(begun[:2]) == {"hello--programme", "other--programme"}


def test_a_run_starts_its_kernel_before_its_turn_and_no_cell(project, run, until):
    gates = [project / name for name in ("one", "other")]
    text = "".join(
        f"  - {{notebook: hello, label: {gate.name}, set: {{mode: hold {gate}}}}}\n"
        for gate in gates
    )

    def begun() -> list[Path]:
        return [gate for gate in gates if gate.with_suffix(".begun").exists()]

    def living() -> int:
        """Return how many kernels live; one killed by an earlier test may still be known."""
        processes = [each.process for each in list(running)]
        return sum(process is not None and process.poll() is None for process in processes)

    with ThreadPoolExecutor() as pool:
        ending = pool.submit(run, text, workers=1)
        try:
            until(lambda: begun() and living() == 2)
            time.sleep(1)  # as long as a kernel needs to begin a cell, and more
            (first,) = begun()
            first.touch()
            until(lambda: len(begun()) == 2)
        finally:
            for gate in gates:
                gate.touch()
        assert not any(outcome.failure for outcome in ending.result())


@pytest.mark.parametrize("warm", [True, False])
def test_an_interrupted_batch_ends_its_kernels_and_keeps_what_is_finished(project, run, warm):
    def interrupt(outcome):
        raise KeyboardInterrupt

    text = "  - {notebook: hello, sweep: {mode: [plain, sleep], cluster: all}}\n"
    with pytest.raises(KeyboardInterrupt):
        run(text, workers=2, warm=warm, on_end=interrupt)
    study = project / "reports" / "mine"
    assert list(study.glob("hello--plain--*/report.html"))
    assert not list(study.glob("hello--sleep--*"))
    assert not list(study.glob(".failed/*"))


def test_only_what_changed_is_made_again_and_why_says_what_did(project, run):
    hello, reports = "  - {notebook: hello, sweep: {cluster: all}}\n", project / "reports"
    study, notebooks = str(project / "mine.yml"), project / "notebooks"

    def why() -> list[str]:
        return batch.reasons(f"{study}/hello--MI", reports, notebooks)

    def changes(text=hello, **how) -> list[bool]:
        return [not outcome.unchanged for outcome in run(text, **how)]

    assert changes() == [True, True]
    study_text = (project / "mine.yml").read_text(encoding="utf-8")
    made = files(reports / "mine" / "hello--MI")
    assert why() == ["unchanged"]
    assert changes() == [False, False]
    kept = files(reports / "mine" / "hello--MI")
    assert "confirmed" in json.loads(kept.pop("manifest.json"))
    assert kept.items() <= made.items()
    assert changes(force=True) == [True, True]

    (reports / "mine" / "hello--MI" / "report.html").write_text("changed by hand")
    assert why() == ["files of the report were changed, added or removed"]
    assert changes() == [False, True]

    assert changes(hello.replace("sweep", "set: {seed: 7}, sweep")) == [True, True]
    (project / "mine.yml").write_text(study_text, encoding="utf-8")
    assert why() == ["parameters.seed: 7 -> 2026"]

    notebook = nbformat.read(notebooks / "hello.ipynb", as_version=4)
    notebook.cells[2].outputs = [nbformat.v4.new_output("stream", text="an output")]
    nbformat.write(notebook, notebooks / "hello.ipynb")
    assert len(why()) == 1
    notebook.cells[2].source = "greeting = 'hej'"
    nbformat.write(notebook, notebooks / "hello.ipynb")
    assert [line.split(":")[0] for line in why()] == ["parameters.seed", "notebook_sha256"]


def test_a_report_follows_from_the_earlier_one_it_is_compared_with(project, run):
    plain = "  - {notebook: hello, label: then}\n"
    compared = "  - {notebook: hello, set: {previous: mine/hello--then}}\n"
    with pytest.raises(UserError, match="hello--then: expected a finished report"):
        run(compared)
    run(plain)
    assert [outcome.unchanged for outcome in run(compared)] == [False]
    assert [outcome.unchanged for outcome in run(plain + compared)] == [True, True]
    run(plain, force=True)
    name = f"{project / 'mine.yml'}/hello"
    [why] = batch.reasons(name, project / "reports", project / "notebooks")
    assert why.startswith("previous_made: ")
    with pytest.raises(UserError, match="cannot be compared with itself"):
        run("  - {notebook: hello, set: {previous: mine/hello}}\n")


def test_why_knows_a_run_whose_parameters_were_set_by_hand(project, run):
    run("  - {notebook: hello}\n", seed="7")
    wanted = f"{project / 'mine.yml'}/hello--seed-7"
    assert batch.reasons(wanted, project / "reports", project / "notebooks") == ["unchanged"]
    with pytest.raises(UserError, match="unknown run 'hello--seed-8'"):
        batch.reasons(wanted[:-1] + "8", project / "reports", project / "notebooks")


def test_changed_data_make_every_report_again_and_a_failure_is_never_kept(project, run):
    [failed] = run(FAILING)
    assert failed.failure
    [again] = run(FAILING)
    assert again.failure
    run("  - {notebook: hello}\n")
    measures = project / "data" / "impact_model.csv"
    measures.write_text(measures.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    [made] = run("  - {notebook: hello}\n")
    assert not made.unchanged


def test_bad_input_is_told_before_anything_is_written(project, run):
    for text, message in [
        ("  - {notebook: helo}\n", "Did you mean 'hello'"),
        ("  - {notebook: hello, set: {mode: 3}}\n", r"runs\[0\].set.mode: expected text"),
        ("  - {notebook: hello, set: {cluster: K03}}\n", "unknown cluster 'K03'"),
    ]:
        with pytest.raises(UserError, match=message):
            run(text)
    assert not (project / "reports" / "mine").exists()


def test_data_that_the_gate_refuses_start_nothing(project, run):
    run("  - {notebook: hello}\n")
    before = files(project / "reports" / "mine")
    (project / "data" / "firms.csv").unlink()
    with pytest.raises(ValueError, match="the gate refuses the data"):
        run("  - {notebook: hello}\n")
    assert files(project / "reports" / "mine") == before


HOLD = """
import sys, time
from pathlib import Path
from clusterstudy.runs.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_batches_do_not_write_to_one_folder_and_a_dead_one_holds_nothing(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        message = rf"another batch is writing here \(process {other.pid} "
        with pytest.raises(UserError, match=message), locked(tmp_path):
            pass
        other.kill()
    with locked(tmp_path):
        assert str(os.getpid()) in (tmp_path / ".lock").read_text()
