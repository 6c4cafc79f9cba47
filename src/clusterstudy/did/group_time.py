"""Group-time average treatment effects: Callaway & Sant'Anna (2021), J. Econometrics 225.

ATT(g, t) is the average effect in period t on the units first treated in period g. Each cell is
one comparison of :mod:`.two_by_two`: from the cell's base to t, the cohort against controls never
treated or not yet treated, conditional on pre-treatment covariates. Averages over cells, by cohort
sizes, are those of :mod:`.averages`.

Assumed: parallel trends given covariates, no anticipation beyond ``anticipation`` periods,
overlap, and treatment that does not switch off. Units need not be observed in all periods: a cell
uses those observed in both of its periods (as Stata's csdid). Always-treated units are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Literal

import numpy as np
import pandas as pd

from clusterstudy.did.averages import Averages, Name, Shares, together
from clusterstudy.did.estimates import Estimates
from clusterstudy.did.influence import Influence, Part
from clusterstudy.did.panel import Panel
from clusterstudy.did.sample import Comparison, Sample
from clusterstudy.did.status import NO_BASE, NONE_AFTER
from clusterstudy.did.two_by_two import Comparisons, Method, compare
from clusterstudy.errors import NoEstimateError

Control = Literal["never", "not_yet"]
Base = Literal["varying", "universal"]

COLUMNS = [
    *("cohort", "period", "base", "event_time", "estimate", "n_treated", "n_control"),
    *("effective_controls", "max_pscore", "off_support", "status"),
]


@dataclass(frozen=True, eq=False)
class GroupTime:
    """All ATT(g, t) of a panel, or of a subset of its treated units.

    Parameters
    ----------
    found
        :attr:`cells` without standard errors.
    influence
        Shape (m, cells), as in :class:`.Estimates`; zero where there is no estimate.
    entry
        Shape (m, cohorts): the sampling weight of each independent unit in each cohort.
    always_treated
        Number of units left out because they are treated from the first period on.
    """

    found: pd.DataFrame
    influence: np.ndarray | Influence
    entry: np.ndarray
    always_treated: int

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row per cohort and period.

        ``cohort``, ``period``, ``base``, ``event_time``, ``estimate``, ``se``, ``n_treated``,
        ``n_control``, ``effective_controls``, ``max_pscore``, ``off_support`` (share of the
        treated beyond every control's propensity score), ``status`` (empty, or why there is no
        estimate).
        """
        if isinstance(self.influence, Influence):
            squares = self.influence.squares()
        else:
            squares = (self.influence**2).sum(axis=0)
        return self.found.assign(se=np.where(self.usable, np.sqrt(squares), np.nan))

    def estimates(self) -> Estimates:
        """Return the cells that can be estimated, labelled by cohort and period."""
        label = pd.MultiIndex.from_frame(self.found.loc[self.usable, ["cohort", "period"]])
        estimate = self.found["estimate"].to_numpy()[self.usable]
        each = np.eye(len(self.found))[:, self.usable]
        return Estimates.from_influence(label, estimate, self.influence @ each)

    def simple(self) -> Averages:
        """Average all post-treatment cells, each by the size of its cohort."""
        return self._simple().alone()

    def dynamic(self, first: float = -np.inf, last: float = np.inf) -> Averages:
        """Average by event time from ``first`` to ``last``; overall is the mean from 0 on."""
        return self._dynamic(first, last).alone()

    def by_cohort(self) -> Averages:
        """Average the post-treatment cells of each cohort; overall weighs cohorts by size."""
        post = self._post()
        values, share = self._by(self.found["cohort"].to_numpy(), post)
        mean = share / np.maximum((share & self.usable[:, None]).sum(axis=0), 1)
        overall = np.arange(len(values) + 1) == len(values)
        return Shares(
            self, post, values, np.column_stack([share, mean.sum(axis=1)]), overall
        ).alone()

    def by_period(self) -> Averages:
        """Average the treated cohorts' cells of each period; overall is the periods' mean."""
        post = self._post()
        values, share = self._by(self.found["period"].to_numpy(), post)
        return Shares(self, post, values, share, np.ones(len(values))).alone()

    def _simple(self) -> Shares:
        post = self._post()
        return Shares(self, post, pd.Index(["overall"]), post[:, None], np.ones(1))

    def _dynamic(self, first: float, last: float) -> Shares:
        time = self.found["event_time"].to_numpy()
        chosen = (time >= first) & (time <= last)
        values, share = self._by(time, chosen)
        return Shares(self, chosen, values, share, np.asarray(values >= 0))

    @cached_property
    def usable(self) -> np.ndarray:
        """Which cells can be estimated, boolean, shape (cells,)."""
        return (self.found["status"] == "").to_numpy()

    def _post(self) -> np.ndarray:
        return (self.found["event_time"] >= 0).to_numpy()

    def _by(self, key: np.ndarray, chosen: np.ndarray) -> tuple[pd.Index, np.ndarray]:
        """Return the values of a key among the chosen cells, and which of these have them."""
        values = np.unique(key[chosen & self.usable])
        return pd.Index(values), (key[:, None] == values) & chosen[:, None]

    def reasons(self) -> tuple[str, ...]:
        """Return why cells cannot be estimated, the commonest reason first."""
        return tuple(self.found.loc[~self.usable, "status"].value_counts().index) or (NONE_AFTER,)


