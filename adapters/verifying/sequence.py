"""Whether the records tell one possible story, in order.

- ids are unique, time does not go back, and each record has the shape of its kind (`adapters.audit.envelope`);
- an order has its decision and its warrant, of the same desk and mode, and was submitted before the warrant expired;
- what happens to an order follows the table of `engine.orders.order`, and the state it reports is the table's;
- a fill belongs to a submitted order, has its own id, and together fills do not exceed the order: *fill-all* fills what
  was left (a reduce-only order may be truncated), *fill-part* less; a split turns what is left into new shares;
- before the next decision, or a stop of the desk, every warrant of a decision is answered: its order is submitted or
  expires, or a record of kind fault, recovery, state or stop with a `reason` names it (`client_order_id`, or
  `decision_id` for all). A protective stop may wait as long as an entry of its decision in its instrument is alive.

What fills may do to positions, and the account, is `adapters.verifying.trading`'s part of this check; limits in force
and their approvals are `adapters.verifying.law`'s, keys that sign checkpoints `adapters.signing.log_keys`'s, findings
of surveillance `adapters.verifying.findings`'. The last decision's
warrants may still be open: a crash there is found and resolved at the next start. Missing records
are `adapters.verifying.verify`'s subject; amounts and prices are the arithmetic's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import ceil, floor

from pydantic import ValidationError

from adapters.audit.envelope import (
    RECORD,
    DecisionRecord,
    Envelope,
    FillRecord,
    OrderEndRecord,
    OrderRecord,
    WarrantedOrder,
    WarrantPart,
    instant,
)
from adapters.audit.kinds import Kind
from adapters.signing.log_keys import LogKeys
from adapters.verifying.findings import FindingsCheck
from adapters.verifying.law import LawCheck
from adapters.verifying.trading import TradingCheck
from adapters.verifying.verification import Check, Finding
from engine.orders.order import FINAL, Event, ImpossibleEvent, Role, State, follow
from knowledge.values import Json, fraction, text

EVENTS: dict[Kind, frozenset[Event]] = {
    Kind.ORDER: frozenset({Event.SUBMIT, Event.ACCEPT}),
    Kind.FILL: frozenset({Event.FILL_PART, Event.FILL_ALL}),
    Kind.REJECTION: frozenset({Event.REJECT}),
    Kind.CANCEL: frozenset({Event.REQUEST_CANCEL, Event.CONFIRM_CANCEL, Event.REFUSE_CANCEL}),
    Kind.EXPIRY: frozenset({Event.EXPIRE}),
}
"""Which kind of record tells which events."""

REASONED = frozenset({Kind.FAULT, Kind.RECOVERY, Kind.STATE, Kind.STOP})
"""Kinds that can say why a warrant was not used."""

Complaint = tuple[str, str]
"""Field and sentence, about the record at hand."""


@dataclass(slots=True)
class _Life:
    """One order's life so far. `siblings` are all lives that the same decision began, this one among them."""

    decision_id: str
    decision_seq: int
    desk: str
    mode: str
    warrant_id: str
    terms: WarrantedOrder
    expires_at: datetime
    siblings: list[_Life]
    quantity: Fraction
    """The warranted quantity; after a split, what has filled and, in new shares, what was left."""
    state: State = State.WARRANTED
    filled: Fraction = Fraction(0)
    answered: bool = False

    def split(self, ratio: Fraction) -> None:
        """Whole new shares for what is left: of an entry never more, of what a position truncates never less."""
        left = (self.quantity - self.filled) * ratio
        self.quantity = self.filled + (ceil(left) if self.terms.reduce_only else floor(left))

    @property
    def alive(self) -> bool:
        """Submitted, and something can still happen to it."""
        return self.state is not State.WARRANTED and self.state not in FINAL

    @property
    def may_wait(self) -> bool:
        """A protective stop or a target, while an entry that it goes with is alive."""
        return self.terms.role in (Role.STOP, Role.TARGET) and any(
            life.alive and life.terms.role is Role.ENTRY and life.terms.instrument == self.terms.instrument
            for life in self.siblings
        )


