"""All runs of a reports folder on one page: what was made, what failed, on what data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.report import language, layout
from clusterstudy.report.language import _, later

STATES = {"ok": ("✓", later("Done")), "failed": ("✕", later("Failed"))}
FOLDERS = {"tables": later("tables"), "figures": later("figures")}


class Row(NamedTuple):
    """A run as it last ended; ``earlier`` says that a report from before it failed is there."""

    run: Mapping[str, Any]
    earlier: bool

    @property
    def folder(self) -> str:
        """Where its files lie, from the page."""
        run = self.run
        return f"{run['study']}/{'.failed/' if run['failure'] else ''}{run['run']}"

    @property
    def holds(self) -> dict[str, str]:
        """The folders in there, with what readers call them."""
        filled = {path.partition("/")[0] for path in self.run["outputs"]}
        return {name: _(text) for name, text in FOLDERS.items() if name in filled}


def render(manifests: Iterable[Mapping[str, Any]]) -> str:
    """Return the page, in the language that most of the reports are in.

    Parameters
    ----------
    manifests
        Of reports and of failed runs (:mod:`clusterstudy.runs.manifest`); a run may have both.
    """
    attempts: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for run in sorted(manifests, key=_order):
        attempts.setdefault(run["study"], {}).setdefault(run["run"], []).append(run)
    studies = [
        [Row(runs[-1], earlier=len(runs) > 1) for runs in of_study.values()]
        for of_study in attempts.values()
    ]
    rows = [row for study in studies for row in study]
    spoken = Counter(row.run["parameters"]["lang"] for row in rows)
    language.use(max(spoken, key=spoken.__getitem__, default="en"))
    counts = Counter(row.run["status"] for row in rows)
    return layout.fill("index.html.j2", studies=studies, states=STATES, counts=counts)


def _order(run: Mapping[str, Any]) -> tuple[Any, ...]:
    """Sort by study and notebook, the programme before its clusters, a failure last."""
    single = run["parameters"]["cluster"] != PROGRAMME
    return run["study"], run["notebook"], single, run["run"], bool(run["failure"])
