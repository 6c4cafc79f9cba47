"""What the data say on each side of a balance, cluster by cluster.

A measure is a pure function of a cluster's latest rows of one table. None has a direction: more is
not better, it speaks for one side. Only means of survey answers are samples and carry an interval;
everything else counts all there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from clusterstudy.contract.vocabulary import IN_KIND, PRIVATE_LINES
from clusterstudy.errors import UserError
from clusterstudy.report.language import later

Tables = Mapping[str, pd.DataFrame]
LEVEL = 0.95
DAYS_A_MONTH = 365.25 / 12
FIRMS = ["sme", "large"]  # actors that are firms
SIDES = ("left", "right", "both")
SHOWN, FEW, NO_ROWS, NO_TABLE = "shown", "few", "no rows", "no table"
SHARE = "share"


class Reading(NamedTuple):
    """What a measure found.

    Parameters
    ----------
    value
        In the measure's unit; NaN where it is not known.
    n
        Units that stand behind it.
    firms
        Firms in the smallest group that the value tells apart; None where no firm stands behind.
    low, high
        95 % interval of a sample's mean, NaN for counts of everything.
    """

    value: float
    n: int
    firms: int | None = None
    low: float = np.nan
    high: float = np.nan


Read = Callable[[pd.DataFrame, pd.DataFrame], Reading]
Mask = Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True)
class Measure:
    """A piece of evidence.

    Parameters
    ----------
    source
        Table of the contract.
    label, unit
        Text in reports; the unit ``share`` is written in percent, counts have none.
    counts
        What ``n`` counts; empty where a figure is the cluster's own.
    read
        From a cluster's latest rows and the offers of that table to a reading.
    digits
        Decimals shown.
    """

    source: str
    label: str
    unit: str
    counts: str
    read: Read
    digits: int = 0


def evidence(
    tables: Tables,
    guideposts: pd.DataFrame,
    balances: pd.DataFrame,
    offers: pd.DataFrame,
    cluster: str,
    as_of: date,
    min_firms: int,
) -> pd.DataFrame:
    """Return the evidence on a cluster, on both sides of every balance.

    Parameters
    ----------
    tables
        The contract's tables by name; any may be absent.
    guideposts, balances, offers
        As :mod:`clusterstudy.dialogue.declaration` reads them.
    cluster
        Its code.
    as_of
        Day of the study. Activities count by the last whole calendar year before it.
    min_firms
        Fewest firms behind a value that is shown.

    Returns
    -------
    DataFrame, one row per measure and side: ``guidepost``, ``side`` (``left``, ``right``,
    ``both``), ``consideration`` (English; empty for both), ``measure``, ``label``, ``value``,
    ``unit``, ``low``, ``high``, ``n``, ``counts``, ``period``, ``source``, ``digits`` and
    ``status`` (``shown``, ``few`` firms, ``no rows``, ``no table``). Value, interval and n are
    missing unless shown.

    Raises
    ------
    UserError
        If a declared measure does not exist.
    """
    return pd.DataFrame(
        [
            {
                "guidepost": letter,
                "side": side,
                "consideration": consideration,
                "measure": name,
                **_read(tables, offers, name, cluster, as_of, min_firms),
            }
            for letter, side, consideration, names in _declared(guideposts, balances)
            for name in names.split()
        ]
    )


def _declared(
    guideposts: pd.DataFrame, balances: pd.DataFrame
) -> Iterator[tuple[str, str, str, str]]:
    for letter, guidepost in guideposts.iterrows():
        yield str(letter), "both", "", guidepost["evidence"]
        for balance in balances[balances["letter"] == letter].to_dict("records"):
            for side in ("left", "right"):
                yield str(letter), side, balance[side], balance[f"evidence_{side}"]


def _read(
    tables: Tables, offers: pd.DataFrame, name: str, cluster: str, as_of: date, min_firms: int
) -> dict[str, object]:
    if name not in MEASURES:
        raise UserError(
            f"there is no measure {name!r}",
            where="evidence of a guidepost",
            mend=f"Choose one of: {', '.join(MEASURES)}",
        )
    measure = MEASURES[name]
    reading, period, status = Reading(np.nan, 0), "", NO_TABLE
    if measure.source in tables:
        rows, period = _latest(tables[measure.source], measure.source, cluster, as_of)
        status = NO_ROWS
        if len(rows):
            kinds = offers[offers.index.get_level_values("table") == measure.source]
            reading = measure.read(rows, kinds.droplevel("table"))
        if not np.isnan(reading.value):
            status = SHOWN
        if reading.firms is not None and 0 < reading.firms < min_firms:
            status = FEW
    shown = status == SHOWN
    return {
        "label": measure.label,
        "value": reading.value if shown else np.nan,
        "unit": measure.unit,
        "low": reading.low if shown else np.nan,
        "high": reading.high if shown else np.nan,
        "n": reading.n if shown else np.nan,
        "counts": measure.counts,
        "period": period,
        "source": measure.source,
        "digits": measure.digits,
        "status": status,
    }


def _latest(
    table: pd.DataFrame, source: str, cluster: str, as_of: date
) -> tuple[pd.DataFrame, str]:
    """Return a cluster's rows of the latest period that has any, and the period's name."""
    rows = table[table["cluster_id"] == cluster].drop_duplicates()
    match source:
        case "clusters":
            return rows, str(as_of.year)
        case "projects":
            starts = rows["start"].dt.year
            return rows, f"{starts.min()}–{starts.max()}" if len(rows) else ""
        case "survey":
            years = rows["wave"]
        case "participations":
            rows = rows[rows["date"].dt.year < as_of.year]
            years = rows["date"].dt.year
        case "cluster_finances":
            rows = rows[rows["scenario"] == "actual"]
            years = rows["year"]
        case _:
            years = rows["year"]
    return rows[years == years.max()], str(years.max()) if len(rows) else ""


def _part(amount: pd.Series, inside: pd.Series, n: int, groups: Iterable[int]) -> Reading:
    """Return the share of an amount that lies inside; ``groups`` counts firms in each part."""
    total = amount.sum()
    share = amount[inside].sum() / total if total > 0 else np.nan
    return Reading(share, n, _smallest(groups))


def _smallest(groups: Iterable[int]) -> int:
    return min((int(size) for size in groups if size), default=0)


def hours(column: str, kind: str) -> Read:
    """Return the share of the firms' hours in activities that the offers declare as ``kind``.

    Every activity counts as a group of firms: two such shares together could tell one activity.
    """

    def read(rows: pd.DataFrame, offers: pd.DataFrame) -> Reading:
        inside = rows["activity_type"].map(offers[column]) == kind
        groups = rows.groupby("activity_type")["cvr"].nunique()
        return _part(rows["hours"], inside, rows["cvr"].nunique(), groups)

    return read


def sales(column: str, kind: str) -> Read:
    """Return the share of user payment from services that the offers declare as ``kind``.

    Every service counts as a group of buyers, as for :func:`hours`.
    """

    def read(rows: pd.DataFrame, offers: pd.DataFrame) -> Reading:
        inside = rows["service_type"].map(offers[column]) == kind
        paying = rows["buyers_sme"] + rows["buyers_large"]
        return _part(rows["revenue"], inside, int(paying.sum()), paying)

    return read


def buyers(size: str) -> Read:
    """Return the number of paying firms of a size, summed over services.

    Both sizes count as groups: one and the sum would tell the other.
    """

    def read(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
        count = {kind: int(rows[f"buyers_{kind}"].sum()) for kind in FIRMS}
        return Reading(count[size], count[size], _smallest(count.values()))

    return read


def ties(inside: Mask, among: Mask | None = None) -> Read:
    """Return the share of collaborations that are ``inside``, among all or some of them."""

    def read(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
        if among:
            rows = rows[among(rows)]
        chosen = inside(rows)
        groups = _firms(rows[chosen]), _firms(rows[~chosen])
        return _part(pd.Series(1.0, rows.index), chosen, len(rows), groups)

    return read


def answers(item: str) -> Read:
    """Return the mean answer to an item of the survey with its interval (Student's t)."""

    def read(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
        given = rows[(rows["item"] == item) & rows["score"].notna()]
        scores, n = given["score"], len(given)
        firms = given["cvr"].fillna(given["respondent_id"]).nunique()
        margin = stats.t.ppf((1 + LEVEL) / 2, n - 1) * scores.sem() if n > 1 else np.nan
        return Reading(scores.mean(), n, firms, scores.mean() - margin, scores.mean() + margin)

    return read


def income(*lines: str) -> Read:
    """Return lines' share of cash income; in-kind co-financing is no cash."""

    def read(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
        cash = rows[rows["line"] != IN_KIND]
        total = cash["amount"].sum()
        paid = cash.loc[cash["line"].isin(lines), "amount"].sum()
        return Reading(paid / total if total > 0 else np.nan, 1)

    return read


def on_file(column: str) -> Read:
    """Return what a column of ``clusters`` says."""
    return lambda rows, _offers: Reading(float(rows[column].iloc[0]), 1)


def firms_reached(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
    """Return the number of different firms in the year's activities."""
    count = rows["cvr"].nunique()
    return Reading(count, count, count)


def actors_reached(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
    """Return the number of different actors in the year's collaborations."""
    return Reading(_actors(rows)["actor"].nunique(), len(rows), _firms(rows))


def hours_top_tenth(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
    """Return the share of all hours that the most active tenth of the firms has."""
    by_firm = rows.groupby("cvr")["hours"].sum().sort_values(ascending=False)
    top = ceil(len(by_firm) / 10)
    inside = pd.Series(np.arange(len(by_firm)) < top, by_firm.index)
    return _part(by_firm, inside, len(by_firm), (top, len(by_firm) - top))


def project_months(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
    """Return the planned length of projects in months, weighted by their grants."""
    months = (rows["end"] - rows["start"]).dt.days / DAYS_A_MONTH
    granted = rows["grant"].sum()
    return Reading((months * rows["grant"]).sum() / granted if granted else np.nan, len(rows))


def largest_project(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
    """Return the largest project's share of all grants."""
    granted = rows["grant"].sum()
    return Reading(rows["grant"].max() / granted if granted else np.nan, len(rows))


def providers_met(rows: pd.DataFrame, _offers: pd.DataFrame) -> Reading:
    """Return the private providers behind a krone of user payment: their mean over services."""
    known = rows[rows["private_providers_in_market"].notna()]
    paid, paying = known["revenue"], known["buyers_sme"] + known["buyers_large"]
    met = (known["private_providers_in_market"] * paid).sum()
    value = met / paid.sum() if paid.sum() > 0 else np.nan
    return Reading(value, int(paying.sum()), _smallest(paying))


def _actors(rows: pd.DataFrame) -> pd.DataFrame:
    sides = [rows[[f"actor_{side}", f"actor_{side}_type"]] for side in "ab"]
    return pd.concat([side.set_axis(["actor", "type"], axis="columns") for side in sides])


def _firms(rows: pd.DataFrame) -> int:
    actors = _actors(rows)
    return int(actors.loc[actors["type"].isin(FIRMS), "actor"].nunique())


def _with(*kinds: str) -> Mask:
    return lambda rows: (
        rows[["actor_a_type", "actor_b_type"]].isin(kinds).any(axis="columns").astype(bool)
    )


def _is(column: str, *values: str) -> Mask:
    return lambda rows: rows[column].isin(values)


def _succeeded(rows: pd.DataFrame) -> pd.Series:
    return rows["outcome"] != "none"


def _without_smes(rows: pd.DataFrame) -> pd.Series:
    return ~_with("sme")(rows)


ACTIVITY, SALE, TIE = "participations", "service_sales", "collaborations"
FIRM_COUNT, BUYERS = later("firms"), later("buyers")
TIES, ANSWERS = later("collaborations"), later("answers")
PROJECTS, NOTHING = later("projects"), ""
SCORE, NUMBER = later("of 5"), ""

MEASURES = {
    "satisfaction": Measure(
        "survey", later("SMEs' satisfaction"), SCORE, ANSWERS, answers("satisfaction"), 1
    ),
    "hours_existing": Measure(
        ACTIVITY,
        later("Firms' hours at events and in knowledge transfer"),
        SHARE,
        FIRM_COUNT,
        hours("technology", "existing"),
    ),
    "hours_new": Measure(
        ACTIVITY,
        later("Firms' hours in innovation projects"),
        SHARE,
        FIRM_COUNT,
        hours("technology", "new"),
    ),
    "project_prototypes": Measure(
        TIE,
        later("Joint projects that have come to a prototype"),
        SHARE,
        TIES,
        ties(_is("outcome", "prototype"), among=_is("kind", "project")),
    ),
    "ties_on_market": Measure(
        TIE,
        later("Collaborations with a product on the market"),
        SHARE,
        TIES,
        ties(_is("outcome", "product_on_market")),
    ),
    "project_months": Measure(
        "projects",
        later("Planned length of projects, weighted by grant"),
        later("months"),
        PROJECTS,
        project_months,
        1,
    ),
    "projects_open": Measure(
        TIE,
        later("Joint projects without a result yet"),
        SHARE,
        TIES,
        ties(_is("outcome", "none"), among=_is("kind", "project")),
    ),
    "societal_challenge": Measure(
        "survey",
        later("Contribution to the societal challenge"),
        SCORE,
        ANSWERS,
        answers("societal_challenge"),
        1,
    ),
    "hours_core": Measure(
        ACTIVITY,
        later("Firms' hours in collaboration-based activities"),
        SHARE,
        FIRM_COUNT,
        hours("core", "yes"),
    ),
    "hours_outside": Measure(
        ACTIVITY,
        later("Firms' hours in other activities"),
        SHARE,
        FIRM_COUNT,
        hours("core", "no"),
    ),
    "sales_outside": Measure(
        SALE,
        later("User payment for services declared outside the core task"),
        SHARE,
        BUYERS,
        sales("core", "no"),
    ),
    "firms_reached": Measure(
        ACTIVITY, later("Firms that took part in the year"), NUMBER, FIRM_COUNT, firms_reached
    ),
    "actors_reached": Measure(
        TIE, later("Different actors in collaborations"), NUMBER, TIES, actors_reached
    ),
    "hours_top_tenth": Measure(
        ACTIVITY,
        later("Hours of the most active tenth of the firms"),
        SHARE,
        FIRM_COUNT,
        hours_top_tenth,
    ),
    "largest_project": Measure(
        "projects", later("The largest project's share of grants"), SHARE, PROJECTS, largest_project
    ),
    "private_share": Measure(
        "cluster_finances",
        later("Private cash in cash income"),
        SHARE,
        NOTHING,
        income(*PRIVATE_LINES),
    ),
    "fees_share": Measure(
        "cluster_finances",
        later("Membership fees in cash income"),
        SHARE,
        NOTHING,
        income("membership_fees"),
    ),
    "donations_share": Measure(
        "cluster_finances",
        later("Donations and sponsorships in cash income"),
        SHARE,
        NOTHING,
        income("donations_sponsorships"),
    ),
    "payment_share": Measure(
        "cluster_finances",
        later("User payment in cash income"),
        SHARE,
        NOTHING,
        income("user_payment"),
    ),
    "buyers_sme": Measure(SALE, later("Paying SMEs"), NUMBER, BUYERS, buyers("sme")),
    "ties_sme": Measure(TIE, later("Collaborations with an SME"), SHARE, TIES, ties(_with("sme"))),
    "buyers_large": Measure(SALE, later("Paying large firms"), NUMBER, BUYERS, buyers("large")),
    "ties_large_own": Measure(
        TIE,
        later("Large firms' collaborations with others than SMEs"),
        SHARE,
        TIES,
        ties(_without_smes, among=_with("large")),
    ),
    "adviser_density": Measure(
        "clusters",
        later("Established private advisers in the field"),
        later("per 100 SMEs in the field"),
        NOTHING,
        on_file("private_adviser_density"),
        1,
    ),
    "ties_private": Measure(
        TIE,
        later("Collaborations with private advisers or trade associations"),
        SHARE,
        TIES,
        ties(_with("adviser", "association")),
    ),
    "association_agreements": Measure(
        "clusters",
        later("Agreements with trade associations"),
        NUMBER,
        NOTHING,
        on_file("trade_association_agreements"),
    ),
    "providers_met": Measure(
        SALE,
        later("Private providers of the same services, weighted by user payment"),
        NUMBER,
        BUYERS,
        providers_met,
        1,
    ),
    "days_to_offer": Measure(
        "survey",
        later("Days to the first fitting offer"),
        later("days"),
        ANSWERS,
        answers("days_to_offer"),
    ),
    "contacts_before_offer": Measure(
        "survey",
        later("Contacts before the first fitting offer"),
        later("contacts"),
        ANSWERS,
        answers("contacts_before_offer"),
        1,
    ),
    "ties_referral": Measure(
        TIE,
        later("Collaborations that are referrals"),
        SHARE,
        TIES,
        ties(_is("kind", "referral")),
    ),
    "hours_individual": Measure(
        ACTIVITY,
        later("Firms' hours in help to one firm at a time"),
        SHARE,
        FIRM_COUNT,
        hours("individual", "yes"),
    ),
    "sales_individual": Measure(
        SALE,
        later("User payment for help to one firm at a time"),
        SHARE,
        BUYERS,
        sales("individual", "yes"),
    ),
    "research_use": Measure(
        "survey",
        later("Use of research-based knowledge"),
        SCORE,
        ANSWERS,
        answers("research_use"),
        1,
    ),
    "ties_knowledge": Measure(
        TIE,
        later("Collaborations with a knowledge institution"),
        SHARE,
        TIES,
        ties(_with("knowledge_institution")),
    ),
    "knowledge_results": Measure(
        TIE,
        later("Of these, with a prototype, a licence or a product on the market"),
        SHARE,
        TIES,
        ties(_succeeded, among=_with("knowledge_institution")),
    ),
    "sales_research": Measure(
        SALE,
        later("User payment for services that knowledge institutions may offer too"),
        SHARE,
        BUYERS,
        sales("research", "yes"),
    ),
}
SOURCES = tuple(dict.fromkeys(measure.source for measure in MEASURES.values()))
