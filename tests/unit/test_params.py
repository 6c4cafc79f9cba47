"""The study file and the parameters: what fits, and the one line where it does not."""

from __future__ import annotations

import re
from dataclasses import replace

import papermill
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterstudy import params
from clusterstudy.errors import UserError
from clusterstudy.params import NOTEBOOKS, Study, load_study, parameters_cell
from clusterstudy.paths import NOTEBOOKS as FOLDER
from clusterstudy.runs.plan import Vocabulary, check, override, plan, run_id, select, slug

VOCABULARY = Vocabulary(
    clusters={"K01": "One", "K02": "Two", "K03": "Three"},
    measures={"fte": "Employment", "productivity": "Productivity"},
    tables=("clusters", "firms", "firm_years", "participations", "price_index"),
    absent={},
)


def study(text: str, tmp_path, **settings: str) -> tuple[Study, str]:
    file = tmp_path / "mine.yml"
    file.write_text(text, encoding="utf-8")
    loaded, _ = load_study(str(file))
    check(loaded, "mine.yml")
    return override(loaded, settings), "mine.yml"


def planned(text: str, tmp_path, **settings: str):
    loaded, file = study(text, tmp_path, **settings)
    return plan(loaded, "mine", file, VOCABULARY)


GOOD = """\
title: A study
as_of: 2027-12-31
runs:
  - notebook: 10_baseline
    sweep: {cluster: all}
  - notebook: 20_impact_did
    set: {method: ipw, covariates: [size, age]}
    sweep: {cluster: [programme, K02], outcome: all}
"""


def test_a_run_is_a_notebook_times_the_product_of_its_sweeps(tmp_path):
    runs = planned(GOOD, tmp_path)
    assert [run.id for run in runs] == [
        "10_baseline--programme",
        "10_baseline--K01",
        "10_baseline--K02",
        "10_baseline--K03",
        "20_impact_did--programme--fte",
        "20_impact_did--programme--productivity",
        "20_impact_did--K02--fte",
        "20_impact_did--K02--productivity",
    ]
    last = runs[-1].parameters
    assert (last.cluster, last.outcome, last.method) == ("K02", "productivity", "ipw")
    assert (last.as_of, last.covariates) == ("2027-12-31", ["size", "age"])


def test_the_command_line_replaces_what_the_study_sets_and_sweeps(tmp_path):
    runs = planned(GOOD, tmp_path, cluster="K03", method="or", level="0.9", covariates="size, age")
    assert [run.parameters.cluster for run in runs] == ["K03"] * 3
    changed = "cluster-K03--level-0.9--method-or"
    assert [run.id for run in runs][1:] == [
        f"20_impact_did--fte--{changed}",
        f"20_impact_did--productivity--{changed}",
    ]
    assert runs[1].parameters.method == "or"
    assert {run.parameters.level for run in runs} == {0.9}
    assert override(study(GOOD, tmp_path)[0], {"data": "elsewhere"}).data == "elsewhere"


@pytest.mark.parametrize(
    ("settings", "ending"),
    [
        ({}, ""),
        ({"lang": "da", "method": "ipw", "as_of": "2027-12-31"}, ""),  # as the study has them
        ({"lang": "en"}, "--en"),
        ({"outcome": "fte"}, "--outcome-fte"),
        ({"method": "or", "lang": "en"}, "--en--method-or"),
        ({"data": "mine"}, "--data-mine"),
    ],
)
def test_an_overridden_run_has_a_name_of_its_own(settings, ending, tmp_path):
    text = GOOD.replace("outcome: all", "outcome: [productivity]")
    runs = select(planned(text, tmp_path, **settings), ["20_impact_did/K02"])
    swept = "" if "outcome" in settings else "--productivity"
    assert [run.id for run in runs] == [f"20_impact_did--K02{swept}{ending}"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "20_impact_did, sweep: {outcome: all}",
            "the measure productivity needs the table price_i",
        ),
        ("60_board_report, set: {outcomes: [fte, productivity]}", "productivity needs the table p"),
        (
            "60_board_report, set: {outcomes: [fte], costed: [productivity]}",
            "productivity needs th",
        ),
        ("90_method_validation", "the table firm_measures is missing"),
        (
            "20_impact_did, set: {other_programmes: exclude}",
            "other_support is missing. Add other_support, or set other_programmes: ignore",
        ),
        (
            "20_impact_did, set: {curve_other_programmes: [ignore, covariate]}",
            "the table other_support is missing. Add other_support, or leave covariate out of",
        ),
        ("10_baseline, set: {other_programmes: covariate}", "the table other_support is missing"),
    ],
)
def test_a_run_without_a_table_it_needs_stops_before_it_starts(spec, message, tmp_path):
    bare = replace(VOCABULARY, absent={"productivity": "price_index"})
    loaded, file = study(f"title: A\nruns:\n  - {{notebook: {spec}}}\n", tmp_path)
    with pytest.raises(UserError, match=rf"mine.yml: runs\[0\]: .*{message}"):
        plan(loaded, "mine", file, bare)
    spared = "title: A\nruns: [{notebook: 10_baseline, set: {outcomes: [fte, productivity]}}]"
    assert plan(study(spared, tmp_path)[0], "mine", file, bare)  # it says what is left out


