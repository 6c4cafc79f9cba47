"""Whatever the seed and size, the demo keeps the contract's rules and its own truth."""

from __future__ import annotations

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from clusterstudy.contract.rules import RULES
from clusterstudy.demo import Settings, make
from clusterstudy.demo.entry import DOSES


@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    seed=st.integers(0, 10**6),
    firms=st.integers(100, 1500),
    first_year=st.integers(2008, 2021),
    last_year=st.integers(2028, 2032),
)
def test_invariants(seed, firms, first_year, last_year):
    demo = make(Settings(firms, seed, first_year, last_year))
    tables = demo.tables
    assert len(tables["firms"]) == firms
    for rule in RULES:
        if set(rule.reads) <= set(tables):
            broken = rule.find(*(tables[name] for name in rule.reads))
            assert not broken.any(), f"{rule.table}: {rule.fault}"
    effects = demo.truth["firm_effects"]
    assert (effects["year"] >= effects["cohort"]).all()
    assert set(effects["dose"]) <= set(DOSES)
    assert (effects[["fte", "productivity", "exports"]] >= 0).all(axis=None)
    assert effects["fte"].max() < 0.1
    ratios = tables["firm_years"].sort_values(["cvr", "year"])
    for column in ("revenue", "value_added", "total_assets", "equity"):
        size = np.log(ratios[column].abs())
        change = size.groupby(ratios["cvr"]).diff().abs()
        assert not (change >= np.log(200)).any(), column
