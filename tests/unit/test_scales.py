"""How an effect is read: in percent, in percentage points or in its unit."""

from __future__ import annotations

import numpy as np
import pytest

from clusterstudy.report import language
from clusterstudy.report.scales import Scale

LOG, SHARE, LEVEL = Scale("log", "FTE"), Scale("share", "share"), Scale("level", "hours")


@pytest.mark.parametrize(
    ("scale", "value", "text"),
    [
        (LOG, np.log(1.05), "5.0\u00a0%"),
        (LOG, np.log(0.5), "\u221250.0\u00a0%"),
        (SHARE, 0.021, "2.1\u00a0pp"),
        (LEVEL, 1234.567, "1,234.57"),
        (LOG, np.nan, "–"),
    ],
)
def test_an_effect_is_written_as_it_is_read(scale, value, text):
    assert scale.effect(value) == text


def test_an_interval_is_in_the_unit_of_the_effect_before_it():
    assert LOG.interval(np.log(0.98), np.log(1.1)) == "[\u22122.0; 10.0]".replace(" ", "\u00a0")
    assert SHARE.interval(-0.01, 0.02) == "[\u22121.0; 2.0]".replace(" ", "\u00a0")
    assert LEVEL.interval(-0.011, 0.02) == "[\u22120.01; 0.02]".replace(" ", "\u00a0")
    assert LEVEL.interval(np.nan, 1.0) == "–"


def test_danish_readers_get_danish_numbers():
    language.use("da")
    assert LOG.effect(np.log(1.032)) == "3,2\u00a0pct."
    assert SHARE.interval(0.001, 0.02) == "[0,1; 2,0]".replace(" ", "\u00a0")


def test_ticks_stand_at_what_the_effect_says():
    for scale in (LOG, SHARE, LEVEL):
        read = scale.read(np.array([-0.1, 0.0, 0.1]))
        assert scale.tick(read[2], digits=1) in scale.effect(0.1) or scale is LEVEL
        assert read[1] == 0
    assert (LOG.factor, SHARE.factor, LEVEL.factor) == (100, 100, 1)


def test_an_axis_names_its_unit():
    assert LOG.axis == "Effect in percent"
    assert SHARE.axis == "Effect in percentage points"
    assert LEVEL.axis == "Effect (hours)"
