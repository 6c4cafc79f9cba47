"""Texts and formats that several parts of the page share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from clusterstudy.baseline.levels import (
    ANSWERS,
    CENSUS,
    COMPARISON,
    MEAN,
    PROCESS,
    SHARE,
)
from clusterstudy.disclosure.cells import rounded
from clusterstudy.report import numbers
from clusterstudy.report.fragments import blank_note
from clusterstudy.report.language import _, later
from clusterstudy.report.page import Page

BOUNDS = ("low", "high")
BASIS_NOTE = {
    MEAN: later("Means of firms have normal intervals."),
    SHARE: later("Shares of firms have Wilson's intervals."),
    ANSWERS: later("Survey answers are weighted, with linearised intervals."),
    PROCESS: later(
        "Shares of collaborations have Wilson's intervals, as if each were drawn on its own."
    ),
    CENSUS: later("All that was registered is counted: there is no sampling error, no interval."),
}


def of_dimension(
    page: Page,
    table: pd.DataFrame,
    declared: pd.DataFrame,
    names: Mapping[str, str],
    min_firms: int,
    dimension: str,
    mean: str = "mean",
) -> pd.DataFrame:
    """Return a dimension's rows with their texts; name the measures that have no figure to show."""
    chosen = declared.loc[declared["dimension"] == dimension, "measure"]
    shown = named(table[table["measure"].isin(chosen)], declared, names)
    some = shown.groupby("measure")[mean].transform("count") > 0
    few = list(dict.fromkeys(shown.loc[~some, "label"]))
    if few:
        told = _("Not shown, for fewer than {least} firms stand behind each figure: {measures}.")
        page.callout("missing", told.format(least=min_firms, measures="; ".join(few)))
    return shown[some].reset_index(drop=True)


def named(
    table: pd.DataFrame, declared: pd.DataFrame, names: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return a table with each measure's ``label`` and ``unit``, and ``who`` its group is."""
    texts = declared.set_index("measure")
    named = table.assign(
        **{name: table["measure"].map(texts[name]).map(_) for name in ("label", "unit")}
    )
    if names is None:
        return named
    return named.assign(who=named["group"].map({**names, COMPARISON: _("SMEs without contact")}))


def coarse(
    table: pd.DataFrame,
    declared: pd.DataFrame,
    counted: Sequence[str],
    figures: Sequence[str],
    min_firms: int,
) -> pd.DataFrame:
    """Return a table whose figures, held against those of another day, tell of no few firms.

    Parameters
    ----------
    table
        With the columns ``measure`` and ``basis``.
    declared
        The impact model.
    counted
        Columns of numbers: rounded down to a multiple of ``min_firms``.
    figures
        Columns of figures: those that are shares of firms, answers or collaborations are rounded to
        whole percentages, for an exact share tells the number that it is of.
    """
    scales = table["measure"].map(declared.set_index("measure")["scale"])
    shares = (scales == "share") & (table["basis"] != CENSUS)
    told = {name: rounded(table[name], min_firms) for name in counted}
    return table.assign(
        **told, **{name: table[name].mask(shares, table[name].round(2)) for name in figures}
    )


def coarse_note(min_firms: int) -> str:
    """Return the sentence that says how :func:`coarse` rounds."""
    told = _("Numbers are rounded down to a multiple of {least}, and shares to whole percentages.")
    return told.format(least=min_firms)


def notes(bases: pd.Series, blank: int, min_firms: int) -> str:
    """Return what the intervals are about, and how many rows are blank."""
    about = [_(BASIS_NOTE[basis]) for basis in BASIS_NOTE if (bases == basis).any()]
    return " ".join([*about, blank_note(blank, min_firms)]).strip()


def interval(low: float, high: float) -> str:
    """Return an interval of means with two decimals."""
    return numbers.interval(low, high, 2)
