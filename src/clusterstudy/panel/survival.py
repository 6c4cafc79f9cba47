"""When firms left for good, as the business register tells it.

A CVR number that ends is no exit where the activity goes on under another one: after a merger or a
change of number the firm lives as long as its successor does. A split ends nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset

CARRIED_ON = ("merger", "number_change")
LONGEST = 50  # numbers in one chain, so that a circle in the register ends


def exit_years(data: Dataset, cvr: pd.Series) -> np.ndarray:
    """Return the year in which each firm left for good, ``inf`` where it has not.

    Parameters
    ----------
    data
        Needs ``firms``; ``firm_successions`` where there are any.
    cvr
        CVR numbers, n of them.

    Returns
    -------
    Shape (n,). A firm lives at the end of a year if that is before its year of exit. Successions
    are known a month late: what closed in the last month known may yet turn out to go on.
    """
    last = cvr.reset_index(drop=True)
    if data.has("firm_successions"):
        successions = data.read("firm_successions")
        carried = successions[successions["kind"].isin(CARRIED_ON)].sort_values("date")
        following = carried.drop_duplicates("cvr", keep="last").set_index("cvr")["successor"]
        for _ in range(LONGEST):
            further = last.map(following)
            if further.isna().all():
                break
            last = further.fillna(last)
    firms = data.read("firms", ["cvr", "closed"]).drop_duplicates("cvr").set_index("cvr")
    return last.map(firms["closed"].dt.year).astype("float64").fillna(np.inf).to_numpy()
