"""From a study file to its runs: each notebook, each combination of its sweeps, by a stable name.

Two steps, for bad input must show before anything slow happens: :func:`check` needs only the study
file, :func:`plan` also needs to know which clusters and measures the data have.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from itertools import product
from typing import Any

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.disclosure.rules import read_rules
from clusterstudy.errors import UserError
from clusterstudy.params import (
    Meeting,
    NotebookParameters,
    RunSpec,
    Study,
    field_of,
    from_text,
    model_of,
    unknown,
    validated,
)

ALL = "all"
STUDY_WIDE = ("data", "study", "output")  # not for single runs


@dataclass(frozen=True)
class Run:
    """One notebook with all its parameters.

    Parameters
    ----------
    study, id
        Names of the folders its report lies in: ``reports/<study>/<id>/``.
    title, cluster_name, outcome_name
        The study's title, and what the data call the run's cluster and outcome; empty where it
        has none.
    """

    study: str
    id: str
    title: str
    notebook: str
    cluster_name: str
    outcome_name: str
    parameters: NotebookParameters
    meeting: Meeting | None = None


@dataclass(frozen=True)
class Vocabulary:
    """The names that a data set gives to parameters, and what it has to compute from.

    Parameters
    ----------
    clusters, measures
        Names by code; measures are those of firms, in the impact model's order.
    tables
        The tables that are there.
    absent
        The table that a measure needs and the data lack, by measure.
    """

    clusters: Mapping[str, str]
    measures: Mapping[str, str]
    tables: Collection[str]
    absent: Mapping[str, str]

    @classmethod
    def of(cls, data: Dataset) -> Vocabulary:
        """Read the vocabulary of a data set that has passed the gate."""
        from clusterstudy.baseline.levels import absent
        from clusterstudy.panel.measures import FIRM_SOURCES

        clusters = data.read("clusters").sort_values("cluster_id")
        model = data.read("impact_model")
        model = model[model["source"].isin(FIRM_SOURCES)]
        return cls(
            clusters=dict(zip(clusters["cluster_id"], clusters["name"], strict=True)),
            measures=dict(zip(model["measure"], model["label"], strict=True)),
            tables=data.tables(),
            absent=absent(data),
        )

    def names(self, key: str) -> tuple[str, ...] | None:
        """Return the names a parameter is limited to; None where the data do not limit it."""
        measures = tuple(self.measures)
        return {
            "cluster": (PROGRAMME, *self.clusters),
            "outcome": measures,
            "outcomes": measures,
            "costed": measures,
        }.get(key)

    def check(self, key: str, value: object, where: str) -> None:
        """Raise a UserError where ``value`` is no name of the data."""
        names = self.names(key)
        for each in value if isinstance(value, list) else [value]:
            if names is not None and each not in names:
                raise unknown(key, each, names, where=where)

    def require(self, parameters: NotebookParameters, where: str) -> None:
        """Raise a UserError where a run cannot do without a table that the data lack."""
        for table, mend in parameters.requires.items():
            if table not in self.tables:
                raise UserError(f"the table {table} is missing", where=where, mend=mend)
        for measure in parameters.measures:
            if measure in self.absent:
                table = self.absent[measure]
                raise UserError(
                    f"the measure {measure} needs the table {table}, which is missing",
                    where=where,
                    mend=f"Add {table}, or leave the measure out",
                )

    def swept(self, key: str, values: object, where: str) -> Sequence[object]:
        """Return a sweep's values, each checked; ``all`` stands for every name of the data."""
        if values != ALL:
            for value in _listed(values, where):
                self.check(key, value, where)
            return _listed(values, where)
        names = self.names(key)
        if names is None:
            raise UserError(f"`all` is not known for {key}", where=where, mend="List the values")
        return names


def override(study: Study, texts: Mapping[str, str]) -> Study:
    """Return the study with parameters replaced by what the command line says.

    Parameters
    ----------
    texts
        Text by key. A key is replaced in every run whose notebook takes it, also where it was
        swept; ``data`` is replaced for the study. What then differs from the study's own runs is
        added to their labels, so that no report of the study is overwritten.

    Raises
    ------
    UserError
        If no notebook of the study takes a key, or a value does not fit.
    """
    models = [model_of(spec.notebook, where="runs") for spec in study.runs]
    taken = {key for model in models for key in model.model_fields} - {"study", "output"}
    for key in texts:
        if key not in taken:
            raise unknown("parameter", key, sorted(taken), where="--set")
    specs = []
    for spec, model in zip(study.runs, models, strict=True):
        given = {k: from_text(model, k, texts[k]) for k in sorted(texts) if k in model.model_fields}
        for key, value in given.items():
            validated(field_of(model, key), {key: value}, where="--set")
        label = "--".join(filter(None, (spec.label, *_deviations(study, spec, given))))
        data = given.pop("data", study.data)
        sweep = {key: values for key, values in spec.sweep.items() if key not in given}
        changed = {"set": spec.set | given, "sweep": sweep, "label": label}
        specs.append(spec.model_copy(update=changed))
        _check_combinations(specs[-1], where="--set")
    return study.model_copy(update={"data": data, "runs": specs})


