"""The effect by cluster, each by itself and pooled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from clusterstudy.disclosure.cells import rounded, suppress
from clusterstudy.impact.design import Design
from clusterstudy.impact.pooling import Clusters
from clusterstudy.impact.show.words import ADJUSTED, BOUNDS, DIFFERENCE, formats, headings, tests
from clusterstudy.report import theme
from clusterstudy.report.language import _
from clusterstudy.report.page import Page
from clusterstudy.report.scales import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POOLED = ("pooled_low", "pooled_high")


def clusters(
    page: Page, study: Design, found: Clusters, labels: Mapping[str, str], min_firms: int
) -> None:
    """Show the clusters' effects in the order of their codes, raw and pooled side by side."""
    assert found.pooled is not None
    pooled = found.pooled.effects.rename(
        columns={"estimate": "pooled", "low": "pooled_low", "high": "pooled_high"}
    )
    frame = found.table.merge(pooled, left_on="group", right_index=True, how="left")
    figures = ["estimate", "se", "low", "high", "mde", "difference", *DIFFERENCE, *ADJUSTED]
    figures.extend(pooled.columns)
    frame = frame.reindex(columns=["group", "n", *figures, "reason"])
    frame = suppress(frame, "n", figures, min_firms, whole=int(study.seen.sum()))[0]
    shown = frame.assign(
        label=frame["group"].map(labels),
        n=rounded(frame["n"], min_firms),
        reason=frame["reason"].fillna(""),
    )
    scale, spread, centre = study.scale, found.pooled.spread, found.pooled.centre
    page.figure(
        _side_by_side(shown, scale),
        name="by_cluster",
        alt=_(
            "Two dots for each cluster in the order of codes: its effect by itself, with a wide"
            " interval, and the pooled effect, drawn towards the mean, with a narrower one."
        ),
        caption=_("Effect by cluster, by itself and pooled"),
        data=shown,
        headings={
            "label": _("Cluster"),
            "n": _("New entrants"),
            **headings(scale, apart=True),
            **tests(),
            "pooled": _("Effect, pooled"),
            POOLED: _("Interval, pooled"),
            "reason": _("Why there is no estimate"),
        },
        formats={"n": 0, **formats(scale), "pooled": scale.effect, POOLED: scale.interval},
        note=_(
            "Mean of the clusters' effects {centre} {centre_interval}; standard deviation between"
            " them {spread} {spread_interval}."
        ).format(
            centre=scale.effect(centre["estimate"]),
            centre_interval=scale.interval(centre["low"], centre["high"]),
            spread=scale.effect(spread["estimate"]),
            spread_interval=scale.interval(spread["low"], spread["high"]),
        ),
    )


def _side_by_side(frame: pd.DataFrame, scale: Scale) -> Figure:
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(theme.WIDTH, theme.height(len(frame)) + 0.4))
    for series, (label, names) in enumerate(
        (
            (_("By itself"), ("estimate", *BOUNDS)),
            (_("Pooled"), ("pooled", *POOLED)),
        )
    ):
        bounds = (scale.read(frame[name].to_numpy(dtype=float)) for name in names)
        theme.dots(ax, frame["label"].tolist(), *bounds, label=label, series=series, of=2)
    theme.reference_line(ax, "x")
    theme.numbers_on(ax.xaxis, scale.tick, scale.factor)
    ax.set_xlabel(scale.axis)
    fig.legend(loc="outside upper right", ncols=2)
    return fig
