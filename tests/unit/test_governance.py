"""Where guideposts come from and who talks them over; where clusters meet."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from clusterstudy.contract.vocabulary import GUIDEPOST
from clusterstudy.demo import talks
from clusterstudy.demo.settings import CLUSTERS, Settings
from clusterstudy.dialogue import governance, overlap, plots
from clusterstudy.dialogue.evidence.research import by_year
from clusterstudy.dialogue.show import interfaces
from clusterstudy.errors import UserError
from clusterstudy.paths import DATA
from clusterstudy.report.page import Page

ACTORS = governance.read_actors()
CALENDAR = governance.read_calendar(ACTORS)


def taken(**firms: range) -> pd.DataFrame:
    """Return participations in 2027: each cluster's firms, each of them twice."""
    rows = [
        (f"firm {n}", cluster, pd.Timestamp("2027-03-01"))
        for cluster, numbers in firms.items()
        for n in [*numbers, *numbers]
    ]
    return pd.DataFrame(rows, columns=["cvr", "cluster_id", "date"])


def test_every_guidepost_is_traced_to_a_measure():
    strategy = governance.read_strategy()
    model = pd.DataFrame({"dimension": ["sme_benefit", "sme_benefit"], "label": ["one", "two"]})
    trace = governance.trace(strategy, model)
    assert set(trace["letter"]) == set(GUIDEPOST)
    assert set(trace["measures"]) == {("one", "two"), ()}
    assert set(governance.trace(strategy, None)["measures"]) == {()}


def test_what_is_expected_stays_so_when_its_day_has_passed():
    days = CALENDAR.set_index("date")["event"]
    assert "Final guideposts before the board" in days[pd.Timestamp("2026-05-05")]
    waiting = CALENDAR[governance.unconfirmed(CALENDAR, date(2026, 6, 1))]
    assert list(waiting["status"]) == ["agreed", "expected"]
    assert not governance.unconfirmed(CALENDAR.assign(status="confirmed"), date(2030, 1, 1)).any()
    assert CALENDAR["date"].isna().sum() == 2
    assert CALENDAR["date"].dropna().is_monotonic_increasing


def test_the_chairs_circle_meets_twice():
    met = governance.meetings_of("chairs_circle", CALENDAR)["date"]
    assert list(met) == [pd.Timestamp("2025-11-27"), pd.Timestamp("2026-03-12")]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("policy,expected,f,", "policy,expected,g,", "row 6: expected letter to be one of"),
        ("board secretariat", "board nobody", "row 5: expected who to be among the actors"),
        ("expected,all", "likely,all", "row 5: expected status to be one of"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(old, new, message, tmp_path):
    text = (DATA / "calendar.csv").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "calendar.csv"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        governance.read_calendar(ACTORS, path)


def test_shared_firms_are_counted_once_and_few_are_hidden():
    rows = taken(A=range(20), B=range(10, 40), C=range(17, 30), D=range(50, 60))
    pairs = overlap.shared_firms(rows, date(2028, 6, 30), 5).set_index(["cluster_id", "other"])
    assert pairs.loc[("A", "B"), "share"] == 10 / 20
    assert pairs.loc[("B", "A"), "share"] == 10 / 30
    assert pairs.loc[("A", "B"), "jaccard"] == pairs.loc[("B", "A"), "jaccard"] == 10 / 40
    assert pairs.loc[("A", "D"), "share"] == 0
    assert pairs.loc[[("A", "C"), ("C", "A")], "blank"].all()  # three firms in both
    assert pairs.loc[[("A", "C"), ("C", "A")], "both"].isna().all()


def test_a_pair_is_hidden_where_few_firms_are_left_over():
    pairs = overlap.shared_firms(taken(A=range(20), B=range(2, 40)), date(2028, 1, 1), 5)
    assert pairs["blank"].all()
    whole = overlap.shared_firms(taken(A=range(20), B=range(40)), date(2028, 1, 1), 5)
    assert not whole["blank"].any()


@pytest.mark.parametrize("day", [date(2028, 6, 30), date(2020, 1, 1)], ids=["alone", "none past"])
def test_a_cluster_that_shares_with_nobody_is_said(day, monkeypatch):
    shared = overlap.shared_firms(taken(A=range(20)), day, 5)
    assert shared.empty
    page, said = Page("en"), []
    monkeypatch.setattr(page, "callout", lambda kind, text: said.append(text))
    interfaces.firms(page, shared, "A", {"A": "A"}, 5)
    interfaces.partners(page, pd.DataFrame(), 5)
    nobody = "No two clusters had activities in the same past year."
    assert said == [nobody, "No collaborations are registered."]


def test_the_demos_partners_see_more_competition_where_a_cluster_crowds_out():
    answers = talks.partner_answers(Settings())
    mean = answers.groupby(["item", "cluster_id"])["score"].mean()
    crowding = CLUSTERS.set_index("cluster_id")["crowding_out"].notna()
    competition = mean["partner_competition"]
    assert competition[crowding].min() > competition[~crowding].max()
    assert answers["cvr"].isna().all()


def test_a_dated_event_is_on_the_figure_and_few_firms_are_not():
    ties = pd.DataFrame(
        {
            "year": [2026] * 12 + [2027] * 12,
            "actor_a": [f"S{n}" for n in range(12)] * 2,
            "actor_b": [f"X{n}" for n in range(12)] * 2,
            "actor_a_type": "sme",
            "actor_b_type": ["knowledge_institution"] * 6
            + ["public"] * 6
            + ["knowledge_institution"] * 2
            + ["public"] * 10,
        }
    )
    shares = by_year(ties, 5)
    assert shares["value"].iloc[0] == 0.5
    assert shares["value"].isna().tolist() == [False, True]
    event = pd.DataFrame({"date": [pd.Timestamp("2026-07-02")], "text": ["A change"]})
    axes = plots.research(shares, event).axes[0]
    assert axes.lines[1].get_xdata()[0] == pytest.approx(2026.5, abs=0.01)
    assert "A change" in [text.get_text() for text in axes.texts]
