"""Where the bars came from: one line of JSON for each import and each attempt to fetch, beside the store.

A line is durable before the bars it speaks of take their place, so that no bar is there that no line tells of. A line
tells what was about to be done: where the machine stopped in between, the same import again finds what is missing, and
writes another line. Lines are only ever added.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from knowledge.faults import Fault, Faulty
from knowledge.values import Json


def append(path: Path, now: datetime, line: Json) -> None:
    """Add a line, with when and by whom, and make it durable. Raises `OSError`."""
    told = {"at": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "who": who(), **line}
    written = json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as stream:
        # after a power cut the last line may lack its end: it stays the only one that cannot be read
        if stream.tell() and not _ends_a_line(path):
            stream.write(b"\n")
        stream.write(written.encode())
        stream.flush()
        os.fsync(stream.fileno())


def lines(path: Path) -> Iterator[Json]:
    """The lines in order; none where there is no file. Raises `Faulty` at one that is no JSON."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as stream:
        for number, written in enumerate(stream, start=1):
            try:
                yield json.loads(written)
            except ValueError:
                raise Faulty(Fault(str(path), number, 1, "the line is no JSON; a power cut may have torn it")) from None


def who() -> str:
    """The account a command runs under."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
