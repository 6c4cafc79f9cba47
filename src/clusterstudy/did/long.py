"""A panel as rows of units by periods, for libraries that take no arrays.

Belongs here: one row per observation of a panel. Does not belong here: the way back
(:func:`.panel.from_long`), or any estimation.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.did.panel import Panel


def observations(panel: Panel) -> pd.DataFrame:
    """Return what is observed of the units that are not always treated.

    Returns
    -------
    DataFrame sorted by unit and period: ``unit`` (the row in the panel), ``at`` (index of the
    period), ``period``, ``outcome``, ``cohort``, ``weight`` (mean 1 over units) and ``cluster``
    (the unit, where a panel has none).
    """
    seen = np.isfinite(panel.outcome) & ~panel.always_treated[:, None]
    unit, at = np.nonzero(seen)
    cluster = np.arange(panel.n_units) if panel.cluster is None else panel.cluster
    return pd.DataFrame(
        {
            "unit": unit,
            "at": at,
            "period": panel.periods[at],
            "outcome": panel.outcome[seen],
            "cohort": panel.cohort[unit],
            "weight": panel.weight()[unit],
            "cluster": np.asarray(cluster)[unit],
        }
    )
