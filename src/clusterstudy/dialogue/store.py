"""Keep the evidence on all clusters, made once for their sheets (:mod:`clusterstudy.kept`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from clusterstudy import kept
from clusterstudy.contract.read import Dataset
from clusterstudy.dialogue.evidence import c_and_d, evidence

KEPT = 8  # of a data folder
CODE = (
    *(Path(__file__).parent / name for name in ("", "evidence")),
    *(Path(__file__).parents[1] / name for name in ("measures", "panel", "contract", "disclosure")),
)


@dataclass(frozen=True)
class Evidence:
    """The evidence on some clusters.

    Parameters
    ----------
    data
        What it is of, as known on ``data.as_of``.
    tables
        Those of ``data`` by name; the survey is that of
        :func:`clusterstudy.measures.answers.survey` for ``programme_start``.
    guideposts, balances, offers, min_firms
        As :func:`clusterstudy.dialogue.evidence.evidence` takes them.
    clusters
        Codes.
    """

    data: Dataset
    tables: Mapping[str, pd.DataFrame]
    programme_start: int
    guideposts: pd.DataFrame
    balances: pd.DataFrame
    offers: pd.DataFrame
    clusters: Sequence[str]
    min_firms: int

    def balanced(self) -> pd.DataFrame:
        """Return the evidence on every balance, with ``cluster_id``."""

        def make() -> pd.DataFrame:
            declared = self.guideposts, self.balances, self.offers
            return pd.concat(
                evidence(self.tables, *declared, code, self._day, self.min_firms).assign(
                    cluster_id=code
                )
                for code in self.clusters
            )

        return kept.frame(self._entry("evidence"), make, most=KEPT)

    def c_and_d(self) -> pd.DataFrame:
        """Return what :func:`clusterstudy.dialogue.evidence.c_and_d` does."""
        given = self.tables, self.offers, self.clusters, self._day, self.min_firms
        return kept.frame(self._entry("c_and_d"), lambda: c_and_d(*given), most=KEPT)

    @property
    def _day(self) -> date:
        assert self.data.as_of is not None
        return self.data.as_of

    def _entry(self, kind: str) -> Path:
        declared = [frame.to_csv() for frame in (self.guideposts, self.balances, self.offers)]
        chosen = [self.programme_start, *declared, list(self.clusters), self.min_firms]
        return kept.entry(self.data, kind, chosen, CODE)
