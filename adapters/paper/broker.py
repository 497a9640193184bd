"""The paper broker: a venue that fills warranted orders by daily bars, and does nothing without a receipt.

No receipt, no trade. A submission is taken only if the receipt proves that a decision record which contains exactly
this warrant is in the log, the warrant is for this account and mode and has not expired, and its client order id is
new. The same submission twice gets the same answer and makes no second order. Refusals are records, not exceptions.
One that is not proven, or comes under an id that another warrant has, is *stray*: it concerns no order and takes no id.

All state is in `PaperState`, a fold over the records returned here: log every one, in order. A crash between two of
them is mended by `restore` and the same call again, which returns what is missing.

How bars fill orders is in `adapters/paper/matching.py`, at which prices in `adapters/paper/venue.py`, which orders are
taken in `adapters/paper/terms.py`. Left out: dividends and borrow, which are records of the books; the ledger follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from typing import Generic, Literal, Protocol, Self, TypeVar

from adapters.paper.matching import Matching
from adapters.paper.state import PaperState, Ticket
from adapters.paper.terms import Reason, Rejected, check
from adapters.paper.venue import Bar, Costs, Listing, Session
from engine.books.ledger import Ledger
from engine.books.money import to_multiple
from engine.books.reconcile import Statement
from engine.books.records import CENT, split_record
from engine.orders.order import TABLE, Event, Order, Role, State
from engine.orders.portfolio import Mode, Working
from engine.orders.warrants import PaperWarrant, Warrant, instant
from knowledge.values import Json, canonical, digest, parse

__all__ = ["Answer", "Bar", "Costs", "Listing", "PaperBroker", "PaperMode", "Proof", "Reason", "Session"]

MONEY = Decimal("0.000000000001")
"""Cash has at most the digits of a price times those of a multiplier."""
PaperMode = Literal[Mode.PAPER, Mode.BACKTEST]


class Proof(Protocol):
    """A receipt of the log, as far as a broker looks into it: the bytes whose inclusion it proves."""

    @property
    def leaf(self) -> bytes:
        """The canonical bytes of the decision record."""


ProofT = TypeVar("ProofT", bound=Proof)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a submission brings: `events` answer it, the same each time; `fresh` were not told before: log them."""

    events: tuple[Json, ...]
    fresh: tuple[Json, ...]

    @property
    def accepted(self) -> bool:
        """Whether the venue took the order."""
        return any(event["event"] == Event.ACCEPT for event in self.events)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a decision record says to a venue: its kind and id, and its warrants as canonical bytes."""

    leaf: bytes
    kind: str
    record_id: str
    warrants: frozenset[bytes]


class Unstated(Exception):
    """The venue can not say what the account holds; one sentence."""


class PaperBroker(Generic[ProofT]):
    """One simulated account. `verify` says whether a receipt proves its leaf against the log's own root.

    `participation` is the share of a bar's volume that fills at most, None for all that is asked; `money` is the
    currency and amount of the deposit, where no `start` record that it observes says it.
    """

    def __init__(
        self,
        account: str,
        mode: PaperMode,
        listings: Mapping[str, Listing],
        verify: Callable[[ProofT], bool],
        costs: Costs | None = None,
        money: tuple[str, Decimal] | None = None,
        participation: Decimal | None = None,
    ) -> None:
        if mode not in PaperWarrant.modes:
            raise ValueError(f"a paper broker can not be opened for `{mode}`")
        self.account = account
        self.mode = mode
        self.state = PaperState(listings)
        self._matching = Matching(self.state, costs or Costs(), participation)
        self._verify = verify
        self._said: _Said | None = None
        self.ledger = Ledger() if money is None else Ledger.opened(*money)
        """The venue's own account of the money."""
        self._lost = ""

    def restore(self, records: Iterable[Json]) -> Self:
        """Fold the log's records into this new broker; those of other kinds pass by. Returns the broker."""
        for record in records:
            self.state.apply(record)
        return self

    def submit(self, warrant: PaperWarrant, receipt: ProofT, now: str) -> Answer:
        """Submit the order of a warrant at the instant `now`. Raises `ValueError` only if `now` is no instant."""
        moment = instant(now)
        try:
            decision_id = self._prove(warrant, receipt)
            known = self._is_known(warrant)
        except Rejected as refusal:
            self._matching.put(_stray(warrant, refusal.reason, refusal.detail, now))
            told = self._matching.collect()
            return Answer(told, told)
        identity = warrant.order.client_order_id
        if not known:
            self._matching.put(self._submission(warrant, decision_id, moment, now))
        self._matching.settle(warrant.order.instrument, now, "", because_of=identity)
        return Answer(tuple(self.state.answers[identity]), self._matching.collect())

    def advance(self, session: Session, bars: Mapping[str, Bar]) -> tuple[Json, ...]:
        """Let one session pass: fills, cancels and expiries. An instrument without a bar fills nothing."""
        self._matching.advance(session, bars)
        return self._matching.collect()

    def split(self, instrument: str, ratio: Fraction, session: Session) -> tuple[Json, ...]:
        """`ratio` new shares for each old one, before the session's open: position, resting orders and stops follow."""
        record = split_record(instrument, ratio, session.date, session.opens_at)
        if record["event_id"] not in self.state.splits:
            self._matching.put(record)
        self._matching.settle(instrument, session.opens_at, session.date)
        return self._matching.collect()

    def cancel(self, client_order_id: str, now: str, why: str) -> tuple[Json, ...]:
        """Ask to cancel one order. It counts as not done, and is confirmed when the next session comes."""
        ticket = self.state.tickets.get(client_order_id)
        if ticket is None or (ticket.state, Event.REQUEST_CANCEL) not in TABLE:
            if ticket is None or ticket.state is not State.CANCEL_PENDING:
                self._matching.put(_no_cancel(client_order_id, ticket, now))
        else:
            self._matching.tell(ticket, Event.REQUEST_CANCEL, now, why=why)
        return self._matching.collect()

    def cancel_entries(self, now: str, why: str) -> tuple[Json, ...]:
        """Ask to cancel every entry and keep exits and protective orders: what *kill* does."""
        entries = [identity for identity, ticket in self.state.live.items() if ticket.order.role is Role.ENTRY]
        return tuple(record for identity in sorted(entries) for record in self.cancel(identity, now, why))

    def cancel_basket(self, name: str, now: str, why: str) -> tuple[Json, ...]:
        """Ask to cancel every entry of one basket."""
        legs = [
            identity
            for identity, ticket in self.state.live.items()
            if ticket.order.basket is not None and ticket.order.basket.name == name
        ]
        return tuple(record for identity in sorted(legs) for record in self.cancel(identity, now, why))

    def working(self) -> tuple[Working, ...]:
        """Orders that may still fill, by client order id; an entry shows its protective stop as `stop_price`."""
        return tuple(self._working(self.state.live[identity]) for identity in sorted(self.state.live))

    def positions(self) -> dict[str, Decimal]:
        """Signed net positions, to reconcile the books with."""
        return dict(self.state.positions)

    def observe(self, record: Json) -> None:
        """Keep the venue's own account of the money by one record of the log; each once, in order."""
        if self._lost:
            return
        try:
            self.ledger.take(record)
        except (ArithmeticError, KeyError, ValueError) as error:
            # An account that can not be kept agrees with nothing, and says why: no entry goes out on it.
            self._lost = f"the venue can not keep its account: {error}"

    def statement(self) -> Statement:
        """What the venue says of the account: positions and orders by its tickets, money by its own ledger.

        Raises `Unstated` where it can not say.
        """
        if self._lost:
            raise Unstated(self._lost)
        live = self.state.live.items()
        return Statement(
            positions=self.positions(),
            cash=to_multiple(self.ledger.cash, MONEY, ROUND_FLOOR),
            settled_cash=to_multiple(self.ledger.settled_cash, CENT, ROUND_FLOOR),
            orders={name: (one.order.instrument, one.order.side.value, one.remaining) for name, one in live},
        )

    def _working(self, ticket: Ticket) -> Working:
        order, remaining = ticket.order, ticket.remaining
        if ticket.guarded_by is not None:
            order = replace(order, stop_price=self.state.tickets[ticket.guarded_by].order.stop_price)
        return Working(order, order.quantity if ticket.state is State.WARRANTED else remaining, ticket.state)

    def _prove(self, warrant: Warrant, receipt: ProofT) -> str:
        """The id of the decision that the receipt proves to contain exactly this warrant. Raises `Rejected`."""
        if type(warrant) is not PaperWarrant:
            raise Rejected(Reason.WRONG_MODE, f"a {type(warrant).__name__} has no business at a paper venue")
        try:
            proven = self._verify(receipt) is True
            said = self._said_by(receipt.leaf) if proven else None
            is_decision = said is not None and said.kind == "decision" and canonical(warrant.to_json()) in said.warrants
            decision_id = said.record_id if said is not None and is_decision else ""
        # The proof comes from outside: whatever is wrong with it, the order does not trade and the log says why.
        except Exception as error:  # noqa: BLE001
            raise Rejected(Reason.NO_RECEIPT, f"the receipt can not be read: {error!r}"[:300]) from None
        if not proven:
            raise Rejected(Reason.NO_RECEIPT, "the receipt does not prove its record against the log")
        if not is_decision:
            raise Rejected(Reason.NO_RECEIPT, "the record that the receipt proves is no decision with this warrant")
        return decision_id

    def _said_by(self, leaf: bytes) -> _Said:
        """What a proven record says; the orders of one decision come with one record, which is read once."""
        said = self._said
        if said is None or said.leaf != leaf:
            record = parse(leaf)
            warrants = frozenset(canonical(one) for one in record["warrants"])
            self._said = said = _Said(leaf, str(record["kind"]), str(record["record_id"]), warrants)
        return said

    def _is_known(self, warrant: Warrant) -> bool:
        identity = warrant.order.client_order_id
        ticket = self.state.tickets.get(identity)
        if ticket is None:
            return False
        if ticket.warrant_id != warrant.warrant_id or ticket.guards is not None:
            raise Rejected(Reason.ID_TAKEN, f"the client order id `{identity}` belongs to `{ticket.warrant_id}`")
        return True

    def _submission(self, warrant: Warrant, decision_id: str, moment: datetime, now: str) -> Json:
        """The first record of a proven order: its submission (with the reason of its rejection) or its expiry."""
        try:
            self._check_world(warrant, moment)
            replaces, refused = check(warrant, self.state), None
        except Rejected as refusal:
            replaces, refused = (), refusal
        order = warrant.order
        # An order whose warrant has expired was never submitted: it goes from warranted to expired.
        expired = refused is not None and refused.reason is Reason.EXPIRED
        stop, target = self._waiting(warrant, warrant.protective_stop), self._waiting(warrant, warrant.take_profit)
        if stop is None or target is None or target.client_order_id == stop.client_order_id:
            target = None
        return {
            "kind": "expiry" if expired else "order",
            "event_id": f"{order.client_order_id}:1",
            "client_order_id": order.client_order_id,
            "decision_id": decision_id,
            "warrant_id": warrant.warrant_id,
            "event": Event.EXPIRE.value if expired else Event.SUBMIT.value,
            "state": State.EXPIRED.value if expired else State.SUBMITTED.value,
            "as_of": now,
            "order": order.to_json(),
            "protective_stop": None if stop is None else stop.to_json(),
            "take_profit": None if target is None else target.to_json(),
            "expires_at": None if order.role is Role.STOP else warrant.expires_at,
            "replaces": list(replaces),
            "refused": None if refused is None else [refused.reason.value, refused.detail],
            "session": "",
        }

    def _waiting(self, warrant: Warrant, one: Order | None) -> Order | None:
        """An order that waits with its entry, if it may have the id and the instrument that it says."""
        taken = {warrant.order.client_order_id, *self.state.tickets}
        fits = one is not None and one.instrument == warrant.order.instrument and one.client_order_id not in taken
        return one if fits else None

    def _check_world(self, warrant: Warrant, moment: datetime) -> None:
        if warrant.mode is not self.mode:
            raise Rejected(Reason.WRONG_MODE, f"issued for `{warrant.mode}`, and this venue is `{self.mode}`")
        if warrant.account != self.account:
            raise Rejected(Reason.WRONG_ACCOUNT, f"issued for `{warrant.account}`, and this is `{self.account}`")
        if moment < instant(warrant.issued_as_of):
            raise Rejected(Reason.NOT_YET, f"issued as of {warrant.issued_as_of}, which is still to come")
        if moment > instant(warrant.expires_at):
            raise Rejected(Reason.EXPIRED, f"the warrant expired at {warrant.expires_at}")


