"""Answers, journeys, collaborations and networks: small enough to count by hand, or published."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from clusterstudy.measures import answers, journey, network, ties
from clusterstudy.measures.observed import OBSERVED, change, summarise, wilson


def observed(*rows: tuple[int, str, float, float]) -> pd.DataFrame:
    """Return observations of (year, unit, value, weight) of one group."""
    frame = pd.DataFrame(rows, columns=["year", "unit", "value", "weight"])
    return frame.assign(group="K01", firm=frame["unit"])[OBSERVED]


def test_wilsons_interval_is_the_published_one():
    """Newcombe (1998), Statistics in Medicine 17, p. 861, table I: 81 of 263 and 15 of 148."""
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(0.3, 40, 0.9) == pytest.approx(proportion_confint(12, 40, 0.1, "wilson"))


VALUES = st.lists(st.floats(-50, 50), min_size=3, max_size=12)


@settings(max_examples=40, deadline=None)
@given(VALUES, st.integers(0, 2**31))
def test_a_change_is_paired_where_units_are_the_same_and_independent_where_none_is(first, seed):
    second = np.array(first) + np.random.default_rng(seed).normal(size=len(first))
    same = [(1, f"F{i}", v, 1.0) for i, v in enumerate(first)]
    same += [(2, f"F{i}", v, 1.0) for i, v in enumerate(second)]
    apart = [(year, f"{unit}/{year}", v, w) for year, unit, v, w in same]
    z = stats.norm.ppf(0.975)
    paired, independent = (
        change(observed(*rows), 1, 2, share=False).iloc[0] for rows in (same, apart)
    )
    difference = second - first
    assert paired["change"] == pytest.approx(difference.mean(), abs=1e-9)
    assert paired["high"] - paired["change"] == pytest.approx(
        z * stats.sem(difference), rel=1e-6, abs=1e-9
    )
    error = np.hypot(stats.sem(first), stats.sem(second))
    assert independent["high"] - independent["change"] == pytest.approx(z * error, rel=1e-6)
    assert (paired["both"], independent["both"]) == (len(first), 0)


def test_a_share_counts_the_firms_of_its_smaller_part_and_one_unit_has_no_mean_interval():
    rows = [(1, f"F{i}", float(i < 2), 1.0) for i in range(9)]
    found = summarise(observed(*rows), share=True).iloc[0]
    assert (found["n"], found["firms"]) == (9, 2)
    assert (found["low"], found["high"]) == pytest.approx(wilson(2 / 9, 9))
    one = summarise(observed((1, "F0", 3.0, 1.0)), share=False).iloc[0]
    assert (one["low"], one["high"]) == (-np.inf, np.inf)


def test_weights_that_follow_nothing_change_nothing_but_the_effective_number():
    rows = [(1, f"F{i}", float(i % 2), 1.0 + 2 * (i < 4)) for i in range(8)]
    found = summarise(observed(*rows), share=True).iloc[0]
    assert found["mean"] == 0.5
    assert (found["low"], found["high"]) == pytest.approx(wilson(0.5, 16**2 / 40))


def frame(rows: list[tuple[str, str, str, bool]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["cluster_id", "dose", "size", "answered"])


def test_raked_respondents_match_all_asked_in_every_margin():
    rng = np.random.default_rng(7)
    asked = frame(
        [
            (cluster, dose, size, bool(rng.random() < (0.7 if dose == "project" else 0.3)))
            for cluster in ("K01", "K02")
            for dose in ("light", "project")
            for size in ("0-9", "10-49", "50-249")
            for _ in range(20)
        ]
    )
    weight = answers.rake(asked)
    assert weight.notna().equals(asked["answered"])
    for margin in answers.MARGINS:
        matched = weight.groupby(asked[margin]).sum()
        np.testing.assert_allclose(matched, asked.groupby(margin).size(), rtol=1e-8)


def test_raking_takes_cells_of_equal_response_back_to_their_cell_weights():
    """Two margins with independent response: Deming & Stephan's fit is the product of rates."""
    counts = {("light", "0-9"): (40, 10), ("project", "0-9"): (20, 10)}
    asked = frame(
        [
            ("K01", dose, size, place < answered)
            for (dose, size), (total, answered) in counts.items()
            for place in range(total)
        ]
    )
    weight = answers.rake(asked).dropna()
    assert set(weight[asked["dose"] == "light"].round(9)) == {4.0}
    assert set(weight[asked["dose"] == "project"].round(9)) == {2.0}


def test_a_class_in_which_nobody_answered_is_left_out_of_its_margin():
    asked = frame([("K01", "light", "0-9", True), ("K01", "light", "50-249", False)])
    assert answers.rake(asked).tolist()[:1] == [2.0]


def test_where_no_firm_answered_there_are_no_weights():
    asked = frame([("K01", "light", "0-9", False)])
    assert answers.rake(asked).isna().all()


def taken(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["cvr", "cluster_id", "date", "activity_type"])
    return table.assign(date=pd.to_datetime(table["date"]))


TAKEN = taken(
    ("A", "K01", "2025-02-01", "event"),
    ("A", "K01", "2025-07-31", "advice"),  # 180 days later
    ("B", "K01", "2025-02-01", "event"),
    ("B", "K01", "2025-08-01", "advice"),  # 181 days later
    ("B", "K02", "2025-08-01", "advice"),
    ("C", "K02", "2025-12-31", "event"),
    ("D", "K01", "2026-06-29", "event"),
)


def values(found: pd.DataFrame) -> dict[tuple[str, int, str], float]:
    return found.set_index(["group", "year", "unit"])["value"].to_dict()


