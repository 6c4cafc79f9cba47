"""A project of its own for tests of runs: one tiny notebook, small real data, a way to run it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from pydantic import Field

from clusterstudy import params, quality
from clusterstudy.adapters import michigan
from clusterstudy.contract.read import Dataset
from clusterstudy.runs import batch
from clusterstudy.runs.local import local

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
if mode == "sleep":
    import time
    time.sleep(600)
if mode.startswith("hold"):  # as long as it is told to
    import time
    gate = Path(mode.partition(" ")[2])
    with gate.with_suffix(".begun").open("a") as begun:
        begun.write("x")
    while not gate.exists():
        time.sleep(0.05)
if mode in ("state", "plain"):
    print(np.random.random(3))
    print("marked before:", "yes" if hasattr(pd, "marked_by_a_test") else "no")
    pd.marked_by_a_test = True
if mode == "figure":
    import matplotlib.pyplot as plt
    plt.plot([1, 3, 2])
    plt.show()
draws = pd.DataFrame({"draw": np.random.default_rng(seed).normal(size=3), "cluster": cluster})
print(draws)
(Path(output) / "tables").mkdir()
draws.to_csv(Path(output) / "tables" / "draws.csv", index=False)
"""


class HelloParameters(params.NotebookParameters):
    """A notebook of the tests."""

    mode: str = Field("plain", description="What happens")
    previous: str = Field("", description="An earlier report to compare with")


@pytest.fixture(scope="session")
def judged(tmp_path_factory):
    """Real data, and a reports folder that holds the gate's verdict on them."""
    folder = tmp_path_factory.mktemp("judged")
    michigan.write(folder / "data")
    quality.verdict_for(Dataset(folder / "data"), folder / "reports")
    return folder


@pytest.fixture
def project(judged, tmp_path, monkeypatch):
    """A folder with data, one notebook and a way to run studies in it."""
    monkeypatch.setitem(params.NOTEBOOKS, "hello", HelloParameters)
    shutil.copytree(judged, tmp_path, dirs_exist_ok=True)
    parameters = nbformat.v4.new_code_cell(
        params.parameters_cell(HelloParameters), metadata={"tags": ["parameters"]}
    )
    cells = [
        nbformat.v4.new_markdown_cell("# Hello"),
        parameters,
        nbformat.v4.new_code_cell("greeting = 'hello'"),
        nbformat.v4.new_code_cell(HELLO),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    (tmp_path / "notebooks").mkdir()
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    nbformat.write(notebook, tmp_path / "notebooks" / "hello.ipynb")
    return tmp_path


@pytest.fixture
def run(project: Path) -> Callable:
    def run(
        text: str,
        *,
        workers=1,
        warm=True,
        force=False,
        place=None,
        on_end=lambda _: None,
        **settings,
    ):
        study = project / "mine.yml"
        study.write_text(f"title: Mine\ndata: {project / 'data'}\nruns:\n{text}", encoding="utf-8")
        reports = project / "reports"
        prepared = batch.prepare([str(study)], reports, settings=settings)
        how = {"notebooks": project / "notebooks", "force": force, "on_end": on_end}
        with place or local(workers, warm=warm) as maker:
            return batch.carry_out(prepared, maker, reports, **how)

    return run


@pytest.fixture(scope="session")
def until() -> Callable:
    def until(condition: Callable[[], object], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.05)

    return until
