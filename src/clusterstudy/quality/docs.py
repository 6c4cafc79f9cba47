"""Great Expectations' Data Docs, made to work without a network.

The pages are those of Great Expectations' own renderer, one per table. They refer to style sheets,
scripts and pictures on other hosts; those are taken out and a small style sheet is put in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult

HEAD = """\
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Data quality: {title}</title>
<style>{style}</style>
</head>"""
FROM_ELSEWHERE = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<img\b[^>]*>|<footer\b.*?</footer>"
    r'|<a\b[^>]*href="https?:[^>]*>.*?</a>',
    re.DOTALL,
)


def write(results: Iterable[ExpectationSuiteValidationResult], folder: Path) -> None:
    """Write a page for each table and an index.html that links them into ``folder``."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    folder.mkdir(parents=True, exist_ok=True)
    items = []
    for result in results:
        name, counts = result.suite_name, result.statistics
        html = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(result))
        (folder / f"{name}.html").write_text(offline(html, name), encoding="utf-8")
        met = f"{counts['successful_expectations']} of {counts['evaluated_expectations']}"
        items.append(f'<li><a href="{name}.html">{name}</a>: {met} expectations met</li>')
    body = "<body>\n<h1>Data quality</h1>\n<ul>\n{}\n</ul>\n</body>\n".format("\n".join(items))
    page = f'<!DOCTYPE html>\n<html lang="en">\n{_head("all tables")}\n{body}</html>\n'
    (folder / "index.html").write_text(page, encoding="utf-8")


def offline(html: str, title: str) -> str:
    """Return a page of Data Docs that loads nothing, needs no script and links only its index."""
    html = re.sub(r"<head>.*?</head>", lambda _: _head(title), html, count=1, flags=re.DOTALL)
    html = FROM_ELSEWHERE.sub("", html.replace("<html>", '<html lang="en">', 1))
    html = html.replace("../../../../index.html", "index.html")
    return re.sub(r'<a\b[^>]*href="\.\./[^>]*>(.*?)</a>', r"\1", html, flags=re.DOTALL)


def _head(title: str) -> str:
    style = Path(__file__).with_name("docs.css").read_text(encoding="utf-8")
    return HEAD.format(title=escape(title), style=style)
