"""The arrays every estimator here takes, checked once.

Belongs here: shape and meaning of the arrays, and making them from long data. Does not belong
here: what a firm or an outcome is (:mod:`clusterstudy.panel`), or any estimation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from clusterstudy.errors import UserError


@dataclass(frozen=True, eq=False)
class Panel:
    """n units over T periods, one outcome.

    Parameters
    ----------
    outcome
        Shape (n, T); NaN where not observed.
    cohort
        First treated period, shape (n,); ``inf`` for the never-treated. Treatment does not
        switch off.
    periods
        Shape (T,), increasing.
    covariates
        Pre-treatment covariates without a constant: shape (n, k), or (n, T, k), of which a cell
        uses the earlier of its two periods. None for none.
    weights
        Sampling weights, shape (n,), positive. None for equal weights.
    cluster
        Shape (n,): units that share a value are dependent. None if units are independent.
    units
        Names of the rows, shape (n,). Never used in estimation.

    Raises
    ------
    UserError
        If shapes disagree, the outcome is missing throughout, a cohort or time-invariant
        covariate is missing, a cluster is missing, or a weight is not positive.
    """

    outcome: np.ndarray
    cohort: np.ndarray
    periods: np.ndarray
    covariates: np.ndarray | None = None
    weights: np.ndarray | None = None
    cluster: np.ndarray | None = None
    units: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in ("outcome", "cohort", "periods", "covariates", "weights"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, np.asarray(value, dtype=float))
        n, t = self._shape()
        if np.any(np.diff(self.periods) <= 0):
            raise UserError("expected increasing periods", where="periods", mend="Sort them")
        if not np.isfinite(self.outcome).any():
            raise UserError(
                f"all {n} × {t} values are missing",
                where="outcome",
                mend="Choose an outcome that is observed",
            )
        if np.isnan(self.cohort).any():
            raise UserError(
                f"{np.isnan(self.cohort).sum()} of {n} units have no cohort",
                where="cohort",
                mend="Give the first treated period, or inf for the never-treated",
            )
        if self.covariates is not None and self.covariates.ndim == 2:
            missing = ~np.isfinite(self.covariates).all(axis=1)
            if missing.any():
                raise UserError(
                    f"{missing.sum()} of {n} units miss a covariate",
                    where="covariates",
                    mend="Leave these units out, or fill the gaps before",
                )
        if self.cluster is not None and pd.isna(self.cluster).any():
            raise UserError(f"missing for {pd.isna(self.cluster).sum()} units", where="cluster")
        if self.weights is not None and not np.all(self.weights > 0):
            raise UserError("expected positive numbers", where="weights", mend="Drop other units")

    def _shape(self) -> tuple[int, int]:
        """Return n and T, if all arrays agree on them."""
        if self.outcome.ndim != 2:
            raise UserError(f"expected n × T values, got {self.outcome.ndim} axes", where="outcome")
        n, t = self.outcome.shape
        for name, expected in {
            "cohort": [(n,)],
            "periods": [(t,)],
            "covariates": [(n,), (n, t)],  # before the last axis
            "weights": [(n,)],
            "cluster": [(n,)],
            "units": [(n,)],
        }.items():
            value = getattr(self, name)
            shape = None if value is None else np.shape(value)
            compared = shape[:-1] if shape and name == "covariates" else shape
            if shape is not None and compared not in expected:
                lengths = " or ".join(str(each) for each in expected)
                more = " and an axis of covariates" if name == "covariates" else ""
                raise UserError(f"expected shape {lengths}{more}, got {shape}", where=name)
        return n, t

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.cohort)

    @property
    def n_covariates(self) -> int:
        """Number of covariates."""
        return 0 if self.covariates is None else self.covariates.shape[-1]

    @property
    def always_treated(self) -> np.ndarray:
        """Boolean, shape (n,): treated from the first period on, so never seen untreated."""
        return self.cohort <= self.periods[0]

    @cached_property
    def cohorts(self) -> np.ndarray:
        """The distinct cohorts, ``inf`` among them, increasing."""
        return np.sort(pd.unique(self.cohort))

    @cached_property
    def gaps(self) -> np.ndarray:
        """Boolean, shape (T,): periods in which not all units are observed."""
        missing = ~np.isfinite(self.outcome)
        return missing.any(axis=0) if missing.any() else np.zeros(len(self.periods), dtype=bool)

    def weight(self) -> np.ndarray:
        """Return the sampling weights, shape (n,), mean 1."""
        if self.weights is None:
            return np.ones(self.n_units)
        return self.weights / self.weights.mean()

    def by_cluster(self, values: np.ndarray) -> np.ndarray:
        """Sum rows of units, shape (n, K), to rows of independent units, shape (m, K)."""
        if self.cluster is None:
            return values
        _, of_unit = np.unique(self.cluster, return_inverse=True)
        return np.column_stack([np.bincount(of_unit, column) for column in values.T])

    def design(self, period: int) -> np.ndarray:
        """Return constant and covariates at a period's index, shape (n, 1 + k).

        Covariates are standardised: no estimate depends on their scale, but precision does.
        """
        design = np.ones((self.n_units, 1 + self.n_covariates))
        if self.covariates is not None:
            values, (centre, spread) = self.covariates, self._standard
            if values.ndim == 3:
                values, centre, spread = values[:, period], centre[period], spread[period]
            np.divide(values - centre, spread, out=design[:, 1:])
        return design

    @cached_property
    def _standard(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the covariates' means and standard deviations over units (1 if they have none)."""
        assert self.covariates is not None
        values = np.ascontiguousarray(np.moveaxis(self.covariates, 0, -1))  # is read faster
        spread = np.nanstd(values, axis=-1)
        return np.nanmean(values, axis=-1), np.where(spread > 0, spread, 1.0)


