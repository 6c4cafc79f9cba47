"""Which browser prints, and what is said where none can."""

from __future__ import annotations

import re
import sys

import pytest

from clusterstudy.errors import UserError
from clusterstudy.report import pdf


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch):
    monkeypatch.setattr(pdf, "APPLICATIONS", ())


@pytest.mark.skipif(sys.platform == "win32", reason="programs are named otherwise")
def test_the_browser_named_stands_before_those_on_the_path(tmp_path):
    for name in ("mine", "chromium"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    on_path = {"PATH": str(tmp_path)}
    assert pdf.browser(on_path) == tmp_path / "chromium"
    assert pdf.browser(on_path | {pdf.VARIABLE: str(tmp_path / "mine")}) == tmp_path / "mine"


def test_on_windows_edge_is_found_where_it_is_installed(tmp_path):
    edge = tmp_path / "Microsoft" / "Edge" / "Application" / "msedge.exe"
    edge.parent.mkdir(parents=True)
    edge.write_text("")
    assert pdf.browser({"PATH": "", "PROGRAMFILES(X86)": str(tmp_path)}) == edge


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"PATH": ""}, "--pdf: no browser that could print was found. Install Chromium, Chrome"),
        ({pdf.VARIABLE: "nowhere/chrome"}, f"{pdf.VARIABLE}: there is no browser nowhere/chrome"),
    ],
)
def test_a_missing_browser_is_one_line(environ, message):
    with pytest.raises(UserError, match=re.escape(message)):
        pdf.browser(environ)


def test_a_browser_that_does_not_print_is_one_line(tmp_path):
    page = tmp_path / "report.html"
    page.write_text("<p>Text</p>")
    with pytest.raises(UserError, match=r"could not print: .*name another in CLUSTERSTUDY_BROWSER"):
        pdf.write(page, tmp_path / "report.pdf", tmp_path / "no-browser")
