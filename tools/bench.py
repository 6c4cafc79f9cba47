"""Measure the group-time core against its peers in one run; write figures and a plot.

Run by ``make bench``; docs/PERFORMANCE.md says what the figures mean. Simulated register: 12 years,
7 cohorts, 5 % of firms treated, three covariates; doubly robust, event study with analytic errors.
Every estimator runs in a process of its own. Seconds are the best of its runs, so compilation is
not counted. Ratios are of processor seconds, for those of the clock are too long on a busy machine,
and not evenly. Memory is the peak of the process's resident set over what it was when the data were
there (Linux only).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from clusterstudy.did.group_time import dynamic, group_time, group_times
from clusterstudy.did.panel import Panel

SEED = 2026
YEARS = np.arange(2014.0, 2026.0)
COHORTS = np.arange(2018.0, 2025.0)
OUTCOMES, CLUSTERS = 10, 11
TURNOVER = 0.08  # of the firms close in a year, and as many start
STARTS = 1 + TURNOVER * (len(YEARS) - 1)
RUNS = 3
SLOW = {"moderndid": 50_000}  # firms above which a peer takes too long or too much memory
KIB = 2**10
FOLDER = Path("reports/bench")
HEADER = (
    f"{'firms':>8}  {'':14}{'seconds':>10}{'processor':>11}{'ratio':>9}{'MiB':>8}{'× panel':>9}"
    "   effect"
)

Estimator = Callable[[Panel], float]


def floor(panel: Panel) -> float:
    """Read every array once."""
    arrays = (panel.outcome, panel.cohort, panel.covariates)
    return sum(float(np.sum(array)) for array in arrays if array is not None)


def clusterstudy(panel: Panel) -> float:
    """Estimate by the core and return the mean effect over event times."""
    return float(group_time(panel).dynamic().overall.estimate[0])


def weighted(panel: Panel) -> float:
    """Estimate with sampling weights."""
    weights = np.random.default_rng(SEED).uniform(0.5, 2, panel.n_units)
    return clusterstudy(replace(panel, weights=weights))


def unbalanced(panel: Panel) -> float:
    """Estimate with firms that start and close: see :func:`with_turnover`."""
    return clusterstudy(panel)


def gaps(panel: Panel) -> float:
    """Estimate with gaps at random: see :func:`with_gaps`."""
    return clusterstudy(panel)


def not_yet(panel: Panel) -> float:
    """Estimate with firms not yet treated among the controls."""
    return float(group_time(panel, control="not_yet").dynamic().overall.estimate[0])


def many(panel: Panel) -> float:
    """Estimate event studies of 10 outcomes for 11 clusters of the treated."""
    rng = np.random.default_rng(SEED)
    noise = rng.normal(scale=0.1, size=(OUTCOMES, len(YEARS)))
    outcomes = {str(j): panel.outcome * (1 + j / 10) + noise[j] for j in range(OUTCOMES)}
    cluster = rng.integers(0, CLUSTERS, panel.n_units)
    groups = {str(c): cluster == c for c in range(CLUSTERS)}
    found = dynamic(group_times(panel, outcomes, groups))
    return float(np.mean([each.overall.estimate[0] for each in found.values()]))


def diff_diff(panel: Panel) -> float:
    """Estimate by diff-diff."""
    from diff_diff import CallawaySantAnna

    data = {"outcome": "y", "unit": "id", "time": "t", "first_treat": "g"}
    model = CallawaySantAnna(cband=False)
    x = ["x1", "x2", "x3"]
    found = model.fit(long(panel), **data, covariates=x, aggregate="event_study")
    effects = found.event_study_effects
    return float(np.mean([each["effect"] for at, each in effects.items() if at >= 0]))


def csdid(panel: Panel) -> float:
    """Estimate by csdid."""
    from csdid.att_gt import ATTgt

    rows = long(panel)
    model = ATTgt("y", "t", "id", "g", rows, xformla="y~x1+x2+x3").fit("dr", bstrap=False)
    return float(model.aggte("dynamic", bstrap=False, cband=False).atte["overall_att"])


def moderndid(panel: Panel) -> float:
    """Estimate by moderndid."""
    import moderndid

    rows = long(panel)
    cells = moderndid.att_gt(rows, "y", "t", "id", "g", xformla="~ x1 + x2 + x3", cband=False)
    return float(moderndid.aggte(cells, type="dynamic", cband=False).overall_att)


PEERS: tuple[Estimator, ...] = (diff_diff, csdid, moderndid)
ESTIMATORS: tuple[Estimator, ...] = (
    *(floor, clusterstudy, weighted, unbalanced, gaps, not_yet, many),
    *PEERS,
)


def draw(firms: int) -> Panel:
    """Return a register whose firms' entry and trends depend on a covariate."""
    rng = np.random.default_rng(SEED)
    x = rng.normal(size=(firms, 3))
    odds = np.exp(-5 + x @ [0.5, -0.3, 0.2])[:, None] * np.ones(len(COHORTS))
    bounds = np.cumsum(odds / (1 + odds.sum(axis=1, keepdims=True)), axis=1)
    cohort = np.append(COHORTS, np.inf)[(rng.random(firms)[:, None] > bounds).sum(axis=1)]
    shocks = np.cumsum(rng.normal(scale=0.3, size=(firms, len(YEARS))), axis=1)
    outcome = rng.normal(size=(firms, 1)) + 0.05 * x[:, :1] * (YEARS - YEARS[0]) + shocks
    return Panel(outcome + 0.05 * (cohort[:, None] <= YEARS), cohort, YEARS, x)


