"""`audit export`: the log as JSON lines that someone else's program can check without the store.

Each line is one record in canonical form. What it names under `inputs` by digest (snapshot, portfolio, limits,
rulebook) is written out as a member of the same name, and a decision has its `law`: the limits as JSON values, read
from their text, for whoever has no YAML. So a line stands alone. Take those members away and the canonical bytes of the
rest are the leaf: its SHA-256 after a zero byte is the leaf's hash, and the digest of each member is the one in
`inputs`, that of the law the one in `law_digest`. `docs/record.schema.json` describes a line, `engine/checker.py`
re-evaluates a file of them. Wall-clock values are not exported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import IO

from adapters.audit.envelope import inlined
from adapters.audit.kinds import Kind
from adapters.audit.reader import LogReader
from adapters.store.faults import LogUnreadable
from engine.limits.text import read_limits
from knowledge.faults import Faulty
from knowledge.values import Json, canonical, parse

LAW = "law"
"""The member of a decision that holds its limits as JSON values; its digest is the decision's `law_digest`."""
KEPT_VALUES = 8
"""Parsed values kept between lines, because consecutive records share rulebook and limits."""


@dataclass(frozen=True, slots=True)
class Between:
    """Which records: those true from the day `first` to the day `last` (ISO dates, both included); empty: no bound."""

    first: str = ""
    last: str = ""

    @property
    def since(self) -> str | None:
        """The first instant, as records write it."""
        return self.first or None

    @property
    def until(self) -> str | None:
        """The last second."""
        return f"{self.last}T23:59:59Z" if self.last else None


ALWAYS = Between()


def export_jsonl(log: LogReader, out: IO[bytes], between: Between = ALWAYS) -> int:
    """Write every record, one line each, and return how many. Holds one record at a time.

    Raises `LogUnreadable` where the log is damaged; the lines before are written.
    """
    count = 0
    for _, line in lines_of(log, between):
        out.write(line + b"\n")
        count += 1
    return count


def lines_of(log: LogReader, between: Between = ALWAYS) -> Iterator[tuple[int, bytes]]:
    """Each record's place and line, without its end. Raises `LogUnreadable` where the log is damaged."""

    @lru_cache(KEPT_VALUES)
    def value(name: str) -> Json:
        try:
            return parse(log.blob(name))
        except (KeyError, ValueError):
            raise LogUnreadable(f"the log `{log.path}` is damaged: nothing readable is stored as `{name}`") from None

    @lru_cache(KEPT_VALUES)
    def law(name: str) -> Json:
        source = value(name)
        if not isinstance(source, str):
            raise LogUnreadable(f"the log `{log.path}` is damaged: `{name}` is no text of limits")
        try:
            return read_limits(source).law
        except Faulty as error:
            raise LogUnreadable(f"the limits `{name}` cannot be read any more: {error.faults[0]}") from None

    for record in log.records(since=between.since, until=between.until):
        named = inlined(record)
        values = {name: value(each) for name, each in named.items()}
        if _has_law(record, named):
            values[LAW] = law(named["limits"])
        yield record["seq"], canonical({**record, **values})


def leaf_of(line: bytes) -> bytes:
    """The leaf that an exported line stands for: the record without what was inlined. Raises `ValueError`."""
    record = parse(line)
    named = inlined(record)
    written_out = {*named, LAW} if _has_law(record, named) else {*named}
    return canonical({name: value for name, value in record.items() if name not in written_out})


def _has_law(record: Json, named: Mapping[str, str]) -> bool:
    return record.get("kind") == Kind.DECISION and "limits" in named
