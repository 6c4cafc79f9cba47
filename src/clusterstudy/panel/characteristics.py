"""What a firm was like in one year: the pre-treatment characteristics.

One frame serves the baseline's balance tables, the comparison pool's cells and the covariates of
the doubly robust estimator, so that all three speak of the same variables.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clusterstudy.contract.industry import industry_group
from clusterstudy.contract.read import Dataset
from clusterstudy.errors import UserError
from clusterstudy.panel.sme import is_sme, size_class

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


def characteristics(data: Dataset, year: int) -> pd.DataFrame:
    """Return the firms that had employment in ``year`` and what they were like.

    Parameters
    ----------
    data
        Needs ``firms`` and ``firm_years``.
    year
        Calendar year of the figures.

    Returns
    -------
    DataFrame indexed by ``cvr``: ``sme`` (bool), ``industry_group``, ``size``, ``region`` and
    ``ring`` (municipality and six-digit industry; missing where the municipality is) as text, and
    the numeric ``ln_fte``, ``growth`` (change of ln employment over three years), ``ln_age``
    (ln of 1 + years since founding), ``ln_productivity`` (ln of value added per full-time
    equivalent, DKK thousand, current prices) and ``exporter`` (0 or 1). NaN where not known.
    """
    firms = data.read("firms").drop_duplicates("cvr").set_index("cvr")
    rows = data.read("firm_years", ["cvr", "year", *FIGURES])
    rows = rows.reindex(columns=["cvr", "year", *FIGURES]).drop_duplicates(["cvr", "year"])
    now = rows[(rows["year"] == year) & (rows["fte"] > 0)].set_index("cvr")
    now = now[now.index.isin(firms.index)]
    before = rows[rows["year"] == year - GROWTH_YEARS].set_index("cvr")["fte"].reindex(now.index)
    firm = firms.loc[now.index]
    municipality = firm.reindex(columns=["municipality"])["municipality"].astype("str")
    return pd.DataFrame(
        {
            "sme": is_sme(now),
            "industry_group": industry_group(firm["industry"]),
            "size": size_class(now["fte"]),
            "region": firm["region"],
            "ring": municipality + "/" + firm["industry"],
            "ln_fte": _ln(now["fte"]),
            "growth": _ln(now["fte"]) - _ln(before),
            "ln_age": np.log1p((year - firm["founded"].dt.year).clip(lower=0)),
            "ln_productivity": _ln(now["value_added"] / now["fte"]),
            "exporter": (now["exports"] > 0).where(now["exports"].notna()).astype("float64"),
        }
    )


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
