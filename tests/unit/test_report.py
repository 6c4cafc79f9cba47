"""What readers see: numbers, tables, figures, the report and the index, in two languages."""

from __future__ import annotations

import re
from io import BytesIO

import matplotlib as mpl
import nbformat
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG

from clusterstudy.errors import NoEstimateError, UserError
from clusterstudy.report import drawing, html, index, language, layout, numbers
from clusterstudy.report.layout import TEMPLATES
from clusterstudy.report.page import Page
from translate import CATALOGUE, untranslated, updated, written

FRAME = pd.DataFrame(
    {"firm": ["A & B", "C"], "year": [2026, 2027], "fte": [1234.5, None], "low": [1, 2], "high": 9}
)
LOADS = re.compile(r"""(?:src|poster|data)=["']?(?!data:)\w|<link|<script|@import|url\(""")


@pytest.mark.parametrize(
    ("write", "danish", "english"),
    [
        (lambda: numbers.number(-1234.5, 1), "−1.234,5", "−1,234.5"),
        (lambda: numbers.number(-0.001, 2), "0,00", "0.00"),
        (lambda: numbers.number(None), "–", "–"),
        (lambda: numbers.percent(0.0324), "3,2 pct.", "3.2 %"),
        (lambda: numbers.points(0.02), "2,0 pct.point", "2.0 pp"),
        (lambda: numbers.kroner(1234.5), "1,2 mio. kr.", "DKK 1.2 million"),
        (lambda: numbers.kroner(850), "850.000 kr.", "DKK 850,000"),
        (lambda: numbers.date("2026-03-12"), "12. marts 2026", "12 March 2026"),
        (lambda: numbers.interval(0.011, 0.053, share=True), "[1,1; 5,3]", "[1.1; 5.3]"),
        (lambda: numbers.interval(None, 1.0), "–", "–"),
    ],
)
def test_numbers_are_written_as_readers_expect_them(write, danish, english):
    for lang, expected in (("da", danish), ("en", english)):
        language.use(lang)
        assert write().replace("\u00a0", " ") == expected


def test_why_there_is_no_estimate_is_said_in_the_reports_language():
    none = NoEstimateError("expected two clusters, got {n}", where="sign changes", n=1)
    assert str(none) == "sign changes: expected two clusters, got 1"
    language.use("da")
    assert language.said(none) == "kræver mindst to grupper og fik 1"
    assert language.said(UserError("no such file")) == "no such file"
    language.use("en")
    assert language.said(none) == "expected two clusters, got 1"


def test_an_unknown_language_is_told():
    with pytest.raises(UserError, match="unknown language 'de'"):
        language.use("de")


def test_a_table_is_shown_for_everybody_and_written_in_full(tmp_path, pieces):
    headings = {"firm": "Firm", "fte": "Employment", ("low", "high"): "Interval"}
    Page("da", tmp_path).table(FRAME, name="firms", caption="Firms, <2027", headings=headings)
    [table] = pieces
    assert "<caption>Tabel 1. Firms, &lt;2027</caption>" in table
    assert table.count('<th scope="col"') == 3
    assert '<th scope="row">A &amp; B</th>' in table
    assert ">1.234,50</td>" in table
    assert ">–</td>" in table
    assert ">[1,00;\u00a09,00]</td>" in table
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "tables" / "firms.parquet"), FRAME)
    assert list(pd.read_csv(tmp_path / "tables" / "firms.csv")) == list(FRAME)


