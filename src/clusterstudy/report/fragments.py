"""Tables, figures and callouts as accessible HTML: text in, text out, nothing shown or written.

Every table has a caption and row and column headings with their scope; every figure has a text
alternative and its data as a table below.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from html import escape
from typing import Any, Literal

import pandas as pd

from clusterstudy.report import numbers
from clusterstudy.report.language import _, current, later

Heading = str | tuple[str, str]
Headings = Mapping[Any, str]
Formats = Mapping[Any, int | Callable[..., str]]
Kind = Literal["note", "caution", "missing"]

KINDS: dict[Kind, tuple[str, str]] = {
    "note": ("i", later("Note")),
    "caution": ("!", later("Caution")),
    "missing": ("–", later("Not shown")),
}
PLAIN_NUMBERS = ("year", "cohort", "wave")  # years and names, not amounts: 2026, never 2.026
LARGE_SVG = 400_000  # bytes; beyond, a figure is shown as PNG


def table(
    frame: pd.DataFrame,
    *,
    caption: str,
    headings: Headings | None = None,
    formats: Formats | None = None,
) -> str:
    """Return a frame as an HTML table; its first column heads the rows.

    Parameters
    ----------
    frame
        One row per line; an index other than the plain count becomes the first columns.
    headings
        Columns to show, in order, with their headings. A pair of columns is shown as an interval.
        Without it, every column under its own name.
    formats
        Decimals, or a function from a value (for a pair: from both bounds) to text. Without one,
        whole numbers have no decimals, others two, and dates are written out.
    """
    frame = flat(frame)
    shown = headings or {column: column for column in frame.columns}
    columns = [_cells(frame, heading, (formats or {}).get(heading)) for heading in shown]
    numeric = [_is_numeric(frame, heading) for heading in shown]
    kinds = [' class="number"' if is_number else "" for is_number in numeric]
    head = "".join(
        f'<th scope="col"{kind}>{escape(text)}</th>'
        for kind, text in zip(kinds, shown.values(), strict=True)
    )
    rows = [_row(cells, kinds) for cells in zip(*columns, strict=True)]
    if not rows:
        rows = [f'<tr><td colspan="{len(shown)}">{_("No rows")}</td></tr>']
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f"<table><caption>{escape(caption)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody></table></div>"
    )


def figure(svg: bytes, png: bytes, *, alt: str) -> str:
    """Return an image that carries its own bytes and a text alternative."""
    kind, content = ("svg+xml", svg) if len(svg) <= LARGE_SVG else ("png", png)
    source = f"data:image/{kind};base64,{b64encode(content).decode('ascii')}"
    return f'<img src="{source}" alt="{escape(alt)}">'


def callout(kind: Kind, text: str) -> str:
    """Return a statement that stands out by symbol, word and frame."""
    symbol, word = KINDS[kind]
    return (
        f'<aside class="callout {kind}" role="note" lang="{current()}">'
        f'<p><span class="mark" aria-hidden="true">{symbol}</span> '
        f"<strong>{_(word)}.</strong> {escape(text)}</p></aside>"
    )


def notes(*, note: str, source: str, files: Iterable[str]) -> str:
    """Return what stands below a table or figure: a note, the source, links to the files."""
    links = " · ".join(
        f'<a href="{escape(file)}">{file.rpartition(".")[2].upper()}</a>' for file in files
    )
    parts = [
        ("below", escape(note)),
        ("below", f"{_('Source')}: {escape(source)}" if source else ""),
        ("below files", f"{_('Download')}: {links}" if links else ""),
    ]
    return "".join(f'<p class="{kind}">{part}</p>' for kind, part in parts if part)


def rounded_note(minimum: int) -> str:
    """Return the sentence that says how numbers and shares of firms are rounded."""
    text = _(
        "Numbers of firms are rounded down to a multiple of {least}, and shares of firms are those"
        " of such numbers, so that no difference tells of a few."
    )
    return text.format(least=minimum)


def blank_note(blanked: int, minimum: int, *, additive: bool = False) -> str:
    """Return the sentence below a table that says how many rows are blank; empty for none."""
    if not blanked:
        return ""
    text = _("Blank, for fewer than {least} firms stand behind: {n}.")
    if additive:
        text = _("Blank, for fewer than {least} firms stand behind or the difference tells: {n}.")
    return text.format(n=numbers.number(blanked), least=minimum)


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with a meaningful index turned into columns.

    Raises
    ------
    ValueError
        If a column's name is not text.
    """
    plain = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    result = frame if plain else frame.reset_index()
    odd = [column for column in result.columns if not isinstance(column, str)]
    if odd:
        raise ValueError(f"columns named {odd}: a table's columns are named by text")
    return result


def _row(cells: Iterable[str], kinds: list[str]) -> str:
    first, *rest = (f"{kind}>{escape(text)}" for kind, text in zip(kinds, cells, strict=True))
    return (
        f'<tr><th scope="row"{first}</th>' + "".join(f"<td{cell}</td>" for cell in rest) + "</tr>"
    )


def _cells(
    frame: pd.DataFrame, heading: Heading, form: int | Callable[..., str] | None
) -> list[str]:
    if isinstance(heading, tuple):
        low, high = (frame[column] for column in heading)
        write = (
            form if callable(form) else _with_digits(numbers.interval, 2 if form is None else form)
        )
        return [write(*bounds) for bounds in zip(low, high, strict=True)]
    values = frame[heading]
    if not callable(form):
        form = _default(values, heading) if form is None else _with_digits(numbers.number, form)
    return [numbers.MISSING if pd.isna(value) else form(value) for value in values]


def _with_digits(write: Callable[..., str], digits: int) -> Callable[..., str]:
    return lambda *values: write(*values, digits=digits)


def _default(values: pd.Series, name: str) -> Callable[[Any], str]:
    if name in PLAIN_NUMBERS:
        return lambda year: f"{year:.0f}" if pd.api.types.is_number(year) else str(year)
    if pd.api.types.is_bool_dtype(values):
        return lambda true: _("yes") if true else _("no")
    if pd.api.types.is_integer_dtype(values):
        return numbers.number
    if pd.api.types.is_numeric_dtype(values):
        return _with_digits(numbers.number, 2)
    return lambda value: numbers.date(value) if isinstance(value, date) else str(value)


def _is_numeric(frame: pd.DataFrame, heading: Heading) -> bool:
    if isinstance(heading, tuple):
        return True
    dtype = frame[heading].dtype
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
