"""Published figures and how far ours are from them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from clusterstudy.paths import DATA

KEY = ["dataset", "kind", "label", "period"]
FIGURES = ["estimate", "se"]


def published(path: Path = DATA / "published.csv") -> pd.DataFrame:
    """Return the published figures, indexed by dataset, kind, label and period.

    Returns
    -------
    DataFrame of text, so that a figure keeps its digits: ``estimate``, ``se`` and ``source``.
    """
    return pd.read_csv(path, dtype="str", keep_default_na=False).set_index(KEY)


def compare(ours: pd.DataFrame) -> pd.DataFrame:
    """Set our figures beside the published ones of the same data sets.

    Parameters
    ----------
    ours
        ``dataset``, ``kind``, ``label``, ``period`` (text), ``estimate`` and ``se``.

    Returns
    -------
    DataFrame with a row per published figure: the key, ours, ``published_estimate`` and
    ``published_se``, ``digits`` (decimals published), ``off`` (largest difference in units of the
    last of them) and ``source``.

    Raises
    ------
    ValueError
        If a published figure is not among ours.
    """
    known = published()
    known = known[known.index.get_level_values("dataset").isin(ours["dataset"])]
    mine = ours.set_index(KEY).reindex(known.index)
    if mine[FIGURES].isna().to_numpy().any():
        missing = mine.index[mine[FIGURES].isna().any(axis="columns")][0]
        raise ValueError(f"the published figure {missing} is not reproduced")
    theirs = known[FIGURES].astype("float64")
    digits = known[FIGURES].map(decimals)
    off = (mine[FIGURES] - theirs).abs() * 10.0**digits
    return (
        mine.join(theirs.add_prefix("published_"))
        .assign(
            digits=digits.min(axis="columns"), off=off.max(axis="columns"), source=known["source"]
        )
        .reset_index()
    )


def require(*compared: pd.DataFrame) -> None:
    """Raise an AssertionError where a figure is off by more than rounding explains."""
    every = pd.concat(compared)
    wrong = every[every["off"] > 0.5 + 1e-6]
    if len(wrong):
        raise AssertionError(f"{len(wrong)} figures differ from the published:\n{wrong}")


def decimals(figure: str) -> int:
    """Return the number of decimals of a figure: 4 for ``-.2523``."""
    return len(figure.partition(".")[2])
