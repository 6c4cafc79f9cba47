"""Freezing a study's baseline: once, from data the gate accepts, and the demo's as committed."""

from __future__ import annotations

import json
import shutil
from datetime import date

import pandas as pd
import pytest

from clusterstudy import freezing
from clusterstudy.baseline import freeze
from clusterstudy.baseline.levels import measure
from clusterstudy.contract.read import Dataset
from clusterstudy.demo import generate
from clusterstudy.errors import UserError
from clusterstudy.params import BaselineParameters, load_study
from clusterstudy.paths import PARAMS
from clusterstudy.sources import open_dataset

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small demo, and the reports with the gate's verdict on it."""
    return generate(tmp_path_factory.mktemp("freezing") / "data", firms=800)


@pytest.fixture
def mine(folder, tmp_path, monkeypatch):
    """A study of the user's, and params/ and reports/ of its own."""
    monkeypatch.setattr(freezing, "PARAMS", tmp_path)
    monkeypatch.setattr(freezing, "REPORTS", folder.parent / "reports")
    return study(tmp_path, folder, "10_baseline")


def study(tmp_path, data, notebook):
    path = tmp_path / "mine.yml"
    path.write_text(
        f"title: Mine\ndata: {data}\nas_of: 2026-12-31\nruns: [{{notebook: {notebook}}}]\n",
        encoding="utf-8",
    )
    return str(path)


def keepable(data, p):
    measures = measure(data, p.programme_start)
    return freeze.keepable(measures, level=p.level, min_firms=p.min_firms, rules=p.rules)


@pytest.mark.slow
def test_a_baseline_is_frozen_once_and_is_what_the_notebook_shows(mine, folder, tmp_path):
    record = freezing.freeze_study(mine, today=TODAY)
    assert record == tmp_path / "mine.baseline.json"
    frozen = freeze.frozen(tmp_path, "mine")
    assert (frozen.as_of, frozen.frozen_on) == ("2026-12-31", "2026-11-24")
    assert frozen.data == Dataset(folder).fingerprint()
    shown = keepable(Dataset(folder, date(2026, 12, 31)), BaselineParameters())
    assert freeze.deviations(frozen, shown).empty
    assert frozen.table["n"].isna().any()
    assert frozen.table["n"].min() >= 5

    before = record.read_bytes()
    with pytest.raises(UserError, match="frozen already"):
        freezing.freeze_study(mine, today=date(2027, 1, 1))
    assert record.read_bytes() == before
    freezing.freeze_study(mine, again=True, today=date(2027, 1, 1))
    assert freeze.frozen(tmp_path, "mine").frozen_on == "2027-01-01"


@pytest.mark.slow
def test_data_that_the_gate_refuses_are_not_frozen(mine, folder, tmp_path):
    dirty = tmp_path / "dirty"
    dirty.mkdir()
    for name in ("clusters", "firms", "firm_years", "participations"):
        shutil.copy(folder / f"{name}.parquet", dirty)
    firms = pd.read_parquet(dirty / "firms.parquet")
    firms.loc[0, "cvr"] = "12345678"
    firms.to_parquet(dirty / "firms.parquet")
    with pytest.raises(UserError, match=r"the gate refuses the data\. See clusterstudy check"):
        freezing.freeze_study(study(tmp_path, dirty, "10_baseline"), today=TODAY)
    assert not list(tmp_path.glob("*.baseline.*"))


def test_a_study_without_a_baseline_has_none_to_freeze(mine, folder, tmp_path):
    with pytest.raises(UserError, match="no run of 10_baseline"):
        freezing.freeze_study(study(tmp_path, folder, "20_impact_did"), today=TODAY)
    assert not list(tmp_path.glob("*.baseline.*"))


def test_the_committed_baseline_is_what_the_demo_gives():
    """After a change of the demo or of a measure: clusterstudy freeze demo --again, and say why."""
    frozen = freeze.frozen(PARAMS, "demo")
    declared, _ = load_study("demo")
    spec = next(spec for spec in declared.runs if spec.notebook == "10_baseline")
    p = BaselineParameters(**spec.set)
    assert frozen.as_of == p.as_of
    data = open_dataset(declared.data, date.fromisoformat(p.as_of))
    table = keepable(data, p)
    assert freeze.deviations(frozen, table).empty
    assert freeze.digest(table) == frozen.sha256
    record = json.loads((PARAMS / "demo.baseline.json").read_text(encoding="utf-8"))
    assert set(record["data"]) == set(data.fingerprint())
