"""Group-time effects on county teen employment and minimum wages.

Published: Stata's csdid, method dripw, covariate lpop, never-treated controls, analytic errors.
"""

from __future__ import annotations

import numpy as np
import pytest

from clusterstudy.did.group_time import GroupTime, group_time

CELLS = {
    (2004, 2004): (-0.0145297, 0.0221292),
    (2004, 2005): (-0.0764219, 0.0286713),
    (2004, 2006): (-0.1404483, 0.0353782),
    (2004, 2007): (-0.1069039, 0.0328865),
    (2006, 2004): (-0.0004721, 0.0222234),
    (2006, 2005): (-0.0062025, 0.0184957),
    (2006, 2006): (0.0009606, 0.0194002),
    (2006, 2007): (-0.0412939, 0.0197211),
    (2007, 2004): (0.0267278, 0.0140657),
    (2007, 2005): (-0.0045766, 0.0157178),
    (2007, 2006): (-0.0284475, 0.0181809),
    (2007, 2007): (-0.0287814, 0.016239),
}
AGGREGATES = {
    "simple": {0: (-0.0417518, 0.0115028)},
    "dynamic": {
        -3: (0.0267278, 0.0140657),
        -2: (-0.0036165, 0.0129283),
        -1: (-0.023244, 0.0144851),
        0: (-0.0210604, 0.0114942),
        1: (-0.0530032, 0.0163465),
        2: (-0.1404483, 0.0353782),
        3: (-0.1069039, 0.0328865),
    },
    "cohort": {
        2004: (-0.0845759, 0.0245649),
        2006: (-0.0201666, 0.0174696),
        2007: (-0.0287814, 0.016239),
    },
    "calendar": {
        2004: (-0.0145297, 0.0221292),
        2005: (-0.0764219, 0.0286713),
        2006: (-0.0461757, 0.0212107),
        2007: (-0.0395822, 0.0129299),
    },
}


@pytest.fixture(scope="module")
def counties() -> dict[str, np.ndarray]:
    moderndid = pytest.importorskip("moderndid")
    frame = moderndid.load_mpdta().to_pandas()
    wide = frame.pivot(index="countyreal", columns="year", values="lemp")
    first = frame.groupby("countyreal")[["first.treat", "lpop"]].first().loc[wide.index]
    return {
        "outcome": wide.to_numpy(),
        "cohort": first["first.treat"].replace(0, np.inf).to_numpy(dtype=float),
        "periods": wide.columns.to_numpy(dtype=float),
        "covariates": first[["lpop"]].to_numpy(),
    }


@pytest.fixture(scope="module")
def result(counties) -> GroupTime:
    return group_time(**counties)


def test_every_cell_is_the_published_one(result):
    each = result.each()
    found = {
        tuple(pair): (b, s) for pair, b, s in zip(each.index, each.estimate, each.se, strict=True)
    }
    assert set(found) == set(CELLS)
    for cell, published in CELLS.items():
        np.testing.assert_allclose(found[cell], published, atol=5.1e-8, err_msg=str(cell))


@pytest.mark.parametrize("kind", AGGREGATES)
def test_every_aggregate_is_the_published_one(result, kind):
    aggregate = result.aggregate(kind)
    assert list(aggregate.index) == list(AGGREGATES[kind])
    published = np.array(list(AGGREGATES[kind].values()))
    found = np.column_stack([aggregate.estimate, aggregate.se])
    np.testing.assert_allclose(found, published, atol=5.1e-8)


def test_without_covariates(counties):
    simple = group_time(**{**counties, "covariates": None}).aggregate("simple")
    np.testing.assert_allclose([*simple.estimate, *simple.se], [-0.039951, 0.012034], atol=5e-7)
