"""What was talked over and agreed: the table ``dialogue`` as a log and a list of steps.

The table holds no mark for a step that was taken. A date that has passed is therefore a reason to
ask what came of the step, not a sign that nothing did.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from clusterstudy.contract.tables import TABLES
from clusterstudy.contract.vocabulary import GUIDEPOST
from clusterstudy.errors import UserError


def entries(dialogue: pd.DataFrame | None) -> pd.DataFrame:
    """Return the log, latest meeting first, then by cluster and guidepost.

    Parameters
    ----------
    dialogue
        The table; None, where the study has none, gives an empty log.

    Raises
    ------
    UserError
        If a row names a guidepost that does not exist.
    """
    if dialogue is None:
        return pd.DataFrame(columns=list(TABLES["dialogue"].names))
    odd = ~dialogue["guidepost"].isin(list(GUIDEPOST))
    if odd.any():
        first = dialogue[odd].iloc[0]
        raise UserError(
            f"there is no guidepost {first['guidepost']!r}",
            where=f"dialogue, cluster {first['cluster_id']}, {first['date']:%Y-%m-%d}",
            mend=f"Allowed: {', '.join(GUIDEPOST)}",
        )
    return dialogue.drop_duplicates().sort_values(
        ["date", "cluster_id", "guidepost", "consideration"],
        ascending=[False, True, True, True],
        ignore_index=True,
    )


def steps(log: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Return the agreed steps in the order of their dates, those without a date last.

    Parameters
    ----------
    log
        As :func:`entries` returns it.
    as_of
        Day of the study.

    Returns
    -------
    DataFrame with ``cluster_id``, ``guidepost``, ``step``, ``agreed`` (day of the meeting),
    ``due`` and ``passed`` (whether the due day lies before ``as_of``), each step once.
    """
    agreed = log[log["agreed_follow_up"].notna()].rename(
        columns={"agreed_follow_up": "step", "date": "agreed"}
    )
    columns = ["cluster_id", "guidepost", "step", "agreed", "due"]
    return (
        agreed[columns]
        .drop_duplicates()
        .assign(passed=lambda rows: pd.to_datetime(rows["due"]) < pd.Timestamp(as_of))
        .sort_values(["due", "cluster_id", "guidepost"], ignore_index=True)
    )


def meetings(log: pd.DataFrame) -> pd.DataFrame:
    """Return the meetings, latest first: ``cluster_id``, ``date``, ``guideposts`` (letters talked
    over), ``balances`` (weighed) and ``steps`` (agreed)."""
    held = log.groupby(["cluster_id", "date"]).agg(
        guideposts=("guidepost", _letters),
        balances=("consideration", "size"),
        steps=("agreed_follow_up", "count"),
    )
    return held.reset_index().sort_values(
        ["date", "cluster_id"], ascending=[False, True], ignore_index=True
    )


def courses(log: pd.DataFrame) -> pd.DataFrame:
    """Return where each balance lay at the first and the latest meeting that weighed it.

    Parameters
    ----------
    log
        As :func:`entries` returns it.

    Returns
    -------
    DataFrame with ``cluster_id``, ``guidepost``, ``consideration``, ``times`` (meetings with a
    position), ``first`` and ``latest`` (positions) and ``date`` of the latest.
    """
    placed = log[log["position"].notna()].sort_values("date")
    weighed = placed.groupby(["cluster_id", "guidepost", "consideration"])
    return weighed.agg(
        times=("date", "size"),
        first=("position", "first"),
        latest=("position", "last"),
        date=("date", "max"),
    ).reset_index()


def overview(
    clusters: list[str], log: pd.DataFrame, agreed: pd.DataFrame, opened: pd.DataFrame
) -> pd.DataFrame:
    """Return one row per cluster, in the order given: nothing in it sorts or sums up clusters.

    Parameters
    ----------
    clusters
        Codes.
    log, agreed
        As :func:`entries` and :func:`steps` return them.
    opened
        As :func:`clusterstudy.dialogue.services.questions` returns it.

    Returns
    -------
    DataFrame with ``cluster_id``, ``meetings``, ``latest`` (day of the latest meeting),
    ``passed`` and ``ahead`` (agreed steps whose day has passed, or is ahead or not set) and
    ``guideposts`` (letters under which a question is open, empty where none).
    """
    by = log.groupby("cluster_id")["date"]
    passed = agreed.groupby("cluster_id")["passed"].agg(["sum", "size"])
    letters = opened.groupby("cluster_id")["guidepost"].agg(_letters)
    frame = pd.DataFrame(
        {
            "meetings": by.nunique(),
            "latest": by.max(),
            "passed": passed["sum"],
            "ahead": passed["size"] - passed["sum"],
        }
    ).reindex(clusters)
    counts = ["meetings", "passed", "ahead"]
    frame[counts] = frame[counts].fillna(0).astype(int)
    frame["guideposts"] = letters.reindex(clusters).fillna("")
    return frame.rename_axis("cluster_id").reset_index()


def _letters(guideposts: pd.Series) -> str:
    return ", ".join(sorted({*guideposts}))
