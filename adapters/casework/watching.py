"""Looks again whenever a file changes: of the rulebook, of its cases, of the vocabulary.

Files are looked at, not listened for: some dozens of them cost less than a millisecond, on every file system, also on
one that tells of no changes. What changes while cases run is seen at the next look, as a look is taken before they run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

PAUSE = 0.25
"""Seconds between two looks."""
_ENDINGS = (".clp", ".pl", ".yaml")
Look = Mapping[str, tuple[int, int, int]]
"""For each file its time of change in nanoseconds, its size and its number on the disk."""


def files_of(desk: Path, named: Iterable[str]) -> list[Path]:
    """What a run depends on: the entries, all below `rules/`, the files a rulebook named, the vocabulary."""
    import knowledge

    found = {desk / name for name in named} | {desk / "rules.clp", desk / "policies.pl"}
    found.update(path for path in (desk / "rules").rglob("*") if path.suffix in _ENDINGS)
    found.add(Path(knowledge.__path__[0]) / "templates.yaml")
    return sorted(found)


def look(files: Iterable[Path]) -> Look:
    """The files as they are now; one that is not there is not in it."""
    seen = {}
    for path in files:
        try:
            status = path.stat()
        except OSError:
            continue
        seen[str(path)] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return seen


def changed(before: Look, after: Look) -> list[str]:
    """The files that came, went or changed, by name."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def watch(
    files: Callable[[], Iterable[Path]],
    again: Callable[[list[str]], None],
    pause: Callable[[], None] = lambda: time.sleep(PAUSE),
) -> None:
    """Call `again` now, and after each change with the files that changed; goes on until it is interrupted."""
    seen = look(files())
    again([])
    while True:
        pause()
        now = look(files())
        if now == seen:
            continue
        # An editor writes in several steps: it is done when two looks agree.
        pause()
        while (settled := look(files())) != now:
            now = settled
            pause()
        names, seen = changed(seen, now), now
        again(names)
