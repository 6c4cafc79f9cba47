"""Other public support beside the clusters': who had it, and what the effect is under each choice.

What the choices mean is said in :mod:`clusterstudy.panel.support`. Earlier support is a reason to
enter that may also move what comes after; support since entry may follow from it. The two are told
apart by time alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

import pandas as pd

from clusterstudy.did.estimates import Estimates
from clusterstudy.did.group_time import GroupTime
from clusterstudy.impact.design import Design
from clusterstudy.impact.effects import Choices, difference, figures, of_groups, used
from clusterstudy.panel.support import OtherProgrammes

CHOICES = get_args(OtherProgrammes)
IGNORE = CHOICES[0]


def made(
    make: Callable[..., Design],
    study: Design,
    own: OtherProgrammes,
    under: Iterable[OtherProgrammes],
) -> dict[OtherProgrammes, Design]:
    """Return the designs under ``ignore`` and under the choices wanted, in the order of all.

    Parameters
    ----------
    make
        Returns the design with this done about other programmes (``other_programmes``).
    study, own
        The report's design, and its choice.
    """
    wanted = {IGNORE, *under}
    return {
        name: study if name == own else make(other_programmes=name)
        for name in CHOICES
        if name in wanted
    }


def received(study: Design) -> pd.DataFrame:
    """Return how many of the firms compared had other public support.

    Parameters
    ----------
    study
        Whose panel tells of other support, firms with such support included.

    Returns
    -------
    DataFrame with ``when`` (``before``: in the years before the programme, whether or not since;
    ``since``: only since it began; ``neither``), ``n`` and ``n_comparison`` (new entrants and
    comparison firms, which add up to all of them) and ``share`` and ``share_comparison``.
    """
    before = study.firms.firms["supported"].to_numpy() > 0
    since = study.firms.firms["supported_since"].to_numpy(dtype=bool) & ~before
    whole, compared = study.chosen.sum(), study.comparison.sum()
    rows = []
    for when, firms in (("before", before), ("since", since), ("neither", ~before & ~since)):
        n, others = int((firms & study.chosen).sum()), int((firms & study.comparison).sum())
        rows.append((when, n, n / max(whole, 1), others, others / max(compared, 1)))
    columns = ["when", "n", "share", "n_comparison", "share_comparison"]
    return pd.DataFrame(rows, columns=columns)


def compare(
    made: Mapping[str, Design], choices: Choices, known: Mapping[str, GroupTime] | None = None
) -> pd.DataFrame:
    """Return the overall effect under every choice about other support.

    Parameters
    ----------
    made
        The design by choice, ``ignore`` among them; its firms hold those of the others.
    known
        The effects under some of the choices, by choice.

    Returns
    -------
    DataFrame with ``group`` (the choice), ``n`` (new entrants seen before and after entry),
    ``estimate``, ``se``, ``low``, ``high``, ``mde``, the ``difference`` from ``ignore`` with
    ``difference_low`` and ``difference_high``, whose error knows that the choices share firms, and
    ``reason`` where there is no estimate.
    """
    firms = pd.Index(made[IGNORE].firms.firms["cvr"])
    rows = []
    found: dict[str, Estimates] = {}
    for name, study in made.items():
        row: dict[Any, Any] = {"group": name, "n": int(study.seen.sum())}
        whole = (known or {}).get(name)
        effects, reasons = of_groups(study, choices, {name: study.chosen}, whole)
        if name in reasons:
            rows.append(row | {"reason": reasons[name]})
            continue
        at = firms.get_indexer(study.firms.firms.loc[used(study, choices), "cvr"])
        found[name] = effects[name].spread(at, len(firms))
        row |= figures(found[name], choices)
        if name != IGNORE and IGNORE in found:
            row |= difference(found[name], found[IGNORE], choices.level)
        rows.append(row)
    return pd.DataFrame(rows)
