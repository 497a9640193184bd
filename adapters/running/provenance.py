"""Which program decided: one digest over the sources of the core.

A record names the packages that decided, but the same packages under another core may word a finding differently, and a
replay compares every byte. Desk texts (the rule book, limits) are not part of it: records name them by themselves.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from adapters.store.address import Address
from knowledge.values import canonical, digest

ROOT = Path(__file__).resolve().parents[2]
CORE = ("knowledge", "rules", "engine")
DESK_TEXT = ("rules/book/", "rules/cases/")


@cache
def program(rooms: tuple[str, ...] = CORE) -> str:
    """Digest of the names and contents of these rooms' source files (Python, Prolog, vocabulary); default: the core."""
    files = sorted(
        path for room in rooms for path in (ROOT / room).rglob("*") if path.suffix in (".py", ".pl", ".yaml")
    )
    named = ((path.relative_to(ROOT).as_posix(), path.read_bytes()) for path in files)
    contents = {name: sha256(text).hexdigest() for name, text in named if not name.startswith(DESK_TEXT)}
    return digest(canonical(contents))


def decided_by_another(store: Address) -> bool:
    """Whether the log's last start names another program than this one. A log that can not be read names none."""
    from adapters.audit.log import LogReader, LogUnreadable

    try:
        with LogReader.read(store) as log:
            last = next(log.records(["start"], newest_first=True), None)
    except (LogUnreadable, ValueError, KeyError):
        return False
    return isinstance(last, dict) and last.get("program") != program()
