"""The clusters' income: ``programme``, ``cluster_finances`` and ``service_sales``.

It adds up: a year's planned grants to the programme's, and a cluster's sales to its user payment.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterstudy.contract.vocabulary import GRANT_LINES, INCOME_LINE, PRIVATE_LINES
from clusterstudy.demo.settings import CLUSTERS, PROGRAMME, Settings

INVESTMENT = {2025: 160_000, 2026: 164_000, 2027: 167_000, 2028: 171_000}  # 662 mio. kr. in all
YEARS = range(2023, 2029)
OPERATING_SHARE = 0.45
EVENNESS = 0.3  # how far grants follow the clusters' size
EARLIER = 0.93  # income a year before relative to a year after, until the programme
PROJECT_DELAY = 0.88  # least share of planned project grants that comes in the year
NOISE = 0.05
SHARE_RISE = 0.02  # of the private share planned, a year
OTHER_SHARE, IN_KIND = 0.02, 0.6  # relative to grants, and to private cash
PRIVATE_MIX = {
    "strong": (0.35, 0.10, 0.30, 0.25),
    "ambiguous": (0.22, 0.10, 0.23, 0.45),
    "weak": (0.12, 0.14, 0.16, 0.58),
}
SHORTFALL_GROWTH = 0.4  # a cluster that misses its plan misses it by this much more a year

SERVICES = {  # typical price in DKK thousand
    "courses": 6,
    "innovation_advice": 25,
    "market_entry": 30,
    "matchmaking": 10,
    "test_facilities": 40,
}
CROWDING_OUT_SHARE, CROWDED_MARKET = 0.6, (25, 45)
LARGE_BUYERS = {"strong": 0.15, "ambiguous": 0.10, "weak": 0.05}

Lines = dict[str, np.ndarray]


def programme() -> pd.DataFrame:
    """Return the table ``programme``."""
    return pd.DataFrame({"year": INVESTMENT.keys(), "grant": INVESTMENT.values()})


def plan() -> Lines:
    """Return the plan at designation: by line, shape (clusters, 4), whole DKK thousand."""
    weight = CLUSTERS["size"].to_numpy() ** EVENNESS
    grant = np.column_stack([allocate(total, weight) for total in INVESTMENT.values()])
    operating = np.rint(OPERATING_SHARE * grant)
    share = np.add.outer(CLUSTERS["private_share"].to_numpy(), SHARE_RISE * _since_start(PROGRAMME))
    other = OTHER_SHARE * grant
    private = share / (1 - share) * (grant + other)
    mix = np.array([PRIVATE_MIX[profile] for profile in CLUSTERS["profile"]])
    lines = {
        "operating_grant": operating,
        "project_grant": grant - operating,
        **{line: private * mix[:, [place]] for place, line in enumerate(PRIVATE_LINES)},
        "in_kind_cofinancing": IN_KIND * private,
        "other": other,
    }
    return {line: np.rint(lines[line]) for line in INCOME_LINE}


def actual(settings: Settings, planned: Lines) -> Lines:
    """Return actual income: by line, shape (clusters, 6) over :data:`YEARS`.

    The years before the programme are those of 2025, shrunk. A membership fee brings nothing
    before the year from which it is charged.
    """
    rng = settings.stream("cluster_finances")
    since = _since_start(YEARS)
    charges = CLUSTERS["fees_since"].fillna(np.inf).to_numpy()[:, None] <= np.array(YEARS)
    lines = {}
    for line, amount in planned.items():
        luck = rng.random((len(CLUSTERS), len(YEARS)))
        base = amount[:, np.maximum(since, 0)] * EARLIER ** np.maximum(-since, 0)
        if line == "project_grant":
            base *= PROJECT_DELAY + (1 - PROJECT_DELAY) * luck
        elif line != "operating_grant":
            base *= plan_met(since) * (1 + NOISE * (2 * luck - 1))
        lines[line] = np.rint(base * charges if line == "membership_fees" else base)
    return lines


def plan_met(since: np.ndarray) -> np.ndarray:
    """Return the share of planned private income that clusters reach, shape (clusters, t).

    ``since`` counts years from the programme's first.
    """
    missed = CLUSTERS["plan_met"].to_numpy()[:, None] - 1
    return 1 + missed * (1 + SHORTFALL_GROWTH * np.maximum(since, 0))


def cluster_finances(planned: Lines, happened: Lines) -> pd.DataFrame:
    """Return the table ``cluster_finances``; a budget lies between plan and last year's course."""
    caution = (1 + plan_met(_since_start(PROGRAMME) - 1)) / 2
    budget = {
        line: amount if line in GRANT_LINES else np.rint(amount * caution)
        for line, amount in planned.items()
    }
    scenarios = (
        ("plan_at_designation", planned, PROGRAMME),
        ("budget", budget, PROGRAMME),
        ("actual", happened, YEARS),
    )
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "cluster_id": np.repeat(CLUSTERS["cluster_id"].to_numpy(), len(years)),
                    "year": np.tile(years, len(CLUSTERS)),
                    "line": line,
                    "scenario": scenario,
                    "amount": amount.ravel(),
                }
            )
            for scenario, lines, years in scenarios
            for line, amount in lines.items()
        ],
        ignore_index=True,
    )


def service_sales(settings: Settings, happened: Lines) -> pd.DataFrame:
    """Return the table ``service_sales``; revenue adds up to the line user payment."""
    rng = settings.stream("service_sales")
    services, price = np.array(list(SERVICES)), np.array(list(SERVICES.values()), dtype=float)
    parts = []
    for cluster, payment in zip(CLUSTERS.to_dict("records"), happened["user_payment"], strict=True):
        mix = rng.dirichlet(np.full(len(services), 6.0))
        providers = rng.poisson(2 * cluster["adviser_density"], len(services))
        crowded = services == cluster["crowding_out"]
        if crowded.any():
            mix = np.where(crowded, CROWDING_OUT_SHARE, mix * (1 - CROWDING_OUT_SHARE))
            providers[crowded] = rng.integers(*CROWDED_MARKET)
        for year, total in zip(YEARS, payment, strict=True):
            revenue = allocate(total, mix)
            buyers = np.ceil(revenue / (price * rng.uniform(0.8, 1.2, len(price))))
            large = rng.binomial(buyers.astype(np.int64), LARGE_BUYERS[cluster["profile"]])
            parts.append(
                pd.DataFrame(
                    {
                        "cluster_id": cluster["cluster_id"],
                        "year": year,
                        "service_type": services,
                        "revenue": revenue,
                        "buyers_sme": buyers - large,
                        "buyers_large": large,
                        "private_providers_in_market": providers,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def allocate(total: float, weight: np.ndarray) -> np.ndarray:
    """Return whole numbers in proportion to ``weight`` that add up to the whole ``total``.

    The largest remainders are rounded up.
    """
    exact = total * weight / weight.sum()
    whole = np.floor(exact)
    missing = round(total - whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:missing]] += 1
    return whole


def _since_start(years: range) -> np.ndarray:
    return np.array(years) - min(PROGRAMME)
