"""Where clusters meet: the firms, the partners and the services that more than one of them has.

An overlap is no fault: firms may be better served by two clusters, and a shared partner is a
bridge. Firms are counted once per cluster; no figure tells which they are.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from clusterstudy.disclosure.cells import are_few, suppress

PARTNERS = ("knowledge_institution", "association", "public", "adviser")


def shared_firms(taken: pd.DataFrame, as_of: date, min_firms: int) -> pd.DataFrame:
    """Return how many of each cluster's firms also took part in another's activities.

    Parameters
    ----------
    taken
        The table ``participations``. The last whole calendar year before ``as_of`` counts.
    min_firms
        Fewest firms behind a share that is shown, and fewest that it leaves over: with the number
        of the cluster's firms known, one tells the other.

    Returns
    -------
    DataFrame with a row per ordered pair of clusters: ``cluster_id``, ``other``, ``year``,
    ``firms`` of the cluster, ``both`` (firms in both), ``share`` (both / firms), ``jaccard``
    (both / firms in either) and ``blank``, where the last three are hidden. Jaccard, P. (1912),
    New Phytologist 11, 37-50.
    """
    past = taken[taken["date"].dt.year < as_of.year]
    year = past["date"].dt.year.max()
    pairs = past.loc[past["date"].dt.year == year, ["cluster_id", "cvr"]].drop_duplicates()
    firms = pairs.groupby("cluster_id").size()
    met = pairs.merge(pairs, on="cvr", suffixes=("", "_other"))
    both = met.groupby(["cluster_id", "cluster_id_other"]).size()
    every = pd.MultiIndex.from_product([firms.index] * 2, names=["cluster_id", "other"])
    table = both.reindex(every, fill_value=0).rename("both").reset_index()
    table = table[table["cluster_id"] != table["other"]].reset_index(drop=True)
    own, others = (table[name].map(firms).astype(float) for name in ("cluster_id", "other"))
    table = table.assign(
        year=year,
        firms=own,
        share=table["both"] / own,
        jaccard=table["both"] / (own + others - table["both"]),
    )
    rest = pd.concat([own, others], axis=1).min(axis=1) - table["both"]
    table["smallest"] = table["both"].where(
        rest >= min_firms, table[["both"]].assign(r=rest).min(1)
    )
    hidden, _blanked = suppress(table, "smallest", ["both", "share", "jaccard"], min_firms)
    return hidden.assign(blank=hidden["smallest"].isna()).drop(columns="smallest")


def shared_partners(ties: pd.DataFrame, min_firms: int) -> pd.DataFrame:
    """Return how many partners of each kind a cluster has, and has in common with others.

    Parameters
    ----------
    ties
        The table ``collaborations``, of which the latest year counts.
    min_firms
        Fewest advisers that are shown, for they are firms.

    Returns
    -------
    DataFrame with a row per cluster and kind of :data:`PARTNERS`: ``cluster_id``, ``kind``,
    ``year``, ``partners``, ``shared`` (of them, with another cluster too) and ``blank``.
    """
    latest = ties[ties["year"] == ties["year"].max()]
    ends = pd.concat(
        latest[["cluster_id", f"actor_{side}", f"actor_{side}_type"]].set_axis(
            ["cluster_id", "actor", "kind"], axis="columns"
        )
        for side in "ab"
    ).drop_duplicates()
    ends = ends[ends["kind"].isin(PARTNERS)]
    ends = ends.assign(shared=ends.groupby(["kind", "actor"])["cluster_id"].transform("size") > 1)
    counted = ends.groupby(["cluster_id", "kind"])["shared"].agg(partners="size", shared="sum")
    every = pd.MultiIndex.from_product([sorted(latest["cluster_id"].unique()), PARTNERS])
    table = counted.reindex(every.set_names(["cluster_id", "kind"]), fill_value=0).reset_index()
    parts = table["shared"], table["partners"] - table["shared"]
    small = pd.concat(parts, axis=1)
    few = are_few(small, min_firms).any(axis=1) & (table["kind"] == "adviser")
    counts = {name: table[name].mask(few) for name in ("partners", "shared")}
    return table.assign(year=latest["year"].max(), blank=few, **counts)


def shared_services(found: pd.DataFrame) -> pd.DataFrame:
    """Return, by service, who sells it and how many private providers there are.

    Parameters
    ----------
    found
        As :func:`clusterstudy.dialogue.services.services` returns it.

    Returns
    -------
    DataFrame with ``service_type``, ``label``, ``clusters`` (codes), ``n`` (of them), and the
    ``fewest`` and ``most`` private providers in their markets.
    """
    by = found.groupby(["service_type", "label"], sort=True)
    return by.agg(
        clusters=("cluster_id", lambda codes: ", ".join(sorted(codes))),
        n=("cluster_id", "nunique"),
        fewest=("providers", "min"),
        most=("providers", "max"),
    ).reset_index()