def simple(found: Mapping[Name, GroupTime]) -> dict[Name, Averages]:
    """Return :meth:`GroupTime.simple` of several results, the units read once for all of them.

    Influence functions are made when they are asked for.
    """
    return together({name: each._simple() for name, each in found.items()})


def dynamic(
    found: Mapping[Name, GroupTime], first: float = -np.inf, last: float = np.inf
) -> dict[Name, Averages]:
    """Return :meth:`GroupTime.dynamic` of several results, as :func:`simple` does."""
    return together({name: each._dynamic(first, last) for name, each in found.items()})


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
    groups = None if treated is None else {"": treated}
    result = group_times(
        panel,
        groups=groups,
        method=method,
        control=control,
        anticipation=anticipation,
        base=base,
    )["", ""]
    if result.found.empty:
        raise NoEstimateError(
            "no unit is first treated after the first and by the last period",
            where="cohort",
            mend="Check the cohorts, the periods and the subset of treated units",
        )
    if not result.usable.any():
        raise NoEstimateError(
            "no effect of any cohort in any period can be estimated: {reasons}",
            reasons=result.reasons(),
        )
    return result


def group_times(
    panel: Panel,
    outcomes: Mapping[str, np.ndarray] | None = None,
    groups: Mapping[str, np.ndarray] | None = None,
    *,
    method: Method = "dr",
    control: Control = "never",
    anticipation: int = 0,
    base: Base = "varying",
) -> dict[Name, GroupTime]:
    """Estimate every ATT(g, t) in several outcomes, for several groups of treated units.

    The results are those of :func:`group_time` one by one. All comparisons read the units
    together, and outcomes observed at the same times share propensity scores. Influence functions
    have the same rows, so that averages can be joined (:func:`.estimates.join`).

    Parameters
    ----------
    panel
        n units.
    outcomes
        Arrays of shape (n, T) by name. None for the panel's outcome, named by an empty string.
    groups
        Boolean, shape (n,), by name: treated units, which may overlap; see ``treated`` of
        :func:`group_time`. None for all treated units, named by an empty string.
    method, control, anticipation, base
        See :func:`group_time`.

    Returns
    -------
    Results by names of outcome and group. Where no cell can be estimated, its averages raise.

    Raises
    ------
    UserError
        If an outcome is missing throughout.
    """
    return by_method(
        panel,
        [method],
        outcomes,
        groups,
        control=control,
        anticipation=anticipation,
        base=base,
    )[method]


