"""Files of a person's own into the bar store: what each is taken for, and what came of it.

A file is one of bars or one of actions; the first line says which. Each file goes in whole or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.bars.given_actions import is_actions, parse_actions, read_actions, write_actions
from adapters.bars.store import BarStore, fsync_folder
from adapters.calendars.calendar import ExchangeCalendar
from adapters.importing.bringing import Brought, bring, locked
from adapters.importing.files import Head, digest_of, head
from adapters.importing.layout import Layout, Said, guess, settled
from adapters.importing.manifest import append
from adapters.importing.merging import Trouble
from adapters.importing.moments import AS_WRITTEN, Moments
from adapters.importing.reading import Source
from advisors.actions import Action
from knowledge.faults import Fault, Faulty
from knowledge.values import Json

MOST_ACTIONS = 1 << 26
"""Bytes of an actions file; it is read at once."""


@dataclass(frozen=True)
class Planned:
    """A file and what it is taken for; `layout` is None for a file of actions."""

    path: Path
    head: Head
    layout: Layout | None


@dataclass(frozen=True)
class Door:
    """The store that bars go to, by whose sessions and at which instant; `interval` is the length of a bar."""

    store: BarStore
    calendar: ExchangeCalendar
    interval: str
    now: datetime


def plan(path: Path, said: Said) -> Planned:
    """What a file is taken for. Raises `Faulty` where it cannot be read or more must be said."""
    found = head(path)
    if found.is_csv and is_actions(found.names):
        return Planned(path, found, None)
    layout = guess(path, found.names, found.sample, found.delimiter, said)
    return Planned(path, found, settled(path, layout))


def check_zone(zone: str) -> str:
    """A zone's name as it is. Raises `Faulty` for one that nobody knows."""
    if zone not in ("", AS_WRITTEN):
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            said = f"`{zone}` is no time zone; write one like `America/New_York`, `UTC`, or `{AS_WRITTEN}`"
            raise Faulty(Fault("--zone", 1, 1, said)) from None
    return zone


def import_bars(planned: Planned, door: Door, *, replace: bool = False) -> Brought:
    """Bring one file of bars. Raises `Faulty`, and then nothing of it is used."""
    assert planned.layout is not None
    layout = planned.layout
    moments = Moments(layout.form or "iso", layout.zone, door.calendar, door.interval, door.now)
    source = Source(planned.path, planned.head, layout, moments)
    # of an optional column only its being there counts; a role without one has its place at the date
    column = {role: layout.columns.get(role, layout.columns["date"]) for role in ("date", *layout.columns, "adj_close")}

    def place(troubles: list[Trouble]) -> list[Fault]:
        return source.placed([(row, column[role], said) for row, role, said in troubles])

    origin = {"what": "import", **_origin(planned.path), "columns": layout.told()}
    return bring(
        door.store, source.tables(), place, door.calendar, origin, door.now, replace=replace, moved=moments.moved
    )


def import_actions(planned: Planned, door: Door, *, replace: bool = False) -> dict[str, int]:
    """Bring one file of splits and dividends; how many are new, by instrument. Raises `Faulty`."""
    if planned.path.stat().st_size > MOST_ACTIONS:
        raise Faulty(Fault(str(planned.path), 1, 1, "the file is too large for one of splits and dividends"))
    try:
        text = planned.path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Faulty(Fault(str(planned.path), 1, 1, f"byte {error.start} is not UTF-8; save it as UTF-8")) from None
    given = parse_actions(text, str(planned.path))
    if not given:
        raise Faulty(Fault(str(planned.path), 1, 1, "there are no actions below the first line"))
    with locked(door.store.folder):
        origin = {"what": "actions", **_origin(planned.path)}
        return merge_actions(door, given, origin, str(planned.path), replace=replace)


def merge_actions(
    door: Door, given: tuple[Action, ...], origin: Json, source: str, *, replace: bool = False
) -> dict[str, int]:
    """Merge actions with those of a locked store; how many are not as stored, by instrument. Raises `Faulty`."""
    known = {_key(one): one for many in read_actions(door.store.actions).values() for one in many}
    other = [one for one in given if known.get(_key(one), one) != one]
    if other and not replace:
        said = "is stored with another amount; give `--replace` to take this one"
        raise Faulty(
            *(Fault(source, 1, 1, f"the {one.kind} of `{one.instrument}` on {one.session} {said}") for one in other)
        )
    new = [one for one in given if known.get(_key(one)) != one]
    counts = {name: sum(one.instrument == name for one in new) for name in sorted({one.instrument for one in given})}
    append(door.store.manifest, door.now, {**origin, "rows": len(given), "replace": replace, "instruments": counts})
    if new:
        write_actions(door.store.actions, {**known, **{_key(one): one for one in given}}.values())
        fsync_folder(door.store.folder)
    return counts


def _key(action: Action) -> tuple[str, str, str]:
    return action.instrument, action.session, action.kind


def _origin(path: Path) -> dict[str, Json]:
    return {"file": str(path), "sha256": digest_of(path), "bytes": path.stat().st_size}
