"""One simulator for the paper broker's tests: a log in memory, warrants, receipts, sessions and bars."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from adapters.audit.envelope import FORMAT, seal
from adapters.audit.merkle import CompactRange, leaf_hash
from adapters.audit.reader import Receipt, verify_receipt
from adapters.paper.broker import Bar, Costs, Listing, PaperBroker, Session
from engine.orders.order import Kind, Order, Role, Side, TimeInForce
from engine.orders.portfolio import Mode
from engine.orders.warrants import Inputs, LiveWarrant, PaperWarrant, issue
from knowledge.values import Json, canonical, parse

CENT = Decimal("0.01")
NAMES = ("AAPL", "IBM")
LISTINGS = {name: Listing(CENT, "USD", Decimal(1)) for name in NAMES}
FREE = Costs(Decimal(0), Decimal(0), Decimal(0))
ACCOUNT = "desk"


def day(number: int) -> str:
    """Session `number` of an endless January."""
    return f"2011-{1 + number // 28:02d}-{1 + number % 28:02d}"


def session(number: int) -> Session:
    date = day(number)
    return Session(date, f"{date}T14:30:00Z", f"{date}T21:00:00Z")


def closes(number: int) -> str:
    return session(number).closes_at


def bar(open_: object, high: object, low: object, close: object | None = None) -> Bar:
    return Bar(Decimal(open_), Decimal(high), Decimal(low), Decimal(open_ if close is None else close), 1_000_000)


def order(
    identity: str, side: Side, role: Role, kind: Kind, quantity: object = 100, limit=None, stop=None, name="AAPL"
) -> Order:
    return Order(
        identity,
        name,
        side,
        role,
        kind,
        Decimal(quantity),
        None if limit is None else Decimal(limit),
        None if stop is None else Decimal(stop),
        role is not Role.ENTRY,
        "trend",
        "swing",
        "USD",
        Decimal(1),
        TimeInForce.GTC,
    )


def entry(identity: str, side: Side, limit, stop, quantity=100, name="AAPL") -> tuple[Order, Order]:
    """A limit entry and its protective stop."""
    opposite = Side.SELL if side is Side.BUY else Side.BUY
    return (
        order(identity, side, Role.ENTRY, Kind.LIMIT, quantity, limit=limit, name=name),
        order(f"{identity}-stop", opposite, Role.STOP, Kind.STOP, quantity, stop=stop, name=name),
    )


def warrant(
    terms: Order,
    stop: Order | None = None,
    at: int = 0,
    *,
    mode: Mode = Mode.BACKTEST,
    account: str = ACCOUNT,
    sessions: int = 1,
    target: Order | None = None,
) -> PaperWarrant | LiveWarrant:
    """A warrant issued at the close of session `at`, good for the next `sessions`."""
    return issue(
        terms,
        stop,
        account=account,
        mode=mode,
        inputs=Inputs("sha256:a", "sha256:b", "sha256:c", "sha256:d"),
        issued_as_of=closes(at),
        expires_at=closes(at + sessions),
        take_profit=target,
    )


def aimed(identity: str, side: Side, limit, stop, target, quantity=100, name="AAPL") -> tuple[Order, Order, Order]:
    """A limit entry with its protective stop and its target."""
    first, second = entry(identity, side, limit, stop, quantity, name)
    return first, second, order(f"{identity}-target", second.side, Role.TARGET, Kind.LIMIT, quantity, target, name=name)


@dataclass
class Log:
    """The tree over decision records, and the roots it had: what a broker trusts."""

    tree: CompactRange

    def __init__(self) -> None:
        self.tree = CompactRange()
        self.roots: dict[int, bytes] = {}

    def decide(self, *warrants: PaperWarrant | LiveWarrant, kind: str = "decision") -> Receipt:
        before = self.tree
        record = {
            "format": FORMAT,
            "kind": kind,
            "seq": before.size,
            "as_of": warrants[0].issued_as_of if warrants else closes(0),
            "warrants": [one.to_json() for one in warrants],
        }
        record_id, leaf = seal(record)
        self.tree = before.append(leaf_hash(leaf))
        self.roots[self.tree.size] = self.tree.root
        return Receipt(record_id, leaf, before.size, self.tree.size, before.path_of_next, self.tree.root)

    def verify(self, receipt: Receipt) -> bool:
        return receipt.tree_size in self.roots and verify_receipt(receipt, self.roots[receipt.tree_size])


class Desk:
    """A broker with its log; every record it returns is kept as the log would give it back."""

    def __init__(
        self, costs: Costs | None = None, mode: Mode = Mode.BACKTEST, participation: Decimal | None = None
    ) -> None:
        self.participation = participation
        self.log = Log()
        self.costs = costs
        self.mode = mode
        self.records: list[Json] = []
        self.broker = self.fresh_broker()

    def fresh_broker(self) -> PaperBroker[Receipt]:
        return PaperBroker(ACCOUNT, self.mode, LISTINGS, self.log.verify, self.costs, participation=self.participation)

    def restored(self, records: list[Json]) -> PaperBroker[Receipt]:
        return self.fresh_broker().restore(as_logged(records))

    def submit(
        self, terms: Order, stop: Order | None = None, target: Order | None = None, at: int = 0, sessions: int = 1
    ) -> tuple[Json, ...]:
        one = warrant(terms, stop, at, mode=self.mode, sessions=sessions, target=target)
        answer = self.broker.submit(one, self.log.decide(one), closes(at))
        self.records += answer.fresh
        return answer.events

    def advance(self, number: int, **bars: Bar) -> tuple[Json, ...]:
        told = self.broker.advance(session(number), bars)
        self.records += told
        return told


def as_logged(records: list[Json]) -> list[Json]:
    """The records as they come back from the log: through canonical bytes, inside an envelope."""
    around = {"format": FORMAT, "record_id": "0" * 16, "recorded_at": closes(0), "desk": "demo", "mode": "backtest"}
    return [parse(canonical({**around, "seq": seq, **record})) for seq, record in enumerate(records)]


def fills(records: tuple[Json, ...] | list[Json]) -> list[tuple[str, str, str]]:
    """(client order id, quantity, price) of each fill."""
    return [(one["client_order_id"], one["quantity"], one["price"]) for one in records if one["kind"] == "fill"]


def told(records: tuple[Json, ...] | list[Json]) -> list[tuple[str, str]]:
    """(client order id, event) of each record."""
    return [(one["client_order_id"], one["event"]) for one in records]


def resized(terms: Order, quantity: object) -> Order:
    return replace(terms, quantity=Decimal(quantity))
