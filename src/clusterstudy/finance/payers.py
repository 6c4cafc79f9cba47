"""Who pays a cluster: what its largest payers stand for, never what one of them paid.

Fees and cash co-financing count, for these two are known by firm. Money is in DKK thousand.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.disclosure.magnitudes import sensitive
from clusterstudy.disclosure.rules import Rules

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


def large_payer(paid: pd.Series, least: int, rules: Rules) -> pd.Series:
    """Return by cluster what its ``least`` largest payers paid on average.

    The largest alone would be one firm's figure. Missing where fewer than ``least`` paid, or the
    sum of what they paid would tell what one of them did.

    Parameters
    ----------
    paid
        From :func:`paid`.
    rules
        Whose dominance and p % rule are kept (:func:`.magnitudes.sensitive`).
    """
    largest = paid.groupby("cluster_id").head(least)
    by_cluster = largest.groupby("cluster_id")
    return by_cluster.mean().where((by_cluster.size() == least) & ~_tells(largest, rules))


def concentration(paid: pd.Series, least: int, rules: Rules) -> pd.DataFrame:
    """Return between which bounds the share of each cluster's three largest payers lies.

    Parameters
    ----------
    paid
        From :func:`paid`.
    least
        Fewest paying firms of which anything is shown.
    rules
        Whose dominance and p % rule are kept (:func:`.magnitudes.sensitive`).

    Returns
    -------
    DataFrame with ``cluster_id``, ``payers`` (paying firms), ``low`` and ``high`` (neighbours in
    :data:`BANDS`); all three missing where fewer than ``least`` paid, or the whole would tell what
    one of them did.
    """
    by_cluster = paid.groupby("cluster_id")
    total, firms = by_cluster.sum(), by_cluster.size()
    of_three = by_cluster.head(LARGEST).groupby("cluster_id").sum() / total
    place = np.digitize(of_three, BANDS[1:-1])
    bounds = np.asarray(BANDS)
    found = pd.DataFrame(
        {"payers": firms, "low": bounds[place], "high": bounds[place + 1]}, dtype="float64"
    )
    return found.where((firms >= least) & ~_tells(paid, rules)).reset_index()


def _tells(paid: pd.Series, rules: Rules) -> pd.Series:
    """Return by cluster whether the sum would tell what one of its payers paid."""
    told = sensitive(paid.rename("paid").reset_index(), ["cluster_id"], "cvr", "paid", rules)
    return told["dominated"] | told["close"]
