"""A user's own folder, as Danish Excel writes it, from the command line to the report."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clusterstudy.demo import Settings
from clusterstudy.demo.world import make

pytestmark = pytest.mark.slow

STUDY = """title: Klyngeindsatsen 2025-28
data: tables
as_of: 2029-12-31
lang: da
runs:
  - notebook: 10_baseline
  - notebook: 20_impact_did
    set: {covariates: [size, growth]}
    sweep: {outcome: [fte], cluster: [programme]}
"""
NEEDED = ("clusters", "firms", "firm_years", "participations")
REPORTS = ("10_baseline", "20_impact_did--fte--programme")


def run(folder: Path, study: str) -> subprocess.CompletedProcess[str]:
    """Run a study of the folder by the command line, in the folder."""
    (folder / "mine.yml").write_text(study, encoding="utf-8")
    code = "from clusterstudy.cli import main; main()"
    command = [sys.executable, "-c", code, "run", "mine.yml", "--reports", "reports"]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


def reports(folder: Path) -> dict[str, bytes]:
    files = [path for path in (folder / "reports" / "mine").rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder with tables in CSV: semicolons, decimal commas, Danish dates, Latin-1."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "tables").mkdir()
    for name, frame in make(Settings(firms=1500)).tables.items():
        if name != "impact_model":  # the project's is used where a study has none
            frame.to_csv(
                folder / "tables" / f"{name}.csv",
                sep=";",
                decimal=",",
                date_format="%d-%m-%Y",
                encoding="latin-1",
                errors="replace",  # as Excel does with what Latin-1 lacks
                lineterminator="\r\n",
                index=False,
            )
    return folder


@pytest.fixture(scope="module")
def reported(own):
    """The folder after its study has run, and what the command said."""
    return own, run(own, STUDY)


def test_a_folder_and_a_short_study_file_become_reports(reported):
    folder, done = reported
    assert len(STUDY.splitlines()) <= 12
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith(str(folder / "reports" / "index.html"))
    index = (folder / "reports" / "index.html").read_text(encoding="utf-8")
    for name in REPORTS:
        assert f"mine/{name}/report.html" in index
        report = (folder / "reports" / "mine" / name / "report.html").read_text(encoding="utf-8")
        assert "Klyngeindsatsen 2025-28" in report
    assert "Grødekraft" in report  # a cluster's name, read as Latin-1


def test_an_unknown_cluster_is_one_line_and_earlier_reports_stay(reported):
    folder, _ = reported
    before = reports(folder)
    done = run(folder, STUDY.replace("[programme]", "[K99]"))
    assert done.returncode == 2
    assert done.stderr.startswith(
        "clusterstudy: mine.yml: runs[1].sweep.cluster: unknown cluster 'K99'."
    )
    assert done.stderr.count("\n") == 1
    assert reports(folder) == before


def without_participations(tables: Path) -> None:
    (tables / "participations.csv").unlink()


def with_a_wrong_number(tables: Path) -> None:
    firms = (tables / "firms.csv").read_bytes()
    head, _, rest = firms.partition(b"\r\n")
    assert head.startswith(b"cvr;")
    (tables / "firms.csv").write_bytes(head + b"\r\n12345678" + rest[8:])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (without_participations, "critical: participations: The table must be there."),
        (with_a_wrong_number, "critical: firms.cvr: The CVR number must pass the modulus-11 check"),
    ],
)
def test_data_that_must_not_be_used_are_refused_and_earlier_reports_stay(reported, spoil, told):
    folder, _ = reported
    bad = folder / spoil.__name__
    bad.mkdir()
    for name in NEEDED:
        shutil.copy(folder / "tables" / f"{name}.csv", bad)
    spoil(bad)
    before = reports(folder)
    done = run(folder, STUDY.replace("data: tables", f"data: {bad.name}"))
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.startswith(told)]
    assert "The gate refuses the data: nothing was run" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert reports(folder) == before
