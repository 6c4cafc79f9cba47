"""The page a notebook writes on: shows tables and figures and, in a batch, writes their files.

By hand in JupyterLab and in the report the same HTML is shown. A report's folder also receives
``tables/NAME.csv`` and ``.parquet`` (all columns, full precision) and, for a figure,
``figures/NAME.png`` and ``.svg``. The same content gives the same bytes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from IPython.display import HTML, Markdown, display

from clusterstudy.report import fragments, language
from clusterstudy.report.fragments import Formats, Headings, Kind
from clusterstudy.report.language import _

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Page:
    """Shows what a notebook found, in one language.

    Parameters
    ----------
    lang
        ``da`` or ``en``; becomes the language in use.
    output
        Folder for the files of tables and figures; empty writes none.
    """

    def __init__(self, lang: str, output: str | Path = "") -> None:
        language.use(lang)
        self.lang = lang
        self._folder = Path(output) if output else None
        self._kinds: dict[str, str] = {}  # of every name, in order

    def table(
        self,
        frame: pd.DataFrame,
        *,
        name: str,
        caption: str,
        headings: Headings | None = None,
        formats: Formats | None = None,
        note: str = "",
        source: str = "",
    ) -> None:
        """Show a frame as a numbered table and write it as CSV and Parquet.

        Parameters
        ----------
        frame
            All its columns are written; those named in ``headings`` are shown.
        name
            Name of the files: small letters, digits and underscores, once per notebook.
        caption
            What the table shows, with unit, population and time.
        headings, formats
            See :func:`clusterstudy.report.fragments.table`.
        note, source
            Lines below the table.

        Raises
        ------
        ValueError
            If the name is taken or not allowed, or a column's name is not text.
        """
        number = self._number(name, "table")
        files = self._write_table(frame, name)
        title = f"{_('Table')} {number}. {caption}"
        shown = fragments.table(frame, caption=title, headings=headings, formats=formats)
        below = fragments.notes(note=note, source=source, files=files)
        self._show(f'<div class="table" id="{name}" lang="{self.lang}">{shown}{below}</div>')

    def figure(
        self,
        fig: Figure,
        *,
        name: str,
        alt: str,
        caption: str,
        data: pd.DataFrame,
        headings: Headings | None = None,
        formats: Formats | None = None,
        note: str = "",
        source: str = "",
    ) -> None:
        """Show a numbered figure with its data below, and write both; the figure is closed.

        Parameters
        ----------
        fig
            A matplotlib figure.
        name
            As for :meth:`table`; figures and tables share the names.
        alt
            What a reader who cannot see the figure should know: its kind and its message.
        caption
            What the figure shows, with unit, population and time.
        data
            What is drawn, one row per mark.
        headings, formats, note, source
            As for :meth:`table`.

        Raises
        ------
        ValueError
            If ``alt`` or ``data`` is empty, or for the reasons of :meth:`table`.
        """
        if not alt.strip() or data.empty:
            raise ValueError(f"figure {name}: needs a text alternative and its data")
        from clusterstudy.report.drawing import drawn

        number = self._number(name, "figure")
        svg, png = drawn(fig)
        files = [*self._write_figure(name, svg, png), *self._write_table(data, name)]
        title = _("Data behind figure {number}").format(number=number)
        rows = fragments.table(data, caption=title, headings=headings, formats=formats)
        below = fragments.notes(note=note, source=source, files=files)
        self._show(
            f'<figure id="{name}" lang="{self.lang}">'
            f"<figcaption>{_('Figure')} {number}. {fragments.escape(caption)}</figcaption>"
            f"{fragments.figure(svg, png, alt=alt)}{below}"
            f"<details><summary>{title}</summary>{rows}</details></figure>"
        )

    def text(self, markdown: str) -> None:
        """Show computed sentences, in Markdown."""
        display(Markdown(markdown))

    def callout(self, kind: Kind, text: str) -> None:
        """Show a statement the reader must not miss: a note, a caution, or what is not shown."""
        self._show(fragments.callout(kind, text))

    def _number(self, name: str, kind: str) -> int:
        """Return the number of a new table or figure; a cell run again by hand keeps its own."""
        if not re.fullmatch(r"[a-z0-9_]+", name):
            raise ValueError(f"{name!r}: use small letters, digits and underscores")
        if name in self._kinds and (self._folder or self._kinds[name] != kind):
            raise ValueError(f"there is already a table or figure named {name!r}")
        self._kinds[name] = kind
        return [known for known, of in self._kinds.items() if of == kind].index(name) + 1

    def _write_table(self, frame: pd.DataFrame, name: str) -> list[str]:
        if not self._folder:
            return []
        (self._folder / "tables").mkdir(parents=True, exist_ok=True)
        files = [f"tables/{name}.csv", f"tables/{name}.parquet"]
        flat = fragments.flat(frame)
        flat.to_csv(self._folder / files[0], index=False, lineterminator="\n")
        flat.to_parquet(self._folder / files[1], index=False)
        return files

    def _write_figure(self, name: str, svg: bytes, png: bytes) -> list[str]:
        if not self._folder:
            return []
        (self._folder / "figures").mkdir(parents=True, exist_ok=True)
        files = [f"figures/{name}.svg", f"figures/{name}.png"]
        for file, content in zip(files, (svg, png), strict=True):
            (self._folder / file).write_bytes(content)
        return files

    def _show(self, html: str) -> None:
        display(HTML(html))
