"""What became of a position that an entry opened: its result after costs, when it ended and by which order.

Folded from the records of the log after the entry's decision, exactly, by average cost as the books keep it. A position
that was there before the entry is followed as one with it. Left out: the part of a result that is one entry's alone
where several made the position; taxes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from engine.books.holdings import Fill, Holding, after_bar, after_fill, after_split, post
from engine.books.money import to_multiple
from engine.orders.portfolio import Position
from engine.telling import tokens as say
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Phrase
from knowledge.values import Json, fraction

_CENT = Decimal("0.01")
RECORDS = ("fill", "books")
"""The kinds of record that make an outcome."""


@dataclass
class Outcome:
    """A position from its entry on. Money is in `currency`; `result` is after all costs that are known."""

    instrument: str
    currency: str
    held: Holding | None
    before: Decimal = Decimal(0)
    """Signed quantity that was held before the entry filled."""
    opened: str = ""
    closed: str = ""
    """The session in which nothing was left; empty while something is held."""
    realised: Fraction = Fraction(0)
    commission: Fraction = Fraction(0)
    slippage: Fraction = Fraction(0)
    """What the fills cost against the quoted prices; it is in the prices already."""
    borrow: Fraction = Fraction(0)
    dividends: Fraction = Fraction(0)
    side: str = ""
    paid: Fraction = Fraction(0)
    """The average price of what was held before."""
    fills: list[Json] = field(default_factory=list)

    @property
    def unrealised(self) -> Fraction:
        """What is still held, at its last price."""
        return Fraction(0) if self.held is None else self.held.units * self.held.last_price - self.held.cost

    @property
    def result(self) -> Fraction:
        """Profit, or loss below zero."""
        return self.realised + self.unrealised + self.dividends - self.commission - self.borrow

    @property
    def costs(self) -> Fraction:
        """Commission and borrow."""
        return self.commission + self.borrow

    def take(self, record: Json) -> None:
        """One record about the instrument."""
        if record["kind"] == "fill":
            self._fill(record)
        elif record["entry"] == "dividend" and self.held is not None:
            self.dividends += self.held.units * fraction(record["per_share"])
        elif record["entry"] == "borrow":
            self.borrow += fraction(record["fee"])
        elif record["entry"] == "split" and self.held is not None:
            self._split(fraction(record["ratio"]))
            self.closed = record["session"] if self.held is None else ""
        elif record["entry"] in ("session", "closes") and self.held is not None:
            close = record["closes"].get(self.instrument)
            self.held = after_bar(self.held, fraction(close) if close else None)

    def _fill(self, record: Json) -> None:
        fill = Fill.from_json(record)
        posting = post(self.held, fill)
        self.realised += posting.realised
        self.commission += Fraction(fill.commission)
        self.slippage += fraction(record.get("slippage") or "0") * Fraction(fill.quantity) * Fraction(fill.multiplier)
        self.held = after_fill(self.held, fill, posting)
        self.fills.append(record)
        self.opened = self.opened or fill.session
        self.side = self.side or fill.side.value
        self.closed = fill.session if self.held is None else ""

    def _split(self, ratio: Fraction) -> None:
        assert self.held is not None
        held, (after, rest) = self.held, after_split(self.held, ratio)
        paid = Fraction(to_multiple(rest * Fraction(held.multiplier) * held.last_price / ratio, _CENT, ROUND_FLOOR))
        self.realised += paid - (held.cost - (after.cost if after else 0))
        self.held = after


def follow(entry: Json, held: Position | None, records: Iterable[Json]) -> Outcome | None:
    """The outcome of an entry order, from its first fill until nothing is left; None where it never filled.

    `entry` are the terms of the order, `held` what the decision's portfolio had of its instrument, `records` those of
    `RECORDS` after the decision in order of the log. No more of them are taken than are needed.
    """
    name = entry["instrument"]
    outcome = Outcome(name, entry["currency"], _before(held), held.quantity if held is not None else Decimal(0))
    outcome.paid = Fraction(held.entry_price) if held is not None else Fraction(0)
    for record in records:
        about = record.get("instrument", "") if record["kind"] == "fill" or "instrument" in record else name
        if about != name:
            continue
        if outcome.fills or record.get("client_order_id") == entry["client_order_id"]:
            outcome.take(record)
            if outcome.held is None:
                return outcome
        elif outcome.held is not None:
            # What was held before lives on until the entry fills.
            outcome.held = _without(outcome, record)
            outcome.before = outcome.held.quantity if outcome.held is not None else Decimal(0)
    return outcome if outcome.fills else None


def _without(outcome: Outcome, record: Json) -> Holding | None:
    """What a record leaves of a holding that is not followed yet."""
    passing = Outcome(outcome.instrument, outcome.currency, outcome.held)
    passing.take(record)
    return passing.held


def _before(held: Position | None) -> Holding | None:
    if held is None:
        return None
    cost = Fraction(held.quantity) * Fraction(held.multiplier) * Fraction(held.entry_price)
    return Holding(
        held.instrument, held.quantity, cost, held.strategy, held.horizon, held.currency, held.multiplier,
        "", held.sessions_held, None, Fraction(held.entry_price), held.basket,
    )  # fmt: skip


# --- told -------------------------------------------------------------------------------------------------------


def sentence(outcome: Outcome, ending: Phrase) -> Phrase:
    """For a summary: what it was, how it ended, what it made. `ending` says by what, as `by its protective stop`."""
    first = outcome.fills[0]
    verb = "bought" if outcome.side == "buy" else "sold short"
    opened = (f"It was {verb} at ", _price(first["price"], outcome), " on ", say.instant(outcome.opened))
    if not outcome.closed:
        quantity = abs(outcome.held.quantity) if outcome.held is not None else Decimal(0)
        still = (", and ", say.shares(quantity), " were still held when the log ends: ")
        return (opened, still, made(outcome), " so far.")
    return (opened, " and closed on ", say.instant(outcome.closed), " ", ending, ": ", made(outcome), ".")


def closing(outcome: Outcome) -> Phrase:
    """The same of an order that closes: what was held before, and what giving it up made."""
    closed = abs(outcome.before) - (abs(outcome.held.quantity) if outcome.held is not None else 0)
    sold = (
        say.shares(closed),
        " were held at ",
        _price(outcome.paid, outcome),
        " each on average; giving them up made ",
    )
    return (sold, made(outcome), ".")


def made(outcome: Outcome) -> Phrase:
    """Profit or loss, after which costs."""
    result = outcome.result
    word = say.verdict("profit" if result > 0 else "loss") if result else "neither profit nor loss"
    amount: Phrase = (" of ", say.money(abs(result), outcome.currency)) if result else ""
    costs = " of commissions and borrow fees" if outcome.borrow else " of commissions"
    return ("a " if result else "", word, amount, " after ", say.money(outcome.costs, outcome.currency), costs)


def outcome_of(outcome: Outcome, ending: Callable[[Json], Phrase]) -> Telling:
    """The position with its fills and costs; `ending` says of a fill whose order it was."""
    until: Phrase = (" to ", say.instant(outcome.closed)) if outcome.closed else ", still held when the log ends"
    long = "long" if outcome.side == "buy" else "short"
    head = (say.instrument(outcome.instrument), f", {long} from ", say.instant(outcome.opened), until)
    parts = [_filled(one, outcome, ending(one)) for one in outcome.fills]
    costs: list[Phrase] = [("commission ", say.money(outcome.commission, outcome.currency))]
    if outcome.borrow:
        costs.append(("borrow ", say.money(outcome.borrow, outcome.currency)))
    slipped = say.money(outcome.slippage, outcome.currency)
    parts.append(tell("costs: ", say.joined(costs), "; slippage of ", slipped, " is in the prices"))
    if outcome.dividends:
        word = "received" if outcome.dividends > 0 else "paid"
        parts.append(tell(f"dividends {word}: ", say.money(abs(outcome.dividends), outcome.currency)))
    if outcome.held is not None:
        last = _price(outcome.held.last_price, outcome)
        worth = say.money(outcome.unrealised, outcome.currency)
        parts.append(tell("not realised: ", worth, " at the last price, ", last))
    if outcome.before:
        parts.append(tell("of these ", say.shares(abs(outcome.before)), " were held before; all are followed as one"))
    return tell("the position: ", head, ": ", made(outcome), *parts).named("outcome")


def _filled(one: Json, outcome: Outcome, ending: Phrase) -> Telling:
    verb = "bought" if one["side"] == "buy" else "sold"
    what = (say.instant(one["session"]), f" {verb} ", say.number(one["quantity"]))
    return tell(what, " at ", _price(one["price"], outcome), " ", ending)


def _price(value: str | Fraction, outcome: Outcome) -> Phrase:
    return say.price(value, outcome.currency)