def by_method(
    panel: Panel,
    methods: Sequence[Method],
    outcomes: Mapping[str, np.ndarray] | None = None,
    groups: Mapping[str, np.ndarray] | None = None,
    *,
    control: Control = "never",
    anticipation: int = 0,
    base: Base = "varying",
) -> dict[Method, dict[Name, GroupTime]]:
    """Return :func:`group_times` by several methods, which share propensity scores and sums."""
    eligible = np.isfinite(panel.cohort) & ~panel.always_treated
    eligible &= panel.cohort <= panel.periods[-1] + anticipation
    members = {name: eligible & mask for name, mask in (groups or {"": eligible}).items()}
    stacked = np.stack(list(members.values()))
    cohorts = [np.unique(panel.cohort[mask]) for mask in stacked]
    entry = {
        group: _entry(panel, mask, of)
        for (group, mask), of in zip(members.items(), cohorts, strict=True)
    }
    results: dict[Method, dict[Name, GroupTime]] = {method: {} for method in methods}
    for names, arrays in _alike(outcomes or {"": panel.outcome}):
        same = panel if arrays[0] is panel.outcome else replace(panel, outcome=arrays[0])
        plan = [
            [cell for g in of for cell in _plan(same, g, group, control, anticipation, base)]
            for group, of in enumerate(cohorts)
        ]
        every = [cell for cells in plan for cell in cells]
        made = _compare(same, arrays, stacked, every, methods)
        for method, (at, outcome), (group, cells) in product(
            methods, enumerate(names), zip(members, plan, strict=True)
        ):
            rows = [_row(same, stacked, cell, made[method], at) for cell in cells]
            results[method][outcome, group] = GroupTime(
                pd.DataFrame(rows, columns=COLUMNS),
                Influence(panel, len(cells), _parts(cells, made[method], at)),
                entry[group],
                int(panel.always_treated.sum()),
            )
    return results


def _entry(panel: Panel, member: np.ndarray, cohorts: np.ndarray) -> np.ndarray:
    entry, rows = np.zeros((panel.n_units, len(cohorts))), np.flatnonzero(member)
    entry[rows, np.searchsorted(cohorts, panel.cohort[rows])] = panel.weight()[rows]
    return panel.by_cluster(entry)


def _alike(
    outcomes: Mapping[str, np.ndarray],
) -> Iterator[tuple[list[str], list[np.ndarray]]]:
    """Yield names and arrays of the outcomes that are observed at the same times."""
    batches: dict[bytes, dict[str, np.ndarray]] = {}
    for name, outcome in outcomes.items():
        values = np.ascontiguousarray(outcome, dtype=float)  # else taking rows copies it whole
        observed = np.packbits(np.isfinite(values)).tobytes()
        batches.setdefault(observed, {})[name] = values
    for batch in batches.values():
        yield list(batch), list(batch.values())


@dataclass(frozen=True)
class _Cell:
    """One ATT(g, t): its periods' indices and the comparison that makes it."""

    comparison: Comparison
    t: int
    b: int | None
    design: int


def _plan(
    panel: Panel, g: float, group: int, control: Control, anticipation: int, base: Base
) -> list[_Cell]:
    """Return a cohort's cells."""
    periods = panel.periods
    end = len(periods) - 1
    before = np.flatnonzero(periods < g - anticipation)
    if not len(before):
        never = Comparison(g, group, _since(panel, g, periods[end] + anticipation))
        return [_Cell(never, int(t), None, 0) for t in np.flatnonzero(periods >= g)]
    moving = panel.covariates is not None and panel.covariates.ndim == 3
    last = int(before[-1])
    cells = []
    for t in range(1 if base == "varying" else 0, end + 1):
        b = last if base == "universal" or t > last else t - 1
        until = periods[end if control == "never" else max(t, b)] + anticipation
        first, second = (int(at) if panel.gaps[at] else -1 for at in (t, b))
        cells.append(
            _Cell(
                Comparison(g, group, _since(panel, g, until), first, second),
                t,
                b,
                min(t, b) if moving else 0,
            )
        )
    return cells


