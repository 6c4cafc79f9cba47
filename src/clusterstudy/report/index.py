"""All runs of a reports folder on one page: what was made, what failed, on what data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.report import language, layout
from clusterstudy.report.language import _, later

STATES = {"ok": ("✓", later("Done")), "failed": ("✕", later("Failed"))}
CHOICES = {
    "study": later("Study"),
    "notebook": later("Notebook"),
    "cluster": later("Cluster"),
    "status": later("Status"),
}
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
    def chosen_by(self) -> dict[str, str]:
        """What readers can choose runs by, as the page's choices name it."""
        run = self.run
        cluster = layout.cluster(run)
        return {name: str(run[name]) for name in CHOICES if name != "cluster"} | {
            "cluster": cluster
        }

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
    return layout.fill(
        "index.html.j2", studies=studies, states=STATES, counts=counts, choices=_choices(rows)
    )


def _choices(rows: Sequence[Row]) -> dict[str, tuple[str, dict[str, str]]]:
    """Return by name a choice's label and its options, each value with its text."""
    values = {name: dict.fromkeys(row.chosen_by[name] for row in rows) for name in CHOICES}
    texts = {state: f"{symbol} {_(word)}" for state, (symbol, word) in STATES.items()}
    return {
        name: (_(label), {value: texts.get(value, value) for value in values[name]})
        for name, label in CHOICES.items()
    }


def _order(run: Mapping[str, Any]) -> tuple[Any, ...]:
    """Sort by study and notebook, the programme before its clusters, a failure last."""
    single = run["parameters"]["cluster"] != PROGRAMME
    return run["study"], run["notebook"], single, run["run"], bool(run["failure"])