def test_newcomers_are_followed_for_half_a_year_or_not_counted():
    early = TAKEN.assign(date=TAKEN["date"].clip(upper=pd.Timestamp("2026-06-28")))
    assert journey.helped(early).empty  # 31 December and 180 days are not over
    assert values(journey.helped(TAKEN)) == {
        ("K01", 2025, "A"): 1.0,
        ("K01", 2025, "B"): 0.0,
        ("K02", 2025, "B"): 1.0,
        ("K02", 2025, "C"): 0.0,
        ("programme", 2025, "A"): 1.0,
        ("programme", 2025, "B"): 0.0,
        ("programme", 2025, "C"): 0.0,
    }


def test_a_firm_is_handed_over_within_a_year_that_is_over():
    found = values(journey.handed_over(TAKEN))
    assert found == {
        ("K01", 2025, "A"): 0.0,
        ("K01", 2025, "B"): 1.0,
        ("K02", 2025, "B"): 1.0,
        ("K02", 2025, "C"): 0.0,
        ("programme", 2025, "A"): 0.0,
        ("programme", 2025, "B"): 1.0,
        ("programme", 2025, "C"): 0.0,
    }


def collaborations(*pairs: str, kind: str = "project", outcomes=None) -> pd.DataFrame:
    """Return collaborations of 2025 in K01: s is an SME, k a knowledge institution, p public."""
    types = {"s": "sme", "k": "knowledge_institution", "p": "public"}
    ends = [pair.split("-") for pair in pairs]
    return pd.DataFrame(
        {
            "cluster_id": "K01",
            "year": 2025,
            "actor_a": [a for a, _b in ends],
            "actor_b": [b for _a, b in ends],
            "actor_a_type": [types[a[0]] for a, _b in ends],
            "actor_b_type": [types[b[0]] for _a, b in ends],
            "cvr_a": [a if a[0] == "s" else None for a, _b in ends],
            "cvr_b": [b if b[0] == "s" else None for _a, b in ends],
            "kind": kind,
            "outcome": outcomes or "none",
        }
    )


def test_betweenness_is_that_of_networkx_in_parts_and_blocks_too(monkeypatch):
    monkeypatch.setattr(network, "SOURCES", 7)
    for number in (20, 60):  # in several parts, and connected
        made = nx.gnm_random_graph(30, number, seed=number)
        expected = list(nx.betweenness_centrality(made).values())
        np.testing.assert_allclose(network.betweenness(made), expected, atol=1e-14)


def test_a_star_hangs_on_one_broker_and_a_ring_on_none():
    star = network.graph(collaborations("k0-s1", "k0-s2", "k0-s3", "k0-s4"))
    ring = network.graph(collaborations("s1-s2", "s2-s3", "s3-s4", "s1-s4"))
    assert network.centralisation(star) == pytest.approx(1)
    assert network.centralisation(ring) == pytest.approx(0)
    assert (network.density(star), network.density(ring)) == (0.4, pytest.approx(4 / 6))
    assert (network.cross_type(star), network.cross_type(ring)) == (1, 0)
    assert (network.actor_types(star), network.actor_types(ring)) == (2, 1)
    assert network.local_bridges(star) == 1


def test_a_tie_within_a_triangle_is_no_bridge():
    made = network.graph(collaborations("s1-s2", "s2-s3", "s1-s3", "s3-k1"))
    assert network.local_bridges(made) == 0.25


def test_two_actors_are_tied_once_and_the_programme_is_the_union():
    rows = collaborations("s1-k1", "s2-k1")
    both = pd.concat([rows, rows.assign(cluster_id="K02")])
    found = network.figures(both, "density", ["K01"])
    assert found["group"].tolist() == ["K01", "programme"]
    assert found["mean"].tolist() == pytest.approx([2 / 3, 2 / 3])
    assert found["n"].tolist() == [2, 2]
    assert found[["low", "high"]].isna().all(axis=None)


def test_reach_is_of_the_years_participants_and_knowledge_reach_of_the_smes_in_the_network():
    rows = collaborations("s1-s2", "s2-k1")
    contact = pd.DataFrame(
        {"cluster_id": "K01", "cvr": ["s1", "s2", "s9", "s3"], "year": [2025, 2025, 2025, 2024]}
    )
    assert values(ties.reach(rows, contact)) == {
        ("K01", 2025, "s1"): 1.0,
        ("K01", 2025, "s2"): 1.0,
        ("K01", 2025, "s9"): 0.0,
    }
    found = values(ties.knowledge_reach(rows))
    assert (found["K01", 2025, "s1"], found["programme", 2025, "s2"]) == (0.0, 1.0)


def test_the_chain_counts_what_came_further_among_what_came_so_far():
    pairs = [f"s{i}-k1" for i in range(8)] + ["s1-s2", "k1-p1"]
    outcomes = ["none"] * 3 + ["prototype"] * 2 + ["licence"] * 2 + ["product_on_market"] * 3
    found = ties.chain(collaborations(*pairs, outcomes=outcomes)).set_index("stage")
    assert found["n"].tolist() == [8, 5, 3, 1]  # neither SMEs among themselves nor a public body
    np.testing.assert_allclose(found["share"].iloc[1:], [5 / 8, 3 / 5, 1 / 3])
    assert tuple(found.loc["licence", ["low", "high"]]) == pytest.approx(wilson(3 / 5, 5))
    assert found["firms"].tolist() == [8, 3, 2, 1]
    assert ties.chain(collaborations("s1-s2"))["share"].isna().all()
    share = ties.share(collaborations(*pairs, outcomes=outcomes), *ties.SHARES["research_market"])
    assert share[share["group"] == "K01"]["value"].tolist() == [0.0] * 7 + [1.0]
