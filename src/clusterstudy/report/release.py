"""The record of a release as a page, for the output checker who lets it go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from clusterstudy.errors import Sentence
from clusterstudy.report import fragments, language, layout, numbers
from clusterstudy.report.language import _, later

VERDICTS = {
    "passed": later("✓ Passed"),
    "exception": later("! Exception"),
    "refused": later("✕ Refused"),
}

THRESHOLDS = {
    "name": later("Rule set"),
    "min_firms": later("Fewest firms behind a figure"),
    "dominant_firms": later("Firms of the dominance rule"),
    "dominant_share": later("Largest share of a total that these may hold"),
    "p_percent": later("Least error in guessing the largest firm, as a share"),
    "min_df": later("Fewest residual degrees of freedom"),
    "extremes": later("Largest and smallest values are allowed"),
    "max_rows": later("Most rows of a table"),
}


def render(record: Mapping[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    record
        As :mod:`clusterstudy.releasing` writes it.
    """
    language.use(record["lang"])
    rules = pd.DataFrame(
        [(_(THRESHOLDS[name]), _said(value)) for name, value in record["rules"].items()],
        columns=["threshold", "value"],
    )
    return layout.fill(
        "release.html.j2",
        record=record,
        made=f"{numbers.date(record['made'][:10])} {record['made'][11:16]} UTC",
        outputs=Markup(_outputs(record)),
        rules=Markup(
            fragments.table(
                rules,
                caption=_("The rule set"),
                headings={"threshold": _("Threshold"), "value": _("Value")},
            )
        ),
    )


def _said(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return numbers.number(value, 0 if isinstance(value, int) else 2)
    return str(value)


def _outputs(record: Mapping[str, Any]) -> str:
    rows = [
        {
            "output": f"{output['run']}: {output['output']}",
            "verdict": _(VERDICTS[output["verdict"]]).replace(" ", "\N{NO-BREAK SPACE}"),
            "blank": output["blank_counts"],
            "broken": _broken(output["findings"], record["checks"]),
            "why": "; ".join(
                dict.fromkeys(
                    f"{f['exception']['why']} ({f['exception']['asked_by']})"
                    for f in output["findings"]
                )
            ),
            "sha256": ", ".join(f"{f} {sha[:12]}" for f, sha in output["sha256"].items()),
        }
        for output in record["outputs"]
    ]
    return fragments.table(
        pd.DataFrame(rows),
        caption=_("Every output, and what was found"),
        headings={
            "output": _("Output"),
            "verdict": _("Verdict"),
            "blank": _("Counts left blank"),
            "broken": _("Rules that are not kept"),
            "why": _("Exception asked for, and why"),
            "sha256": _("Files and the beginning of their SHA-256"),
        },
    )


def _broken(findings: Sequence[Mapping[str, Any]], checks: Mapping[str, str]) -> str:
    """Return each rule that is not kept, once, with how in parentheses."""
    told: dict[str, list[str]] = {}
    for each in findings:
        detail = Sentence(each["detail"], **each["values"]).told(_)
        told.setdefault(each["rule"], []).append(detail)
    return "; ".join(f"{_(checks[rule])} ({'; '.join(how)})" for rule, how in told.items())