def from_long(
    unit: np.ndarray,
    period: np.ndarray,
    outcome: np.ndarray,
    cohort: np.ndarray,
    *,
    covariates: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
) -> Panel:
    """Make a panel from rows of units by periods.

    Parameters
    ----------
    unit, period, outcome, cohort
        Shape (rows,), with ``cohort`` as in :class:`Panel`, the same in all rows of a unit.
        See :func:`first_treated` where a 0/1 treatment is at hand.
    covariates
        Shape (rows, k). Covariates that vary within a unit are used at each cell's base.
    weights, cluster
        Shape (rows,), the same in all rows of a unit.

    Returns
    -------
    Panel whose ``units`` are the sorted distinct values of ``unit``.

    Raises
    ------
    UserError
        If a unit-period is there twice, or what must be the same within a unit is not.
    """
    units, row = np.unique(np.asarray(unit), return_inverse=True)
    periods, column = np.unique(np.asarray(period, dtype=float), return_inverse=True)
    n, t = len(units), len(periods)
    _refuse_duplicates(units, periods, row, column)
    values = np.full((n, t), np.nan)
    values[row, column] = np.asarray(outcome, dtype=float)
    over_time = None
    if covariates is not None:
        covariates = np.asarray(covariates, dtype=float)
        over_time = np.full((n, t, covariates.shape[1]), np.nan)
        over_time[row, column] = covariates
        first = covariates[np.unique(row, return_index=True)[1]]
        if np.array_equal(first[row], covariates):
            over_time = first
    return Panel(
        outcome=values,
        cohort=_per_unit("cohort", cohort, units, row),
        periods=periods,
        covariates=over_time,
        weights=None if weights is None else _per_unit("weights", weights, units, row),
        cluster=None if cluster is None else _per_unit("cluster", cluster, units, row),
        units=units,
    )


def first_treated(unit: np.ndarray, period: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """Return the first treated period of each row's unit, ``inf`` where there is none.

    Parameters
    ----------
    unit, period, treated
        Shape (rows,); ``treated`` is 0/1 or boolean, 1 in every period from the first treated on.

    Raises
    ------
    UserError
        If a unit's treatment switches off.
    """
    units, row = np.unique(np.asarray(unit), return_inverse=True)
    period, treated = np.asarray(period, dtype=float), np.asarray(treated, dtype=bool)
    first = np.full(len(units), np.inf)
    np.minimum.at(first, row[treated], period[treated])
    off = (period > first[row]) & ~treated
    if off.any():
        at = int(np.flatnonzero(off)[0])
        raise UserError(
            f"treatment switches off in {len(np.unique(row[off]))} units, "
            f"first seen in unit {units[row[at]]}, period {period[at]:g}",
            where="treated",
            mend="Define treatment as having started, or leave these units out",
        )
    return first[row]


def _refuse_duplicates(
    units: np.ndarray, periods: np.ndarray, row: np.ndarray, column: np.ndarray
) -> None:
    count = np.bincount(row * len(periods) + column, minlength=1)
    if count.max(initial=0) > 1:
        at = int(np.argmax(count > 1))
        unit, period = units[at // len(periods)], periods[at % len(periods)]
        raise UserError(
            f"{(count > 1).sum()} unit-periods occur more than once, "
            f"first unit {unit}, period {period:g}",
            where="unit, period",
            mend="Keep one row for each unit and period",
        )


def _per_unit(name: str, values: np.ndarray, units: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Return one value per unit, if its rows agree."""
    values = np.asarray(values)
    first = values[np.unique(row, return_index=True)[1]]
    differs = np.flatnonzero(first[row] != values)
    if len(differs):
        raise UserError(
            f"differs within {len(np.unique(row[differs]))} units, "
            f"first unit {units[row[differs[0]]]}",
            where=name,
            mend="Give one value for each unit",
        )
    return first