class SequenceCheck:
    """Reads the records in order; holds what the rest must agree with."""

    def __init__(self, blob: Callable[[str], bytes] | None = None) -> None:
        """`blob` gives what is stored by digest, and raises `KeyError`; without it nothing is asked of snapshots."""
        self._ids: set[str] = set()
        self._fills: set[str] = set()
        self._splits: set[str] = set()
        self._lives: dict[str, _Life] = {}
        self._open: dict[str, _Life] = {}
        self._last: datetime | None = None
        self._trading = TradingCheck()
        self._law = LawCheck(blob)
        self._keys = LogKeys()
        self._surveillance = FindingsCheck()

    def feed(self, seq: int, record_id: str | None, record: Json) -> Iterator[Finding]:
        """What is wrong with this record, or with an earlier one that it shows to be unanswered."""
        try:
            entry = RECORD.validate_python(record)
        except ValidationError as fault:
            for each in fault.errors():
                place = ".".join(str(part) for part in each["loc"][1:]) or "record"
                yield Finding(Check.SEQUENCE, seq, record_id, place, each["msg"][:1].lower() + each["msg"][1:])
            return
        if entry.kind in REASONED:
            self._answer(record)
        if entry.kind in (Kind.DECISION, Kind.STOP):
            yield from self._unanswered()
        others = (
            each for check in (self._trading, self._law, self._keys, self._surveillance) for each in check.feed(record)
        )
        for field, sentence in (*self._complaints(entry), *others):
            yield Finding(Check.SEQUENCE, seq, record_id, field, sentence)

    def _complaints(self, entry: Envelope) -> Iterator[Complaint]:
        if entry.record_id in self._ids:
            yield "record_id", "an earlier record has the same id"
        self._ids.add(entry.record_id)
        now = instant(entry.as_of)
        if self._last is not None and now < self._last:
            yield "as_of", f"`{entry.as_of}` is before the record that precedes it"
        self._last = now if self._last is None else max(now, self._last)
        if isinstance(entry, DecisionRecord):
            yield from self._warrants(entry)
        elif isinstance(entry, OrderRecord | FillRecord | OrderEndRecord):
            yield from self._event(entry)
        elif entry.kind is Kind.BOOKS:
            yield from self._split(entry.model_extra or {})

    def _warrants(self, decision: DecisionRecord) -> Iterator[Complaint]:
        siblings: list[_Life] = []
        for warrant in decision.warrants:
            for terms in filter(None, (warrant.order, warrant.protective_stop, warrant.take_profit)):
                yield from self._begin(decision, warrant, terms, siblings)

    def _begin(
        self, decision: DecisionRecord, warrant: WarrantPart, terms: WarrantedOrder, siblings: list[_Life]
    ) -> Iterator[Complaint]:
        if terms.client_order_id in self._lives:
            yield "warrants", f"the order `{terms.client_order_id}` already has a warrant"
            return
        life = _Life(
            decision_id=decision.record_id,
            decision_seq=decision.seq,
            desk=decision.desk,
            mode=decision.mode,
            warrant_id=warrant.warrant_id,
            terms=terms,
            expires_at=instant(warrant.expires_at),
            siblings=siblings,
            quantity=Fraction(terms.quantity),
        )
        if life.quantity <= 0:
            yield "warrants", f"the order `{terms.client_order_id}` has the quantity {terms.quantity}"
        siblings.append(life)
        self._lives[terms.client_order_id] = self._open[terms.client_order_id] = life

    def _event(self, entry: OrderRecord | FillRecord | OrderEndRecord) -> Iterator[Complaint]:
        if isinstance(entry, OrderEndRecord) and (entry.model_extra or {}).get("stray") is True:
            # The venue turned away what concerns none of its orders: an unproven submission, a cancel of nothing.
            return
        life = self._lives.get(entry.client_order_id)
        if life is None:
            yield "client_order_id", f"no decision before it warranted the order `{entry.client_order_id}`"
            return
        for name in ("desk", "mode"):
            if getattr(entry, name) != getattr(life, name):
                yield name, f"its order was warranted for the {name} `{getattr(life, name)}`"
        if entry.event not in EVENTS[entry.kind]:
            yield "event", f"a record of kind `{entry.kind}` does not tell `{entry.event}`"
        yield from self._follow(entry, life)
        if isinstance(entry, OrderRecord):
            yield from self._linked(entry, life)
        if isinstance(entry, FillRecord):
            yield from self._filled(entry, life)

    def _follow(self, entry: OrderRecord | FillRecord | OrderEndRecord, life: _Life) -> Iterator[Complaint]:
        try:
            expected = follow(life.state, entry.event)
        except ImpossibleEvent as impossible:
            yield "event", str(impossible)
        else:
            if entry.state is not expected:
                yield "state", f"after {entry.event} an order that is {life.state} is {expected}, not {entry.state}"
        # Going on from what the record says keeps one fault from being reported for the rest of the order's life.
        life.state, life.answered = entry.state, True

    def _linked(self, order: OrderRecord, life: _Life) -> Iterator[Complaint]:
        if order.decision_id != life.decision_id:
            yield "decision_id", f"the decision {life.decision_id} warranted this order"
        if order.warrant_id != life.warrant_id:
            yield "warrant_id", f"the order has the warrant `{life.warrant_id}`"
        if order.event is Event.SUBMIT and instant(order.as_of) > life.expires_at:
            yield "as_of", "the order was submitted after its warrant had expired"

    def _filled(self, fill: FillRecord, life: _Life) -> Iterator[Complaint]:
        if fill.fill_id in self._fills:
            yield "fill_id", f"an earlier fill has the id `{fill.fill_id}`"
        self._fills.add(fill.fill_id)
        quantity = Fraction(fill.quantity)
        if quantity <= 0:
            yield "quantity", f"a fill of {fill.quantity}"
        life.filled += quantity
        filled, whole = text(life.filled), text(life.quantity)
        if life.filled > life.quantity:
            yield "quantity", f"with this fill {filled} of {whole} are filled"
        elif fill.event is Event.FILL_ALL and life.filled != life.quantity and not life.terms.reduce_only:
            yield "event", f"fill-all leaves {filled} of {whole} filled"
        elif fill.event is Event.FILL_PART and life.filled == life.quantity:
            yield "event", f"fill-part fills all {whole}"

    def _split(self, books: Mapping[str, Json]) -> Iterator[Complaint]:
        """A split changes what is left of every order of its instrument that something can still happen to, once."""
        if books.get("entry") != "split":
            return
        try:
            name, ratio = str(books["event_id"]), fraction(books["ratio"])
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            yield "ratio", "a split has an `event_id`, an `instrument` and a `ratio`"
            return
        if ratio <= 0 or name in self._splits:
            yield "event_id", f"`{name}` is no split, or one that was recorded before"
            return
        self._splits.add(name)
        for life in self._lives.values():
            if life.terms.instrument == books.get("instrument") and life.state not in FINAL:
                life.split(ratio)

    def _answer(self, record: Json) -> None:
        if not isinstance(record.get("reason"), str) or not record["reason"]:
            return
        for name, life in self._open.items():
            named = record.get("client_order_id") == name or record.get("decision_id") == life.decision_id
            life.answered = life.answered or named

    def _unanswered(self) -> Iterator[Finding]:
        waiting = {}
        for name, life in self._open.items():
            if life.answered:
                continue
            if life.may_wait:
                waiting[name] = life
                continue
            sentence = f"its order `{name}` was neither submitted nor expired, and no record gives a reason"
            yield Finding(Check.SEQUENCE, life.decision_seq, life.decision_id, "warrants", sentence)
        self._open = waiting
