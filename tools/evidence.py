"""Monte Carlo evidence: how estimators do where the truth is known, and assumptions hold or fail.

Run by ``make evidence``, which writes docs/evidence.csv, docs/evidence.png and docs/EVIDENCE.md;
every number there is from this run. Belongs here: scenarios, the estimators set against them, and
the counting. Does not belong here: how a panel is drawn (:mod:`clusterstudy.did.simulation`,
:mod:`clusterstudy.demo`), or any estimator.
"""

from __future__ import annotations

import argparse
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from clusterstudy.demo import effects, entry, paths, population
from clusterstudy.demo.settings import ANCHOR, INDUSTRIES, REGIONS, Settings
from clusterstudy.demo.truth import att
from clusterstudy.did import twfe
from clusterstudy.did.estimates import Estimates
from clusterstudy.did.group_time import Control, group_time
from clusterstudy.did.imputation import imputation
from clusterstudy.did.panel import Panel
from clusterstudy.did.saturated import sun_abraham
from clusterstudy.did.simulation import COHORTS, PERIODS, World, effect, simulate, truth
from clusterstudy.did.two_by_two import Method
from clusterstudy.did.wild import wild_cluster
from clusterstudy.errors import UserError
from clusterstudy.paths import ROOT
from clusterstudy.report import theme

SEED, REPLICATIONS, WORKERS = 2026, 250, 2
LEVEL, BAND = 0.95, (0.94, 0.96)
CHUNK = 20  # replications of a scenario that a process makes at once
SOURCES = ("src/clusterstudy/did", "src/clusterstudy/demo", "tools/evidence.py")

Drawn = tuple[Panel, float]  # a panel and its true average effect


class Found(NamedTuple):
    """An estimate, its standard error and its interval."""

    estimate: float
    se: float
    low: float
    high: float


def drawn(seed: int, *, n: int = 400, world: World) -> Drawn:
    """Return a panel of :mod:`clusterstudy.did.simulation`."""
    return simulate(n, seed, world=world), truth(world).simple


