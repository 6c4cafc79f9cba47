"""How far each choice, and each indicator, moves ranks and segments.

Belongs here: Sobol indices of the choices and leaving out one indicator at a time.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.readiness.profile import SEGMENTS, classify
from clusterstudy.readiness.replications import compose
from clusterstudy.readiness.settings import BAND, declared_setting, draw, usable, widths_of
from clusterstudy.readiness.uncertainty import declared


def sobol(
    values: pd.DataFrame,
    errors: pd.DataFrame,
    indicators: pd.DataFrame,
    seed: int,
    cluster: str | None = None,
    base: int = 1024,
    band: float = BAND,
) -> pd.DataFrame:
    """Return first-order and total Sobol indices of the choices.

    Two outputs: the ``shift`` in rank against the declared setting, in places, averaged over
    clusters (Saisana et al. 2005, eq. 2), and the share of ``moved`` clusters, whose segment is
    another than the declared one. With ``cluster`` both are that cluster's alone.

    Parameters
    ----------
    values, errors, indicators, seed, band
        As for :func:`~clusterstudy.readiness.uncertainty.simulate`.
    cluster
        One cluster's id.
    base
        Size of the base sample, a power of two; (choices + 2) times as many settings are computed.

    Returns
    -------
    DataFrame, a row per output and choice that plays a part: ``output``, ``choice``, ``first``
    and ``total`` (share of the output's variance; Saltelli 2010, Jansen 1999) with half-widths
    ``first_error`` and ``total_error`` of their 95 % bootstrap intervals. NaN where the output
    never varies.
    """
    from SALib.analyze.sobol import analyze
    from SALib.sample.sobol import sample

    values, errors, indicators = usable(values, errors, indicators)
    widths = widths_of(values, errors)
    columns = [choice for choice, width in widths.items() for _ in range(width)]
    problem = {
        "num_vars": len(columns),
        "names": [f"{choice}_{i}" for i, choice in enumerate(columns)],
        "groups": columns,
        "bounds": [[0.0, 1.0]] * len(columns),
    }
    cube = sample(problem, base, calc_second_order=False, seed=seed)
    drawn = compose(draw(cube, widths, values, errors, indicators, band), values.index, indicators)
    truth = compose(declared_setting(values, indicators), values.index, indicators)
    seen = slice(None) if cluster is None else [values.index.get_loc(cluster)]
    outputs = {
        "shift": np.nanmean(np.abs(drawn.ranks - truth.ranks)[:, seen], axis=1),
        "moved": (classify(drawn.margins) != classify(truth.margins))[:, seen].mean(1),
    }
    tables = []
    for output, y in outputs.items():
        table = pd.DataFrame({"output": output, "choice": list(widths)})
        if np.ptp(y) > 0:
            found = analyze(problem, y, calc_second_order=False, seed=seed)
            table = table.assign(
                first=found["S1"],
                first_error=found["S1_conf"],
                total=found["ST"],
                total_error=found["ST_conf"],
            )
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def leave_one_out(values: pd.DataFrame, indicators: pd.DataFrame) -> pd.DataFrame:
    """Return rank and segment under the declared setting, each indicator left out in turn.

    Returns
    -------
    DataFrame with a row per indicator left out and cluster: ``left_out``, ``cluster_id``,
    ``rank`` and ``segment``, ``change`` in rank against all indicators, and whether the segment
    has ``moved``.
    """
    whole = declared(values, indicators)
    tables = []
    for name in values.columns:
        rest = declared(values.drop(columns=name), indicators)
        segment = classify(rest.margins)[0]
        columns = {
            "left_out": name,
            "cluster_id": values.index,
            "rank": rest.ranks[0],
            "change": (rest.ranks - whole.ranks)[0],
            "segment": np.array(list(SEGMENTS))[segment],
            "moved": segment != classify(whole.margins)[0],
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)
