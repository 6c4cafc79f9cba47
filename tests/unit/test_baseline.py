"""Freezing the baseline, and small cells."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from clusterstudy.baseline import freeze
from clusterstudy.disclosure.cells import suppress
from clusterstudy.errors import UserError

TABLE = pd.DataFrame(
    {
        "tier": "sme",
        "measure": ["fte", "fte"],
        "basis": "mean",
        "group": ["programme", "K01"],
        "year": 2025,
        "n": [40, 12],
        "mean": [12.345678901234, 1 / 3],
        "low": [10.0, 0.1],
        "high": [14.0, 0.5],
    }
)


def freeze_it(folder, **options):
    record = {"as_of": date(2026, 12, 31), "data": {"firms": "ab"}, "today": date(2026, 12, 31)}
    return freeze.freeze(folder, "s", TABLE, **record, **options)


def test_a_frozen_baseline_is_cited_and_compared(tmp_path):
    assert freeze.frozen(tmp_path, "s") is None
    freeze_it(tmp_path)
    frozen = freeze.frozen(tmp_path, "s")
    assert frozen.sha256 == freeze.digest(TABLE)
    assert frozen.citation == f"{frozen.sha256[:12]} (2026-12-31)"
    assert freeze.deviations(frozen, TABLE).empty
    revised = TABLE.assign(mean=[12.4, 1 / 3])
    assert freeze.deviations(frozen, revised)["group"].tolist() == ["programme"]
    assert freeze.deviations(frozen, TABLE.iloc[:1])["group"].tolist() == ["K01"]


def test_a_frozen_figure_that_tells_of_few_firms_beside_todays_is_blank(tmp_path):
    """Today's stand in the tables of levels, whatever this table hides."""
    freeze_it(tmp_path)
    found = freeze.deviations(freeze.frozen(tmp_path, "s"), TABLE.assign(n=TABLE["n"] + 2))
    assert found[["n_frozen", "mean_frozen"]].isna().all(axis=None)
    assert sorted(found["n_now"]) == [14, 42]


def test_it_is_frozen_once_and_a_change_of_the_file_is_found(tmp_path):
    freeze_it(tmp_path)
    with pytest.raises(UserError, match="frozen already"):
        freeze_it(tmp_path)
    freeze_it(tmp_path, again=True)
    file = tmp_path / "s.baseline.csv"
    file.write_text(file.read_text().replace("40", "41"))
    with pytest.raises(UserError, match="changed after it was frozen"):
        freeze.frozen(tmp_path, "s")


def test_a_small_cell_that_a_total_would_tell_takes_another_with_it():
    frame = pd.DataFrame({"n": [40, 9, 3, 0], "mean": [1.0, 2.0, 3.0, np.nan]})
    shown, blanked = suppress(frame, "n", ["mean"], minimum=5, additive=True)
    assert shown["n"].isna().tolist() == [False, True, True, False]
    assert blanked == 2
    two_small = suppress(frame.assign(n=[40, 4, 3, 0]), "n", ["mean"], 5, additive=True)[0]
    assert two_small["n"].isna().tolist() == [False, True, True, False]


def test_small_cells_are_blank_and_counted_and_zero_is_shown():
    frame = pd.DataFrame({"n": [0, 1, 4, 5], "mean": [np.nan, 1.0, 2.0, 3.0]})
    shown, blanked = suppress(frame, "n", ["mean"], minimum=5)
    assert blanked == 2
    assert shown["n"].tolist()[0] == 0
    assert shown["n"].isna().tolist() == [False, True, True, False]
    assert shown["mean"].isna().tolist() == [True, True, True, False]


def test_a_figure_blank_then_and_now_is_no_deviation_but_one_that_became_blank_is(tmp_path):
    blank = TABLE.assign(n=[40, np.nan], mean=[12.345678901234, np.nan])
    record = {"as_of": date(2026, 12, 31), "data": {}, "today": date(2026, 12, 31)}
    freeze.freeze(tmp_path, "s", blank, **record)
    frozen = freeze.frozen(tmp_path, "s")
    assert freeze.deviations(frozen, blank).empty
    assert freeze.deviations(frozen, TABLE)["group"].tolist() == ["K01"]
