"""The impact model's measures find what was put into the demo's answers, networks and journeys."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from clusterstudy.baseline import levels
from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.demo import truth
from clusterstudy.dialogue.declaration import read_balances, read_guideposts, read_offers
from clusterstudy.dialogue.evidence import evidence
from clusterstudy.measures import answers, journey, network, observed, ties
from clusterstudy.panel.characteristics import characteristics
from clusterstudy.sources import open_dataset

pytestmark = pytest.mark.slow

AS_OF = date(2029, 12, 31)
PUT_IN = {"referrals": "referral", "research_results": "result", "research_market": "market"}
CLUSTER = "K03"


@pytest.fixture(scope="module")
def data():
    return open_dataset("demo", AS_OF)


@pytest.fixture(scope="module")
def networks(data):
    return truth.read(data.folder, "networks").set_index("cluster_id")


@pytest.fixture(scope="module")
def survey(data):
    return answers.weighted(data, characteristics(data, 2024))


@pytest.fixture(scope="module")
def means(data, survey):
    """By item and wave: what all asked would say, and what the answers say, for the programme."""
    asked = truth.read(data.folder, "survey")
    rows = []
    for (item, wave), part in asked.groupby(["item", "wave"]):
        given = answers.answers(survey, item)
        given = given[(given["group"] == PROGRAMME) & (given["year"] == wave)]
        weighted = observed.summarise(given, share=False).iloc[0]
        rows.append(
            {
                "item": item,
                "wave": wave,
                "true": np.average(part["mean_asked"], weights=part["asked"]),
                "unweighted": given["value"].mean(),
                **weighted[["mean", "low", "high"]],
            }
        )
    return pd.DataFrame(rows).set_index(["item", "wave"])


def test_weights_bring_every_items_mean_nearer_to_all_who_were_asked(means):
    off = means[["unweighted", "mean"]].sub(means["true"], axis="index").abs()
    by_item = off.groupby("item").mean()
    assert (by_item["mean"] < by_item["unweighted"]).all()


def test_what_dose_and_size_explain_is_mended_and_that_the_satisfied_answer_more_is_not(means):
    found = (means["low"] <= means["true"]) & (means["true"] <= means["high"])
    mended, kept = found.drop("satisfaction"), means.loc["satisfaction"]
    assert mended.mean() >= 0.85  # 15 intervals of 95 %
    assert (kept["true"] < kept["low"]).all()


@pytest.mark.parametrize("name", PUT_IN)
def test_shares_of_collaborations_cover_what_was_put_in(name, data, networks):
    rows = ties.share(data.read("collaborations"), *ties.SHARES[name])
    found = observed.summarise(rows[rows["group"] != PROGRAMME], share=True)
    put_in = found["group"].map(networks[PUT_IN[name]])
    covered = (found["low"] <= put_in) & (put_in <= found["high"])
    assert len(covered) == 44
    assert covered.mean() >= 0.85  # 44 intervals of 95 %, less three standard errors


def test_networks_that_gather_on_few_actors_depend_most_on_one_broker(data, networks):
    rows = data.read("collaborations").query("year == 2025")
    found = network.figures(rows, "centralisation", networks.index)
    by_cluster = found.set_index("group")["mean"].drop(PROGRAMME)
    few = networks["concentration"] > 1
    assert by_cluster[few].min() > by_cluster[~few].max()


def test_ties_cross_kinds_as_their_ends_were_drawn(data, networks):
    found = network.figures(data.read("collaborations"), "cross_type", networks.index)
    by_cluster = found[found["group"] != PROGRAMME].groupby("group")["mean"].mean()
    even = networks["concentration"] < 1  # on few actors, pairs drawn twice are often of a kind
    off = by_cluster[even] - networks.loc[even, "cross_type"]
    assert abs(off.mean()) < 0.02


def test_an_item_has_one_value_in_the_baseline_report_and_on_the_dialogue_sheet(data, survey):
    measured = levels.measure(data, 2025)
    changed = levels.changes(measured).query("group == @CLUSTER").set_index("measure")["later"]
    tables = {"survey": survey, "collaborations": data.read("collaborations")}
    declared = read_guideposts(), read_balances(), read_offers()
    sheet = evidence(tables, *declared, CLUSTER, AS_OF, 5).set_index("measure")["value"]
    assert sheet["ties_referral"] == pytest.approx(changed["referrals"])
    assert sheet["contacts_before_offer"] == pytest.approx(changed["contacts"])
    same = ["satisfaction", "societal_challenge", "days_to_offer", "research_use"]
    assert sheet[same].to_numpy(dtype=float) == pytest.approx(changed[same].to_numpy(dtype=float))


def test_handovers_are_as_many_as_entries_lead_one_to_expect(data):
    found = observed.summarise(journey.handed_over(data.read("participations")), share=True)
    found = found[found["group"] == PROGRAMME].set_index("year")
    expected = truth.read(data.folder, "journey").set_index("year")
    found = found.loc[expected.index]
    assert found["n"].to_numpy() == pytest.approx(expected["active"].to_numpy(), rel=0.03)
    assert found["low"].lt(expected["handed_over"]).all()
    assert found["high"].gt(expected["handed_over"]).all()
