r"""Group-time average treatment effects.

The estimand is :math:`ATT(g,t) = E[Y_t(g) - Y_t(\infty) | G = g]`, Callaway & Sant'Anna (2021),
Journal of Econometrics 225, eq. (2.1), for the units first treated in period g. It is identified
by parallel trends conditional on the covariates and estimated with the doubly robust estimator of
Sant'Anna & Zhao (2020), Journal of Econometrics 219, eq. (3.1): a logit propensity score, a linear
outcome regression on the controls, Hajek weights. Standard errors come from influence functions.

Units need not be seen in every period: a cell uses the units seen in both of its periods. Units
already treated in the first period have no untreated outcome; they serve as nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from clusterstudy.errors import UserError

Method = Literal["dr", "ipw", "or"]
Control = Literal["never", "not_yet"]
Kind = Literal["simple", "dynamic", "cohort", "calendar"]

LARGEST_SCORE = 0.9999  # beyond it a control weighs as 10,000 firms: no overlap
NEWTON_STEPS = 50


@dataclass(frozen=True)
class Cell:
    """One ATT(g,t): estimate, influence function (n,), numbers behind it, why it is missing."""

    cohort: float
    period: float
    estimate: float
    influence: np.ndarray
    treated: int
    controls: int
    effective_controls: float
    reason: str = ""


@dataclass(frozen=True)
class Aggregate:
    """Aggregated effects: ``index`` (m,), ``estimate`` (m,), ``influence`` (n, m)."""

    index: np.ndarray
    estimate: np.ndarray
    influence: np.ndarray
    cluster: np.ndarray | None = None

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of the estimates, shape (m, m); clustered where clusters were given."""
        total, n = self.influence, len(self.influence)
        if self.cluster is not None:
            _, code = np.unique(self.cluster, return_inverse=True)
            total = np.zeros((code.max() + 1, total.shape[1]))
            np.add.at(total, code, self.influence)
        return total.T @ total / n**2

    @property
    def se(self) -> np.ndarray:
        """Standard errors, shape (m,)."""
        return np.sqrt(np.diag(self.covariance))


@dataclass(frozen=True)
class GroupTime:
    """All cells of an estimation and the share of each cohort, with their aggregations."""

    cells: list[Cell]
    cohort: np.ndarray
    weights: np.ndarray
    cluster: np.ndarray | None = None

    def each(self) -> Aggregate:
        """Return the cells themselves; ``index`` holds (cohort, period) pairs."""
        index = np.array([(cell.cohort, cell.period) for cell in self.cells])
        influence = np.column_stack([cell.influence for cell in self.cells])
        estimate = np.array([cell.estimate for cell in self.cells])
        return Aggregate(index, estimate, influence, self.cluster)

    def aggregate(self, kind: Kind) -> Aggregate:
        """Aggregate the cells, Callaway & Sant'Anna (2021), section 3.

        Parameters
        ----------
        kind
            ``simple`` (all cells from entry on, eq. 3.10), ``dynamic`` (by event time, eq. 3.4),
            ``cohort`` (eq. 3.7) or ``calendar`` (eq. 3.8). Cells that could not be estimated are
            left out.

        Raises
        ------
        UserError
            If no cell from entry on could be estimated.
        """
        kept = [cell for cell in self.cells if np.isfinite(cell.estimate)]
        after = [cell for cell in kept if cell.period >= cell.cohort]
        if not after:
            reasons = "; ".join(sorted({cell.reason for cell in self.cells if cell.reason}))
            raise UserError(f"no effect can be estimated: {reasons or 'no period after entry'}")
        key: dict[str, tuple[list[Cell], Callable[[Cell], float]]] = {
            "simple": (after, lambda cell: 0.0),
            "dynamic": (kept, lambda cell: cell.period - cell.cohort),
            "cohort": (after, lambda cell: cell.cohort),
            "calendar": (after, lambda cell: cell.period),
        }
        chosen, of = key[kind]
        index = sorted({of(cell) for cell in chosen})
        parts = [self._average([cell for cell in chosen if of(cell) == value]) for value in index]
        estimate = np.array([part[0] for part in parts])
        return Aggregate(
            np.array(index), estimate, np.column_stack([part[1] for part in parts]), self.cluster
        )

    def _average(self, cells: list[Cell]) -> tuple[float, np.ndarray]:
        """Average cells by the size of their cohorts, whose estimation counts in the error."""
        member = np.column_stack([self.cohort == cell.cohort for cell in cells])
        share = self.weights[:, None] * member
        size = share.mean(axis=0)
        att = np.array([cell.estimate for cell in cells])
        w = size / size.sum()
        influence = np.column_stack([cell.influence for cell in cells]) @ w
        influence += (share - size) @ (att - w @ att) / size.sum()
        return float(w @ att), influence


