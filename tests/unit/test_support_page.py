"""The page on other public support: what it shows, what it hides, and what it says is not known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.demo import generate
from clusterstudy.impact import effects, show, support
from clusterstudy.impact.design import Design, design
from clusterstudy.impact.show.support import WHEN
from clusterstudy.params import ImpactParameters
from clusterstudy.report.page import Page

P = ImpactParameters()
CHOICES = effects.Choices(P.method, P.control, P.level, P.power, P.least_treated)
NAMES = ("cluster", "dose", "covariates", "programme_start", "first_year", "winsorise")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = generate(tmp_path_factory.mktemp("demo") / "demo", firms=1500)
    return Dataset(folder, date.fromisoformat(P.as_of))


def designed(data: Dataset, choice: str) -> Design:
    chosen = {name: getattr(P, name) for name in (*NAMES, "anticipation")}
    return design(data, "fte", **chosen, other_programmes=choice)


def counts(*treated: int) -> pd.DataFrame:
    """Return a table of who had support, of these new entrants and 400 comparison firms."""
    share = np.array(treated) / sum(treated)
    others = {"n_comparison": [80, 40, 280], "share_comparison": [0.2, 0.1, 0.7]}
    return pd.DataFrame({"when": list(WHEN), "n": treated, "share": share, **others})


def table(folder, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "tables" / f"{name}.csv")


def test_who_had_support_is_shown_and_small_numbers_are_not(pieces, tmp_path):
    show.received(Page("en", tmp_path), counts(60, 30, 90), "covariate", P.min_firms)
    assert "own choice: earlier support as covariate" in "".join(pieces)
    assert table(tmp_path, "other_support")["n"].tolist() == [60, 30, 90]
    show.received(Page("en", tmp_path), counts(60, 3, 90), "ignore", P.min_firms)
    assert "leave other support out of account" in pieces[-2]
    hidden = table(tmp_path, "other_support")
    assert hidden["n"].isna().tolist() == [True, True, False]  # not one alone: all add up
    assert hidden["share"].isna().tolist() == [True, True, False]
    assert hidden["n_comparison"].tolist() == [80, 40, 280]


def test_a_share_tells_no_more_of_a_number_of_firms_than_the_number_beside_it(pieces, tmp_path):
    show.received(Page("en", tmp_path), counts(68, 32, 103), "covariate", 5)
    shown = table(tmp_path, "other_support")
    assert shown["n"].tolist() == [65, 30, 100]
    assert (shown["share"] * 200).tolist() == pytest.approx([65, 30, 100])


def test_the_effect_stands_under_all_choices_and_the_reports_own_is_named(data, pieces, tmp_path):
    made = {name: designed(data, name) for name in support.CHOICES}
    compared = support.compare(made, CHOICES)
    show.by_support(Page("en", tmp_path), made["ignore"], compared, "exclude", P.min_firms)
    assert "Earlier support as covariate moves the effect by" in pieces[-1]
    shown = table(tmp_path, "by_support")
    assert shown["own"].fillna("").tolist() == ["", "", "yes"]
    assert shown.loc[1:, "difference"].notna().all()
    assert np.isnan(shown.loc[0, "difference"])


def test_an_estimate_on_all_but_a_few_firms_is_blank(data, pieces, tmp_path):
    study = designed(data, "ignore")
    compared = support.compare(dict.fromkeys(support.CHOICES, study), CHOICES)
    compared.loc[2, "n"] -= P.min_firms - 1
    show.by_support(Page("en", tmp_path), study, compared, "ignore", P.min_firms)
    shown = table(tmp_path, "by_support")
    assert shown["estimate"].notna().tolist() == [True, True, False]
    assert shown["n"].notna().tolist() == [True, True, False]


def test_too_few_firms_without_support_have_a_reason_and_no_estimate(data):
    made = {name: designed(data, name) for name in support.CHOICES}
    few = int(made["exclude"].seen.sum()) + 1
    choices = effects.Choices(P.method, P.control, P.level, P.power, few)
    rows = support.compare(made, choices).set_index("group")
    assert rows["estimate"].notna().tolist() == [True, True, False]
    assert rows.loc["exclude", "reason"] == f"fewer than {few} new entrants"


def test_without_the_table_the_page_says_that_it_is_not_known(pieces, tmp_path):
    show.support_unknown(Page("en", tmp_path))
    assert "The table other_support is not there" in pieces[-1]