def test_only_takes_notebooks_and_clusters_by_pattern(tmp_path):
    runs = planned(GOOD, tmp_path)
    assert select(runs, []) == runs
    assert [run.id for run in select(runs, ["10*/K0[12]"])] == [
        "10_baseline--K01",
        "10_baseline--K02",
    ]
    assert len(select(runs, ["20_impact_did", "*/programme"])) == 5
    with pytest.raises(UserError, match="--only: unknown run '30_readiness'"):
        select(runs, ["30_readiness"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("title: A study", "titel: A study"), "unknown key 'titel'. Did you mean 'title'?"),
        (("title: A study\n", ""), "title: this key is required and missing"),
        (("title: A study", "title: [a]"), "title: expected text and found ['a']"),
        (("2027-12-31", "next year"), "as_of: expected a date such as 2026-12-31"),
        (("as_of", "lang"), "lang: "),
        (("runs:", "title: twice\nruns:"), "line 3: not valid YAML: the key 'title' is there more"),
        (("10_baseline", "10_baselin"), "runs[0].notebook: unknown notebook '10_baselin'. Did you"),
        (("method: ipw", "methud: ipw"), "runs[1].set.methud: unknown parameter of 20_impact_did"),
        (("method: ipw", "method: twfe"), "runs[1].set.method: unknown value 'twfe'. Allowed: dr,"),
        (("method: ipw", "level: 95"), "runs[1].set.level: expected less than 1 and found 95"),
        (("method: ipw", "level: high"), "runs[1].set.level: expected a number and found 'high'"),
        (("method: ipw", "anticipation: yes"), "expected a whole number and found True"),
        (("[size, age]", "[size, taste]"), "covariates[1]: unknown value 'taste'. Allowed: size,"),
        (("method: ipw", "output: x"), "runs[1].set.output: unknown parameter"),
        (("method: ipw", "outcome: fte"), "runs[1].sweep.outcome: this key is both set and swept"),
        (("K02]", "K09]"), "runs[1].sweep.cluster: unknown cluster 'K09'. Did you mean 'K0"),
        (("K02]", "programme]"), "two runs have the name 20_impact_did--programme--fte"),
        (("[programme, K02]", "K02"), "expected `all` or a list of values and found 'K02'"),
        (("[programme, K02]", "[]"), "expected `all` or a list of values and found []"),
        (("outcome: all", "outcome: [profit]"), "unknown outcome 'profit'. Allowed: fte, product"),
        (("outcome: all", "dose: all"), "runs[1].sweep.dose: `all` is not known for dose"),
        (("method: ipw", "power: 0.05"), "runs[1]: expected power above 1 - level (0.05) and fou"),
        (("method: ipw", "first_year: 2025"), "expected first_year before programme_start (2025)"),
        (
            ("outcome: all", "outcome: all, results_from: [2027, 2024]"),
            "runs[1]: expected results_from not before programme_start (2025) and found 2024",
        ),
        (
            ("20_impact_did\n    set: {method: ipw,", "30_readiness\n    set: {certainty: 0.5,"),
            "runs[1].set.certainty: expected greater than 0.5 and found 0.5",
        ),
        (("title: A study", "title: {A study"), "not valid YAML"),
        (("2027-12-31", "2027-02-30"), "line 2: not valid YAML: '2027-02-30' is no timestamp"),
        (("title: A", "? [a, b]\n: A"), "line 1: not valid YAML: a key is no text"),
        (("2027-12-31", "!!bool maybe"), "line 2: not valid YAML: 'maybe' is no bool"),
        ((GOOD, ""), "expected keys with values and found None"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_key_and_what_is_allowed(change, message, tmp_path):
    with pytest.raises(UserError) as caught:
        planned(GOOD.replace(*change), tmp_path)
    assert message in str(caught.value)
    assert "mine.yml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("methud", "dr", "--set: unknown parameter 'methud'. Did you mean 'method'?"),
        ("method", "dd", "--set: method: unknown value 'dd'. Allowed: dr, ipw, or"),
        ("level", "much", "--set: level: expected a number and found 'much'"),
        ("output", "x", "--set: unknown parameter 'output'"),
        ("first_year", "2030", "--set: expected first_year before programme_start (2025) and fou"),
        ("min_firms", "[: ", "--set: min_firms: expected a whole number and found '[: '"),
        ("min_firms", "2027-02-30", "--set: min_firms: expected a whole number and found '2027-"),
    ],
)
def test_a_mistake_on_the_command_line_is_named_there(key, text, message, tmp_path):
    with pytest.raises(UserError, match=re.escape(message)):
        planned(GOOD, tmp_path, **{key: text})


