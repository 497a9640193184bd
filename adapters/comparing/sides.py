"""One run as a sequence of cycles, read from its log: what each cycle had, what it decided, what happened before it.

Ids, places in the log and digests that follow from others are left out of what is compared: a record is another one
because something in it is, not because the record before it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from adapters.audit.log import LogReader, LogUnreadable
from adapters.desk.folder import is_desk, read_desk, shown
from adapters.store.address import Address
from engine.limits.model import Limits
from engine.limits.text import recorded_limits
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, parse
from rules.rulebook import Rulebook

FOLLOWS = frozenset(
    [
        "format",
        "record_id",
        "seq",
        "recorded_at",
        "desk",
        "mode",
        "blobs",
        "cycle_id",
        "decision_id",
        "warrant_id",
        "event_id",
        "fill_id",
        "account",
    ]
)
"""Fields of a record that name the run or follow from other fields."""
SHOWN = ("outcome", "side", "quantity", "target", "limit_price", "stop_price", "rule", "reasons")
"""What makes one verdict another."""
EXIT = ("side", "quantity", "reasons", "held_back")
CYCLES = ("decision", "fault", "missed")
STORE = Path("store/warrant.sqlite")


@dataclass(frozen=True)
class Cycle:
    """One cycle of a run."""

    label: str
    record: Json
    start: Json
    """The start record in force."""
    events: tuple[Json, ...]
    """What was recorded since the cycle before, without what follows from other fields."""
    blob: Callable[[str], Json] = field(repr=False)

    @property
    def inputs(self) -> Mapping[str, str]:
        """Digests of what the decision was made from; empty where there is none."""
        return self.record.get("inputs") or {}

    @property
    def fault(self) -> str:
        """Why there is no decision, or none that permits anything; else empty."""
        return str(self.record.get("fault") or self.record.get("reason") or "")

    @cached_property
    def verdicts(self) -> dict[str, Json]:
        """Verdicts by instrument."""
        return {one["instrument"]: one for one in self.record.get("verdicts", ())}

    @cached_property
    def exits(self) -> dict[str, Json]:
        """Exits by instrument."""
        return {one["instrument"]: one for one in self.record.get("exits", ())}

    def outcome(self, instrument: str) -> Json:
        """What was decided about an instrument, as far as it is compared; None for nothing at all."""
        verdict, going = self.verdicts.get(instrument), self.exits.get(instrument)
        told = {name: verdict[name] for name in SHOWN if name in verdict} if verdict else {}
        if going:
            told["exit"] = {name: going[name] for name in EXIT}
        return told or None

    @property
    def instruments(self) -> set[str]:
        """Everything that something was decided about."""
        return set(self.verdicts) | set(self.exits)

    @property
    def state(self) -> str:
        """The trading state; empty without a decision."""
        return str(self.record.get("trading_state", ""))

    @cached_property
    def facts(self) -> dict[tuple[str, ...], dict[str, str]]:
        """Slots of each fact of the snapshot, by template and the words that name it."""
        found = self.blob(self.inputs["snapshot"])["facts"]
        return {name: said for template, slots in found for name, said in said_by(template, slots)}

    @property
    def portfolio(self) -> Json:
        """The portfolio before the decision, without the names of account and mode."""
        value = self.blob(self.inputs["portfolio"])
        return {name: part for name, part in value.items() if name not in ("account", "mode")}

    @property
    def limits(self) -> Limits:
        """The limits in force."""
        return _limits(self.blob(self.inputs["limits"]))

    @property
    def rulebook(self) -> Rulebook:
        """The rulebook in force."""
        value = self.blob(self.inputs["rulebook"])
        return _rulebook(*(tuple(map(tuple, value[part])) for part in ("rules", "policies")))


class Run:
    """A log, opened to be compared."""

    def __init__(self, log: LogReader, name: str) -> None:
        self.log, self.name = log, name
        self._blobs = cache(lambda digest: parse(log.blob(digest)))
        self.rest: tuple[Json, ...] = ()
        """What was recorded after the last cycle, once all have been told."""

    def cycles(self) -> Iterator[Cycle]:
        """Every cycle, in order."""
        start: Json = {}
        events: list[Json] = []
        for record in self.log.records():
            if record["kind"] == "start":
                start = record
            elif record["kind"] in CYCLES:
                yield Cycle(label_of(record), record, start, tuple(events), self._blob)
                events = []
            else:
                events.append(_bare(record))
        self.rest = tuple(events)

    def _blob(self, digest: str) -> Json:
        if self._blobs.cache_info().currsize > MOST_KEPT:
            self._blobs.cache_clear()
        return self._blobs(digest)


MOST_KEPT = 16
"""Blobs kept parsed: those of a cycle or two; memory stays flat however long the runs are."""


@contextmanager
def opened(place: Path) -> Iterator[Run]:
    """A run by the folder of its desk or the file of its log. Raises `Faulty` where there is none."""
    try:
        with LogReader.read(_log_of(place)) as log:
            yield Run(log, shown(place))
    except LogUnreadable as error:
        raise Faulty(Fault(str(place), 1, 1, f"{error}; name the folder of a desk or a run, or a log")) from None


def label_of(record: Json) -> str:
    """What a cycle is called: the date of a session, or the bar of one."""
    return str(record.get("period") or record.get("label") or record["as_of"][:10])


def name_of(template: str, slots: Mapping[str, Json]) -> tuple[str, ...]:
    """The words that name a fact: its template and the values of its key."""
    from knowledge.templates import vocabulary

    known = vocabulary().templates.get(template)
    return (template, *(slots[key] for key in known.key)) if known else (template,)


def said_by(template: str, slots: Mapping[str, Json]) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """A fact by its name; of lists that belong together one entry for each place, named by the first of them."""
    from knowledge.templates import vocabulary

    name = name_of(template, slots)
    known = vocabulary().templates.get(template)
    along = {slot.name: slot.along for slot in known.slots.values() if slot.along} if known else {}
    for values, others in along.items():
        for other, value in zip(slots[others], slots[values], strict=True):
            yield (*name, other), {values: value}
    if not along:
        yield name, {slot: ", ".join(said) if isinstance(said, list) else said for slot, said in slots.items()}


def _log_of(place: Path) -> Address:
    if not place.is_dir():
        return place
    # A file in the folder before whatever the environment says: it is this run that is meant.
    if (place / STORE).is_file():
        return place / STORE
    if not is_desk(place):
        words = f"`{place}` is no desk and has no log; name the folder of a desk or a run, or the file of a log"
        raise Faulty(Fault(str(place), 1, 1, words))
    return read_desk(place).store


def _bare(value: Json) -> Json:
    """A value without what follows from other fields, in depth."""
    if isinstance(value, dict):
        return {name: _bare(part) for name, part in value.items() if name not in FOLLOWS}
    return [_bare(one) for one in value] if isinstance(value, list) else value


@cache
def _limits(source: str) -> Limits:
    return recorded_limits(source)


@cache
def _rulebook(rules: tuple[Json, ...], policies: tuple[Json, ...]) -> Rulebook:
    return Rulebook.from_json({"rules": rules, "policies": policies})
