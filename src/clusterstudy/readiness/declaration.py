"""The clauses of the board paper, and the indicators that stand for them, declared as data.

Belongs here: what an indicator is and the reader of ``data/readiness_indicators.csv``. Goalposts,
bars and weights are judgements: they stand in that file, for the board to weigh, not in code.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from clusterstudy.contract.declaration import read_declaration, refuse
from clusterstudy.contract.schema import Column, Table
from clusterstudy.paths import DATA
from clusterstudy.report.language import later


@dataclass(frozen=True)
class Clause:
    """A clause of the board paper.

    Parameters
    ----------
    label
        The clause in a few words.
    role
        ``merit`` is the cluster's own doing; ``context`` its field's, and no merit; ``outcome``
        what the other clauses are expected to lead to, and so no part of the composite.
    """

    label: str
    role: Literal["merit", "context", "outcome"]


CLAUSES = {
    "membership_fees": Clause(later("Experience with membership fees"), "merit"),
    "trade_associations": Clause(later("Close cooperation with trade associations"), "merit"),
    "private_advisers": Clause(later("Few or no established private advisers"), "context"),
    "value_proposition": Clause(later("Clear value proposition"), "outcome"),
}
ROLES = np.array([clause.role for clause in CLAUSES.values()])
MISSING = {
    "worst": later("Counts as the unfavourable goalpost: nothing on file means nothing there"),
    "median": later("Counts as the median of the clusters that have a value"),
    "omit": later("Is left out, and its weight goes to the clause's other indicators"),
}
DIRECTION = {"higher": later("Higher is better"), "lower": later("Lower is better")}

INDICATORS = Table(
    name="readiness_indicators",
    row="An indicator of readiness.",
    source="Declared with the study; the board may weigh it anew.",
    key=("name",),
    columns=(
        Column("name", "text", "Short name: a column of clusters, an item of survey or a measure."),
        Column("label", "text", "Label in reports (English; Danish from the catalogue)."),
        Column("clause", "text", "Clause.", terms={k: v.label for k, v in CLAUSES.items()}),
        Column("definition", "text", "What is measured, in a sentence."),
        Column("source", "text", "Table of the contract it comes from."),
        Column("unit", "text", "Unit."),
        Column("direction", "text", "Which way is better.", terms=DIRECTION),
        Column("goalpost_low", "number", "Value from which less changes nothing."),
        Column("bar", "number", "Value at which the paper's words hold: 'many years', 'close'."),
        Column("goalpost_high", "number", "Value from which more changes nothing."),
        Column("weight", "number", "Weight within its clause, relative to the others there."),
        Column("missing", "text", "Rule for a missing value.", terms=MISSING),
    ),
)


def read_indicators(path: Path = DATA / "readiness_indicators.csv") -> pd.DataFrame:
    """Return the declared indicators, indexed by name, with the columns of :data:`INDICATORS`.

    Raises
    ------
    UserError
        If the file cannot be read, or a row contradicts itself or the vocabulary.
    """
    frame = read_declaration(path, INDICATORS, names="indicator")
    called = frame["name"].rename("indicator")
    inside = (frame["goalpost_low"] < frame["bar"]) & (frame["bar"] < frame["goalpost_high"])
    refuse(~inside, path, "expected goalpost_low < bar < goalpost_high", called)
    refuse(~(frame["weight"] > 0), path, "expected a weight above 0", called)
    return frame.set_index("name")
