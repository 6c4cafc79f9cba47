"""Group-time average treatment effects: Callaway & Sant'Anna (2021), J. Econometrics 225.

ATT(g, t) is the average effect in period t on the units first treated in period g. Each cell is
one comparison of :mod:`.two_by_two`: from the cell's base to t, the cohort against controls never
treated or not yet treated, conditional on pre-treatment covariates. Averages over cells, by
cohort sizes, are their eq. (3.1) and table 1; influence functions include those sizes.

Assumed: parallel trends given covariates, no anticipation beyond ``anticipation`` periods,
overlap, and treatment that does not switch off. Units need not be observed in all periods: a cell
uses those observed in both of its periods (as Stata's csdid). Always-treated units are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from clusterstudy.did.estimates import Estimates
from clusterstudy.did.panel import Panel
from clusterstudy.did.two_by_two import Method, NotEstimable, two_by_two
from clusterstudy.errors import UserError

Control = Literal["never", "not_yet"]
Base = Literal["varying", "universal"]


@dataclass(frozen=True, eq=False)
class Averages:
    """Averages of ATT(g, t).

    Parameters
    ----------
    overall
        One number, label ``overall``.
    effects
        By event time, cohort or period.
    left_out
        Cells the averages should hold and do not: ``cohort``, ``period``, ``status``.
    """

    overall: Estimates
    effects: Estimates
    left_out: pd.DataFrame


@dataclass(frozen=True, eq=False)
class GroupTime:
    """All ATT(g, t) of a panel, or of a subset of its treated units.

    Parameters
    ----------
    cells
        One row per cohort and period: ``cohort``, ``period``, ``base``, ``event_time``,
        ``estimate``, ``se``, ``n_treated``, ``n_control``, ``effective_controls``,
        ``max_pscore``, ``off_support`` (share of the treated beyond every control's propensity
        score), ``status`` (empty, or why there is no estimate).
    influence
        Shape (m, cells), as in :class:`.Estimates`; zero where there is no estimate.
    entry
        Shape (m, cohorts): the sampling weight of each independent unit in each cohort.
    always_treated
        Number of units left out because they are treated from the first period on.
    """

    cells: pd.DataFrame
    influence: np.ndarray
    entry: np.ndarray
    always_treated: int

    def estimates(self) -> Estimates:
        """Return the cells that can be estimated, labelled by cohort and period."""
        keep = (self.cells["status"] == "").to_numpy()
        label = pd.MultiIndex.from_frame(self.cells.loc[keep, ["cohort", "period"]])
        estimate = self.cells["estimate"].to_numpy()[keep]
        return Estimates.from_influence(label, estimate, self.influence[:, keep])

    def simple(self) -> Averages:
        """Average all post-treatment cells, each by the size of its cohort."""
        post = self._post()
        overall = self._average(post[:, None].astype(float), ["overall"])
        return Averages(overall, overall, self._left_out(post))

    def dynamic(self, first: float = -np.inf, last: float = np.inf) -> Averages:
        """Average by event time from ``first`` to ``last``; overall is the mean from 0 on."""
        time = self.cells["event_time"].to_numpy()
        chosen = (time >= first) & (time <= last)
        effects = self._average_by(time, chosen)
        after = np.asarray(effects.label >= 0)
        if not after.any():
            raise UserError(self._nothing("after treatment"))
        overall = effects.combine(after / after.sum(), ["overall"])
        return Averages(overall, effects, self._left_out(chosen))

    def by_cohort(self) -> Averages:
        """Average the post-treatment cells of each cohort; overall weighs cohorts by size."""
        post = self._post()
        cohort = self.cells["cohort"].to_numpy()
        effects = self._average_by(cohort, post)
        usable = post & self._usable()
        count = np.array([(usable & (cohort == g)).sum() for g in cohort])
        overall = self._average((usable / np.maximum(count, 1))[:, None], ["overall"])
        return Averages(overall, effects, self._left_out(post))

    def by_period(self) -> Averages:
        """Average the treated cohorts' cells of each period; overall is the periods' mean."""
        post = self._post()
        effects = self._average_by(self.cells["period"].to_numpy(), post)
        k = len(effects.label)
        overall = effects.combine(np.full((1, k), 1 / k), ["overall"])
        return Averages(overall, effects, self._left_out(post))

    def _usable(self) -> np.ndarray:
        return (self.cells["status"] == "").to_numpy()

    def _post(self) -> np.ndarray:
        return (self.cells["event_time"] >= 0).to_numpy()

    def _average_by(self, key: np.ndarray, chosen: np.ndarray) -> Estimates:
        values = np.unique(key[chosen & self._usable()])
        return self._average((key[:, None] == values) & chosen[:, None], pd.Index(values))

    def _average(self, share: np.ndarray, label: Sequence[object] | pd.Index) -> Estimates:
        """Average cells by cohort size × ``share``, shape (cells, K).

        With S the shares, P_g the cohort sizes and θ the average, unit i of cohort g adds
        w_i Σ_c∈g S_c (ATT_c − θ) / Σ_c S_c P_g(c) to the error, for cohort sizes are estimated.
        """
        share = np.where(self._usable()[:, None], share, 0.0)
        if not len(label) or not share.any(axis=0).all():
            raise UserError(self._nothing("after treatment"))
        cohorts, of_cell = np.unique(self.cells["cohort"], return_inverse=True)
        mass = share * self.entry.sum(axis=0)[of_cell][:, None]
        att = np.where(self._usable(), self.cells["estimate"], 0.0)
        weights = mass / mass.sum(axis=0)
        estimate = weights.T @ att
        score = share * (att[:, None] - estimate) / mass.sum(axis=0)
        by_cohort = (of_cell == np.arange(len(cohorts))[:, None]) @ score
        influence = self.influence @ weights + self.entry @ by_cohort
        return Estimates.from_influence(pd.Index(label), estimate, influence)

    def _left_out(self, chosen: np.ndarray) -> pd.DataFrame:
        rows = chosen & ~self._usable()
        return self.cells.loc[rows, ["cohort", "period", "status"]].reset_index(drop=True)

    def _nothing(self, when: str) -> str:
        reasons = self.cells.loc[~self._usable(), "status"].value_counts()
        told = ", ".join(f"{reason} ({count} cells)" for reason, count in reasons.items())
        return f"no effect {when} can be estimated{': ' + told if told else ''}"


def group_time(
    panel: Panel,
    *,
    method: Method = "dr",
    control: Control = "never",
    anticipation: int = 0,
    base: Base = "varying",
    treated: np.ndarray | None = None,
) -> GroupTime:
    """Estimate every ATT(g, t).

    Parameters
    ----------
    panel
        n units.
    method
        ``dr`` (doubly robust), ``ipw`` (normalised inverse probability weights) or ``or``
        (outcome regression).
    control
        ``never``: units not treated within the panel. ``not_yet``: also units treated later than
        both periods of the cell and the anticipation after them.
    anticipation
        Number of periods before treatment in which an effect may already show.
    base
        Cells from g − anticipation on start at the last period before. Earlier cells start at
        the period before their own (``varying``) or at the same base (``universal``).
    treated
        Boolean, shape (n,): the treated units to estimate effects for, such as one subgroup.
        Other treated units serve as not-yet-treated controls at most. None for all.

    Raises
    ------
    UserError
        If no cell can be estimated.
    """
    chosen = np.isfinite(panel.cohort) & ~panel.always_treated
    chosen &= panel.cohort <= panel.periods[-1] + anticipation
    if treated is not None:
        chosen &= treated
    if not chosen.any():
        raise UserError(
            "no unit is first treated after the first and by the last period",
            where="cohort",
            mend="Check the cohorts, the periods and the subset of treated units",
        )
    cohorts = np.unique(panel.cohort[chosen])
    plan = [cell for g in cohorts for cell in _plan(g, panel.periods, anticipation, base)]
    rows, columns = [], []
    for g, t, b in plan:
        of_cohort = chosen & (panel.cohort == g)
        controls = _controls(panel, g, t, b, control, anticipation)
        row, column = _cell(panel, of_cohort, controls, t, b, method)
        start = np.nan if b is None else panel.periods[b]
        rows.append({"cohort": g, "period": panel.periods[t], "base": start, **row})
        columns.append(column)
    influence = panel.by_cluster(np.column_stack(columns) / panel.n_units)
    cells = pd.DataFrame(rows)
    usable = (cells["status"] == "").to_numpy()
    se = np.where(usable, np.sqrt((influence**2).sum(axis=0)), np.nan)
    cells.insert(3, "event_time", cells["period"] - cells["cohort"])
    cells.insert(5, "se", se)
    member = chosen[:, None] & (panel.cohort[:, None] == cohorts)
    entry = panel.by_cluster(panel.weight()[:, None] * member)
    result = GroupTime(cells, influence, entry, int(panel.always_treated.sum()))
    if not usable.any():
        raise UserError(result._nothing("of any cohort in any period"))
    return result


def _plan(
    g: float, periods: np.ndarray, anticipation: int, base: Base
) -> list[tuple[float, int, int | None]]:
    """Return the cohort's cells: cohort, index of the period, index of the base."""
    before = np.flatnonzero(periods < g - anticipation)
    if not len(before):
        return [(g, int(t), None) for t in np.flatnonzero(periods >= g)]
    last = int(before[-1])
    first = 1 if base == "varying" else 0
    return [
        (g, t, last if base == "universal" or t > last else t - 1)
        for t in range(first, len(periods))
    ]


