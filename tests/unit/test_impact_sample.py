"""The page on the sample: whom it covers, how numbers were joined, and what if nobody entered."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.demo import generate
from clusterstudy.impact import design, overlap, show
from clusterstudy.params import ImpactParameters
from clusterstudy.report.page import Page

P = ImpactParameters()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A demo in which nobody has entered since the programme began."""
    made = generate(tmp_path_factory.mktemp("demo") / "demo", firms=1000)
    for table, day in (("participations", "date"), ("memberships", "valid_from")):
        rows = pd.read_parquet(made / f"{table}.parquet")
        rows[rows[day].dt.year < P.programme_start].to_parquet(made / f"{table}.parquet")
    return made


def test_where_nobody_has_entered_the_page_says_so_and_nothing_fails(folder, pieces, tmp_path):
    names = ("cluster", "dose", "covariates", "programme_start", "first_year", "winsorise")
    chosen = {name: getattr(P, name) for name in (*names, "anticipation", "mergers")}
    study = design.design(Dataset(folder, date.fromisoformat(P.as_of)), P.outcome, **chosen)
    assert not study.chosen.any()
    assert len(study.firms.firms) > 100
    page = Page("en", tmp_path)
    show.sample(page, study, P.min_firms)
    assert "No SME is known to have entered" in pieces[-1]
    found = overlap.overlap(study)
    show.balance(page, found, overlap.balance(study, found), P.min_firms, P.rules)
    limits = {"results_from": 2027, "min_treated": 20, "max_off_support": 0.1}
    conditions = design.maturity(study, found.off_support, **limits)
    assert not conditions["met"].all()
    show.maturity(page, study, conditions, P.min_firms)
    assert "The data cannot carry an effect estimate yet" in pieces[-1]
