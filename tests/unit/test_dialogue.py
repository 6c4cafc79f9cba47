"""Guideposts: their declaration, evidence on both sides, the questions opened, and the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.tables import TABLES
from clusterstudy.contract.vocabulary import ACTIVITY, GUIDEPOST
from clusterstudy.demo import truth
from clusterstudy.dialogue import log, services, show, store
from clusterstudy.dialogue.declaration import read_balances, read_guideposts, read_offers
from clusterstudy.dialogue.evidence import MEASURES, SOURCES, c_and_d, evidence
from clusterstudy.dialogue.store import Evidence
from clusterstudy.errors import UserError
from clusterstudy.measures.observed import wilson
from clusterstudy.params import GuidepostParameters
from clusterstudy.paths import DATA, NOTEBOOKS
from clusterstudy.report.page import Page
from clusterstudy.sources import open_dataset

AS_OF = date(2028, 6, 30)
GUIDEPOSTS, BALANCES, OFFERS = read_guideposts(), read_balances(), read_offers()
DEFAULT = GuidepostParameters()


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def survey(scores: list[float], item: str = "satisfaction", wave: int = 2027) -> pd.DataFrame:
    number = range(len(scores))
    return pd.DataFrame(
        {
            "wave": wave,
            "respondent_id": [f"R{wave}-{n}" for n in number],
            "item": item,
            "cvr": [f"firm {n}" for n in number],
            "cluster_id": "A",
            "score": scores,
            "weight": 1.0,
        }
    )


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    """Return what is known of cluster A: small enough to count by hand."""
    hours = {"event": 1.0, "innovation_project": 7.0, "advice": 2.0}
    taken = [
        (f"firm {n}", "A", day("2027-03-01"), kind, spent)
        for kind, spent in hours.items()
        for n in range(5)
    ]
    later = [(f"firm {n}", "A", day("2028-02-01"), "event", 90.0) for n in range(5)]
    ties = [
        ("sme", "adviser", "referral", "none"),
        ("large", "public", "project", "prototype"),
        ("sme", "knowledge_institution", "project", "product_on_market"),
        ("sme", "knowledge_institution", "project", "none"),
    ]
    return {
        "clusters": pd.DataFrame(
            {
                "cluster_id": ["A", "B"],
                "private_adviser_density": [2.5, np.nan],
                "trade_association_agreements": [3.0, 0.0],
            }
        ),
        "participations": pd.DataFrame(
            taken + later, columns=["cvr", "cluster_id", "date", "activity_type", "hours"]
        ),
        "collaborations": pd.DataFrame(
            [
                ("A", 2027, f"{a} {n}", f"{b} {n}", a, b, kind, outcome)
                for n in range(5)
                for a, b, kind, outcome in ties
            ],
            columns=[n for n in TABLES["collaborations"].names if not n.startswith("cvr")],
        ),
        "projects": pd.DataFrame(
            {
                "cluster_id": "A",
                "start": [day("2025-01-01"), day("2026-01-01")],
                "end": [day("2026-01-01"), day("2028-01-01")],
                "grant": [300.0, 100.0],
            }
        ),
        "survey": survey([3.0, 4.0, 4.0, 5.0, 4.0]),
        "cluster_finances": pd.DataFrame(
            [
                ("A", 2027, "operating_grant", "actual", 50.0),
                ("A", 2027, "membership_fees", "actual", 30.0),
                ("A", 2027, "user_payment", "actual", 20.0),
                ("A", 2027, "in_kind_cofinancing", "actual", 900.0),
                ("A", 2028, "membership_fees", "plan_at_designation", 99.0),
            ],
            columns=["cluster_id", "year", "line", "scenario", "amount"],
        ),
        "service_sales": sales(("courses", 60.0, 8, 12), ("matchmaking", 40.0, 6, 2)),
    }


def sales(*rows: tuple[str, float, int, float], year: int = 2027) -> pd.DataFrame:
    """Return a cluster's sales by service, user payment, paying SMEs and private providers."""
    return pd.DataFrame(
        [("A", year, service, paid, smes, 0, providers) for service, paid, smes, providers in rows],
        columns=TABLES["service_sales"].names,
    )


