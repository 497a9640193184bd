"""The report of an order: what it was for, its way from warrant to end, its fills and costs, what came of the position.

One order by its id, its warrant's or its entry's; or all entries of a range with what belongs to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from adapters.answers.lookup import decision_of, evidence_of
from adapters.reports.attribution import KINDS as MONEY
from adapters.reports.attribution import PARTS, Attribution, Lot, Result, opened
from adapters.reports.cycle import explained
from adapters.reports.frame.page import Block, Card, Column, Page, Picture, Prose, Section, Table, anchor, code, record
from adapters.reports.frame.span import Span
from adapters.reports.frame.told import change, count, money
from adapters.reports.lives import KINDS as ORDERS
from adapters.reports.lives import Life, Lives
from adapters.reports.orders import end, orders_table, track, what
from engine.telling.explain import explain_exit, explain_stop, explain_verdict
from engine.telling.figures import amount
from engine.telling.narrative import Telling
from engine.telling.tokens import plain
from knowledge.faults import Fault, Faulty
from knowledge.values import Json

MOST = 60
"""Orders that one report tells, each with its explanation."""


class Orders:
    """Every order of the log up to the end of a span, and the positions that they made."""

    def __init__(self, span: Span) -> None:
        self.lives = Lives(span.minutes)
        self.closes: list[str] = []
        self.account: Attribution | None = None
        for one in span.history((*MONEY, *ORDERS)):
            if one["kind"] == "start" and self.account is None:
                self.account = opened(one)
            if one["kind"] in MONEY and self.account is not None:
                self.account.take(one)
            if one["kind"] == "books" and one["entry"] == "session":
                self.closes.append(one["session"])
            self.lives.take(one)

    def lot(self, life: Life) -> Lot | None:
        """The position that an entry opened."""
        lots = self.account.lots if self.account is not None else []
        return next((one for one in lots if one.order_id == life.order_id), None)


def order(span: Span, name: str | None) -> Page:
    """The page of one order, or of the entries of the days of `span`."""
    found = Orders(span)
    if name is None:
        return _several(span, found)
    decision, life = _named(span, found, name)
    title = f"Order {life.order_id}"
    subtitle = f"Order report of desk {span.desk}, {span.mode}; warranted by decision {decision['record_id']}"
    sections = (
        Section("timeline", "From warrant to end", tuple(_timeline(span, found, decision, life))),
        Section("why", "Why it was warranted", tuple(_why(span, decision, life))),
        Section("fills", "Fills and costs", tuple(_fills(life, _currency(found)))),
        Section("outcome", "What came of it", tuple(_outcome(found, decision, life))),
    )
    first = tuple(_lead(span, found, decision, life))
    return Page("order", title, subtitle, first, sections, span.origin, tuple(_cards(found, life)))


def _several(span: Span, found: Orders) -> Page:
    days = (span.first, span.last)
    entries = [one for one in found.lives.found.values() if one.term("role") == "entry" and one.events
               and days[0] <= one.events[0].as_of[:10] <= days[1]]  # fmt: skip
    if len(entries) > MOST:
        words = f"{len(entries)} entries were sent from {span.first} to {span.last}, and a report tells {MOST} at most"
        raise Faulty(Fault("command line", 1, 1, f"{words}; give days nearer to each other, or name one order"))
    title, subtitle = f"Orders of {span.words}", f"Order report of desk {span.desk}, {span.mode}".rstrip(", ")
    said = f"{count(len(entries), 'entry', 'entries').capitalize()} went out in these days."
    return Page("order", title, subtitle, (said,), tuple(_chapter(span, found, one) for one in entries), span.origin)


def _chapter(span: Span, found: Orders, life: Life) -> Section:
    decision = span.log.record(life.decision_id)
    blocks = (
        Prose(tuple(_lead(span, found, decision, life))),
        *_timeline(span, found, decision, life),
        *_outcome(found, decision, life),
    )
    why = Section(anchor("why", life.order_id), "Why it was warranted", tuple(_why(span, decision, life)))
    return Section(anchor("chapter", life.order_id), what(life), blocks, (why,))


def _named(span: Span, found: Orders, name: str) -> tuple[Json, Life]:
    """The order with this id, or the one that a warrant of this id permits. Raises `Faulty`."""
    life = found.lives.found.get(name)
    decision, _ = (span.log.record(life.decision_id), "") if life and life.decision_id else decision_of(span.log, name)
    found.lives.take(decision)
    if life is None:
        orders = {one["warrant_id"]: one["order"]["client_order_id"] for one in decision["warrants"]}
        life = found.lives.found.get(orders.get(name, name))
    if life is None:
        hint = f"it warranted {', '.join(orders.values()) or 'none'}"
        raise Faulty(Fault("command line", 1, 1, f"`{name}` is a decision, and no order; {hint}"))
    return decision, life


def family(span: Span, found: Orders, decision: Json, life: Life) -> list[Life]:
    """The order, and what it brought: for an entry its stops and its exits, in the order in which they came."""
    lot = found.lot(life)
    own = {life.order_id}
    for one in decision["warrants"]:
        if one["order"]["client_order_id"] == life.order_id:
            own |= {one[part]["client_order_id"] for part in ("protective_stop", "take_profit") if one.get(part)}
    if lot is not None:
        for one in found.lives.found.values():
            first = one.events[0].day if one.events else ""
            within = lot.opened <= first[:10] <= (lot.ended or first[:10])
            if one.term("instrument") == lot.instrument and one.term("role") != "entry" and within:
                own.add(one.order_id)
    for name in own & found.lives.found.keys():
        found.lives.take(span.log.record(found.lives.found[name].decision_id))
    return [one for one in found.lives.found.values() if one.order_id in own and (one.events or one is life)]


def _lead(span: Span, found: Orders, decision: Json, life: Life) -> Iterator[str]:
    """What it was, why, and what came of it."""
    currency = _currency(found)
    yield f"The {what(life)}: {end(life)}."
    told = _explained(span, decision, life)
    if told is not None:
        yield from (plain(one) for one in told.summary)
    if life.filled and life.price is not None:
        costs = f"commission {money(life.commission)}, slippage {money(life.slippage)} {currency}"
        yield f"{amount(life.filled)} filled at {amount(life.price)} on average; {costs}."
    lot = found.lot(life)
    if lot is None:
        return
    total = _result(found, lot).total
    if lot.shares:
        yield f"Its position is held; it has brought {change(total)} {currency} so far."
    else:
        by = " then ".join(lot.closed_by) or "a split"
        yield f"Its position was closed on {lot.ended} ({by}); it brought {change(total)} {currency}."


def _cards(found: Orders, life: Life) -> Iterator[Card]:
    yield Card("state", life.state, life.events[-1].day if life.events else "")
    yield Card("filled", f"{amount(life.filled)} of {amount(life.term('quantity'))}", "shares")
    yield Card("average price", amount(life.price) if life.price is not None else "–", _currency(found))
    parts = f"{_currency(found)}: commission {money(life.commission)}, slippage {money(life.slippage)}"
    yield Card("costs", money(life.commission + life.slippage), parts)
    lot = found.lot(life)
    if lot is not None:
        held = "still held" if lot.shares else f"closed {lot.ended}"
        yield Card("result", change(_result(found, lot).total), held)


def _timeline(span: Span, found: Orders, decision: Json, life: Life) -> Iterator[Block]:
    lives = family(span, found, decision, life)
    days = found.closes
    svg = track(lives, days)
    if svg:
        caption = "○ sent, ● filled, ■ ended otherwise; a line while the order works. Each line is an order."
        yield Picture(svg, "the order and those that belong to it, over time", caption)
    yield orders_table(lives)
    rows = [(one.as_of, code(event.order_id), one.event, one.state, one.words or "–", record(one.record_id))
            for event in lives for one in event.events]  # fmt: skip
    columns = (
        Column("when", keep=True), Column("order"), Column("event", keep=True), Column("now", keep=True),
        Column("in words"), Column("record"),
    )  # fmt: skip
    rows.sort(key=lambda row: row[0])
    yield Table(columns, rows, "Every event", "it was never sent")


def _why(span: Span, decision: Json, life: Life) -> Iterator[Block]:
    said = "Told from the record of the decision and what it names by digest."
    yield Prose((said,), soft=True)
    told = _explained(span, decision, life)
    if told is not None:
        yield explained(told, f"why-{life.order_id}")


def _explained(span: Span, decision: Json, life: Life) -> Telling | None:
    """Why the order was to be, from the decision that warranted it."""
    evidence, name = evidence_of(span.log, decision), life.term("instrument")
    verdict = next((one for one in decision["verdicts"] if one["instrument"] == name), None)
    leaving = next((one for one in decision["exits"] if one["instrument"] == name), None)
    orders = (one["order"] for one in decision["warrants"])
    moved = next((one for one in orders if one["client_order_id"] == life.order_id), None)
    if life.term("role") == "exit" and leaving is not None:
        return explain_exit(evidence, leaving)
    if moved is not None and moved["role"] == "stop":
        return explain_stop(evidence, moved)
    return None if verdict is None else explain_verdict(evidence, verdict)


def _fills(life: Life, currency: str) -> Iterator[Block]:
    rows = [(one.day, one.words, record(one.record_id)) for one in life.of("fill")]
    yield Table((Column("session", keep=True), Column("shares and price"), Column("record")), rows,
                empty="It was never filled.")  # fmt: skip
    if rows:
        yield Prose((f"Commission {money(life.commission)} {currency}; slippage against the reference price"
                     f" {money(life.slippage)} {currency}.",))  # fmt: skip


def _outcome(found: Orders, decision: Json, life: Life) -> Iterator[Block]:
    lot = found.lot(life)
    if lot is None:
        words = "It opened no position." if life.term("role") == "entry" else "It closed or protected a position."
        yield Prose((words,))
        return
    result = _result(found, lot)
    rows = [(part, change(getattr(result, part))) for part in PARTS]
    total = ("together", change(result.total))
    caption = f"What the position came to, in {_currency(found)}"
    yield Table((Column("part"), Column("amount", number=True)), rows, caption, total=total)


def _result(found: Orders, lot: Lot) -> Result:
    assert found.account is not None
    held = found.account.books.holdings.get(lot.instrument)
    return lot.result(held.last_price if held is not None else Fraction(0))


def _currency(found: Orders) -> str:
    return found.account.books.currency if found.account is not None else ""
