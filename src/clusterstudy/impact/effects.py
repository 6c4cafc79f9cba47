"""Effects on the chosen new entrants: overall, by event time and cohort, by dose and cluster.

All are averages of the same kind of group-time effects (:mod:`clusterstudy.did.group_time`), each
with its standard error, its interval and the minimum detectable effect that its error implies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from clusterstudy.did.estimates import Estimates
from clusterstudy.did.group_time import Control, GroupTime, group_time, group_times
from clusterstudy.did.panel import Panel as Arrays
from clusterstudy.did.power import mde
from clusterstudy.did.two_by_two import Method
from clusterstudy.errors import UserError
from clusterstudy.impact.design import Design
from clusterstudy.report.language import _, said


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


def estimate(study: Design, choices: Choices, *, leads: bool = True) -> GroupTime:
    """Return the group-time effects on the chosen new entrants.

    Controls are the comparison firms; with ``not_yet`` also new entrants before they enter.

    Parameters
    ----------
    leads
        Whether years before entry are looked at, and not only those that make the effects after.
    """
    firms = used(study, choices)
    arrays = study.among(firms)
    if not leads:
        arrays = from_base(study, arrays)
    return group_time(arrays, treated=study.entered[firms], **_how(study, choices))


def from_base(study: Design, arrays: Arrays, first: float | None = None) -> Arrays:
    """Leave out the years before all bases: they make no effect after entry.

    Parameters
    ----------
    arrays
        Of some of the study's firms.
    first
        The first year of entry; None for that of the chosen firms. Its base is the last year
        before it and the years of anticipation.
    """
    if first is None:
        first = study.arrays.cohort[study.entered].min(initial=np.inf)
    before = np.flatnonzero(arrays.periods < first - study.anticipation)
    kept = slice(before[-1] if len(before) else 0, None)
    return replace(arrays, outcome=arrays.outcome[:, kept], periods=arrays.periods[kept])


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
    row = overall.one(choices.level)
    return row | {"mde": float(mde(row["se"], choices.level, choices.power))}


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


def by_cell(effects: GroupTime, choices: Choices, leads: int) -> pd.DataFrame:
    """Return the effects by year of entry and years since entry, from ``leads`` years before on.

    Returns
    -------
    DataFrame with ``cohort``, ``event_time``, ``n`` (new entrants behind it), ``estimate``, ``se``,
    ``low``, ``high`` and ``mde``; cells on fewer than ``min_treated`` new entrants are left out,
    and so are the reference years, which are zero by definition.
    """
    cells = effects.cells[effects.usable].reset_index(drop=True)
    every = effects.estimates()
    frame = table(replace(every, label=cells.index), choices, "cell").drop(columns="cell")
    frame = pd.concat([cells[["cohort", "event_time", "n_treated"]], frame], axis=1)
    shown = (cells["event_time"] >= -leads) & (cells["se"] > 0)
    shown &= cells["n_treated"] >= choices.min_treated
    return frame[shown].rename(columns={"n_treated": "n"}).reset_index(drop=True)


def by_group(
    study: Design,
    choices: Choices,
    groups: Mapping[str, np.ndarray],
    whole: GroupTime | None = None,
) -> pd.DataFrame:
    """Return the overall effect on several groups of new entrants.

    Parameters
    ----------
    groups
        Boolean masks of shape (n,) by name.
    whole
        The effects on all new entrants (:func:`estimate`), to tell the groups' differences from;
        a group of all new entrants has these, and no difference.

    Returns
    -------
    DataFrame with ``group``, ``n`` (new entrants seen before and after entry), ``estimate``,
    ``se``, ``low``, ``high``, ``mde``, with ``whole`` also ``difference``, ``difference_low`` and
    ``difference_high``, and ``reason`` where there is no estimate.
    """
    found, reasons = of_groups(study, choices, groups, whole)
    return tabulated(study, choices, groups, found, reasons, whole)


def of_groups(
    study: Design,
    choices: Choices,
    groups: Mapping[str, np.ndarray],
    whole: GroupTime | None = None,
) -> tuple[dict[str, Estimates], dict[str, str]]:
    """Return the overall effect on each group of new entrants that has one, and why others do not.

    A group needs ``min_treated`` firms seen before and after entry. Estimates are labelled by
    group and can be joined, with each other and with those of :func:`estimate`.
    """
    firms, seen = used(study, choices), study.seen
    size = {name: (mask & seen).sum() for name, mask in groups.items()}
    reasons = {name: _few(choices) for name, n in size.items() if n < choices.min_treated}
    enough = {name: mask for name, mask in groups.items() if name not in reasons}
    effects: dict[str, GroupTime] = {}
    if whole is not None:
        effects = {name: whole for name, mask in enough.items() if not _lacking(study, mask)}
    apart = {
        name: (study.entered & mask)[firms] for name, mask in enough.items() if name not in effects
    }
    if apart:
        arrays = from_base(study, study.among(firms))
        made = group_times(arrays, groups=apart, **_how(study, choices))
        effects |= {name: effect for (_outcome, name), effect in made.items()}
    found: dict[str, Estimates] = {}
    for name in enough:
        try:
            found[name] = replace(effects[name].simple().overall, label=pd.Index([name]))
        except UserError as error:
            reasons[name] = said(error)
    return found, reasons


def tabulated(
    study: Design,
    choices: Choices,
    groups: Mapping[str, np.ndarray],
    found: Mapping[str, Estimates],
    reasons: Mapping[str, str],
    whole: GroupTime | None,
) -> pd.DataFrame:
    """Return what :func:`of_groups` found as :func:`by_group` does."""
    overall = None if whole is None else whole.simple().overall
    rows = []
    for name, mask in groups.items():
        row: dict[Any, Any] = {"group": name, "n": int((mask & study.seen).sum())}
        if name in reasons:
            rows.append(row | {"reason": reasons[name]})
            continue
        row |= figures(found[name], choices)
        if overall is not None and _lacking(study, mask):
            row |= difference(found[name], overall, choices.level)
        rows.append(row)
    return pd.DataFrame(rows)


def difference(found: Estimates, other: Estimates, level: float) -> dict[Any, Any]:
    """Return ``difference`` of two estimates from the same firms, with its interval."""
    apart = found.minus(replace(other, label=found.label)).one(level)
    return {
        "difference": apart["estimate"],
        "difference_low": apart["low"],
        "difference_high": apart["high"],
    }


def _lacking(study: Design, group: np.ndarray) -> bool:
    """Tell whether a group lacks any of the new entrants."""
    return bool((study.entered & ~group).any())


def _how(study: Design, choices: Choices) -> dict[str, Any]:
    return {
        "method": choices.method,
        "control": choices.control,
        "anticipation": study.anticipation,
        "base": "universal",
    }


def _firms(effects: GroupTime) -> pd.Series:
    """Return the new entrants behind each event time, over the cells that are estimated."""
    estimated = effects.cells[effects.cells["status"] == ""]
    return estimated.groupby("event_time")["n_treated"].sum()


def _few(choices: Choices) -> str:
    return _("fewer than {n} new entrants").format(n=choices.min_treated)
