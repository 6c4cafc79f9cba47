"""Michigan's job-training grants: fixed effects and a first difference, through the contract."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.did.twfe import fixed_effects
from clusterstudy.panel import treatment
from clusterstudy.panel.measures import firm_values

YEARS = np.arange(1987, 1990)


def figures(data: Dataset) -> pd.DataFrame:
    """Return the estimates that Wooldridge prints, in the form of :func:`.published.compare`.

    Parameters
    ----------
    data
        The study ``michigan``'s tables.
    """
    scrap, grant, lagged = arrays(data)
    both = fixed_effects(scrap, np.stack([grant, lagged], axis=2), ["grant", "lagged"])
    first = fixed_effects(scrap[:, :2], grant[:, :2, None], ["grant"])
    rows = [
        each.table().rename_axis("label").reset_index().assign(kind=kind)
        for kind, each in (("fixed_effects", both), ("first_difference", first))
    ]
    return pd.concat(rows).assign(dataset="jtrain", period="")


def arrays(data: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return log scrap rates, grants and last year's grants of n firms, each shape (n, 3)."""
    firms = data.read("firms", ["cvr"])["cvr"]
    industry = pd.Series("other", index=firms)
    scrap = firm_values(data, "scrap_rate", industry, winsorise=0).unstack("year")
    rates = scrap.reindex(index=firms, columns=YEARS).to_numpy(dtype=float)
    contact = treatment.contacts(data)
    grant = pd.crosstab(contact["cvr"], contact["year"]).reindex(index=firms, columns=YEARS)
    granted = grant.fillna(0).to_numpy(dtype=float)
    lagged = np.column_stack([np.zeros(len(firms)), granted[:, :-1]])
    return rates, granted, lagged
