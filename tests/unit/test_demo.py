"""The synthetic Denmark: complete, as the contract declares it, and put in place whole."""

from __future__ import annotations

import filecmp
import multiprocessing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.rules import RULES
from clusterstudy.contract.tables import TABLES
from clusterstudy.demo import Settings, ensure, folder, generate, truth, world
from clusterstudy.errors import UserError

SMALL = Settings(firms=2000, seed=1)
NOT_CASH = "in_kind_cofinancing"


@pytest.fixture(scope="module")
def demo():
    return world.make(SMALL)


@pytest.fixture(scope="module", params=["parquet", "csv"])
def written(request, tmp_path_factory):
    where = tmp_path_factory.mktemp("demo") / request.param
    return generate(where, firms=2000, seed=1, format=request.param)


def faults(tables):
    return {
        f"{rule.table}: {rule.fault}"
        for rule in RULES
        if rule.find(*(tables[name] for name in rule.reads)).any()
    }


def test_every_table_reads_back_as_it_was_made(demo, written):
    data = Dataset(written)
    assert set(data.tables()) == set(TABLES)
    for name, frame in demo.tables.items():
        assert list(frame.columns) == list(TABLES[name].names)
        pd.testing.assert_frame_equal(data.read(name), frame)


def test_every_promise_of_the_contract_is_kept(demo):
    for name, frame in demo.tables.items():
        declared = TABLES[name]
        assert not frame.duplicated(list(declared.key)).any(), name
        for column in declared.columns:
            values = frame[column.name]
            if not column.nullable:
                assert values.notna().all(), f"{name}.{column.name}"
            known = values.dropna()
            if column.terms:
                assert set(known) <= set(column.terms), f"{name}.{column.name}"
            if column.low is not None:
                assert (known >= column.low).all(), f"{name}.{column.name}"
            if column.high is not None:
                assert (known <= column.high).all(), f"{name}.{column.name}"
    assert not faults(demo.tables)


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    one, two, other = (tmp_path / name for name in ("one", "two", "other"))
    generate(one, firms=500, seed=7, dirt=True)
    generate(two, firms=500, seed=7, dirt=True)
    generate(other, firms=500, seed=8, dirt=True)
    files = sorted(str(path.relative_to(one)) for path in one.rglob("*") if path.is_file())
    same, different, missing = filecmp.cmpfiles(one, two, files, shallow=False)
    assert (same, different, missing) == (files, [], [])
    assert "firm_years.parquet" in filecmp.cmpfiles(one, other, files, shallow=False)[1]


def test_another_register_does_not_move_the_clusters_tables(demo):
    larger = world.make(Settings(firms=2500, seed=1, first_year=2018))
    for name in ("cluster_finances", "annual_accounts", "project_reports", "dialogue"):
        pd.testing.assert_frame_equal(larger.tables[name], demo.tables[name])


def test_money_adds_up(demo):
    finances = demo.tables["cluster_finances"]
    planned = finances[finances["scenario"] == "plan_at_designation"]
    grants = planned[planned["line"].isin(["operating_grant", "project_grant"])]
    programme = demo.tables["programme"].set_index("year")["grant"]
    assert programme.sum() == 662_000
    assert grants.groupby("year")["amount"].sum().to_dict() == programme.to_dict()
    project_grants = grants[grants["line"] == "project_grant"].groupby("cluster_id")["amount"].sum()
    assert (
        demo.tables["projects"].groupby("cluster_id")["grant"].sum().to_dict()
        == project_grants.to_dict()
    )
    assert (demo.tables["projects"]["budget"] >= demo.tables["projects"]["grant"]).all()


def test_accounts_carry_equity_forward(demo):
    accounts = demo.tables["annual_accounts"]
    for _, own in accounts.groupby("cluster_id"):
        change, result = own["equity"].diff(), own["result"]
        both = change.notna()
        np.testing.assert_allclose(change[both], result[both], atol=1e-6)
    assert (accounts["equity"] < 0).any()
    assert accounts["received_on"].isna().any()
    assert {"emphasis", "qualified"} <= set(accounts["auditor_opinion"].dropna())


