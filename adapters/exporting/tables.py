"""`audit export --format parquet`: the log as five flat tables, for people who ask questions with data tools.

| table | one row for each |
|---|---|
| `records` | record: place, id, leaf hash, kind and times |
| `verdicts` | verdict of a decision |
| `warrants` | order that a decision warranted, with its protective stop and its target as rows of their own |
| `fills` | fill |
| `readings` | numeric limit after a decision's grants |

Rules:
- instants are microseconds in UTC; ids are text; `decision_id` and `seq` lead back to the record, the evidence;
- quantities, prices and commissions are `decimal128(38, 12)`, exact: one that does not fit ends the export, and is
  never rounded. Readings may be any rational (`1500/1753`), so they are exact text, with a `float64` beside each
  (`…_float`) to sort and draw by;
- one walk over the log, some thousand rows at a time: memory does not grow with the log. The folder gets its name when
  every table is on disk.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.audit.envelope import instant
from adapters.audit.kinds import period_of
from adapters.audit.reader import LogReader
from adapters.bars.store import fsync_folder
from adapters.exporting.export import ALWAYS, Between
from adapters.store.faults import LogUnreadable
from knowledge.values import Json, fraction

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 5000
"""Rows of one table that are held before they are written."""
DIGITS, PLACES = 38, 12
EXACT = ("value", "bound", "base", "slack")

TABLES: dict[str, dict[str, str]] = {
    "records": {
        "seq": "int64", "record_id": "text", "leaf_hash": "text", "kind": "text", "as_of": "instant",
        "recorded_at": "instant", "desk": "text", "mode": "text",
    },
    "verdicts": {
        "seq": "int64", "decision_id": "text", "as_of": "instant", "period": "text", "instrument": "text",
        "outcome": "text", "side": "text", "rule": "text", "strategy": "text", "horizon": "text",
        "conviction": "decimal", "target": "decimal", "quantity": "decimal", "limit_price": "decimal",
        "stop_price": "decimal", "reasons": "texts",
    },
    "warrants": {
        "seq": "int64", "decision_id": "text", "as_of": "instant", "warrant_id": "text", "client_order_id": "text",
        "instrument": "text", "role": "text", "side": "text", "quantity": "decimal", "limit_price": "decimal",
        "stop_price": "decimal", "reduce_only": "yes", "time_in_force": "text", "strategy": "text",
        "expires_at": "instant",
    },
    "fills": {
        "seq": "int64", "record_id": "text", "as_of": "instant", "decision_id": "text", "warrant_id": "text",
        "client_order_id": "text", "fill_id": "text", "instrument": "text", "side": "text", "role": "text",
        "quantity": "decimal", "price": "decimal", "commission": "decimal", "currency": "text", "session": "text",
    },
    "readings": {
        "seq": "int64", "decision_id": "text", "as_of": "instant", "measure": "text", "limit": "text",
        **{name + part: kind for name in EXACT for part, kind in (("", "text"), ("_float", "float64"))},
    },
}  # fmt: skip
"""Tables, columns and what each holds."""


def export_parquet(log: LogReader, folder: Path, between: Between = ALWAYS) -> dict[str, int]:
    """Write the folder with a file for each table; returns the rows of each.

    Raises `LogUnreadable` where a number does not fit or the log is damaged, `FileExistsError` where the folder is
    there already; then nothing was written.
    """
    if folder.exists():
        raise FileExistsError(f"`{folder}` is there already")
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    part.mkdir(parents=True)
    writers: dict[str, _Writer] = {}
    try:
        writers.update({name: _Writer(part / f"{name}.parquet", columns) for name, columns in TABLES.items()})
        for record, hashed in _records(log, between):
            for table, row in _rows(record, hashed):
                writers[table].put(row)
        for writer in writers.values():
            writer.close()
        fsync_folder(part)
        part.rename(folder)
        fsync_folder(folder.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return {name: writer.count for name, writer in writers.items()}


def _records(log: LogReader, between: Between) -> Iterator[tuple[Json, bytes]]:
    """Records with their leaf hashes."""
    leaves = log.leaves()
    for record in log.records(since=between.since, until=between.until):
        for seq, hashed in leaves:
            if seq == record["seq"]:
                yield record, hashed
                break


def _rows(record: Json, hashed: bytes) -> Iterator[tuple[str, Json]]:
    yield "records", {**record, "leaf_hash": hashed.hex()}
    if record["kind"] == "fill":
        yield "fills", record
    if record["kind"] != "decision":
        return
    common = {"seq": record["seq"], "decision_id": record["record_id"], "as_of": record["as_of"]}
    for verdict in record["verdicts"]:
        yield "verdicts", {**verdict, **common, "period": period_of(record)}
    for warrant in record["warrants"]:
        about = {**common, "warrant_id": warrant["warrant_id"], "expires_at": warrant["expires_at"]}
        for name in ("order", "protective_stop", "take_profit"):
            if warrant.get(name):
                yield "warrants", {**warrant[name], **about}
    for reading in record["readings"]:
        yield "readings", {**reading, **{f"{name}_float": reading[name] for name in EXACT}, **common}


class _Writer:
    """One table's file, rows by rows."""

    def __init__(self, file: Path, columns: dict[str, str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.count, self._columns, self._waiting = 0, columns, list[Json]()
        self._schema = pa.schema([(name, _types()[kind]) for name, kind in columns.items()])
        self._stream = file.open("wb")
        self._out = pq.ParquetWriter(self._stream, self._schema, compression="zstd")

    def put(self, row: Json) -> None:
        try:
            made = {name: _READ[kind](row.get(name)) for name, kind in self._columns.items()}
        except (ValueError, TypeError, ArithmeticError) as error:
            words = f"record {row.get('seq')} has a value that does not fit the table's columns: {error}"
            raise LogUnreadable(f"{words}; export it as jsonl") from None
        self._waiting.append(made)
        self.count += 1
        if len(self._waiting) >= ROWS:
            self._write()

    def close(self) -> None:
        """Write what waits, and the file's end, and see it on disk."""
        self._write()
        self._out.close()
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()

    def _write(self) -> None:
        import pyarrow as pa

        self._out.write_table(pa.Table.from_pylist(self._waiting, self._schema))
        self._waiting = []


def _types() -> dict[str, pa.DataType]:
    import pyarrow as pa

    return {
        "int64": pa.int64(), "text": pa.string(), "texts": pa.list_(pa.string()), "yes": pa.bool_(),
        "float64": pa.float64(), "instant": pa.timestamp("us", "UTC"), "decimal": pa.decimal128(DIGITS, PLACES),
    }  # fmt: skip


def _decimal(written: Json) -> Decimal | None:
    """The number as the column holds it. Raises `ValueError` where it would have to be rounded."""
    if written is None:
        return None
    number = Decimal(written)
    fitted = number.quantize(Decimal(1).scaleb(-PLACES))
    if fitted != number:
        raise ValueError(f"`{written}` has more than {PLACES} decimal places")
    return fitted


def _text(written: Json) -> str | None:
    if written is not None and not isinstance(written, str):
        raise TypeError(f"`{written}` is no text")
    return written


def _instant(written: Json) -> datetime | None:
    return None if written is None else instant(written)


_READ: dict[str, Callable[[Any], Any]] = {
    "int64": int,
    "text": _text,
    "texts": lambda written: [_text(one) for one in written or ()],
    "yes": lambda written: written,
    "float64": lambda written: None if written is None else float(fraction(written)),
    "instant": _instant,
    "decimal": _decimal,
}
