"""The guideposts, their balances and the clusters' offers, declared as data.

Belongs here: what a row of ``data/guideposts.csv``, ``data/guidepost_balances.csv`` and
``data/offers.csv`` is, and their readers. What stands in them is for the board to weigh: headings
stay drafts until confirmed, and whether an offer belongs to the core task is a judgement.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from clusterstudy.contract.declaration import read_declaration
from clusterstudy.contract.schema import Column, Table
from clusterstudy.contract.vocabulary import GUIDEPOST, YES_NO
from clusterstudy.errors import UserError
from clusterstudy.paths import DATA
from clusterstudy.report.language import later

STATUS = {"draft": later("Provisional"), "final": later("Confirmed")}
TECHNOLOGY = {"existing": later("Existing"), "new": later("New"), "neither": later("Neither")}
OFFERS_OF = {"participations": later("Activity"), "service_sales": later("Service")}
LETTER = Column("letter", "text", "The guidepost.", terms=GUIDEPOST)
LISTED = "names of measures, separated by blanks"
SOURCE = "Declared with the study; the board may weigh it anew."

GUIDEPOSTS = Table(
    name="guideposts",
    row="A guidepost.",
    source=SOURCE,
    key=("letter",),
    columns=(
        LETTER,
        Column("heading", "text", "Heading (English; Danish from the catalogue)."),
        Column("status", "text", "Whether the board has confirmed it.", terms=STATUS),
        Column("version", "text", "Version of the wording."),
        Column("dated", "date", "Day of that version."),
        Column("evidence", "text", f"Evidence on the guidepost as a whole: {LISTED}."),
    ),
)
BALANCES = Table(
    name="guidepost_balances",
    row="A balance under a guidepost.",
    source=SOURCE,
    key=("letter", "left", "right"),
    columns=(
        LETTER,
        Column("left", "text", "One consideration."),
        Column("right", "text", "The other one, of equal standing."),
        Column("evidence_left", "text", f"Evidence on the first: {LISTED}."),
        Column("evidence_right", "text", f"Evidence on the second: {LISTED}."),
        Column("question", "text", "Question for the dialogue."),
    ),
)
OFFERS = Table(
    name="offers",
    row="A kind of activity or service.",
    source=SOURCE,
    key=("table", "name"),
    columns=(
        Column("table", "text", "Table of the contract in which it stands.", terms=OFFERS_OF),
        Column("name", "text", "Its name there."),
        Column("label", "text", "Label in reports."),
        Column("core", "text", "Whether it is collaboration-based innovation.", terms=YES_NO),
        Column("technology", "text", "Technology it spreads or develops.", terms=TECHNOLOGY),
        Column("individual", "text", "Whether it helps one firm at a time.", terms=YES_NO),
        Column("research", "text", "Whether knowledge institutions may offer it.", terms=YES_NO),
    ),
)


def read_guideposts(path: Path = DATA / "guideposts.csv") -> pd.DataFrame:
    """Return the guideposts a to f, indexed by letter, with the columns of :data:`GUIDEPOSTS`.

    Raises
    ------
    UserError
        If the file cannot be read, a letter is unknown or missing, or a value is not allowed.
    """
    frame = read_declaration(path, GUIDEPOSTS).set_index("letter")
    if absent := [letter for letter in GUIDEPOST if letter not in frame.index]:
        raise UserError(f"the guidepost {absent[0]} is missing", where=str(path))
    return frame


def read_balances(path: Path = DATA / "guidepost_balances.csv") -> pd.DataFrame:
    """Return the balances with the columns of :data:`BALANCES`; UserError as above."""
    return read_declaration(path, BALANCES)


def read_offers(path: Path = DATA / "offers.csv") -> pd.DataFrame:
    """Return the offers, indexed by table and name, with the columns of :data:`OFFERS`."""
    return read_declaration(path, OFFERS).set_index(["table", "name"])