def group_time(
    outcome: np.ndarray,
    cohort: np.ndarray,
    periods: np.ndarray,
    covariates: np.ndarray | None = None,
    *,
    weights: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
    method: Method = "dr",
    control: Control = "never",
    anticipation: int = 0,
    universal: bool = False,
) -> GroupTime:
    """Estimate every ATT(g,t).

    Parameters
    ----------
    outcome
        Shape (n, t), NaN where a unit is not seen.
    cohort
        First treated period of each unit, shape (n,); ``inf`` for the never-treated, NaN for units
        that are out of the sample (they keep their place in the influence functions).
    periods
        The t periods in order.
    covariates
        Pre-treatment covariates without a constant, shape (n, k); None for none.
    weights
        Sampling weights, shape (n,); None for equal ones.
    cluster
        Cluster of each unit for the standard errors, shape (n,); None for the unit itself.
    method
        ``dr`` doubly robust, ``ipw`` inverse probability weighting, ``or`` outcome regression.
    control
        ``never`` treated, or ``not_yet`` treated (which includes the never-treated).
    anticipation
        Periods before entry in which units may already respond.
    universal
        Whether every cell is measured against the last period before entry; otherwise cells
        before entry are measured against the period before.

    Raises
    ------
    UserError
        If shapes do not fit, periods are not increasing, or the outcome is all missing.
    """
    n = len(cohort)
    if outcome.shape != (n, len(periods)) or (np.diff(periods) <= 0).any():
        raise UserError("outcome must be units x periods, with the periods in increasing order")
    if np.isnan(outcome).all():
        raise UserError("the outcome is missing for every unit and period")
    x = np.column_stack([np.ones(n), *([] if covariates is None else [covariates])])
    weight = np.ones(n) if weights is None else weights / weights.mean()
    cohort = np.where(cohort <= periods[0], np.nan, cohort)
    cells = []
    for g in np.unique(cohort[np.isfinite(cohort)]):
        before = np.flatnonzero(periods < g - anticipation)
        for at, period in enumerate(periods):
            ahead = period < g - anticipation
            if not len(before) or (ahead and not universal and at == 0):
                continue
            base = at - 1 if ahead and not universal else before[-1]
            if base == at:
                continue
            if control == "never":
                comparison = np.isposinf(cohort)
            else:
                comparison = (cohort > max(period, periods[base]) + anticipation) & (cohort != g)
            change = outcome[:, at] - outcome[:, base]
            cells.append(_cell(g, period, change, cohort == g, comparison, x, weight, method))
    return GroupTime(cells, cohort, weight, cluster)


def _cell(
    g: float,
    period: float,
    change: np.ndarray,
    treated: np.ndarray,
    comparison: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    method: Method,
) -> Cell:
    """Estimate one cell on the units seen in both periods."""
    n = len(change)
    seen = (treated | comparison) & np.isfinite(change) & np.isfinite(x).all(axis=1)
    d = treated[seen].astype(float)
    counts = int(d.sum()), int((1 - d).sum())
    influence = np.zeros(n)

    def missing(reason: str) -> Cell:
        return Cell(g, period, np.nan, influence, *counts, 0.0, reason)

    if counts[0] < 2:
        return missing("fewer than two treated units")
    if counts[1] <= x.shape[1]:
        return missing("too few controls")
    y, z, w = change[seen], x[seen], weight[seen]
    if np.linalg.matrix_rank(z[d == 0]) < z.shape[1]:
        return missing("collinear covariates among the controls")
    score, hessian = (None, None) if method == "or" else _logit(z, d, w)
    if method != "or" and (score is None or score[d == 0].max() > LARGEST_SCORE):
        return missing("no overlap: the covariates tell treated and controls apart")
    estimate, part, effective = _estimate(y, d, z, w, score, hessian, method)
    influence[seen] = part * n / seen.sum()
    return Cell(g, period, estimate, influence, *counts, effective)


def _logit(z: np.ndarray, d: np.ndarray, w: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """Return fitted probabilities (None without convergence) and n times the covariance."""
    beta = np.zeros(z.shape[1])
    inverse = np.eye(len(beta))
    for _ in range(NEWTON_STEPS):
        score = 1 / (1 + np.exp(-np.clip(z @ beta, -500, 500)))
        information = (z * (w * score * (1 - score))[:, None]).T @ z
        if np.linalg.cond(information) > 1 / np.finfo(float).eps:
            return None, inverse
        inverse = np.linalg.inv(information)
        step = inverse @ (z.T @ (w * (d - score)))
        beta += step
        if np.abs(step).max() < 1e-12:
            return score, inverse * len(d)
    return None, inverse


def _estimate(
    y: np.ndarray,
    d: np.ndarray,
    z: np.ndarray,
    w: np.ndarray,
    score: np.ndarray | None,
    hessian: np.ndarray | None,
    method: Method,
) -> tuple[float, np.ndarray, float]:
    """Return estimate, influence function and effective controls, Sant'Anna & Zhao (2020)."""
    n = len(y)
    w_treat, w_control = w * d, w * (1 - d)
    residual, ols = y, np.zeros_like(z)
    if method != "ipw":
        design = z * w_control[:, None]
        bread = np.linalg.inv(design.T @ z / n)
        residual = y - z @ (bread @ (design.T @ y) / n)
        ols = design * residual[:, None] @ bread
    eta = (w_treat @ residual) / w_treat.sum()
    influence = w_treat * (residual - eta) - ols @ (w_treat @ z / n)
    influence = influence / w_treat.mean()
    if score is None or hessian is None:
        return float(eta), influence, float(w_control.sum() ** 2 / (w_control**2).sum())
    odds = w_control * score / (1 - score)
    theta = (odds @ residual) / odds.sum()
    logit = (z * (w * (d - score))[:, None]) @ hessian
    control = odds * (residual - theta) + logit @ ((odds * (residual - theta)) @ z / n)
    control = (control - ols @ (odds @ z / n)) / odds.mean()
    return float(eta - theta), influence - control, float(odds.sum() ** 2 / (odds**2).sum())