def test_a_figure_carries_its_text_and_its_data_and_is_the_same_twice(tmp_path, pieces):
    for folder in ("one", "two"):
        fig, ax = plt.subplots()
        ax.plot(FRAME["year"], FRAME["low"])
        how = {"alt": "It rises.", "caption": "Growth", "data": FRAME}
        Page("en", tmp_path / folder).figure(fig, name="growth", **how)
        assert not plt.fignum_exists(fig.number)
    first, second = pieces
    assert first == second
    assert 'alt="It rises."' in first
    assert "<details><summary>Data behind figure 1</summary>" in first
    for name in ("figures/growth.svg", "figures/growth.png", "tables/growth.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_figure_drawn_once_is_what_matplotlib_draws_twice():
    def figure():
        fig, (left, right) = plt.subplots(1, 2, figsize=(6, 3), layout="none")
        left.plot([0, 1, 2], [1, 3, 2], "--", marker="s", label="a line")
        left.vlines([0.5, 1.5], 0, 3)
        left.bar([0, 1], [1, 2], hatch="///", facecolor="none", edgecolor="black")
        left.fill_between([0, 2], [0, 0], [1, 2], clip_path=left.patch)
        left.set_ylabel("turned")
        left.set_xlabel("$x^2$")
        fig.legend(loc="upper center")
        right.imshow([[0, 1], [2, 3]], aspect="auto", origin="lower")
        right.pcolormesh([0, 0.5, 1], [0, 0.5, 1], [[0, 1], [2, 3]])
        return fig

    svg, png = drawing.drawn(figure())
    theirs_png, theirs_svg = BytesIO(), BytesIO()
    FigureCanvasAgg(figure()).print_figure(theirs_png, dpi=drawing.DPI)
    with mpl.rc_context({"svg.hashsalt": "clusterstudy"}):
        drawing_at = {"dpi": drawing.DPI, "metadata": {"Date": None}}
        FigureCanvasSVG(figure()).print_figure(theirs_svg, **drawing_at)
    plt.close("all")
    assert svg == theirs_svg.getvalue()
    ours, theirs = (plt.imread(BytesIO(image))[:, :, :3] for image in (png, theirs_png.getvalue()))
    assert ours.shape == theirs.shape
    assert (abs(ours - theirs).max(axis=-1) > 0.1).mean() < 0.01  # texts lie on other pixels


def test_a_page_refuses_what_readers_could_not_use(tmp_path, pieces):
    page = Page("en", tmp_path)
    page.table(FRAME, name="firms", caption="Firms")
    with pytest.raises(ValueError, match="already a table or figure named 'firms'"):
        page.table(FRAME, name="firms", caption="Firms")
    with pytest.raises(ValueError, match="small letters"):
        page.table(FRAME, name="../firms", caption="Firms")
    with pytest.raises(ValueError, match="text alternative"):
        page.figure(mpl.figure.Figure(), name="f", alt=" ", caption="", data=FRAME)
    with pytest.raises(ValueError, match="named by text"):
        page.table(pd.DataFrame([[1]]), name="unnamed", caption="Unnamed")


def test_by_hand_a_page_writes_nothing_and_a_cell_may_run_again(tmp_path, monkeypatch, pieces):
    monkeypatch.chdir(tmp_path)
    page = Page("en")
    for _ in range(2):
        page.table(FRAME, name="firms", caption="Firms")
    assert pieces[0] == pieces[1]
    assert not list(tmp_path.iterdir())


def test_a_report_is_one_page_that_loads_nothing_and_is_the_same_twice(executed, a_run):
    page = html.render(executed, a_run())
    assert page == html.render(executed, a_run())
    assert not LOADS.search(page)
    assert "script-src 'none'" in page
    assert '<html lang="en">' in page
    assert page.count("<h1>") == 1
    assert "<title>Effect of participation · The whole programme · Board study</title>" in page
    assert page.count("<math") == 2
    assert "$" not in page
    assert page.count('<details class="code">') == 2
    assert "a printed &lt;line&gt;" in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert {"section-design", "section-design-2", "data-quality"} <= set(ids)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_a_report_says_what_it_was_made_for_and_from(executed, a_run):
    page = html.render(executed, a_run("K01"))
    for text in (
        "Wind &amp; water",
        "Board, 10\u00a0December\u00a02026, item 4, annex 4.2",
        "Synthetic data.",
        "Rule.",
        "Rows in the file, for example",
        "ffffffffffff",
        "1.0 0123456",
    ):
        assert text in page
    assert "Synthetic" not in html.render(
        executed, a_run(data={"name": "mine", "sha256": {"firms": "f" * 64}})
    )


def test_a_danish_report_is_danish_around_what_the_notebook_says(executed, a_run):
    page = html.render(executed, a_run(lang="da"))
    assert '<html lang="da">' in page
    for text in ("Hele klyngeindsatsen", "31.\u00a0december\u00a02029", "Datakvalitet", "Kode"):
        assert text in page


def test_a_formula_that_cannot_be_read_is_shown_as_it_was_written(executed, a_run):
    odd = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(r"Odd: $x^2^3$.")])
    assert r'<code class="tex">x^2^3</code>' in html.render(odd, a_run())


