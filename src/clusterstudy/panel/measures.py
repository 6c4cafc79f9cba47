"""Measures of the impact model, from register columns to analysis values.

A measure is a row of the impact model: its expression is evaluated in its source table, put in
constant prices, winsorised within year and industry group, and brought to its scale. A new measure
is a new row, not new code.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.tables import TABLES
from clusterstudy.errors import UserError

BASE_INDEX = 100.0
FIRM_SOURCES = ("firm_years", "firm_measures")


def declared(data: Dataset, measure: str) -> pd.Series:
    """Return the impact model's row for ``measure``; UserError names the known ones."""
    model = data.read("impact_model").set_index("measure")
    if measure not in model.index:
        known = ", ".join(sorted(model.index))
        raise UserError(
            f"the impact model has no measure {measure!r}",
            where="outcome",
            mend=f"Choose one of: {known}",
        )
    return pd.Series(model.loc[measure])


def firm_values(
    data: Dataset,
    measure: str,
    industry: pd.Series,
    winsorise: float = 0.01,
    scaled: bool = True,
) -> pd.Series:
    """Return a measure of firms by year, on its scale and ready for analysis.

    Parameters
    ----------
    data
        Needs the measure's source table, and ``price_index`` for amounts in constant prices.
    measure
        Name in the impact model; its source must be a table of firms by year.
    industry
        Industry group of each firm, indexed by ``cvr``. Firms that are not in it are left out.
    winsorise
        Share set to the nearest kept value at each end, within year and industry group.
    scaled
        Whether to bring the values to the measure's scale; otherwise they stay in its unit.

    Returns
    -------
    Series indexed by (cvr, year), without missing values. Values that have no logarithm are left
    out of a measure on the log scale.

    Raises
    ------
    UserError
        If the measure is unknown, is not a measure of firms, needs a table that is missing, or
        its expression cannot be evaluated.
    """
    row = declared(data, measure)
    values = _evaluate(data, measure, row).dropna()
    values = values[values.index.get_level_values("cvr").isin(industry.index)]
    group = pd.Series(
        industry.reindex(values.index.get_level_values("cvr")).to_numpy(), index=values.index
    )
    if row["deflate"] == "yes":
        values = _deflate(data, measure, values, group)
    if scaled and row["scale"] == "log":
        values = values[values > 0]
    if row["scale"] != "share":
        values = _winsorise(values, group, winsorise)
    if scaled and row["scale"] == "log":
        values = np.log(values)
    return values.rename(measure)


def _evaluate(data: Dataset, measure: str, row: pd.Series) -> pd.Series:
    """Return the measure's expression, evaluated in its source and indexed by (cvr, year)."""
    source, expression = row["source"], row["expression"]
    if source not in FIRM_SOURCES:
        raise UserError(
            f"the measure {measure!r} comes from {source}, which has no firms by year",
            where="outcome",
            mend=f"Choose a measure from {' or '.join(FIRM_SOURCES)}",
        )
    if source == "firm_measures":
        frame = data.read(source)
        kept = frame[frame["measure"] == expression]
        return kept.set_index(["cvr", "year"])["value"]
    used = [name for name in TABLES[source].names if name in expression]
    frame = data.read(source, ["cvr", "year", *used]).set_index(["cvr", "year"])
    frame = frame.reindex(columns=used)  # a column the file lacks is missing throughout
    try:
        result = pd.Series(frame.eval(expression), frame.index, dtype="float64")
    except (pd.errors.UndefinedVariableError, SyntaxError, TypeError, ValueError) as error:
        raise UserError(
            f"the expression {expression!r} cannot be evaluated: {error}",
            where=f"impact_model, measure {measure}",
            mend=f"Use the columns of {source}",
        ) from None
    complete = frame.notna().all(axis="columns")
    return result.where(complete & np.isfinite(result))


def _deflate(data: Dataset, measure: str, values: pd.Series, group: pd.Series) -> pd.Series:
    """Return amounts in the prices of the index's base year."""
    if not data.has("price_index"):
        raise UserError(
            f"the measure {measure!r} is in constant prices, and the table price_index is missing",
            where=str(data.folder),
            mend="Add price_index, or set deflate to no for this measure in impact_model",
        )
    index = data.read("price_index").set_index(["industry_group", "year"])["index"]
    at = pd.MultiIndex.from_arrays([group.to_numpy(), values.index.get_level_values("year")])
    return (values * BASE_INDEX / index.reindex(at).to_numpy()).dropna()


def _winsorise(values: pd.Series, group: pd.Series, share: float) -> pd.Series:
    """Set values outside the inner quantiles of their year and industry group to the nearest."""
    if not share:
        return values
    keys = [values.index.get_level_values("year"), group.reindex(values.index).to_numpy()]
    grouped = values.groupby(keys)
    low, high = (grouped.transform("quantile", level) for level in (share, 1 - share))
    return values.clip(low, high)
