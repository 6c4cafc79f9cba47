"""The dialogue sheet in real kernels: both languages, a table missing, a mistake in the log."""

from __future__ import annotations

import shutil

import pandas as pd
import papermill
import pytest

from clusterstudy.contract.tables import TABLES
from clusterstudy.demo import generate
from clusterstudy.dialogue.evidence import SOURCES
from clusterstudy.paths import NOTEBOOKS
from clusterstudy.runs import kernels

pytestmark = pytest.mark.slow

SETTINGS = {
    ("da", "programme"): "Vejledende, ikke juridisk bindende",
    ("en", "K04"): "Advisory, not legally binding",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("demo") / "data", firms=2500)


def executed(tmp_path, **parameters: object) -> str:
    """Return what the sheet shows, and leave its files in ``tmp_path``."""
    with kernels.installed(1):
        node = papermill.execute_notebook(
            NOTEBOOKS / "50_guideposts.ipynb",
            tmp_path / "notebook.ipynb",
            {"output": str(tmp_path)} | parameters,
            kernel_name=kernels.KERNEL,
            progress_bar=False,
            resources={"metadata": {"path": str(NOTEBOOKS)}},
        )
    outputs = [output for cell in node.cells for output in cell.get("outputs", [])]
    assert {output.output_type for output in outputs} == {"display_data"}
    return "".join(str(output.data) for output in outputs)


@pytest.mark.parametrize(("lang", "cluster"), SETTINGS)
def test_a_sheet_has_its_banner_first_and_all_six_guideposts(lang, cluster, demo, tmp_path):
    shown = executed(tmp_path, data=str(demo), lang=lang, cluster=cluster)
    banner = shown.index(SETTINGS[lang, cluster])
    assert banner < shown.index("<table")
    for letter in "abcdef":
        table = pd.read_csv(tmp_path / "tables" / f"evidence_{letter}.csv")
        assert {"left", "right", "both"} == set(table["side"])
    assert (tmp_path / "figures" / "c_and_d.svg").is_file()


def test_without_the_log_and_the_sales_the_sheet_says_what_it_lacks(demo, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(demo, folder)
    for table in ("dialogue", "service_sales"):
        (folder / f"{table}.parquet").unlink()
    shown = executed(tmp_path, data=str(folder), lang="en", cluster="K04")
    for table in ("dialogue", "service_sales"):
        assert f"The study has no table {table}" in shown
    assert "No step has been agreed." in shown
    assert not (tmp_path / "tables" / "services.csv").exists()


def test_columns_that_may_be_empty_may_be_missing(demo, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(demo, folder)
    for name in (*SOURCES, "dialogue"):
        optional = [column.name for column in TABLES[name].columns if column.nullable]
        table = pd.read_parquet(folder / f"{name}.parquet")
        table.drop(columns=optional).to_parquet(folder / f"{name}.parquet")
    shown = executed(tmp_path, data=str(folder), lang="en", cluster="K04")
    assert "No step has been agreed." in shown
    assert "Private income and the density of private advisers are not both known." in shown


def test_a_guidepost_that_does_not_exist_stops_the_sheet_in_one_line(demo, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(demo, folder)
    log = pd.read_parquet(folder / "dialogue.parquet")
    log.assign(guidepost="g").to_parquet(folder / "dialogue.parquet")
    with pytest.raises(papermill.PapermillExecutionError, match="there is no guidepost 'g'"):
        executed(tmp_path, data=str(folder), lang="en", cluster="K04")