def _controls(
    panel: Panel, g: float, t: int, b: int | None, control: Control, anticipation: int
) -> np.ndarray:
    """Return who is untreated through the cell, shape (n,)."""
    last = len(panel.periods) - 1 if control == "never" or b is None else max(t, b)
    return (panel.cohort > panel.periods[last] + anticipation) & (panel.cohort != g)


def _cell(
    panel: Panel, cohort: np.ndarray, control: np.ndarray, t: int, b: int | None, method: Method
) -> tuple[dict[str, object], np.ndarray]:
    """Return one cell's row and its influence function, shape (n,)."""
    influence = np.zeros(panel.n_units)
    row: dict[str, object] = {
        "estimate": np.nan,
        "n_treated": int(cohort.sum()),
        "n_control": int(control.sum()),
        "effective_controls": np.nan,
        "max_pscore": np.nan,
        "off_support": np.nan,
        "status": "",
    }
    if b is None:
        return {**row, "status": "no period before treatment"}, influence
    if t == b:
        return {**row, "estimate": 0.0}, influence
    X = panel.design(min(t, b))
    change = panel.outcome[:, t] - panel.outcome[:, b]
    sample = (cohort | control) & np.isfinite(change) & np.isfinite(X).all(axis=1)
    row["n_treated"] = int((cohort & sample).sum())
    row["n_control"] = int((control & sample).sum())
    try:
        result = two_by_two(
            change[sample], cohort[sample], X[sample], panel.weight()[sample], method
        )
    except NotEstimable as reason:
        return {**row, "status": str(reason)}, influence
    influence[sample] = result.influence * (panel.n_units / sample.sum())
    return {
        **row,
        "estimate": result.att,
        "effective_controls": result.effective_controls,
        "max_pscore": result.max_pscore,
        "off_support": result.off_support,
    }, influence
