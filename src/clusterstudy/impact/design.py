"""What a run compares, and whether its data can carry an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from clusterstudy.contract.read import Dataset
from clusterstudy.did.panel import Panel as Arrays
from clusterstudy.panel import store
from clusterstudy.panel.build import Panel, in_treated_cells
from clusterstudy.panel.measures import declared
from clusterstudy.panel.successions import Mergers
from clusterstudy.panel.support import OtherProgrammes
from clusterstudy.report.language import later
from clusterstudy.report.scales import Scale

CONDITIONS = {
    "released": later("First results year released for the outcome"),
    "before": later("Years of the outcome before the first entry"),
    "treated": later("New entrants seen before and after entry"),
    "comparison": later("Comparison firms with the outcome"),
    "overlap": later("Share of new entrants unlike every comparison firm, at most"),
}


@dataclass(frozen=True)
class Design:
    """Firms, the arrays of one outcome, and the new entrants a run is about.

    Parameters
    ----------
    firms
        The analysis panel, n firms.
    arrays
        The outcome's arrays for :mod:`clusterstudy.did`, in the same order.
    chosen
        Boolean, shape (n,): new entrants of the run's cluster and dose, so far.
    comparison
        Boolean, shape (n,): firms without any contact in the same cells of industry, size and
        region as the chosen ones.
    anticipation
        Years before entry in which firms may already respond.
    outcome, scale, dimension
        Label and scale of the outcome, and its dimension in the impact model.
    """

    firms: Panel
    arrays: Arrays
    chosen: np.ndarray
    comparison: np.ndarray
    anticipation: int
    outcome: str
    scale: Scale
    dimension: str = ""

    @property
    def compared(self) -> np.ndarray:
        """Boolean, shape (n,): the chosen new entrants and the comparison firms."""
        return self.chosen | self.comparison

    @property
    def entered(self) -> np.ndarray:
        """Boolean, shape (n,): chosen firms that had entered by the outcome's last year.

        Contacts are known before outcomes: later entrants are neither treated nor never-treated.
        """
        return self.chosen & (self.arrays.cohort <= self.arrays.periods[-1] + self.anticipation)

    @property
    def seen(self) -> np.ndarray:
        """Boolean, shape (n,): chosen firms whose outcome is known before and after entry."""
        known = np.isfinite(self.arrays.outcome)
        years, cohort = self.arrays.periods, self.arrays.cohort[:, None]
        before = known & (years < cohort - self.anticipation)
        after = known & (years >= cohort)
        return self.chosen & before.any(axis=1) & after.any(axis=1)

    def among(self, firms: np.ndarray) -> Arrays:
        """Return the arrays of some firms, boolean of shape (n,)."""
        whole = self.arrays
        return replace(
            whole,
            outcome=whole.outcome[firms],
            cohort=whole.cohort[firms],
            covariates=None if whole.covariates is None else whole.covariates[firms],
        )


def design(
    data: Dataset,
    outcome: str,
    *,
    others: Sequence[str] = (),
    cluster: str,
    dose: str,
    covariates: list[str],
    programme_start: int,
    first_year: int,
    winsorise: float,
    anticipation: int,
    mergers: Mergers = "keep",
    other_programmes: OtherProgrammes = "ignore",
) -> Design:
    """Return what a run compares.

    Parameters
    ----------
    outcome
        A measure of firms in the impact model.
    others
        Further measures, for :func:`with_outcome`.
    cluster, dose
        The new entrants to estimate for: ``programme`` and ``any`` stand for all.
    covariates, programme_start, first_year, winsorise, mergers, other_programmes
        See :func:`clusterstudy.panel.build.build`.
    anticipation
        Years before entry in which firms may already respond.

    Raises
    ------
    UserError
        If a table is missing, the outcome is unknown, or no firm is left.
    """
    firms = store.panel(
        data,
        [outcome, *others],
        programme_start=programme_start,
        first_year=first_year,
        covariates=covariates,
        winsorise=winsorise,
        mergers=mergers,
        other_programmes=other_programmes,
    )
    chosen = firms.of(cluster, dose)
    cells = in_treated_cells(firms.firms.assign(cohort=np.where(chosen, 0, np.inf)))
    arrays = Arrays(
        outcome=firms.outcomes[outcome],
        cohort=firms.firms["cohort"].to_numpy(),
        periods=firms.years,
        covariates=firms.design() if firms.covariates else None,
    )
    return Design(
        firms=firms,
        arrays=arrays,
        chosen=chosen,
        comparison=~firms.treated & cells.to_numpy(),
        anticipation=anticipation,
        **_described(data, outcome),
    )


def with_outcome(study: Design, data: Dataset, outcome: str) -> Design:
    """Return the same comparison for another measure that the panel holds.

    Raises
    ------
    UserError
        If the measure is missing throughout.
    """
    arrays = replace(study.arrays, outcome=study.firms.outcomes[outcome])
    return replace(study, arrays=arrays, **_described(data, outcome))


def _described(data: Dataset, outcome: str) -> dict[str, Any]:
    """Return label, scale and dimension of a measure, as :class:`Design` takes them."""
    measure = declared(data, outcome)
    scale = Scale(measure["scale"], measure["unit"])
    return {"outcome": measure["label"], "scale": scale, "dimension": measure["dimension"]}


def maturity(
    study: Design,
    off_support: float,
    *,
    results_from: int,
    min_treated: int,
    max_off_support: float,
) -> pd.DataFrame:
    """Judge whether an estimate may be made.

    Parameters
    ----------
    off_support
        Share of the chosen new entrants beyond every comparison firm's propensity score.
    results_from
        First year whose outcomes count as results.
    min_treated
        Fewest firms in either group.
    max_off_support
        Largest share off support.

    Returns
    -------
    DataFrame indexed by the names of :data:`CONDITIONS`: ``needed`` and ``found`` (years, firms or
    a share), and ``met``. Without all of them no estimate may be shown.
    """
    seen = np.isfinite(study.arrays.outcome)
    years = study.firms.years[seen.any(axis=0)]
    last = int(years.max(initial=0))
    first_entry = study.arrays.cohort[study.chosen].min(initial=np.inf)
    before = int((years < first_entry - study.anticipation).sum()) if study.chosen.any() else 0
    treated, compared = int(study.seen.sum()), int(seen[study.comparison].any(axis=1).sum())
    rows = {
        "released": (results_from, last, last >= results_from),
        "before": (1, before, before >= 1),
        "treated": (min_treated, treated, treated >= min_treated),
        "comparison": (min_treated, compared, compared >= min_treated),
        "overlap": (max_off_support, off_support, off_support <= max_off_support),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["needed", "found", "met"])
