"""When firms left for good, as the business register tells it.

A CVR number that ends is no exit where the activity goes on under another one: after a merger or a
change of number the firm lives as long as its successor does. A split ends nothing. A firm of
several numbers (:mod:`.successions`) lives as long as any of them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.panel import successions
from clusterstudy.panel.build import rows_of

CARRIED_ON = ("merger", "number_change")
LONGEST = 50  # numbers in one chain, so that a circle in the register ends


def exit_years(data: Dataset, cvr: pd.Series, mergers: successions.Mergers = "keep") -> np.ndarray:
    """Return the year in which each firm left for good, ``inf`` where it has not.

    Parameters
    ----------
    data
        Needs ``firms``; ``firm_successions`` where there are any.
    cvr
        CVR numbers of the firms of a panel, n of them.
    mergers
        What the panel did with firms that merge or split.

    Returns
    -------
    Shape (n,). A firm lives at the end of a year if that is before its year of exit. Successions
    are known a month late: what closed in the last month known may yet turn out to go on.
    """
    known = successions.read(data)
    place = rows_of(pd.Index(cvr), successions.units(known, mergers))
    carried = known[known["kind"].isin(CARRIED_ON)].sort_values("date")
    following = carried.drop_duplicates("cvr", keep="last").set_index("cvr")["successor"]
    last = place.index.to_series()
    for _ in range(LONGEST):
        further = last.map(following)
        if further.isna().all():
            break
        last = further.fillna(last)
    firms = data.read("firms", ["cvr", "closed"]).drop_duplicates("cvr").set_index("cvr")
    left = last.map(firms["closed"].dt.year).astype("float64").fillna(np.inf)
    return left.groupby(place.to_numpy()).max().to_numpy()
