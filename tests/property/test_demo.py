"""Whatever the seed and size, the demo keeps the contract's rules and its own truth."""

from __future__ import annotations

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from clusterstudy.contract.rules import RULES
from clusterstudy.demo import Settings
from clusterstudy.demo.entry import DOSES
from clusterstudy.demo.world import make

UNSHRUNK = [Phase.explicit, Phase.reuse, Phase.generate]
SEEDS = st.integers(0, 10**6)


@settings(max_examples=6, phases=UNSHRUNK)
@given(
    seed=SEEDS,
    firms=st.integers(100, 1500),
    first_year=st.integers(2008, 2021),
    last_year=st.integers(2028, 2032),
)
def test_invariants(seed, firms, first_year, last_year):
    demo = make(Settings(firms, seed, first_year, last_year))
    tables = demo.tables
    assert len(tables["firms"]) == firms
    for rule in RULES:
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


@settings(max_examples=5, phases=UNSHRUNK)
@given(seed=SEEDS, firms=st.integers(100, 1500))
def test_what_is_wrong_in_dirty_data_is_what_is_recorded(seed, firms):
    demo = make(Settings(firms, seed), dirt=True)
    recorded = demo.truth["dirt"].groupby(["fault", "table"]).size()
    for rule in RULES:
        found = rule.find(*(demo.tables[name] for name in rule.reads)).sum()
        told = sum(recorded.get((rule.fault, table), 0) for table in rule.reads)
        if rule.fault.endswith("_thousandfold"):  # few of them lie where no rule can tell
            assert found <= told, f"{rule.table}: {rule.fault}"
        else:
            assert found == told, f"{rule.table}: {rule.fault}"
