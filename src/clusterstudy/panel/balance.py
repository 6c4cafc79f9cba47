"""Are treated and comparison firms alike before treatment? Standardised mean differences.

The SMD is the difference of means over the pooled standard deviation of the two groups, Austin
(2009), Statistics in Medicine 28, eq. (1)-(2). Beyond 0.1 in size a difference is usually held
worth attention. It describes a sample; it is no test.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = ["treated", "comparison", "smd", "low", "high", "n_treated", "n_comparison", "yes_no"]


def smd(
    values: pd.DataFrame, treated: np.ndarray, weights: np.ndarray | None = None
) -> pd.DataFrame:
    """Return the standardised mean difference of every column.

    Parameters
    ----------
    values
        Numeric characteristics, shape (n, k). Missing values are left out column by column.
    treated
        Boolean, shape (n,). The others are the comparison firms.
    weights
        Weights of the comparison firms, shape (n,); None for equal weights. The standard
        deviations stay unweighted, so that weighting changes only the numerator.

    Returns
    -------
    DataFrame indexed by column: ``treated`` and ``comparison`` (means), ``smd``, ``low`` and
    ``high`` (95 % interval by Hedges & Olkin 1985, p. 86), ``n_treated`` and ``n_comparison``, and
    ``yes_no``, whether all values are 0 or 1 and the means so shares of firms.
    Figures are NaN where a group has fewer than two firms with the characteristic.
    """
    weight = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    rows = {
        name: _smd(column.to_numpy(dtype=float), treated, weight) for name, column in values.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").reindex(columns=COLUMNS)


def _smd(x: np.ndarray, treated: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    seen = np.isfinite(x)
    t, c = x[seen & treated], x[seen & ~treated]
    counted: dict[str, float] = {
        "n_treated": len(t),
        "n_comparison": len(c),
        "yes_no": bool(np.isin(x[seen], (0, 1)).all()),
    }
    if min(len(t), len(c)) < 2:
        return counted
    w = weight[seen & ~treated]
    effective = w.sum() ** 2 / (w**2).sum()
    mean_t, mean_c = t.mean(), np.average(c, weights=w)
    pooled = np.sqrt((t.var(ddof=1) + c.var(ddof=1)) / 2)
    d = (mean_t - mean_c) / pooled if pooled > 0 else 0.0
    se = np.sqrt(1 / len(t) + 1 / effective + d**2 / (2 * (len(t) + effective)))
    return {
        "treated": mean_t,
        "comparison": mean_c,
        "smd": d,
        "low": d - 1.96 * se,
        "high": d + 1.96 * se,
        **counted,
    }
