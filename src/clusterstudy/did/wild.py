"""The wild cluster bootstrap: two-way fixed effects when units depend within a few clusters.

Cameron, Gelbach & Miller (2008, Rev. Econ. Stat. 90): the residuals under the null hypothesis are
multiplied by one random number per cluster, and the t statistics of such data say which ones
chance brings. With up to a dozen clusters Webb's six numbers (2023, Can. J. Econ. 56) are taken
instead of signs, whose combinations are too few. Nothing is estimated again: all follows from each
cluster's sums of squares and products (MacKinnon 2023, Econometrics and Statistics 28).

The test fails where only a few of the clusters hold treated units, and rejects too rarely then
(MacKinnon & Webb 2017). The coefficient is that of :func:`.twfe.static`, except that trends may
differ by the panel's covariates.
"""

from __future__ import annotations

import numpy as np

from clusterstudy.did import trends
from clusterstudy.did.panel import Panel
from clusterstudy.did.randomisation import TIES, Randomised, not_rejected
from clusterstudy.errors import NoEstimateError

FEW = 12  # clusters up to which Webb's numbers are taken
WEBB = np.sqrt([0.5, 1.0, 1.5])


def wild_cluster(
    panel: Panel, cluster: np.ndarray, *, seed: int, level: float = 0.95, draws: int = 1999
) -> Randomised:
    """Estimate the coefficient of being treated and test that it is zero.

    Parameters
    ----------
    panel
        n units; covariates, of the first period where they vary, move trends linearly.
    cluster
        Shape (n,): units that share a value may depend on each other.
    seed, draws
        Of the bootstrap.
    level
        Of the interval, which holds what the test does not reject.

    Raises
    ------
    UserError
        If there are fewer than two clusters, or treatment does not vary.
    """
    rng = np.random.default_rng(seed)
    sums = _Sums(panel, cluster)
    groups = sums.own.shape[1]
    numbers = np.concatenate([-WEBB, WEBB]) if groups <= FEW else np.array([-1.0, 1.0])
    multipliers = rng.choice(numbers, (draws, groups))

    def p_value(null: float) -> float:
        at_least = np.abs(sums.t(null, multipliers)) >= abs(sums.observed(null)) * (1 - TIES)
        return float((1 + at_least.sum()) / (1 + draws))

    estimate = sums.estimate
    low, high = not_rejected(p_value, estimate, sums.se, level)
    # multipliers that are the same in all clusters give the observed |t|
    smallest = max(1 / (1 + draws), len(numbers) ** (1.0 - groups))
    return Randomised(estimate, p_value(0.0), smallest, low, high, groups)


class _Sums:
    """A regression's sums by cluster, from which its bootstrap follows.

    With β₀ the coefficient under the null and r the residuals then, S_g = X_g'r_g and A_g = X_g'X_g
    are a cluster's score and Gram matrix. Data y* = fit + v_g r_g have coefficients that differ
    from the null's by δ = (ΣA_g)⁻¹ Σ v_g S_g, and scores v_g S_g − A_g δ.
    """

    def __init__(self, panel: Panel, cluster: np.ndarray) -> None:
        products = _products(panel, cluster)  # of y, D, nuisance columns
        gram, y = products[:, 1:, 1:], products[:, 1:, 0]
        if len(gram) < 2:
            raise NoEstimateError(
                "expected two clusters, got {n}", where="wild cluster bootstrap", n=len(gram)
            )
        whole = gram.sum(axis=0)
        nuisance = np.linalg.pinv(whole[1:, 1:], hermitian=True)
        fits = [nuisance @ each for each in (y.sum(axis=0)[1:], whole[1:, 0])]
        if whole[0, 0] - fits[1] @ whole[1:, 0] < TIES * max(whole[0, 0], TIES):
            raise NoEstimateError(
                "treatment does not vary beside the other regressors", where="treated"
            )
        scores = np.stack(
            [
                each - gram[:, :, 1:] @ fit
                for each, fit in zip((y, gram[:, :, 0]), fits, strict=True)
            ]
        )  # of the outcome and of treatment: (2, G, k)
        inverse = np.linalg.pinv(whole, hermitian=True)
        fitted = gram @ inverse[0]  # A_g times the coefficient's row, (G, k)
        self.own = scores @ inverse[0]  # what S_g adds to the coefficient's δ, (2, G)
        self.moved = scores @ inverse @ fitted.T  # and to each cluster's A δ, (2, G, G)
        of_outcome, of_treatment = scores.sum(axis=1)[:, 0]
        self.estimate = float(of_outcome / of_treatment)
        self.se = 1 / abs(self.observed(self.estimate - 1))

    def observed(self, null: float) -> float:
        """Return the t statistic of the hypothesis, without the factor for few clusters."""
        return float(self.t(null, np.ones((1, self.own.shape[1])))[0])

    def t(self, null: float, multipliers: np.ndarray) -> np.ndarray:
        """Return the t statistics of data under the null; multipliers have shape (draws, G)."""
        own, moved = (each[0] - null * each[1] for each in (self.own, self.moved))
        by_cluster = multipliers * own - multipliers @ moved
        return np.asarray(multipliers @ own / np.sqrt((by_cluster**2).sum(axis=1)))


def _products(panel: Panel, cluster: np.ndarray) -> np.ndarray:
    """Return the products of outcome, treatment and trends over each cluster, units' means taken.

    Returns
    -------
    Shape (G, 2 + k, 2 + k), of the clusters with an observation that carries the regression.
    """
    z, weight = panel.design(0), panel.weight()[:, None]
    carries = ~panel.always_treated & np.isfinite(z).all(axis=1)
    seen = np.isfinite(panel.outcome) & carries[:, None]
    carries = seen.sum(axis=1) > 1
    seen &= carries[:, None]
    treated = (panel.periods >= panel.cohort[:, None]).astype(float)
    pair = [np.where(seen, trends.less_means(each, seen), 0.0) for each in (panel.outcome, treated)]
    free = slice(z.shape[1], None)  # trends are relative to the first period
    _, group = np.unique(cluster, return_inverse=True)
    made = []
    for g in np.unique(group[carries]):
        of = np.flatnonzero(carries & (group == g))
        trend = trends.products(z[of], weight[of] * seen[of])[free, free]
        weighted, plain = [weight[of] * each[of] for each in pair], [each[of] for each in pair]
        sides = np.stack([trends.moments(z[of], each)[free] for each in weighted])
        corner = np.array([[(one * other).sum() for other in plain] for one in weighted])
        made.append(np.block([[corner, sides], [sides.T, trend]]))
    width = 2 + z.shape[1] * (len(panel.periods) - 1)
    return np.array(made).reshape(-1, width, width)
