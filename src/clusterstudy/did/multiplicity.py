"""Several hypotheses at once: how surely is none of the effects found a mere accident?

Two answers. Romano & Wolf (2005, Econometrica 73) bound the probability of any false finding (the
family-wise error rate) and, stepping down, use how the estimates depend on each other: the more
alike they are, the less is paid for their number. Benjamini & Hochberg (1995, JRSS B 57) bound the
expected share of false findings among those made (the false discovery rate).

Belongs here: adjusted p-values of estimates with a joint influence function. Does not belong here:
which hypotheses make a family, which is the study's to name beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from clusterstudy.did.estimates import Estimates


def adjusted(
    estimates: Estimates, *, seed: int, families: Sequence[str] | None = None, draws: int = 9999
) -> pd.DataFrame:
    """Return the p-values of two-sided hypotheses of no effect.

    Parameters
    ----------
    estimates
        K estimates with their joint influence function (:func:`.estimates.join`).
    seed, draws
        Of the multiplier bootstrap behind ``romano_wolf``.
    families
        The family of each estimate, K names; None where all are one family.

    Returns
    -------
    DataFrame by label: ``p`` (each by itself), ``romano_wolf`` (the family-wise error rate of its
    family), ``fdr`` (the false discovery rate, over all families, of calling this and every
    smaller p a finding). NaN for an estimate without error, which is no hypothesis.
    """
    from statsmodels.stats.multitest import multipletests

    found = pd.DataFrame(np.nan, estimates.label, ["p", "romano_wolf", "fdr"])
    tested = estimates.se > 0
    if not tested.any():
        return found
    t = np.abs(estimates.estimate[tested] / estimates.se[tested])
    p = 2 * stats.t.sf(t, estimates.df)
    drawn = np.abs(estimates.studentised_errors(seed=seed, draws=draws))
    family = np.zeros(len(t)) if families is None else np.asarray(families)[tested]
    stepped = np.empty(len(t))
    for of in (family == each for each in np.unique(family)):
        stepped[of] = romano_wolf(t[of], drawn[:, of])
    fdr = multipletests(p, method="fdr_bh")[1]
    found[tested] = np.column_stack([p, np.maximum(stepped, p), fdr])
    return found


def romano_wolf(t: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return step-down adjusted p-values: Romano & Wolf (2016, Stat. Probab. Lett. 113), Alg. 4.2.

    The largest statistic is held against the largest of all drawn errors, the next against the
    largest among the remaining hypotheses, and so on; a p-value is never below an earlier one.

    Parameters
    ----------
    t
        Absolute t statistics, shape (K,).
    drawn
        Absolute studentised errors under the null, shape (draws, K), drawn jointly.

    Returns
    -------
    Shape (K,); the smallest attainable is 1 / (draws + 1).
    """
    order = np.argsort(-t)
    # the largest error among a hypothesis and those after it, by step
    remaining = np.maximum.accumulate(drawn[:, order[::-1]], axis=1)[:, ::-1]
    p = (1 + (remaining >= t[order]).sum(axis=0)) / (1 + len(drawn))
    stepped = np.empty(len(t))
    stepped[order] = np.maximum.accumulate(p)
    return stepped
