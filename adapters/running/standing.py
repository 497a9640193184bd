"""What the log says a desk is: a fold over its records, never stored.

Books, the broker's orders, halts, models and counters come back after a restart exactly as they were, because nothing
of them is kept anywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from adapters.audit.kinds import period_of
from adapters.audit.log import Receipt
from adapters.paper.broker import PaperBroker, Unstated
from adapters.verifying.law import REFUSED, LawInForce
from engine.books.books import Books, apply
from engine.books.ledger import differences
from engine.books.reconcile import Difference, reconcile
from engine.gate.trading import FOUND, THROTTLE, ThrottleEvent, ThrottleState, TradingEvent, TradingState, follow
from engine.orders.order import Event, Role
from engine.orders.warrants import instant
from engine.orders.working import OpenOrders
from knowledge.values import Json, text

SECOND = timedelta(seconds=1)


@dataclass
class Standing:
    """What the log says the desk is; a fold, never stored."""

    books: Books
    broker: PaperBroker[Receipt]
    halted: bool = False
    killed: bool = False
    """Whether a person stopped the desk; like a halt, it stays until a named person resumes it."""
    throttled: dict[str, int] = field(default_factory=dict)
    """Instruments that executed too many entries in one session, or had too many refused in a row, with their number,
    until a named person resumes."""
    last_session: str = ""
    """The label of the last bar at whose end it was decided, failed or missed; of a daily bar, the session's date."""
    settled: str = ""
    """The close of that: no cycle at or before it will be run any more."""
    passed_session: str = ""
    """The label of the last bar that has been booked."""
    models: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    """Entries that the venue refused one after another, by instrument, until it takes one or a person resumes."""
    executed: dict[str, int] = field(default_factory=dict)
    """Entries executed in the last session that passed, by instrument."""
    executing: dict[str, int] = field(default_factory=dict)
    """The same of the session being booked."""
    halting: bool = False
    """Whether the last decision was halted and no record has said since what became of that."""
    trading: TradingState = TradingState.ACTIVE
    """Where the table of trading states has led (`engine.gate.trading`)."""
    messages: dict[str, list[str]] = field(default_factory=dict)
    """Orders sent, changed or cancelled by us, by the instant at which that was recorded; the last second of them."""
    orders: OpenOrders = field(default_factory=OpenOrders)
    """The orders we believe to be open; the broker has its own list."""
    reconciled: tuple[Difference, ...] | None = None
    """What the last comparison with the broker found; None before the first."""
    lapsed: set[str] = field(default_factory=set)
    """Orders that were warranted and, a record says, will not be submitted."""
    law: LawInForce = field(default_factory=LawInForce)
    """Which limits are in force, and which approvals wait to be used."""

    def take(self, record: Json) -> None:
        """Fold one record of the log."""
        kind = record["kind"]
        self._answered(record)
        self._sent(record)
        self.law.take(record)
        self.books = apply(self.books, record)
        self.orders.take(record)
        self.broker.observe(record)
        if kind in ("decision", "fault"):
            self.last_session, self.settled = period_of(record), record["as_of"]
            if kind == "decision":
                self.trading = follow(self.trading, FOUND[TradingState(record["trading_state"])])
            # A killed desk is halted by the kill; what else halts it then stands against its resume.
            halted = kind == "decision" and record["trading_state"] == "halted"
            self.halting = halted and not self.killed
        elif kind == "missed":
            self.last_session, self.settled = record["label"], record["close"]
        elif kind == "books" and record["entry"] in ("session", "closes"):
            self.passed_session = record.get("period", record["session"])
            if record["entry"] == "session":
                self.executed, self.executing = self.executing, {}
        elif kind == "reconciliation":
            self.reconciled = tuple(Difference(**one) for one in record["differences"])
        elif kind == "state":
            self._state(record)
        elif kind == "recovery":
            self.lapsed.update(record.get("lapsed", ()))
        elif kind == "model" and record.get("outcome") != REFUSED:
            self.models[record["head"]] = record["model"]
        elif kind == "fill" and record["role"] == "entry":
            self.executing[record["instrument"]] = self.executing.get(record["instrument"], 0) + 1

    def differences(self) -> tuple[Difference, ...]:
        """Where books and orders do not agree with the broker's statement, nor the books with its ledger."""
        try:
            statement = self.broker.statement()
        except Unstated as why:
            return (Difference("statement", "", "the account is open", str(why)),)
        apart = differences(self.broker.ledger, self.books)
        return (
            *reconcile(self.books, self.orders.orders, statement),
            *(Difference("ledger", what, text(fold), text(ledger)) for what, ledger, fold in apart),
        )

    @property
    def executions(self) -> dict[str, int]:
        """Entries executed in the session that is under way or else has just ended, or refused in a row, by instrument.

        An entry that the venue refuses is an execution that repeats itself all the same (RTS 6 art. 15(3)).
        """
        found = self.executed if self.books.ended else self.executing
        return {name: max(found.get(name, 0), self.rejected.get(name, 0)) for name in {**found, **self.rejected}}

    def _answered(self, record: Json) -> None:
        """Count the entries that the venue refuses; one that it takes ends the count."""
        order = self.orders.orders.get(record.get("client_order_id", ""))
        if order is None or order.role != Role.ENTRY:
            return
        if record["kind"] == "rejection" and not record.get("stray"):
            self.rejected[order.instrument] = self.rejected.get(order.instrument, 0) + 1
        elif record.get("event") == Event.ACCEPT:
            self.rejected.pop(order.instrument, None)

    @property
    def stopped(self) -> bool:
        """Whether no entry may go out before a named person resumes the desk."""
        return self.trading is TradingState.HALTED

    @property
    def stops(self) -> tuple[str, ...]:
        """What a resume would end, in words."""
        throttles = (f"throttle of {name}" for name in sorted(self.throttled))
        named = (("kill", self.killed), ("halt", self.halted or self.halting))
        return (*(name for name, stands in named if stands), *throttles)

    def messages_until(self, now: str) -> int:
        """How many messages the desk has sent in the second that ends at this instant."""
        end = instant(now)
        return sum(len(sent) for at, sent in self.messages.items() if end - instant(at) <= SECOND)

    def _sent(self, record: Json) -> None:
        """Keep what the desk sends: orders (a stop that moves is one) and requests to cancel, not the venue's own."""
        event, at, order = record.get("event"), record["recorded_at"], record.get("client_order_id", "")
        if event == Event.CONFIRM_CANCEL and order in self.messages.get(at, ()):
            # Asked for and confirmed at one instant: the venue ended it by itself.
            self.messages[at].remove(order)
        elif event in (Event.SUBMIT, Event.REQUEST_CANCEL):
            newest = instant(at)
            kept = {one: sent for one, sent in self.messages.items() if newest - instant(one) <= SECOND}
            self.messages = {**kept, at: [*kept.get(at, ()), order]}

    def _state(self, record: Json) -> None:
        match record["state"]:
            case "halted":
                self.trading = follow(self.trading, TradingEvent.HALT)
                self.halted, self.halting = True, False
            case "killed":
                self.trading = follow(self.trading, TradingEvent.KILL)
                self.killed = True
            case "throttled":
                self._throttle(record["instrument"], ThrottleEvent.REPEAT, record["executions"])
            case "active":
                self.trading = follow(self.trading, TradingEvent.RESUME)
                self.halted = self.halting = self.killed = False
                for name in tuple(self.throttled):
                    self._throttle(name, ThrottleEvent.RESUME)
                self.rejected.clear()

    def _throttle(self, name: str, event: ThrottleEvent, executions: int = 0) -> None:
        before = ThrottleState.THROTTLED if name in self.throttled else ThrottleState.FREE
        if THROTTLE[before, event] is ThrottleState.FREE:
            self.throttled.pop(name, None)
        else:
            self.throttled[name] = executions
