"""The gate's verdict as a section of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from clusterstudy.report import fragments
from clusterstudy.report.language import _, later
from clusterstudy.report.layout import fill

SEVERITIES = {
    "critical": later("✕\u00a0Critical"),
    "warning": later("!\u00a0Warning"),
    "info": later("i\u00a0Information"),
}


def section(verdict: Mapping[str, Any]) -> Markup:
    """Return what the gate said of the data: the verdict, and a table of the findings.

    Parameters
    ----------
    verdict
        As :meth:`clusterstudy.quality.Verdict.as_dict` returns it.
    """
    return fill("quality.html.j2", verdict=verdict, findings=_findings(verdict["findings"]))


def _findings(findings: list[Mapping[str, Any]]) -> Markup | None:
    if not findings:
        return None
    frame = pd.DataFrame(
        {
            "severity": _(SEVERITIES[finding["severity"]]),
            "place": ".".join(filter(None, (finding["table"], finding["column"]))),
            "rule": _(finding["rule"]),
            "count": finding["count"],
            "of": finding["of"],
            "examples": finding["place"] or ", ".join(map(str, finding["rows"])),
        }
        for finding in findings
    )
    headings = {
        "severity": _("Severity"),
        "place": _("Table and column"),
        "rule": _("Rule"),
        "count": _("Rows against it"),
        "of": _("Rows"),
        "examples": _("Rows in the file, for example"),
    }
    return Markup(
        fragments.table(frame, caption=_("Findings of the data check"), headings=headings)
    )
