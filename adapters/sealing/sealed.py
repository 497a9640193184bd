"""Sealed segments, verified: what they hold stands in for the rows that point to them, and what went, went by a record.

- *bytes*: a segment unpacks to the digest that its `seal` record names, and holds the records that point to it, no
  more; the values in it have their digests. What has gone left the residue whose digest the `retention` record names;
  rows, segments and those two kinds of records agree about what there is.
- *sequence*: a segment was sealed on the tree of that moment; what went was over its time by the day it went, and no
  hold that stood then touched it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from adapters.audit.kinds import Kind
from adapters.sealing.retention import LEAST_YEARS, Hold, in_force, years_later
from adapters.sealing.segments import FORMAT, RESIDUE, Content, Damaged, packed_hash, read, unpack
from adapters.store.migrating import keeps_segments
from adapters.store.packing import unpacked
from adapters.verifying.raw import RawStore
from adapters.verifying.verification import Check, Finding
from engine.orders.portfolio import Mode
from knowledge.values import Json, digest, parse, parse_canonical

_OPEN = 2
"""Unpacked segments kept during a walk, which reads them in order."""
_ROWS = "SELECT number, kind, first_seq, last_seq, records, digest, packed_hash, gone FROM segment ORDER BY number"
_SAID = ("of", "first", "last", "records", "digest")


@dataclass(frozen=True, slots=True)
class _Segment:
    """A row of `segment` without its bytes, as it was read."""

    number: int
    said: tuple[object, ...]
    packed_hash: object
    gone: object


@dataclass(frozen=True, slots=True)
class _Went:
    """A segment in a `retention` record."""

    seq: int
    name: str | None
    said: Json
    rule: Json
    by: str
    holds: tuple[Hold, ...]


class SealedCheck:
    """Follows one walk over a store; `complain` is told of what does not hold."""

    def __init__(self, raw: RawStore, complain: Callable[[Finding], None]) -> None:
        self._raw, self._tell = raw, complain
        self._rows: dict[int, _Segment] = {}
        with raw.guarded("segment"):
            for number, *said, hashed, gone in raw.ask(_ROWS).all() if keeps_segments(raw.connection) else ():
                self._rows[number] = _Segment(number, tuple(said), hashed, gone)
        self._opened = lru_cache(_OPEN)(self._open)
        self._sound: dict[int, frozenset[str]] = {}
        """Values of a segment that are what their names say, by its number."""
        self._told: set[int] = set()
        self._pointing = Counter[int]()
        self._seals: dict[int, tuple[int, str | None, Json]] = {}
        self._went: dict[int, _Went] = {}
        self._holds: dict[str, Json] = {}
        self._gone_by = ""
        """The latest day by which anything went: whatever is recorded after it is not of an earlier one."""
        self.notes: list[str] = []
        """What went, in words."""

    # What rows point to

    def leaf(self, number: int, seq: int) -> bytes | Json | None:
        """The bytes of a record; of one that went what is left, as a JSON object; None where there is neither."""
        self._pointing[number] += 1
        content = self._opened(number)
        if content is None:
            return None
        held = content.records.get(seq)
        if held is None or self._rows[number].gone is None:
            return held
        try:
            return parse(held)
        except ValueError:
            return None

    def value(self, number: int, name: str) -> bytes:
        """The bytes with this digest. Raises `KeyError`."""
        content = self._opened(number)
        if content is None or name not in self._sound.get(number, ()):
            raise KeyError(name)
        return content.values[name]

    def value_fault(self, number: int, name: object, named: bool) -> str:
        """Why a value does not lie in this segment, as its row says; empty where it does, or went unneeded."""
        row = self._rows.get(number)
        if row is not None and row.gone is not None:
            return f"the record names it, and it went with segment {number}" if named else ""
        if number not in self._sound:
            self._opened(number)
        return "" if name in self._sound.get(number, ()) else f"segment {number}, which is to have it, does not"

    def _open(self, number: int) -> Content | None:
        row = self._rows.get(number)
        if row is None:
            self._complain(number, "rows point to it, and it is not there")
            return None
        column, form = ("packed", FORMAT) if row.gone is None else ("residue", RESIDUE)
        kept = None
        with self._raw.guarded(f"segment {number}"):
            kept = self._raw.ask(f"SELECT {column} FROM segment WHERE number = :number", number=number).scalar()  # noqa: S608  ours
        try:
            encoded = unpack(kept)
            wanted = row.said[-1] if row.gone is None else self._residue_of(number)
            if wanted is not None and digest(encoded) != wanted:
                raise Damaged("its bytes have another digest")
            if row.gone is None and packed_hash(bytes(kept or b"")) != row.packed_hash:
                raise Damaged("the packed bytes do not have the hash stored beside them")
            content = read(encoded, form)
        except Damaged as why:
            self._complain(number, str(why))
            return None
        self._sound[number] = frozenset(name for name, value in content.values.items() if _is(name, value))
        if (content.number, content.kind, len(content.records)) != (number, row.said[0], row.said[3]):
            self._complain(number, "its content is that of another segment")
        return content

    def _residue_of(self, number: int) -> str | None:
        """The digest in the `retention` record, which stands later in the log than what it let go."""
        gone = self._rows[number].gone
        content = self._raw.ask("SELECT bytes FROM leaf WHERE seq = :seq", seq=gone).scalar() if gone else None
        try:
            said = parse(unpacked(content))["segments"] if isinstance(content, bytes) else ()
            return next((str(one["residue"]) for one in said if one["segment"] == number), None)
        except (ValueError, LookupError, TypeError):
            return None

    # What records say

    def feed(self, seq: int, name: str | None, record: Json) -> Iterator[Finding]:
        """Take one record in the shape of its kind."""
        kind = record["kind"]
        if record["mode"] != Mode.BACKTEST and record["recorded_at"][:10] < self._gone_by:
            words = f"it was made before {self._gone_by}, by which an earlier record let others go: a clock was wrong"
            yield Finding(Check.SEQUENCE, seq, name, "recorded_at", words)
        if kind == Kind.HOLD:
            if record["action"] == "lift" and record.get("hold") not in in_force(self._holds.values()):
                yield Finding(Check.SEQUENCE, seq, name, "hold", "no such hold stands")
            self._holds[record["record_id"]] = record
        elif kind == Kind.SEAL:
            root = self._raw.root(record["tree_size"])
            if record["tree_size"] != seq or not isinstance(root, bytes) or root.hex() != record["root"]:
                yield Finding(Check.SEQUENCE, seq, name, "root", "it was not sealed on the tree of that moment")
            if record["segment"] in self._seals:
                yield Finding(Check.SEQUENCE, seq, name, "segment", f"segment {record['segment']} was sealed before")
            self._seals[record["segment"]] = (seq, name, record)
        elif kind == Kind.RETENTION:
            holds = tuple(in_force(self._holds.values()).values())
            for one in record["segments"]:
                if one["segment"] not in self._seals or one["segment"] in self._went:
                    yield Finding(
                        Check.SEQUENCE, seq, name, "segments", f"segment {one['segment']} was not there to go"
                    )
                self._went[one["segment"]] = _Went(seq, name, one, record["rule"], record["by"], holds)
            if record["by"] > record["asked_at"][:10]:
                yield Finding(Check.SEQUENCE, seq, name, "by", "it was still to come when it was asked for")
            if record["rule"]["years"] < LEAST_YEARS:
                yield Finding(Check.SEQUENCE, seq, name, "rule", f"nothing goes within {LEAST_YEARS} years")
            self._gone_by = max(self._gone_by, record["by"])
            count = sum(one["records"] for one in record["segments"])
            words = f"{count} records of kind {record['rule']['kind']} went by retention under record {name} (#{seq})"
            self.notes.append(f"{words}: their hashes count; the terms of their orders are as it left them")

    def findings(self) -> Iterator[Finding]:
        """What rows, segments and records say against each other, once all are read."""
        for number, row in self._rows.items():
            yield from self._against_seal(number, row)
            went = self._went.get(number)
            if row.gone is None:
                if went is not None:
                    yield self._finding(number, f"record {went.name} (#{went.seq}) says that it went, and it is there")
                if number not in self._told and self._pointing[number] != row.said[3]:
                    count = self._pointing[number]
                    yield self._finding(number, f"it holds {row.said[3]} records, and {count} rows point to it")
            elif went is None or went.seq != row.gone:
                yield self._finding(number, "its bytes are gone, and no `retention` record says so")
            else:
                yield from self._rightly(number, went)
        for number, (seq, name, _) in self._seals.items():
            if number not in self._rows:
                yield Finding(Check.BYTES, seq, name, "segment", f"segment {number}, which it sealed, is missing")

    def _against_seal(self, number: int, row: _Segment) -> Iterator[Finding]:
        if number not in self._seals:
            yield self._finding(number, "no `seal` record names it")
            return
        seq, name, record = self._seals[number]
        for field, said in zip(_SAID, row.said, strict=True):
            if record[field] != said:
                words = f"segment {number} has {said!r} in the store, the record says {record[field]!r}"
                yield Finding(Check.BYTES, seq, name, field, words)

    def _rightly(self, number: int, went: _Went) -> Iterator[Finding]:
        """Whether it went when it might."""
        content = self._opened(number)
        sealed = self._seals.get(number)
        if sealed is not None and any(went.said[field] != sealed[2][field] for field in _SAID[1:]):
            yield replace(
                self._finding(number, "it went as another than was sealed"), seq=went.seq, record_id=went.name
            )
        for seq, held in (content.records if content else {}).items():
            try:
                left = parse(held)
                early = years_later(left["recorded_at"], went.rule["years"]) > went.by
                touched = [hold for hold in went.holds if hold.touches(left["as_of"], left["about"])]
            except (ValueError, LookupError, TypeError):
                yield self._finding(number, f"what is left of record #{seq} says too little")
                continue
            if early or left.get("kind") != went.rule["kind"]:
                words = f"record #{seq} was not over its {went.rule['years']} years by {went.by}, and went"
                yield Finding(Check.SEQUENCE, went.seq, went.name, "by", words)
            if touched:
                words = f"record #{seq} went while the hold {touched[0].record_id} touched it"
                yield Finding(Check.SEQUENCE, went.seq, went.name, "segments", words)

    def _complain(self, number: int, sentence: str) -> None:
        if number not in self._told:
            self._told.add(number)
            self._tell(self._finding(number, sentence))

    @staticmethod
    def _finding(number: int, sentence: str) -> Finding:
        return Finding(Check.BYTES, None, None, f"segment {number}", sentence)


def _is(name: str, value: bytes) -> bool:
    try:
        parse_canonical(value)
    except (ValueError, RecursionError):
        return False
    return digest(value) == name
