"""Do comparison firms gain or lose because a firm nearby takes part?

The estimate assumes that they do not (SUTVA). Here comparison firms of the same municipality and
six-digit industry as a new entrant count as exposed, from the year in which the first one entered.
Then, as Butts (2021, arXiv:2105.03737) proposes for one ring: the effect on participants against
comparison firms that are never exposed, and the "effect" of exposure on firms that do not take
part, against unexposed ones. Spillovers over longer distances, along supply chains or within
groups of firms are not seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from clusterstudy.did.group_time import GroupTime, group_time
from clusterstudy.errors import UserError
from clusterstudy.impact.design import Design
from clusterstudy.impact.effects import Choices, by_group, figures, from_base
from clusterstudy.panel.characteristics import covariates
from clusterstudy.report.language import _, said

PLACE = ("industry", "region")  # covariates, as exposure follows from both


@dataclass(frozen=True)
class Spillovers:
    """What exposure means for the estimate.

    Parameters
    ----------
    exposed, unexposed
        Comparison firms in rings with a new entrant, and in rings without.
    rings
        Rings with a new entrant and comparison firms.
    table
        Rows ``all`` and ``unexposed`` (effect on new entrants, against all comparison firms and
        against the unexposed), and ``exposure`` (on exposed comparison firms): ``group``, ``n``
        (new entrants, or exposed firms), ``n_comparison``, ``estimate``, ``se``, ``low``,
        ``high``, ``mde``, and ``reason`` where there is no estimate.
    """

    exposed: int
    unexposed: int
    rings: int
    table: pd.DataFrame


def first_exposure(study: Design) -> np.ndarray:
    """Return the year in which a firm's ring got its first new entrant.

    New entrants are those of the sample, of any cluster and dose.

    Returns
    -------
    Shape (n,): a year, ``inf`` where there is none by the outcome's last year, NaN where the ring
    is unknown.
    """
    firms = study.firms.firms
    entry = firms["cohort"].replace(np.inf, np.nan)
    first = entry.groupby(firms["ring"]).transform("min").to_numpy()
    first = np.where(first <= study.arrays.periods[-1], first, np.inf)
    return np.where(firms["ring"].isna(), np.nan, first)


def spillovers(study: Design, choices: Choices, main: GroupTime | None = None) -> Spillovers:
    """Estimate with and without exposed comparison firms, and the effect of exposure itself.

    Parameters
    ----------
    main
        The effects of the report, if they are known.
    """
    first = first_exposure(study)
    exposed, unexposed = study.comparison & np.isfinite(first), study.comparison & np.isinf(first)
    apart = replace(study, comparison=unexposed)
    rows = [
        by_group(each, choices, {name: each.chosen}, known).assign(
            n_comparison=each.comparison.sum()
        )
        for name, each, known in (("all", study, main), ("unexposed", apart, None))
    ]
    rows.append(pd.DataFrame([_exposure(study, choices, exposed, unexposed, first)]))
    rings = study.firms.firms.loc[exposed, "ring"].nunique()
    table = pd.concat(rows, ignore_index=True)
    return Spillovers(int(exposed.sum()), int(unexposed.sum()), rings, table)


def _exposure(
    study: Design, choices: Choices, exposed: np.ndarray, unexposed: np.ndarray, first: np.ndarray
) -> dict[Any, Any]:
    """Return the row of the effect on the exposed; errors are clustered by ring."""
    row: dict[Any, Any] = {
        "group": "exposure",
        "n": int(exposed.sum()),
        "n_comparison": int(unexposed.sum()),
    }
    if min(row["n"], row["n_comparison"]) < choices.min_treated:
        few = _("fewer than {n} exposed or unexposed firms")
        return row | {"reason": few.format(n=choices.min_treated)}
    used = exposed | unexposed
    firms = study.firms.firms[used]
    arrays = replace(
        study.among(used),
        cohort=first[used],
        covariates=np.hstack([study.firms.design()[used], covariates(firms, PLACE)]),
        cluster=firms["ring"].to_numpy(),
    )
    try:
        effects = group_time(
            from_base(study, arrays, first[exposed].min()),
            method=choices.method,
            anticipation=study.anticipation,
            base="universal",
        )
        effect = effects.simple().overall
    except UserError as error:
        return row | {"reason": said(error)}
    return row | figures(effect, choices)
