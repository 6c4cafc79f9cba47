"""Batches with real Papermill and real kernels, on tiny notebooks of their own."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from pydantic import Field

from clusterstudy import params
from clusterstudy.errors import UserError
from clusterstudy.runs import batch, folders, make, manifest
from clusterstudy.runs.lock import locked

pytest.importorskip("clusterstudy.report.html", reason="the report page is not written yet")

HELLO = """
import numpy as np, pandas as pd
from pathlib import Path
if mode == "raise":
    raise ValueError("no such luck\\nsecond line")
if mode == "mistake":
    from clusterstudy.errors import UserError
    raise UserError("the table firms is missing", where="data", mend="Add firms.csv")
if mode == "kill":
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
draws = pd.DataFrame({"draw": np.random.default_rng(seed).normal(size=3), "cluster": cluster})
print(draws)
(Path(output) / "tables").mkdir()
draws.to_csv(Path(output) / "tables" / "draws.csv", index=False)
"""


class HelloParameters(params.NotebookParameters):
    """A notebook of the tests."""

    mode: str = Field("plain", description="What happens")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with data, one notebook and a way to run studies in it."""
    monkeypatch.setitem(params.NOTEBOOKS, "hello", HelloParameters)
    cells = [
        nbformat.v4.new_markdown_cell("# Hello"),
        nbformat.v4.new_code_cell(
            params.parameters_cell(HelloParameters), metadata={"tags": ["parameters"]}
        ),
        nbformat.v4.new_code_cell("greeting = 'hello'"),
        nbformat.v4.new_code_cell(HELLO),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    language = {"name": "python"}
    node = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": kernel, "language_info": language}
    )
    for folder in ("notebooks", "data"):
        (tmp_path / folder).mkdir()
    nbformat.write(node, tmp_path / "notebooks" / "hello.ipynb")
    clusters = pd.DataFrame(
        {
            "cluster_id": ["K01", "K02"],
            "name": ["One", "Two"],
            "field": ["Water", "Wind"],
            "region": ["midtjylland", "other"],
            "designated_from": ["2025-01-01"] * 2,
            "designated_to": ["2028-12-31"] * 2,
        }
    )
    clusters.to_csv(tmp_path / "data" / "clusters.csv", index=False)
    return tmp_path


def run(project: Path, text: str, *, workers: int = 1, **settings: str):
    study = project / "mine.yml"
    study.write_text(f"title: Mine\ndata: {project / 'data'}\nruns:\n{text}", encoding="utf-8")
    prepared = batch.prepare([str(study)], project / "reports", settings=settings)
    return batch.carry_out(
        prepared, project / "reports", workers=workers, notebooks=project / "notebooks"
    )


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


ALL_CLUSTERS = "  - {notebook: hello, sweep: {cluster: all}}\n"


def test_two_workers_make_whole_reports_that_say_what_made_them(project):
    outcomes = run(project, ALL_CLUSTERS, workers=2, seed="7")
    assert [outcome.run.id for outcome in outcomes] == [
        "hello--programme",
        "hello--K01",
        "hello--K02",
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
        assert set(about["quality"]["fingerprint"]) == {"clusters", "impact_model"}
        assert about["quality"]["status"] in ("ok", "warning")
        assert about["packages"]["papermill"]
        assert about["outputs"] == manifest.outputs(outcome.folder)
        assert folders.STAGING not in (outcome.folder / "notebook.ipynb").read_text()
    assert "hello--K02" in (project / "reports" / "index.html").read_text(encoding="utf-8")
    assert not list((project / "reports").glob(f"*/{folders.STAGING}/*"))


def test_the_same_run_twice_gives_the_same_tables_byte_for_byte(project):
    [first] = run(project, "  - {notebook: hello}\n")
    before = (first.folder / "tables" / "draws.csv").read_bytes()
    [second] = run(project, "  - {notebook: hello}\n")
    assert (second.folder / "tables" / "draws.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("raise", "ValueError: no such luck"),
        ("mistake", "data: the table firms is missing. Add firms.csv"),
        ("kill", "the kernel died; the machine may have run out of memory"),
    ],
)
def test_a_failing_notebook_stops_no_other_and_says_where(project, mode, error):
    text = f"  - {{notebook: hello, sweep: {{mode: [{mode}, plain]}}}}\n"
    failed, good = run(project, text)
    assert good.failure is None
    assert (failed.failure.cell, failed.failure.error) == (4, error)
    assert failed.failure.line == "import numpy as np, pandas as pd"
    assert failed.folder == project / "reports" / "mine" / ".failed" / failed.run.id
    partly = nbformat.read(failed.folder / "notebook.ipynb", as_version=4)
    assert any("greeting" in cell.source and cell.execution_count for cell in partly.cells)
    assert not (project / "reports" / "mine" / failed.run.id).exists()
    assert failed.run.id in (project / "reports" / "index.html").read_text(encoding="utf-8")


def test_a_failure_leaves_the_earlier_report_and_a_success_clears_the_failure(project):
    run(project, "  - {notebook: hello}\n")
    report = project / "reports" / "mine" / "hello"
    before = files(report)
    [failed] = run(project, "  - {notebook: hello}\n", mode="raise")
    assert failed.failure
    assert files(report) == before
    run(project, "  - {notebook: hello}\n")
    assert not failed.folder.exists()


def test_a_crash_before_the_last_step_leaves_the_earlier_report(project, monkeypatch):
    run(project, "  - {notebook: hello}\n")
    report = project / "reports" / "mine" / "hello"
    before = files(report)
    with monkeypatch.context() as patch:
        patch.setattr(make.manifest, "write", lambda *_: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            run(project, "  - {notebook: hello}\n")
    assert files(report) == before
    run(project, "  - {notebook: hello}\n")
    assert not list((project / "reports").glob(f"*/{folders.STAGING}/*"))


def test_a_batch_killed_between_the_two_renames_is_put_right_by_the_next(tmp_path):
    report = tmp_path / "mine" / "hello"
    old = tmp_path / "mine" / folders.OLD / "hello"
    old.mkdir(parents=True)
    (old / "report.html").write_text("earlier")
    folders.recover(tmp_path)
    assert files(report) == {"report.html": b"earlier"}
    assert not old.parent.exists()


def test_bad_input_is_told_before_anything_is_written(project):
    for text, message in [
        ("  - {notebook: helo}\n", "Did you mean 'hello'"),
        ("  - {notebook: hello, set: {mode: 3}}\n", r"runs\[0\].set.mode: expected text"),
        ("  - {notebook: hello, set: {cluster: K03}}\n", "unknown cluster 'K03'"),
    ]:
        with pytest.raises(UserError, match=message):
            run(project, text)
    assert not (project / "reports").exists()


def hold(folder: Path, held, release) -> None:
    with locked(folder):
        held.set()
        release.wait(60)


def test_two_batches_do_not_write_to_one_folder_and_a_dead_one_holds_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path, held, release))
    other.start()
    assert held.wait(60)
    with pytest.raises(UserError, match=rf"another batch is writing here \(process {other.pid} "):
        locked(tmp_path).__enter__()
    other.kill()
    other.join()
    with locked(tmp_path):
        assert str(os.getpid()) in (tmp_path / ".lock").read_text()
