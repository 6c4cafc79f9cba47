"""docs/REQUIREMENTS.md has every line of the board paper, and the sections it names are there."""

from __future__ import annotations

import json
import re

import pytest

from clusterstudy.paths import NOTEBOOKS, ROOT

TEXT = (ROOT / "docs" / "REQUIREMENTS.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if re.match(r"\| \d", line)
]


def headings(notebook: str) -> list[str]:
    cells = json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    prose = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    return re.findall(r"^## (.+)$", "\n".join(prose), flags=re.MULTILINE)


def test_every_line_of_the_paper_has_its_row():
    numbers: list[int] = []
    for number, *_rest in ROWS:
        first, _, last = number.partition("–")
        numbers += range(int(first), int(last or first) + 1)
    assert numbers == list(range(1, 55))


def test_every_row_is_answered_by_a_section():
    assert all(" › " in answer for _number, _paper, answer in ROWS)


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(\d\d_\w+ › [^`]+)`", TEXT))))
def test_the_section_is_there(named):
    notebook, _, section = named.partition(" › ")
    assert section in headings(notebook)
