"""The demo's economy: what was put into each cluster is found again."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.demo import generate
from clusterstudy.finance import cash, income, record
from clusterstudy.finance.position import position
from clusterstudy.params import SustainabilityParameters

AS_OF = date(2026, 12, 31)
PARAMETERS = SustainabilityParameters(replications=4000, seed=1)
SETTINGS = PARAMETERS.economy


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo")
    generate(path, firms=200, seed=11)
    return path


@pytest.fixture(scope="module")
def truth(folder):
    return pd.read_csv(folder / "truth" / "clusters.csv").set_index("cluster_id")


@pytest.fixture(scope="module")
def now(folder, truth):
    return position(Dataset(folder, AS_OF), list(truth.index), **SETTINGS)


def test_clusters_run_out_of_cash_under_plan_in_the_month_put_in(now, truth):
    ends = now.forecast.exhaustion.set_index(["scenario", "cluster_id"]).loc["plan"]
    true = pd.to_datetime(truth["exhausted_under_plan"])
    pd.testing.assert_series_equal(ends["central"], true, check_names=False, check_dtype=False)
    runs_out = true.dropna()
    assert len(runs_out) == 2
    low, high = ends["low"], ends["high"].fillna(ends["until"])
    assert ((low <= true) & (true <= high))[runs_out.index].all()
    assert (ends.loc[runs_out.index, "probability"] > 0.5).all()
    assert (ends.drop(runs_out.index)["probability"] < 0.1).all()


def test_what_was_simulated_is_kept_for_the_same_question_only(folder, now, truth, monkeypatch):
    monkeypatch.setattr(cash, "forecast", None)  # from here on only a kept one will do
    data, clusters = Dataset(folder, AS_OF), list(truth.index)
    again = position(data, clusters, **SETTINGS).forecast
    pd.testing.assert_frame_equal(again.exhaustion, now.forecast.exhaustion)
    pd.testing.assert_frame_equal(again.paths, now.forecast.paths)
    assert (again.left_out, again.observed) == (now.forecast.left_out, now.forecast.observed)
    other = SETTINGS | {"assumptions": cash.Assumptions(fee_cut=0.3)}
    for asked in (SETTINGS | {"seed": 2}, SETTINGS | {"min_firms": 4}, other):
        with pytest.raises(TypeError):
            position(data, clusters, **asked)
    for asked in ((data.on(date(2025, 12, 31)), clusters), (data, clusters[1:])):
        with pytest.raises(TypeError):
            position(*asked, **SETTINGS)


def test_the_shortfall_against_plan_is_the_one_put_in(now, truth):
    gap = now.gap
    private = gap[gap["line"].isin(income.PRIVATE[1:]) & (gap["cluster_id"] != "programme")]
    sums = private.groupby("cluster_id")[["actual", "plan"]].sum()
    np.testing.assert_allclose(sums["actual"] / sums["plan"], truth["plan_met"], atol=0.05)
    shares = now.shares.set_index("cluster_id").drop("programme")
    np.testing.assert_allclose(shares["planned_share"], truth["private_share"], atol=1e-3)


def test_negative_equity_is_found_from_the_year_put_in(now, truth):
    ratios = now.ratios
    negative = ratios[ratios["equity_ratio"] < 0].groupby("cluster_id")["year"].min()
    put_in = truth["negative_equity_from"].dropna()
    assert negative.to_dict() == put_in.to_dict()


def test_the_record_finds_the_trouble_put_in_and_the_alerts_before_it(folder, truth):
    clusters = list(truth.index)
    data = Dataset(folder, date(2029, 12, 31))
    now = position(data, clusters, **SETTINGS)
    seen = record.trouble(now, PARAMETERS.limits["shortfall"])
    missed = seen["plan_missed"].groupby(level="cluster_id").max() == 1
    grown = 1 - (1 - truth["plan_met"]) * 2.2  # a shortfall grows by 0.4 a year
    assert set(missed[missed].index) >= set(truth.index[truth["plan_met"] < 0.88])
    assert set(missed[missed].index) <= set(truth.index[grown < 0.95])
    assert seen.loc[seen["negative_equity"] == 1].index.unique("cluster_id").tolist() == ["K09"]
    past = record.record(data, clusters, now, PARAMETERS.limits, 1, **SETTINGS)
    rates = record.reliability(past, 0.9).set_index("rule")
    assert rates.loc["equity_ratio", "hit_rate"] == 1
    assert (rates["hit_low"] < rates["hit_rate"]).sum() >= 5
