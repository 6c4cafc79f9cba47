"""What the figures of readiness show, and in which order."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import matplotlib as mpl
import pandas as pd
import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.readiness import plots, sensitivity, store, uncertainty
from clusterstudy.readiness.declaration import read_indicators
from clusterstudy.readiness.indicators import Measured
from clusterstudy.readiness.profile import assign
from clusterstudy.report import theme

INDICATORS = read_indicators()
VALUES = pd.DataFrame(
    [INDICATORS["goalpost_low"], INDICATORS["bar"], INDICATORS["goalpost_high"]], ["K1", "K2", "K3"]
)
NAMES = pd.Series({"K3": "Alfa", "K1": "Beta", "K2": "Gamma"})
DRAWN = uncertainty.simulate(VALUES, VALUES * 0, INDICATORS, 200, seed=1)


@pytest.fixture(autouse=True)
def _style():
    mpl.use("agg")
    theme.use()
    yield
    mpl.pyplot.close("all")


def rows(ax) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def bold(ax) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels() if label.get_weight() == "bold"]


def test_ranks_stand_in_the_order_of_names_with_one_cluster_set_off():
    intervals = DRAWN.rank_intervals()
    [ax] = plots.rank_intervals(intervals, NAMES, "K1").axes
    assert rows(ax) == ["Alfa", "Beta", "Gamma"]
    assert bold(ax) == ["Beta"]
    assert ax.lines[0].get_xdata().tolist() == intervals.loc[NAMES.index, "median"].tolist()


def test_the_context_clause_is_drawn_apart():
    axes = plots.clause_margins(DRAWN.margin_intervals(), NAMES).axes
    assert len(axes) == 4
    assert bold(axes[0]) == []
    dots = [next(line for line in ax.lines if len(line.get_xdata()) == len(NAMES)) for ax in axes]
    hollow = [dot.get_markerfacecolor() == "white" for dot in dots]
    assert hollow == [False, False, True, False]


def test_every_segment_has_its_own_hatch_and_each_row_fills_the_bar():
    probabilities = DRAWN.segment_probabilities()
    figure = plots.segments(probabilities, assign(probabilities, 0.8), NAMES)
    [ax] = figure.axes
    hatches = [bars.patches[0].get_hatch() for bars in ax.containers]
    assert len(set(hatches)) == len(hatches) == (probabilities > 0).any().sum()
    ends = [sum(bars.patches[row].get_width() for bars in ax.containers) for row in range(3)]
    assert ends == pytest.approx([1, 1, 1])
    assert ax.texts[0].get_text() == "Good preconditions"


def test_kept_indices_are_those_found_and_others_for_other_values(tmp_path, monkeypatch):
    pd.DataFrame({"cluster_id": VALUES.index}).to_parquet(tmp_path / "clusters.parquet")
    data = Dataset(tmp_path)
    monkeypatch.setattr(store.sensitivity, "sobol", partial(sensitivity.sobol, base=64))
    measured = Measured(VALUES, VALUES * 0, VALUES.isna())
    found = store.sobol(data, measured, INDICATORS, 1)
    pd.testing.assert_frame_equal(found, sensitivity.sobol(VALUES, VALUES * 0, INDICATORS, seed=1))
    monkeypatch.setattr(store.sensitivity, "sobol", None)
    pd.testing.assert_frame_equal(store.sobol(data, measured, INDICATORS, 1), found)
    with pytest.raises(TypeError):  # made anew
        store.sobol(data, replace(measured, values=VALUES + 1), INDICATORS, 1)


def test_sensitivity_shows_the_choices_that_play_a_part():
    indices = sensitivity.sobol(VALUES, VALUES * 0, INDICATORS, seed=1, base=64)
    axes = plots.sensitivity(indices).axes
    assert rows(axes[0]) == [
        "Normalisation",
        "Aggregation",
        "Whether the field's advisers count",
        "Weights",
        "Goalposts and bars",
    ]
