"""The sustainability notebook, run on the demo and on what a study may lack."""

from __future__ import annotations

import shutil

import pandas as pd
import papermill
import pytest

from clusterstudy.demo import generate
from clusterstudy.paths import NOTEBOOKS

pytestmark = pytest.mark.slow

TABLES = (
    "accounts_tracker",
    "alerts",
    "exceptions",
    "exhaustion",
    "exposure",
    "income_gap",
    "ledger",
    "months",
    "past_alerts",
    "payers",
    "probabilities",
    "ratios",
    "reliability",
    "rules",
    "shares",
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    generate(folder, firms=500)
    return folder


def shown(folder, data, lang: str, cluster: str) -> str:
    """Run the notebook and return all that it shows."""
    parameters = {"data": str(data), "as_of": "2026-12-31", "lang": lang, "cluster": cluster}
    executed = papermill.execute_notebook(
        NOTEBOOKS / "40_sustainability.ipynb",
        None,
        parameters={**parameters, "replications": 500, "output": str(folder)},
        progress_bar=False,
    )
    outputs = [output for cell in executed["cells"] for output in cell.get("outputs", [])]
    return "\n".join(output.get("data", {}).get("text/html", "") for output in outputs)


def test_the_programmes_report_has_its_tables_in_danish(demo, tmp_path):
    html = shown(tmp_path, demo, "da", "programme")
    for table in TABLES:
        assert len(pd.read_parquet(tmp_path / "tables" / f"{table}.parquet"))
    assert "Egenkapital" in html
    assert "Negativ egenkapital, gælden overstiger aktiverne: Kildespring." in html
    trend = pd.read_csv(tmp_path / "tables" / "trend.csv").set_index("cluster")
    assert trend.loc["Stjernevagt", "years"] == "2023 → 2024"  # those of 2025 are not in
    assert trend.loc["Kildespring", "years"] == "2023 → 2024 → 2025"
    tracker = pd.read_csv(tmp_path / "tables" / "accounts_tracker.csv")
    late = tracker[tracker["status"] == "overdue"]
    assert list(zip(late["cluster_id"], late["year"], strict=True)) == [("K11", 2025)]


def test_what_a_study_lacks_is_said_in_english(demo, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(demo, data)
    for table in ("projects", "project_reports", "memberships", "participations"):
        (data / f"{table}.parquet").unlink()
    finances = pd.read_parquet(data / "cluster_finances.parquet")
    unplanned = (finances["cluster_id"] == "K07") & (finances["scenario"] != "actual")
    finances[~unplanned].to_parquet(data / "cluster_finances.parquet")
    html = shown(tmp_path / "out", data, "en", "K07")
    for words in (
        "No plan at designation with actual income beside it",
        "not compared and not in the sums: Datamose",
        "No projects are known",
        "Not simulated, no plan at designation: Datamose",
    ):
        assert words in html
