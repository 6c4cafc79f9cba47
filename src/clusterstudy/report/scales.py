"""How an effect on a measure is read: in percent, in percentage points or in its unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from clusterstudy.report import numbers
from clusterstudy.report.language import _

Kind = Literal["log", "share", "level"]
TICKS: dict[Kind, Callable[..., str]] = {
    "log": numbers.percent,
    "share": numbers.points,
    "level": numbers.number,
}


@dataclass(frozen=True)
class Scale:
    """The scale of a measure of the impact model.

    Parameters
    ----------
    kind
        ``log``: differences of logarithms, read as exp(x) − 1 in percent; ``share``: differences
        of shares, in percentage points; ``level``: differences in the unit.
    unit
        The measure's unit.
    """

    kind: Kind
    unit: str

    def read(self, effect: Any) -> Any:
        """Return effects as they are read: a share for ``log``, themselves otherwise."""
        return np.expm1(effect) if self.kind == "log" else effect

    def effect(self, value: Any) -> str:
        """Return one effect as text with its unit."""
        return self.tick(self.read(value), digits=1 if self.kind != "level" else 2)

    def interval(self, low: Any, high: Any) -> str:
        """Return an effect's interval as text, in the unit that stands before it."""
        share = self.kind != "level"
        return numbers.interval(
            self.read(low), self.read(high), digits=1 if share else 2, share=share
        )

    @property
    def tick(self) -> Callable[..., str]:
        """The function that writes a read effect, for tables and axes."""
        return TICKS[self.kind]

    @property
    def factor(self) -> int:
        """What ``tick`` multiplies by."""
        return 1 if self.kind == "level" else 100

    @property
    def axis(self) -> str:
        """Name of an axis of effects."""
        if self.kind == "level":
            return _("Effect ({unit})").format(unit=_(self.unit))
        return _("Effect in percent") if self.kind == "log" else _("Effect in percentage points")
