"""The ASEM sustainable-connectivity index, as the R package COINr computes it from treated data."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterstudy.paths import ROOT
from clusterstudy.readiness.index import aggregate, normalise

ASEM = ROOT.parent / "shared" / "reference" / "asem"
LEVELS = ["IndCode", "Agg1", "Agg2", "Agg3"]

pytestmark = pytest.mark.skipif(
    not ASEM.is_dir(), reason="the ASEM tables are not shipped with the project"
)


def table(name: str, index: str) -> pd.DataFrame:
    return pd.read_csv(Path(ASEM, f"{name}.csv")).set_index(index)


def test_treated_values_are_normalised_as_published():
    meta, treated = table("indicator_meta", "IndCode"), table("treated", "UnitCode")
    published = table("normalised", "UnitCode")[meta.index]
    scores = normalise(treated[meta.index].to_numpy(), "min_max", meta["Direction"].to_numpy())
    np.testing.assert_allclose(scores, published, rtol=0, atol=1e-9)


def test_the_hierarchy_is_aggregated_as_published():
    structure = table("structure", "IndCode").reset_index()
    weights = pd.read_csv(ASEM / "weights.csv").set_index("Code")["Weight"]
    published = table("aggregated", "UnitCode")
    scores = table("normalised", "UnitCode")[structure["IndCode"]]
    for lower, upper in pairwise(LEVELS):
        parents = structure.drop_duplicates(lower).set_index(lower)[upper][scores.columns]
        groups = parents.unique().astype(object)
        members = parents.to_numpy(dtype=object)[:, None] == groups
        level = aggregate(
            scores.to_numpy(), weights[scores.columns].to_numpy(), members, "arithmetic"
        )
        scores = pd.DataFrame(level, scores.index, groups)
        np.testing.assert_allclose(scores, published[groups], rtol=0, atol=1e-9)
