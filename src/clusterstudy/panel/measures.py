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
from clusterstudy.panel.registers import arrays

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


def firm_arrays(
    data: Dataset,
    measure: str,
    rows: pd.Series,
    group: np.ndarray,
    years: np.ndarray,
    *,
    winsorise: float = 0.01,
    scaled: bool = True,
) -> np.ndarray:
    """Return a measure of firms by year, on its scale and ready for analysis.

    Parameters
    ----------
    data
        Needs the measure's source table, and ``price_index`` for amounts in constant prices.
    measure
        Name in the impact model; its source must be a table of firms by year.
    rows
        See :func:`clusterstudy.panel.registers.arrays`.
    group
        Industry group by place, shape (n,).
    years
        Calendar years, shape (t,).
    winsorise
        Share set to the nearest kept value at each end, within year and industry group.
    scaled
        Whether to bring the values to the measure's scale; otherwise they stay in its unit.

    Returns
    -------
    Shape (n, t), NaN where not known. Values that have no logarithm are not known on the log scale.

    Raises
    ------
    UserError
        If the measure is unknown, is not a measure of firms, needs a table that is missing, or
        its expression cannot be evaluated.
    """
    row = declared(data, measure)
    values = _evaluated(data, measure, row, rows, years)
    if row["deflate"] == "yes":
        values = values * BASE_INDEX / _prices(data, measure, group, years)
    log = scaled and row["scale"] == "log"
    if log:
        values[~(values > 0)] = np.nan
    if row["scale"] != "share":
        _winsorise(values, group, winsorise)
    return np.log(values, out=values) if log else values


def firm_values(
    data: Dataset,
    measure: str,
    industry: pd.Series,
    winsorise: float = 0.01,
    scaled: bool = True,
) -> pd.Series:
    """Return :func:`firm_arrays` as a Series indexed by (cvr, year), without missing values.

    Parameters
    ----------
    industry
        Industry group of each firm, indexed by ``cvr``. Firms that are not in it are left out.
    """
    years = np.arange(*span(data, measure))
    rows, group = pd.Series(np.arange(len(industry)), industry.index), industry.to_numpy()
    values = firm_arrays(data, measure, rows, group, years, winsorise=winsorise, scaled=scaled)
    index = pd.MultiIndex.from_product([industry.index, years], names=["cvr", "year"])
    return pd.Series(values.ravel(), index, name=measure).dropna()


def span(data: Dataset, measure: str) -> tuple[int, int]:
    """Return the first year of a measure's source, and the year after its last."""
    years = [frame["year"] for frame in data.batches(_source(data, measure), ["year"])]
    seen = [(part.min(), part.max()) for part in years if len(part)]
    return (int(min(seen)[0]), int(max(last for _, last in seen)) + 1) if seen else (0, 0)


def _source(data: Dataset, measure: str) -> str:
    source = str(declared(data, measure)["source"])
    if source in FIRM_SOURCES:
        return source
    raise UserError(
        f"the measure {measure!r} comes from {source}, which has no firms by year",
        where="outcome",
        mend=f"Choose a measure from {' or '.join(FIRM_SOURCES)}",
    )


def _evaluated(
    data: Dataset, measure: str, row: pd.Series, rows: pd.Series, years: np.ndarray
) -> np.ndarray:
    """Return the measure's expression, evaluated in its source."""
    source, expression = _source(data, measure), row["expression"]
    if source == "firm_measures":
        batches = data.batches(source, ["cvr", "year", "measure", "value"])
        own = (frame[frame["measure"] == expression] for frame in batches)
        return arrays(own, ["value"], rows, years)["value"]
    used = [name for name in TABLES[source].names if name in expression]
    columns = arrays(data.batches(source, ["cvr", "year", *used]), used, rows, years)
    shape = (int(rows.max()) + 1 if len(rows) else 0, len(years))
    frame = pd.DataFrame({name: values.ravel() for name, values in columns.items()})
    try:
        result = pd.Series(frame.eval(expression), frame.index, dtype="float64").to_numpy()
    except (pd.errors.UndefinedVariableError, SyntaxError, TypeError, ValueError) as error:
        raise UserError(
            f"the expression {expression!r} cannot be evaluated: {error}",
            where=f"impact_model, measure {measure}",
            mend=f"Use the columns of {source}",
        ) from None
    known = np.isfinite(result)
    for values in columns.values():
        known &= np.isfinite(values.ravel())
    return np.where(known, result, np.nan).reshape(shape)


def _prices(data: Dataset, measure: str, group: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Return the price index of each firm's industry group, shape (n, t)."""
    if not data.has("price_index"):
        raise UserError(
            f"the measure {measure!r} is in constant prices, and the table price_index is missing",
            where=str(data.folder),
            mend="Add price_index, or set deflate to no for this measure in impact_model",
        )
    index = data.read("price_index").pivot(index="industry_group", columns="year", values="index")
    code, groups = pd.factorize(group)
    return index.reindex(index=groups, columns=years).to_numpy(dtype=float)[code]


def _winsorise(values: np.ndarray, group: np.ndarray, share: float) -> None:
    """Set values outside the inner quantiles of their year and group to the nearest, in place."""
    if not share:
        return
    code, groups = pd.factorize(group)
    for place in range(len(groups)):
        member = np.flatnonzero(code == place)
        for column in values.T:
            known = member[np.isfinite(column[member])]
            if len(known):
                column[known] = np.clip(
                    column[known], *np.quantile(column[known], [share, 1 - share])
                )