@pytest.fixture
def sheet(pieces) -> Callable[[dict[str, pd.DataFrame]], str]:
    """Return a function that returns what the six sections on cluster A show."""

    def shown(tables: dict[str, pd.DataFrame]) -> str:
        found = read(tables).reset_index().assign(cluster_id="A")
        opened = services.questions(services.services(None, OFFERS, 5), 0.5, 10)
        page = Page("en")
        for letter in GUIDEPOST:
            show.guidepost(page, letter, BALANCES, found, opened, 5)
        return "".join(pieces)

    return shown


def read(tables: dict[str, pd.DataFrame], cluster: str = "A") -> pd.DataFrame:
    return evidence(tables, GUIDEPOSTS, BALANCES, OFFERS, cluster, AS_OF, 5).set_index("measure")


def test_kept_evidence_is_the_evidence_and_another_declaration_is_not_served_by_it(
    tables, tmp_path, monkeypatch
):
    pd.DataFrame({"cluster_id": ["A", "B"]}).to_parquet(tmp_path / "clusters.parquet")
    declared = {"guideposts": GUIDEPOSTS, "balances": BALANCES, "offers": OFFERS}
    given = {"programme_start": 2025, "clusters": ["A", "B"], "min_firms": 5, **declared}
    kept = Evidence(Dataset(tmp_path, AS_OF), tables, **given)
    for again in (False, True):
        if again:
            monkeypatch.setattr(store, "evidence", None)
            monkeypatch.setattr(store, "c_and_d", None)
        found = kept.balanced()
        for code in "AB":
            part = found[found["cluster_id"] == code].drop(columns="cluster_id")
            alone = evidence(tables, GUIDEPOSTS, BALANCES, OFFERS, code, AS_OF, 5)
            pd.testing.assert_frame_equal(part, alone)
        placed = c_and_d(tables, OFFERS, ["A", "B"], AS_OF, 5)
        pd.testing.assert_frame_equal(kept.c_and_d(), placed)
    other = Evidence(kept.data, tables, **given | {"balances": BALANCES.iloc[1:]})
    with pytest.raises(TypeError):  # made anew
        other.balanced()


def test_evidence_is_what_one_counts_by_hand(tables):
    found = read(tables)
    expected = {
        "satisfaction": 4.0,
        "hours_existing": 0.1,
        "hours_new": 0.7,
        "hours_core": 0.7,
        "hours_outside": 0.3,
        "hours_individual": 0.2,
        "firms_reached": 5,
        "project_prototypes": 1 / 3,
        "projects_open": 1 / 3,
        "ties_on_market": 1 / 4,
        "ties_referral": 1 / 4,
        "ties_private": 1 / 4,
        "ties_knowledge": 1 / 2,
        "knowledge_results": 1 / 2,
        "ties_sme": 3 / 4,
        "ties_large_own": 1.0,
        "actors_reached": 5 * 5,
        "project_months": (300 * 365 + 100 * 730) / 400 / (365.25 / 12),
        "largest_project": 0.75,
        "private_share": 0.5,
        "fees_share": 0.3,
        "donations_share": 0.0,
        "payment_share": 0.2,
        "sales_outside": 0.6,
        "sales_individual": 0.0,
        "sales_research": 0.6,
        "buyers_sme": 14,
        "providers_met": 0.6 * 12 + 0.4 * 2,
        "adviser_density": 2.5,
        "association_agreements": 3,
    }
    assert found.loc[list(expected), "value"].to_dict() == pytest.approx(expected)
    assert (found.loc[list(expected), "status"] == "shown").all()


def test_activities_count_by_the_last_whole_year_and_accounts_by_what_happened(tables):
    found = read(tables)
    assert found.loc["hours_new", "period"] == "2027"
    assert found.loc["fees_share", "period"] == "2027"
    assert found.loc["project_months", "period"] == "2025–2026"


def test_answers_and_shares_of_collaborations_carry_an_interval_and_nothing_else_does(tables):
    found = read(tables)
    low, high = found.loc["satisfaction", ["low", "high"]]
    margin = 1.959964 * np.std([3, 4, 4, 5, 4], ddof=1) / np.sqrt(5)
    assert (low, high) == pytest.approx((4 - margin, 4 + margin))
    assert found.loc["ties_referral", ["low", "high"]].to_list() == pytest.approx(wilson(0.25, 20))
    counted = ~found["source"].isin(["survey", "collaborations"])
    assert found.loc[counted, ["low", "high"]].isna().all(axis=None)


