"""Make the folder that may leave the room (hjemtagelse), with a record of what was checked.

Belongs here: joining reports, rules, data, declared exceptions and earlier releases. Does not
belong here: the checks (:mod:`clusterstudy.disclosure`).
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd

from clusterstudy.contract.declaration import read_declaration
from clusterstudy.contract.read import Dataset
from clusterstudy.contract.schema import Column, Table
from clusterstudy.contract.tables import TABLES
from clusterstudy.disclosure import checks
from clusterstudy.disclosure.checks import Finding
from clusterstudy.disclosure.outputs import Count, counts, declared, misdeclared, read_outputs
from clusterstudy.disclosure.rules import Rules, read_rules
from clusterstudy.disclosure.scan import Known, scan
from clusterstudy.errors import Sentence, UserError
from clusterstudy.params import unknown
from clusterstudy.paths import MANIFEST, PARAMS
from clusterstudy.report import release
from clusterstudy.runs import folders, manifest

WHOLE = "report"  # the output that files of no table or figure belong to
_EXCUSABLE = {rule: checks.RULES[rule] for rule in checks.EXCUSABLE}  # never a firm's number
EXCEPTIONS = Table(
    name="exceptions",
    row="An output that may break a rule, and why.",
    source="Declared by who asks for the release, beside the study.",
    key=("run", "output", "rule"),
    columns=(
        Column("run", "text", "Run, with * and ?."),
        Column("output", "text", "Table, figure or report, with * and ?."),
        Column("rule", "text", "Rule that it may break.", terms=_EXCUSABLE),
        Column("why", "text", "Why nobody's figures are told."),
        Column("asked_by", "text", "Who asks for it."),
    ),
)


@dataclass(frozen=True)
class Report:
    """A report that is to leave: its name, its folder and what its manifest says."""

    name: str
    folder: Path
    about: Mapping[str, Any]

    @property
    def files(self) -> list[str]:
        """What leaves: all but a print, which cannot be checked, by path in the folder."""
        return sorted({*self.about["outputs"], MANIFEST} - {folders.PDF})

    @property
    def tables(self) -> dict[str, Path]:
        """Files of the tables, and of the figures' data, by output."""
        return {path.stem: path for path in sorted(self.folder.glob("tables/*.parquet"))}


def release_runs(
    names: Sequence[str],
    reports: Path,
    to: Path,
    *,
    rules: str = "",
    data: Dataset | None = None,
    now: datetime | None = None,
) -> Path:
    """Check reports together and copy them to a new folder in ``to``, with the record.

    Parameters
    ----------
    names
        ``STUDY/RUN``, with * and ?.
    to
        Folder of releases. Earlier ones stay as they are and are checked against.
    rules
        Name of the rule set; empty for the one that the reports were made by.
    data
        The data of the reports, to tell firms' numbers from others.
    now
        Time of the release; None for the clock's.

    Raises
    ------
    UserError
        If a report is missing, breaks a rule without a declared exception, or reports were made
        by different rule sets and none is named; nothing is written.
    """
    chosen = [report for name in names for report in _reports(name, reports)]
    held = read_rules(rules or _rules(chosen))
    cells, findings = _examined(chosen, _earlier(to), held, _known(data))
    exceptions = {study: _exceptions(study) for study in {r.about["study"] for r in chosen}}
    record = _record(chosen, cells, findings, exceptions, held, now or datetime.now(UTC))
    _refuse(record)
    return _write(record, chosen, to)


def _reports(pattern: str, reports: Path) -> list[Report]:
    found = {
        f"{path.parent.parent.name}/{path.parent.name}": path.parent
        for path in sorted(reports.glob(f"*/*/{MANIFEST}"))
        if not path.parent.parent.name.startswith(".")
    }
    matching = [name for name in found if fnmatchcase(name, pattern)]
    if not matching:
        raise unknown("report", pattern, found, where=str(reports))
    return [Report(name, found[name], manifest.read(found[name] / MANIFEST)) for name in matching]


def _rules(chosen: Sequence[Report]) -> str:
    """Return the rule set that all reports were made by."""
    names = {report.about["parameters"]["rules"] for report in chosen}
    if len(names) > 1:
        raise UserError(
            f"the reports were made by the rule sets {', '.join(sorted(names))}",
            mend="Name the one to hold them against: --rules",
        )
    return names.pop()


def _known(data: Dataset | None) -> Known:
    if data is None:
        return Known()
    numbers = {
        table: pd.unique(frame.to_numpy().ravel())
        for table in data.tables()
        if (names := [column.name for column in TABLES[table].columns if column.kind == "cvr"])
        and not (frame := data.read(table, names)).empty
    }
    public = frozenset(numbers.pop("clusters", ()))
    firms = frozenset(number for each in numbers.values() for number in each if pd.notna(number))
    size = len(numbers.get("firms", ()))
    return Known(firms, public, {size} if size > 100 else ())


def _earlier(to: Path) -> list[Count]:
    """Return the counts of all earlier releases."""
    records = [
        json.loads(path.read_text("utf-8")) for path in sorted(to.glob(f"*/{folders.RECORD}"))
    ]
    return [Count(**cell) for record in records for cell in record["counts"]]


