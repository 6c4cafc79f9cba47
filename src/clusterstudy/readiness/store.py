"""Keep what all reports on readiness compute alike (:mod:`clusterstudy.kept`)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from clusterstudy import kept
from clusterstudy.contract.read import Dataset
from clusterstudy.readiness import sensitivity
from clusterstudy.readiness.indicators import Measured

KEPT = 8  # of a data folder
CODE = (Path(__file__).parent,)


def sobol(data: Dataset, measured: Measured, indicators: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return what :func:`clusterstudy.readiness.sensitivity.sobol` finds, for all clusters.

    Parameters
    ----------
    data
        What was measured, in whose folder it is kept.
    """
    given = measured.values, measured.errors, indicators
    place = kept.entry(data, "sobol", [*(frame.to_csv() for frame in given), seed], CODE)
    return kept.frame(place, lambda: sensitivity.sobol(*given, seed), most=KEPT)
