"""What every estimator returns: estimates, their influence functions, and what follows from them.

The estimation error is approximately a sum over independent units, and ``influence`` holds its
terms. Covariances, differences between estimates from the same units, intervals and uniform bands
all follow from it. Does not belong here: how any estimate is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from clusterstudy.errors import UserError

BLOCK = 512  # independent units whose signs are drawn at once
DRAWS = 256  # and for how many draws, so that they stay in the processor's cache
SIGNS = 1.0 - 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)  # by byte


@dataclass(frozen=True, eq=False)
class Estimates:
    """K estimates with their joint uncertainty.

    Parameters
    ----------
    label
        Names of the estimates, such as event times.
    estimate
        Shape (K,).
    terms
        :attr:`influence`, or what makes it when it is asked for.
    covariance
        Shape (K, K).
    df
        Degrees of freedom of intervals: ``inf`` for the normal distribution.
    """

    label: pd.Index
    estimate: np.ndarray
    terms: np.ndarray | Callable[[], np.ndarray]
    covariance: np.ndarray
    df: float = np.inf

    @classmethod
    def from_influence(
        cls, label: pd.Index, estimate: np.ndarray, influence: np.ndarray, df: float = np.inf
    ) -> Estimates:
        """Return estimates whose covariance is that of the influence function."""
        return cls(label, estimate, influence, influence.T @ influence, df)

    @property
    def influence(self) -> np.ndarray:
        """The influence function over the number of units, shape (m, K).

        One row per independent unit (or cluster of units); the estimation error is the sum of the
        rows.
        """
        return self.terms() if callable(self.terms) else self.terms

    @property
    def se(self) -> np.ndarray:
        """Standard errors, shape (K,); a variance that rounding made negative counts as nil."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    def interval(self, level: float = 0.95) -> np.ndarray:
        """Return pointwise confidence intervals, shape (K, 2)."""
        return self._band(_critical(level, self.df))

    def uniform(self, level: float = 0.95, *, seed: int, draws: int = 1999) -> np.ndarray:
        """Return bands that cover all K estimates at once with probability ``level``.

        Sup-t bands by the multiplier bootstrap of Callaway & Sant'Anna (2021), Algorithm 1, with
        analytic standard errors. An estimate without error (a reference period) is left out.

        Returns
        -------
        Shape (K, 2), never narrower than the pointwise intervals.
        """
        pointwise = self.interval(level)
        errors = self.studentised_errors(seed=seed, draws=draws)
        sup = np.quantile(np.abs(errors).max(axis=1, initial=0.0), level)
        band = self._band(float(sup))
        low = np.minimum(band[:, 0], pointwise[:, 0])
        return np.column_stack([low, np.maximum(band[:, 1], pointwise[:, 1])])

    def studentised_errors(self, *, seed: int, draws: int = 1999) -> np.ndarray:
        """Draw errors over their standard errors from the estimates' joint distribution.

        The multiplier bootstrap: every independent unit's influence keeps its sign or changes it,
        with probability one half (Rademacher); eight units take a byte of random bits.

        Returns
        -------
        Shape (draws, k), for the k estimates that have an error.
        """
        uncertain = self.se > 0
        influence = self.influence[:, uncertain] / self.se[uncertain]
        rng = np.random.default_rng(seed)
        total = np.zeros((draws, influence.shape[1]))
        signs = np.empty((DRAWS * BLOCK // 8, 8))
        for start in range(0, len(influence), BLOCK):
            rows = influence[start : start + BLOCK]
            octets = -(-len(rows) // 8)
            for first in range(0, draws, DRAWS):
                part = total[first : first + DRAWS]
                drawn = np.frombuffer(rng.bytes(len(part) * octets), np.uint8)
                each = np.take(SIGNS, drawn, axis=0, out=signs[: len(drawn)], mode="clip")
                part += each.reshape(len(part), -1)[:, : len(rows)] @ rows
        return total

    def combine(self, weights: np.ndarray, label: Sequence[object] | pd.Index) -> Estimates:
        """Return the linear combinations ``weights @ estimate``; weights have shape (J, K)."""
        weights = np.atleast_2d(np.asarray(weights, dtype=float))
        return Estimates(
            pd.Index(label),
            weights @ self.estimate,
            cache(lambda: self.influence @ weights.T)
            if callable(self.terms)
            else self.terms @ weights.T,
            weights @ self.covariance @ weights.T,
            self.df,
        )

    def spread(self, rows: np.ndarray, units: int) -> Estimates:
        """Return the same estimates over more independent units, which add nothing to the error.

        Parameters
        ----------
        rows
            Where the m units of these estimates are: boolean of shape (units,), or m indices.
        units
            Number of independent units.
        """
        influence = np.zeros((units, len(self.label)))
        influence[rows] = self.influence
        return replace(self, terms=influence)

    def minus(self, other: Estimates) -> Estimates:
        """Return the differences from estimates with the same labels and independent units."""
        if not self.label.equals(other.label):
            raise UserError("only estimates with the same labels can be subtracted")
        k = len(self.label)
        return join([self, other]).combine(np.hstack([np.eye(k), -np.eye(k)]), self.label)

    def one(self, level: float = 0.95) -> dict[str, float]:
        """Return :meth:`table`'s only row."""
        [estimate], [se], [(low, high)] = self.estimate, self.se, self.interval(level)
        row = {"estimate": estimate, "se": se, "low": low, "high": high}
        return {name: float(value) for name, value in row.items()}

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Return ``estimate``, ``se``, ``low`` and ``high``, one row per label."""
        low, high = self.interval(level).T
        return pd.DataFrame(
            {"estimate": self.estimate, "se": self.se, "low": low, "high": high}, self.label
        )

    def _band(self, critical: float) -> np.ndarray:
        half = critical * self.se
        return np.column_stack([self.estimate - half, self.estimate + half])


def join(estimates: Sequence[Estimates]) -> Estimates:
    """Return estimates from the same units side by side, with their joint covariance.

    Raises
    ------
    UserError
        If the estimates come from different numbers of independent units.
    """
    if len({len(each.influence) for each in estimates}) > 1:
        raise UserError(
            "estimates to join come from different units", mend="Estimate all on one panel"
        )
    return Estimates.from_influence(
        pd.Index([name for each in estimates for name in each.label]),
        np.concatenate([each.estimate for each in estimates]),
        np.hstack([each.influence for each in estimates]),
        min(each.df for each in estimates),
    )


@cache
def _critical(level: float, df: float) -> float:
    """Return the quantile of Student's t that intervals reach to."""
    from scipy.stats import t

    return float(t.ppf(0.5 + level / 2, df))
