"""Other public support to the firms of a panel: what they had before the programme, and since.

Firms that take part in a cluster often receive other support too. What to do about it is a choice
(:data:`OtherProgrammes`):

- ``ignore``: other support is left out of account.
- ``covariate``: support in the :data:`YEARS` years up to the last one before the programme is among
  the covariates, as an indicator and by its amount. Support since then is not: it may itself follow
  from taking part, and conditioning on it would take away a part of the effect and compare firms
  that are alike for different reasons (Rosenbaum 1984, JRSS A 147).
- ``exclude``: firms with support in those years or since are left out of both groups. The effect is
  then that on firms without any; as support may follow from taking part, this also conditions on
  what comes after it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.errors import UserError
from clusterstudy.panel.successions import among, unit_of

OtherProgrammes = Literal["ignore", "covariate", "exclude"]
TABLE = "other_support"
YEARS = 5
COVARIATES = ("supported", "ln_support")
LABELS = {
    "supported": "Other public support in the five years before the programme",
    "ln_support": "Its amount (ln of 1 + DKK thousand)",
}


def received(data: Dataset, firms: pd.Index, unit: pd.Series, reference: int) -> pd.DataFrame:
    """Return what other support firms received before and after the end of a year.

    Parameters
    ----------
    data
        Needs ``other_support``.
    firms
        The firms (units).
    unit
        As :func:`clusterstudy.panel.successions.units` returns it: a unit has the support of all
        its numbers.
    reference
        The last year before the programme.

    Returns
    -------
    DataFrame indexed by ``firms``: ``supported`` (0 or 1: any support in the :data:`YEARS` years up
    to ``reference``), ``ln_support`` (ln of 1 + its amount, DKK thousand in current prices; 0
    without any) and ``supported_since`` (boolean: any in a later year that is known). A firm on no
    list had none.

    Raises
    ------
    UserError
        If the table is missing.
    """
    rows = data.read(TABLE, ["cvr", "year", "amount"])
    rows = rows.assign(cvr=unit_of(rows["cvr"], unit))
    before = rows[rows["year"].between(reference - YEARS + 1, reference)]
    since = pd.Index(rows.loc[rows["year"] > reference, "cvr"].unique())
    amount = before.groupby("cvr")["amount"].sum().reindex(firms)
    return pd.DataFrame(
        {
            "supported": amount.notna().astype("float64"),
            "ln_support": np.log1p(amount.fillna(0.0).clip(lower=0.0)),
            "supported_since": among(firms.to_series(), since).to_numpy(),
        },
        index=firms,
    )


def covariates(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns of :data:`COVARIATES` that tell firms apart, and from each other.

    Parameters
    ----------
    frame
        As :func:`received` returns it.
    """
    some = frame["supported"] > 0
    told = (some.nunique() > 1, frame.loc[some, "ln_support"].nunique() > 1)
    return tuple(name for name, tells in zip(COVARIATES, told, strict=True) if tells)


def refuse_missing(data: Dataset, other_programmes: OtherProgrammes) -> None:
    """Refuse a choice that needs other support where the data hold none."""
    if other_programmes != "ignore" and not data.has(TABLE):
        raise UserError(
            f"{other_programmes!r} needs the table {TABLE}, which is missing",
            where="other_programmes",
            mend=f"Add {TABLE}.csv, {TABLE}.parquet or {TABLE}.xlsx, or choose ignore",
        )
