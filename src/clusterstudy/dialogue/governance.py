"""Where the guideposts come from, and who talks them over when: declared as data.

Belongs here: what a row of ``data/strategy.csv``, ``data/guidepost_sources.csv``,
``data/actors.csv`` and ``data/calendar.csv`` is, their readers, and the trace from strategy to
measure. What stands in the files is what the board paper says; nothing is added to it. Names of
persons are personal data and do not belong in them: a role is enough.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from clusterstudy.contract.declaration import read_declaration, refuse
from clusterstudy.contract.schema import Column, Table
from clusterstudy.contract.vocabulary import DIMENSION, GUIDEPOST, YES_NO
from clusterstudy.paths import DATA
from clusterstudy.report.language import later

ALL = "all"
LETTER = Column("letter", "text", "The guidepost, or all six.", terms={ALL: ALL, **GUIDEPOST})
PAPER = "The board paper (item 5, annex 5.1); declared with the study."
ORIGIN = {"strategy": later("The board's strategy"), "guidepost": later("The guidepost itself")}
KIND = {
    "strategy": later("The board's strategy"),
    "experience": later("Experience"),
    "chairs": later("Talks with the clusters' chairs"),
    "stakeholders": later("Talks with key stakeholders"),
    "abroad": later("Dialogue with authorities abroad"),
    "policy": later("Change of policy"),
}
EVENT = {"meeting": later("Meeting"), "policy": later("Policy")}
STATUS = {
    "held": later("Held"),
    "agreed": later("Agreed"),
    "expected": later("Expected"),
    "confirmed": later("Confirmed"),
}
SETTLED = ("held", "confirmed")

STRATEGY = Table(
    name="strategy",
    row="An ambition, the guidepost that carries it on, and what is measured of it.",
    source=PAPER,
    key=("ambition", "letter", "dimension"),
    columns=(
        Column("ambition", "text", "The ambition, as near to the paper's words as may be."),
        Column("origin", "text", "To whom the paper ascribes it.", terms=ORIGIN),
        Column("letter", "text", "The guidepost that carries it on.", terms=GUIDEPOST),
        Column("dimension", "text", "Dimension of the impact model.", terms=DIMENSION),
    ),
)
SOURCES = Table(
    name="guidepost_sources",
    row="Something that a guidepost rests on.",
    source=PAPER,
    key=("letter", "kind", "named"),
    columns=(
        LETTER,
        Column("kind", "text", "Kind of source.", terms=KIND),
        Column("named", "text", "What the paper names."),
        Column("on_file", "text", "Whether the document itself is on file.", terms=YES_NO),
    ),
)
ACTORS = Table(
    name="actors",
    row="A role in the dialogue; never a person's name.",
    source=PAPER,
    key=("actor",),
    columns=(
        Column("actor", "text", "Short name."),
        Column("label", "text", "The role or body."),
        Column("part", "text", "Its part in the dialogue."),
        Column("since", "date", "First day, where declared.", nullable=True),
        Column("until", "date", "Last day, where declared.", nullable=True),
    ),
)
CALENDAR = Table(
    name="calendar",
    row="A meeting or an event that bears on the guideposts.",
    source=PAPER,
    key=("event",),
    columns=(
        Column("date", "date", "Its day; empty until one is known.", nullable=True),
        Column("event", "text", "What happens."),
        Column("kind", "text", "Kind of event.", terms=EVENT),
        Column("status", "text", "Whether it is certain.", terms=STATUS),
        LETTER,
        Column("who", "text", "Actors who take part, separated by blanks.", nullable=True),
    ),
)


def read_strategy(path: Path = DATA / "strategy.csv") -> pd.DataFrame:
    """Return the ambitions with the columns of :data:`STRATEGY`; UserError as for all readers."""
    return read_declaration(path, STRATEGY)


def read_sources(path: Path = DATA / "guidepost_sources.csv") -> pd.DataFrame:
    """Return what the guideposts rest on, with the columns of :data:`SOURCES`."""
    return read_declaration(path, SOURCES)


def read_actors(path: Path = DATA / "actors.csv") -> pd.DataFrame:
    """Return the register of actors, indexed by actor, with the columns of :data:`ACTORS`."""
    return read_declaration(path, ACTORS).set_index("actor")


def read_calendar(actors: pd.DataFrame, path: Path = DATA / "calendar.csv") -> pd.DataFrame:
    """Return the calendar in the order of its days, those without one last.

    Raises
    ------
    UserError
        If the file cannot be read, a value is not allowed, or somebody in ``who`` is no actor.
    """
    frame = read_declaration(path, CALENDAR)
    named = frame["who"].fillna("").str.split()
    strangers = named.map(lambda who: any(actor not in actors.index for actor in who))
    refuse(strangers, path, f"expected who to be among the actors {', '.join(actors.index)}")
    return frame.sort_values("date", kind="stable", ignore_index=True)


def trace(strategy: pd.DataFrame, impact_model: pd.DataFrame | None) -> pd.DataFrame:
    """Return what each ambition leads to: its guidepost and the impact model's measures.

    Parameters
    ----------
    strategy
        As :func:`read_strategy` returns it.
    impact_model
        The table; None, where the study has none, leaves ``measures`` empty.

    Returns
    -------
    ``strategy`` with ``measures``: labels of the dimension's measures, as tuples of English.
    """
    model = pd.DataFrame({"dimension": [], "label": []}) if impact_model is None else impact_model
    in_model = model.groupby("dimension")["label"].agg(tuple)
    return strategy.assign(
        measures=[in_model.get(dimension, ()) for dimension in strategy["dimension"]]
    )


def unconfirmed(calendar: pd.DataFrame, as_of: date) -> pd.Series:
    """Tell which days have passed without the event being entered as held or confirmed."""
    passed = calendar["date"] < pd.Timestamp(as_of)
    return passed & ~calendar["status"].isin(SETTLED)


def meetings_of(actor: str, calendar: pd.DataFrame) -> pd.DataFrame:
    """Return the calendar's rows in which an actor takes part."""
    return calendar[[actor in who.split() for who in calendar["who"].fillna("")]]
