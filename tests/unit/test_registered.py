"""A registered plan: kept with hash and date, and every deviation from it named."""

from __future__ import annotations

import json
from datetime import date

import pytest

from clusterstudy.errors import UserError
from clusterstudy.params import load_study
from clusterstudy.paths import NOTEBOOKS
from clusterstudy.report import html
from clusterstudy.runs import manifest
from clusterstudy.runs.plan import Vocabulary, override, plan
from clusterstudy.runs.registered import register, registered

STUDY = """\
title: Mine
data: demo
runs:
  - notebook: 20_impact_did
    set: {method: dr}
    sweep: {cluster: all, outcome: [fte]}
"""
METHOD = {"20_impact_did.ipynb": "1" * 64, "clusterstudy": "2" * 64}
VOCABULARY = Vocabulary(
    clusters={"K01": "One"},
    measures={"fte": "Employment", "productivity": "Productivity"},
    tables=("clusters", "firms", "firm_years", "participations", "price_index"),
    absent={},
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(STUDY, encoding="utf-8")
    return path


def runs(file, **settings):
    study, _ = load_study(str(file))
    return plan(override(study, settings), "mine", "mine.yml", VOCABULARY)


def test_a_run_as_registered_deviates_in_nothing(file):
    register(str(file), today=date(2026, 11, 24))
    found = registered(file, VOCABULARY)
    assert found.on == "2026-11-24"
    assert [found.about(run, METHOD)["deviations"] for run in runs(file)] == [[], []]


def test_what_differs_is_named_whether_in_the_file_or_by_hand(file):
    register(str(file))
    file.write_text(STUDY.replace("dr}", "ipw}").replace("fte", "productivity"), encoding="utf-8")
    found = registered(file, VOCABULARY)
    expected = [("method", "dr", "ipw"), ("outcome", "fte", "productivity")]
    assert found.about(runs(file)[0], METHOD)["deviations"] == expected
    by_hand = found.about(runs(file, method="or", seed="7")[0], METHOD)["deviations"]
    assert set(by_hand) == {expected[1], ("method", "dr", "or"), ("seed", "2026", "7")}


def test_a_notebook_that_was_not_planned_is_told_apart_from_one_that_follows(file):
    register(str(file))
    file.write_text(STUDY + "  - notebook: 10_baseline\n", encoding="utf-8")
    found = registered(file, VOCABULARY)
    assert found.about(runs(file)[-1], METHOD)["deviations"] is None


def test_what_made_the_report_is_held_against_what_was_there_when_it_was_registered(file):
    record = register(str(file))
    (run, *_) = runs(file)
    method = manifest.method(manifest.environment(), [NOTEBOOKS / "20_impact_did.ipynb"])
    assert registered(file, VOCABULARY).about(run, method)["changed"] == []
    later = method | {"clusterstudy": "f" * 64}
    assert registered(file, VOCABULARY).about(run, later)["changed"] == [
        ("clusterstudy", method["clusterstudy"], "f" * 64)
    ]
    kept = json.loads(record.read_text(encoding="utf-8"))[-1]["method"]
    assert kept == method
    assert {"20_impact_did.ipynb", "requirements.lock", "impact_model.csv"} < kept.keys()


def test_registering_anew_is_asked_for_and_stays_on_record(file):
    record = register(str(file), today=date(2026, 1, 1))
    first = json.loads(record.read_text(encoding="utf-8"))
    with pytest.raises(UserError, match="was registered on 2026-01-01"):
        register(str(file))
    file.write_text(STUDY.replace("dr}", "ipw}"), encoding="utf-8")
    register(str(file), again=True, today=date(2026, 2, 1))
    entries = json.loads(record.read_text(encoding="utf-8"))
    assert entries[:1] == first
    found = registered(file, VOCABULARY)
    assert (found.on, found.amended) == ("2026-02-01", 1)
    assert found.about(runs(file)[0], METHOD)["deviations"] == []


@pytest.mark.parametrize(
    "change", [lambda text: text.replace("dr}", "or}"), lambda text: text[:-9], lambda text: "[1]"]
)
def test_a_plan_changed_after_the_fact_is_refused(file, change):
    record = register(str(file))
    text = record.read_text(encoding="utf-8")
    record.write_text(change(text), encoding="utf-8")
    with pytest.raises(UserError, match="changed after it was registered"):
        registered(file, VOCABULARY)


def test_without_a_registered_plan_there_is_none(file):
    assert registered(file, VOCABULARY) is None


@pytest.mark.parametrize(
    ("deviations", "changed", "text"),
    [
        (None, [], "The plan holds no run of this notebook."),
        ([], [], "This report follows the plan."),
        ([["method", "dr", "ipw"]], [], "Deviations from the plan"),
        ([], [["clusterstudy", "b" * 64, "c" * 64]], "What changed since the plan was registered"),
    ],
)
def test_the_report_says_how_it_stands_to_the_plan(executed, a_run, deviations, changed, text):
    about = {"on": "2026-11-24", "sha256": "a" * 64, "amended": 0}
    about |= {"deviations": deviations, "changed": changed}
    assert text in html.render(executed, a_run(plan=about))
    assert "No plan was registered for this study." in html.render(executed, a_run())
