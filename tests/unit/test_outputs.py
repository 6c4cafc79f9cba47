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
    named = misdeclared(frame, declared(outputs, "20_impact_did", "by_dose"))
    assert [sentence.told() for sentence in named] == [
        "has no column n, which is declared",
        "its column firms is not declared",
    ]
    history = pd.DataFrame({"cohort": [2025], "all": [12]})
    assert not list(misdeclared(history, declared(outputs, "10_baseline", "history")))


def test_counts_have_the_names_of_their_firms_and_blank_ones_are_hidden():
    rows = declared(read_outputs(), "10_baseline", "history")
    frame = pd.DataFrame({"cohort": [2025, 2026], "since": "programme", "light": [12, np.nan]})
    parameters = {"as_of": "2026-12-31", "cluster": "K03"}
    first, second = counts(frame, rows, "demo/run", "history", parameters)
    assert first.population == "light/K03/2025?2026-12-31"
    assert first.parent == "entered/K03/programme?2026-12-31"
    assert not first.hidden
    assert second.hidden
    blank = frame.assign(light=pd.Series([None, None], dtype=object))  # as a file of blanks has
    assert all(cell.hidden for cell in counts(blank, rows, "demo/run", "history", parameters))
    with pytest.raises(UserError, match="names 'as_of', which is no column"):
        list(counts(frame, rows, "demo/run", "history", {"cluster": "K03"}))


def test_a_share_counts_what_it_tells():
    rows = declared(read_outputs(), "20_impact_did", "exits")
    frame = pd.DataFrame({"event_time": [1, 2], "n": [100, 90], "share": [0.05, np.nan]})
    _all, _later, some, blank = counts(frame, rows, "demo/run", "exits", {"cluster": "K03"})
    assert (some.population, some.value, some.exact) == ("left/K03/1", 5, False)
    assert blank.hidden


def test_a_table_without_counts_may_have_such_a_column_only_by_its_own_name():
    outputs = read_outputs()
    frame = pd.DataFrame({"service": ["advice"], "n": [3]})
    assert not list(misdeclared(frame, declared(outputs, "50_guideposts", "shared_services")))
    unnamed = declared(outputs, "50_guideposts", "strategy")
    [undeclared] = misdeclared(frame, unnamed)
    assert undeclared.told() == "its column n is not declared"
