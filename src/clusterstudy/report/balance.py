"""Standardised mean differences on a page: a love plot and the figures behind it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from clusterstudy.report.language import _
from clusterstudy.report.page import Page
from clusterstudy.report.plots import love


def balance(
    page: Page,
    frame: pd.DataFrame,
    *,
    series: str,
    labels: Mapping[str, str],
    headings: Mapping[str, str],
    name: str,
    alt: str,
    caption: str,
) -> None:
    """Show how new entrants differ from other firms, a row per characteristic.

    Parameters
    ----------
    frame
        ``characteristic`` (English label), the column ``series``, and the columns of
        :func:`clusterstudy.panel.balance.smd`.
    series, labels
        Column whose values stand side by side in each row, and its text by value, in order.
    headings
        Headings of ``series`` and of the columns of means and of numbers to show.
    name, alt, caption
        As for :meth:`clusterstudy.report.page.Page.figure`.
    """
    shown = frame.assign(
        characteristic=frame["characteristic"].map(_), **{series: frame[series].map(labels)}
    )
    page.figure(
        love(shown, series=series, labels={text: text for text in labels.values()}),
        name=name,
        alt=alt,
        caption=caption,
        data=shown,
        headings={
            "characteristic": _("Characteristic"),
            **headings,
            "smd": _("Standardised mean difference"),
            ("low", "high"): _("95 % interval"),
        },
    )
