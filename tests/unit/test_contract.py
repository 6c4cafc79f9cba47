"""The declaration, the CVR number and the dictionary."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterstudy.contract import cvr
from clusterstudy.contract.dictionary import dictionary
from clusterstudy.contract.tables import TABLES
from clusterstudy.paths import DATA


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_refers_only_to_what_is_declared(table):
    names = set(table.names)
    assert len(names) == len(table.columns)
    assert set(table.key) <= names
    assert {table.period} - {""} <= names
    assert {column.known_from for column in table.columns} - {""} <= names
    for reference in table.foreign_keys:
        assert set(reference.columns) <= names
        assert set(reference.target_columns) <= set(TABLES[reference.target].names)
    if table.planned:
        column, values = table.planned
        assert set(values) <= set(table.column(column).terms)


def test_the_committed_dictionary_follows_from_the_declaration():
    assert (DATA / "DICTIONARY.md").read_text(encoding="utf-8") == dictionary()


@given(st.integers(0, 2_249_999))
def test_generated_cvr_numbers_are_valid_and_a_changed_digit_is_found(serial):
    [number] = cvr.from_serial(np.array([serial]))
    changed = number[:-1] + str((int(number[-1]) + 1) % 10)
    checked = cvr.valid(pd.Series([number, changed, number + "00", number[:7], None]))
    assert checked.tolist() == [True, False, False, False, False]


def test_cvr_numbers_follow_the_published_check():
    # 10 15 08 17: 2*1 + 7*0 + 6*1 + 5*5 + 4*0 + 3*8 + 2*1 + 1*7 = 66 = 6 * 11
    assert cvr.valid(pd.Series(["10150817", "10150818"])).tolist() == [True, False]


def test_serials_without_a_number_are_refused():
    with pytest.raises(ValueError, match="serial"):
        cvr.from_serial(np.array([2_250_000]))