def with_turnover(panel: Panel) -> Panel:
    """Return the register with firms that start and close.

    Each year 8 % of the firms that exist close, and as many new ones start. The panel has a row for
    each firm that ever exists, so about half of its firm-years are there; of these 0.5 % are
    missing at random.
    """
    rng = np.random.default_rng(SEED)
    n, year = panel.n_units, np.arange(len(YEARS))
    start = rng.choice(year, n, p=np.where(year, TURNOVER, 1) / STARTS)[:, None]
    there = (start <= year) & (year < start + rng.geometric(TURNOVER, (n, 1)))
    there &= rng.random(there.shape) >= 0.005
    return replace(panel, outcome=np.where(there, panel.outcome, np.nan))


def with_gaps(panel: Panel) -> Panel:
    """Return the register with 3 % of firm-years missing: no two cells have the same firms."""
    gone = np.random.default_rng(SEED).random(panel.outcome.shape) < 0.03
    return replace(panel, outcome=np.where(gone, np.nan, panel.outcome))


REGISTERS = {unbalanced: with_turnover, gaps: with_gaps}  # of lines that change what is drawn


def long(panel: Panel) -> pd.DataFrame:
    """Return the panel as the other packages take it."""
    n, t = panel.outcome.shape
    cohort = np.where(np.isinf(panel.cohort), 0, panel.cohort).astype(int)
    x = np.empty((n, 0)) if panel.covariates is None else panel.covariates
    return pd.DataFrame(
        {
            "id": np.repeat(np.arange(n), t),
            "t": np.tile(panel.periods.astype(int), n),
            "y": panel.outcome.ravel(),
            "g": np.repeat(cohort, t),
        }
        | {f"x{k + 1}": np.repeat(each, t) for k, each in enumerate(x.T)}
    )


