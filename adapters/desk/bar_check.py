"""The bars a desk reads, looked at as a whole: for `warrant data check` and the check-up.

Of a bar store every series is looked at, with an entry in `instruments.yaml` or not; of other feeds, those that have
one. The index is a series like the others here.
"""

from __future__ import annotations

from dataclasses import replace

from adapters.bars.checking import Check, check
from adapters.bars.csv_bars import read_bars
from adapters.bars.feeds import SAMPLE_INSTRUMENTS, BarsFeed, CsvFeed, Feed
from adapters.bars.given_actions import read_actions
from adapters.bars.store import BarStore
from adapters.desk.folder import Desk
from adapters.desk.instruments import load_instruments
from adapters.running.world import feed_of
from advisors.quality import Rows
from knowledge.faults import Fault, Faulty


def checked(desk: Desk, only: tuple[str, ...] = ()) -> Check:
    """Everything about the desk's bars. Raises `Faulty` where there are none, or `only` names one that is not there."""
    feed, series, unread = series_of(desk)
    known = {rows.instrument for rows in series}
    if strangers := [name for name in only if name not in known]:
        said = f"the desk has no bars of {', '.join(f'`{name}`' for name in strangers)}"
        raise Faulty(*(unread[0].faults if unread and not known else [Fault(str(desk.folder), 1, 1, said)]))
    if not series:
        raise Faulty(*(fault for one in unread for fault in one.faults)) if unread else _empty(desk)
    return check(feed, series, unread, only)


def series_of(desk: Desk) -> tuple[Feed, list[Rows], list[Faulty]]:
    """The desk's feed over what can be read of it, the series with the index among them, and what cannot be read."""
    names = [one.symbol for one in load_instruments(desk.instruments, _traded(desk))]
    feed = feed_of(desk, tuple(names))
    if isinstance(feed, BarsFeed):
        return _stored(feed, names)
    if isinstance(feed, CsvFeed):
        return _files(feed)
    index = feed.index()
    return feed, [*feed.series(), *([] if index is None else [index])], []


def _stored(feed: BarsFeed, names: list[str]) -> tuple[Feed, list[Rows], list[Faulty]]:
    store = BarStore(feed.folder)
    wanted = {*names, *store.symbols(), *([feed.index_name] if feed.index_name else [])}
    unread: list[Faulty] = []
    try:
        actions = read_actions(store.actions)
    except Faulty as error:
        actions = {}
        unread.append(error)
    series: list[Rows] = []
    for name in sorted(wanted):
        try:
            series.append(store.read(name, actions.get(name)))
        except Faulty as error:
            unread.append(error)
    readable = {rows.instrument for rows in series}
    index = feed.index_name if feed.index_name in readable else ""
    known = tuple(name for name in sorted(readable) if name != index)
    return replace(feed, instruments=known, index_name=index), series, unread


def _files(feed: CsvFeed) -> tuple[Feed, list[Rows], list[Faulty]]:
    series: list[Rows] = []
    unread: list[Faulty] = []
    for name in sorted({*feed.instruments, feed.index_name}):
        try:
            series.append(read_bars(feed.folder / f"{name}.csv", name, feed.dividends, feed.interval))
        except Faulty as error:
            unread.append(error)
    if all(rows.instrument != feed.index_name for rows in series):
        # without the index's file nobody knows which sessions there were
        raise Faulty(*(fault for one in unread for fault in one.faults))
    return feed, series, unread


def _traded(desk: Desk) -> tuple[str, ...] | None:
    return SAMPLE_INSTRUMENTS if desk.settings.feed.kind == "sample" else None


def _empty(desk: Desk) -> Faulty:
    return Faulty(Fault(str(desk.bars), 1, 1, "there are no bars here; bring them with `warrant data import`"))
