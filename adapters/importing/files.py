"""Files of bars as text cells, batch by batch: CSV in its dialects, and Parquet.

What a cell means is no matter here (`adapters.importing.reading`). Both kinds come as batches of text columns, so that
one grammar judges them; memory holds one batch. A place in a CSV file is line and column of the cell; in a Parquet
file, the row and the place of the column, from 1.

Left out: text in another encoding than UTF-8; line ends within quotes; compressed files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.faults import Fault, Faulty

BLOCK = 1 << 22
"""Bytes of a CSV file that are read at a time."""
BATCH = 1 << 16
"""Rows of a Parquet file that are read at a time."""
SAMPLE = 400
"""Lines that a guess looks at."""
MOST_FAULTS = 20
MOST_COLUMNS = 10_000
"""More than any table of bars has: a file beyond is something else, and every look at it would take long."""
_DELIMITERS = ",;\t|"
_NO_TEXT = {
    b"\x1f\x8b": "a gzip file; unpack it first",
    b"PK": "a zip or Excel file; save it as CSV",
    b"\xd0\xcf\x11\xe0": "an Excel file; save it as CSV",
}


@dataclass(frozen=True)
class Head:
    """The names of a file's columns, its next rows as text, and its delimiter (empty for Parquet)."""

    names: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    delimiter: str

    @property
    def is_csv(self) -> bool:
        """Whether the file is text."""
        return bool(self.delimiter)


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def head(path: Path) -> Head:
    """Look at the beginning of a file. Raises `Faulty` where it is neither CSV nor Parquet, or empty."""
    try:
        with path.open("rb") as stream:
            start = stream.read(1 << 16)
    except OSError as error:
        said = "there is no such file" if isinstance(error, FileNotFoundError) else (error.strerror or "").lower()
        raise Faulty(Fault(str(path), 1, 1, f"the file cannot be read: {said}")) from None
    if start.startswith(b"PAR1"):
        return _parquet_head(path)
    kind = next((said for magic, said in _NO_TEXT.items() if start.startswith(magic)), "")
    if not kind and b"\0" in start:
        kind = "neither text nor Parquet"
    if kind or not start.strip():
        raise Faulty(Fault(str(path), 1, 1, f"the file is {kind or 'empty'}"))
    lines = _lines(path, SAMPLE + 1)
    first = next(lines, (1, ""))[1]
    if any(first.count(one) >= MOST_COLUMNS for one in _DELIMITERS):
        raise Faulty(Fault(str(path), 1, 1, f"the first line has more than {MOST_COLUMNS} columns; these are no bars"))
    delimiter = max(_DELIMITERS, key=lambda one: len(split(first, one)))
    names = tuple(cell for _, cell in split(first, delimiter))
    return Head(names, tuple(tuple(cell for _, cell in split(line, delimiter)) for _, line in lines), delimiter)


def batches(path: Path, head: Head, columns: Sequence[int], header: bool) -> Iterator[list[Any]]:
    """The columns at these places as arrays of text, batch by batch. Raises `Faulty`."""
    yield from _csv(path, head, columns, header) if head.is_csv else _parquet(path, head, columns)


def places_of(path: Path, head: Head, rows: Sequence[tuple[int, int]], header: bool) -> list[tuple[int, int]]:
    """Where cells stand: line and column for each row (from 0, below the first line) and column (from 0)."""
    if not head.is_csv:
        return [(row + 1, column + 1) for row, column in rows]
    wanted: dict[int, list[int]] = {}
    for at, (row, _) in enumerate(rows):
        wanted.setdefault(row, []).append(at)
    found = [(1, 1)] * len(rows)
    for row, (number, line) in enumerate(_lines(path), start=-1 if header else 0):
        for at in wanted.pop(row, ()):
            found[at] = (number, split(line, head.delimiter)[rows[at][1]][0])
        if not wanted:
            break
    return found


def split(line: str, delimiter: str) -> list[tuple[int, str]]:
    """The cells of a line, each with the column it begins at (from 1); quotes are taken off."""
    cells, start = [], 0
    while True:
        begin = start + len(line[start:]) - len(line[start:].lstrip(" "))
        if line[begin : begin + 1] == '"':
            end, cell = begin + 1, ""
            while (close := line.find('"', end)) >= 0 and line[close + 1 : close + 2] == '"':
                cell, end = cell + line[end : close + 1], close + 2
            close = len(line) if close < 0 else close
            cells.append((begin + 2, (cell + line[end:close]).strip()))
            after = line.find(delimiter, close)
        else:
            after = line.find(delimiter, start)
            cells.append((begin + 1, line[start : after if after >= 0 else None].strip()))
        if after < 0:
            return cells
        start = after + 1


