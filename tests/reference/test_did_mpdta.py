"""County minimum wages, Callaway & Sant'Anna (2021), against the figures of data/published.csv."""

from __future__ import annotations

import sys

import pytest

from clusterstudy.errors import UserError
from clusterstudy.validation import minimum_wages, published


@pytest.fixture(scope="module")
def ours():
    pytest.importorskip("moderndid", reason="needs the validation extra")
    return minimum_wages.figures(minimum_wages.counties())


def test_every_published_figure_is_reproduced_to_its_last_digit(ours):
    compared = published.compare(ours)
    assert compared["kind"].value_counts().to_dict() == {
        "cell": 12,
        "dynamic": 7,
        "period": 4,
        "cohort": 3,
        "simple": 1,
        "unconditional": 1,
    }
    published.require(compared)


def test_a_figure_that_is_off_by_a_digit_is_found(ours):
    wrong = ours.copy()
    wrong.loc[3, "se"] += 1e-7
    with pytest.raises(AssertionError, match="1 figures differ"):
        published.require(published.compare(wrong))
    with pytest.raises(ValueError, match="is not reproduced"):
        published.compare(ours.iloc[:-1])


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "moderndid", None)
    with pytest.raises(UserError, match="moderndid"):
        minimum_wages.counties()
