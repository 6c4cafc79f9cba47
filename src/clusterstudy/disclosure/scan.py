"""Find what names a firm or a person in the files of a report, and tables of single firms.

Belongs here: reading every kind of file a report has, down to the comments of an SVG and the texts
inside a PNG, for CVR, CPR and P-numbers and for rows of firms. Does not belong here: whether a
count is small (:mod:`clusterstudy.disclosure.outputs`). What a picture shows in pixels only is not
read; its data are.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from pathlib import Path

import pandas as pd

from clusterstudy.contract import cvr

ALONE = r"(?<!\w)(?<!\d[.,]){}(?:\.0+)?(?!\w|[.,]\d)"  # no part of a longer number or a hash
SPACE = "[ \u00a0\u202f]"
CVR = re.compile(ALONE.format(rf"(?:DK[ -]?)?(\d{{8}}|\d\d(?:{SPACE}\d\d){{3}})"))
CPR = re.compile(ALONE.format(r"(\d{6}-\d{4})"))
TEN = re.compile(ALONE.format(r"(\d{10})"))
EMBEDDED = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=\s]+")  # lies beside it as a file
IMAGE = re.compile(r'"image/png": "[^"]*"')
CELL_ID = re.compile(r'^   "id": "[^"]*"', re.MULTILINE)  # nbformat draws eight digits at random
ROWS = re.compile(r"<table.*?</table>", re.DOTALL)
TEXTS = (".html", ".ipynb", ".json", ".csv", ".svg")


@dataclass(frozen=True)
class Known:
    """What is known of the firms, to tell their numbers from others.

    Parameters
    ----------
    firms
        Their CVR numbers; empty where the data are not at hand. Then every number counts that
        passes the modulus-11 check.
    public
        CVR numbers that may be shown: those of the cluster organisations.
    sizes
        Numbers of firms that a table with a row for each would have.
    """

    firms: Collection[str] = ()
    public: Collection[str] = ()
    sizes: Collection[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Found:
    """A rule that a file breaks, and how often. What was found is not repeated here."""

    rule: str
    times: int


def scan(path: Path, known: Known, max_rows: int) -> list[Found]:
    """Return what in a file names firms or persons, or shows rows of them.

    Parameters
    ----------
    max_rows
        Most rows a table may have.

    Returns
    -------
    The rules broken, of ``cvr``, ``cpr``, ``p_number``, ``row_level`` and, for a file of a kind
    that cannot be read, ``unreadable``.
    """
    readers: dict[str, Callable[[], Iterator[Found]]] = {
        ".parquet": lambda: _frame(pd.read_parquet(path), known, max_rows),
        ".png": lambda: _text("\n".join(png_texts(path.read_bytes())), known),
    }
    readers |= dict.fromkeys(TEXTS, lambda: _document(path, known, max_rows))
    if path.suffix not in readers:
        return [Found("unreadable", 1)]
    return list(readers[path.suffix]())


def png_texts(content: bytes) -> Iterator[str]:
    """Yield the texts inside a PNG file, and all that follows its end.

    Notes
    -----
    Chunks ``tEXt``, ``zTXt``, ``iTXt`` and ``eXIf`` of the PNG specification (ISO/IEC 15948).
    """
    at = 8
    while at + 8 <= len(content):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        body = content[at + 8 : at + 8 + size]
        at += size + 12
        if kind in (b"tEXt", b"zTXt", b"iTXt", b"eXIf"):
            yield body.decode("latin-1") + _inflated(body)
        if kind == b"IEND":
            break
    yield content[at:].decode("latin-1")


def _inflated(body: bytes) -> str:
    """Return the text that is packed in a chunk, after its keyword; empty where none is."""
    for start in re.finditer(b"x", body):
        with suppress(zlib.error):
            return zlib.decompress(body[start.start() :]).decode("utf-8", "replace")
    return ""


def _document(path: Path, known: Known, max_rows: int) -> Iterator[Found]:
    content = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".csv":
        yield from _frame(pd.read_csv(BytesIO(content.encode()), dtype=str), known, max_rows)
        return
    read = IMAGE.sub("", EMBEDDED.sub("", content))
    yield from _text(CELL_ID.sub("", read) if path.suffix == ".ipynb" else read, known)
    long = sum(table.count("<tr") > max_rows + 1 for table in ROWS.findall(content))
    if long:
        yield Found("row_level", long)


def _frame(frame: pd.DataFrame, known: Known, max_rows: int) -> Iterator[Found]:
    """Yield what is found in a table, cell by cell, and whether its rows are firms."""
    cells = "\n".join("\n".join(frame[name].dropna().astype(str)) for name in frame)
    yield from _text("\n".join([*map(str, frame.columns), cells]), known)
    keyed = any(re.fullmatch(r"(?i)cvr.*|.*_cvr|firm_?(id|key|no)", str(name)) for name in frame)
    if keyed or len(frame) > max_rows or len(frame) in known.sizes:
        yield Found("row_level", len(frame))


def _text(text: str, known: Known) -> Iterator[Found]:
    found = {
        "cvr": sum(_is_firm(number, known) for number in CVR.findall(text)),
        "cpr": sum(_is_day(number) for number in CPR.findall(text)),
        "p_number": len(TEN.findall(text)),
    }
    yield from (Found(rule, times) for rule, times in found.items() if times)


def _is_firm(number: str, known: Known) -> bool:
    digits = re.sub(SPACE, "", number)
    if known.firms:
        return digits in known.firms and digits not in known.public
    return bool(cvr.valid(pd.Series([digits])).item()) and not _is_iso_day(digits)


def _is_iso_day(digits: str) -> bool:
    """Tell whether eight digits are a day such as 20261231."""
    try:
        return 1900 <= date.fromisoformat(digits).year <= 2100
    except ValueError:
        return False


def _is_day(number: str) -> bool:
    """Tell whether a number begins with a day and a month, as a CPR number does."""
    return 1 <= int(number[:2]) <= 31 and 1 <= int(number[2:4]) <= 12
