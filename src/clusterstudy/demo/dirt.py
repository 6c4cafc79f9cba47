"""Errors as real tables have them, each entered in ``truth/dirt.csv``.

The domain notes' shares (1 % wrong check digits, 2 % P-numbers where a CVR number belongs, 3 %
duplicates, 1 % amounts in DKK instead of DKK thousand) and a few rows of other kinds. No row gets
two errors, so that what a check finds can be counted.

Faults are named as in :mod:`clusterstudy.contract.rules`, or by the promise of a column that is
broken: ``malformed``, ``unknown_code``, ``out_of_bounds``, ``duplicate_key``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from clusterstudy.contract import cvr
from clusterstudy.contract.tables import TABLES
from clusterstudy.demo.settings import SERIALS, Settings

COLUMNS = ["fault", "severity", "table", "column", "key"]
NONE = pd.DataFrame(columns=COLUMNS)
WRONG_DIGIT, P_NUMBER, DUPLICATE, SWAPPED = 0.01, 0.02, 0.03, 0.01
FEW = 5
STRAYED = 2  # projects, with all their reports: what is reported of a project still adds up
LEAST_YEARS = 4  # of a firm whose amounts are swapped in one: the others tell what is usual
AMOUNTS = [
    "revenue",
    "value_added",
    "exports",
    "wage_bill",
    "rnd_spend",
    "equity",
    "total_assets",
]
Frames = dict[str, pd.DataFrame]


def soil(settings: Settings, tables: Frames) -> tuple[Frames, pd.DataFrame]:
    """Return the tables with errors, and the errors: one row each, with the key it has now."""
    rng = settings.stream("dirt")
    soiled = _Soiled(tables)
    _participations(rng, soiled)
    _firm_years(rng, soiled)
    _references(rng, soiled)
    _order_and_sums(rng, soiled)
    return soiled.tables, pd.concat(soiled.entries, ignore_index=True)[COLUMNS]


class _Soiled:
    """Tables with errors, and the errors entered so far."""

    def __init__(self, tables: Frames) -> None:
        self.tables = {name: frame.copy() for name, frame in tables.items()}
        self.entries: list[pd.DataFrame] = []

    def put(
        self, fault: str, severity: str, table: str, column: str, rows: np.ndarray, values: Any
    ) -> None:
        """Put values into the rows (labels) of a column and enter the fault."""
        self.tables[table].loc[rows, column] = values
        self.enter(fault, severity, table, column, rows)

    def enter(self, fault: str, severity: str, table: str, column: str, rows: np.ndarray) -> None:
        """Enter a fault of the rows (labels)."""
        key = self.tables[table].loc[rows, list(TABLES[table].key)].astype("str")
        texts = ["; ".join(f"{n}={v}" for n, v in row.items()) for row in key.to_dict("records")]
        entry = {"fault": fault, "severity": severity, "table": table, "column": column}
        self.entries.append(pd.DataFrame({"key": texts}).assign(**entry))


def _participations(rng: np.random.Generator, soiled: _Soiled) -> None:
    frame = soiled.tables["participations"]
    sizes = [round(share * len(frame)) for share in (WRONG_DIGIT, P_NUMBER, DUPLICATE)]
    wrong, p_number, double, unknown, absent, early = _apart(rng, frame.index, *sizes, *[FEW] * 3)

    def put(fault: str, severity: str, column: str, rows: np.ndarray, values: Any) -> None:
        soiled.put(fault, severity, "participations", column, rows, values)

    number = frame["cvr"]
    digit = (number[wrong].str[-1].astype(int) + 1) % 10
    founded = soiled.tables["firms"].set_index("cvr")["founded"]
    day_before = founded.reindex(number[early]).to_numpy() - np.timedelta64(1, "D")
    put(
        "cvr_check_digit_wrong",
        "critical",
        "cvr",
        wrong,
        number[wrong].str[:7] + digit.astype("str"),
    )
    put("malformed", "critical", "cvr", p_number, "1" + number[p_number].str[:7] + "00")
    put("unknown_code", "critical", "activity_type", unknown, "workshop")
    put("cvr_not_in_firms", "critical", "cvr", absent, _unused_numbers(soiled.tables["firms"], FEW))
    put("outside_life", "warning", "date", early, day_before)
    copies = soiled.tables["participations"].loc[double]
    soiled.tables["participations"] = pd.concat(
        [soiled.tables["participations"], copies], ignore_index=True
    )
    soiled.enter("duplicate_key", "critical", "participations", "", double)


def _firm_years(rng: np.random.Generator, soiled: _Soiled) -> None:
    """Multiply all amounts of a firm's year by 1,000, at most one year a firm."""
    frame = soiled.tables["firm_years"]
    years = frame.groupby("cvr")["cvr"].transform("size")
    able = frame.index[years >= LEAST_YEARS].to_numpy()
    shuffled = rng.permutation(able)
    one_each = shuffled[~frame.loc[shuffled, "cvr"].duplicated().to_numpy()]
    rows = np.sort(one_each[: round(SWAPPED * len(frame))])
    for column in AMOUNTS:
        there = rows[(frame.loc[rows, column].abs() > 0).to_numpy()]
        swapped = 1000 * frame.loc[there, column]
        soiled.put(f"{column}_thousandfold", "warning", "firm_years", column, there, swapped)


