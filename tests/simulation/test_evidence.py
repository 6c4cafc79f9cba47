"""The tool behind ``make evidence`` counts what it says."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pandas as pd
import pytest

from clusterstudy.paths import ROOT


@pytest.fixture(scope="module")
def evidence():
    spec = importlib.util.spec_from_file_location("evidence", ROOT / "tools" / "evidence.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["evidence"] = module  # where dataclasses look for their annotations
    spec.loader.exec_module(module)
    yield module
    del sys.modules["evidence"]


def test_a_score_by_hand(evidence):
    rows = pd.DataFrame(
        {
            "estimate": [1.0, 3.0, np.nan],
            "se": [1.0, 2.0, np.nan],
            "low": [0.5, -1.0, np.nan],
            "high": [1.5, 7.0, np.nan],
            "truth": 2.0,
            "units": 10,
            "treated": 4,
        }
    )
    found = evidence.score(rows)
    assert found["replications"] == 3
    assert found["failed"] == 1
    assert found["bias"] == 0.0
    assert found["rmse"] == 1.0
    assert found["se"] == 1.5
    assert found["coverage"] == 0.5
    assert found["rejects"] == 0.5


@pytest.mark.slow
def test_the_right_estimator_covers_and_the_wrong_one_is_biased(evidence, tmp_path, monkeypatch):
    asked = ["--replications", "30", "--scenarios", "given_x", "--workers", "1"]
    monkeypatch.setattr(sys, "argv", ["evidence", *asked, "--to", str(tmp_path)])
    evidence.main()
    table = pd.read_csv(tmp_path / "evidence.csv", comment="#").set_index("estimator")
    assert list(table.index) == list(evidence.ALL)
    assert (table["replications"] == 30).all()
    right, wrong = table.loc["Doubly robust"], table.loc["Group-time, no covariates"]
    assert right["coverage"] > 0.8
    assert abs(right["bias"]) < 3 * right["bias_se"]
    assert wrong["bias"] > 3 * wrong["bias_se"]
    assert "Doubly robust | hold" in (tmp_path / "EVIDENCE.md").read_text(encoding="utf-8")
    assert (tmp_path / "evidence.png").stat().st_size > 10_000
