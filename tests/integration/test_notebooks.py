"""The notebooks in real kernels: by hand and with files, what they show and what they withhold."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import nbformat
import pandas as pd
import papermill
import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.demo import generate
from clusterstudy.disclosure.outputs import counts, declared, read_outputs
from clusterstudy.impact.design import design
from clusterstudy.params import NOTEBOOKS, ImpactParameters
from clusterstudy.paths import NOTEBOOKS as FOLDER
from clusterstudy.report import html
from clusterstudy.runs import kernels

pytestmark = pytest.mark.slow

QUICK = {"30_readiness": {"replications": 500}, "90_method_validation": {"panels": 20}}
OWN_DATA = {"90_method_validation"}  # published data, not a demo
ESTIMATES = {"overall", "event_study", "by_cohort", "by_dose", "by_cluster", "opinions"}
ESTIMATES |= {"trend_continued", "pretest"}
COUNTS = {"n", "participants", "new_entrants", "respondents", "n_treated", "n_comparison"}
COUNTS |= {"light", "membership", "project", "all"}
MIN_FIRMS = ImpactParameters().min_firms


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("demo") / "data", firms=2500)


@pytest.fixture(scope="module")
def execute(demo, tmp_path_factory):
    """Return a function that executes a notebook and returns it with its folder; each once."""

    @cache
    def executed(name: str, **parameters: str) -> tuple[nbformat.NotebookNode, Path]:
        folder = tmp_path_factory.mktemp(name)
        data = {} if name in OWN_DATA else {"data": str(demo)}
        node = papermill.execute_notebook(
            FOLDER / f"{name}.ipynb",
            folder / "notebook.ipynb",
            data | QUICK.get(name, {}) | {"output": str(folder)} | parameters,
            kernel_name=kernels.KERNEL,
            progress_bar=False,
            resources={"metadata": {"path": str(FOLDER)}},
        )
        return node, folder

    with kernels.installed(1):
        yield executed


def small_cluster(folder: Path) -> str:
    """Return the cluster with the fewest new entrants."""
    p = ImpactParameters()
    names = ("cluster", "dose", "covariates", "programme_start", "first_year", "winsorise")
    given = {name: getattr(p, name) for name in (*names, "anticipation", "outcome")}
    firms = design(Dataset(folder), **given).firms
    fewest = firms.entered[firms.treated].sum().idxmin()
    assert 0 < firms.of(fewest, "any").sum() < p.least_treated
    return str(fewest)


def shown(node: nbformat.NotebookNode) -> str:
    """Return the text and HTML that the code cells of a notebook show."""
    parts = []
    for cell in node.cells:
        for output in cell.get("outputs", []):
            assert output.output_type == "display_data", output
            parts += [str(output.data.get(kind, "")) for kind in ("text/html", "text/markdown")]
    return "\n".join(parts)


def tables(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("tables/*.csv")}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_by_hand_in_danish_and_leaves_no_file(execute, name):
    node, folder = execute(name, output="")
    text = shown(node)
    assert "Tabel 1." in text
    assert not re.findall(r"(?:Table|Figure) 1\.", text)
    assert [path.name for path in folder.iterdir()] == ["notebook.ipynb"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_in_english_and_writes_what_it_shows(execute, name):
    node, folder = execute(name, lang="en")
    text = shown(node)
    assert "Table 1." in text
    assert not re.findall(r"(?:Tabel|Figur) 1\.", text)
    names = re.findall(r'<(?:div class="table"|figure) id="(\w+)"', text)
    assert set(names) == tables(folder)
    figures = {path.stem for path in folder.glob("figures/*.svg")}
    assert figures == set(re.findall(r'<figure id="(\w+)"', text))
    for name in names:
        columns = pd.read_csv(folder / "tables" / f"{name}.csv").columns.tolist()
        assert pd.read_parquet(folder / "tables" / f"{name}.parquet").columns.tolist() == columns


def test_before_results_are_released_there_is_no_estimate_and_the_report_says_so(execute):
    node, folder = execute("20_impact_did", lang="en", as_of="2026-12-31")
    assert not tables(folder) & ESTIMATES
    assert {"maturity", "sample", "planned", "balance"} <= tables(folder)
    text = shown(node)
    assert "The data cannot carry an effect estimate yet" in text
    assert "Minimum detectable effect" in text
    assert text.count("No estimate: the conditions above are not met.") >= 6


def test_with_results_there_is_an_estimate_with_its_interval(execute):
    _, folder = execute("20_impact_did", lang="en")
    assert tables(folder) > ESTIMATES
    [row] = pd.read_csv(folder / "tables" / "overall.csv").to_dict("records")
    assert row["low"] < row["estimate"] < row["high"]
    assert row["mde"] > row["se"] > 0
    assert row["n"] >= ImpactParameters().least_treated


def test_other_support_is_shown_and_the_reports_own_choice_among_the_three(execute):
    _, early = execute("20_impact_did", lang="en", as_of="2026-12-31")
    assert "other_support" in tables(early)
    assert "by_support" not in tables(early)
    _, folder = execute("20_impact_did", lang="en")
    rows = pd.read_csv(folder / "tables" / "by_support.csv").set_index("group")
    assert rows.index.tolist() == ["ignore", "covariate", "exclude"]
    assert rows.index[rows["own"] == "yes"].tolist() == [ImpactParameters().other_programmes]
    [overall] = pd.read_csv(folder / "tables" / "overall.csv").to_dict("records")
    for figure in ("n", "estimate", "se", "low", "high"):
        assert rows.loc["ignore", figure] == pytest.approx(overall[figure])


def test_a_small_cluster_gets_no_estimate(execute, demo):
    node, folder = execute("20_impact_did", lang="en", cluster=small_cluster(demo))
    assert not tables(folder) & ESTIMATES
    assert "The data cannot carry an effect estimate yet" in shown(node)


def test_no_written_table_counts_fewer_firms_than_may_be_shown(execute, demo):
    small = small_cluster(demo)
    folders = [execute(name, lang="en")[1] for name in NOTEBOOKS if name not in OWN_DATA]
    for name in ("10_baseline", "20_impact_did"):
        folders.append(execute(name, lang="en", cluster=small)[1])
    counted = 0
    for path in (file for folder in folders for file in folder.glob("tables/*.parquet")):
        frame = pd.read_parquet(path)
        for name in COUNTS & set(frame.select_dtypes("number")):
            counted += 1
            few = frame[name].between(1, MIN_FIRMS - 1)
            assert not few.any(), f"{path.stem}.{name}: {frame[few].to_dict('records')}"
    assert counted > 10


def test_every_number_of_firms_in_the_impact_report_is_rounded(execute):
    """All of them, for an exact one beside a rounded one would tell of few."""
    node, folder = execute("20_impact_did", lang="en")
    outputs, counted = read_outputs(), 0
    for path in folder.glob("tables/*.parquet"):
        frame, rows = pd.read_parquet(path), declared(outputs, "20_impact_did", path.stem)
        own = list(counts(frame, rows, "demo/run", path.stem, dict(ImpactParameters())))
        assert all(cell.hidden or not cell.value % MIN_FIRMS for cell in own), path.stem
        counted += len(own)
    assert counted > 50
    told = re.search(r"This report is about (\d+) of the new entrants", shown(node))
    assert told
    assert not int(told[1]) % MIN_FIRMS


def test_no_output_names_a_firm(execute, demo, a_run):
    firms = set(pd.read_parquet(demo / "firms.parquet")["cvr"])
    for name in NOTEBOOKS:
        node, folder = execute(name, lang="en")
        files = [file for file in folder.rglob("*") if file.suffix in (".csv", ".ipynb", ".svg")]
        texts = [file.read_text(encoding="utf-8") for file in files]
        for text in [*texts, html.render(node, a_run())]:
            assert not firms & set(re.findall(r"(?<![\d.])\d{8}(?!\d)", text))