def check(study: Study, file: str) -> None:
    """Check every run's notebook, keys and values, as far as the study file tells them.

    Raises
    ------
    UserError
        At the first unknown notebook or key, wrong type, impossible value or combination, with
        its place in ``file``.
    """
    for index, spec in enumerate(study.runs):
        at = f"runs[{index}]"
        model_of(spec.notebook, where=f"{file}: {at}.notebook")
        for key, value in spec.set.items():
            _check_value(spec.notebook, key, value, file, f"{at}.set")
        for key, values in spec.sweep.items():
            where = f"{file}: {at}.sweep.{key}"
            if key in spec.set:
                raise UserError("this key is both set and swept", where=where)
            for value in [] if values == ALL else _listed(values, where):
                _check_value(spec.notebook, key, value, file, f"{at}.sweep")
        _check_combinations(spec, where=f"{file}: {at}")


def plan(study: Study, name: str, file: str, vocabulary: Vocabulary) -> list[Run]:
    """Return the runs of a study that :func:`check` has passed, in the order of the file.

    Parameters
    ----------
    name
        The study's name, from which its folder in reports/ follows.

    Raises
    ------
    UserError
        If a cluster, an outcome or a table that a run needs is not in the data, or two runs would
        have the same name.
    """
    runs: dict[str, Run] = {}
    rules = cache(read_rules)
    common = _common(study) | {"study": slug(name)}
    for index, spec in enumerate(study.runs):
        where = f"{file}: runs[{index}]"
        for key, value in spec.set.items():
            vocabulary.check(key, value, f"{where}.set.{key}")
        sweep = {
            key: vocabulary.swept(key, values, f"{where}.sweep.{key}")
            for key, values in spec.sweep.items()
        }
        for combination in product(*sweep.values()):
            swept = dict(zip(sweep, combination, strict=True))
            given = common | spec.set | swept
            least = {"min_firms": rules(given["rules"]).min_firms}
            parameters = validated(model_of(spec.notebook, where=where), least | given, where=where)
            vocabulary.require(parameters, where)
            run = Run(
                study=slug(name),
                id=run_id(spec.notebook, combination, spec.label),
                title=study.title,
                notebook=spec.notebook,
                cluster_name=vocabulary.clusters.get(parameters.cluster, ""),
                outcome_name=vocabulary.measures.get(getattr(parameters, "outcome", ""), ""),
                parameters=parameters,
                meeting=study.meeting,
            )
            if run.id.casefold() in runs:
                raise UserError(
                    f"two runs have the name {run.id}", where=where, mend="Give one a `label:`"
                )
            runs[run.id.casefold()] = run
    return list(runs.values())


def select(runs: Sequence[Run], patterns: Sequence[str]) -> list[Run]:
    """Return the runs that match any ``NOTEBOOK[/CLUSTER]``, both with ``*`` and ``?``.

    Raises
    ------
    UserError
        If a pattern matches no run.
    """
    chosen = list(runs) if not patterns else []
    for pattern in patterns:
        matching = [run for run in runs if _matches(run, pattern)]
        if not matching:
            targets = {f"{run.notebook}/{run.parameters.cluster}" for run in runs}
            raise unknown("run", pattern, sorted(targets), where="--only")
        chosen += [run for run in matching if run not in chosen]
    return [run for run in runs if run in chosen]


def run_id(notebook: str, swept: Sequence[object], label: str = "") -> str:
    """Return a run's name: the notebook and what it is swept over, safe as a folder's name."""
    parts = [notebook, *(_text(value) for value in swept), *([label] if label else [])]
    return "--".join(slug(part) for part in parts)


def slug(text: str) -> str:
    """Return text as a folder's name on any system; a changed one keeps a mark of its origin."""
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.")[:60]
    return (
        text if text and safe == text else f"{safe}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
    )


def _common(study: Study) -> dict[str, Any]:
    return {key: getattr(study, key) for key in ("data", "as_of", "lang", "seed", "rules")}


def _deviations(study: Study, spec: RunSpec, given: Mapping[str, object]) -> Iterator[str]:
    """Yield what a run's name says of each given value that the study would not have used."""
    model = model_of(spec.notebook, where="runs")
    own = model.model_construct(**(_common(study) | spec.set))
    for key, value in given.items():
        if key in spec.sweep or _text(value) != _text(getattr(own, key)):
            yield _text(value) if key == "lang" else f"{key}-{_text(value)}"


def _text(value: object) -> str:
    return "-".join(map(str, value)) if isinstance(value, list) else str(value)


def _matches(run: Run, pattern: str) -> bool:
    notebook, _, cluster = pattern.partition("/")
    return fnmatchcase(run.notebook, notebook) and fnmatchcase(
        run.parameters.cluster, cluster or "*"
    )


def _listed(values: object, where: str) -> list[Any]:
    if not isinstance(values, list) or not values:
        raise UserError(f"expected `all` or a list of values and found {values!r}", where=where)
    return values


def _check_value(notebook: str, key: str, value: object, file: str, at: str) -> None:
    model = model_of(notebook, where=file)
    allowed = [name for name in model.model_fields if name not in STUDY_WIDE]
    if key not in allowed:
        raise unknown(f"parameter of {notebook}", key, allowed, where=f"{file}: {at}.{key}")
    validated(field_of(model, key), {key: value}, where=file, at=at)


def _check_combinations(spec: RunSpec, where: str) -> None:
    """Check that the values of each combination fit each other, as far as the file lists them."""
    listed = {key: values for key, values in spec.sweep.items() if values != ALL}
    for combination in product(*listed.values()):
        swept = dict(zip(listed, combination, strict=True))
        validated(model_of(spec.notebook, where=where), spec.set | swept, where=where)
