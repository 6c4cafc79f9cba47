"""What the design can find."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from clusterstudy.baseline import plots
from clusterstudy.disclosure.cells import rounded, suppress
from clusterstudy.report import numbers
from clusterstudy.report.fragments import blank_note, rounded_note
from clusterstudy.report.language import _
from clusterstudy.report.page import Page
from clusterstudy.report.scales import Scale


def power(
    page: Page,
    table: pd.DataFrame,
    model: pd.DataFrame,
    names: Mapping[str, str],
    min_firms: int,
) -> None:
    """Show what the design can find, by cluster and outcome.

    Parameters
    ----------
    table
        As :func:`clusterstudy.baseline.planning.detectable` returns it.
    model
        The impact model.
    names
        Text by cluster.
    """
    if table.empty or table["mde"].isna().all():
        page.callout("missing", _("Too few new entrants have figures to say what could be found."))
        return
    declared = model.set_index("measure")
    shown, blank = suppress(table, "treated", ["mde"], min_firms)
    scales = {name: Scale(row["scale"], row["unit"]) for name, row in declared.iterrows()}
    shown = shown.assign(
        treated=rounded(shown["treated"], min_firms),
        comparison=rounded(shown["comparison"], min_firms),
        who=shown["cluster_id"].map(names),
        label=[_(declared.loc[outcome, "label"]) for outcome in shown["outcome"]],
        mean=[
            scales[outcome].read(value)
            for outcome, value in zip(shown["outcome"], shown["mde"], strict=True)
        ],
        written=[
            scales[outcome].effect(value)
            for outcome, value in zip(shown["outcome"], shown["mde"], strict=True)
        ],
    )
    page.figure(
        plots.panels(shown, "who", scales=[scales[name] for name in shown["outcome"].unique()]),
        name="power",
        alt=_("Dots of the minimum detectable effect by cluster, one panel per outcome."),
        caption=_("Minimum detectable effect by cluster and outcome"),
        data=shown.drop(columns="mean"),
        headings={
            "label": _("Outcome"),
            "who": _("Cluster"),
            "treated": _("New entrants"),
            "comparison": _("Comparison firms"),
            "sd": _("Standard deviation of the change"),
            "attrition": _("Lost over the span"),
            "written": _("Minimum detectable effect"),
        },
        formats={"treated": 0, "comparison": 0, "sd": 3, "attrition": numbers.percent},
        note=" ".join([rounded_note(min_firms), blank_note(blank, min_firms)]).strip(),
    )
