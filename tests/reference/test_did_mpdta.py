"""County minimum wages, Callaway & Sant'Anna (2021), against published figures.

``mpdta_csdid_dripw.csv``: Stata's csdid (Rios-Avila, Sant'Anna & Callaway), help file example
``csdid lemp lpop, ivar(countyreal) time(year) gvar(first_treat) method(dripw)``, never-treated
controls, analytic standard errors, to seven digits. Without covariates: the R package did's
vignette, simple average.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterstudy.did.group_time import group_time
from clusterstudy.did.panel import from_long

PUBLISHED = pd.read_csv(Path(__file__).with_name("mpdta_csdid_dripw.csv"))
HALF_A_DIGIT = 5.1e-8


def mpdta():
    moderndid = pytest.importorskip("moderndid", reason="needs the validation extra")
    frame = moderndid.load_mpdta().to_pandas()
    return frame.assign(cohort=frame["first.treat"].replace(0, np.inf).astype(float))


def estimate(covariates=None):
    data = mpdta()
    panel = from_long(
        data["countyreal"],
        data["year"],
        data["lemp"],
        data["cohort"],
        covariates=None if covariates is None else data[covariates].to_numpy(),
    )
    return group_time(panel)


def published(kind):
    return PUBLISHED[PUBLISHED["kind"] == kind]


def test_group_time_effects():
    table, rows = estimate(["lpop"]).estimates().table(), published("cell")
    expected = rows.drop(columns="kind").astype(float).set_index(["cohort_or_time", "period"])
    assert len(table) == len(expected) == 12
    for column in ("estimate", "se"):
        np.testing.assert_allclose(
            table.loc[expected.index, column], expected[column], atol=HALF_A_DIGIT, rtol=0
        )


@pytest.mark.parametrize("kind", ["simple", "dynamic", "cohort", "period"])
def test_averages(kind):
    result, rows = estimate(["lpop"]), published(kind)
    average = {
        "simple": result.simple,
        "dynamic": result.dynamic,
        "cohort": result.by_cohort,
        "period": result.by_period,
    }[kind]()
    if kind != "simple":
        assert list(average.effects.label) == list(rows["cohort_or_time"])
    for column, values in (
        ("estimate", average.effects.estimate),
        ("se", average.effects.se),
    ):
        np.testing.assert_allclose(values, rows[column], atol=HALF_A_DIGIT, rtol=0)


def test_without_covariates():
    overall = estimate().simple().overall
    assert overall.estimate[0] == pytest.approx(-0.039951, abs=5e-7)
    assert overall.se[0] == pytest.approx(0.012034, abs=5e-7)
