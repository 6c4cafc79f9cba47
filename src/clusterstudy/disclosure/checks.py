"""Hold the tables of one release against the rules, alone, against each other and against earlier.

Belongs here: each check as a function from counts or a table to findings. Does not belong here:
files, exceptions and the record (:mod:`clusterstudy.releasing`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product

import numpy as np
import pandas as pd

from clusterstudy.disclosure.audit import intervals, relations_of
from clusterstudy.disclosure.outputs import SHARE, VARIANT, Count
from clusterstudy.disclosure.rules import Rules
from clusterstudy.errors import Sentence

RULES = {
    "small_cell": "no count of one to too few firms",
    "rounded": "numbers and shares said to be rounded are so",
    "degrees_of_freedom": "no model with too few degrees of freedom",
    "extremes": "no largest, smallest or outer value",
    "linked": "no hidden count can be told from what is shown",
    "differencing": "no two counts of like firms differ by too few",
    "undeclared": "what the output counts is declared in data/outputs.csv",
    "min_firms": "the report hid small cells by this rule set's minimum or more",
    "changed": "the files are as the run made them",
    "cvr": "no firm's CVR number",
    "cpr": "no number like a person's",
    "p_number": "no number like a production unit's",
    "row_level": "no rows of single firms",
    "unreadable": "every file can be read and checked",
}
EXCUSABLE = ("small_cell", "rounded", "degrees_of_freedom", "extremes", "linked", "differencing")
OUTER = re.compile(r"(?i)min|max|minimum|maximum|largest|smallest|[pq]\d+")


@dataclass(frozen=True)
class Finding:
    """A rule that an output breaks, and how; neither firm nor hidden figure is named."""

    run: str
    output: str
    rule: str
    detail: Sentence


def of_table(
    frame: pd.DataFrame, cells: Sequence[Count], run: str, name: str, rules: Rules, least: int
) -> Iterator[Finding]:
    """Yield what one table breaks by itself.

    Parameters
    ----------
    cells
        Its counts; without any, the table holds no figures on firms.
    least
        What the run rounded numbers of firms to a multiple of.
    """
    small = [cell for cell in cells if 0.5 < cell.value < rules.min_firms - 0.5]
    if small:
        yield Finding(run, name, "small_cell", _in_column(small))
    odd = [cell for cell in cells if not cell.exact and not _is_multiple(cell.value, least)]
    if odd:
        yield Finding(run, name, "rounded", _in_column(odd))
    outer = [column for column in map(str, frame) if OUTER.fullmatch(column)]
    if outer and cells and not rules.extremes:
        yield Finding(run, name, "extremes", Sentence("column {column}", column=outer[0]))
    if "se" in frame:
        for column in dict.fromkeys(cell.column for cell in cells if cell.relation != SHARE):
            few = frame["se"].gt(0) & (frame[column] - 1 < rules.min_df)
            if few.any():
                times, least = int(few.sum()), rules.min_df
                detail = Sentence("{times} of fewer than {least}", times=times, least=least)
                yield Finding(run, name, "degrees_of_freedom", detail)


def differences(cells: Sequence[Count], earlier: Sequence[Count], minimum: int) -> list[Finding]:
    """Return counts of like firms that differ by one to ``minimum`` − 1.

    Alike are counts of the same population, wherever they stand, whenever they were released and
    whatever their variant, a population and the one it is part of, and rows that are each part of
    the row above. Rounded numbers are not compared. Of two counts the later one in ``cells`` is
    named.
    """
    shown = [cell for cell in cells if cell.exact and not cell.hidden]
    named = [cell for cell in [*earlier, *shown] if cell.exact and cell.relation != "above"]
    alike, same = (defaultdict(list), defaultdict(list))
    for cell in named:
        alike[cell.population.partition(VARIANT)[0]].append(cell)
        same[cell.population].append(cell)
    pairs = [pair for cells in alike.values() for pair in combinations(cells, 2)]
    for cell in shown:
        if cell.relation in ("within", "adds"):
            pairs += product(same[cell.parent], [cell])
    pairs += [
        (a, b)
        for a, b in pairwise(cell for cell in shown if cell.relation == "above")
        if (a.run, a.output, a.column, a.parent) == (b.run, b.output, b.column, b.parent)
    ]
    new, found = set(shown), dict[Finding, None]()
    for other, one in pairs:
        if 0 < abs(one.value - other.value) < minimum and one in new:
            detail = Sentence(
                "{column} against {other}, {other_column}",
                column=one.column,
                other=f"{other.run}/{other.output}",
                other_column=other.column,
            )
            found[Finding(one.run, one.output, "differencing", detail)] = None
    return list(found)


def _in_column(cells: Sequence[Count]) -> Sentence:
    return Sentence("{times} in {column}", times=len(cells), column=cells[0].column)


def _is_multiple(value: float, least: int) -> bool:
    return bool(np.isnan(value) or np.isclose(value / least, round(value / least), atol=1e-6))


def linked(cells: Sequence[Count], earlier: Sequence[Count], minimum: int) -> list[Finding]:
    """Return tables with a hidden count that is shown elsewhere, or that sums tell.

    The sums tell it if only fewer than ``minimum`` firms lie between the least and the most it can
    be.

    Every exact count that is shown anywhere, or was released earlier, is known.
    """
    known = {
        cell.population: cell.value for cell in [*earlier, *cells] if cell.exact and not cell.hidden
    }
    sums: dict[str, dict[str, None]] = {}
    for cell in cells:
        if cell.relation == "adds":
            breakdown = f"{cell.parent}|{cell.run}/{cell.output}"
            sums.setdefault(breakdown, {})[cell.population] = None
    hiding = {
        total: list(parts) for total, parts in sums.items() if not all(p in known for p in parts)
    }
    names = pd.Index([*dict.fromkeys(n for t, p in hiding.items() for n in (t.split("|")[0], *p))])
    values = np.array([known.get(name, np.nan) for name in names])
    blank = np.isnan(values)
    try:
        found = intervals(values, blank, relations_of(names, hiding))
    except ValueError:
        first = next(cell for cell in cells if cell.hidden)
        contradiction = Sentence("the totals contradict each other")
        return [Finding(first.run, first.output, "linked", contradiction)]
    told = set(names[found.index[found["high"] - found["low"] < minimum]]) | set(known)
    by_table = dict.fromkeys(
        (cell.run, cell.output)
        for cell in cells
        if cell.exact and cell.hidden and cell.population in told
    )
    told_by_sums = Sentence("a blank count can be computed")
    return [Finding(*table, "linked", told_by_sums) for table in by_table]
