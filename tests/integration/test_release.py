"""What the command line releases of real reports, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from clusterstudy import releasing
from clusterstudy.contract.read import Dataset
from clusterstudy.errors import UserError
from clusterstudy.releasing import release_runs
from clusterstudy.review import pack
from clusterstudy.runs import manifest

pytestmark = pytest.mark.slow
RUN = "mine/hello--programme"
DECLARED = "notebook,output,column,population,relation,parent,holds\n"


@pytest.fixture
def reports(project, run, monkeypatch):
    """A real report with one table, declared, and no exceptions."""
    run("  - {notebook: hello}\n")
    (project / "reports" / "mine" / "hello").rename(project / "reports" / RUN)
    monkeypatch.setattr(releasing, "PARAMS", project)
    monkeypatch.setattr(releasing, "read_outputs", lambda: declared(project))
    table(project, pd.DataFrame({"group": ["light", "project"], "n": [12, 20]}))
    return project / "reports"


def declared(project) -> pd.DataFrame:
    (project / "outputs.csv").write_text(
        DECLARED + "hello,draws,n,{cluster}/{group},none,none,Counts by dose\n"
    )
    from clusterstudy.disclosure.outputs import read_outputs

    return read_outputs(project / "outputs.csv")


def table(project, frame: pd.DataFrame) -> None:
    """Put a table into the report, as if its notebook had shown it."""
    folder = project / "reports" / RUN
    frame.to_csv(folder / "tables" / "draws.csv", index=False)
    frame.to_parquet(folder / "tables" / "draws.parquet")
    about = manifest.read(folder / "manifest.json")
    manifest.write(folder, about | {"outputs": manifest.outputs(folder)})


def test_a_clean_report_leaves_whole_with_its_record(reports, tmp_path):
    folder = release_runs([RUN], reports, tmp_path / "out")
    record = json.loads((folder / "record.json").read_text())
    assert {output["verdict"] for output in record["outputs"]} == {"passed"}
    files = {file: sha for o in record["outputs"] for file, sha in o["sha256"].items()}
    for file, sha in files.items():
        assert manifest.sha256_of(folder / RUN / file) == sha
    assert set(files) == {
        "report.html",
        "notebook.ipynb",
        "manifest.json",
        "tables/draws.csv",
        "tables/draws.parquet",
    }
    assert record["rules"]["min_firms"] == 5
    assert "draws" in (folder / "record.html").read_text()
    assert [path.name for path in (tmp_path / "out").iterdir()] == [folder.name]


@pytest.mark.parametrize(
    ("frame", "rule"),
    [
        ({"group": ["light", "project"], "n": [12, 3]}, "small_cell"),
        ({"group": ["light"], "n": [8], "se": [0.1]}, "degrees_of_freedom"),
        ({"group": ["light"], "n": [80], "max": [7.5]}, "extremes"),
        ({"group": ["light"] * 501, "n": [80] * 501}, "row_level"),
        ({"group": ["10003083"], "n": [80]}, "cvr"),
        ({"group": ["010203-1234"], "n": [80]}, "cpr"),
    ],
)
def test_a_planted_leak_is_refused_and_nothing_is_written(reports, tmp_path, frame, rule):
    table(tmp_path, pd.DataFrame(frame))
    with pytest.raises(UserError, match=f"{RUN}, draws: breaks the rule {rule}"):
        release_runs([RUN], reports, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_exception_is_granted_by_rule_and_recorded(reports, tmp_path):
    table(tmp_path, pd.DataFrame({"group": ["light"], "n": [3]}))
    (tmp_path / "mine.exceptions.csv").write_text(
        "run,output,rule,why,asked_by\nhello*,draws,small_cell,Public record,The evaluator\n"
    )
    folder = release_runs([RUN], reports, tmp_path / "out")
    record = json.loads((folder / "record.json").read_text())
    page = (folder / "record.html").read_text()
    assert "intet antal på én til for få virksomheder (1 i n)" in page
    assert "Færrest virksomheder bag et tal" in page
    [asked] = [o for o in record["outputs"] if o["verdict"] == "exception"]
    assert asked["findings"][0]["exception"]["why"] == "Public record"


def test_no_exception_is_granted_for_a_firms_number(reports, tmp_path):
    (tmp_path / "mine.exceptions.csv").write_text(
        "run,output,rule,why,asked_by\nhello*,draws,cvr,It is known,The evaluator\n"
    )
    with pytest.raises(UserError, match="expected rule to be one of small_cell"):
        release_runs([RUN], reports, tmp_path / "out")


def test_a_number_that_only_participations_name_is_a_firms_too(reports, tmp_path):
    data = tmp_path / "closed"
    data.mkdir()
    (data / "clusters.csv").write_text("cluster_id,cvr\nK01,10000009\n")
    (data / "firms.csv").write_text("cvr\n10000017\n")
    (data / "participations.csv").write_text("cvr,cluster_id\n10003083,K01\n")
    table(tmp_path, pd.DataFrame({"group": ["10003083"], "n": [80]}))
    with pytest.raises(UserError, match=f"{RUN}, draws: breaks the rule cvr"):
        release_runs([RUN], reports, tmp_path / "out", data=Dataset(data))


def test_a_later_report_is_held_against_what_has_left_and_leaves_that_as_it_was(reports, tmp_path):
    out = tmp_path / "out"
    first = release_runs([RUN], reports, out, now=datetime(2026, 1, 1, tzinfo=UTC))
    before = manifest.outputs(first)
    table(tmp_path, pd.DataFrame({"group": ["light", "project"], "n": [12, 22]}))
    with pytest.raises(UserError, match="differencing"):
        release_runs([RUN], reports, out)
    assert manifest.outputs(first) == before
    table(tmp_path, pd.DataFrame({"group": ["light", "project"], "n": [12, 40]}))
    assert release_runs([RUN], reports, out) != first
    assert manifest.outputs(first) == before


def test_a_changed_file_and_an_unknown_report_are_refused(reports, tmp_path):
    (reports / RUN / "report.html").write_text("<p>other</p>")
    with pytest.raises(UserError, match="changed"):
        release_runs([RUN], reports, tmp_path / "out")
    with pytest.raises(UserError, match="unknown report"):
        release_runs(["mine/other"], reports, tmp_path / "out")


def test_reports_on_closed_data_enter_a_review_pack_only_as_they_were_released(reports, tmp_path):
    folder = release_runs([RUN], reports, tmp_path / "out")
    assert pack._released(folder / RUN)
    (folder / RUN / "report.html").write_text("<p>other</p>")
    for name, where in ((RUN, reports), (str(folder / RUN), tmp_path)):
        with pytest.raises(UserError, match="not as a release wrote it"):
            pack.pack(name, tmp_path / "pack.zip", where)
    assert not (tmp_path / "pack.zip").exists()


def test_the_command_line_refuses_what_is_not_declared_in_one_line(reports, tmp_path):
    command = [Path(sys.executable).with_name("clusterstudy"), "release", RUN]
    where = ["--to", tmp_path / "out", "--reports", reports]
    done = subprocess.run([*command, *where], capture_output=True, text=True)
    assert done.returncode == 2
    assert "draws: breaks the rule undeclared" in done.stderr
    assert done.stderr.count("\n") == 1
