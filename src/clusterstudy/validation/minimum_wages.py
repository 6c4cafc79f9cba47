"""County minimum wages and teen employment: Callaway & Sant'Anna (2021)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clusterstudy.did.estimates import Estimates
from clusterstudy.did.group_time import GroupTime, group_time
from clusterstudy.did.panel import from_long
from clusterstudy.errors import INSTALL, UserError


def counties() -> pd.DataFrame:
    """Return the data set ``mpdta``: 500 counties, 2003-07, as the package moderndid ships it.

    Raises
    ------
    UserError
        If the package is not installed.
    """
    try:
        import moderndid
    except ImportError:
        raise UserError(
            "the validation needs the package moderndid, which is not installed",
            mend=INSTALL,
        ) from None
    frame = moderndid.load_mpdta().to_pandas()
    return frame.assign(cohort=frame["first.treat"].replace(0, np.inf).astype("float64"))


def effects(frame: pd.DataFrame, covariates: Sequence[str] = ("lpop",)) -> GroupTime:
    """Return the group-time effects on log teen employment."""
    x = frame[list(covariates)].to_numpy() if covariates else None
    columns = (frame[name].to_numpy() for name in ("countyreal", "year", "lemp", "cohort"))
    return group_time(from_long(*columns, covariates=x))


def figures(frame: pd.DataFrame) -> pd.DataFrame:
    """Return every published figure's counterpart, as :func:`.published.compare` takes them."""
    conditional, plain = effects(frame), effects(frame, ())
    cells = conditional.estimates().table().reset_index()
    cells = cells.assign(
        kind="cell", label=cells["cohort"].map(_whole), period=cells["period"].map(_whole)
    )
    averages = {
        "simple": conditional.simple().effects,
        "dynamic": conditional.dynamic().effects,
        "cohort": conditional.by_cohort().effects,
        "period": conditional.by_period().effects,
        "unconditional": plain.simple().effects,
    }
    tables = [_table(kind, each) for kind, each in averages.items()]
    return pd.concat([cells, *tables], ignore_index=True).assign(dataset="mpdta")


def _table(kind: str, estimates: Estimates) -> pd.DataFrame:
    frame = estimates.table()
    return frame.assign(kind=kind, label=[_whole(name) for name in frame.index], period="")


def _whole(label: object) -> str:
    return f"{label:.0f}" if isinstance(label, float) else str(label)