def test_values_that_fit_each_other_may_all_differ_from_the_defaults(tmp_path):
    early = "first_year: 1987, programme_start: 1988, results_from: 1988"
    runs = planned(GOOD.replace("method: ipw", early), tmp_path, power="0.9")
    assert runs[-1].parameters.programme_start == 1988


def test_an_unknown_study_names_the_ones_there_are(tmp_path, monkeypatch):
    monkeypatch.setattr(params, "PARAMS", tmp_path)
    (tmp_path / "demo.yml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(UserError, match=r"unknown study 'dmo'. Did you mean 'demo'\?"):
        load_study("dmo")


@given(st.text(max_size=80), st.text(max_size=80))
def test_run_names_are_safe_folder_names_and_tell_values_apart(one, other):
    for text in (one, other):
        assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,79}", slug(text))
        assert not slug(text).endswith(".")
    if one != other:
        assert run_id("n", [one]) != run_id("n", [other])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_parameters_cell_reads_like_a_form_and_fits_its_model(name):
    cell, model = parameters_cell(NOTEBOOKS[name]), NOTEBOOKS[name]
    namespace: dict[str, object] = {}
    exec(cell, namespace)
    given_values = {key: namespace[key] for key in model.model_fields}
    assert params.validated(model, given_values, where=name) == model()
    assert all(len(line) <= 100 for line in cell.splitlines())


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_each_notebooks_parameters_cell_is_its_models(path):
    model = NOTEBOOKS[path.stem]
    inspected = papermill.inspect_notebook(path)
    assert list(inspected) == list(model.model_fields)
    for key, field in model.model_fields.items():
        assert inspected[key]["inferred_type_name"] == params.type_name(field)
        assert inspected[key]["help"].startswith(field.description)
    lines = [f"{p['name']}: {p['inferred_type_name']} = {p['default']}  # {p['help']}"
             for p in inspected.values()]  # fmt: skip
    assert "\n".join(lines) == parameters_cell(model)


def test_a_studys_rule_set_says_how_few_firms_are_hidden(tmp_path):
    assert {run.parameters.min_firms for run in planned(GOOD, tmp_path)} == {5}
    strict = planned(GOOD + "rules: strict\n", tmp_path)
    assert {(run.parameters.rules, run.parameters.min_firms) for run in strict} == {("strict", 10)}
    with pytest.raises(UserError, match=r"unknown rule set 'lax'.*standard, strict"):
        planned(GOOD + "rules: lax\n", tmp_path)
