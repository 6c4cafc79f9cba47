"""Measure the group-time core against csdid and moderndid in one run; nothing is written.

Run by ``make bench``. One outcome, doubly robust, three covariates, event study with analytic
errors, on simulated panels of seven periods and two cohorts. Seconds are the best of three
runs, so compilation is not counted; on a busy machine all are too long, and not evenly. Memory
is the peak of what Python and numpy allocate in one more run: what polars or numba allocate by
themselves is missing, so a peer's may be more. The floor is one pass over the panel's arrays.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pandas as pd

from clusterstudy.did.group_time import group_time
from clusterstudy.did.panel import Panel
from clusterstudy.did.simulation import simulate

SEED = 2026
RUNS = 3
MIB = 2**20
HEADER = f"{'firms':>8}  {'':12}{'seconds':>10}{'ratio':>9}{'MiB':>8}{'ratio':>9}   overall effect"


def floor(panel: Panel, rows: pd.DataFrame) -> float:
    """Read every array once."""
    arrays = (panel.outcome, panel.cohort, panel.covariates)
    return sum(float(np.sum(array)) for array in arrays if array is not None)


def clusterstudy(panel: Panel, rows: pd.DataFrame) -> float:
    """Estimate by the core and return the mean effect over event times."""
    return float(group_time(panel).dynamic().overall.estimate[0])


def csdid(panel: Panel, rows: pd.DataFrame) -> float:
    """Estimate by csdid."""
    from csdid.att_gt import ATTgt

    model = ATTgt("y", "t", "id", "g", rows, xformla="y~x1+x2+x3").fit("dr", bstrap=False)
    return float(model.aggte("dynamic", bstrap=False, cband=False).atte["overall_att"])


def moderndid(panel: Panel, rows: pd.DataFrame) -> float:
    """Estimate by moderndid."""
    import moderndid

    cells = moderndid.att_gt(rows, "y", "t", "id", "g", xformla="~ x1 + x2 + x3", cband=False)
    return float(moderndid.aggte(cells, type="dynamic", cband=False).overall_att)


ESTIMATORS: tuple[Callable[[Panel, pd.DataFrame], float], ...] = (
    floor,
    clusterstudy,
    csdid,
    moderndid,
)


def measure(name: str, firms: int) -> dict[str, float]:
    """Return seconds, MiB and the estimate of one estimator, in this process."""
    estimator = next(each for each in ESTIMATORS if each.__name__ == name)
    panel = simulate(firms, SEED)
    noise = np.random.default_rng(SEED).normal(size=(firms, 2))
    covariates = np.hstack([panel.design(0)[:, 1:], noise])
    panel = replace(panel, covariates=covariates)
    rows = long(panel, covariates)
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        effect = estimator(panel, rows)
        seconds.append(time.perf_counter() - start)
    tracemalloc.start()
    estimator(panel, rows)
    _, peak = tracemalloc.get_traced_memory()
    return {"seconds": min(seconds), "memory": peak / MIB, "effect": effect}


def long(panel: Panel, covariates: np.ndarray) -> pd.DataFrame:
    """Return the panel as the other packages take it."""
    n, t = panel.outcome.shape
    cohort = np.where(np.isinf(panel.cohort), 0, panel.cohort).astype(int)
    return pd.DataFrame(
        {
            "id": np.repeat(np.arange(n), t),
            "t": np.tile(panel.periods.astype(int), n),
            "y": panel.outcome.ravel(),
            "g": np.repeat(cohort, t),
        }
        | {f"x{k + 1}": np.repeat(x, t) for k, x in enumerate(covariates.T)}
    )


def compare(firms: int) -> None:
    """Print a line for each estimator that is installed, as ratios to the core."""
    found = {}
    for each in ESTIMATORS:
        if each is not floor and not find_spec(each.__name__):
            print(f"{firms:>8,}  {each.__name__:12}not installed: skipped")
            continue
        command = [sys.executable, "-W", "ignore", __file__, "--measure", each.__name__]
        output = subprocess.check_output([*command, "--firms", str(firms)], text=True)
        found[each.__name__] = json.loads(output.splitlines()[-1])
    core = found["clusterstudy"]
    for name, result in found.items():
        speed = result["seconds"] / core["seconds"]
        space = result["memory"] / core["memory"]
        effect = "" if name == floor.__name__ else f"{result['effect']:.8f}"
        print(
            f"{firms:>8,}  {name:12}{result['seconds']:>10.5f}{speed:>9.3g}"
            f"{result['memory']:>8.1f}{space:>9.3g}   {effect}"
        )


def main() -> None:
    """Compare for each number of firms, or measure one estimator for the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--firms", type=int, nargs="+", default=[5_000, 20_000])
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.firms[0])))
        return
    print(HEADER)
    for firms in options.firms:
        compare(firms)


if __name__ == "__main__":
    main()