def test_two_clusters_run_out_of_cash_in_the_month_the_truth_names(demo):
    told = demo.truth["clusters"].set_index("cluster_id")["exhausted_under_plan"]
    finances = demo.tables["cluster_finances"]
    cash = finances[
        (finances["scenario"] == "plan_at_designation") & (finances["line"] != NOT_CASH)
    ]
    income = cash.groupby(["cluster_id", "year"])["amount"].sum() / 12
    reports = demo.tables["project_reports"].merge(demo.tables["projects"], on="project_id")
    until = reports[reports["period_end"] <= pd.Timestamp(2025, 12, 31)]
    open_ = until["advance_paid"] - until["advance_settled"].fillna(0)
    advance = open_.groupby(until["cluster_id"]).sum()
    accounts = demo.tables["annual_accounts"].query("year == 2025").set_index("cluster_id")
    found = {}
    for cluster, row in accounts.dropna(subset=["cash"]).iterrows():
        left = row["cash"] - advance.get(cluster, 0.0)
        for month in pd.period_range("2026-01", "2028-12", freq="M"):
            left += income[cluster, month.year] - (row["revenue"] - row["result"]) / 12
            if left < 0:
                found[cluster] = str(month)
                break
    assert found == told.dropna().to_dict()
    assert len(found) == 2


def test_dirt_is_recorded_row_by_row_and_found():
    settings = Settings(firms=3000, seed=3)
    clean, dirty = world.make(settings), world.make(settings, dirt=True)
    told = dirty.truth["dirt"]
    found = faults(dirty.tables)
    assert {fault.split(": ")[1] for fault in found} == set(told["fault"]) - {
        "malformed",
        "unknown_code",
        "out_of_bounds",
        "duplicate_key",
    }
    rows = dirty.tables["participations"]
    doubled = rows.duplicated(list(TABLES["participations"].key)).sum()
    assert doubled == (told["fault"] == "duplicate_key").sum()
    assert rows["cvr"].str.len().eq(10).sum() == (told["fault"] == "malformed").sum()
    share = told["fault"].value_counts() / len(clean.tables["participations"])
    assert share["cvr_check_digit_wrong"] == pytest.approx(0.01, abs=0.001)
    assert share["malformed"] == pytest.approx(0.02, abs=0.001)
    assert share["duplicate_key"] == pytest.approx(0.03, abs=0.001)
    pd.testing.assert_frame_equal(dirty.tables["survey"], clean.tables["survey"])


def test_the_truth_reads_back_from_the_folder(written, demo):
    for name in truth.FILES:
        read = truth.read(written, name)
        assert list(read.columns) == list(demo.truth[name].columns), name
        assert len(read) == len(demo.truth[name]), name
    effects = truth.read(written, "firm_effects")
    cvr = effects["cvr"].unique()[:5]
    matrix = truth.effects_of(effects, "fte", np.append(cvr, "none"), SMALL.years)
    assert matrix.shape == (6, len(SMALL.years))
    assert (matrix[-1] == 0).all()
    with pytest.raises(UserError, match="unknown truth"):
        truth.read(written, "everything")


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "mine.csv").write_text("x\n")
    with pytest.raises(UserError, match="something else"):
        generate(tmp_path, firms=200)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


def test_a_failure_leaves_the_earlier_demo(tmp_path, monkeypatch):
    where = generate(tmp_path / "demo", firms=200)
    before = {path.name for path in where.iterdir()}

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(folder, "_save", fail)
    with pytest.raises(OSError, match="disk full"):
        generate(where, firms=300)
    assert {path.name for path in where.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_ensure_makes_it_once_and_anew_when_something_else_is_there(tmp_path, monkeypatch):
    made, make = [], world.make

    def counted(settings, *, dirt):
        made.append(settings)
        return make(Settings(firms=200), dirt=dirt)

    monkeypatch.setattr(world, "make", counted)
    where = ensure(tmp_path / "demo")
    assert ensure(where) == where
    assert len(made) == 1
    generate(where, firms=300)
    ensure(where)
    assert len(made) == 3
    assert made[-1] == Settings()


def test_two_processes_may_ensure_at_once(tmp_path):
    where = tmp_path / "demo"
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(ensure, [where, where]) == [where, where]
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert set(Dataset(where).tables()) == set(TABLES)


@pytest.mark.parametrize(
    "options",
    [{"firms": 99}, {"firms": 3_000_000}, {"seed": -1}, {"first_year": 2022}, {"last_year": 2027}],
    ids=str,
)
def test_what_cannot_be_made_is_refused_before_anything_is_written(tmp_path, options):
    with pytest.raises(UserError):
        generate(Path(tmp_path / "demo"), **options)
    assert not (tmp_path / "demo").exists()
