"""Wash trades: own orders that trade with each other, or that undo each other at one price.

Three shapes:

- *could meet*: two own orders of one instrument, on both sides, work at the same time, and either would take the
  other's price: a warning, as of the moment at which the second one works;
- *met*: both of two such orders, or a stop and an order that worked beside it, were filled in one bar. At one price it
  is severe; at prices apart a warning, as a bar does not say in which order it went;
- *undone*: within one session a fill of one strategy or basket is taken back by a fill of another, in about the same
  quantity at about the same price: the account's position is what it was.

A stop is in nobody's book until its price is reached, so nothing could meet it before it is filled. An order and what
its own fills brought (stop, target) are one undertaking, and not held against each other.

Left out: orders of other desks of the same owner, which are in other logs.
"""

from __future__ import annotations

from fractions import Fraction

from engine.surveillance.finding import Figure, Finding, Findings, Pattern, Severity
from engine.surveillance.parameters import Parameters
from engine.surveillance.trace import Fill, Life, Trace
from knowledge.values import text


def wash_trades(trace: Trace, by: Parameters) -> Findings:
    """All of them, each told by the record that completed it."""
    yield from _could_meet(trace)
    yield from _filled_both_ways(trace, by)


def _could_meet(trace: Trace) -> Findings:
    working: dict[str, list[Life]] = {}
    for life in trace.lives.values():
        if life.kind == "stop":
            continue
        beside = working.setdefault(life.instrument, [])
        beside[:] = [one for one in beside if one.ends > life.begins]
        yield from (_meeting(one, life) for one in beside if _apart(one, life) and _would_meet(one, life))
        beside.append(life)


def _apart(one: Life, other: Life) -> bool:
    """Whether they are two undertakings, on two sides."""
    return one.side != other.side and one.warrant != other.warrant


def _would_meet(one: Life, other: Life) -> bool:
    """Whether either would take the other's price. An order without a limit takes any."""
    buys, sells = (one, other) if one.side == "buy" else (other, one)
    return buys.limit is None or sells.limit is None or buys.limit >= sells.limit


def _meeting(one: Life, other: Life) -> Finding:
    first, second = (f"{each.order} ({each.side}, {_price(each)})" for each in (one, other))
    sentence = (
        f"{first} and {second} worked at one time in {other.instrument}, and either would have taken the other's price"
    )
    quantity = text(min(one.quantity, other.quantity))
    return Finding(
        Pattern.WASH, Severity.WARNING, other.instrument, "", one.day, other.day, other.begins, other.as_of,
        (other.instrument,), (one.order, other.order), (Figure("quantity that could meet", quantity, "0", "shares"),),
        sentence,
    )  # fmt: skip


def _price(life: Life) -> str:
    return "at any price" if life.limit is None else f"limit {text(life.limit)}"


def _filled_both_ways(trace: Trace, by: Parameters) -> Findings:
    """Each fill against those of the other side, of its session and instrument, that none was held against yet."""
    waiting: dict[tuple[str, str], list[Fill]] = {}
    for fill in trace.fills:
        earlier = waiting.setdefault((fill.life.instrument, fill.day), [])
        match = next((one for one in earlier if _met(one, fill) or _undoes(one, fill, by)), None)
        if match is None:
            earlier.append(fill)
            continue
        earlier.remove(match)
        yield _both(match, fill, by)


def _met(one: Fill, other: Fill) -> bool:
    return one.as_of == other.as_of and _apart(one.life, other.life) and one.life.beside(other.life)


def _undoes(one: Fill, other: Fill, by: Parameters) -> bool:
    here, there = one.life, other.life
    if not _apart(here, there) or (here.strategy, here.basket) == (there.strategy, there.basket):
        return False
    return _share(one, other) >= by.wash_quantity and _distance(one, other) <= by.wash_price


def _share(one: Fill, other: Fill) -> Fraction:
    return min(one.quantity, other.quantity) / max(one.quantity, other.quantity)


def _distance(one: Fill, other: Fill) -> Fraction:
    return abs(one.price - other.price) / min(one.price, other.price)


def _both(one: Fill, other: Fill, by: Parameters) -> Finding:
    met, close = _met(one, other), _distance(one, other) <= by.wash_price
    verbs = {"buy": "bought", "sell": "sold"}
    said = [
        f"{each.life.order} {verbs[each.life.side]} {text(each.quantity)} at {text(each.price)}"
        for each in (one, other)
    ]
    end = "both worked beside each other" if met else "they are of two strategies or baskets"
    when = "one bar" if one.as_of == other.as_of else "one session"
    sentence = f"in {when} of {other.life.instrument} {said[0]} and {said[1]}: {end}"
    figures = (
        Figure("quantity taken back", text(_share(one, other)), text(by.wash_quantity), "share of the larger"),
        Figure("prices apart", text(_distance(one, other)), text(by.wash_price), "share of the price"),
    )
    severity = Severity.SEVERE if met and close else Severity.WARNING
    return Finding(
        Pattern.WASH, severity, other.life.instrument, "", one.day, other.day, other.at, other.as_of,
        (other.life.instrument,), (one.life.order, other.life.order), figures, sentence,
    )  # fmt: skip
