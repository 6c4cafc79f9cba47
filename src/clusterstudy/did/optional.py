"""The optional library diff-diff: itself, or how to get it."""

from __future__ import annotations

from types import ModuleType

from clusterstudy.errors import NoEstimateError


def diff_diff() -> ModuleType:
    """Return the library; UserError where it is not installed."""
    try:
        import diff_diff
    except ImportError:
        raise NoEstimateError(
            "needs the package diff-diff, which is not installed: pip install -r requirements.lock"
        ) from None
    return diff_diff
