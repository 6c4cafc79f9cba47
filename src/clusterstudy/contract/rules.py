"""What must hold across the columns, rows and tables of a data set.

What a single column promises (type, vocabulary, bounds) is declared in
:mod:`clusterstudy.contract.tables`. The quality gate turns each rule into a column of the judged
table and lets Great Expectations judge that column.

A rule is critical where a row cannot be true or cannot be joined, and a warning where the row may
be an odd truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import pandas as pd

from clusterstudy.contract import faults
from clusterstudy.contract.schema import Table
from clusterstudy.contract.tables import MONEY, TABLES

Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True)
class Rule:
    """A statement about every row of a table.

    Parameters
    ----------
    fault
        What is wrong with a row that breaks the rule, in a name.
    severity, text
        How grave it is, and the rule in words.
    reads
        The columns needed, by table. The first table is the one whose rows are judged.
    find
        Takes the tables of ``reads`` in their order and returns a Series of bool on the index of
        the first, True where the row breaks the rule.
    """

    fault: str
    severity: Severity
    text: str
    reads: Mapping[str, Sequence[str]]
    find: Callable[..., pd.Series]

    @property
    def table(self) -> str:
        """The table whose rows are judged."""
        return next(iter(self.reads))


def _declared(table: Table) -> Iterator[Rule]:
    """Yield the rules that follow from a table's columns and references."""
    for column in table.columns:
        if column.kind == "cvr":
            yield Rule(
                f"{column.name}_check_digit_wrong",
                "critical",
                "The CVR number must pass the modulus-11 check.",
                {table.name: [column.name]},
                partial(faults.check_digit_wrong, column=column.name),
            )
        if column.kind == "date":
            yield Rule(
                f"{column.name}_implausible",
                "warning",
                f"The date must lie in {faults.EARLIEST.year} to {faults.LATEST.year}.",
                {table.name: [column.name]},
                partial(faults.implausible, column=column.name),
            )
        if column.unit == MONEY and "year" in table.key:
            entity = [name for name in table.key if name != "year"]
            yield Rule(
                f"{column.name}_thousandfold",
                "warning",
                "The amount may not be some 1,000 times other years' (DKK for DKK thousand).",
                {table.name: [column.name, *entity]},
                partial(faults.thousandfold, column=column.name, entity=entity),
            )
    for reference in table.foreign_keys:
        [name], [key] = reference.columns, reference.target_columns
        find = faults.absent_cvr if table.column(name).kind == "cvr" else faults.absent
        yield Rule(
            f"{name}_not_in_{reference.target}",
            "critical",
            f"The row of {reference.target} that it refers to must exist.",
            {table.name: [name], reference.target: [key]},
            partial(find, column=name, key=key),
        )


def _ordered(table: str, first: str, second: str, severity: Severity, text: str) -> Rule:
    """Return the rule that the date ``second`` is not before the date ``first``."""
    return Rule(
        f"{second}_before_{first}",
        severity,
        text,
        {table: [first, second]},
        lambda frame: frame[second] < frame[first],
    )


def _at_most(table: str, part: str, whole: str, text: str) -> Rule:
    """Return the rule that the amount ``part`` is not above the amount ``whole``."""
    return Rule(
        f"{part}_above_{whole}",
        "warning",
        text,
        {table: [part, whole]},
        lambda frame: frame[part] > frame[whole] + faults.ROUNDING,
    )


