"""Which totals and means of firms' figures would tell what single firms have.

Belongs here: the rules that need the firms' own contributions, and so run where the figures are
made. Does not belong here: counts (:mod:`clusterstudy.disclosure.cells`) and what is derived from
published tables (:mod:`clusterstudy.disclosure.audit`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clusterstudy.disclosure.rules import Rules


def sensitive(
    contributions: pd.DataFrame, by: Sequence[str], firm: str, value: str, rules: Rules
) -> pd.DataFrame:
    """Tell for each cell which rules forbid to show its total, or its mean.

    With the contributions' sizes :math:`x_1 \\ge x_2 \\ge …` and total :math:`X`, a cell is
    *dominated* if :math:`x_1 + … + x_n > kX`, and *close* if :math:`X - x_1 - x_2 < p x_1`: the
    second largest firm could then tell the largest firm's figure to within :math:`p`.

    Parameters
    ----------
    contributions
        One row per observation; a firm's rows in a cell count as one contribution.
    by, firm, value
        Columns of the cell, the firm's key and its figure. Missing figures contribute nothing.

    Returns
    -------
    One row per cell, indexed by ``by``: ``firms``, ``few``, ``dominated``, ``close``.

    Notes
    -----
    Hundepool et al. (2012), *Statistical Disclosure Control*, section 4.2: the (n, k) and the p %
    rule. Figures of either sign count by their size.
    """
    known = contributions.dropna(subset=[value])
    sizes = known.groupby([*by, firm], observed=True)[value].sum().abs()
    sizes = sizes.sort_values(ascending=False)
    cells = sizes.groupby(level=list(by))
    total, firms = cells.sum(), cells.size()

    def largest(n: int) -> pd.Series:
        return cells.head(n).groupby(level=list(by)).sum()

    rest = total - largest(2)
    return pd.DataFrame(
        {
            "firms": firms,
            "few": firms < rules.min_firms,
            "dominated": _above(largest(rules.dominant_firms), rules.dominant_share * total),
            "close": _above(rules.p_percent * largest(1), rest),
        }
    )


def _above(left: pd.Series, right: pd.Series) -> pd.Series:
    """Return left > right, beyond rounding errors."""
    return (left > right) & ~np.isclose(left, right)
