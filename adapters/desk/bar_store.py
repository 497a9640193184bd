"""A desk's bar store: where it lies, by whose sessions its bars go in, and what is missing before they are used.

The desk that ships takes no bars: it is part of the installed program, and a person's own bars belong to their desk.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from adapters.bars.store import BarStore
from adapters.calendars.calendar import ExchangeCalendar
from adapters.desk.folder import SETTINGS, Desk, find_desk, read_desk, shown
from adapters.importing.from_files import Door
from adapters.installation import SHIPPED
from adapters.running.world import own_sessions
from knowledge.faults import Fault, Faulty


def store_of(desk: Desk) -> BarStore:
    """The store of a desk, which is at `bars` where its settings name no other place."""
    feed = desk.settings.feed
    return BarStore(desk.folder / (feed.path if feed.kind == "bars" and feed.path else "bars"))


def own_desk(option: Path | None) -> Desk:
    """The desk that is meant, which must be a person's own. Raises `Faulty`."""
    folder = find_desk(option)
    if folder.resolve() == SHIPPED.resolve():
        said = "bars belong to a desk of your own; `warrant init DIR` makes one, then give `--desk DIR`"
        raise Faulty(Fault(shown(folder), 1, 1, said))
    return read_desk(folder)


def door_of(option: Path | None, now: datetime | None = None) -> Door:
    """The way into the store of the desk that is meant. Raises `Faulty`."""
    desk = own_desk(option)
    feed = desk.settings.feed
    calendar = ExchangeCalendar(feed.calendar, own=own_sessions(desk))
    return Door(store_of(desk), calendar, feed.interval, now or datetime.now(UTC))


def next_steps(option: Path | None) -> list[str]:
    """What is missing before a desk uses the bars in its store, a line each."""
    from adapters.desk.instrument_list import missing_block, unknown_symbols

    desk = own_desk(option)
    lines = []
    if desk.settings.feed.kind != "bars":
        lines.append(f'to use them, write `kind = "bars"` into `[feed]` of {shown(desk.folder / SETTINGS)}')
    if unknown := unknown_symbols(desk):
        lines.append(f"not in {shown(desk.instruments)} yet; add, and fill in what stands as `?`:")
        lines += missing_block(unknown, desk.settings.feed.calendar).splitlines()
    return lines
