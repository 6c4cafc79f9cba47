"""What two-way fixed effects average: Goodman-Bacon (2021), J. Econometrics 225, by diff-diff.

On a panel without gaps the coefficient of :func:`.twfe.static` is a weighted average of all
comparisons of two groups over two spans of time (Theorem 1). Those that take units already
treated as controls read the change of an effect as a trend; their weight says how far the
coefficient rests on them.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from clusterstudy.did.long import observations
from clusterstudy.did.optional import diff_diff
from clusterstudy.did.panel import Panel
from clusterstudy.errors import NoEstimateError

FORBIDDEN = "later_vs_earlier"  # controls are treated already
KINDS = ("treated_vs_never", "earlier_vs_later", FORBIDDEN)


def bacon(panel: Panel) -> pd.DataFrame:
    """Decompose the coefficient among the units observed in every period that any unit is.

    Returns
    -------
    DataFrame with one row per comparison: ``kind`` (of :data:`KINDS`), ``treated`` and ``control``
    (first treated period, ``inf`` for the never-treated), ``estimate`` and ``weight``, which sum
    to 1.

    Raises
    ------
    UserError
        If diff-diff is not installed, weights differ, or no treated unit is observed throughout.
    """
    library = diff_diff()
    if panel.weights is not None:
        raise NoEstimateError("the decomposition takes no sampling weights", where="weights")
    rows = observations(panel)
    rows = rows[rows.groupby("unit")["at"].transform("size") == rows["at"].nunique()]
    late = rows["cohort"] > panel.periods[-1]
    rows = rows.assign(first=rows["cohort"].mask(late, 0.0))
    if late.all() or rows["first"].nunique() < 2:
        raise NoEstimateError(
            "no treated and untreated units are observed throughout", where="outcome"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = library.BaconDecomposition().fit(rows, "outcome", "unit", "period", "first")
    frame = pd.DataFrame(
        {
            "kind": each.comparison_type,
            "treated": each.treated_group,
            "control": each.control_group,
            "estimate": each.estimate,
            "weight": each.weight,
        }
        for each in found.comparisons
    )
    return frame.assign(control=frame["control"].replace("never_treated", np.inf).astype(float))
