"""Keep the Danish catalogue in step with the English texts of the sources.

Run by ``make translate``: new texts are added without a translation, texts that are gone are
removed, translations stay. Texts are the arguments of :data:`FUNCTIONS` in code, templates
and notebooks, the notebooks' Markdown cells as a whole, the labels of :data:`LABELLED`, the gate's
rules that a report can show as broken, and the columns of :data:`COLUMNS`.
"""

from __future__ import annotations

import ast
import csv
import json
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from clusterstudy.contract import suites, vocabulary
from clusterstudy.contract.tables import TABLES
from clusterstudy.did import status
from clusterstudy.disclosure.checks import RULES
from clusterstudy.panel.build import LINKS, STEPS
from clusterstudy.panel.characteristics import LABELS
from clusterstudy.panel.support import LABELS as SUPPORT_LABELS
from clusterstudy.panel.treatment import MIXTURES

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "clusterstudy"
CATALOGUE = PACKAGE / "report" / "locale" / "da.po"
FUNCTIONS = ("_", "later", "NoEstimateError", "Sentence")
HEADER = """\
# The Danish texts of the reports. Written by `make translate`; fill in the empty ones.
msgid ""
msgstr ""
"Language: da\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""
LABELLED = (  # where `later` may not be imported
    vocabulary.ACTOR,
    vocabulary.DIMENSION,
    vocabulary.DIRECTION,
    vocabulary.DOSE,
    vocabulary.INCOME_LINE,
    vocabulary.OPINION,
    vocabulary.REGION,
    vocabulary.TIER,
    LABELS,
    LINKS,
    MIXTURES,
    RULES,
    STEPS,
    SUPPORT_LABELS,
)
COLUMNS = {
    "actors.csv": ("label", "part"),
    "calendar.csv": ("event",),
    "guidepost_balances.csv": ("left", "right", "question"),
    "guidepost_sources.csv": ("named",),
    "guideposts.csv": ("heading",),
    "impact_model.csv": ("label", "definition", "unit"),
    "offers.csv": ("label",),
    "readiness_indicators.csv": ("label", "unit"),
    "strategy.csv": ("ambition",),
}


def messages() -> Iterator[tuple[str, Path]]:
    """Yield every text to translate with the file it stands in."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield from ((text, path) for text in _of_code(path.read_text(encoding="utf-8")))
    for path in sorted(PACKAGE.rglob("*.j2")):
        found = babel_extract(BytesIO(path.read_bytes()), FUNCTIONS, [], {})
        yield from ((str(text), path) for _line, _function, text, _comments in found if text)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                yield source.strip(), path
            else:
                yield from ((text, path) for text in _of_code(source))
    for labels in LABELLED:
        yield from ((text, PACKAGE / "contract" / "vocabulary.py") for text in labels.values())
    yield from ((text, PACKAGE / "did" / "status.py") for text in status.ALL)
    for table in TABLES.values():
        for rule in suites.suite(table)["expectations"]:
            if rule["severity"] != "critical":  # critical ones stop a study before its reports
                yield rule["description"], PACKAGE / "contract" / "suites.py"
    yield suites.ABSENT, PACKAGE / "contract" / "suites.py"
    for name, columns in COLUMNS.items():
        path = ROOT / "data" / name
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield from ((row[column], path) for column in columns if row[column])


def _of_code(source: str) -> Iterator[str]:
    """Yield the texts that stand as such in a call of :data:`FUNCTIONS`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(text))]):
                if name in FUNCTIONS:
                    yield text


def updated() -> Catalog:
    """Return the catalogue as it should be: every text once, with the translation it has."""
    template = Catalog()
    for text, path in messages():
        template.add(text, locations=[(path.relative_to(ROOT).as_posix(), 0)])
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="da")
    catalogue.update(template, no_fuzzy_matching=True)
    return catalogue


def untranslated() -> list[str]:
    """Return the texts without a Danish translation."""
    return [str(message.id) for message in updated() if message.id and not message.string]


def written(catalogue: Catalog) -> str:
    """Return a catalogue as the text of its file."""
    file = BytesIO()
    write_po(
        file, catalogue, width=100, omit_header=True, ignore_obsolete=True, include_lineno=False
    )
    return HEADER + file.getvalue().decode()


if __name__ == "__main__":
    CATALOGUE.write_text(written(updated()), encoding="utf-8")
    missing = untranslated()
    print(*(f"not translated: {text.splitlines()[0]}" for text in missing), sep="\n")
    sys.exit(bool(missing))
