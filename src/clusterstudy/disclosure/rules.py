"""The thresholds that output is held against, in named sets declared in data/disclosure_rules.csv.

Belongs here: what a rule set is and its reader. Does not belong here: the rules themselves, one
module each.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clusterstudy.contract.declaration import read_declaration, refuse
from clusterstudy.contract.schema import Column, Table
from clusterstudy.errors import UserError
from clusterstudy.paths import DATA

YES_NO = {"no": "No", "yes": "Yes"}
RULES = Table(
    name="disclosure_rules",
    row="A named set of thresholds.",
    source="Declared with the study; a research server may ask for stricter ones.",
    key=("name",),
    columns=(
        Column("name", "text", "Name of the set, as a study's `rules:` calls it."),
        Column("min_firms", "integer", "Fewest distinct firms behind a figure."),
        Column("dominant_firms", "integer", "Firms n of the dominance rule."),
        Column("dominant_share", "number", "Largest share of a total that these n may hold."),
        Column("p_percent", "number", "Least error, as a share, in guessing the largest firm."),
        Column("min_df", "integer", "Fewest residual degrees of freedom of a model."),
        Column(
            "extremes", "text", "Largest and smallest values.", terms={"no": "No", "yes": "Yes"}
        ),
        Column("max_rows", "integer", "Most rows of a table; more look like rows of firms."),
    ),
)


@dataclass(frozen=True)
class Rules:
    """A rule set; the fields are the columns of :data:`RULES`."""

    name: str
    min_firms: int
    dominant_firms: int
    dominant_share: float
    p_percent: float
    min_df: int
    extremes: bool
    max_rows: int


def read_rules(name: str, path: Path = DATA / "disclosure_rules.csv") -> Rules:
    """Return the rule set called ``name``.

    Raises
    ------
    UserError
        If there is no such set, or the file cannot be read or a threshold is impossible.
    """
    frame = read_declaration(path, RULES, names="rule set")
    called = frame["name"].rename("rule set")
    counts = frame[["min_firms", "dominant_firms", "min_df", "max_rows"]]
    shares = frame[["dominant_share", "p_percent"]]
    refuse((counts < 1).any(axis=1), path, "expected counts of at least 1", called)
    refuse(((shares <= 0) | (shares >= 1)).any(axis=1), path, "expected shares in (0, 1)", called)
    rows: dict[str, Any] = {row["name"]: row for row in frame.to_dict("records")}
    if name not in rows:
        allowed = ", ".join(rows)
        raise UserError(f"unknown rule set {name!r}", where=str(path), mend=f"Allowed: {allowed}")
    return Rules(**rows[name] | {"extremes": rows[name]["extremes"] == "yes"})