def shared_shocks(seed: int, *, groups: int = 12, n: int = 360, spread: float = 0.15) -> Drawn:
    """Return groups that enter as wholes and share shocks, with trends that are parallel."""
    rng = np.random.default_rng([seed, groups])
    panel = simulate(n, seed, world=World(trend=0.0, scale=0.0))
    group = np.repeat(np.arange(groups), n // groups)
    of_group = np.resize([*COHORTS, np.inf], groups)
    shocks = np.cumsum(rng.normal(scale=spread, size=(groups, len(PERIODS))), axis=1)
    added = effect(of_group[group][:, None], PERIODS)
    outcome = panel.outcome + shocks[group] + added
    cohort = of_group[group]
    return Panel(outcome, cohort, PERIODS, cluster=group), att(added, outcome, cohort, PERIODS)


def demo(seed: int, *, firms: int = 4000, fall: float = np.inf, x: bool = True) -> Drawn:
    """Return new entrants and never-treated SMEs of the demo's population, by ln FTE.

    Parameters
    ----------
    firms
        Of all kinds, incumbents and large ones included.
    fall
        Comparison firms close for good after a year in which ln FTE fell by more.
    x
        Whether all that entry and trends depend on is among the covariates; otherwise size alone.
    """
    settings = Settings(firms, seed, first_year=2021)
    units = population.draw(settings, firms)
    added = np.zeros((firms, len(settings.years)))
    participants = effects.draw(settings, units, entry.draw(settings, units))
    added[units.participants] = participants.by_measure["fte"]
    years = settings.years
    untreated = paths.draw(settings, units).employment
    lives = (units.founded[:, None] <= years) & (years < units.closes[:, None])
    fell = (np.diff(untreated, axis=1, prepend=np.nan) < -fall) & (years > ANCHOR)
    lives &= (units.cohort[:, None] > 0) | ~np.maximum.accumulate(fell, axis=1)
    sme = units.size < population.LARGE
    used = lives[:, years == ANCHOR][:, 0] & sme & ((units.cohort == 0) | (units.cohort > ANCHOR))
    cohort = np.where(units.cohort == 0, np.inf, units.cohort)[used]
    outcome = np.where(lives, untreated + added, np.nan)[used]
    dummies = [
        place[:, None] == np.arange(1, len(names))
        for place, names in ((units.industry, INDUSTRIES), (units.region, REGIONS))
    ]
    full = np.column_stack([units.size, units.growth, units.ln_age, *dummies])
    covariates = (full if x else full[:, :1])[used]
    return Panel(outcome, cohort, years, covariates), att(added[used], outcome, cohort, years)


def by_group_time(
    panel: Panel, *, method: Method = "dr", control: Control = "never", clustered: bool = True
) -> Found:
    """Estimate by the core, on the panel's covariates."""
    panel = panel if clustered else replace(panel, cluster=None)
    return _found(group_time(panel, method=method, control=control).simple().overall)


def by_imputation(panel: Panel) -> Found:
    """Impute untreated outcomes, with trends linear in the covariates."""
    return _found(imputation(panel).simple().overall)


def bare_group_time(panel: Panel) -> Found:
    """Estimate by the core without covariates."""
    return by_group_time(replace(panel, covariates=None))


def bare_sun_abraham(panel: Panel) -> Found:
    """Estimate one regression with an effect per cohort and period."""
    return _found(sun_abraham(replace(panel, covariates=None)).simple().overall)


def bare_twfe(panel: Panel) -> Found:
    """Estimate two-way fixed effects, one effect for all."""
    return _found(twfe.static(panel))


def by_wild(panel: Panel) -> Found:
    """Estimate two-way fixed effects, the interval by the wild cluster bootstrap."""
    assert panel.cluster is not None
    found = wild_cluster(panel, panel.cluster, seed=SEED, level=LEVEL, draws=399)
    return Found(found.estimate, np.nan, found.low, found.high)


def _found(estimates: Estimates) -> Found:
    low, high = estimates.interval(LEVEL)[0]
    return Found(float(estimates.estimate[0]), float(estimates.se[0]), float(low), float(high))


GIVEN: dict[str, Callable[[Panel], Found]] = {
    "Doubly robust": by_group_time,
    "Inverse probability weights": partial(by_group_time, method="ipw"),
    "Outcome regression": partial(by_group_time, method="or"),
    "Doubly robust, not yet treated": partial(by_group_time, control="not_yet"),
    "Imputation": by_imputation,
}
BARE: dict[str, Callable[[Panel], Found]] = {
    "Group-time, no covariates": bare_group_time,
    "Two-way fixed effects": bare_twfe,
}
SATURATED: dict[str, Callable[[Panel], Found]] = {"Sun & Abraham, no covariates": bare_sun_abraham}
CLUSTERED: dict[str, Callable[[Panel], Found]] = {
    "Group-time, errors by unit": partial(by_group_time, clustered=False),
    "Group-time, errors by group": by_group_time,
    "Two-way fixed effects, errors by group": bare_twfe,
    "Two-way fixed effects, wild bootstrap": by_wild,
}
ALL = GIVEN | BARE
FEW_GIVEN = ("Doubly robust", "Outcome regression")
FEW = {name: ALL[name] for name in FEW_GIVEN} | BARE  # on panels that take longer


@dataclass(frozen=True)
class Scenario:
    """What is drawn, and who is right there by assumption.

    Parameters
    ----------
    title, text
        For the page.
    draw
        Returns a panel and its truth for a seed.
    holds
        Estimators whose assumptions hold, named before anything was run.
    estimators
        All that are tried.
    """

    title: str
    text: str
    draw: Callable[[int], Drawn]
    holds: tuple[str, ...]
    estimators: dict[str, Callable[[Panel], Found]]


ROBUST = ("Doubly robust", "Doubly robust, not yet treated")
SCENARIOS = {
    "parallel": Scenario(
        "Trends parallel for all; effects differ and grow",
        "400 simulated units, seven periods, two cohorts. Effects grow with time since entry and "
        "are twice as large in the earlier cohort. Only two-way fixed effects take them as one.",
        partial(drawn, world=World(trend=0.0)),
        (*GIVEN, "Group-time, no covariates", *SATURATED),
        ALL | SATURATED,
    ),
    "given_x": Scenario(
        "Trends parallel given a covariate",
        "As above, but entry is a logit in x and trends are linear in x: without x, those that "
        "enter are on another path.",
        partial(drawn, world=World()),
        tuple(GIVEN),
        ALL,
    ),
    "no_effect": Scenario(
        "No effect, trends parallel given a covariate",
        "As above without any effect: the share of intervals without zero is the size of the test.",
        partial(drawn, world=World(scale=0.0)),
        tuple(GIVEN),
        ALL,
    ),
    "curved_trend": Scenario(
        "Trends bend in the covariate",
        "Trends depend on x² too, entry does not. Models of the trend that are linear in x are "
        "wrong; the model of entry is right.",
        partial(drawn, world=World(curve=0.1)),
        (*ROBUST, "Inverse probability weights"),
        ALL,
    ),
    "bent_entry": Scenario(
        "Entry bends in the covariate",
        "Entry depends on x² too, trends do not. The model of entry is wrong; models of the trend "
        "that are linear in x are right.",
        partial(drawn, world=World(bend=0.3)),
        (*ROBUST, "Outcome regression", "Imputation"),
        ALL,
    ),
    "both_bend": Scenario(
        "Trends and entry both bend",
        "Both models are wrong, so double robustness does not help.",
        partial(drawn, world=World(curve=0.1, bend=0.3)),
        (),
        ALL,
    ),
    "few_treated": Scenario(
        "Few units",
        "60 simulated units, trends parallel given x. Normal intervals rest on large numbers.",
        partial(drawn, n=60, world=World()),
        tuple(GIVEN),
        ALL,
    ),
    "few_groups": Scenario(
        "Twelve groups that share shocks",
        "Groups of 30 units enter as wholes and share shocks that last. Errors by unit take the "
        "units as independent; errors by group rest on twelve groups being many. Trends are "
        "parallel, but two-way fixed effects average effects that differ.",
        shared_shocks,
        ("Group-time, errors by group",),
        CLUSTERED,
    ),
    "demo": Scenario(
        "The demo: entry depends on size, growth, age, industry and region",
        "4,000 firms of the demo's population without incumbents and large ones; ln FTE, four "
        "cohorts, firms that close at random given age. All that entry and trends depend on is "
        "among the covariates.",
        demo,
        (*FEW_GIVEN, "Imputation"),
        FEW | {"Imputation": by_imputation},
    ),
    "demo_size_only": Scenario(
        "The demo: selection on earlier growth that is left out",
        "As the demo, but only size is among the covariates: earlier growth, age, industry and "
        "region move both entry and trends.",
        partial(demo, x=False),
        (),
        FEW,
    ),
    "demo_exits": Scenario(
        "The demo: failing comparison firms close",
        "As the demo, but comparison firms close for good after a year in which FTE fell by more "
        "than 40 log points, as firms that take part do not.",
        partial(demo, fall=0.4),
        (),
        FEW,
    ),
}


def replicate(name: str, seeds: Sequence[int]) -> list[dict[str, object]]:
    """Return one row per seed and estimator: what was found, and the truth."""
    scenario, rows = SCENARIOS[name], []
    for seed in seeds:
        panel, true = scenario.draw(seed)
        size = {"units": panel.n_units, "treated": int(np.isfinite(panel.cohort).sum())}
        for estimator, estimate in scenario.estimators.items():
            try:
                found = estimate(panel)
            except UserError:
                found = Found(*[np.nan] * 4)
            row = {"scenario": name, "estimator": estimator, "truth": true}
            rows.append(row | size | found._asdict())
    return rows


def run(names: Sequence[str], replications: int, seed: int, workers: int) -> pd.DataFrame:
    """Return the table of :func:`score` for every scenario and estimator."""
    tasks = list(_tasks(names, replications, seed))
    if workers == 1:
        done = [replicate(*task) for task in tasks]
    else:
        with ProcessPoolExecutor(workers) as pool:
            done = list(pool.map(replicate, *zip(*tasks, strict=True)))
    rows = pd.DataFrame([row for part in done for row in part])
    by = ["scenario", "estimator"]
    table = rows.groupby(by, sort=False).apply(score).reset_index()
    pairs = zip(table["scenario"], table["estimator"], strict=True)
    holds = [estimator in SCENARIOS[scenario].holds for scenario, estimator in pairs]
    table.insert(2, "assumptions_hold", holds)
    return table.astype(dict.fromkeys(("replications", "failed"), int))


def _tasks(names: Sequence[str], replications: int, seed: int) -> Iterator[tuple[str, list[int]]]:
    """Yield scenarios and seeds; a scenario's seeds do not depend on which others are run."""
    for name in names:
        sequence = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()),))
        seeds = sequence.generate_state(replications).tolist()
        for start in range(0, replications, CHUNK):
            yield name, seeds[start : start + CHUNK]


