"""Collaborations one by one: who reaches whom, referrals, and the chain from project to market.

Shares of collaborations carry an interval as if each were drawn on its own from what the cluster
can bring about. The outcome of a collaboration is the furthest that it has come.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.measures.observed import OBSERVED, fewest, wilson

Mask = Callable[[pd.DataFrame], pd.Series]
FIRMS = ("sme", "large")  # actors that are firms
SIDES = ("a", "b")
STAGES = ("project", "prototype", "licence", "product_on_market")
KEY = ["group", "year", "unit"]


def of_kind(*kinds: str) -> Mask:
    """Return the mask of collaborations of some kinds."""
    return lambda rows: rows["kind"].isin(kinds)


def with_actor(*types: str) -> Mask:
    """Return the mask of collaborations with an actor of some types on either side."""
    return lambda rows: (
        rows[["actor_a_type", "actor_b_type"]].isin(types).any(axis="columns").astype(bool)
    )


def came_to(*outcomes: str) -> Mask:
    """Return the mask of collaborations with one of some outcomes."""
    return lambda rows: rows["outcome"].isin(outcomes)


def research_projects(rows: pd.DataFrame) -> pd.Series:
    """Return the mask of firms' joint projects and agreements with knowledge institutions."""
    joint = with_actor(*FIRMS)(rows) & with_actor("knowledge_institution")(rows)
    return joint & of_kind("project", "agreement")(rows)


def every(rows: pd.DataFrame) -> pd.Series:
    """Return the mask of all collaborations."""
    return pd.Series(True, rows.index)


# By name in the impact model: among which collaborations, and which of them are counted.
SHARES: dict[str, tuple[Mask, Mask]] = {
    "referrals": (every, of_kind("referral")),
    "research_results": (research_projects, came_to(*STAGES[1:])),
    "research_market": (research_projects, came_to(STAGES[-1])),
}


def share(rows: pd.DataFrame, among: Mask, inside: Mask) -> pd.DataFrame:
    """Return the collaborations of which a share is taken, 1 where they are counted.

    Parameters
    ----------
    rows
        The table ``collaborations``.
    among, inside
        Which collaborations belong to the share, and which of these are counted.

    Returns
    -------
    DataFrame with :data:`~clusterstudy.measures.observed.OBSERVED`, by cluster and for the
    programme; ``unit`` is a pair of actors within a cluster, ``firm`` the first of the pair that
    is a firm.
    """
    chosen = rows[among(rows)]
    first = chosen["actor_a"].where(chosen["actor_a_type"].isin(FIRMS))
    second = chosen["actor_b"].where(chosen["actor_b_type"].isin(FIRMS))
    frame = pd.DataFrame(
        {
            "group": chosen["cluster_id"],
            "year": chosen["year"],
            "unit": chosen["cluster_id"] + "/" + chosen["actor_a"] + "/" + chosen["actor_b"],
            "firm": first.fillna(second),
            "value": inside(chosen).astype(float),
            "weight": 1.0,
        }
    )
    return pd.concat([frame, frame.assign(group=PROGRAMME)], ignore_index=True)[OBSERVED]


def reach(rows: pd.DataFrame, contact: pd.DataFrame) -> pd.DataFrame:
    """Return which of a year's participants took part in a collaboration in that year.

    Parameters
    ----------
    rows
        The table ``collaborations``, with the CVR numbers of its firms.
    contact
        Participants: ``cluster_id`` (the clusters and ``programme``), ``cvr`` and ``year``.

    Returns
    -------
    DataFrame with :data:`~clusterstudy.measures.observed.OBSERVED`.
    """
    sides = [
        rows[["cluster_id", "year", f"cvr_{side}"]].set_axis(KEY, axis="columns") for side in SIDES
    ]
    known = pd.concat(sides).dropna()
    tied = pd.concat([known, known.assign(group=PROGRAMME)]).drop_duplicates()
    there = contact[["cluster_id", "year", "cvr"]].set_axis(KEY, axis="columns").drop_duplicates()
    there = there[there["year"].isin(rows["year"])]
    found = there.merge(tied.assign(value=1.0), on=KEY, how="left").fillna({"value": 0.0})
    return found.assign(firm=found["unit"], weight=1.0)[OBSERVED]


def knowledge_reach(rows: pd.DataFrame) -> pd.DataFrame:
    """Return which SMEs in the network collaborated with a knowledge institution, year by year.

    Parameters
    ----------
    rows
        The table ``collaborations``.

    Returns
    -------
    DataFrame with :data:`~clusterstudy.measures.observed.OBSERVED`, by cluster and for the
    programme; ``unit`` is an actor.
    """
    parts = []
    for side, other in (("a", "b"), ("b", "a")):
        smes = rows[rows[f"actor_{side}_type"] == "sme"]
        met = smes[f"actor_{other}_type"] == "knowledge_institution"
        part = smes[["cluster_id", "year", f"actor_{side}"]].set_axis(KEY, axis="columns")
        parts.append(part.assign(value=met.astype(float)))
    single = pd.concat(parts)
    both = pd.concat([single, single.assign(group=PROGRAMME)])
    found = both.groupby(KEY)["value"].max().reset_index()
    return found.assign(firm=found["unit"], weight=1.0)[OBSERVED]


def chain(rows: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Return how far firms' projects with knowledge institutions came on the way to the market.

    Parameters
    ----------
    rows
        Collaborations of a cluster, or of all, in a year.
    level
        Level of the intervals.

    Returns
    -------
    DataFrame with a row per ``stage`` of :data:`STAGES`: ``n`` (joint projects and agreements that
    came so far), ``firms`` (behind them, or behind those of the stage before that did not come so
    far, whichever are fewer), ``share`` (of the stage before) and its Wilson interval ``low`` and
    ``high``; missing for the first stage.
    """
    projects = rows[research_projects(rows)]
    stage = projects["outcome"].map({name: place for place, name in enumerate(STAGES)}).fillna(0)
    firm = projects["actor_a"].where(projects["actor_a_type"].isin(FIRMS), projects["actor_b"])
    table = []
    for place, name in enumerate(STAGES):
        before, now = stage >= place - 1, stage >= place
        n, of = int(now.sum()), int(before.sum())
        known = place and of
        low, high = wilson(n / of, of, level) if known else (float("nan"), float("nan"))
        behind = [firm[now].nunique(), firm[before & ~now].nunique()]
        table.append(
            {
                "stage": name,
                "n": n,
                "firms": fewest(*behind),
                "share": n / of if known else float("nan"),
                "low": low,
                "high": high,
            }
        )
    return pd.DataFrame(table)
