"""Intervals hold the truth as often as they say."""

from __future__ import annotations

import pytest

from clusterstudy.did.simulation import coverage


@pytest.mark.slow
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_coverage_of_95_percent_intervals(missing):
    table = coverage(200, seed=2026, missing=missing)
    assert table.loc["simple", "coverage"] == pytest.approx(0.95, abs=0.03)
    assert table["coverage"].between(0.91, 0.985).all()
    assert (table["bias"].abs() < 0.2 * table["sd"]).all()
    assert (table["se"] / table["sd"]).between(0.88, 1.12).all()