def _stray(warrant: object, reason: Reason, detail: str, now: str) -> Json:
    """A rejection that concerns no order at this venue: the id it came under is not taken by it."""
    names = (warrant.order.client_order_id, warrant.warrant_id) if isinstance(warrant, Warrant) else ("unknown", None)
    body = {
        "kind": "rejection",
        "client_order_id": names[0],
        "decision_id": None,
        "warrant_id": names[1],
        "event": Event.REJECT.value,
        "state": State.REJECTED.value,
        "reason": reason.value,
        "detail": detail,
        "stray": True,
        "as_of": now,
    }
    return {**body, "event_id": _event_id(body)}


def _no_cancel(client_order_id: str, ticket: Ticket | None, now: str) -> Json:
    stands = "is not known here" if ticket is None else f"is {ticket.state}"
    body = {
        "kind": "cancel",
        "client_order_id": client_order_id,
        "decision_id": None if ticket is None else ticket.decision_id,
        "warrant_id": None if ticket is None else ticket.warrant_id,
        "event": Event.REFUSE_CANCEL.value,
        "state": State.REJECTED.value if ticket is None else ticket.state.value,
        "detail": f"`{client_order_id}` {stands}; there is nothing to cancel",
        "stray": True,
        "as_of": now,
    }
    return {**body, "event_id": _event_id(body)}


def _event_id(body: Json) -> str:
    return "stray-" + digest(canonical(body)).removeprefix("sha256:")[:24]
