"""`audit export`: the log as JSON lines that someone else's program can check without the store.

Each line is one record in canonical form. What it names under `inputs` by digest (snapshot, portfolio, limits,
rulebook) is written out as a member of the same name, so a line stands alone. Take those members away and the canonical
bytes of the rest are the leaf: its SHA-256 after a zero byte is the leaf's hash, and the digest of each member is the
one in `inputs`. `docs/record.schema.json` describes a line. Wall-clock values are not exported.
"""

from __future__ import annotations

from functools import lru_cache
from typing import IO

from adapters.audit.envelope import inlined
from adapters.audit.reader import LogReader
from adapters.store.faults import LogUnreadable
from knowledge.values import Json, canonical, parse

KEPT_VALUES = 8
"""Parsed values kept between lines, because consecutive records share rulebook and limits."""


def export_jsonl(log: LogReader, out: IO[bytes]) -> int:
    """Write every record, one line each, and return how many. Holds one record at a time.

    Raises `LogUnreadable` where the log is damaged; the lines before are written.
    """

    @lru_cache(KEPT_VALUES)
    def value(name: str) -> Json:
        try:
            return parse(log.blob(name))
        except (KeyError, ValueError):
            raise LogUnreadable(f"the log `{log.path}` is damaged: nothing readable is stored as `{name}`") from None

    count = 0
    for record in log:
        values = {name: value(each) for name, each in inlined(record).items()}
        out.write(canonical({**record, **values}) + b"\n")
        count += 1
    return count


def leaf_of(line: bytes) -> bytes:
    """The leaf that an exported line stands for: the record without what was inlined. Raises `ValueError`."""
    record = parse(line)
    written_out = inlined(record)
    return canonical({name: value for name, value in record.items() if name not in written_out})