def score(rows: pd.DataFrame) -> pd.Series:
    """Count over replications.

    Returns
    -------
    ``units`` and ``treated`` (means), ``replications``, ``failed`` (without estimate), ``truth``
    (mean), ``bias`` and its Monte Carlo standard error, ``rmse``, ``sd`` of the errors, ``se``
    (mean), ``coverage`` and its Monte Carlo standard error, and ``rejects``: the share of
    intervals without zero, which is the size where the truth is zero and the power elsewhere.
    """
    made = rows.dropna(subset="estimate")
    n, error = len(made), made["estimate"] - made["truth"]
    covers = ((made["low"] <= made["truth"]) & (made["truth"] <= made["high"])).mean()
    return pd.Series(
        {
            "units": rows["units"].mean(),
            "treated": rows["treated"].mean(),
            "replications": len(rows),
            "failed": len(rows) - n,
            "truth": made["truth"].mean(),
            "bias": error.mean(),
            "bias_se": error.std() / np.sqrt(n),
            "rmse": np.sqrt((error**2).mean()),
            "sd": error.std(),
            "se": made["se"].mean(),
            "coverage": covers,
            "coverage_se": np.sqrt(covers * (1 - covers) / n),
            "rejects": ((made["low"] > 0) | (made["high"] < 0)).mean(),
        }
    )


