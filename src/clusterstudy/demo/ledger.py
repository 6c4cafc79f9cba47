"""What was put into the data, as tables: the files of ``truth/``.

:mod:`clusterstudy.demo.truth` reads them and says what each holds.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from clusterstudy.demo import paths, population
from clusterstudy.demo import support as other
from clusterstudy.demo.events import Numbers
from clusterstudy.demo.population import Population
from clusterstudy.demo.settings import ANCHOR, CLUSTERS, INDUSTRIES, REGIONS

SME_PERSONS = 250
MEASURES = ("fte", "productivity", "revenue", "value_added", "exports", "rnd")


def mean_effects(firm_effects: pd.DataFrame, firm_years: pd.DataFrame) -> pd.DataFrame:
    """Return ``effects``: means over SME new entrants by outcome, dose, cohort and event time."""
    before = firm_years[firm_years["year"] == ANCHOR]
    sme = before.loc[before["headcount"] < SME_PERSONS, "cvr"]
    entrants = firm_effects[(firm_effects["cohort"] > ANCHOR) & firm_effects["cvr"].isin(sme)]
    entrants = entrants.assign(event_time=entrants["year"] - entrants["cohort"])
    long = entrants.melt(["dose", "cohort", "event_time"], MEASURES, "outcome", "effect")
    grouped = long.groupby(["outcome", "dose", "cohort", "event_time"])["effect"]
    return grouped.agg(effect="mean", n="size").reset_index()


def selection(population_: Population) -> pd.DataFrame:
    """Return ``selection``: what participation and trends depend on, and the dip that follows."""
    rows = [
        ("log_odds", "ln_fte_2024", population.BY_LN_FTE),
        ("log_odds", "growth_2021_24", population.BY_GROWTH),
        ("log_odds", "ln_age_2024", population.BY_LN_AGE),
        ("log_odds", "lasting_productivity_sd", population.BY_PRODUCTIVITY),
        ("log_odds", "fte_250_and_more", population.LARGE_PENALTY),
        *_named("log_odds", INDUSTRIES, "participation"),
        *_named("log_odds", REGIONS, "participation"),
        ("trend_ln_fte", "ln_fte_2024", paths.TREND_LN_FTE),
        ("trend_ln_fte", "growth_2021_24", paths.TREND_GROWTH),
        ("trend_ln_fte", "ln_age_2024", paths.TREND_LN_AGE),
        *_named("trend_ln_fte", INDUSTRIES, "growth"),
        *_named("trend_ln_fte", REGIONS, "growth"),
        ("trend_ln_productivity", "constant", paths.PRODUCTIVITY_TREND),
        ("trend_ln_productivity", "ln_fte_2024", paths.PRODUCTIVITY_LN_FTE),
        *_named("trend_ln_productivity", INDUSTRIES, "growth"),
        ("dip_ln_fte_2025", "participants_less_others", paths.dip(population_)),
    ]
    return pd.DataFrame(rows, columns=["part", "term", "value"])


def support() -> pd.DataFrame:
    """Return ``support``: what other support depends on, and what it does."""
    rows = [
        ("log_odds_before", "constant", other.CONSTANT),
        ("log_odds_before", "takes_part", other.BY_TAKING_PART),
        ("log_odds_before", "ln_fte_2024_less_mean", other.BY_LN_FTE),
        ("log_odds_before", "growth_2021_24", other.BY_GROWTH),
        ("chance_a_year_since", "none_before", other.NEW),
        ("chance_a_year_since", "some_before", other.AGAIN),
        ("chance_a_year_since", "factor_from_entry_on", other.REFERRAL),
        ("trend_ln_fte_since", "some_before", other.LIFT),
    ]
    return pd.DataFrame(rows, columns=["part", "term", "value"])


def events(numbers: Numbers, successions: pd.DataFrame) -> pd.DataFrame:
    """Return ``events``: exits, and what ``firm_successions`` holds."""
    moved = successions.rename(columns={"kind": "event"})
    ended = successions.loc[successions["kind"] != "split", "cvr"]
    closed = pd.DataFrame({"cvr": numbers.cvr, "date": numbers.closed}).dropna()
    exits = closed[~closed["cvr"].isin(ended)].assign(event="exit", successor=None)
    columns = ["cvr", "event", "date", "successor"]
    return pd.concat([exits[columns], moved[columns]]).sort_values(
        ["date", "cvr"], ignore_index=True
    )


def registers(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return ``registers``: rows and values that are missing, by table, column and year.

    A missing row has no column. Who lives at the end of a year is due to report it.
    """
    figures, accounts, reports = (
        tables[name] for name in ("firm_years", "annual_accounts", "project_reports")
    )
    report_year = reports["period_end"].dt.year
    gaps = [
        ("firm_years", "revenue", "omitted", figures["year"], figures["revenue"]),
        ("firm_years", "rnd_spend", "outside the sample", figures["year"], figures["rnd_spend"]),
        (
            "annual_accounts",
            "received_on",
            "not received",
            accounts["year"],
            accounts["received_on"],
        ),
        ("project_reports", "received", "not received", report_year, reports["received"]),
    ]
    parts = [_late(tables["firms"], figures)]
    for table, column, why, year, values in gaps:
        counts = values.isna().groupby(year.rename("year")).agg(due="size", missing="sum")
        parts.append(counts.reset_index().assign(table=table, column=column, why=why))
    found = pd.concat(parts)[["table", "column", "year", "why", "due", "missing"]]
    return found[found["missing"] > 0].reset_index(drop=True)


def _late(firms: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Return the firms due to report and those missing, by year."""
    present = figures.groupby("year").size()
    founded, closed = firms["founded"].dt.year, firms["closed"].dt.year.fillna(np.inf)
    due = [int(((founded <= year) & (closed > year)).sum()) for year in present.index]
    return pd.DataFrame(
        {
            "table": "firm_years",
            "column": "",
            "year": present.index,
            "why": "late",
            "due": due,
            "missing": np.array(due) - present.to_numpy(),
        }
    )


def clusters(accounts: pd.DataFrame) -> pd.DataFrame:
    """Return ``clusters``: what was put into each cluster."""
    negative = accounts[accounts["equity"] < 0].groupby("cluster_id")["year"].min()
    declared = CLUSTERS[
        ["cluster_id", "profile", "effect", "satisfaction", "lapse", "private_share", "plan_met"]
    ]
    return declared.assign(
        exhausted_under_plan=CLUSTERS["exhausted"],
        negative_equity_from=CLUSTERS["cluster_id"].map(negative).astype("Int64"),
        crowding_out=CLUSTERS["crowding_out"],
    )


def _named(part: str, lists: pd.DataFrame, column: str) -> list[tuple[str, str, float]]:
    """Return a row per industry or region."""
    name = lists.columns[0]
    return [
        (part, f"{name}={term}", value)
        for term, value in zip(lists[name], lists[column], strict=True)
    ]
