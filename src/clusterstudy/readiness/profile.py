"""The declared rule that turns the clauses into a segment, and when a segment may be named.

The rule reads the board paper's two sentences. Clusters with many years of membership fees, close
cooperation with trade associations, *or* few established private advisers "will typically have a
clear [...] value proposition" and so good preconditions: one clause and a clear value proposition.
Others have limited experience with payment *and* less close cooperation, "which gives a [...] more
unclear value proposition" and harder preconditions in the short run: neither of the cluster's own
clauses and no clear value proposition. That sentence does not name the field's advisers, so they
lift nobody out of it. The rest, where the sentences do not fit together, is mixed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.readiness.declaration import ROLES
from clusterstudy.report.language import later

UNRESOLVED = "unresolved"
SEGMENTS = {
    "good": later("Good preconditions"),
    "mixed": later("Mixed preconditions"),
    "harder": later("Harder preconditions in the short run"),
    UNRESOLVED: later("Unresolved"),
}


def classify(margins: np.ndarray) -> np.ndarray:
    """Return the segment's place in :data:`SEGMENTS`, shape (..., n).

    Parameters
    ----------
    margins
        Score minus bar of every clause, shape (..., n, clauses) in the order of ``CLAUSES``. At 0
        the clause is met. A gap is neither met nor lacking: where it leaves more than one segment
        open, the answer is ``unresolved``.
    """
    met, lacking = margins >= 0, margins < 0
    own, outcome = ROLES == "merit", ROLES == "outcome"
    good = met[..., ~outcome].any(-1) & met[..., outcome].all(-1)
    harder = lacking[..., own].all(-1) & lacking[..., outcome].all(-1)
    not_good = lacking[..., ~outcome].all(-1) | lacking[..., outcome].any(-1)
    not_harder = met[..., own].any(-1) | met[..., outcome].any(-1)
    places = range(len(SEGMENTS))
    return np.select([good, not_good & not_harder, harder], places[:-1], places[-1])


def by_context_only(margins: np.ndarray) -> np.ndarray:
    """Tell where good preconditions rest on the field alone, boolean, shape (..., n)."""
    own = (margins[..., ROLES == "merit"] >= 0).any(-1)
    return (classify(margins) == list(SEGMENTS).index("good")) & ~own


def assign(probabilities: pd.DataFrame, certainty: float) -> pd.Series:
    """Return each cluster's segment, or ``unresolved`` where none is probable enough.

    Parameters
    ----------
    probabilities
        Clusters by :data:`SEGMENTS`, each row summing to one; ``unresolved`` is the share of
        settings in which missing data leave the segment open.
    certainty
        Least probability that names a segment, above one half.

    Raises
    ------
    ValueError
        If ``certainty`` would let two segments through at once.
    """
    if not 0.5 < certainty <= 1:
        raise ValueError(f"certainty {certainty}: above 0.5 and at most 1")
    likely = probabilities.idxmax(axis="columns")
    return likely.where(probabilities.max(axis="columns") >= certainty, UNRESOLVED)
