"""The demo's economy: what was put into each cluster is found again."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.demo import generate
from clusterstudy.finance import accounts, cash, income, projects

AS_OF = date(2026, 12, 31)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo")
    generate(path, firms=200, seed=11)
    return path


@pytest.fixture(scope="module")
def truth(folder):
    return pd.read_csv(folder / "truth" / "clusters.csv").set_index("cluster_id")


@pytest.fixture(scope="module")
def found(folder):
    data = Dataset(folder, AS_OF)
    tables = {
        name: data.read(name)
        for name in ("cluster_finances", "annual_accounts", "projects", "project_reports")
    }
    lines = income.by_year(tables["cluster_finances"])
    unspent = projects.unsettled_at_year_end(tables["projects"], tables["project_reports"])
    ratios = accounts.ratios(tables["annual_accounts"], unspent)
    return lines, ratios


def test_clusters_run_out_of_cash_under_plan_in_the_month_put_in(found, truth):
    lines, ratios = found
    clusters = list(truth.index)
    result = cash.forecast(
        lines,
        accounts.latest(ratios),
        cash.deviations(lines, ratios),
        pd.Series(dtype=float),
        clusters,
        cash.Assumptions(),
        replications=4000,
        level=0.9,
        seed=1,
    )
    ends = result.exhaustion.set_index(["scenario", "cluster_id"]).loc["plan"]
    true = pd.to_datetime(truth["exhausted_under_plan"])
    pd.testing.assert_series_equal(ends["central"], true, check_names=False, check_dtype=False)
    runs_out = true.dropna()
    assert len(runs_out) == 2
    low, high = ends["low"], ends["high"].fillna(ends["until"])
    assert ((low <= true) & (true <= high))[runs_out.index].all()
    assert (ends.loc[runs_out.index, "probability"] > 0.5).all()
    assert (ends.drop(runs_out.index)["probability"] < 0.1).all()


def test_the_shortfall_against_plan_is_the_one_put_in(found, truth):
    gap = income.gap(found[0])
    private = gap[gap["line"].isin(income.PRIVATE[1:]) & (gap["cluster_id"] != "programme")]
    sums = private.groupby("cluster_id")[["actual", "plan"]].sum()
    np.testing.assert_allclose(sums["actual"] / sums["plan"], truth["plan_met"], atol=0.05)
    shares = income.shares(found[0]).set_index("cluster_id").drop("programme")
    np.testing.assert_allclose(shares["planned_share"], truth["private_share"], atol=1e-3)


def test_negative_equity_is_found_from_the_year_put_in(found, truth):
    ratios = found[1]
    negative = ratios[ratios["equity_ratio"] < 0].groupby("cluster_id")["year"].min()
    put_in = truth["negative_equity_from"].dropna()
    assert negative.to_dict() == put_in.to_dict()
