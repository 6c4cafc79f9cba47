"""An executed notebook as one self-contained page: no script, no network, for screen and A4.

Belongs here: cells to HTML (through nbconvert), formulas to MathML, the head, the contents, the
annex on data quality and origin, the footer. Does not belong here: what a table or figure looks
like (:mod:`clusterstudy.report.fragments`).
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping
from copy import copy
from functools import cache, lru_cache
from typing import Any, NamedTuple

import pandas as pd
from jinja2 import pass_context
from jinja2.runtime import Context
from latex2mathml.converter import convert
from markupsafe import Markup, escape
from nbconvert import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from clusterstudy.differences import written
from clusterstudy.report import fragments, language, layout, numbers, quality
from clusterstudy.report.language import _

RENDERING = threading.Lock()  # there is one exporter and one language in a process
URLS = (
    "mathjax_url",
    "require_js_url",
    "jquery_url",
    "mermaid_js_url",
    "mermaid_layout_elk_js_url",
)
TEXTS = 1024  # and as many pieces of code that are kept as HTML: reports share most of them
SHORT = 12  # characters of a hash that readers see


class Section(NamedTuple):
    """An entry of the contents."""

    level: int
    id: str
    text: Markup


def render(notebook: NotebookNode, run: Mapping[str, Any]) -> str:
    """Return an executed notebook as a whole HTML page, in its run's language.

    Parameters
    ----------
    notebook
        As executed; it is not changed.
    run
        The run's manifest (:mod:`clusterstudy.runs.manifest`); ``outputs`` is not needed.
    """
    with RENDERING:
        language.use(run["parameters"]["lang"])
        notebook = _translated(notebook)
        _take_title(notebook)
        words = {"code_label": _("Code"), "no_alternative": _("A figure without a description")}
        cells, _resources = _exporter().from_notebook_node(notebook, words)
        annex = layout.fill(
            "annex.html.j2",
            quality=quality.section(run["quality"]),
            origin=_origin(run),
            plan=_plan(run["plan"] or {}),
            run=run,
        )
        body, sections = _with_ids(f"{_in_sections(cells)}{annex}")
        return layout.fill("report.html.j2", run=run, body=Markup(body), sections=sections)


def title_of(notebook: NotebookNode, lang: str) -> str:
    """Return a notebook's first heading in a language."""
    with RENDERING:
        language.use(lang)
        return _take_title(_translated(notebook))


def _translated(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook with its text in the language in use; outputs are not copied."""
    translated = copy(notebook)
    translated.cells = [copy(cell) for cell in notebook.cells]
    for cell in translated.cells:
        if cell.cell_type == "markdown":
            cell.source = _(cell.source.strip())
    return translated


def _take_title(notebook: NotebookNode) -> str:
    """Take the first heading of level one out of a notebook's text and return it."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            title, _newline, cell.source = cell.source.partition("\n")
            return title.removeprefix("# ").strip()
    return _("Untitled")


def _in_sections(cells: str) -> str:
    """Put what stands under each heading of level two into a section, which print keeps whole."""
    opening, *rest = re.split(r"(?=<h2>)", cells)
    return opening + "".join(f"<section>\n{part}</section>\n" for part in rest)


def _with_ids(body: str) -> tuple[str, list[Section]]:
    """Give every heading an id made of its own words; return the contents too."""
    sections = []
    seen: Counter[str] = Counter()

    def with_id(heading: re.Match[str]) -> str:
        level, text = heading.groups()
        words = re.sub(r"<[^>]+>|[^\w\s-]", "", text).lower().split()
        name = "-".join(["section", *words])  # a name that no table or figure can have
        seen[name] += 1
        name += f"-{seen[name]}" if seen[name] > 1 else ""
        if level in "23":
            sections.append(Section(int(level), name, Markup(text)))
        return f'<h{level} id="{name}">{text}</h{level}>'

    return re.sub(r"<h([2-6])>(.*?)</h\1>", with_id, body, flags=re.DOTALL), sections


def _origin(run: Mapping[str, Any]) -> list[Markup]:
    """Return the tables of what a report was made from: parameters, data and code."""
    parameters = {name: written(value) for name, value in run["parameters"].items()}
    data = {
        name: f"{numbers.number(run['quality']['tables'][name])}; {sha[:SHORT]}"
        for name, sha in run["data"]["sha256"].items()
    }
    code = {
        "clusterstudy": layout.version(run),
        run["notebook"]: run["notebook_sha256"][:SHORT],
        "requirements.lock": run["lock_sha256"][:SHORT],
        "Python": run["python"],
    }
    return [
        _pairs(parameters, _("Parameters"), (_("Parameter"), _("Value"))),
        _pairs(data, _("Data"), (_("Table"), _("Rows; SHA-256"))),
        _pairs(code, _("Code"), (_("Part"), _("Version or SHA-256"))),
    ]


def _plan(plan: Mapping[str, Any]) -> list[Markup]:
    """Return the tables of what a report has otherwise than its plan: parameters, then method."""
    changed = [
        (name, *(sha[:SHORT] for sha in hashes)) for name, *hashes in plan.get("changed") or ()
    ]
    tables = (
        (plan.get("deviations"), _("Deviations from the plan"), _("Parameter")),
        (changed, _("What changed since the plan was registered, by SHA-256"), _("Part")),
    )
    columns = {"planned": _("As registered"), "used": _("In this report")}
    return [
        Markup(
            fragments.table(
                pd.DataFrame(rows, columns=["name", *columns]),
                caption=caption,
                headings={"name": named} | columns,
            )
        )
        for rows, caption, named in tables
        if rows
    ]


def _pairs(values: Mapping[str, str], caption: str, headings: tuple[str, str]) -> Markup:
    frame = pd.DataFrame(values.items(), columns=["name", "value"])
    shown = dict(zip(frame.columns, headings, strict=True))
    return Markup(fragments.table(frame, caption=caption, headings=shown))


@cache
def _exporter() -> HTMLExporter:
    return _Exporter(
        template_file=str(layout.TEMPLATES / "cells.html.j2"),
        optimistic_validation=True,
        **dict.fromkeys(URLS, ""),
    )


class _Exporter(HTMLExporter):
    """Writes formulas as MathML, which browsers show without a script.

    nbconvert parses each page again to give images a text alternative; here the template does.
    """

    def from_notebook_node(  # type: ignore[override]  # as nbconvert has it
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        self.register_filter("highlight_code", _highlighted)
        return TemplateExporter.from_notebook_node(self, nb, resources, **kw)

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        attachments = context["cell"].get("attachments")
        return _rendered(source, attachments) if attachments else _text(source)


@lru_cache(TEXTS)
def _highlighted(code: str) -> str:
    return str(Highlight2HTML(pygments_lexer="ipython3")(code))


@lru_cache(TEXTS)
def _text(source: str) -> str:
    return _rendered(source, {})


def _rendered(source: str, attachments: dict[str, dict[str, str]]) -> str:
    renderer = _Renderer(escape=False, exclude_anchor_links=True, attachments=attachments)
    return str(MarkdownWithMath(renderer=renderer).render(source))


class _Renderer(IPythonRenderer):
    def block_math(self, body: str) -> str:
        return f'<span class="formula">{_mathml(body, "block")}</span>'

    def inline_math(self, body: str) -> str:
        return _mathml(body, "inline")

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")


def _mathml(tex: str, display: str) -> str:
    """Return a formula as MathML, or as it was written where it cannot be read."""
    try:
        return convert(tex, display=display)
    except Exception:  # latex2mathml's errors share no base class
        return f'<code class="tex">{escape(tex)}</code>'
