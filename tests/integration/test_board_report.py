"""The board report before results may be seen, and beside an earlier one."""

from __future__ import annotations

import json

import pandas as pd
import papermill
import pytest

from clusterstudy.demo import generate
from clusterstudy.paths import NOTEBOOKS

pytestmark = pytest.mark.slow
EARLIER = pd.DataFrame({"outcome": ["fte"], "n": [9], "estimate": [0.3], "low": [0.1], "high": [1]})
MADE_FROM = {
    "parameters": {"as_of": "2025-12-31", "level": 0.95},
    "finished": "2026-01-05T10:00:00+00:00",
    "data": {"sha256": {"firms": "a" * 64}},
    "code": {"version": "0.0"},
}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report as of 2026: what it shows, and its tables by name."""
    folder = tmp_path_factory.mktemp("board")
    generate(folder / "demo", firms=600)
    (folder / "then/tables").mkdir(parents=True)
    EARLIER.to_csv(folder / "then/tables/effects.csv", index=False)
    (folder / "then/manifest.json").write_text(json.dumps(MADE_FROM))
    (folder / "then/report.html").touch()
    executed = papermill.execute_notebook(
        NOTEBOOKS / "60_board_report.ipynb",
        None,
        parameters={
            "data": str(folder / "demo"),
            "as_of": "2026-12-31",
            "lang": "en",
            "replications": 300,
            "previous": str(folder / "then"),
            "output": str(folder / "out"),
        },
        progress_bar=False,
    )
    outputs = [output for cell in executed["cells"] for output in cell.get("outputs", [])]
    html = "\n".join(output.get("data", {}).get("text/html", "") for output in outputs)
    written = (folder / "out/tables").glob("*.parquet")
    return html, {path.stem: pd.read_parquet(path) for path in written}


def test_nothing_is_claimed_of_effects_before_results_are_released(report):
    html, tables = report
    effects = tables["effects"]
    assert effects[["estimate", "low", "high", "mde", "p_adjusted"]].isna().all(axis=None)
    assert effects["reading"].str.contains("First results year released").all()
    assert not {"costs", "effects_drawn"} & set(tables)
    assert "No estimate, so no comparison." in html


def test_the_economy_and_the_alerts_are_there_in_the_clusters_order(report):
    html, tables = report
    economy = tables["economy"]
    assert economy["cluster_id"].tolist() == [f"K{number:02}" for number in range(1, 12)]
    alerts = economy.set_index("cluster_id")["rules"]
    assert "equity_ratio" in alerts["K09"].split()
    assert "exhaustion" in alerts["K07"].split()
    assert alerts["K01"] == ""
    assert "How often the watch list erred" in html


def test_the_earlier_report_stands_beside_with_what_both_were_made_from(report):
    _, tables = report
    assert tables["changes"]["now"].tolist() == ["–"] * 3
    origins = tables["origins"].set_index(["kind", "name"])
    assert origins.loc[("Parameter", "as_of"), ["then", "now"]].tolist() == [
        "2025-12-31",
        "2026-12-31",
    ]
    assert ("Parameter", "level") not in origins.index
    assert ("Table", "firms") in origins.index