def _references(rng: np.random.Generator, soiled: _Soiled) -> None:
    """Let rows refer to what does not exist, and use codes that do not."""
    reports = soiled.tables["project_reports"]
    strayed = rng.choice(reports["project_id"].unique(), STRAYED, replace=False)
    lost = reports.index[reports["project_id"].isin(strayed)].to_numpy()
    [unheard] = _apart(rng, soiled.tables["collaborations"].index, FEW)
    [odd] = _apart(rng, soiled.tables["firms"].index, FEW)
    [extreme] = _apart(rng, soiled.tables["dialogue"].index, FEW)
    names = "X-" + reports.loc[lost, "project_id"]
    soiled.put(
        "project_id_not_in_projects", "critical", "project_reports", "project_id", lost, names
    )
    soiled.put(
        "cluster_id_not_in_clusters", "critical", "collaborations", "cluster_id", unheard, "K99"
    )
    soiled.put("unknown_code", "critical", "firms", "legal_form", odd, "99")
    soiled.put("out_of_bounds", "critical", "dialogue", "position", extreme, 3)


def _order_and_sums(rng: np.random.Generator, soiled: _Soiled) -> None:
    """Let memberships end before they begin, and totals differ from what they are made of."""
    memberships = soiled.tables["memberships"]
    [reversed_] = _apart(rng, memberships.index, FEW)
    before = memberships.loc[reversed_, "valid_from"] - pd.Timedelta(days=30)
    soiled.put(
        "valid_to_before_valid_from", "critical", "memberships", "valid_to", reversed_, before
    )
    finances = soiled.tables["cluster_finances"]
    planned = finances[
        (finances["scenario"] == "plan_at_designation") & (finances["line"] == "operating_grant")
    ]
    for fault, table, column, rows, factor in (
        ("grants_differ_from_programme", "cluster_finances", "amount", planned.index, 2.0),
        (
            "user_payment_differs_from_sales",
            "service_sales",
            "revenue",
            soiled.tables["service_sales"].nlargest(FEW, "revenue").index,
            2.0,
        ),
        (
            "revenue_differs_from_lines",
            "annual_accounts",
            "revenue",
            soiled.tables["annual_accounts"].dropna(subset=["revenue"]).index,
            1.1,
        ),
        ("grant_above_budget", "projects", "grant", soiled.tables["projects"].index, 2.5),
    ):
        [row] = _apart(rng, rows, 1)
        value = factor * soiled.tables[table].loc[row, column]
        soiled.put(fault, "warning", table, column, row, value)


def _apart(rng: np.random.Generator, rows: pd.Index, *sizes: int) -> Iterable[np.ndarray]:
    """Return random rows (labels) of these sizes, no row twice."""
    drawn = rng.choice(rows.to_numpy(), min(sum(sizes), len(rows)), replace=False)
    return np.split(drawn, np.cumsum(sizes)[:-1])


def _unused_numbers(firms: pd.DataFrame, count: int) -> np.ndarray:
    """Return valid CVR numbers that no firm has."""
    candidates = cvr.from_serial(np.arange(SERIALS - len(firms) - count, SERIALS))
    return candidates[~np.isin(candidates, firms["cvr"].to_numpy(dtype=str))][-count:]