def as_stated(table: pd.DataFrame) -> pd.Series:
    """Tell where coverage is within 94 to 96 %, give or take two Monte Carlo standard errors."""
    low, high = BAND
    nominal = np.sqrt(LEVEL * (1 - LEVEL) / (table["replications"] - table["failed"]))
    return table["coverage"].between(low - 2 * nominal, high + 2 * nominal)


def figure(table: pd.DataFrame, made: str, path: Path) -> None:
    """Draw coverage by scenario: filled where assumptions hold, hollow where they do not."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    theme.use()
    names = list(dict.fromkeys(table["scenario"]))
    labels = list(dict.fromkeys(table["estimator"]))
    fig, axes = plt.subplots(-(-len(names) // 3), 3, figsize=(13, 3.1 * -(-len(names) // 3)))
    for ax in axes.flat[len(names) :]:
        ax.set_visible(False)
    for ax, name in zip(axes.flat, names, strict=False):
        part = table[table["scenario"] == name].set_index("estimator")
        shown = [label for label in labels if label in part.index]
        part, rows = part.loc[shown], np.arange(len(shown))
        ax.axvspan(*BAND, color="#d9d9d9", zorder=0)
        half = 2 * part["coverage_se"]
        ax.hlines(rows, part["coverage"] - half, part["coverage"] + half, color=theme.INK)
        for holds, face, marker in ((True, theme.INK, "o"), (False, "white", "s")):
            chosen = (part["assumptions_hold"] == holds).to_numpy()
            ax.plot(
                part["coverage"][chosen],
                rows[chosen],
                linestyle="",
                marker=marker,
                color=theme.INK,
                markerfacecolor=face,
                label=f"assumptions {'hold' if holds else 'fail'}",
            )
        ax.set_xlim(-0.03, 1.03)
        ax.set_ylim(len(shown) - 0.4, -0.6)
        ax.set_yticks(rows, shown)
        ax.xaxis.set_major_formatter(lambda value, _at: f"{100 * value:.0f} %")
        ax.set_title(name.replace("_", " "))
    fig.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    fig.supxlabel(
        "Coverage of 95 % intervals, with two Monte Carlo standard errors (grey: 94 to 96 %). "
        + made,
        fontsize=9,
    )
    fig.savefig(path, dpi=110)
    plt.close(fig)


HEAD = """# Monte Carlo evidence

Written by `make evidence`; every number is of that run. {made}

