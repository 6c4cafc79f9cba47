"""Read a folder of tables as the contract declares them.

Belongs here: finding the files, reading CSV, Parquet and Excel into the declared types, and
leaving out what a source had not released on the study's date. Does not belong here: judging the
values (:mod:`clusterstudy.quality`) or computing from them.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from clusterstudy.contract.schema import Column, Kind, Table
from clusterstudy.contract.tables import TABLES
from clusterstudy.errors import UserError
from clusterstudy.hashing import remembered
from clusterstudy.paths import DATA

DELIMITERS = ";,\t|"
GROUPED = r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+"
DANISH = rf"(?:[+-]?\d+|{GROUPED})(?:,\d+)?"
NOT_CP1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")
BATCH = 1_000_000  # rows
SMALL = 1 << 23  # bytes of the largest file that is read once and kept
DATE_FORMATS = ("%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%d %H:%M:%S")


class Dataset:
    """The tables of one folder, as known on a day.

    Parameters
    ----------
    folder
        Holds one file per table: ``<table>.parquet``, ``.csv`` or ``.xlsx``.
    as_of
        Rows and values that their source releases later than this day are left out. None leaves
        out nothing.

    Raises
    ------
    UserError
        If the folder does not exist or holds no table of the contract.
    """

    def __init__(self, folder: Path, as_of: date | None = None) -> None:
        self.folder = Path(folder)
        self.as_of = as_of
        self._kept: dict[tuple[object, ...], dict[str, Any]] = {}
        if not self.folder.is_dir():
            raise UserError(
                "expected a folder with the study's tables and found none",
                where=str(folder),
                mend="Name an existing folder under `data:`",
            )
        if not self.tables():
            raise UserError(
                "expected at least one table of the contract and found none",
                where=str(folder),
                mend="Name the files as the tables, for example firms.csv; "
                "data/DICTIONARY.md lists them",
            )

    def on(self, day: date | None) -> Dataset:
        """Return the same tables as known on another day; what was read is not read again."""
        other = Dataset(self.folder, day)
        other._kept = self._kept
        return other

    def tables(self) -> list[str]:
        """Return the names of the tables that the folder holds, in the contract's order."""
        return [name for name in TABLES if self._file(name)]

    def has(self, table: str) -> bool:
        """Tell whether there is a file for ``table`` (or a default: the impact model)."""
        return self._path(table) is not None

    def read(self, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return ``table`` in the declared types, as known on ``as_of``.

        Parameters
        ----------
        table
            Name of a table of the contract.
        columns
            The columns wanted; None for all. Columns that the file lacks are left out: the
            quality gate reports them.

        Returns
        -------
        DataFrame, one row per row of the file that was released. Text is ``str``, dates are
        ``datetime64``, numbers ``float64``, years and whole numbers ``int64`` (``float64`` where
        some are missing).

        Raises
        ------
        UserError
            If the file is missing, cannot be read, or holds a value that is not of its column's
            type; the message names file, column and row.
        """
        path = self._path(table)
        if path is None:
            raise UserError(
                f"the table {table} is missing",
                where=str(self.folder),
                mend=f"Add {table}.csv, {table}.parquet or {table}.xlsx",
            )
        declared = TABLES[table]
        wanted = _with_dating_columns(declared, columns)
        frame = _released(self._whole(path, declared, wanted), declared, self.as_of)
        return frame if columns is None else frame[[name for name in columns if name in frame]]

    def read_small(self) -> None:
        """Read the tables that are small enough to be kept."""
        for name in self.tables():
            path = self._path(name)
            if path and path.stat().st_size <= SMALL:
                self.read(name)

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yield what :meth:`read` returns in pieces, so that a large table need not fit in memory.

        A large Parquet file comes :data:`BATCH` rows at a time, any other file whole.
        """
        path = self._path(table)
        if path is None or path.suffix != ".parquet" or path.stat().st_size <= SMALL:
            yield self.read(table, columns)
            return
        declared = TABLES[table]
        wanted = _with_dating_columns(declared, columns) or ()
        chosen = [column for column in declared.columns if column.name in wanted]
        for raw in _parquet_batches(path, chosen):
            frame = _released(_converted(raw, chosen, path), declared, self.as_of)
            yield frame[[name for name in columns if name in frame]]

    def fingerprint(self) -> dict[str, str]:
        """Return the SHA-256 of every table's file, by table."""
        files = {name: path for name in TABLES if (path := self._path(name))}
        return dict(zip(files, remembered(files.values()), strict=True))

    def _whole(self, path: Path, table: Table, columns: Sequence[str] | None) -> pd.DataFrame:
        """Return columns of a file; those of a small one are read once, until it changes."""
        at = path.stat()
        if at.st_size > SMALL:
            return read_table(path, table, columns)
        key = (path.resolve(), at.st_mtime_ns, at.st_size)
        known = self._kept.setdefault(key, {})
        wanted = table.names if columns is None else columns
        if unread := [name for name in table.names if name in wanted and name not in known]:
            frame = read_table(path, table, unread)
            known |= {name: frame.get(name) for name in unread}
            known[""] = frame[[]]
        found = {name: known[name] for name in table.names if name in wanted}
        there = {name: values for name, values in found.items() if values is not None}
        return known[""].assign(**there)

    def _path(self, table: str) -> Path | None:
        default = DATA / "impact_model.csv"
        return self._file(table) or (default if table == "impact_model" else None)

    def _file(self, table: str) -> Path | None:
        found = [path for suffix in READERS if (path := self.folder / (table + suffix)).is_file()]
        if len(found) > 1:
            raise UserError(
                f"the table {table} is there more than once: "
                + " and ".join(path.name for path in found),
                where=str(self.folder),
                mend="Keep one of them",
            )
        return found[0] if found else None


def read_table(path: Path, table: Table, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return one file as a frame in the types that ``table`` declares.

    Parameters
    ----------
    path
        A CSV file (comma, semicolon, tab or bar; UTF-8 or Windows-1252; decimal point or comma), a
        Parquet file or an Excel workbook (first sheet).
    table
        The declaration.
    columns
        The columns wanted; None for all that are declared. Others are ignored.

    Raises
    ------
    UserError
        If the file cannot be read or a value is not of its column's type.
    """
    wanted = set(table.names if columns is None else columns)
    declared = [column for column in table.columns if column.name in wanted]
    return _converted(READERS[path.suffix](path, declared), declared, path)


def _converted(raw: pd.DataFrame, declared: Sequence[Column], path: Path) -> pd.DataFrame:
    """Return the declared columns that are there, each in its declared type."""
    return pd.DataFrame(
        {
            column.name: CONVERTERS[column.kind](raw[column.name], column, path)
            for column in declared
            if column.name in raw
        },
        index=raw.index,
    )


def _with_dating_columns(table: Table, columns: Sequence[str] | None) -> Sequence[str] | None:
    """Return the wanted columns and those that say when rows and values are known."""
    if columns is None:
        return None
    dating = {table.period} | {table.column(name).known_from for name in columns}
    if table.planned:
        dating.add(table.planned[0])
    return [*columns, *sorted(dating - {""} - set(columns))]


def _released(frame: pd.DataFrame, table: Table, as_of: date | None) -> pd.DataFrame:
    """Leave out rows and blank values that were not known on ``as_of``."""
    if as_of is None:
        return frame
    day = pd.Timestamp(as_of)
    if table.period in frame:
        period = frame[table.period]
        if table.column(table.period).kind == "year":
            known = period <= _last_released_year(day, table.lag_months)
        else:
            known = period <= day - pd.DateOffset(months=table.lag_months)
        if table.planned:
            column, values = table.planned
            known |= frame[column].isin(values)
        frame = frame[known | period.isna()]
    later = {c.name: frame[c.known_from] > day for c in table.columns if c.known_from in frame}
    return frame.assign(
        **{name: frame[name].mask(mask) for name, mask in later.items() if name in frame}
    )


def _last_released_year(day: pd.Timestamp, lag_months: int) -> int:
    """Return the last calendar year that a source with this lag has released on ``day``."""
    return int((day + pd.Timedelta(days=1) - pd.DateOffset(months=lag_months)).year) - 1


def _read_parquet(path: Path, columns: list[Column]) -> pd.DataFrame:
    import pyarrow.parquet as pq

    try:
        present = set(pq.read_schema(path).names)
        frame = pd.read_parquet(path, columns=[c.name for c in columns if c.name in present])
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    return frame.reset_index(drop=True)  # a saved index is no row number


def _parquet_batches(path: Path, columns: Sequence[Column]) -> Iterator[pd.DataFrame]:
    """Yield a file's rows in pieces, numbered as in the whole file."""
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = [c.name for c in columns if c.name in file.schema_arrow.names]
            first = 0
            for batch in file.iter_batches(BATCH, columns=names):
                frame = batch.to_pandas()
                yield frame.set_axis(pd.RangeIndex(first, first := first + len(frame)))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _read_excel(path: Path, columns: list[Column]) -> pd.DataFrame:
    try:
        sheet = pd.read_excel(path, header=None, dtype=object, engine="calamine", na_values=[""])
        header, frame = sheet.iloc[0], sheet.iloc[1:].reset_index(drop=True)
    except Exception as error:  # calamine raises its own family, which it does not export
        raise _unreadable(path, error) from None
    return frame.set_axis(_headers(header, path), axis="columns")


def _read_csv(path: Path, columns: list[Column]) -> pd.DataFrame:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        header = file.readline()
    delimiter = max(DELIMITERS, key=header.count)
    names = _headers(next(csv.reader([header], delimiter=delimiter), []), path)
    try:
        frame = pd.read_csv(
            path,
            names=names,
            header=0,
            sep=delimiter,
            encoding=encoding,
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            skipinitialspace=True,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise _unreadable(path, error) from None
    if delimiter == ",":
        return frame
    numeric = {c.name for c in columns if c.kind in ("number", "integer", "year")}
    return _with_decimal_points(frame, sorted(numeric & set(frame.columns)), path)


def _with_decimal_points(frame: pd.DataFrame, numeric: list[str], path: Path) -> pd.DataFrame:
    """Return the frame with Danish numbers (``1.234,5``) written as ``1234.5``.

    The file decides as a whole: one decimal comma makes it Danish, and points are then thousands
    separators. A file in which every point could be either is refused.
    """
    texts = {name: frame[name].dropna() for name in numeric}
    danish = any(text.str.contains(",", regex=False).any() for text in texts.values())
    if danish:
        for name, text in texts.items():
            _refuse(text, ~text.str.fullmatch(DANISH), name, path, "a number such as 1.234,5")
        plain = {name: frame[name].str.replace(".", "").str.replace(",", ".") for name in numeric}
        return frame.assign(**plain)
    pointed = {name: text[text.str.contains(".", regex=False)] for name, text in texts.items()}
    pointed = {name: text for name, text in pointed.items() if len(text)}
    if pointed and all(text.str.fullmatch(GROUPED).all() for text in pointed.values()):
        name, text = next(iter(pointed.items()))
        raise UserError(
            f"{text.iloc[0]!r} may be a decimal or thousands, and no other number tells which",
            where=f"{path}, column {name}, row {text.index[0] + 2}",
            mend="Write numbers without thousands separators",
        )
    return frame


def _encoding(path: Path) -> str:
    """Return UTF-8 where the whole file is, else Windows-1252; refuse what neither knows."""
    with path.open("rb") as file:
        try:
            while chunk := file.read(1 << 24):
                (chunk + file.readline()).decode("utf-8")
            return "utf-8-sig"
        except UnicodeDecodeError:
            file.seek(0)
            for row, line in enumerate(file, start=1):
                if found := NOT_CP1252.intersection(line):
                    raise UserError(
                        f"the byte 0x{min(found):02X} is text neither in UTF-8 nor in Windows-1252",
                        where=f"{path}, row {row}",
                        mend="Save the file as CSV UTF-8",
                    ) from None
    return "cp1252"


def _headers(names: Iterable[object], path: Path) -> list[str]:
    """Return the column names trimmed and in lower case; refuse one that comes twice."""
    headers = [str(name).strip().lower() for name in names]
    twice = {name for name in headers if headers.count(name) > 1}
    if twice:
        raise UserError(
            f"the column {min(twice)} is there more than once",
            where=str(path),
            mend="Keep one of them",
        )
    return headers


def _unreadable(path: Path, error: Exception) -> UserError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UserError(f"cannot be read: {reason}", where=str(path), mend="Save the file again")


def _as_text(values: pd.Series, column: Column, path: Path) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values) or values.dtype == object:
        values = values.map(_plain_text, na_action="ignore")
    text = values.astype("str").str.strip()
    return text.mask(text == "")


def _plain_text(value: Any) -> str:
    """Return a cell as text; a whole number, as Excel stores codes, without decimals."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _as_number(values: pd.Series, column: Column, path: Path) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    _refuse(values, values.notna() & numbers.isna(), column.name, path, "a number")
    return numbers


def _as_whole_number(values: pd.Series, column: Column, path: Path) -> pd.Series:
    numbers = _as_number(values, column, path)
    _refuse(values, numbers.notna() & (numbers % 1 != 0), column.name, path, "a whole number")
    return numbers if numbers.hasnans else numbers.astype("int64")


def _as_date(values: pd.Series, column: Column, path: Path) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.astype("datetime64[us]")
    text = values.astype("str").str.strip()
    attempts = (pd.to_datetime(text, format=form, errors="coerce") for form in DATE_FORMATS)
    dates = max(attempts, key=lambda attempt: attempt.notna().sum())
    bad = values.notna() & dates.isna()
    _refuse(values, bad, column.name, path, "a date such as 2026-03-12")
    return dates.astype("datetime64[us]")


def _refuse(values: pd.Series, bad: pd.Series, column: str, path: Path, expected: str) -> None:
    """Raise the error that names the first bad value of a column, where there is one."""
    if bad.any():
        first = int(bad.to_numpy().argmax())
        more = f", and {bad.sum() - 1} more like it" if bad.sum() > 1 else ""
        raise UserError(
            f"expected {expected} and found {str(values.iloc[first])[:30]!r}{more}",
            where=f"{path}, column {column}, row {values.index[first] + 2}",
            mend="Correct the value or leave the cell empty",
        )


READERS = {".parquet": _read_parquet, ".csv": _read_csv, ".xlsx": _read_excel}
CONVERTERS: dict[Kind, Callable[[pd.Series, Column, Path], pd.Series]] = {
    "text": _as_text,
    "cvr": _as_text,
    "date": _as_date,
    "number": _as_number,
    "integer": _as_whole_number,
    "year": _as_whole_number,
}
