"""Effects on the chosen new entrants: overall, by event time and cohort, by dose and cluster.

All are averages of the same kind of group-time effects (:mod:`clusterstudy.did.group_time`), each
with its standard error, its interval and the minimum detectable effect that its error implies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clusterstudy.did.estimates import Estimates
from clusterstudy.did.group_time import Control, GroupTime, group_time
from clusterstudy.did.power import mde
from clusterstudy.did.two_by_two import Method
from clusterstudy.errors import UserError
from clusterstudy.impact.design import Design
from clusterstudy.report.language import _


@dataclass(frozen=True)
class Choices:
    """How effects are estimated and shown.

    Parameters
    ----------
    method, control
        See :func:`clusterstudy.did.group_time.group_time`.
    level, power
        Of intervals and of minimum detectable effects.
    min_treated
        Fewest treated firms behind an estimate.
    """

    method: Method
    control: Control
    level: float
    power: float
    min_treated: int


def estimate(study: Design, choices: Choices, treated: np.ndarray | None = None) -> GroupTime:
    """Return the group-time effects on the chosen new entrants, or on those in ``treated``.

    Controls are the comparison firms; with ``not_yet`` also new entrants before they enter.
    """
    firms = used(study, choices)
    chosen = study.entered if treated is None else study.entered & treated
    return group_time(
        study.among(firms),
        method=choices.method,
        control=choices.control,
        anticipation=study.anticipation,
        base="universal",
        treated=chosen[firms],
    )


def used(study: Design, choices: Choices) -> np.ndarray:
    """Return the firms that :func:`estimate` is made from, boolean of shape (n,)."""
    every = study.entered | study.comparison
    return every | study.firms.treated if choices.control == "not_yet" else every


def usable(effects: GroupTime) -> bool:
    """Tell whether any effect after entry could be estimated."""
    after = effects.cells["event_time"] >= 0
    return bool((effects.cells.loc[after, "status"] == "").any())


def table(estimates: Estimates, choices: Choices, name: str) -> pd.DataFrame:
    """Return ``name`` (the labels), ``estimate``, ``se``, ``low``, ``high`` and ``mde``."""
    frame = estimates.table(choices.level)
    frame["mde"] = mde(frame["se"].to_numpy(), choices.level, choices.power)
    return frame.rename_axis(name).reset_index()


def figures(overall: Estimates, choices: Choices) -> dict[Any, float]:
    """Return the one row of :func:`table` without its label."""
    return table(overall, choices, "label").drop(columns="label").iloc[0].to_dict()


def dynamic(effects: GroupTime, choices: Choices, leads: int) -> Estimates:
    """Return the effects by event time from ``leads`` years before entry on.

    Event times on fewer than ``min_treated`` new entrants are left out.
    """
    every = effects.dynamic(first=-leads).effects
    firms = _firms(effects)
    kept = np.asarray((firms[every.label] >= choices.min_treated) | (every.se == 0))
    return every.combine(np.eye(len(kept))[kept], every.label[kept])


def event_study(effects: GroupTime, shown: Estimates, choices: Choices, seed: int) -> pd.DataFrame:
    """Return the effects of :func:`dynamic` with a band for all years at once (sup-t, bootstrap).

    Returns
    -------
    As :func:`table`, with ``event_time``, ``n`` (new entrants behind it; NaN at the reference),
    ``band_low`` and ``band_high``.
    """
    band = shown.uniform(choices.level, seed=seed)
    frame = table(shown, choices, "event_time").assign(band_low=band[:, 0], band_high=band[:, 1])
    frame.insert(1, "n", np.where(shown.se > 0, _firms(effects)[shown.label], np.nan))
    return frame


def by_cohort(study: Design, choices: Choices, effects: GroupTime) -> pd.DataFrame:
    """Return the effect by year of entry, as :func:`by_group` does for groups."""
    frame = table(effects.by_cohort().effects, choices, "group")
    cohort = study.arrays.cohort[study.seen]
    frame.insert(1, "n", [int((cohort == g).sum()) for g in frame["group"]])
    few = frame["n"] < choices.min_treated
    shown = ["estimate", "se", "low", "high", "mde"]
    frame[shown] = frame[shown].mask(few)
    frame["reason"] = np.where(few, _few(choices), "")
    return frame.assign(group=frame["group"].map("{:.0f}".format))


def by_group(study: Design, choices: Choices, groups: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return the overall effect on several groups of new entrants.

    Parameters
    ----------
    groups
        Boolean masks of shape (n,) by name.

    Returns
    -------
    DataFrame with ``group``, ``n`` (new entrants seen before and after entry), ``estimate``,
    ``se``, ``low``, ``high``, ``mde``, and ``reason`` where there is no estimate.
    """
    return pd.DataFrame([_group(study, choices, name, mask) for name, mask in groups.items()])


def of_group(study: Design, choices: Choices, mask: np.ndarray) -> Estimates:
    """Return the overall effect on the new entrants in ``mask``.

    Raises
    ------
    UserError
        If fewer than ``min_treated`` are seen before and after entry, or no cell can be estimated.
    """
    if (mask & study.seen).sum() < choices.min_treated:
        raise UserError(_few(choices))
    return estimate(study, choices, mask).simple().overall


def _firms(effects: GroupTime) -> pd.Series:
    """Return the new entrants behind each event time, over the cells that are estimated."""
    estimated = effects.cells[effects.cells["status"] == ""]
    return estimated.groupby("event_time")["n_treated"].sum()


def _few(choices: Choices) -> str:
    return _("fewer than {n} new entrants").format(n=choices.min_treated)


def _group(study: Design, choices: Choices, name: str, mask: np.ndarray) -> dict[Any, Any]:
    row = {"group": name, "n": int((mask & study.seen).sum())}
    try:
        return row | figures(of_group(study, choices, mask), choices)
    except UserError as error:
        return row | {"reason": error.what}
