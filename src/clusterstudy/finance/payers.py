"""Who pays a cluster: what its largest payers stand for, never what one of them paid.

Fees and cash co-financing count, for these two are known by firm. Money is in DKK thousand.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

MOST_OF_TWO = 0.85  # of a sum shown, what two firms may stand for
LARGEST = 3
BANDS = (0.0, 0.25, 0.5, 0.75, 1.0)  # an exact share of three firms would tell too much


def paid(memberships: pd.DataFrame, participations: pd.DataFrame, year: int) -> pd.Series:
    """Return what each firm paid each cluster in ``year``, the largest amounts first.

    Parameters
    ----------
    memberships, participations
        The tables of that name.

    Returns
    -------
    Series indexed by ``cluster_id`` and ``cvr``; for computing with, never to be shown.
    """
    from_year = memberships["valid_from"].dt.year <= year
    member = memberships[from_year & ~(memberships["valid_to"].dt.year < year)]
    active = participations[participations["date"].dt.year == year]
    key = ["cluster_id", "cvr"]
    fees, cofinancing = (
        frame.groupby(key)[column].sum()
        for frame, column in ((member, "fee"), (active, "cash_cofinancing"))
    )
    total = fees.add(cofinancing, fill_value=0.0)
    return total[total > 0].sort_values(ascending=False)


def large_payer(paid: pd.Series, least: int) -> pd.Series:
    """Return by cluster what its ``least`` largest payers paid on average.

    The largest alone would be one firm's figure. Missing where fewer than ``least`` paid, or two
    of them stand for more than :data:`MOST_OF_TWO`.

    Parameters
    ----------
    paid
        From :func:`paid`.
    """
    largest = paid.groupby("cluster_id").head(least).groupby("cluster_id")
    by_two = largest.apply(lambda amounts: amounts.iloc[:2].sum() / amounts.sum())
    told = (largest.size() == least) & (by_two <= MOST_OF_TWO)
    return largest.mean().where(told)


def concentration(paid: pd.Series, least: int) -> pd.DataFrame:
    """Return between which bounds the share of each cluster's three largest payers lies.

    Parameters
    ----------
    paid
        From :func:`paid`.
    least
        Fewest paying firms of which anything is shown.

    Returns
    -------
    DataFrame with ``cluster_id``, ``payers`` (paying firms), ``low`` and ``high`` (neighbours in
    :data:`BANDS`); all three missing where fewer than ``least`` paid, or two firms stand for more
    than :data:`MOST_OF_TWO` of the whole.
    """
    by_cluster = paid.groupby("cluster_id")
    total, firms = by_cluster.sum(), by_cluster.size()
    of_two, of_three = (
        paid.groupby("cluster_id").head(n).groupby("cluster_id").sum() / total for n in (2, LARGEST)
    )
    place = np.digitize(of_three, BANDS[1:-1])
    bounds = np.asarray(BANDS)
    found = pd.DataFrame(
        {"payers": firms, "low": bounds[place], "high": bounds[place + 1]}, dtype="float64"
    )
    return found.where((firms >= least) & (of_two <= MOST_OF_TWO)).reset_index()