def test_answers_are_weighted_and_those_of_partners_are_not(tables):
    scores = [1.0, 2.0, 3.0, 4.0, 5.0]
    firms = survey(scores).assign(weight=[5.0, 1, 1, 1, 2])
    partners = survey(scores, "partner_cocreation").assign(cvr=None, weight=np.nan)
    found = read(tables | {"survey": pd.concat([firms, partners])})["value"]
    assert found["satisfaction"] == pytest.approx((5 + 2 + 3 + 4 + 2 * 5) / 10)
    assert found["partner_cocreation"] == 3.0


def test_answers_without_a_firm_are_no_firms_answers(tables):
    unknown = survey([4.0] * 9).assign(cvr=None, weight=np.nan)
    assert read(tables | {"survey": unknown}).loc["satisfaction", "status"] == "no rows"


@pytest.mark.parametrize("answered", [1, 3, 4])
def test_a_wave_with_few_answers_is_suppressed_and_said_so(tables, answered, sheet):
    early = survey([2.0] * 9, wave=2026)
    few = tables | {"survey": pd.concat([early, survey([4.0] * answered)])}
    row = read(few).loc["satisfaction"]
    assert row["status"] == "few"
    assert np.isnan([row["value"], row["low"], row["high"], row["n"]]).all()
    assert "fewer than 5 firms" in sheet(few)


def test_a_share_and_its_interval_are_both_written_in_percent(tables, sheet):
    low, high = (round(100 * bound) for bound in wilson(0.5, 20))
    assert f"50\xa0% [{low};\xa0{high}]" in sheet(tables)


def test_five_answers_of_one_firm_are_one_firm(tables):
    one = survey([4.0] * 5).assign(cvr="firm 0")
    assert read(tables | {"survey": one}).loc["satisfaction", "status"] == "few"


def test_a_share_is_hidden_where_a_service_or_an_activity_has_few_firms(tables):
    lone = sales(("courses", 60.0, 8, 12), ("matchmaking", 30.0, 6, 2), ("market_entry", 9.0, 4, 1))
    found = read(tables | {"service_sales": lone})
    assert (
        found.loc[["sales_outside", "sales_research", "providers_met"], "status"] == "few"
    ).all()
    taken = tables["participations"]
    one = pd.DataFrame(
        [("firm 9", "A", day("2027-05-01"), "matchmaking", 3.0)], columns=taken.columns
    )
    found = read(tables | {"participations": pd.concat([taken, one])})
    assert (found.loc[["hours_core", "hours_new"], "status"] == "few").all()
    assert found.loc["firms_reached", "value"] == 6


def test_few_large_buyers_hide_the_smes_too_for_the_sum_is_shown(tables):
    some = tables["service_sales"].assign(buyers_large=[2, 2])
    found = read(tables | {"service_sales": some})
    assert (found.loc[["buyers_large", "buyers_sme"], "status"] == "few").all()
    assert found.loc["sales_outside", "n"] == 18


@pytest.mark.parametrize("table", SOURCES)
def test_a_missing_table_leaves_its_measures_out_and_says_so(tables, table, sheet):
    others = {name: frame for name, frame in tables.items() if name != table}
    found = read(others)
    assert set(found.loc[found["source"] == table, "status"]) == {"no table"}
    assert f"table {table} missing" in sheet(others)


def test_a_cluster_without_rows_is_not_registered_rather_than_zero(tables):
    found = read(tables, "B")
    assert found.loc["adviser_density", "status"] == "no rows"
    assert found.loc["association_agreements", "value"] == 0
    assert (found.loc[found["source"] != "clusters", "status"] == "no rows").all()


def test_every_balance_has_evidence_on_both_sides(tables):
    found = read(tables)
    assert set(found["guidepost"]) == set(GUIDEPOST)
    for _letter, balance in BALANCES.iterrows():
        sides = found[found["guidepost"] == balance["letter"]]
        assert {balance["left"], balance["right"]} <= set(sides["consideration"])
    assert set(MEASURES) == set(found.index)


