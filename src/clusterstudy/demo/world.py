"""The whole demo in memory: the tables of the contract, and the truth behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from clusterstudy.contract.read import read_table
from clusterstudy.contract.schema import Kind, Table
from clusterstudy.contract.tables import TABLES
from clusterstudy.demo import (
    accounts,
    contacts,
    economy,
    effects,
    entry,
    events,
    figures,
    ledger,
    networks,
    paths,
    population,
    projects,
    registers,
    support,
    survey,
    talks,
)
from clusterstudy.demo.dirt import NONE, soil
from clusterstudy.demo.settings import PROGRAMME, Settings
from clusterstudy.paths import DATA

Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Demo:
    """Tables by their names in the contract, and the truth by its files' names without ending."""

    tables: Frames
    truth: Frames


def make(settings: Settings, *, dirt: bool = False) -> Demo:
    """Return a demo; with ``dirt`` its errors are entered in ``truth["dirt"]``."""
    planned = economy.plan()
    happened = economy.actual(settings, planned)
    firm_tables, truth = _firms(settings, happened)
    made = firm_tables | _clusters(settings, planned, happened)
    tables = {name: conform(made[name], table) for name, table in TABLES.items()}
    truth["registers"] = ledger.registers(tables)
    truth["clusters"] = ledger.clusters(tables["annual_accounts"])
    tables, truth["dirt"] = soil(settings, tables) if dirt else (tables, NONE)
    return Demo(tables, truth)


def conform(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the declared columns in their order and the types that the readers give them."""
    columns = {c.name: _as_declared(frame[c.name], c.kind) for c in table.columns}
    return pd.DataFrame(columns).reset_index(drop=True)


def _as_declared(values: pd.Series, kind: Kind) -> pd.Series:
    if kind in ("integer", "year"):
        return values.astype("float64" if values.hasnans else "int64")
    if kind == "number":
        return values.astype("float64")
    return values.astype("datetime64[us]") if kind == "date" else values.astype("str")


def _firms(settings: Settings, happened: economy.Lines) -> tuple[Frames, Frames]:
    """Return the tables about firms, and the truth about them."""
    units = population.draw(settings, settings.firms - events.successors(settings))
    entering = entry.draw(settings, units)
    supported = support.draw(settings, units)
    path = paths.draw(settings, units)
    path = replace(path, employment=path.employment + support.lift(settings, supported))
    effect = effects.draw(settings, units, entering)
    numbers, successions = events.carry_out(settings, units, path.employment)
    prices = registers.price_index(settings)
    firm_years, firm_effects = figures.firm_years(settings, units, path, numbers, effect, prices)
    answers, asked = survey.survey(settings, units, entering, numbers)
    fees = happened["membership_fees"][:, economy.YEARS.index(min(PROGRAMME))]
    tables = {
        "firms": registers.firms(settings, units, numbers),
        "firm_successions": successions,
        "firm_years": firm_years,
        "firm_measures": registers.firm_measures(settings, firm_years),
        "participations": contacts.participations(settings, entering, numbers),
        "memberships": contacts.memberships(settings, units, entering, numbers, fees),
        "other_support": support.other_support(settings, supported, numbers),
        "survey": pd.concat([answers, talks.partner_answers(settings)], ignore_index=True),
        "collaborations": networks.collaborations(settings, units, entering, numbers),
        "price_index": prices,
        "industry_bridge": registers.industry_bridge(),
    }
    truth = {
        "effects": ledger.mean_effects(firm_effects, firm_years),
        "firm_effects": firm_effects,
        "selection": ledger.selection(units),
        "support": ledger.support(),
        "events": ledger.events(numbers, successions),
        "survey": asked,
        "networks": networks.truth(),
        "journey": contacts.journey(entering),
    }
    return tables, truth


def _clusters(settings: Settings, planned: economy.Lines, happened: economy.Lines) -> Frames:
    """Return the tables about clusters, which need no firms."""
    project = projects.projects(settings, planned)
    reports = projects.project_reports(settings, project)
    advances = projects.advances(project, reports, economy.YEARS)
    return {
        "clusters": registers.clusters(settings),
        "programme": economy.programme(),
        "cluster_finances": economy.cluster_finances(planned, happened),
        "service_sales": economy.service_sales(settings, happened),
        "annual_accounts": accounts.annual_accounts(settings, planned, happened, advances),
        "projects": project,
        "project_reports": reports,
        "dialogue": talks.dialogue(settings),
        "impact_model": read_table(DATA / "impact_model.csv", TABLES["impact_model"]),
    }
