"""The recent values of measures, from the snapshots that a desk's log holds: what its last decisions were made on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path

from adapters.audit.log import LogReader
from adapters.desk.folder import SETTINGS, read_desk
from adapters.editor.hovering import Values
from adapters.editor.names import Named
from adapters.store.faults import StoreFailed
from knowledge.faults import Faulty
from knowledge.values import Json, parse

DECISIONS = 5
"""Decisions whose snapshots are read; each is a session, or a bar of one."""
MOST = 12
"""Instruments that are shown; the rest would not fit beside a cursor."""
_TEMPLATES = {"indicator": "indicators", "market": "market"}


class RecentValues:
    """Reads the log of a desk, again only when it has grown."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[int, Mapping[Named, Values]]] = {}

    def of(self, desk: Path, measure: Named) -> Values:
        """The values of a measure on a desk. What keeps them from being read is told in their place."""
        try:
            store = read_desk(desk, (SETTINGS,)).store
            if isinstance(store, Path) and not store.exists():
                return Values()
            with LogReader.read(store) as log:
                if self._known.get(desk, (-1,))[0] != (size := log.size):
                    self._known[desk] = (size, _read(log))
            return self._known[desk][1].get(measure, Values())
        except (Faulty, StoreFailed, OSError, LookupError, TypeError, ValueError) as error:
            return Values(lack=f"the values of the last decisions can not be read: {error}")


def _read(log: LogReader) -> dict[Named, Values]:
    rows: dict[Named, list[tuple[str, str, str]]] = {}
    with closing(log.records(["decision"], newest_first=True)) as decisions:  # type: ignore[type-var]
        last = list(islice(decisions, DECISIONS))
    for record in last:
        snapshot: Json = parse(log.blob(record["inputs"]["snapshot"]))
        for template, slots in snapshot["facts"]:
            if template in _TEMPLATES:
                of = Named("measure", slots["name"], _TEMPLATES[template])
                rows.setdefault(of, []).append((snapshot["as_of"], slots.get("instrument", ""), slots["value"]))
    return {of: Values(tuple(_first(some))) for of, some in rows.items()}


def _first(rows: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    names = sorted({whose for _, whose, _ in rows})[:MOST]
    return [row for row in rows if row[1] in names]