def test_a_service_opens_a_question_by_its_share_and_the_market(tables):
    found = services.services(tables["service_sales"], OFFERS, 5)
    opened = services.questions(found, DEFAULT.question_share, DEFAULT.question_providers)
    assert opened[["service_type", "reason", "guidepost"]].to_numpy().tolist() == [
        ["courses", "outside", "b"],
        ["courses", "crowded", "d"],
    ]
    assert services.questions(found, 0.61, 1).empty
    assert set(services.questions(found, 0.6, 13)["reason"]) == {"outside"}
    assert set(services.questions(found, 0.4, 2)["service_type"]) == {"courses", "matchmaking"}


def test_a_service_nobody_has_placed_opens_the_question_where_it_belongs():
    found = services.services(sales(("podcasts", 90.0, 9, 1), ("courses", 10.0, 9, 1)), OFFERS, 5)
    opened = services.questions(found, 0.5, 10)
    assert opened[["label", "reason"]].to_numpy().tolist() == [["podcasts", "unplaced"]]


def test_a_service_with_few_buyers_is_blank_and_opens_nothing():
    sold = sales(("courses", 80.0, 4, 30), ("matchmaking", 15.0, 9, 2), ("market_entry", 5.0, 7, 2))
    found = services.services(sold, OFFERS, 5).set_index("service_type")
    assert found["blank"].to_dict() == {
        "courses": True,
        "market_entry": True,  # its difference to the public total would tell courses
        "matchmaking": False,
    }
    assert found.loc["courses", ["revenue", "share", "buyers"]].isna().all()
    assert services.questions(found, 0.1, 1).index.size == 1


def test_the_latest_year_counts_and_a_year_without_payment_opens_nothing():
    old, new = sales(("courses", 9.0, 9, 30), year=2026), sales(("courses", 0.0, 0, 30))
    found = services.services(pd.concat([old, new]), OFFERS, 5)
    assert list(found["year"]) == [2027]
    assert services.questions(found, 0.5, 10).empty
    assert services.services(None, OFFERS, 5).empty


@pytest.fixture
def dialogue() -> pd.DataFrame:
    held = [
        ("A", "d", day("2026-03-12"), "x ↔ y", 1, "Meet the association", day("2026-06-01")),
        ("A", "a", day("2027-04-01"), "v ↔ w", -2, "Describe the horizon", day("2028-09-01")),
        ("A", "b", day("2027-04-01"), "p ↔ q", 0, None, pd.NaT),
        ("B", "c", day("2025-11-27"), "s ↔ t", np.nan, "Set a price", pd.NaT),
    ]
    columns = ["cluster_id", "guidepost", "date", "consideration", "position"]
    return pd.DataFrame(held, columns=[*columns, "agreed_follow_up", "due"]).assign(evidence="x")


def test_the_log_has_the_latest_meeting_first(dialogue):
    entries = log.entries(dialogue.sample(frac=1, random_state=1))
    assert list(entries["guidepost"]) == ["a", "b", "d", "c"]


def test_steps_come_in_the_order_of_their_days_and_none_is_lost(dialogue):
    agreed = log.steps(log.entries(dialogue), AS_OF)
    assert list(agreed["step"]) == ["Meet the association", "Describe the horizon", "Set a price"]
    assert list(agreed["passed"]) == [True, False, False]
    assert list(log.steps(log.entries(dialogue), date(2026, 6, 1))["passed"]) == [False] * 3


def test_meetings_and_balances_sum_up_the_log(dialogue):
    again = dialogue.iloc[[1]].assign(date=day("2028-03-01"), position=1, agreed_follow_up=None)
    entries = log.entries(pd.concat([dialogue, again]))
    held = log.meetings(entries)
    assert held[["guideposts", "balances", "steps"]].to_numpy().tolist() == [
        ["a", 1, 0],
        ["a, b", 2, 1],
        ["d", 1, 1],
        ["c", 1, 1],
    ]
    weighed = log.courses(entries).set_index("consideration")
    assert weighed.loc["v ↔ w", ["times", "first", "latest"]].to_list() == [2, -2, 1]
    assert "s ↔ t" not in weighed.index  # no position was noted


