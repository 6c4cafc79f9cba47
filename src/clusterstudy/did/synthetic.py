"""Synthetic difference-in-differences: Arkhangelsky et al. (2021), AER 111, by diff-diff.

For a few treated units with the same first treated period, such as one aggregate of many firms.
Donors are weighted so that their average moves like the treated before treatment, periods so that
they resemble those after it; the estimate is a weighted two-way difference.

Assumed: no anticipation, and that the weighted donors would have moved like the treated. The
standard error is that of placebos (their Algorithm 4): donors in the place of the treated. It
supposes that the treated vary as much as donors do, which is cautious where they are averages of
more firms.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from clusterstudy.did.long import observations
from clusterstudy.did.optional import diff_diff
from clusterstudy.did.panel import Panel
from clusterstudy.errors import NoEstimateError


@dataclass(frozen=True, eq=False)
class Synthetic:
    """One effect, averaged over the periods from treatment on.

    Parameters
    ----------
    estimate, se
        The effect and its placebo standard error.
    weights
        Of the donors, shape (n,), zero for treated units; they sum to 1.
    """

    estimate: float
    se: float
    weights: np.ndarray


def synthetic(panel: Panel, *, seed: int, placebos: int = 200) -> Synthetic:
    """Estimate the effect on the treated units of a panel without gaps.

    Parameters
    ----------
    panel
        Units treated in one and the same period, and donors never treated. Covariates and
        weights are not used.
    seed, placebos
        Seed and number of the placebos.

    Raises
    ------
    UserError
        If diff-diff is not installed, outcomes are missing, treatment starts at several times,
        fewer than two periods lie before it, or donors are not more than the treated.
    """
    library = diff_diff()
    treated = panel.cohort <= panel.periods[-1]
    starts = np.unique(panel.cohort[treated])
    if not np.isfinite(panel.outcome).all():
        raise NoEstimateError("expected a panel without gaps", where="outcome")
    if len(starts) != 1 or (panel.periods < starts[0]).sum() < 2:
        raise NoEstimateError(
            "expected one first treated period, with two periods before it", where="cohort"
        )
    if (~treated).sum() <= treated.sum() + 1:
        raise NoEstimateError("expected more donors than treated units", where="cohort")
    rows = observations(panel)
    rows["treated"] = treated[rows["unit"]].astype(int)
    model = library.SyntheticDiD(variance_method="placebo", n_bootstrap=placebos, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = model.fit(
            rows,
            "outcome",
            "treated",
            "unit",
            "period",
            post_periods=panel.periods[panel.periods >= starts[0]].tolist(),
        )
    weights = np.zeros(panel.n_units)
    weights[list(found.unit_weights)] = list(found.unit_weights.values())
    return Synthetic(float(found.att), float(found.se), weights)
