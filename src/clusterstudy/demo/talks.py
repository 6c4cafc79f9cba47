"""The dialogue on guideposts: the table ``dialogue``, and what partners answer in the survey.

Two joint meetings with the clusters' chairs (27 November 2025 and 12 March 2026, as in the board
paper), then meetings cluster by cluster. Positions describe a balance and drift; they are no score.
Partners are private advisers and trade associations: where a cluster crowds out private providers
they see more competition and less co-creation.
"""

from __future__ import annotations

from collections.abc import Hashable
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from clusterstudy.contract.vocabulary import GUIDEPOST, GUIDEPOST_POSITION
from clusterstudy.demo.settings import CLUSTERS, Settings
from clusterstudy.demo.survey import WAVES

JOINT = ("2025-11-27", "2026-03-12")
BILATERAL = ("2026-10-01", "2027-04-01", "2027-10-01", "2028-04-01")  # from this day on
DISCUSSED = 3  # guideposts at a meeting with one cluster
CONSIDERATIONS = {
    "a": (
        "Udbredelse af eksisterende teknologi ↔ udvikling af ny teknologi",
        "Innovationspotentialer på kort sigt ↔ på lang sigt",
    ),
    "b": (
        "Strategisk fokus ↔ medlemmernes efterspørgsel",
        "Relevans i bredden ↔ prioritering i dybden",
    ),
    "c": ("Relevans for SMV'er ↔ relevans for store virksomheder",),
    "d": ("Samskabelse med private rådgivere ↔ konkurrence om betalingsvillighed",),
    "e": ("Henvisning til andre aktører ↔ egne tilbud til brugeren",),
    "f": ("Komplementere videninstitutionerne ↔ konkurrere med dem om SMV'erne",),
}
EVIDENCE = {
    "a": "Projektporteføljen og spørgeskemaets svar om udbytte",
    "b": "Timer efter aktivitetstype og klyngens handlingsplan",
    "c": "Årsregnskab og private indtægter mod plan",
    "d": "Salg efter ydelse og antal private udbydere",
    "e": "Dage til første tilbud og antal kontakter forinden",
    "f": "Samarbejder med videninstitutioner og deres resultater",
}
FOLLOW_UPS = {
    "a": "Klyngen beskriver fordelingen mellem kort og lang sigt i næste handlingsplan",
    "b": "Klyngen og sekretariatet gennemgår ydelser uden for kerneopgaven",
    "c": "Klyngen fremlægger en plan for kontingent og brugerbetaling",
    "d": "Klyngen drøfter snitflader med brancheorganisationen på området",
    "e": "Klyngen aftaler henvisninger med to andre aktører",
    "f": "Klyngen og universitetet aftaler roller i fælles forløb",
}
WITH_FOLLOW_UP = 0.6
PARTNERS, ASKED_ON = 16, "10-01"
PARTNER_ITEMS = {"partner_cocreation": (3.8, 2.8), "partner_competition": (2.2, 3.8)}


def dialogue(settings: Settings) -> pd.DataFrame:
    """Return the table ``dialogue``."""
    rng = settings.stream("dialogue")
    positions = {
        (cluster, text): int(rng.integers(-1, 2))
        for cluster in CLUSTERS["cluster_id"]
        for texts in CONSIDERATIONS.values()
        for text in texts
    }
    entries = []
    for cluster, day, guideposts in _meetings(rng):
        for guidepost in guideposts:
            for text in CONSIDERATIONS[guidepost]:
                moved = positions[cluster, text] + int(rng.integers(-1, 2))
                positions[cluster, text] = int(np.clip(moved, *GUIDEPOST_POSITION))
                agreed = rng.random() < WITH_FOLLOW_UP
                due = day + pd.Timedelta(days=int(rng.integers(60, 200)))
                entries.append(
                    {
                        "cluster_id": cluster,
                        "guidepost": guidepost,
                        "date": day,
                        "consideration": text,
                        "position": positions[cluster, text],
                        "evidence": EVIDENCE[guidepost],
                        "agreed_follow_up": FOLLOW_UPS[guidepost] if agreed else None,
                        "due": due if agreed else None,
                    }
                )
    return pd.DataFrame(entries)


def partner_answers(settings: Settings) -> pd.DataFrame:
    """Return the partners' rows of the table ``survey``.

    They would on average answer the first value of :data:`PARTNER_ITEMS`, rounded to whole scores
    from 1 to 5, and the second where the cluster crowds out private providers.
    """
    rng = settings.stream("partners")
    asked = product(WAVES, CLUSTERS.to_dict("records"), PARTNER_ITEMS.items())
    return pd.concat(
        [_answers(rng, wave, cluster, item, means) for wave, cluster, (item, means) in asked],
        ignore_index=True,
    )


def _answers(
    rng: np.random.Generator,
    wave: int,
    cluster: dict[Hashable, Any],
    item: str,
    means: tuple[float, float],
) -> pd.DataFrame:
    mean = means[int(pd.notna(cluster["crowding_out"]))]
    score = mean + 0.8 * rng.standard_normal(PARTNERS)
    code = cluster["cluster_id"]
    return pd.DataFrame(
        {
            "wave": wave,
            "respondent_id": [f"P{wave}-{code}-{n:02d}" for n in range(1, PARTNERS + 1)],
            "item": item,
            "cvr": None,
            "cluster_id": code,
            "answered_on": pd.Timestamp(f"{wave}-{ASKED_ON}"),
            "score": np.clip(np.round(score), 1.0, 5.0),
        }
    )


def _meetings(rng: np.random.Generator) -> list[tuple[str, pd.Timestamp, list[str]]]:
    """Return who was met when and about what, in the order of time."""
    clusters = list(CLUSTERS["cluster_id"])
    joint = [(cluster, pd.Timestamp(day), list(GUIDEPOST)) for day in JOINT for cluster in clusters]
    single = [
        (
            cluster,
            pd.Timestamp(day) + pd.Timedelta(days=int(rng.integers(0, 60))),
            sorted(rng.choice(list(GUIDEPOST), DISCUSSED, replace=False)),
        )
        for day in BILATERAL
        for cluster in clusters
    ]
    return joint + single