def test_a_figure_shown_past_the_page_is_said_to_have_no_description(executed, a_run):
    drawn = nbformat.v4.new_output("display_data", {"image/png": "iVBORw0KGgo="})
    cell = nbformat.v4.new_code_cell("plt.show()", outputs=[drawn])
    page = html.render(nbformat.v4.new_notebook(cells=[*executed.cells, cell]), a_run())
    alternatives = re.findall(r'<img [^>]*alt="([^"]+)"', page)
    assert alternatives == ["A figure", "A figure without a description"]
    assert page.count("<img ") == 2


def test_the_index_lists_every_run_with_its_state_in_words(a_run):
    failed = a_run("K01", failed=True)
    page = index.render([failed, a_run("K01"), a_run(), a_run("K02")])
    rows = re.findall(r'<tr [^>]*data-status="(\w+)"[^>]*>(.*?)</tr>', page, flags=re.DOTALL)
    assert [state for state, _ in rows] == ["ok", "failed", "ok"]
    first, second, _ = (text for _, text in rows)
    assert 'href="board/20_impact_did--programme/report.html"' in first
    assert 'href="quality/a1b2/index.html"' in first
    assert 'href="board/20_impact_did--programme/tables/"' in first
    assert "figures" not in first
    assert "Cell 4: ValueError: no &lt;firms&gt; are left" in second
    assert 'href="board/.failed/20_impact_did--K01/notebook.ipynb"' in second
    assert 'href="board/20_impact_did--K01/report.html">Earlier report' in second
    assert "Done: 2. Failed: 1." in page


def test_the_index_speaks_the_language_of_most_reports_and_stands_without_any(a_run):
    danish = index.render([a_run(lang="da"), a_run("K01", lang="da"), a_run("K02")])
    assert '<html lang="da">' in danish
    assert "Rapporter" in danish
    assert "There is no report yet." in index.render([])


def test_text_stands_out_from_its_ground_as_wcag_asks():
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--(\w+): (#\w{6})", style))
    grounds = ("#ffffff", colours.pop("tint"))
    del colours["rule"]  # lines that only part what is apart already
    found = {*colours.values(), *re.findall(r"(?<!-)color: (#\w{6})", style)}
    assert len(found) > len(colours)
    for colour in found:
        assert all(contrast(colour, ground) >= 4.5 for ground in grounds), colour


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.1."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_every_text_has_a_danish_translation_and_none_is_left_over():
    assert untranslated() == []
    assert CATALOGUE.read_text(encoding="utf-8") == written(updated())


def test_a_translation_has_the_fields_and_the_structure_of_the_english_text():
    for message in updated():
        if message.id and message.string:
            assert structure(message.string) == structure(message.id), message.id


def structure(text: str) -> dict[str, list[str]]:
    """Return what a translation must keep: fields, formulas, code, and kinds of blocks."""
    marks = {"fields": r"{\w+}", "formulas": r"\$+[^$]+\$+", "code": r"`[^`]+`"}
    kinds = re.findall(r"^(#+ |- |\d+\. |\*\*|)(?=\S)", text, flags=re.MULTILINE)
    return {kind: sorted(re.findall(mark, text)) for kind, mark in marks.items()} | {"": kinds}


def test_a_meetings_day_is_expected_until_it_is_confirmed():
    about = {"title": "Board", "date": "2026-05-05", "item": "5", "annex": ""}
    assert layout.meeting(about) == "Board, 5\u00a0May\u00a02026, item 5"
    told = layout.meeting({**about, "expected": True})
    assert told == "Board, 5\u00a0May\u00a02026 (expected until confirmed), item 5"
