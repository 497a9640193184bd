"""Sealed segments: the bytes of old records of one kind and of what only they name, compressed as one.

A segment's content is lines: a header as canonical JSON, the records' canonical bytes in order of the log, then the
values they name, in order of their digests. Canonical JSON has no line ends, so the lines are the values, and the
header says which is which:

    {"format":"warrant-segment/1","kind":"decision","number":3,"records":[17,22,…],"values":["sha256:…",…]}

Its digest stands in a `seal` record of the log. It is packed with LZMA (`xz`), because thousands of records that look
alike pack some ten times better together than each alone (`docs/adr/0017-old-records-go-into-sealed-segments.md`).

When a segment's time to be kept is over, a *residue* takes its place: of each record what a restart and the sequence
of the log still need (`REMAINS`), in the same form, its digest in the `retention` record. Everything here is pure but
`Segments`, which reads a store.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from adapters.audit.kinds import Kind
from adapters.store.faults import LogUnreadable
from adapters.store.migrating import keeps_segments
from adapters.store.tables import SEGMENT
from knowledge.values import Json, canonical, digest, parse

FORMAT, RESIDUE = "warrant-segment/1", "warrant-residue/1"
SEALED = (Kind.DECISION, Kind.SURVEILLANCE)
"""Kinds whose bytes may leave for a segment: nine tenths of a log. The rest is small, and what a restart folds."""
REMAINS = (
    "format", "record_id", "kind", "seq", "as_of", "recorded_at", "desk", "mode", "period", "inputs", "warrants",
    "trading_state", "action", "finding_id",
)  # fmt: skip
"""Members of a record that outlive it: its name, what it was decided from, and the orders that hang on it."""
KEPT_CONTENTS = 4
"""Unpacked segments kept by a reader, of some megabytes each."""
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 23}]


class Damaged(ValueError):
    """These bytes are no segment. One sentence."""


class Gone(LogUnreadable):
    """What was asked for went when its time to be kept was over."""

    def __init__(self, number: int, by: int) -> None:
        super().__init__(f"it went with segment {number} when its time to be kept was over, as record #{by} says")
        self.number, self.by = number, by


@dataclass(frozen=True, slots=True)
class Content:
    """What a segment holds: canonical bytes of records by place and of values by digest."""

    kind: str
    number: int
    records: Mapping[int, bytes]
    values: Mapping[str, bytes]

    @property
    def encoded(self) -> bytes:
        """The lines."""
        header = {"format": FORMAT, "kind": self.kind, "number": self.number}
        header |= {"records": list(self.records), "values": list(self.values)}
        return b"\n".join([canonical(header), *self.records.values(), *self.values.values()])

    def residue(self) -> bytes:
        """The lines of what outlives it."""
        header = {"format": RESIDUE, "kind": self.kind, "number": self.number, "records": list(self.records)}
        return b"\n".join([canonical({**header, "values": []}), *map(_remains, self.records.values())])


def read(content: bytes, form: str = FORMAT) -> Content:
    """The segment in these lines. Raises `Damaged`. Records and values are not looked at."""
    first, *lines = content.split(b"\n")
    try:
        header = parse(first)
        records, values = header["records"], header["values"]
        known = header["format"] == form and canonical(header) == first
        places = all(type(seq) is int for seq in records) and sorted(set(records)) == records
        if known and places and sorted(set(values)) == values and len(lines) == len(records) + len(values):
            at = len(records)
            by_digest = dict(zip(values, lines[at:], strict=True))
            return Content(header["kind"], header["number"], dict(zip(records, lines[:at], strict=True)), by_digest)
    except (ValueError, LookupError, TypeError):
        pass
    raise Damaged("its content is not in the form of a segment")


def pack(content: bytes) -> bytes:
    """Content as the store keeps it."""
    return lzma.compress(content, lzma.FORMAT_XZ, lzma.CHECK_CRC64, filters=_FILTERS)


def unpack(packed: object) -> bytes:
    """What `pack` was given. Raises `Damaged`."""
    try:
        if isinstance(packed, bytes):
            return lzma.decompress(packed, lzma.FORMAT_XZ)
    except lzma.LZMAError:
        pass
    raise Damaged("it cannot be unpacked")


def instruments_of(record: Json) -> list[str]:
    """What a record is about, for a hold on a symbol: of its verdicts, exits, warrants, of its finding; sorted."""
    said: Iterable[Json] = (
        *record.get("verdicts", ()),
        *record.get("exits", ()),
        *(one["order"] for one in record.get("warrants", ())),
        record,
    )
    named = {one["instrument"] for one in said if isinstance(one.get("instrument"), str)}
    return sorted({*named, *record.get("instruments", ())})


def _remains(leaf: bytes) -> bytes:
    record = parse(leaf)
    return canonical({name: record[name] for name in REMAINS if name in record} | {"about": instruments_of(record)})


@dataclass(frozen=True, slots=True)
class Sealed:
    """A segment as the store has it, but for its bytes. `gone`: the record for which they went, if they did."""

    number: int
    kind: str
    first_seq: int
    last_seq: int
    records: int
    digest: str
    gone: int | None


_COLUMNS = (SEGMENT.c[name] for name in ("number", "kind", "first_seq", "last_seq", "records", "digest", "gone"))
_ALL = select(*_COLUMNS).order_by(SEGMENT.c.number)
_BY_NUMBER = select(SEGMENT.c.digest, SEGMENT.c.gone, SEGMENT.c.packed, SEGMENT.c.residue).where(
    SEGMENT.c.number == bindparam("number")
)


class Segments:
    """Reads through the segments of a store, some of them at hand."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._content = lru_cache(KEPT_CONTENTS)(self._read)

    def sealed(self) -> tuple[Sealed, ...]:
        """Every segment, in order."""
        if not keeps_segments(self._connection):
            return ()
        return tuple(Sealed(*row) for row in self._connection.execute(_ALL))

    def content(self, number: int) -> Content:
        """All that a segment holds. Raises `Gone`, `LogUnreadable`."""
        return self._content(number)

    def record(self, number: int, seq: int) -> bytes:
        """The bytes of a record. Raises `Gone`, `LogUnreadable`."""
        return self._found(number, self._content(number).records.get(seq))

    def value(self, number: int, name: str) -> bytes:
        """The bytes with this digest. Raises `Gone`, `LogUnreadable`."""
        return self._found(number, self._content(number).values.get(name))

    def remains(self, number: int, seq: int, by: int) -> Json:
        """What is left of a record that went for record #`by`, which it says as `gone`. Raises `LogUnreadable`."""
        found = self._connection.execute(_BY_NUMBER, {"number": number}).first()
        try:
            lines = read(unpack(found.residue if found else None), RESIDUE).records
            return {**parse(lines[seq]), "verdicts": [], "gone": by}
        except (Damaged, KeyError, ValueError):
            raise LogUnreadable(f"what is left of segment {number} is damaged; run `warrant audit verify`") from None

    def _read(self, number: int) -> Content:
        found = self._connection.execute(_BY_NUMBER, {"number": number}).first()
        if found is None:
            raise LogUnreadable(f"the sealed segment {number} is missing; run `warrant audit verify`")
        if found.gone is not None:
            raise Gone(number, found.gone)
        try:
            content = unpack(found.packed)
            if digest(content) != found.digest:
                raise Damaged("its bytes have another digest")
            return read(content)
        except Damaged as why:
            raise LogUnreadable(f"the sealed segment {number} is damaged: {why}; run `warrant audit verify`") from None

    @staticmethod
    def _found(number: int, content: bytes | None) -> bytes:
        if content is None:
            raise LogUnreadable(f"the sealed segment {number} does not hold it; run `warrant audit verify`")
        return content


def packed_hash(packed: bytes) -> bytes:
    """Stored beside the packed bytes: shows a flipped bit also where unpacking would not notice it."""
    return sha256(packed).digest()
