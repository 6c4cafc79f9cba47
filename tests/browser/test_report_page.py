"""Reports and the index as a browser shows them from the disk: alone, silent, by keyboard."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from itertools import pairwise

import pytest

from clusterstudy.params import ImpactParameters
from clusterstudy.report import html, index, pdf
from clusterstudy.runs import manifest
from clusterstudy.runs.execute import Failure
from clusterstudy.runs.make import Outcome
from clusterstudy.runs.plan import Run
from clusterstudy.runs.printing import print_reports

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
REPORT, INDEX = "board/20_impact_did--programme/report.html", "index.html"
WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def browser() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory, executed, a_run):
    """A folder with a report and an index of three runs, one of them failed."""
    folder = tmp_path_factory.mktemp("reports")
    late = {"cluster_name": "Åben energi", "finished": "2026-12-01T10:00:00+00:00"}
    runs = [a_run(), a_run("K01", failed=True), a_run("K02", **late)]
    (folder / REPORT).parent.mkdir(parents=True)
    (folder / REPORT).write_text(html.render(executed, runs[0]), encoding="utf-8")
    (folder / INDEX).write_text(index.render(runs), encoding="utf-8")
    return folder


@pytest.fixture
def show(browser, site):
    """A function that opens a page of the site; what it asked for and complained of is checked."""
    requests, complaints = [], []

    def opened(name: str, width: int = WIDTHS[0], **options):
        page = browser.new_page(viewport={"width": width, "height": 800}, **options)
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((site / name).as_uri())
        return page

    yield opened
    for context in browser.contexts:
        context.close()
    assert complaints == []
    assert requests
    assert all(url.startswith(("file:", "data:")) for url in requests)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("name", "title"),
    [
        (REPORT, "Effect of participation · The whole programme · Board study"),
        (INDEX, "Reports · clusterstudy"),
    ],
)
def test_a_page_opens_from_the_disk_and_fits(show, name, title, width):
    page = show(name, width)
    assert page.title() == title
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    broken = "[...document.images].filter(image => !image.complete || !image.alt).length"
    assert page.evaluate(broken) == 0
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_keyboard_skips_to_the_content_and_unfolds_the_code(show):
    page = show(REPORT)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "page-content"
    code = page.locator("details.code pre")
    assert not any(fold.is_visible() for fold in code.all())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert code.first.is_visible()
    assert not code.last.is_visible()


def test_a_wide_table_scrolls_in_its_own_frame_by_keyboard(show):
    page = show(REPORT, 390)
    frame = page.get_by_role("region", name="A wide <table>")
    frame.focus()
    page.keyboard.press("ArrowRight")
    for _ in range(50):  # wait_for_function polls by eval, which the page's policy forbids
        if scrolled := frame.evaluate("element => element.scrollLeft > 0"):
            break
        page.wait_for_timeout(100)
    assert scrolled


def test_code_is_not_printed(show):
    page = show(REPORT)
    page.emulate_media(media="print")
    assert not page.locator("details.code").first.is_visible()
    assert page.get_by_role("heading", name="Data quality").is_visible()


def test_a_report_prints_on_a4_with_its_sections_on_pages_of_their_own(site, tmp_path):
    printed = pdf.write(site / REPORT, tmp_path / "report.pdf", pdf.browser()).read_bytes()
    pages = re.findall(rb"/Type /Page\b.*?/MediaBox \[(.*?)\]", printed, flags=re.DOTALL)
    assert len(pages) >= 2  # the annex begins a page
    for page in pages:
        assert [float(number) for number in page.split()] == pytest.approx([0, 0, 595, 842], abs=1)
    assert b"/StructTreeRoot" in printed  # tagged, for those who listen


def test_a_printed_report_is_whole_and_is_not_printed_again(site, tmp_path, a_run):
    made = tmp_path / "board" / "run"
    made.mkdir(parents=True)
    shutil.copy(site / REPORT, made / "report.html")
    manifest.write(made, a_run())
    plan = Run("board", "run", "Board", "20_impact_did", "", "", ImpactParameters())
    outcomes = [Outcome(plan, made, 1.0), Outcome(plan, tmp_path, 1.0, Failure(0, "", "stopped"))]
    assert print_reports(outcomes, tmp_path, pdf.browser()) == 1
    outputs = manifest.read(made / "manifest.json")["outputs"]
    assert set(outputs) == {"report.html", "report.pdf"}
    assert outputs == manifest.outputs(made)
    assert print_reports(outcomes, tmp_path, pdf.browser()) == 0


def test_what_stands_on_every_printed_page_cannot_break_the_page(executed, a_run):
    page = html.render(executed, a_run(title='A "study" </style> \\ of clusters'))
    assert page.count("</style>") == 1
    assert 'content: "A \\22 study\\22  \\3c \\2f style\\3e  \\5c  of clusters \\b7  ' in page


def names(page) -> list[str]:
    cells = page.locator("tbody tr:visible td:nth-of-type(1)")
    return [text.strip() for text in cells.all_inner_texts()]


def test_the_index_is_searched_by_text_and_state(show):
    page = show(INDEX)
    everything = ["The whole programme", "Wind & water", "Åben energi"]
    assert names(page) == everything
    page.get_by_label("Find").fill("åben k02")
    assert names(page) == ["Åben energi"]
    assert page.get_by_text("1 of 3 runs").is_visible()
    page.get_by_label("Find").fill("nowhere")
    assert names(page) == []
    assert not page.get_by_role("heading", name="Board study").is_visible()
    page.get_by_label("Find").fill("")
    page.get_by_label("Status").select_option("failed")
    assert names(page) == ["Wind & water"]
    page.get_by_label("Status").select_option("")
    assert names(page) == everything


def test_the_index_is_narrowed_by_study_notebook_cluster_and_day(show):
    page = show(INDEX)
    page.get_by_role("combobox", name="Cluster").select_option("Wind & water")
    assert names(page) == ["Wind & water"]
    page.get_by_role("combobox", name="Cluster").select_option("")
    page.get_by_role("combobox", name="Notebook").select_option("20_impact_did")
    page.get_by_role("combobox", name="Study").select_option("board")
    page.get_by_label("Made since").fill("2026-11-25")
    assert names(page) == ["Åben energi"]
    page.get_by_label("Made since").fill("")
    assert len(names(page)) == 3


def test_the_index_is_sorted_by_keyboard_and_says_how(show):
    page = show(INDEX)
    page.get_by_role("button", name="Cluster").press("Enter")
    assert names(page) == ["Åben energi", "The whole programme", "Wind & water"]
    page.get_by_role("button", name="Cluster").press("Enter")
    assert names(page) == ["Wind & water", "The whole programme", "Åben energi"]
    assert page.locator("[aria-sort]").get_attribute("aria-sort") == "descending"


def test_the_index_lists_all_runs_and_offers_no_search_without_scripts(show):
    page = show(INDEX, java_script_enabled=False)
    assert len(names(page)) == 3
    assert not page.get_by_label("Find").is_visible()


def test_a_link_of_the_index_leads_to_the_report(show):
    page = show(INDEX)
    page.get_by_role("link", name="Effect of participation").first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "Effect of participation"
