"""What a firm was like in one year: the pre-treatment characteristics.

One frame serves the baseline's balance tables, the comparison pool's cells and the covariates of
the doubly robust estimator, so that all three speak of the same variables.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clusterstudy.contract.industry import in_db25, industry_group
from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import MERGED_REGION
from clusterstudy.errors import UserError
from clusterstudy.panel.registers import arrays
from clusterstudy.panel.sme import is_sme, of_group, size_class
from clusterstudy.panel.successions import ALONE, among, unit_of

ATTRIBUTES = (
    "cvr",
    "founded",
    "industry",
    "industry_version",
    "municipality",
    "region",
    "group_id",
)
FIGURES = ("fte", "headcount", "revenue", "value_added", "exports", "total_assets")
GROWTH_YEARS = 3
NUMERIC = {
    "size": "ln_fte",
    "growth": "growth",
    "age": "ln_age",
    "productivity": "ln_productivity",
    "exporter": "exporter",
}
CATEGORICAL = {"industry": "industry_group", "region": "region"}
LABELS = {
    "ln_fte": "Employment (ln FTE)",
    "growth": "Employment growth over three years",
    "ln_age": "Age (ln years)",
    "ln_productivity": "Value added per FTE (ln)",
    "exporter": "Exports",
}


def characteristics(data: Dataset, year: int, unit: pd.Series = ALONE) -> pd.DataFrame:
    """Return the firms that had employment in ``year`` and what they were like.

    Parameters
    ----------
    data
        Needs ``firms`` and ``firm_years``; uses ``industry_bridge`` where there is one.
    year
        Calendar year of the figures.
    unit
        As :func:`clusterstudy.panel.successions.units` returns it: numbers that are one unit. Its
        figures are added up; industry and place are those of its largest number in ``year``.

    Returns
    -------
    DataFrame indexed by ``cvr`` (the unit): ``sme`` (bool), ``industry_group``, ``size``,
    ``region`` (as from 2027 on) and ``ring`` (municipality and six-digit industry; missing where
    the municipality is) as text, ``ambiguous`` (bool: the industry code leads to several groups
    in DB25), and the numeric ``ln_fte``, ``growth`` (change of ln employment over three years),
    ``ln_age`` (ln of 1 + years since founding), ``ln_productivity`` (ln of value added per
    full-time equivalent, DKK thousand, current prices) and ``exporter`` (0 or 1). NaN where not
    known.
    """
    firms = data.read("firms", ATTRIBUTES).drop_duplicates("cvr").set_index("cvr")
    firms = firms.reindex(columns=ATTRIBUTES[1:])
    names = unit_of(firms.index.to_series(), unit)
    code, units = pd.factorize(names)
    years = np.array([year - GROWTH_YEARS, year])
    batches = data.batches("firm_years", ["cvr", "year", *FIGURES])
    figures = arrays(batches, FIGURES, pd.Series(code, firms.index), years)
    before, now = (
        pd.DataFrame({name: values[:, at] for name, values in figures.items()}, index=units)
        for at in (0, 1)
    )
    founded = firms["founded"].groupby(code).min().set_axis(units)
    number = pd.Series(firms.index[~names.duplicated()], units)
    largest = _largest(data, year, unit)
    number.update(largest[among(largest, firms.index)])
    firm = firms.loc[number].set_axis(units)
    employed = now["fte"].to_numpy() > 0
    before, now, firm = (each[employed] for each in (before, now, firm))
    founded = founded[employed]
    municipality = firm["municipality"].astype("str")
    return pd.DataFrame(
        {
            "sme": is_sme(of_group(now, firm["group_id"])),
            **_industry(data, firm),
            "size": size_class(now["fte"]),
            "region": firm["region"].replace(MERGED_REGION),
            "ring": municipality + "/" + firm["industry"],
            "ln_fte": _ln(now["fte"]),
            "growth": _ln(now["fte"]) - _ln(before["fte"]),
            "ln_age": np.log1p((year - founded.dt.year).clip(lower=0)),
            "ln_productivity": _ln(now["value_added"] / now["fte"]),
            "exporter": (now["exports"] > 0).where(now["exports"].notna()).astype("float64"),
        }
    ).rename_axis("cvr")


def _largest(data: Dataset, year: int, unit: pd.Series) -> pd.Series:
    """Return the number with most employment in a year, by unit of several numbers."""
    parts = [
        rows[(rows["year"] == year) & (rows["fte"] > 0)]
        for rows in data.batches("firm_years", ["cvr", "year", "fte"])
    ]
    rows = pd.concat(parts)
    rows = rows[among(rows["cvr"], unit.index)]
    rows = rows.sort_values(["fte", "cvr"], ascending=[False, True])
    rows = rows.assign(unit=unit_of(rows["cvr"], unit)).drop_duplicates("unit")
    return rows.set_index("unit")["cvr"]


def _industry(data: Dataset, firm: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the firms' industry groups, and whether their code leads to several in DB25."""
    code, ambiguous = firm["industry"], pd.Series(False, firm.index)
    if data.has("industry_bridge"):
        found = in_db25(code, firm["industry_version"], data.read("industry_bridge"))
        code, ambiguous = found["industry"], found["ambiguous"]
    return {"industry_group": industry_group(code), "ambiguous": ambiguous}


def covariates(frame: pd.DataFrame, wanted: Sequence[str]) -> pd.DataFrame:
    """Return chosen characteristics as numeric columns, categories as indicators.

    Parameters
    ----------
    frame
        As :func:`characteristics` returns it.
    wanted
        Among ``size``, ``growth``, ``age``, ``productivity``, ``exporter``, ``industry``,
        ``region``.

    Raises
    ------
    UserError
        If a name is unknown.
    """
    unknown = [name for name in wanted if name not in NUMERIC | CATEGORICAL]
    if unknown:
        raise UserError(
            f"unknown covariate {unknown[0]!r}",
            where="covariates",
            mend=f"Choose among: {', '.join([*NUMERIC, *CATEGORICAL])}",
        )
    numeric = frame[[NUMERIC[name] for name in wanted if name in NUMERIC]]
    chosen = [name for name in wanted if name in CATEGORICAL]
    indicators = [
        pd.get_dummies(frame[CATEGORICAL[name]], prefix=name, dtype=float).iloc[:, 1:]
        for name in chosen
    ]
    return pd.concat([numeric, *indicators], axis="columns")


def _ln(values: pd.Series) -> pd.Series:
    return np.log(values.where(values > 0))