A scenario says what is drawn, and which estimators' assumptions hold there; that was named before
the run. **Coverage** is the share of 95 % intervals that hold the true average effect, with its
Monte Carlo standard error; it is as stated where it lies within 94 to 96 %, give or take two of
the standard errors that 95 % itself would have. **Rejects** is the share of intervals without
zero: the size of the test where there is no effect, its power elsewhere (worth nothing where the
estimate is biased). In the demo and with groups the truth is the mean effect on the treated that
were drawn, otherwise that of the population.

![Coverage by scenario and estimator](evidence.png)

The figures with more digits, biases' Monte Carlo errors and mean standard errors are in
[evidence.csv](evidence.csv).
"""


def page(table: pd.DataFrame, made: str) -> str:
    """Return the text of docs/EVIDENCE.md."""
    parts = [HEAD.format(made=made)]
    for name, part in table.assign(stated=as_stated(table)).groupby("scenario", sort=False):
        scenario = SCENARIOS[str(name)]
        lines = [
            "| Estimator | Assumptions | Bias | RMSE | Coverage | Rejects |",
            "|---|---|--:|--:|--:|--:|",
        ]
        for row in part.to_dict("records"):
            lines.append(
                f"| {row['estimator']} | {'hold' if row['assumptions_hold'] else 'fail'} "
                f"| {row['bias']:+.4f} | {row['rmse']:.4f} "
                f"| {100 * row['coverage']:.1f} % ± {100 * row['coverage_se']:.1f} "
                f"| {100 * row['rejects']:.1f} % |"
            )
        size = (
            f"On average {part['units'].iloc[0]:.0f} units, {part['treated'].iloc[0]:.0f} treated"
        )
        text = f"{scenario.text} {size}; true effect {part['truth'].iloc[0]:.4f}."
        parts.append(f"## {scenario.title}\n\n{text}\n\n" + "\n".join(lines))
        parts.append(reading(part))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def reading(part: pd.DataFrame) -> str:
    """Say of a scenario, from its figures, where intervals are as stated and where they are not."""
    said = []
    for holds, stated, text in (
        (True, True, "Assumptions hold and coverage is as stated: {}."),
        (True, False, "**Assumptions hold, yet coverage is not as stated:** {}."),
        (False, False, "Assumptions fail and so does coverage: {}."),
        (False, True, "Assumptions fail, which coverage does not show here: {}."),
    ):
        rows = part[(part["assumptions_hold"] == holds) & (part["stated"] == stated)]
        if len(rows):
            named = [_off(row) for row in rows.to_dict("records")]
            said.append(text.format("; ".join(rows["estimator"] if holds and stated else named)))
    if part["failed"].any():
        said.append(f"Draws without an estimate, at most: {part['failed'].max()}.")
    return "\n".join(f"- {line}" for line in said)


def _off(row: Mapping[Any, Any]) -> str:
    return (
        f"{row['estimator']} ({100 * row['coverage']:.1f} %, "
        f"bias {row['bias'] / row['sd']:+.2f} standard deviations)"
    )


def provenance(replications: int, seed: int) -> str:
    """Say what a run was made from."""
    changed = _git("status", "--porcelain", "--", *SOURCES)
    commit = _git("log", "-1", "--format=%h", "--", *SOURCES) + (" and changes" if changed else "")
    return f"Seed {seed}, {replications} replications, {date.today()}, commit {commit}."


def _git(*arguments: str) -> str:
    return subprocess.check_output(["git", *arguments], cwd=ROOT, text=True).strip()


def main() -> None:
    """Run all scenarios and write table, figure and page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--replications", type=int, default=REPLICATIONS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--to", type=Path, default=ROOT / "docs")
    options = parser.parse_args()
    start = time.perf_counter()
    made = provenance(options.replications, options.seed)
    table = run(options.scenarios, options.replications, options.seed, options.workers)
    with (options.to / "evidence.csv").open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"# {made}\n")
        table.to_csv(file, index=False, float_format="%.6g", lineterminator="\n")
    figure(table, made, options.to / "evidence.png")
    (options.to / "EVIDENCE.md").write_text(page(table, made), encoding="utf-8")
    print(table.assign(as_stated=as_stated(table)).to_string(float_format="%.4f", index=False))
    print(f"{made} {time.perf_counter() - start:.0f} seconds.")


if __name__ == "__main__":
    main()