def measure(name: str, firms: int, runs: int) -> dict[str, float]:
    """Return seconds of clock and processor, MiB and the estimate of one estimator."""
    warnings.simplefilter("ignore")
    estimator = next(each for each in ESTIMATORS if each.__name__ == name)
    panel = draw(firms)
    if estimator in REGISTERS:
        panel = REGISTERS[estimator](panel)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak so far
    before = resident("VmRSS")
    seconds, processor = [], []
    for _ in range(runs):
        fresh = replace(panel)  # which remembers nothing of the run before
        start, busy = time.perf_counter(), time.process_time()
        effect = estimator(fresh)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
    arrays = (panel.outcome, panel.cohort, panel.covariates)
    size = sum(each.nbytes for each in arrays if each is not None) / KIB**2
    peak = resident("VmHWM") - before
    return {
        "seconds": min(seconds),
        "processor": min(processor),
        "memory": peak,
        "panel": size,
        "effect": effect,
    }


def resident(kind: str) -> float:
    """Return this process's resident set (VmRSS) or its peak (VmHWM) in MiB."""
    found = re.search(rf"{kind}:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) / KIB if found else float("nan")


def compare(firms: int, runs: int, without: Sequence[str]) -> dict[str, dict[str, float]]:
    """Print a line for each estimator that is installed, in ratios to the core."""
    found: dict[str, dict[str, float]] = {}
    for each in ESTIMATORS:
        name = each.__name__
        if name in without:
            continue
        if each in PEERS and not find_spec(name):
            print(f"{firms:>8,}  {name:14}not installed: skipped")
            continue
        if firms > SLOW.get(name, firms):
            print(f"{firms:>8,}  {name:14}skipped above {SLOW[name]:,} firms")
            continue
        once = ["--runs", str(1 if each is many else runs)]
        command = [sys.executable, __file__, "--measure", name, "--firms", str(firms), *once]
        output = subprocess.check_output(command, text=True)
        found[name] = result = json.loads(output.splitlines()[-1])
        core = found.get("clusterstudy", result)
        print(
            f"{firms:>8,}  {name:14}{result['seconds']:>10.4f}{result['processor']:>11.4f}"
            f"{result['processor'] / core['processor']:>9.3g}{result['memory']:>8.0f}"
            f"{result['memory'] / result['panel']:>9.2f}   {result['effect']:.8f}",
            flush=True,
        )
    peers = [found[each.__name__]["processor"] for each in PEERS if each.__name__ in found]
    if peers and "many" in found:
        fastest, core = min(peers), found["clusterstudy"]["processor"]
        loop = OUTCOMES * CLUSTERS * fastest / found["many"]["processor"]
        print(f"{firms:>8,}  fastest peer ÷ one outcome {fastest / core:.1f}", end="; ")
        print(f"{OUTCOMES * CLUSTERS} × fastest peer ÷ many {loop:.0f} (the loop not run)")
    return found


def plot(results: dict[int, dict[str, dict[str, float]]]) -> None:
    """Draw seconds by number of firms."""
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for each, marker in zip(ESTIMATORS, "xosv*DP^<>", strict=True):
        points = {n: r[each.__name__]["seconds"] for n, r in results.items() if each.__name__ in r}
        style = ":" if each in PEERS else "-"
        ax.loglog(list(points), list(points.values()), style, marker=marker, label=each.__name__)
    ax.set(xlabel="firms", ylabel="seconds (many: 110 event studies)")
    fig.legend(loc="outside right upper")
    fig.savefig(FOLDER / "bench.svg")


def main() -> None:
    """Compare for each number of firms, or measure one estimator for the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--firms", type=int, nargs="+", default=[5_000, 20_000])
    parser.add_argument("--runs", type=int, default=RUNS)
    names = [each.__name__ for each in ESTIMATORS if each is not clusterstudy]
    parser.add_argument("--without", nargs="+", default=[], choices=names, metavar="LINE")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.firms[0], options.runs)))
        return
    print(HEADER)
    results = {firms: compare(firms, options.runs, options.without) for firms in options.firms}
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "bench.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    plot(results)
    print(f"Written: {FOLDER}/bench.json, {FOLDER}/bench.svg")


if __name__ == "__main__":
    main()