def _examined(
    chosen: Iterable[Report], earlier: Sequence[Count], rules: Rules, known: Known
) -> tuple[list[Count], list[Finding]]:
    """Return the counts of the reports and all that breaks a rule."""
    outputs, cells, findings = read_outputs(), [], []
    for report in sorted(chosen, key=lambda report: report.about["parameters"]["as_of"]):
        about = report.about
        if about["outputs"] != manifest.outputs(report.folder):
            differ = Sentence("files differ from the manifest")
            findings.append(Finding(report.name, WHOLE, "changed", differ))
        least = about["parameters"]["min_firms"]
        if least < rules.min_firms:
            less = Sentence("{least} of {minimum} firms", least=least, minimum=rules.min_firms)
            findings.append(Finding(report.name, WHOLE, "min_firms", less))
        for name, path in report.tables.items():
            rows, frame = declared(outputs, about["notebook"], name), pd.read_parquet(path)
            own = list(counts(frame, rows, report.name, name, about["parameters"]))
            if rows.empty:
                unknown_to = Sentence("no row for {notebook}", notebook=about["notebook"])
                findings.append(Finding(report.name, name, "undeclared", unknown_to))
            findings += [
                Finding(report.name, name, "undeclared", parts)
                for parts in misdeclared(frame, rows)
            ]
            findings += checks.of_table(frame, own, report.name, name, rules, least)
            cells += own
        for file in report.files:
            output = _output(file)
            if output not in (WHOLE, *report.tables):
                drawn = Sentence("{file} has no data", file=file)
                findings.append(Finding(report.name, output, "undeclared", drawn))
            findings += [
                Finding(
                    report.name,
                    output,
                    found.rule,
                    Sentence("{file}, {times} times", file=file, times=found.times),
                )
                for found in scan(report.folder / file, known, rules.max_rows)
            ]
    findings += checks.differences(cells, earlier, rules.min_firms)
    findings += checks.linked(cells, earlier, rules.min_firms)
    return cells, findings


def _output(file: str) -> str:
    folder, slash, name = file.rpartition("/")
    return name.rpartition(".")[0] if slash and folder in ("tables", "figures") else WHOLE


def _exceptions(study: str) -> pd.DataFrame:
    path = PARAMS / f"{study}.exceptions.csv"
    if not path.is_file():
        return pd.DataFrame(columns=list(EXCEPTIONS.names))
    return read_declaration(path, EXCEPTIONS, names="run")


def _record(
    chosen: Sequence[Report],
    cells: Sequence[Count],
    findings: Sequence[Finding],
    exceptions: Mapping[str, pd.DataFrame],
    rules: Rules,
    now: datetime,
) -> dict[str, Any]:
    """Return the record: rules, versions, and each output with its checks, verdict and hashes."""
    outputs = []
    for report in chosen:
        asked = exceptions[report.about["study"]]
        for name in (WHOLE, *report.tables):
            own = [finding for finding in findings if _of(finding, report.name, name)]
            broken = [_judged(finding, asked, report.about["run"]) for finding in own]
            refused = any(not each["exception"] for each in broken)
            verdict = "refused" if refused else "exception" if broken else "passed"
            files = [file for file in report.files if _output(file) == name]
            outputs.append(
                {
                    "run": report.name,
                    "output": name,
                    "verdict": verdict,
                    "findings": broken,
                    "blank_counts": sum(
                        cell.hidden for cell in cells if _of(cell, report.name, name)
                    ),
                    "sha256": {file: manifest.sha256_of(report.folder / file) for file in files},
                }
            )
    return {
        "made": now.isoformat(timespec="seconds"),
        "rules": asdict(rules),
        "checks": checks.RULES,
        "software": chosen[0].about["code"]["version"],
        "lang": chosen[0].about["parameters"]["lang"],
        "outputs": outputs,
        "counts": [asdict(cell) for cell in cells if not cell.hidden],
    }


def _of(found: Finding | Count, run: str, output: str) -> bool:
    return (found.run, found.output) == (run, output)


def _judged(finding: Finding, asked: pd.DataFrame, run: str) -> dict[str, Any]:
    """Return a finding with the exception that was asked for, if one was."""
    granted = [
        {"why": row["why"], "asked_by": row["asked_by"]}
        for row in asked.to_dict("records")
        if fnmatchcase(run, row["run"])
        and fnmatchcase(finding.output, row["output"])
        and finding.rule == row["rule"]
    ]
    return {
        "rule": finding.rule,
        "detail": finding.detail.text,
        "values": finding.detail.values,
        "exception": granted[0] if granted else None,
    }


def _refuse(record: Mapping[str, Any]) -> None:
    """Raise a UserError that names the first refused output, its rule, and how many there are."""
    refused = [output for output in record["outputs"] if output["verdict"] == "refused"]
    if not refused:
        return
    first = refused[0]
    broken = next(each for each in first["findings"] if not each["exception"])
    rules = Counter(
        each["rule"] for output in refused for each in output["findings"] if not each["exception"]
    )
    listed = ", ".join(f"{rule} {times}" for rule, times in rules.items())
    study = first["run"].partition("/")[0]
    detail = Sentence(broken["detail"], **broken["values"]).told()
    raise UserError(
        f"breaks the rule {broken['rule']} ({checks.RULES[broken['rule']]}): {detail}; "
        f"{len(refused)} outputs are refused ({listed}) and nothing was released",
        where=f"{first['run']}, {first['output']}",
        mend=f"Mend the output, or ask for an exception in params/{study}.exceptions.csv",
    )


def _write(record: Mapping[str, Any], chosen: Sequence[Report], to: Path) -> Path:
    """Write all files beside the target and rename once."""
    to.mkdir(parents=True, exist_ok=True)
    target = to / record["made"].replace(":", "").replace("+0000", "Z")
    if target.exists():
        raise UserError("there is a release of this second", where=str(target), mend="Try again")
    staged = Path(tempfile.mkdtemp(prefix=".release-", dir=to))
    try:
        for report in chosen:
            for file in report.files:
                copy = staged / report.name / file
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(report.folder / file, copy)
        whole = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
        (staged / folders.RECORD).write_text(whole, encoding="utf-8", newline="\n")
        (staged / "record.html").write_text(release.render(record), encoding="utf-8", newline="\n")
        return staged.rename(target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
