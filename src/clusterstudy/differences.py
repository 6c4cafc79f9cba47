"""What differs between two sets of named values, as readers see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return name, value before and value after of what differs; empty text where there is none."""
    both = [
        (name, written(before.get(name, "")), written(after.get(name, "")))
        for name in dict.fromkeys([*after, *before])
    ]
    return [(name, old, new) for name, old, new in both if old != new]


def written(value: object) -> str:
    """Return a parameter's value as text."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
