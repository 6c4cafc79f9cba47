"""The answer under the declared setting, and the answers under settings drawn at random."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.readiness.replications import Replications, compose
from clusterstudy.readiness.settings import BAND, declared_setting, draw, usable, widths_of


def declared(values: pd.DataFrame, indicators: pd.DataFrame) -> Replications:
    """Return the answer under the declaration itself (R = 1): goalposts, arithmetic means.

    Parameters
    ----------
    values
        Clusters by indicators, in the indicators' units.
    indicators
        Declaration of (at least) these indicators. Indicators that no cluster has are left out.
    """
    values, _, indicators = usable(values, values, indicators)
    return compose(declared_setting(values, indicators), values.index, indicators)


def simulate(
    values: pd.DataFrame,
    errors: pd.DataFrame,
    indicators: pd.DataFrame,
    replications: int,
    seed: int,
    band: float = BAND,
) -> Replications:
    """Return the answers under settings drawn at random.

    Parameters
    ----------
    values, indicators
        As for :func:`declared`.
    errors
        Standard errors of sampled values, shaped as ``values``; 0 where a value is no sample.
    replications
        Number of settings, R.
    seed
        Of the random numbers.
    band
        How far goalposts and bars move: share of the distance between bar and goalpost, below
        one half, so that their order stands.
    """
    values, errors, indicators = usable(values, errors, indicators)
    widths = widths_of(values, errors)
    cube = np.random.default_rng(seed).random((replications, sum(widths.values())))
    setting = draw(cube, widths, values, errors, indicators, band)
    return compose(setting, values.index, indicators)
