"""The record of a release as a page, for the output checker who lets it go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from clusterstudy.report import fragments, language, layout, numbers
from clusterstudy.report.language import _, later

VERDICTS = {
    "passed": later("✓ Passed"),
    "exception": later("! Exception"),
    "refused": later("✕ Refused"),
}


def render(record: Mapping[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    record
        As :mod:`clusterstudy.releasing` writes it.
    """
    language.use(record["lang"])
    rules = pd.DataFrame(record["rules"].items(), columns=["threshold", "value"])
    return layout.fill(
        "release.html.j2",
        record=record,
        made=f"{numbers.date(record['made'][:10])} {record['made'][11:16]} UTC",
        outputs=Markup(_outputs(record)),
        rules=Markup(
            fragments.table(
                rules.astype(str),
                caption=_("The rule set"),
                headings={"threshold": _("Threshold"), "value": _("Value")},
            )
        ),
    )


def _outputs(record: Mapping[str, Any]) -> str:
    rows = [
        {
            "output": f"{output['run']}: {output['output']}",
            "verdict": _(VERDICTS[output["verdict"]]).replace(" ", "\N{NO-BREAK SPACE}"),
            "blank": output["blank_counts"],
            "broken": "; ".join(f"{f['rule']}: {f['detail']}" for f in output["findings"]),
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
            "broken": _("Rules broken"),
            "why": _("Exception asked for, and why"),
            "sha256": _("Files and the beginning of their SHA-256"),
        },
    )
