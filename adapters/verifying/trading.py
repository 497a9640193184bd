"""Whether fills did only what their orders may do, and whether the account comes to what the records say.

- what is reduce-only brings a position closer to zero and never across; an entry never does;
- the stop and the target of a pair together fill no more than their entry did;
- an entry or an exit fills while its warrant lives; a day or immediate order in one session only;
- fills of one instrument in one bar take no more than `participation` (of the last `start`) of the volume that
  their bar had;
- borrow fees, settlements and results are those that books and ledger compute, each on its own, from the fills.

A check applies where the records hold what it needs; their shapes are `adapters.verifying.sequence`'s subject. Left
out: the volume itself, and the prices, which are the market's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from engine.books.books import Books, apply
from engine.books.ledger import Ledger, differences
from engine.orders.order import CUSTOM, Role, Side, TimeInForce
from engine.orders.portfolio import Mode
from knowledge.values import Json, fraction, text

Complaint = tuple[str, str]
WRONG = (ArithmeticError, AttributeError, KeyError, TypeError, ValueError)
"""What a record that can not be followed raises."""
_ORDERS = ("order", "protective_stop", "take_profit")


@dataclass(slots=True)
class _Terms:
    """What a warrant lets one order do. `entry` is the order whose fills its own may not exceed, empty for none."""

    role: str
    reduce_only: bool
    how_long: str
    expires_at: str
    entry: str
    filled: Fraction = Fraction(0)
    pair: Fraction = Fraction(0)
    """Of an entry: what its stop and its target have filled together."""
    session: str = ""
    """The session of its first fill."""


class TradingCheck:
    """Reads the records in order; holds what the rest must agree with."""

    def __init__(self) -> None:
        self._terms: dict[str, _Terms] = {}
        self._shares: dict[str, Fraction] = defaultdict(Fraction)
        self._taken: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        self._participation: Fraction | None = None
        self._split: set[str] = set()
        """Instruments that have split: old shares and new ones do not add up."""
        self._books: Books | None = None
        self._ledger = Ledger()

    def feed(self, record: Json) -> Iterator[Complaint]:
        """What is wrong with this record: the field and a sentence."""
        try:
            if record["kind"] == "start":
                self._start(record)
            elif record["kind"] == "decision":
                self._warranted(record)
            elif record["kind"] == "fill" and {"instrument", "side", "session"} <= record.keys():
                yield from self._filled(record)
            elif record["kind"] == "books" and record.get("entry") == "split":
                name = record["instrument"]
                self._split.add(name)
                self._shares[name] = Fraction(int(self._shares[name] * fraction(record["ratio"])))
            yield from self._account(record)
        except WRONG as error:
            yield "record", f"it can not be followed: {error}"

    def _start(self, record: Json) -> None:
        share = record.get("costs", {}).get("participation")
        self._participation = None if share is None else fraction(share)
        if self._books is None and {"account", "capital", "currency"} <= record.keys():
            capital, mode = Decimal(record["capital"]), Mode(record["mode"])
            self._books = Books.open(record["account"], mode, record["currency"], capital)

    def _warranted(self, record: Json) -> None:
        for warrant in record["warrants"]:
            entry = warrant["order"]["client_order_id"]
            for name in _ORDERS:
                order = warrant.get(name)
                if order is not None:
                    self._terms[order["client_order_id"]] = _Terms(
                        order["role"], order["reduce_only"], order.get("time_in_force", CUSTOM[order["role"]]),
                        warrant["expires_at"], "" if name == "order" else entry,
                    )  # fmt: skip

    def _filled(self, fill: Json) -> Iterator[Complaint]:
        name, quantity = fill["instrument"], Fraction(fill["quantity"])
        terms = self._terms.get(fill["client_order_id"])
        before = self._shares[name]
        after = before + Side(fill["side"]).sign * quantity
        self._shares[name] = after
        if before * after < 0:
            yield "quantity", f"it takes the position in {name} from {text(before)} across zero to {text(after)}"
        elif terms is not None and terms.reduce_only == (abs(after) > abs(before)):
            way = "away from" if terms.reduce_only else "closer to"
            yield "side", f"it brings the position in {name} {way} zero, and its order is {_kind(terms)}"
        if terms is not None:
            yield from self._in_time(fill, terms)
            yield from self._in_pair(quantity, terms, name in self._split)
        yield from self._in_volume(fill, quantity)

    def _in_time(self, fill: Json, terms: _Terms) -> Iterator[Complaint]:
        if terms.role in (Role.ENTRY, Role.EXIT) and fill["as_of"] > terms.expires_at:
            yield "as_of", f"its warrant ended at {terms.expires_at}"
        if terms.session and terms.how_long != TimeInForce.GTC and fill["session"] != terms.session:
            yield "session", f"a {terms.how_long} order, which filled on {terms.session} already, works no longer"
        terms.session = terms.session or fill["session"]

    def _in_pair(self, quantity: Fraction, terms: _Terms, has_split: bool) -> Iterator[Complaint]:
        terms.filled += quantity
        entry = self._terms.get(terms.entry)
        if entry is None:
            return
        entry.pair += quantity
        if entry.pair > entry.filled and not has_split:
            pair, filled = text(entry.pair), text(entry.filled)
            yield "quantity", f"stop and target have filled {pair} together, and their entry {filled}"

    def _in_volume(self, fill: Json, quantity: Fraction) -> Iterator[Complaint]:
        if self._participation is None or "volume" not in fill:
            return
        key, most = (fill["as_of"], fill["instrument"]), Fraction(fill["volume"]) * self._participation
        self._taken[key] += quantity
        if self._taken[key] > most:
            taken = text(self._taken[key])
            yield "volume", f"fills took {taken} shares of the bar, which gives at most {text(most)}"

    def _account(self, record: Json) -> Iterator[Complaint]:
        """Books and ledger, each on its own; after the first thing that can not be, the account is unknown."""
        if self._books is None or record["kind"] not in ("start", "fill", "books"):
            return
        try:
            self._books = apply(self._books, record)
            self._ledger.take(record)
            found = list(differences(self._ledger, self._books)) if record.get("entry") == "session" else []
        except WRONG as error:
            self._books = None
            yield "account", f"the books can not follow it: {error}"
            return
        for what, ledger, books in found:
            yield "account", f"{what} is {text(ledger)} by the ledger and {text(books)} by the books"


def _kind(terms: _Terms) -> str:
    return "reduce-only" if terms.reduce_only else f"an {terms.role}"