def test_the_overview_follows_the_codes_and_counts(dialogue):
    entries = log.entries(dialogue)
    opened = pd.DataFrame({"cluster_id": ["A", "A"], "guidepost": ["d", "b"]})
    table = log.overview(["A", "B", "C"], entries, log.steps(entries, AS_OF), opened)
    assert list(table["cluster_id"]) == ["A", "B", "C"]
    assert table["guideposts"].to_list() == ["b, d", "", ""]
    assert table[["meetings", "passed", "ahead"]].to_numpy().tolist() == [
        [2, 1, 1],
        [1, 0, 1],
        [0, 0, 0],
    ]


def test_a_guidepost_that_does_not_exist_is_named(dialogue):
    odd = dialogue.assign(guidepost=["d", "g", "b", "c"])
    message = r"dialogue, cluster A, 2027-04-01: there is no guidepost 'g'. Allowed: a, b, c, d, e"
    with pytest.raises(UserError, match=message):
        log.entries(odd)


def test_without_a_log_there_are_no_meetings_and_no_steps():
    entries = log.entries(None)
    table = log.overview(["A"], entries, log.steps(entries, AS_OF), entries)
    assert table[["meetings", "passed", "ahead"]].to_numpy().tolist() == [[0, 0, 0]]
    assert table["latest"].isna().all()


def test_the_draft_has_the_vocabularys_headings_and_the_notebook_too():
    assert GUIDEPOSTS["heading"].to_dict() == GUIDEPOST
    notebook = json.loads((NOTEBOOKS / "50_guideposts.ipynb").read_text(encoding="utf-8"))
    first = ["".join(cell["source"]).partition("\n")[0] for cell in notebook["cells"]]
    headings = [f"## {letter}) {heading}" for letter, heading in GUIDEPOSTS["heading"].items()]
    assert [line for line in first if line in headings] == headings
    assert set(OFFERS.loc["participations"].index) == set(ACTIVITY)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("guideposts", "\nf,", "\ng,", "row 7: expected letter to be one of a, b, c, d, e, f"),
        ("guideposts", "\nf,", "\ne,", "row 7: this row of guideposts is there twice"),
        ("guideposts", f"c,{GUIDEPOST['c']},", "c,,", "row 4: expected a value in every column"),
        ("guideposts", "draft,0.1,2025-11-27,research_use", "agreed,0.1,2025-11-27,x", "status"),
        ("guideposts", "letter,heading", "letter,title", "the column heading is missing"),
        ("offers", "event,Event,no", "event,Event,maybe", "expected core to be one of yes, no"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(name, old, new, message, tmp_path):
    text = (DATA / f"{name}.csv").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / f"{name}.csv"
    path.write_text(text.replace(old, new), encoding="utf-8")
    reader = {"guideposts": read_guideposts, "offers": read_offers}[name]
    with pytest.raises(UserError, match=message):
        reader(path)


def test_a_guidepost_that_is_left_out_and_a_file_that_is_not_there_are_named(tmp_path):
    path = tmp_path / "guideposts.csv"
    with pytest.raises(UserError, match="expected a declaration of guideposts and found none"):
        read_guideposts(path)
    lines = (DATA / "guideposts.csv").read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(UserError, match="the guidepost f is missing"):
        read_guideposts(path)


def test_only_clusters_with_both_figures_stand_on_guideposts_c_and_d(tables):
    placed = c_and_d(tables, OFFERS, ["A", "B"], AS_OF, 5)
    assert placed.to_dict("records") == [{"cluster_id": "A", "density": 2.5, "share": 0.5}]
    assert c_and_d({}, OFFERS, ["A"], AS_OF, 5).empty


def test_a_measure_that_does_not_exist_is_named(tables):
    odd = GUIDEPOSTS.assign(evidence="applause")
    with pytest.raises(UserError, match="there is no measure 'applause'"):
        evidence(tables, odd, BALANCES, OFFERS, "A", AS_OF, 5)


def test_the_demos_crowding_out_clusters_get_the_question_and_no_other_does():
    data = open_dataset("demo", date(2029, 12, 31))
    put_in = truth.read(data.folder, "clusters").set_index("cluster_id")["crowding_out"]
    found = services.services(data.read("service_sales"), OFFERS, DEFAULT.min_firms)
    opened = services.questions(found, DEFAULT.question_share, DEFAULT.question_providers)
    crowded = opened[opened["reason"] == services.CROWDED]
    asked = dict(zip(crowded["cluster_id"], crowded["service_type"], strict=True))
    assert asked == put_in.dropna().to_dict()
