"""The one door into the bar store: from tables of bars to files in their place, or to faults and nothing changed.

1. All of a source is read; rows are set aside by instrument, on disk where they are many, so that memory holds one
   instrument and a batch.
2. Each instrument is merged with what is stored, and written beside its file.
3. Any fault ends it here: what was written beside is taken away.
4. The line in the manifest, then the renames.

One process at a time: the folder is locked.
"""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from adapters.bars.store import NUMBERS, BarStore, fsync_folder
from adapters.calendars.calendar import ExchangeCalendar
from adapters.importing.files import MOST_FAULTS
from adapters.importing.manifest import append
from adapters.importing.merging import Merged, Trouble, merge
from knowledge.faults import Fault, Faulty
from knowledge.values import Json

HELD = 400_000
"""Rows that are held in memory before they go to disk."""
STRAYS = 0.1
"""A share of bars on days without a session above which a zone must be wrong: midnight moved by hours is a fifth."""

_ALIKE = "differ in capitals only, and on some machines their files would be one; give them one spelling"
Place = Callable[[list[Trouble]], list[Fault]]
"""Gives troubles their places in the source."""


@dataclass(frozen=True)
class Brought:
    """What came of one source, by instrument; `strays` are bars on days without a session."""

    merged: Mapping[str, Merged]
    strays: Mapping[str, int]

    def to_json(self) -> Json:
        """Counts, for the manifest and for machines."""
        return {
            symbol: {
                "rows": one.read, "added": one.added, "same": one.same, "revised": one.revised,
                "first": one.first, "last": one.last,
                "unusable": one.doubts, "without_session": self.strays.get(symbol, 0),
            }
            for symbol, one in self.merged.items()
        }  # fmt: skip


def bring(
    store: BarStore,
    tables: Iterable[Any],
    place: Place,
    calendar: ExchangeCalendar,
    origin: Json,
    now: datetime,
    *,
    replace: bool = False,
    moved: Callable[[], bool] = lambda: False,
    within: Callable[[], None] = lambda: None,
) -> Brought:
    """Merge tables of bars into the store. `origin` is what the manifest tells of them; `moved` says, after reading,
    whether a zone gave bars another date than is written; `within` is called when the bars are found sound, before
    they take their place. Raises `Faulty`, and then the store is as it was.
    """
    with locked(store.folder), tempfile.TemporaryDirectory(prefix="warrant-bars-") as folder:
        stands = {name.casefold(): name for name in store.symbols()}
        aside = _Aside(Path(folder))
        for table in tables:
            aside.add(table)
        sessions = frozenset(calendar.all_sessions)
        found: dict[str, Merged] = {}
        strays: dict[str, int] = {}
        troubles: list[Trouble] = []
        try:
            for symbol, table in aside.all():
                if (other := stands.setdefault(symbol.casefold(), symbol)) != symbol:
                    raise Faulty(Fault(_said(origin), 1, 1, f"`{symbol}` and `{other}` {_ALIKE}"))
                stored = store.read(symbol) if store.path(symbol).exists() else None
                one = merge(symbol, stored, table, replace=replace)
                troubles += one.troubles
                strays[symbol] = sum(day[:10] not in sessions for day in table.column("label").to_pylist())
                if one.changes and not troubles:
                    store.prepare(one.rows)
                found[symbol] = _light(one)
            rows = sum(one.read for one in found.values())
            if moved() and sum(strays.values()) > STRAYS * rows:
                said = f"{sum(strays.values())} of {rows} bars fall on days without a session of {calendar.exchange}"
                advice = "is the zone right? `--zone as-written` takes the dates as they stand"
                troubles.append((0, "date", f"{said}; {advice}"))
            if troubles:
                raise Faulty(*place(sorted(troubles)[:MOST_FAULTS]))
            within()
            brought = Brought(found, strays)
            append(store.manifest, now, {**origin, "rows": rows, "replace": replace, "instruments": brought.to_json()})
            for symbol, one in found.items():
                if one.changes:
                    store.put(symbol)
            fsync_folder(store.folder)
        except BaseException:
            for symbol in found:
                store.forget(symbol)
            raise
    return brought


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a store for this process. Raises `Faulty` where another one has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            said = "another process is bringing bars here; wait for it to end"
            raise Faulty(Fault(str(folder), 1, 1, said)) from None
        yield


def _said(origin: Json) -> str:
    return str(origin.get("file") or origin.get("what") or "bars")


def _light(one: Merged) -> Merged:
    """Without the bars, which are on disk: a thousand instruments' worth of them is not held."""
    empty = type(one.rows)(
        one.rows.instrument, (), **{name: getattr(one.rows, name)[:0].copy() for name in NUMBERS}, actions=None
    )
    return Merged(**{**vars(one), "rows": empty})


class _Aside:
    """Rows by instrument, in memory up to `HELD` and on disk beyond."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, list[Any]] = {}
        self._count = 0
        self._files: dict[str, list[Path]] = {}

    def add(self, table: Any) -> None:  # noqa: ANN401  (the library ships no types)
        """Take a table with a dictionary of symbols."""
        import numpy as np

        symbols = table.column("symbol").combine_chunks()
        chunk = symbols.chunk(0) if hasattr(symbols, "chunk") else symbols
        names, codes = chunk.dictionary.to_pylist(), chunk.indices.to_numpy()
        table = table.drop_columns("symbol")
        if len(names) > 1:
            table, codes = table.take(np.argsort(codes, kind="stable")), np.sort(codes)
        ends = np.searchsorted(codes, np.arange(len(names) + 1))
        for code, name in enumerate(names):
            if ends[code + 1] > ends[code]:
                self._held.setdefault(name, []).append(table.slice(ends[code], ends[code + 1] - ends[code]))
        self._count += table.num_rows
        if self._count > HELD:
            self._put_down()

    def all(self) -> Iterator[tuple[str, Any]]:
        """Each instrument with all its rows, in order of the symbols."""
        import pyarrow as pa
        from pyarrow import feather

        for name in sorted({*self._held, *self._files}):
            parts = [feather.read_table(path, memory_map=False) for path in self._files.get(name, ())]
            yield name, pa.concat_tables([*parts, *self._held.get(name, ())])

    def _put_down(self) -> None:
        import pyarrow as pa
        from pyarrow import feather

        for number, (name, tables) in enumerate(self._held.items()):
            path = self._folder / f"{sum(map(len, self._files.values()))}-{number}"
            feather.write_feather(pa.concat_tables(tables), str(path), compression="uncompressed")
            self._files.setdefault(name, []).append(path)
        self._held, self._count = {}, 0
