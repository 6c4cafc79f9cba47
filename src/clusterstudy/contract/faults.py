"""Find the rows of a table that contradict other columns, rows or tables.

Belongs here: functions from frames to a Series of bool on the index of the first frame, True where
a row is at fault. Missing values are never at fault here. Does not belong here: what a fault is
called and how grave it is (:mod:`clusterstudy.contract.rules`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clusterstudy.contract import cvr
from clusterstudy.contract.vocabulary import GRANT_LINES

ROUNDING = 1.0  # DKK thousand
DIFFERENCE = 0.01  # share of the amount compared with
EARLIEST, LATEST = pd.Timestamp(1600, 1, 1), pd.Timestamp(2100, 12, 31)
THOUSANDFOLD = (250.0, 4000.0)


def check_digit_wrong(frame: pd.DataFrame, column: str) -> pd.Series:
    """Eight digits that fail the modulus-11 check; another shape is another fault."""
    codes, numbers = _distinct(frame[column])
    wrong = numbers.str.fullmatch(cvr.SHAPE, na=False) & ~cvr.valid(numbers)
    return pd.Series(wrong.to_numpy()[codes], frame.index)


def absent(frame: pd.DataFrame, target: pd.DataFrame, column: str, key: str) -> pd.Series:
    """A value that ``target`` does not have."""
    codes, values = _distinct(frame[column])
    missing = values.notna() & ~_among(values, target[key])
    return pd.Series(missing.to_numpy()[codes], frame.index)


def absent_cvr(frame: pd.DataFrame, target: pd.DataFrame, column: str, key: str) -> pd.Series:
    """A valid CVR number that ``target`` does not have; an invalid one is another fault."""
    codes, values = _distinct(frame[column])
    missing = cvr.valid(values) & ~_among(values, target[key])
    return pd.Series(missing.to_numpy()[codes], frame.index)


def implausible(frame: pd.DataFrame, column: str) -> pd.Series:
    """A date that no firm, cluster or project of today can have."""
    return (frame[column] < EARLIEST) | (frame[column] > LATEST)


def thousandfold(frame: pd.DataFrame, column: str, entity: Sequence[str]) -> pd.Series:
    """An amount some 1,000 times the lower median of the entity's years, zeros apart.

    Without an ``entity`` the whole table is one.

    The lower median keeps its place as long as fewer than half of the years are swapped, and of
    two years it is the smaller one.
    """
    size = frame[column].abs().where(lambda amount: amount > 0)
    codes = pd.Series(0, frame.index)
    if entity:
        codes = frame.groupby(list(entity), sort=False, dropna=False).ngroup()
    usual = size.groupby(codes).quantile(0.5, interpolation="lower")
    return (size / usual.reindex(codes).to_numpy()).between(*THOUSANDFOLD)


def outside_life(frame: pd.DataFrame, firms: pd.DataFrame) -> pd.Series:
    """A year or a day before the firm was founded or after it was closed."""
    born, died = (_looked_up(frame["cvr"], firms, "cvr", name) for name in ("founded", "closed"))
    if "year" in frame:
        return (frame["year"] < born.dt.year) | (frame["year"] > died.dt.year)
    return (frame["date"] < born) | (frame["date"] > died)


def after_designation(participations: pd.DataFrame, clusters: pd.DataFrame) -> pd.Series:
    """A participation after the cluster's designation ended."""
    last = _looked_up(participations["cluster_id"], clusters, "cluster_id", "designated_to")
    return participations["date"] > last


def overlapping(memberships: pd.DataFrame) -> pd.Series:
    """A spell that begins before the firm's former spell in the same cluster has ended."""
    spells = memberships.sort_values("valid_from")
    end = spells["valid_to"].fillna(pd.Timestamp.max)
    former = end.groupby([spells["cvr"], spells["cluster_id"]]).shift()
    return (spells["valid_from"] <= former).reindex(memberships.index)


def accounts_differ(accounts: pd.DataFrame, finances: pd.DataFrame) -> pd.Series:
    """Accounts whose revenue is not the sum of the cash income lines registered as actual."""
    lines = finances[
        (finances["scenario"] == "actual") & (finances["line"] != "in_kind_cofinancing")
    ]
    return _differ(accounts, "revenue", lines, "amount", ["cluster_id", "year"])


def sales_differ(finances: pd.DataFrame, sales: pd.DataFrame) -> pd.Series:
    """Actual user payment that is not the sum of the services sold."""
    payment = (finances["scenario"] == "actual") & (finances["line"] == "user_payment")
    return payment & _differ(finances, "amount", sales, "revenue", ["cluster_id", "year"])


def grants_differ(programme: pd.DataFrame, finances: pd.DataFrame) -> pd.Series:
    """A year whose planned grants to all clusters are not the programme's grant."""
    planned = finances["scenario"] == "plan_at_designation"
    return _differ(
        programme,
        "grant",
        finances[planned & finances["line"].isin(GRANT_LINES)],
        "amount",
        ["year"],
    )


def beyond_budget(reports: pd.DataFrame, projects: pd.DataFrame) -> pd.Series:
    """A report with which the project has spent more than its budget."""
    budget = _looked_up(reports["project_id"], projects, "project_id", "budget")
    return _so_far(reports, "spent") > budget * (1 + DIFFERENCE) + ROUNDING


def settled_beyond_paid(reports: pd.DataFrame) -> pd.Series:
    """A report with which more advance is settled than was paid out."""
    return _so_far(reports, "advance_settled") > _so_far(reports, "advance_paid") + ROUNDING


def balance_impossible(accounts: pd.DataFrame) -> pd.Series:
    """Cash above current assets, or current assets or equity above total assets."""
    pairs = (
        ("cash", "current_assets"),
        ("current_assets", "total_assets"),
        ("equity", "total_assets"),
    )
    faults = [accounts[part] > accounts[whole] + ROUNDING for part, whole in pairs]
    return pd.concat(faults, axis="columns").any(axis="columns")


def _distinct(values: pd.Series) -> tuple[np.ndarray, pd.Series]:
    """Return the distinct values and each row's place among them, missing values included."""
    codes, distinct = pd.factorize(values, use_na_sentinel=False)
    return codes, pd.Series(distinct)


def _among(values: pd.Series, target: pd.Series) -> pd.Series:
    """Tell which values ``target`` has; as objects, for text in arrow takes ten times as long."""
    return values.astype(object).isin(target.astype(object))


def _looked_up(values: pd.Series, target: pd.DataFrame, key: str, column: str) -> pd.Series:
    """Return ``column`` of the first row of ``target`` whose ``key`` is the value."""
    codes, distinct = _distinct(values)
    found = target.drop_duplicates(key).set_index(key)[column].reindex(distinct)
    return pd.Series(found.array[codes], values.index)


def _differ(
    frame: pd.DataFrame, total: str, lines: pd.DataFrame, amount: str, keys: list[str]
) -> pd.Series:
    """Tell where ``total`` is not the sum of ``amount`` over the lines of the same keys."""
    sums = lines.groupby(keys)[amount].sum()
    by_row = sums.reindex(
        pd.MultiIndex.from_frame(frame[keys]) if len(keys) > 1 else frame[keys[0]]
    )
    gap = (by_row.to_numpy() - frame[total]).abs()
    return gap > DIFFERENCE * frame[total].abs() + ROUNDING


def _so_far(reports: pd.DataFrame, column: str) -> pd.Series:
    """Return the project's sum of ``column`` up to each report."""
    ordered = reports.sort_values("period_end")
    return ordered[column].fillna(0).groupby(ordered["project_id"]).cumsum().reindex(reports.index)
