"""The sheet's tables and figures on interfaces: between clusters, and with research over time."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from clusterstudy.contract.vocabulary import ACTOR
from clusterstudy.dialogue import plots
from clusterstudy.report import numbers
from clusterstudy.report.fragments import blank_note
from clusterstudy.report.language import _
from clusterstudy.report.page import Page


def firms(
    page: Page, shared: pd.DataFrame, cluster: str, names: Mapping[str, str], min_firms: int
) -> None:
    """Show the share of each cluster's firms that others serve too; always all clusters.

    Parameters
    ----------
    shared
        As :func:`clusterstudy.dialogue.overlap.shared_firms` returns it.
    """
    if shared.empty:
        page.callout("missing", _("No two clusters had activities in the same past year."))
        return
    wide = shared.pivot(index="cluster_id", columns="other", values="share")
    page.figure(
        plots.matrix(wide, cluster),
        name="shared_firms",
        alt=_("Matrix: for each pair of clusters, the share of one's firms that the other serves."),
        caption=_("Firms in the activities of two clusters, {year}").format(
            year=shared["year"].iloc[0]
        ),
        data=shared.assign(
            cluster=shared["cluster_id"].map(names), with_=shared["other"].map(names)
        ).rename(columns={"with_": "with_cluster"}),
        headings={
            "cluster": _("Cluster"),
            "with_cluster": _("Other cluster"),
            "both": _("Firms in both"),
            "share": _("Share of the cluster's firms"),
            "jaccard": _("Share of firms in either (Jaccard)"),
        },
        formats={"both": 0, "share": numbers.percent, "jaccard": numbers.percent},
        note=blank_note(int(shared["blank"].sum()), min_firms),
        source="participations",
    )


def partners(page: Page, shared: pd.DataFrame, min_firms: int) -> None:
    """Show each cluster's partners by kind, and those it has in common with other clusters."""
    if shared.empty:
        page.callout("missing", _("No collaborations are registered."))
        return
    texts = [
        numbers.MISSING
        if row["blank"]
        else _("{shared} of {partners}").format(
            shared=numbers.number(row["shared"]), partners=numbers.number(row["partners"])
        )
        for row in shared.to_dict("records")
    ]
    wide = shared.assign(text=texts).pivot(index="cluster_id", columns="kind", values="text")
    kinds = list(dict.fromkeys(shared["kind"]))
    page.table(
        wide[kinds].reset_index(),
        name="shared_partners",
        caption=_("Partners that another cluster works with too, of all partners, {year}").format(
            year=shared["year"].iloc[0]
        ),
        headings={"cluster_id": _("Code"), **{kind: _(ACTOR[kind]) for kind in kinds}},
        note=blank_note(int(shared["blank"].sum()), min_firms),
        source="collaborations",
    )


def services(page: Page, shared: pd.DataFrame) -> None:
    """Show which clusters sell the same service, and how many private providers there are."""
    page.table(
        shared.assign(text=shared["label"].map(_)),
        name="shared_services",
        caption=_("Services that clusters sell, and private providers of the same"),
        headings={
            "text": _("Service"),
            "clusters": _("Sold by"),
            ("fewest", "most"): _("Private providers, by cluster"),
        },
        formats={("fewest", "most"): numbers.whole_interval},
        source="service_sales",
    )


def research(page: Page, shares: pd.DataFrame, calendar: pd.DataFrame, min_firms: int) -> None:
    """Show the collaborations with knowledge institutions over time, with events under f.

    Parameters
    ----------
    shares
        As :func:`clusterstudy.dialogue.evidence.research.by_year` returns it.
    calendar
        As :func:`clusterstudy.dialogue.governance.read_calendar` returns it.
    """
    events = calendar[calendar["letter"] == "f"].assign(text=lambda rows: rows["event"].map(_))
    undated = events.loc[events["date"].isna(), "text"]
    without = _("No day is declared for: {events}. It is not in the figure.")
    told = [without.format(events="; ".join(undated))] if len(undated) else []
    page.figure(
        plots.research(shares, events.dropna(subset="date")),
        name="research_by_year",
        alt=_("Line: share of collaborations with a knowledge institution by year, with events."),
        caption=_("Collaborations with knowledge institutions over time"),
        data=shares,
        headings={
            "year": _("Year"),
            "value": _("Share of collaborations"),
            "n": _("Collaborations"),
        },
        formats={"value": numbers.percent},
        note=" ".join([*told, blank_note(int(shares["value"].isna().sum()), min_firms)]).strip(),
        source="collaborations",
    )
