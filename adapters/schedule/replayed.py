"""What a replay runs over: the desk's own feed, a folder of bars, or one file of them.

Rules for one file:
- it is read as `warrant data import` reads it, with the same complaints, into a bar store that lasts as long as the
  replay; the desk's own store is not touched. Nobody is asked: what two readings fit must be said;
- the splits and dividends given to the desk's own bar store hold, as they would after an import;
- instruments of the desk that the file has bars of are traded, the others are not; the index, where the file lacks it,
  is the desk's own feed's, up to the last bar of the file. What was left out and taken from elsewhere is told.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.bars.feeds import SAMPLE_INSTRUMENTS
from adapters.bars.store import NUMBERS, BarStore
from adapters.calendars.calendar import ExchangeCalendar
from adapters.desk.bar_store import store_of
from adapters.desk.folder import Desk, shown
from adapters.desk.instruments import load_instruments
from adapters.importing.from_files import Door, import_bars, plan
from adapters.importing.layout import Said
from adapters.running.world import feed_of, own_sessions
from advisors.quality import Rows
from knowledge.faults import Fault, Faulty

OWN_FEED = "feed"
NOTHING_SAID = Said()
Noted = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A desk whose feed is what is replayed, and the instruments traded in it; empty for all of the desk's."""

    desk: Desk
    instruments: tuple[str, ...] = ()


@contextmanager
def replayed(desk: Desk, source: str, said: Said, now: datetime, noted: Noted) -> Iterator[Replayed]:
    """The desk over `source`: `feed`, a folder or a file; `noted` hears what a person should know. Raises `Faulty`."""
    if source != OWN_FEED and Path(source).is_file():
        with TemporaryDirectory(prefix="warrant-replay-") as folder:
            yield _over_file(desk, Path(source), said, now, noted, Path(folder))
        return
    if said != NOTHING_SAID:
        raise no_file()
    yield Replayed(desk if source == OWN_FEED else _over_folder(desk, source))


def no_file() -> Faulty:
    """The fault of saying how a file is written where none is replayed."""
    words = "`--columns`, `--zone` and the like say how a file of bars is written; give one to `--replay`"
    return Faulty(Fault("command line", 1, 1, words))


def _over_folder(desk: Desk, source: str) -> Desk:
    folder = Path(source)
    if not folder.is_dir():
        words = f"there is no file or folder `{source}`; name a file of bars, a folder with one for each instrument"
        raise Faulty(Fault("command line", 1, 1, f"{words}, or `{OWN_FEED}`"))
    return _fed(desk, "bars" if any(folder.glob("*.parquet")) else "csv", folder)


def _fed(desk: Desk, kind: str, folder: Path) -> Desk:
    feed = desk.settings.feed.model_copy(update={"kind": kind, "path": str(folder.absolute())})
    return replace(desk, settings=desk.settings.model_copy(update={"feed": feed}))


def _over_file(desk: Desk, path: Path, said: Said, now: datetime, noted: Noted, folder: Path) -> Replayed:
    """The desk over a store in `folder` that has the file's bars, and what the file need not have."""
    feed = desk.settings.feed
    known = {one.symbol for one in load_instruments(desk.instruments)}
    planned = plan(path, replace(said, index=feed.index))
    if planned.layout is None:
        raise Faulty(
            Fault(str(path), 1, 1, "the file has splits and dividends; bring it in with `warrant data import`")
        )
    noted(f"{path}: read with {planned.layout.flags()}")
    store = BarStore(folder)
    calendar = ExchangeCalendar(feed.calendar, own=own_sessions(desk))
    brought = import_bars(planned, Door(store, calendar, feed.interval, now)).merged
    traded = tuple(sorted(known & brought.keys() - {feed.index}))
    if not traded:
        words = f"none of {_listed(brought)} is traded by this desk; `{shown(desk.instruments)}` has {_listed(known)}"
        raise Faulty(Fault(str(path), 1, 1, words))
    if other := known - {*traded, feed.index}:
        noted(f"{path}: without {_listed(other)}, which the replay does not trade")
    if strange := brought.keys() - known - {feed.index}:
        noted(f"{path}: {_listed(strange)} not in {shown(desk.instruments)}, and not traded")
    if feed.index and feed.index not in brought:
        index = _own_index(desk, path, max(one.last for one in brought.values()))
        store.prepare(index)
        store.put(feed.index)
        noted(f"{path}: without the index `{feed.index}`, which the desk's own feed gives")
    if feed.kind == "bars" and store_of(desk).actions.exists():
        shutil.copyfile(store_of(desk).actions, store.actions)
    return Replayed(_fed(desk, "bars", folder), traded)


def _own_index(desk: Desk, path: Path, last: str) -> Rows:
    """The index as the desk's own feed has it, up to the label `last`."""
    name = desk.settings.feed.index
    try:
        rows = feed_of(desk, SAMPLE_INSTRUMENTS if desk.bars is None else ()).index()
    except Faulty as faulty:
        words = f"the file has no bars of the index `{name}`, and the desk's own feed gives none"
        raise Faulty(Fault(str(path), 1, 1, f"{words} ({faulty.faults[0].message})")) from None
    assert rows is not None
    kept = [at for at, label in enumerate(rows.dates) if label <= last]
    numbers = {column: getattr(rows, column)[kept] for column in NUMBERS}
    return Rows(name, tuple(rows.dates[at] for at in kept), **numbers)


def _listed(names: Mapping[str, object] | set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
