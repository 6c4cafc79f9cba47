"""Are there comparison firms like the new entrants? Propensity scores, weights and balance.

The score is the probability of being one of the chosen new entrants rather than a never-treated
firm, given the covariates: a logit. Its odds weight comparison firms towards the new entrants
(Sant'Anna & Zhao 2020). The lower tail is never cut: participation is rare.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterstudy.disclosure.cells import rounded_share
from clusterstudy.disclosure.magnitudes import sensitive
from clusterstudy.disclosure.rules import read_rules
from clusterstudy.impact.design import Design
from clusterstudy.panel import support
from clusterstudy.panel.balance import smd
from clusterstudy.panel.characteristics import LABELS

WIDTH = 0.5  # of a bin, in log odds
GROUPS = 20  # of comparison firms, by weight


@dataclass(frozen=True)
class Overlap:
    """Scores of the firms compared.

    Parameters
    ----------
    treated
        Boolean, shape (m,): which of the firms compared are new entrants.
    score
        Propensity scores, shape (m,); missing where the covariates tell the groups apart.
    """

    treated: np.ndarray
    score: np.ndarray

    @property
    def off_support(self) -> float:
        """Share of new entrants with a score beyond every comparison firm's; 1 if undefined."""
        if not np.isfinite(self.score).all() or not self.treated.any() or self.treated.all():
            return 1.0
        return float(np.mean(self.score[self.treated] > self.score[~self.treated].max()))

    @property
    def weights(self) -> np.ndarray:
        """Odds of the comparison firms, 1 for new entrants; shape (m,)."""
        return np.where(self.treated, 1.0, self.score / (1 - self.score))

    @property
    def effective(self) -> float:
        """Kish's effective number of comparison firms under the weights."""
        odds = self.weights[~self.treated]
        return float(odds.sum() ** 2 / (odds**2).sum())


def overlap(study: Design) -> Overlap:
    """Fit the propensity score on the new entrants chosen and the never-treated."""
    treated = study.chosen[study.compared]
    x = study.firms.design()[study.compared]
    return Overlap(treated, scores(treated, x))


def balance(study: Design, found: Overlap) -> pd.DataFrame:
    """Return standardised mean differences before and after weighting.

    Returns
    -------
    DataFrame with one row per characteristic and ``weighting`` (``before``, ``after``):
    ``characteristic`` (label), and the columns of :func:`clusterstudy.panel.balance.smd`.
    """
    frame = study.firms.firms.loc[study.compared, list(study.firms.covariates)]
    labelled = frame.rename(columns=LABELS | support.LABELS)
    before = smd(labelled, found.treated).assign(weighting="before")
    after = smd(labelled, found.treated, found.weights).assign(weighting="after")
    return pd.concat([before, after]).rename_axis("characteristic").reset_index()


def histogram(found: Overlap, min_firms: int) -> pd.DataFrame:
    """Return rounded shares of either group by bin of the log odds, none on few firms.

    Bins are half a unit wide and the same for all data. One to ``min_firms`` − 1 firms in a bin
    are counted in the next bin towards the group's fullest, so that nothing is blank and no firm
    stands alone.

    Returns
    -------
    DataFrame with ``middle`` (score at the bin's middle), ``treated`` and ``comparison`` (shares
    of the group).
    """
    odds = np.log(found.score / (1 - found.score))
    edges = np.arange(np.floor(odds.min()), np.ceil(odds.max()) + WIDTH, WIDTH)
    groups = {"treated": found.treated, "comparison": ~found.treated}
    counts = {name: np.histogram(odds[of], edges)[0] for name, of in groups.items()}
    shares = {
        name: rounded_share(
            pd.Series(_gathered(count, min_firms)),
            pd.Series(count.sum(), range(len(count))),
            min_firms,
        )
        for name, count in counts.items()
    }
    middle = 1 / (1 + np.exp(-(edges[:-1] + edges[1:]) / 2))
    return pd.DataFrame({"middle": middle, **shares})


def concentration(found: Overlap, rules: str) -> pd.DataFrame:
    """Return how much of the weight the comparison firms carry, from the least weighted on.

    Groups of comparison firms hold equally many (but for one firm); there are half as many until
    no group's weight tells of few firms or of one (:func:`.magnitudes.sensitive`).

    Parameters
    ----------
    rules
        Name of a rule set of disclosure control.

    Returns
    -------
    DataFrame with ``firms`` and ``weight``: shares of the comparison firms and of their weight,
    summed up to each group; empty where not even two groups may be shown.
    """
    weight = np.sort(found.weights[~found.treated])
    groups = GROUPS
    while groups > 1:
        group = np.arange(len(weight)) * groups // len(weight)
        firms = pd.DataFrame({"group": group, "firm": np.arange(len(weight)), "weight": weight})
        told = sensitive(firms, ["group"], "firm", "weight", read_rules(rules))
        if len(told) == groups and not told[["few", "dominated", "close"]].any(axis=None):
            up_to = firms.groupby("group")["weight"].sum().cumsum().to_numpy()
            shares = np.arange(1, groups + 1) / groups
            return pd.DataFrame({"firms": shares, "weight": up_to / up_to[-1]})
        groups //= 2
    return pd.DataFrame(columns=["firms", "weight"], dtype=float)


def _gathered(count: np.ndarray, least: int) -> np.ndarray:
    """Move counts below ``least`` towards the fullest bin, from both ends."""
    count, fullest = count.copy(), int(count.argmax())
    for steps, towards in ((range(fullest), 1), (range(len(count) - 1, fullest, -1), -1)):
        for at in steps:
            if count[at] < least:
                count[at + towards] += count[at]
                count[at] = 0
    return count


def scores(treated: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return propensity scores by logit, shape (m,); missing where covariates separate the groups.

    Parameters
    ----------
    treated
        Boolean, shape (m,).
    x
        Covariates without a constant, shape (m, k).
    """
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    if not treated.any() or treated.all():
        return np.full(len(treated), np.nan)
    spread = x.std(axis=0)
    scaled = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = sm.Logit(treated, sm.add_constant(scaled, has_constant="add")).fit(disp=0)
        except (PerfectSeparationError, np.linalg.LinAlgError):
            return np.full(len(treated), np.nan)
    apart = not fit.mle_retvals["converged"] or fit.predict().max() > 1 - 1e-6
    return np.full(len(treated), np.nan) if apart else np.asarray(fit.predict())
