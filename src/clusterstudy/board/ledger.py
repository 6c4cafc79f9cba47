"""The investment, year by year: decided by the board, planned for the clusters, paid out."""

from __future__ import annotations

import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import GRANT_LINES


def ledger(data: Dataset) -> pd.DataFrame:
    """Return the grants by year, in DKK thousand.

    Parameters
    ----------
    data
        Needs ``programme`` and ``cluster_finances``.

    Returns
    -------
    DataFrame indexed by ``year`` (the programme's years): ``decided``, ``planned`` (plan at
    designation) and ``paid`` (actual, as far as released; NaN before).
    """
    decided = data.read("programme").set_index("year")["grant"]
    finances = data.read("cluster_finances")
    grants = finances[finances["line"].isin(GRANT_LINES)]
    by_scenario = grants.groupby(["scenario", "year"])["amount"].sum()
    columns = {"planned": "plan_at_designation", "paid": "actual"}
    found = {name: by_scenario.get(scenario) for name, scenario in columns.items()}
    return pd.DataFrame({"decided": decided} | found).reindex(decided.index).rename_axis("year")


def paid_until(table: pd.DataFrame, year: int) -> float:
    """Return the grants paid out in the programme's years up to ``year``, DKK thousand."""
    return float(table.loc[table.index <= year, "paid"].sum())
