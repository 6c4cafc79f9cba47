"""Chains of CVR numbers, arrays from batches and kept panels: what must not depend on how."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterstudy.contract import read
from clusterstudy.contract.read import Dataset
from clusterstudy.demo import generate
from clusterstudy.panel import store
from clusterstudy.panel.build import build
from clusterstudy.panel.registers import arrays
from clusterstudy.panel.successions import units

CHOICES = {"programme_start": 2025, "first_year": 2016, "covariates": ["size", "growth", "age"]}
MEASURES = ["fte", "value_added"]
LINKS = st.lists(
    st.tuples(
        st.integers(0, 9), st.integers(0, 9), st.sampled_from(["number_change", "merger", "split"])
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = generate(tmp_path_factory.mktemp("demo") / "demo", firms=2000)
    return Dataset(folder, date(2029, 12, 31))


def successions(links):
    frame = pd.DataFrame(links, columns=["old", "new", "kind"])
    names = {side: "C" + frame[side].astype("str") for side in ("old", "new")}
    return pd.DataFrame({"cvr": names["old"], "successor": names["new"], "kind": frame["kind"]})


def equal(one, other):
    for name in store.FRAMES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_array_equal(one.years, other.years)
    assert one.covariates == other.covariates
    assert one.linked == other.linked
    assert one.outcomes.keys() == other.outcomes.keys()
    for name, values in one.outcomes.items():
        np.testing.assert_array_equal(values, other.outcomes[name])


@settings(max_examples=30)
@given(LINKS, st.randoms(use_true_random=False), st.sampled_from(["keep", "pool"]))
def test_units_do_not_depend_on_the_order_of_successions(links, random, mergers):
    shuffled = random.sample(links, len(links))
    one, other = (units(successions(rows), mergers) for rows in (links, shuffled))
    assert one.to_dict() == other.to_dict()


@settings(max_examples=30)
@given(LINKS)
def test_linked_numbers_are_one_unit_named_by_one_of_them(links):
    frame = successions(links)
    for mergers, kinds in (("keep", ["number_change"]), ("pool", frame["kind"].unique())):
        unit = units(frame, mergers)
        linked = frame[frame["kind"].isin(kinds)]
        assert (unit[linked["cvr"]].to_numpy() == unit[linked["successor"]].to_numpy()).all()
        assert (unit[unit] == unit.to_numpy()).all()
        assert set(unit.index) == set(linked["cvr"]) | set(linked["successor"])


@settings(max_examples=30)
@given(st.integers(0, 99), st.integers(1, 30))
def test_arrays_do_not_depend_on_batches_or_the_order_of_rows(seed, size):
    rng = np.random.default_rng(seed)
    grid = pd.MultiIndex.from_product([list("abcdx"), range(2020, 2024)], names=["cvr", "year"])
    frame = grid.to_frame(index=False).assign(v=rng.normal(size=20), w=rng.normal(size=20))
    frame.loc[rng.random(20) < 0.2, "v"] = np.nan
    rows = pd.Series([0, 1, 1, 2], list("abcd"))  # b and c are one unit, x is in no unit
    years = np.array([2021, 2022, 2023])
    whole = arrays([frame], ["v", "w"], rows, years)
    shuffled = frame.sample(frac=1, random_state=seed)
    pieces = [shuffled.iloc[at : at + size] for at in range(0, 20, size)]
    pieced = arrays(pieces, ["v", "w"], rows, years)
    for name in ("v", "w"):
        np.testing.assert_allclose(pieced[name], whole[name])
    by_firm = frame.pivot(index="cvr", columns="year", values="v")[years]
    expected = [by_firm.loc["a"], by_firm.loc["b"] + by_firm.loc["c"], by_firm.loc["d"]]
    np.testing.assert_allclose(whole["v"], np.array(expected))


def test_a_table_read_in_batches_is_the_table_read_whole(data, monkeypatch):
    monkeypatch.setattr(read, "BATCH", 777)
    monkeypatch.setattr(read, "SMALL", 0)
    for table, columns in (("firm_years", ["cvr", "fte"]), ("firms", ["cvr", "closed", "founded"])):
        pieces = list(data.batches(table, columns))
        assert len(pieces) > 1
        pd.testing.assert_frame_equal(pd.concat(pieces), data.read(table, columns))


def test_a_kept_panel_is_the_panel_built(data, monkeypatch):
    built = build(data, MEASURES, **CHOICES)
    equal(store.panel(data, MEASURES, **CHOICES), built)
    monkeypatch.setattr(store, "build", None)  # from here on only a kept one will do
    kept = store.panel(data, MEASURES, **CHOICES)
    equal(kept, built)
    assert not kept.outcomes["fte"].flags.writeable


def test_other_choices_or_data_are_another_panel(data, tmp_path):
    entry = store.entry(data, MEASURES, CHOICES)
    assert entry == store.entry(Dataset(data.folder, data.as_of), MEASURES, dict(CHOICES))
    assert entry != store.entry(data, MEASURES, CHOICES | {"mergers": "pool"})
    assert entry != store.entry(data, ["fte"], CHOICES)
    assert entry != store.entry(Dataset(data.folder, date(2027, 12, 31)), MEASURES, CHOICES)
    other = Dataset(generate(tmp_path / "demo", firms=500), data.as_of)
    assert entry != store.entry(other, MEASURES, CHOICES)


def test_panels_built_side_by_side_are_whole_and_old_ones_go(data, monkeypatch):
    built = build(data, ["fte"], **CHOICES)
    with ThreadPoolExecutor(4) as pool:
        several = list(pool.map(lambda _: store.panel(data, ["fte"], **CHOICES), range(4)))
    for each in several:
        equal(each, built)
    monkeypatch.setattr(store, "KEPT", 1)
    store.panel(data, ["rnd"], **CHOICES)
    panels = store.entry(data, ["fte"], CHOICES).parent
    assert len(list(panels.iterdir())) == 1
    assert (panels.parent / ".gitignore").read_text() == "*\n"


def test_a_broken_entry_is_built_anew(data):
    built = store.panel(data, ["fte"], **CHOICES)
    entry = store.entry(data, ["fte"], CHOICES)
    (entry / "panel.json").write_text("{")
    equal(store.panel(data, ["fte"], **CHOICES), built)