WRITTEN = (
    _ordered(
        "clusters",
        "designated_from",
        "designated_to",
        "critical",
        "A designation may not end before it begins.",
    ),
    _ordered(
        "firms", "founded", "closed", "critical", "A firm may not be closed before it was founded."
    ),
    Rule(
        "succeeds_itself",
        "critical",
        "A firm's successor must be another firm.",
        {"firm_successions": ["cvr", "successor"]},
        lambda successions: successions["cvr"] == successions["successor"],
    ),
    Rule(
        "outside_life",
        "warning",
        "The year must lie within the firm's life.",
        {"firm_years": ["cvr", "year"], "firms": ["cvr", "founded", "closed"]},
        faults.outside_life,
    ),
    _at_most("firm_years", "exports", "revenue", "Exports may not be above turnover."),
    _at_most("firm_years", "equity", "total_assets", "Equity may not be above total assets."),
    Rule(
        "outside_life",
        "warning",
        "The day must lie within the firm's life.",
        {"participations": ["cvr", "date"], "firms": ["cvr", "founded", "closed"]},
        faults.outside_life,
    ),
    Rule(
        "after_designation",
        "warning",
        "The day may not be after the cluster's designation.",
        {"participations": ["cluster_id", "date"], "clusters": ["cluster_id", "designated_to"]},
        faults.after_designation,
    ),
    _ordered(
        "memberships",
        "valid_from",
        "valid_to",
        "critical",
        "A membership may not end before it begins.",
    ),
    Rule(
        "overlaps_former_spell",
        "warning",
        "A firm's memberships of a cluster may not overlap.",
        {"memberships": ["cvr", "cluster_id", "valid_from", "valid_to"]},
        faults.overlapping,
    ),
    Rule(
        "outside_life",
        "warning",
        "The year must lie within the firm's life.",
        {"other_support": ["cvr", "year"], "firms": ["cvr", "founded", "closed"]},
        faults.outside_life,
    ),
    Rule(
        "grants_differ_from_programme",
        "warning",
        "The grants planned for the clusters must add up to the programme's.",
        {
            "programme": ["year", "grant"],
            "cluster_finances": ["year", "line", "scenario", "amount"],
        },
        faults.grants_differ,
    ),
    Rule(
        "user_payment_differs_from_sales",
        "warning",
        "Actual user payment must be the sum of the services sold.",
        {
            "cluster_finances": ["cluster_id", "year", "line", "scenario", "amount"],
            "service_sales": ["cluster_id", "year", "revenue"],
        },
        faults.sales_differ,
    ),
    Rule(
        "revenue_differs_from_lines",
        "warning",
        "The accounts' revenue must be the sum of the actual income lines in cash.",
        {
            "annual_accounts": ["cluster_id", "year", "revenue"],
            "cluster_finances": ["cluster_id", "year", "line", "scenario", "amount"],
        },
        faults.accounts_differ,
    ),
    Rule(
        "balance_impossible",
        "warning",
        "Cash may not be above current assets, nor these or equity above total assets.",
        {"annual_accounts": ["cash", "current_assets", "equity", "total_assets"]},
        faults.balance_impossible,
    ),
    _ordered(
        "annual_accounts",
        "received_on",
        "reviewed_on",
        "warning",
        "Accounts may not be reviewed before they are received.",
    ),
    Rule(
        "approved_before_year_end",
        "warning",
        "Accounts may not be approved before the year has ended.",
        {"annual_accounts": ["year", "approved_on"]},
        lambda accounts: accounts["approved_on"].dt.year <= accounts["year"],
    ),
    _ordered("projects", "start", "end", "critical", "A project may not end before it begins."),
    _at_most("projects", "grant", "budget", "A project's grant may not be above its budget."),
    _ordered(
        "project_reports",
        "period_end",
        "due",
        "warning",
        "A report may not be due before its period has ended.",
    ),
    _ordered(
        "project_reports",
        "period_end",
        "received",
        "warning",
        "A report may not be received before its period has ended.",
    ),
    Rule(
        "spent_beyond_budget",
        "warning",
        "A project may not spend more than its budget.",
        {
            "project_reports": ["project_id", "period_end", "spent"],
            "projects": ["project_id", "budget"],
        },
        faults.beyond_budget,
    ),
    Rule(
        "settled_beyond_paid",
        "warning",
        "No more advance may be settled than was paid out.",
        {"project_reports": ["project_id", "period_end", "advance_paid", "advance_settled"]},
        faults.settled_beyond_paid,
    ),
    Rule(
        "works_with_itself",
        "warning",
        "A collaboration must be between two actors.",
        {"collaborations": ["actor_a", "actor_b"]},
        lambda collaborations: collaborations["actor_a"] == collaborations["actor_b"],
    ),
    Rule(
        "weights_not_one",
        "warning",
        "The shares of an old industry code must add up to one.",
        {"industry_bridge": ["weight", "old"]},
        lambda bridge: (bridge.groupby("old")["weight"].transform("sum") - 1).abs() > 0.005,
    ),
    _ordered("dialogue", "date", "due", "warning", "A step may not be due before it was agreed."),
)
RULES = (*(rule for table in TABLES.values() for rule in _declared(table)), *WRITTEN)
