"""The comparison of two limits files, as whoever approves or adopts the second one takes it: never a failure.

A comparison that did not end in time, or that could not be made at all, is *unknown within budget* with the reason, and
what is not known needs an approval.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.asking.process import TooLate, ask
from adapters.frame import Failed
from knowledge.faults import Faulty
from knowledge.values import Json, canonical, digest

UNKNOWN = "unknown within budget"


@dataclass(frozen=True)
class Compared:
    """A verdict, with all that the comparison found."""

    verdict: str
    value: Json
    lines: tuple[str, ...]
    """For a reader."""

    @property
    def encoded(self) -> bytes:
        """What is stored."""
        return canonical(self.value)

    @property
    def digest(self) -> str:
        """Of what is stored."""
        return digest(self.encoded)

    @property
    def changes(self) -> tuple[str, ...]:
        """What was changed in the file, each in words."""
        return tuple(_words(one) for name in ("changes", "parameters") for one in self.value.get(name, ()))


def compared(old: tuple[str, str], new: tuple[str, str], snapshot: Json, currency: str) -> Compared:
    """Compare two files, each text and name, over the market of a snapshot."""
    request = {"op": "diff", "files": [list(old), list(new)], "snapshot": snapshot, "currency": currency}
    try:
        answer = ask(request)
    except (TooLate, Failed, Faulty) as error:
        why = "; ".join(map(str, error.faults)) if isinstance(error, Faulty) else str(error)
        return unknown(why)
    return Compared(answer["value"]["verdict"], answer["value"], tuple(answer["text"]))


def unknown(why: str) -> Compared:
    """What is said where nothing could be compared."""
    return Compared(UNKNOWN, {"verdict": UNKNOWN, "why": why, "admits_more": "unknown"}, (f"{UNKNOWN}: {why}",))


def _words(change: Json) -> str:
    part = f" {change['part']}" if change["part"] else ""
    return f"{change['what']}{part}: {change['old'] or 'absent'} → {change['new'] or 'absent'}"
