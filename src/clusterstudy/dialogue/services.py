"""User payment by service beside the private providers of the same, and the questions it opens.

The board paper names the case: a cluster that, for the sake of user payment, offers services
clearly outside its core task, or that private providers already take care of. Whether they do so
well no table tells; therefore a service opens a question and never closes one.
"""

from __future__ import annotations

import pandas as pd

from clusterstudy.contract.tables import TABLES
from clusterstudy.disclosure.cells import suppress
from clusterstudy.report.language import later

OUTSIDE, UNPLACED, CROWDED = "outside", "unplaced", "crowded"
GUIDEPOST_OF = {OUTSIDE: "b", UNPLACED: "b", CROWDED: "d"}
QUESTIONS = {
    OUTSIDE: later(
        "{service} brought {share} of the user payment in {year}, and is declared outside the core "
        "task. What does it do for the core task, and who else could offer it?"
    ),
    UNPLACED: later(
        "{service} brought {share} of the user payment in {year}, and has not been placed inside "
        "or outside the core task. Where does it belong?"
    ),
    CROWDED: later(
        "{service} brought {share} of the user payment in {year}, and {providers} private "
        "providers offer the same in the cluster's market. What could be done together with them, "
        "and what would the SMEs miss without the cluster's own offer?"
    ),
}


def services(sales: pd.DataFrame | None, offers: pd.DataFrame, min_firms: int) -> pd.DataFrame:
    """Return each cluster's services of its latest year.

    Parameters
    ----------
    sales
        The table ``service_sales``; None, where the study has none, gives no services.
    offers
        As :func:`clusterstudy.dialogue.declaration.read_offers` returns them.
    min_firms
        Fewest buyers behind an amount that is shown. Where one service is blank, the one with the
        next fewest buyers is too, for a cluster's user payment is public.

    Returns
    -------
    DataFrame in the order of cluster and service: ``cluster_id``, ``year``, ``service_type``,
    ``label`` (English; the service's own name where it is not declared), ``core`` (``yes``,
    ``no``, missing), ``revenue`` (DKK thousand), ``share`` of the cluster's user payment,
    ``buyers``, ``providers``, and ``blank``.
    """
    if sales is None:
        sales = pd.DataFrame(columns=list(TABLES["service_sales"].names))
    sales = sales.drop_duplicates()
    latest = sales[sales["year"] == sales.groupby("cluster_id")["year"].transform("max")]
    paid = latest.groupby("cluster_id")["revenue"].transform("sum")
    declared = offers.xs("service_sales", level="table")
    named = latest["service_type"]
    frame = pd.DataFrame(
        {
            "cluster_id": latest["cluster_id"],
            "year": latest["year"],
            "service_type": named,
            "label": named.map(declared["label"]).fillna(named),
            "core": named.map(declared["core"]),
            "revenue": latest["revenue"],
            "share": latest["revenue"] / paid.where(paid > 0),
            "buyers": latest["buyers_sme"] + latest["buyers_large"],
            "providers": latest["private_providers_in_market"],
        }
    )
    parts = [
        suppress(part, "buyers", ["revenue", "share"], min_firms, additive=True)[0]
        for _cluster, part in frame.groupby("cluster_id")
    ]
    hidden = pd.concat(parts) if parts else frame
    return hidden.assign(blank=hidden["buyers"].isna()).sort_values(
        ["cluster_id", "service_type"], ignore_index=True
    )


def questions(found: pd.DataFrame, share: float, providers: int) -> pd.DataFrame:
    """Return the questions that services open.

    Parameters
    ----------
    found
        As :func:`services` returns it. Blank services open no question.
    share
        Least share of user payment from which a service opens one.
    providers
        Fewest private providers of the same service from which it does so under guidepost d.

    Returns
    -------
    ``found``'s rows that open a question, with ``reason`` (a key of :data:`QUESTIONS`) and
    ``guidepost``; a service may open one under b and one under d.
    """
    large = found[found["share"] >= share]
    opened = {
        OUTSIDE: large[large["core"] == "no"],
        UNPLACED: large[large["core"].isna()],
        CROWDED: large[large["providers"] >= providers],
    }
    rows = [part.assign(reason=reason) for reason, part in opened.items()]
    every = pd.concat(rows)
    return every.assign(guidepost=every["reason"].map(GUIDEPOST_OF)).sort_values(
        ["cluster_id", "guidepost", "service_type"], ignore_index=True
    )
