"""What several test files need: a run as its manifest tells it, and an executed notebook."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import nbformat
import pandas as pd
import pytest
from hypothesis import settings

from clusterstudy.params import NOTEBOOKS
from clusterstudy.quality import Finding, Verdict
from clusterstudy.report import fragments, language

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
settings.register_profile("steady", deadline=None, derandomize=True)  # no timed, no random test
settings.load_profile("steady")
FAILURE = {"cell": 4, "line": "estimate()", "error": "ValueError: no <firms> are left"}


@pytest.fixture(scope="session")
def a_run() -> Callable[..., dict[str, Any]]:
    """Return a function that returns a run's manifest, with what a test wants otherwise."""

    def described(
        cluster: str = "programme", *, lang: str = "en", failed: bool = False, **other: Any
    ) -> dict[str, Any]:
        finding = Finding("firms", "cvr", "Rule.", "warning", 2, 90, (7,))
        sha256 = {"firms": "f" * 64}
        verdict = Verdict("a1b2", (finding,), {"firms": 90}, sha256, "2026-11-24T09:00")
        model = NOTEBOOKS["20_impact_did"](cluster=cluster, lang=lang)
        return {
            "study": "board",
            "run": f"20_impact_did--{cluster}",
            "title": "Board study",
            "notebook": "20_impact_did",
            "heading": "Effect of participation",
            "cluster_name": "" if cluster == "programme" else "Wind & water",
            "outcome_name": "Employment (FTE)",
            "meeting": {"title": "Board", "date": "2026-12-10", "item": "4", "annex": "4.2"},
            "parameters": model.model_dump(exclude={"output"}),
            "plan": None,
            "status": "failed" if failed else "ok",
            "failure": FAILURE if failed else None,
            "data": {"name": "demo", "sha256": sha256},
            "quality": verdict.as_dict(),
            "code": {"version": "1.0", "commit": "0123456789", "modified": False},
            "notebook_sha256": "a" * 64,
            "lock_sha256": "b" * 64,
            "python": "3.11.0",
            "finished": "2026-11-24T10:00:00+00:00",
            "outputs": {"report.html": "c" * 64, "tables/firms.csv": "d" * 64},
        } | other

    return described


@pytest.fixture(autouse=True)
def english():
    """Begin each test in English, whatever language the last one left."""
    language.use("en")


@pytest.fixture
def pieces(monkeypatch):
    """What pages show, as HTML."""
    shown: list[str] = []
    show_it = "clusterstudy.report.page.display"
    monkeypatch.setattr(show_it, lambda piece: shown.append(piece.data))
    return shown


@pytest.fixture(scope="session")
def executed() -> nbformat.NotebookNode:
    """Return a small executed notebook: text, formula, table, figure, callout, print and error."""
    wide = pd.DataFrame([[f"K{i:02}" for i in range(40)]]).add_prefix("cluster_")
    table = fragments.table(wide, caption="A wide <table>")
    figure = fragments.figure(b"<svg xmlns='http://www.w3.org/2000/svg'/>", PIXEL, alt="A figure")
    shown = [fragments.callout("caution", "Few firms"), table, f"<figure>{figure}</figure>"]
    outputs = [nbformat.v4.new_output("display_data", {"text/html": html}) for html in shown]
    printed = nbformat.v4.new_output("stream", text="a printed <line>\n")
    cells = [
        nbformat.v4.new_markdown_cell("# Effect of participation\n\nWhat firms gain."),
        nbformat.v4.new_code_cell("x = 1"),
        nbformat.v4.new_markdown_cell("## Design\n\nThe effect $ATT(g,t)$:\n\n$$Y_t - Y_{g-1}$$"),
        nbformat.v4.new_code_cell("show(1 < 2)", outputs=[*outputs, printed]),
        nbformat.v4.new_markdown_cell("## Design\n\nThe same heading again."),
    ]
    return nbformat.v4.new_notebook(cells=cells)
