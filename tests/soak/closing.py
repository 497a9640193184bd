"""The closing audit of a soak: from the log's records alone, with arithmetic of its own.

Nothing of the engine, the books or the broker is used: cash and positions are added up from fills, splits, dividends
and fees, every warrant must have met exactly one fate, and no order filled more than its quantity. Settlement moves no
cash of the account; what settles is the arithmetic of the ledger, whose sums `journal_agrees` compares with these.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from adapters import cli
from knowledge.values import Json

ENDS = ("filled", "cancelled", "rejected", "expired")


@dataclass
class Account:
    """What the records add up to."""

    cash: Decimal
    positions: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    closes: dict[str, Decimal] = field(default_factory=dict)
    """Last prices of what is or was held."""

    @property
    def nav(self) -> Decimal:
        return self.cash + sum((held * self.closes[name] for name, held in self.positions.items() if held), Decimal(0))

    def split(self, name: str, ratio: Fraction) -> None:
        """New shares for old ones; what is left over of a share is paid at the last price, down to the cent."""
        held, price = self.positions[name], self.closes.get(name)
        if not held or price is None:
            return
        exactly, after_price = Fraction(held) * ratio, Fraction(price) / ratio
        whole = Decimal(int(exactly))
        paid = (exactly - Fraction(whole)) * after_price * 100
        self.cash += Decimal(paid.numerator // paid.denominator) / 100
        self.positions[name] = whole
        self.closes[name] = Decimal(after_price.numerator) / Decimal(after_price.denominator)


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
            if account.positions[one["instrument"]] == side * quantity:
                # Newly held: worth what was paid, until a close comes.
                account.closes[one["instrument"]] = price
        elif one["kind"] == "books" and one["entry"] == "dividend":
            account.cash += account.positions[one["instrument"]] * Decimal(one["per_share"])
        elif one["kind"] == "books" and one["entry"] == "split":
            account.split(one["instrument"], Fraction(one["ratio"]))
        elif one["kind"] == "books" and one["entry"] == "borrow":
            account.cash -= Decimal(one["fee"])
        elif one["kind"] == "books" and one["entry"] in ("session", "closes"):
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
    wanted = [one["order"]["quantity"] for one in events if one["event"] == "submit" and "order" in one]
    shares = sum((Decimal(one["quantity"]) for one in events if one["kind"] == "fill"), Decimal(0))
    if wanted and shares > Decimal(wanted[0]):
        yield f"`{identity}` filled {shares} of {wanted[0]}"
    filled = [one["fill_id"] for one in events if one["kind"] == "fill"]
    if len(set(filled)) != len(filled):
        yield f"`{identity}` has a fill twice"


def journal_agrees(desk: Path, account: Account) -> Iterator[str]:
    """Whether `warrant books` has no difference of its own, and its journal sums to our cash and NAV, line by line."""
    if _said("books", "--desk", str(desk))[0] != 0:
        yield "`warrant books` finds its two derivations apart"
    _, written = _said("books", "--journal", "csv", "--desk", str(desk))
    balances: dict[str, Fraction] = defaultdict(Fraction)
    entries: dict[str, Fraction] = defaultdict(Fraction)
    for row in csv.DictReader(io.StringIO(written)):
        amount = Fraction(row["debit"] or 0) - Fraction(row["credit"] or 0)
        balances[row["account"]] += amount
        entries[row["entry"]] += amount
    yield from (f"entry {number} of the journal does not balance" for number, sum_ in entries.items() if sum_)
    cash = sum(balances[name] for name in ("cash settled", "receivable", "payable", "short proceeds"))
    if cash != Fraction(account.cash):
        yield f"the journal has cash of {cash}, the records add up to {account.cash}"
    nav = cash + balances["position at cost"] + balances["valuation"]
    if nav != Fraction(account.nav):
        yield f"the journal has a NAV of {nav}, the records add up to {account.nav}"


def _said(*words: str) -> tuple[int, str]:
    written = io.StringIO()
    with redirect_stdout(written):
        status = cli.run(list(words))
    return int(status), written.getvalue()


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
