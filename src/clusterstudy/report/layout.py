"""Whole pages from the templates, in the language in use, with nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.report import numbers
from clusterstudy.report.language import _, current, later

TEMPLATES = Path(__file__).parent / "templates"
SYNTHETIC = ("demo",)  # data sets that describe nothing real

VERDICTS = {
    "ok": ("✓", later("In order")),
    "warning": ("!", later("With warnings")),
    "critical": ("✕", later("Critical errors")),
}


def fill(template: str, **values: Any) -> Markup:
    """Return a template filled with values, which are escaped unless they are Markup."""
    common = {
        "_": _,
        "lang": current(),
        "verdicts": VERDICTS,
        "synthetic": SYNTHETIC,
        "style": _text("style.css"),
    }
    return Markup(_environment().get_template(template).render(common | values))


def cluster(run: Mapping[str, Any]) -> str:
    """Return how readers know the cluster a run is about."""
    code = run["parameters"]["cluster"]
    return _("The whole programme") if code == PROGRAMME else run["cluster_name"] or code


def meeting(about: Mapping[str, Any]) -> str:
    """Return a meeting as one line: title, date, item and annex."""
    item = _("item {item}").format(**about) if about["item"] else ""
    annex = _("annex {annex}").format(**about) if about["annex"] else ""
    day = numbers.date(about["date"])
    if about.get("expected"):  # earlier manifests do not say
        day = _("{day} (expected until confirmed)").format(day=day)
    parts = (about["title"], day, item, annex)
    return ", ".join(part for part in parts if part)


def in_css(text: str) -> str:
    """Return text as it may stand in a string of CSS inside a page."""
    return "".join(c if c.isalnum() or c == " " else f"\\{ord(c):x} " for c in text)


def version(run: Mapping[str, Any]) -> str:
    """Return the code's version, its commit, and whether it had been changed since."""
    code = run["code"]
    changed = f" ({_('changed since')})" if code["modified"] else ""
    return f"{code['version']} {code['commit'][:7]}{changed}".strip()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "cluster": cluster,
        "date": numbers.date,
        "in_css": in_css,
        "meeting": meeting,
        "version": version,
    }
    return environment


@cache
def _text(name: str) -> Markup:
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))
