"""The closing audit of a soak: from the log's records alone, with arithmetic of its own.

Nothing of the engine, the books or the broker is used: cash and positions are added up from fills, dividends and fees,
and every warrant must have met exactly one fate.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from knowledge.values import Json

ENDS = ("filled", "cancelled", "rejected", "expired")


@dataclass
class Account:
    """What the records add up to."""

    cash: Decimal
    positions: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    closes: dict[str, Decimal] = field(default_factory=dict)

    @property
    def nav(self) -> Decimal:
        return self.cash + sum((held * self.closes[name] for name, held in self.positions.items() if held), Decimal(0))


def added_up(capital: Decimal, records: Iterable[Json]) -> Account:
    """Cash and positions by fills, dividends, splits and fees; all instruments have a multiplier of 1."""
    account = Account(capital)
    for one in records:
        if one["kind"] == "fill":
            side = 1 if one["side"] == "buy" else -1
            quantity, price = Decimal(one["quantity"]), Decimal(one["price"])
            assert one["multiplier"] == "1"
            account.cash -= side * quantity * price + Decimal(one["commission"])
            account.positions[one["instrument"]] += side * quantity
            account.closes.setdefault(one["instrument"], price)
        elif one["kind"] == "books" and one["entry"] == "dividend":
            account.cash += account.positions[one["instrument"]] * Decimal(one["per_share"])
        elif one["kind"] == "books" and one["entry"] == "borrow":
            account.cash -= Decimal(one["fee"])
        elif one["kind"] == "books" and one["entry"] == "session":
            account.closes.update({name: Decimal(close) for name, close in one["closes"].items()})
    return account


def lost_or_doubled(records: list[Json]) -> Iterator[str]:
    """Every way in which a warrant, an order or a fill of the log does not add up."""
    warranted: dict[str, Json] = {}
    lapsed: set[str] = set()
    events: dict[str, list[Json]] = defaultdict(list)
    for one in records:
        if one["kind"] == "decision":
            for warrant in one["warrants"]:
                identity = warrant["order"]["client_order_id"]
                if identity in warranted:
                    yield f"`{identity}` was warranted twice"
                warranted[identity] = warrant
                if warrant.get("protective_stop"):
                    warranted[warrant["protective_stop"]["client_order_id"]] = warrant
                if warrant.get("take_profit"):
                    warranted[warrant["take_profit"]["client_order_id"]] = warrant
        elif one["kind"] == "recovery":
            lapsed.update(one.get("lapsed", ()))
        elif "client_order_id" in one and one.get("stray") is not True:
            events[one["client_order_id"]].append(one)
    for identity in sorted(events.keys() - warranted.keys()):
        yield f"`{identity}` was at the venue without a warrant"
    for identity, warrant in warranted.items():
        entry = warrant["order"]["client_order_id"]
        if identity == entry and not events[identity] and identity not in lapsed:
            yield f"`{identity}` was warranted and is lost"
        if identity in lapsed and events[identity]:
            yield f"`{identity}` lapsed and was submitted"
        yield from _life(identity, events[identity])


def _life(identity: str, events: list[Json]) -> Iterator[str]:
    numbers = [int(one["event_id"].rpartition(":")[2]) for one in events]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"`{identity}` has events {numbers}"
    if sum(one["event"] == "submit" for one in events) > 1:
        yield f"`{identity}` was submitted twice"
    if sum(one["state"] in ENDS for one in events) > 1:
        yield f"`{identity}` ended twice"
    filled = [one["fill_id"] for one in events if one["kind"] == "fill"]
    if len(set(filled)) != len(filled):
        yield f"`{identity}` has a fill twice"


def cycles_settled(labels: Iterable[str], records: Iterable[Json]) -> Iterator[str]:
    """Cycles of the timetable that were settled never, or more than once."""
    due = list(labels)
    place = {label: at for at, label in enumerate(due)}
    count: Counter[int] = Counter()
    for one in records:
        if one["kind"] in ("decision", "fault"):
            count[place[one["cycle_id"].partition(":")[2]]] += 1
        elif one["kind"] == "missed":
            last = place[one["label"]]
            count.update(range(last - one["cycles"] + 1, last + 1))
    for at in range(max(count, default=-1) + 1):
        if count[at] != 1:
            yield f"the cycle {due[at]} was settled {count[at]} times"
