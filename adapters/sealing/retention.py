"""Retention: sealed segments go when their time to be kept is over and no legal hold touches them, with a record.

Rules:
- the time runs from when a record was made (`recorded_at`), by kind of record (`[retention]` of warrant.toml, five
  years where it says nothing: RTS 6 art. 28); a segment goes whole, when the newest record in it may;
- a *hold* keeps every segment with a record of its days (both ends included; open where not said) and, where it names
  symbols, of one of them; it stands until a person lifts it by its id. Both are `hold` records with who and why;
- a value that any record left in the log still names stays: it goes back into a row of its own;
- what remains of a record: `segments.REMAINS`, and its leaf hash, so that tree, proofs, books and the sequence of
  orders are as before. The `retention` record names rule, day, segments and the digest of each residue: what is gone
  without one is a fault of the log.

What has not been sealed never goes, nor do kinds that are never sealed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, update
from sqlalchemy.engine import Connection

from adapters.audit.kinds import Kind
from adapters.audit.log import Also, Receipt
from adapters.audit.reader import LogReader
from adapters.sealing.sealing import names_in
from adapters.sealing.segments import Content, Sealed, instruments_of, pack, packed_hash
from adapters.store.moving import moved_to
from adapters.store.tables import BLOB, SEGMENT
from adapters.store.tables import pack as pack_value
from knowledge.values import Json, digest, parse

PLACE, LIFT = "place", "lift"
LEAST_YEARS = 5
"""Of every kind (RTS 6 art. 28), whatever a record says that its rule was."""
_GO = update(SEGMENT).where(SEGMENT.c.number == bindparam("of"))
_BACK = update(BLOB).where(BLOB.c.digest == bindparam("name"))


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold: days (ISO dates, empty: no end on that side) and symbols (none: all)."""

    record_id: str
    who: str
    why: str
    first: str = ""
    last: str = ""
    symbols: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: Json) -> Hold:
        """The hold that a record places."""
        symbols = tuple(record.get("symbols", ()))
        return cls(
            record["record_id"], record["who"], record["why"], record.get("from", ""), record.get("to", ""), symbols
        )

    def touches(self, as_of: str, symbols: Iterable[str]) -> bool:
        """Whether a record of this instant about these instruments is held."""
        day = as_of[:10]
        inside = self.first <= day and (not self.last or day <= self.last)
        return inside and (not self.symbols or not {*self.symbols}.isdisjoint(symbols))


def in_force(records: Iterable[Json]) -> dict[str, Hold]:
    """The holds that stand after these `hold` records, by id."""
    found: dict[str, Hold] = {}
    for record in records:
        if record["action"] == PLACE:
            found[record["record_id"]] = Hold.of(record)
        else:
            found.pop(record["hold"], None)
    return found


def years_later(instant: str, years: int) -> str:
    """The day from which a record of this instant need not be kept any more."""
    day = date.fromisoformat(instant[:10])
    try:
        return day.replace(year=day.year + years).isoformat()
    except ValueError:
        # The 29th of February: the day after the anniversary that is none.
        return date(day.year + years, 3, 1).isoformat()


@dataclass(frozen=True, slots=True)
class Due:
    """What may go by the day it is asked for, and what is over its time and kept, each with why."""

    going: tuple[Sealed, ...]
    held: tuple[tuple[Sealed, Hold], ...]


def due(log: LogReader, years: Mapping[str, int], by: str) -> Due:
    """Which segments may go by the day `by` (ISO date). Raises `LogUnreadable`."""
    holds = in_force(log.records([Kind.HOLD])).values()
    going, held = [], []
    for one in log.segments():
        if one.gone is not None or one.kind not in years:
            continue
        records = [parse(leaf) for leaf in log.segment(one.number).records.values()]
        if max(years_later(record["recorded_at"], years[one.kind]) for record in records) > by:
            continue
        touching = [
            hold for hold in holds if any(hold.touches(each["as_of"], instruments_of(each)) for each in records)
        ]
        if touching:
            held.append((one, touching[0]))
        else:
            going.append(one)
    return Due(tuple(going), tuple(held))


def gone(log: LogReader, going: Sequence[Sealed], years: int, by: str) -> tuple[Json, Also]:
    """The record for which these segments of one kind go, and the move that belongs to it."""
    contents = [log.segment(one.number) for one in going]
    residues = {one.number: pack(content.residue()) for one, content in zip(going, contents, strict=True)}
    needed = dict(_still_named(log, contents, {one.number for one in going}))
    record = {
        "kind": Kind.RETENTION.value,
        "rule": {"kind": going[0].kind, "years": years},
        "by": by,
        "segments": [
            {
                "segment": one.number,
                "first": one.first_seq,
                "last": one.last_seq,
                "records": one.records,
                "digest": one.digest,
                "residue": digest(content.residue()),
            }
            for one, content in zip(going, contents, strict=True)
        ],
        "values": sum(len(content.values) for content in contents) - len(needed),
        "kept": sorted(needed),
    }

    def move(connection: Connection, receipts: Sequence[Receipt]) -> None:
        for name, value in needed.items():
            packed = pack_value(value)
            connection.execute(_BACK, {"name": name, "packed": packed, "packed_hash": packed_hash(packed)})
        for number, residue in residues.items():
            connection.execute(_GO, {"of": number, "packed": b"", "residue": residue, "gone": receipts[0].index})

    return record, move


def _still_named(log: LogReader, contents: Sequence[Content], going: set[int]) -> Iterator[tuple[str, bytes]]:
    """Values of these segments that a record outside them names."""
    values = {name: value for content in contents for name, value in content.values.items()}
    others = (held for _, _, _, held in log.rows() if moved_to(held) is None)
    found = {name for held in others for name in names_in(held) if name in values}
    for one in log.segments():
        if one.gone is None and one.number not in going:
            inside = log.segment(one.number).records.values()
            found |= {name for leaf in inside for name in names_in(leaf) if name in values}
    return ((name, values[name]) for name in sorted(found))
