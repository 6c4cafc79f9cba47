"""What the baseline reports say of the measures, made for all clusters at once and kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from clusterstudy import kept
from clusterstudy.baseline import freeze, levels, respondents
from clusterstudy.contract.read import Dataset
from clusterstudy.disclosure.rules import read_rules

KEPT = 8  # of a data folder: one by date and choices
FRAMES = ("bases", "levels", "changes", "weighting")
CODE = tuple(
    Path(__file__).parents[1] / name
    for name in ("baseline", "measures", "panel", "contract", "disclosure")
)


@dataclass(frozen=True)
class Described:
    """What the measures say, of every cluster, the programme and the comparison.

    Parameters
    ----------
    bases
        ``measure``, ``base`` (the year or wave of its baseline) and ``basis`` (see
        :class:`clusterstudy.baseline.levels.Measured`), in the impact model's order.
    levels
        Of :func:`clusterstudy.baseline.freeze.keepable`.
    changes
        Of :func:`clusterstudy.baseline.levels.changes`, those that tell of few firms blank.
    weighting
        Of :func:`clusterstudy.baseline.respondents.weighting`, by ``group``.
    """

    bases: pd.DataFrame
    levels: pd.DataFrame
    changes: pd.DataFrame
    weighting: pd.DataFrame


def described(
    data: Dataset, programme_start: int, *, level: float, min_firms: int, rules: str
) -> Described:
    """Return what the measures say, made before or now (:mod:`clusterstudy.kept`).

    Parameters
    ----------
    data, programme_start
        As :func:`clusterstudy.baseline.levels.measure` takes them.
    level, min_firms, rules
        As :func:`clusterstudy.baseline.freeze.keepable` takes them.
    """

    def make() -> Described:
        measures = levels.measure(data, programme_start)
        changes = levels.changes(measures, level)
        return Described(
            bases=pd.DataFrame(
                [(one.row["measure"], one.base, one.basis) for one in measures],
                columns=["measure", "base", "basis"],
            ),
            levels=freeze.keepable(measures, level=level, min_firms=min_firms, rules=rules),
            changes=levels.undominated(changes, measures, rules),
            weighting=respondents.weighting(measures, level),
        )

    chosen = [programme_start, level, min_firms, asdict(read_rules(rules))]
    return kept.kept(kept.entry(data, "measures", chosen, CODE), make, _read, _write, most=KEPT)


def _read(place: Path) -> Described:
    return Described(*(pd.read_parquet(place / f"{name}.parquet") for name in FRAMES))


def _write(place: Path, made: Described) -> None:
    for name in FRAMES:
        getattr(made, name).to_parquet(place / f"{name}.parquet")
