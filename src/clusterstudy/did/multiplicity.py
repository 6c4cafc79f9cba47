"""Several hypotheses at once: how surely is none of the effects found a mere accident?

Two answers. Romano & Wolf (2005, Econometrica 73) bound the probability of any false finding (the
family-wise error rate) and, stepping down, use how the estimates depend on each other: the more
alike they are, the less is paid for their number. Benjamini & Hochberg (1995, JRSS B 57) bound the
expected share of false findings among those made (the false discovery rate).

Belongs here: adjusted p-values of estimates from the same units. Does not belong here: which
hypotheses make a family, which is the study's to name beforehand.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from clusterstudy.did.estimates import Estimates


def adjusted(family: Estimates, *, seed: int, draws: int = 9999) -> pd.DataFrame:
    """Return the p-values of a family of two-sided hypotheses of no effect.

    Parameters
    ----------
    family
        K estimates with their joint influence function (:func:`.estimates.join`).
    seed, draws
        Of the multiplier bootstrap behind ``romano_wolf``.

    Returns
    -------
    DataFrame by label: ``p`` (each by itself), ``romano_wolf`` (family-wise), ``fdr`` (the false
    discovery rate of calling this and every smaller p a finding). NaN for an estimate without
    error, which is no hypothesis.
    """
    from statsmodels.stats.multitest import multipletests

    tested = family.se > 0
    t = np.abs(family.estimate[tested] / family.se[tested])
    p = 2 * stats.t.sf(t, family.df)
    found = pd.DataFrame(np.nan, family.label, ["p", "romano_wolf", "fdr"])
    if tested.any():
        drawn = np.abs(family.studentised_errors(seed=seed, draws=draws))
        step_down = np.maximum(romano_wolf(t, drawn), p)
        found[tested] = np.column_stack([p, step_down, multipletests(p, method="fdr_bh")[1]])
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