def _since(panel: Panel, g: float, until: float) -> float:
    """Return the first cohort but g that is untreated until then, so that equal controls agree."""
    others = panel.cohorts[panel.cohorts != g]
    return float(others[others > until].min(initial=np.inf))


@dataclass(frozen=True)
class _Made:
    """Where a comparison is among those made, or why it is not."""

    n_treated: int
    n_control: int
    status: str
    among: Comparisons | None
    at: int


def _compare(
    panel: Panel,
    outcomes: list[np.ndarray],
    groups: np.ndarray,
    cells: list[_Cell],
    methods: Sequence[Method],
) -> dict[Method, dict[tuple[int, Comparison], _Made]]:
    """Make the comparisons of all cells, those with the same covariates at once."""
    wanted: dict[int, list[Comparison]] = {}
    for cell in cells:
        if cell.b not in (None, cell.t):
            wanted.setdefault(cell.design, []).append(cell.comparison)
    made: dict[Method, dict[tuple[int, Comparison], _Made]] = {method: {} for method in methods}
    for design, repeated in wanted.items():
        sample = Sample.of(panel, outcomes, groups, tuple(dict.fromkeys(repeated)), design)
        n, compared = compare(sample, methods)
        for method, (status, among) in compared.items():
            place = np.cumsum(status == "") - 1
            for j, comparison in enumerate(sample.comparisons):
                made[method][design, comparison] = _Made(
                    int(n[0, j]), int(n[1, j]), status[j], among, int(place[j])
                )
    return made


def _row(
    panel: Panel,
    groups: np.ndarray,
    cell: _Cell,
    made: dict[tuple[int, Comparison], _Made],
    outcome: int,
) -> dict[str, object]:
    comparison, t, b = cell.comparison, cell.t, cell.b
    row = {
        "cohort": comparison.cohort,
        "period": panel.periods[t],
        "base": np.nan if b is None else panel.periods[b],
        "event_time": panel.periods[t] - comparison.cohort,
        "status": "",
    }
    if b is None or b == t:
        own = panel.cohort == comparison.cohort
        return row | {
            "estimate": np.nan if b is None else 0.0,
            "n_treated": int((own & groups[comparison.group]).sum()),
            "n_control": int((~own & (panel.cohort >= comparison.since)).sum()),
            "status": NO_BASE if b is None else "",
        }
    found = made[cell.design, comparison]
    row |= {"n_treated": found.n_treated, "n_control": found.n_control, "status": found.status}
    if found.among is None or found.status:
        return row
    level = found.among.effect[found.at].reshape(-1, len(panel.periods))[outcome]
    return row | {
        "estimate": level[t] - level[b],
        "effective_controls": found.among.effective_controls[found.at],
        "max_pscore": found.among.max_pscore[found.at],
        "off_support": found.among.off_support[found.at],
    }


def _parts(
    cells: list[_Cell], made: dict[tuple[int, Comparison], _Made], outcome: int
) -> list[Part]:
    """Return what the cells of one group in one outcome are made from."""
    by_design: dict[int, list[tuple[int, _Cell, _Made]]] = {}
    for at, cell in enumerate(cells):
        found = made.get((cell.design, cell.comparison))
        if found and not found.status and cell.b not in (None, cell.t):
            by_design.setdefault(cell.design, []).append((at, cell, found))
    parts = []
    for same in by_design.values():
        among = same[0][2].among
        assert among is not None
        comparisons, j = np.unique([found.at for _, _, found in same], return_inverse=True)
        places = np.array([(at, cell.t, cell.b) for at, cell, _ in same])
        cell, t, b = places.T
        parts.append(Part(among, outcome, comparisons, cell, j, t, b))
    return parts
