"""What data/outputs.csv declares is what the notebooks show."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from clusterstudy.disclosure.outputs import counts, declared, misdeclared, read_outputs
from clusterstudy.errors import UserError
from clusterstudy.paths import NOTEBOOKS, ROOT

SHOWN_BY = {
    "10_baseline": "baseline",
    "20_impact_did": "impact",
    "30_readiness": "readiness",
    "40_sustainability": "finance",
    "50_guideposts": "dialogue",
    "60_board_report": "board",
    "90_method_validation": "validation",
}
SHOWS = ("table", "figure", "groups", "compared", "balance")


def named(code: str) -> Iterator[str]:
    """Yield the names that code gives to tables and figures, with * for what it computes."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in SHOWS:
            for keyword in node.keywords:
                if keyword.arg == "name" and isinstance(
                    keyword.value, ast.Constant | ast.JoinedStr
                ):
                    parts = getattr(keyword.value, "values", [keyword.value])
                    yield "".join(
                        getattr(part, "value", "*") if isinstance(part, ast.Constant) else "*"
                        for part in parts
                    )


def shown(notebook: str) -> set[str]:
    """Return the names of what a notebook shows, by itself and by its package."""
    files = (ROOT / "src" / "clusterstudy" / SHOWN_BY[notebook]).rglob("*.py")
    cells = json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    codes = [path.read_text(encoding="utf-8") for path in files]
    codes += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return {name for code in codes for name in named(code)}


@pytest.mark.parametrize("notebook", SHOWN_BY)
def test_every_table_and_figure_is_declared(notebook):
    names = shown(notebook)
    assert len(names) > 2
    outputs = read_outputs()
    assert {name for name in names if declared(outputs, notebook, name).empty} == set()


def test_only_notebooks_without_figures_on_firms_declare_all_their_outputs_at_once():
    outputs = read_outputs()
    at_once = set(outputs.loc[outputs["output"] == "*", "notebook"])
    assert not at_once & {"10_baseline", "20_impact_did"}


def test_a_column_that_one_has_and_the_other_has_not_is_named():
    outputs = read_outputs()
    frame = pd.DataFrame({"group": ["light"], "firms": [12]})
    assert list(misdeclared(frame, declared(outputs, "20_impact_did", "by_dose"))) == [
        "has no column n, which is declared",
        "its column firms is not declared",
    ]
    history = pd.DataFrame({"cohort": [2025], "all": [12]})
    assert not list(misdeclared(history, declared(outputs, "10_baseline", "history")))


def test_counts_have_the_names_of_their_firms_and_blank_ones_are_hidden():
    rows = declared(read_outputs(), "20_impact_did", "by_dose")
    frame = pd.DataFrame({"group": ["light", "project"], "n": [12, np.nan]})
    parameters = {"outcome": "fte", "cluster": "K03"}
    light, project = counts(frame, rows, "demo/run", "by_dose", parameters)
    assert (light.population, light.parent) == ("seen/fte/K03/light", "seen/fte/K03")
    assert not light.hidden
    assert project.hidden
    blank = frame.assign(n=pd.Series([None, None], dtype=object))  # as a file of blank counts has
    assert all(cell.hidden for cell in counts(blank, rows, "demo/run", "by_dose", parameters))
    with pytest.raises(UserError, match="names 'outcome', which is no column"):
        list(counts(frame, rows, "demo/run", "by_dose", {"cluster": "K03"}))


def test_a_table_without_counts_may_have_such_a_column_only_by_its_own_name():
    outputs = read_outputs()
    frame = pd.DataFrame({"service": ["advice"], "n": [3]})
    assert not list(misdeclared(frame, declared(outputs, "50_guideposts", "shared_services")))
    unnamed = declared(outputs, "50_guideposts", "strategy")
    assert list(misdeclared(frame, unnamed)) == ["its column n is not declared"]