def _lines(path: Path, most: int | None = None) -> Iterator[tuple[int, str]]:
    """Lines that are not empty, with their numbers. Raises `Faulty` at a byte that is no UTF-8."""
    found = 0
    with path.open("rb") as stream:
        for number, raw in enumerate(iter(lambda: stream.readline(BLOCK + 1), b""), start=1):
            if len(raw) > BLOCK:
                raise Faulty(Fault(str(path), number, 1, f"the line is longer than {BLOCK} bytes; these are no bars"))
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                said = "this byte is not UTF-8; save the file as UTF-8"
                raise Faulty(Fault(str(path), number, error.start + 1, said)) from None
            if line:
                found += 1
                yield number, line
            if found == most:
                return


def _csv(path: Path, head: Head, columns: Sequence[int], header: bool) -> Iterator[list[Any]]:
    import pyarrow as pa
    from pyarrow import csv

    names = [str(place) for place in range(len(head.names))]
    wanted = [str(place) for place in columns]
    options = {
        "read_options": csv.ReadOptions(
            use_threads=False, block_size=BLOCK, column_names=names, skip_rows=_first_row(path) if header else 0
        ),
        "parse_options": csv.ParseOptions(delimiter=head.delimiter, ignore_empty_lines=True),
        "convert_options": csv.ConvertOptions(
            column_types=dict.fromkeys(wanted, pa.string()), include_columns=wanted, strings_can_be_null=False
        ),
    }
    try:
        with csv.open_csv(path, **options) as reader:
            for batch in reader:
                yield [batch.column(place) for place in range(len(wanted))]
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error):
            return
        raise Faulty(*_uneven(path, head)) from None


def _first_row(path: Path) -> int:
    """Lines up to the one with the names, and that one."""
    return next(_lines(path))[0]


def _uneven(path: Path, head: Head) -> list[Fault]:
    """Why a file is no table: lines with too many or too few cells, or bytes that are no text."""
    faults = []
    for number, line in _lines(path):
        count = len(split(line, head.delimiter))
        if count != len(head.names):
            message = f"the line has {count} cells where the first line has {len(head.names)}"
            faults.append(Fault(str(path), number, 1, message))
        if len(faults) == MOST_FAULTS:
            break
    return faults or [Fault(str(path), 1, 1, "the file cannot be read as CSV; are there line ends within quotes?")]


def _parquet_head(path: Path) -> Head:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = tuple(file.schema_arrow.names)
            batch = next(file.iter_batches(SAMPLE), None)
            columns = [] if batch is None else [_text(column).to_pylist() for column in batch.columns]
    except (OSError, pa.ArrowException) as error:
        raise Faulty(Fault(str(path), 1, 1, _no_parquet(error))) from None
    return Head(names, tuple(tuple(cell or "" for cell in row) for row in zip(*columns, strict=True)), "")


def _parquet(path: Path, head: Head, columns: Sequence[int]) -> Iterator[list[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            wanted = [head.names[place] for place in columns]
            for batch in file.iter_batches(BATCH, columns=wanted):
                yield [_text(batch.column(name)) for name in wanted]
    except (OSError, pa.ArrowException) as error:
        raise Faulty(Fault(str(path), 1, 1, _no_parquet(error))) from None


def _no_parquet(error: Exception) -> str:
    return f"the file cannot be read as Parquet: {' '.join(str(error).split())[:160]}"


def _text(column: Any) -> Any:  # noqa: ANN401  (the library ships no types)
    """A column of Parquet as text: numbers to the last digit, moments as ISO with their zone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_timestamp(kind):
        moments = column.cast(pa.timestamp("us", kind.tz), safe=False)
        shown = pc.strftime(moments.cast(pa.timestamp("us", "UTC")), format="%Y-%m-%dT%H:%M:%S") if kind.tz else None
        column = (
            pc.strftime(moments, format="%Y-%m-%dT%H:%M:%S")
            if shown is None
            else pc.binary_join_element_wise(shown, "Z", "")
        )
    elif pa.types.is_nested(kind):
        raise pa.ArrowInvalid(f"a column of {kind} is neither number, text nor time")
    return pc.fill_null(column.cast(pa.string()), "")
