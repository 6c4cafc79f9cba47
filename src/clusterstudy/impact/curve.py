"""The specification curve: the overall effect under every combination of declared choices.

Simonsohn, Simmons & Nelson (2020, Nature Human Behaviour 4): all combinations that could have been
chosen, with the one chosen beforehand marked among them. It shows how far a result hangs on
choices; choices that all share an error agree on it. Specifications share firms, so they are no
independent findings, and no test counts them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any, get_args

import numpy as np
import pandas as pd

from clusterstudy.did.group_time import Control, by_method, simple
from clusterstudy.did.two_by_two import Method
from clusterstudy.errors import UserError
from clusterstudy.impact.design import Design
from clusterstudy.impact.effects import Choices, from_base, used
from clusterstudy.panel.build import NoFirmsError
from clusterstudy.panel.characteristics import NUMERIC
from clusterstudy.panel.support import COVARIATES
from clusterstudy.report.language import _, said

NONE, GIVEN = "none", "covariate"


@dataclass(frozen=True)
class Declared:
    """The choices to combine; the report's own are added where they are not among them.

    Parameters
    ----------
    method, control
        See :func:`clusterstudy.did.group_time.group_time`.
    anticipation
        Years; they move the base period, the last one before.
    covariates
        Sets of covariates joined by ``+``, such as ``size+growth``; ``none`` for none.
    winsorise
        Shares winsorised at each end.
    other_programmes
        ``ignore`` and ``covariate``: whether earlier support by other programmes is among the
        covariates. To leave such firms out is another question, so that a report which does tries
        neither.
    """

    anticipation: Sequence[int]
    covariates: Sequence[str]
    winsorise: Sequence[float]
    other_programmes: Sequence[str]
    method: Sequence[str] = get_args(Method)
    control: Sequence[str] = get_args(Control)


CHOICES = tuple(each.name for each in fields(Declared))


def joined(covariates: Sequence[str]) -> str:
    """Return the name of a set of covariates, in one order."""
    return "+".join(sorted(covariates)) or NONE


def curve(
    make: Callable[[list[str], float, str], Design],
    choices: Choices,
    primary: dict[str, Any],
    declared: Declared,
) -> pd.DataFrame:
    """Return the overall effect under every combination, from the smallest to the largest.

    All are on the same firms, those with every covariate of any set; a set that would leave no
    firm is left out, and says so. Without covariates the methods are one and the same, and stand
    there once.

    Parameters
    ----------
    make
        Returns the design with these covariates, this share winsorised, and this done about other
        programmes.
    choices
        Level of intervals.
    primary
        The report's own choices by the names of :data:`CHOICES`, covariates as a list.

    Returns
    -------
    DataFrame with the columns of :data:`CHOICES`, ``estimate``, ``se``, ``low``, ``high`` and
    ``primary`` (boolean); specifications without an estimate have a ``reason`` and stand last.
    """
    primary = primary | {"covariates": joined(primary["covariates"])}
    sets = [joined(_parts(each)) for each in declared.covariates]
    options = {
        name: list(dict.fromkeys([primary[name], *values]))
        for name, values in (vars(declared) | {"covariates": sets}).items()
    }
    if primary["other_programmes"] == "exclude":
        options["other_programmes"] = ["exclude"]
    support = GIVEN if GIVEN in options["other_programmes"] else primary["other_programmes"]
    study, left_out = _common(make, options["covariates"], primary["winsorise"], support)
    options["covariates"] = [each for each in options["covariates"] if each not in left_out]
    every = _together(options["covariates"])
    others = [share for share in options["winsorise"] if share != primary["winsorise"]]
    designs = {primary["winsorise"]: study} | {each: make(every, each, support) for each in others}
    outcomes = {share: each.arrays.outcome for share, each in designs.items()}
    why = _("no firm would be left that has all covariates")
    failed = {"estimate": np.nan, "reason": why, "primary": False}
    rows = [primary | {"covariates": each} | failed for each in left_out]
    shared = ("covariates", "other_programmes", "control", "anticipation")
    for values in product(*(options[name] for name in shared)):
        given = dict(zip(shared, values, strict=True))
        bare = given["covariates"] == NONE and given["other_programmes"] != GIVEN
        methods = [primary["method"]] if bare else options["method"]
        for found in _estimates(study, choices, given, methods, outcomes):
            row = {name: (given | found)[name] for name in CHOICES}
            rows.append(row | found | {"primary": row == primary})
    return pd.DataFrame(rows).sort_values("estimate", ignore_index=True)


def _common(
    make: Callable[[list[str], float, str], Design], sets: Sequence[str], share: float, support: str
) -> tuple[Design, list[str]]:
    """Return the design of the firms with all covariates, and the sets that had to be left out.

    The first set, the report's own, is kept in any case.
    """
    try:
        return make(_together(sets), share, support), []
    except NoFirmsError:
        kept = list(sets[:1])
    study = make(_together(kept), share, support)
    for each in sets[1:]:
        with suppress(NoFirmsError):
            study = make(_together([*kept, each]), share, support)
            kept.append(each)
    return study, [each for each in sets if each not in kept]


def _together(sets: Sequence[str]) -> list[str]:
    return sorted({part for each in sets for part in _parts(each)})


def _parts(name: str) -> list[str]:
    return [] if name == NONE else name.split("+")


def _estimates(
    study: Design,
    choices: Choices,
    given: dict[str, Any],
    methods: Sequence[Method],
    outcomes: dict[float, np.ndarray],
) -> Iterator[dict[str, Any]]:
    """Yield the estimates by all methods of all outcomes, which share what they can.

    Outcomes differ in how they are winsorised, not in who is observed.
    """
    study = replace(study, anticipation=given["anticipation"])
    firms = used(study, replace(choices, control=given["control"]))
    columns = _columns(study, _parts(given["covariates"]))
    if given["other_programmes"] == GIVEN:
        columns += [name for name in study.firms.covariates if name in COVARIATES]
    covariates = study.firms.firms.loc[firms, columns].to_numpy(dtype=float) if columns else None
    panel = replace(from_base(study, study.among(firms)), covariates=covariates)
    kept = np.isin(study.arrays.periods, panel.periods)
    made = by_method(
        panel,
        methods,
        {str(share): values[firms][:, kept] for share, values in outcomes.items()},
        {"": study.entered[firms]},
        control=given["control"],
        anticipation=study.anticipation,
        base="universal",
    )
    for method, found in made.items():
        try:
            averages = simple(found)
        except UserError as error:
            failed = {"method": method, "estimate": np.nan, "reason": said(error)}
            yield from (failed | {"winsorise": share} for share in outcomes)
            continue
        for share in outcomes:
            overall = averages[str(share), ""].overall.one(choices.level)
            yield {"method": method, "winsorise": share, **overall}


def _columns(study: Design, names: list[str]) -> list[str]:
    """Return the panel's columns for some covariates: their own, or their indicators."""
    return [
        column
        for column in study.firms.covariates
        if any(column == NUMERIC.get(name) or column.startswith(f"{name}_") for name in names)
    ]
