"""What the gate says of a data set: plain values that go into manifests, reports and the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from clusterstudy.contract.rules import Severity

SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")


@dataclass(frozen=True)
class Finding:
    """A rule that a table breaks.

    Parameters
    ----------
    table, column
        Where; ``column`` names several where the rule reads several, none where the table is
        meant.
    rule
        The rule in words.
    severity
        ``critical`` stops a study, ``warning`` goes into its reports, ``info`` tells what is not
        there.
    count, of
        Rows that break the rule, and rows of the table.
    rows
        Numbers in the file of up to five of them, the header counted. No key and no value: a
        verdict is published.
    place
        File, column and row that cannot be read; empty otherwise.
    """

    table: str
    column: str
    rule: str
    severity: Severity
    count: int
    of: int
    rows: tuple[int, ...] = ()
    place: str = ""

    def examples(self) -> tuple[str, ...]:
        """Return where in the file the rule is broken, for example."""
        return (self.place,) if self.place else tuple(f"row {row}" for row in self.rows)

    def line(self, examples: Iterable[str]) -> str:
        """Return the finding on one line."""
        where = f"{self.table}.{self.column}" if self.column else self.table
        rows = f" {self.count:,} of {self.of:,} rows break it." if self.count else ""
        listed = "; ".join(examples)
        shown = f" For example {listed}." if listed else ""
        return f"{self.severity}: {where}: {self.rule}{rows}{shown}"


@dataclass(frozen=True)
class Verdict:
    """What the gate found in a data set.

    Parameters
    ----------
    key
        Hash of all that the verdict depends on.
    findings
        Ordered by severity, then as the contract orders tables and columns.
    tables
        Rows of each table that was read.
    fingerprint
        SHA-256 of each table's file.
    checked_at
        When, in UTC, ISO 8601.
    """

    key: str
    findings: tuple[Finding, ...]
    tables: Mapping[str, int]
    fingerprint: Mapping[str, str]
    checked_at: str

    @property
    def status(self) -> Literal["critical", "warning", "ok"]:
        """The gravest severity found; what is merely not there is ``ok``."""
        found = {finding.severity for finding in self.findings}
        return "critical" if "critical" in found else "warning" if "warning" in found else "ok"

    def lines(self, examples: Callable[[Finding], Iterable[str]] = Finding.examples) -> list[str]:
        """Return the verdict for a terminal: one line per finding, then the sum."""
        counts = (sum(f.severity == severity for f in self.findings) for severity in SEVERITIES)
        critical, warnings, _ = counts
        return [
            *(finding.line(examples(finding)) for finding in self.findings),
            f"{self.status}: {len(self.tables)} tables, {sum(self.tables.values()):,} rows, "
            f"{critical} critical findings, {warnings} warnings",
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as values that JSON can hold, with its status."""
        return {"status": self.status, **asdict(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Verdict:
        """Return the verdict that :meth:`as_dict` described."""
        findings = tuple(
            Finding(**{**finding, "rows": tuple(finding["rows"])}) for finding in values["findings"]
        )
        rest = {name: values[name] for name in ("key", "tables", "fingerprint", "checked_at")}
        return cls(findings=findings, **rest)
