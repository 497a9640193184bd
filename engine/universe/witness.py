"""From a symbolic step to a portfolio and an order in whole lots, judged by the real gate under both files.

Exposures are shares of NAV⁻ after the order, so that NAV is what NAV⁻ is with the order's slippage and fees put back.
NAV is as large as the tighter cap on the order's shares lets it be: then a lot is a small part of it. A witness that
the gate does not bear out is none.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

from engine.gate.judge import Outcome
from engine.gate.market import Market, Terms
from engine.gate.proposals import Entry
from engine.gate.sizing import limit_price
from engine.limits.model import Limits
from engine.orders.order import Kind, Order, Role, Side, State
from engine.orders.portfolio import Mode, Operations, Portfolio, Position, Working
from engine.telling.figures import amount, percent
from engine.universe.cases import Case
from engine.universe.polytope import Columns
from engine.universe.replay import Asked, Figures, Told, permitted, replay
from engine.universe.rows import FOCUS, HORIZONS, OWN, REST
from engine.universe.search import Step
from knowledge.values import Json

USUAL_SHARES = Fraction(1_000_000)
"""Shares of an order that no limit caps."""
MOST_SHARPENED = 4
CENT = Decimal("0.01")
ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Ground:
    """The two files, each with the market read by its parameters. `accept` is the file that shall accept."""

    accept: Limits
    refuse: Limits
    accept_market: Market
    refuse_market: Market


@dataclass(frozen=True)
class Witness:
    """A portfolio and an order that one file accepts and the other refuses, as the gate itself judged them."""

    limit: str
    asked: Asked
    accepting: Told
    refusing: Told

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "limit": self.limit,
            **self.asked.to_json(),
            "accepted": self.accepting.to_json(),
            "refused": self.refusing.to_json(),
        }

    def sentence(self, accepting: str, refusing: str) -> str:
        """What a reader sees: the book, the order, both verdicts."""
        entry, portfolio = self.asked.entry, self.asked.portfolio
        held = ", ".join(f"{amount(one.quantity)} {one.instrument}" for one in portfolio.positions) or "nothing"
        at_work = sum(one.remaining for one in portfolio.working)
        held += f" and {amount(at_work)} shares of entries at work" if at_work else ""
        order = f"{entry.side.value} {amount(entry.target)} {entry.instrument} up to {amount(entry.limit_price, 2)}"
        cut = self.refusing.outcome is Outcome.CUT
        said = f"cuts it to {amount(self.refusing.quantity)}" if cut else "denies it"
        why = f"{', '.join(self.refusing.reasons)}{self._figures()}"
        return (
            f"{self.asked.case}; NAV {amount(portfolio.nav, 2)} {portfolio.currency}, holding {held}: {order}. "
            f"{accepting} grants it; {refusing} {said} ({why})"
        )

    def _figures(self) -> str:
        """Where what refuses would stand with the whole order."""
        told, nav = self.refusing, self.refusing.nav
        beyond = {name: value - most for name, (value, most) in told.readings.items() if value > most}
        if not beyond or nav <= 0:
            return ""
        name = max(beyond, key=lambda one: (beyond[one], one))
        value, most = told.readings[name]
        return f"; {name} would stand at {percent(value / nav)} of at most {percent(most / nav)} of NAV"


@dataclass(frozen=True)
class Wanted:
    """What the order and the session shall be besides exposures; None for what does not matter.

    `shares` of the order, `traded` and `cash` (left after the order) in shares of NAV, and figures of conditions.
    """

    shares: Fraction | None = None
    traded: Fraction | None = None
    cash: Fraction | None = None
    at_work: Fraction | None = None
    """What all entries at work come to with this one."""
    most_shares: Fraction | None = None
    most_value: Fraction | None = None
    most_money: Fraction | None = None
    reserve: Fraction = ZERO
    figures: Figures = field(default_factory=Figures)
    operations: Operations = field(default_factory=Operations)
    executions: int = 0
    drawdown: Fraction = ZERO
    day_loss: Fraction = ZERO


def judged(ground: Ground, limit: str, asked: Asked) -> Witness | None:
    """A witness, if the gate bears it out: the first file grants the whole order, the other does not."""
    accepting = replay(asked, ground.accept_market, ground.accept)
    if accepting.outcome is not Outcome.GRANTED:
        return None
    refusing = replay(asked, ground.refuse_market, ground.refuse, reading=True)
    if refusing.quantity >= asked.entry.target:
        return None
    found = Witness(limit, asked, accepting, refusing)
    return _sharper(ground, found) or found


def _sharper(ground: Ground, witness: Witness) -> Witness | None:
    """The same with what the refusing file still grants held already, so that it denies the rest, where it does.

    With less to buy at the worst price, NAV⁻ is a little larger, so that a few lots may still fit: again, then.
    """
    asked, part = witness.asked, witness.refusing.quantity
    for _ in range(MOST_SHARPENED):
        position = asked.portfolio.position(asked.entry.instrument)
        if not 0 < part < asked.entry.target or position is None:
            return None
        grown = replace(position, quantity=position.quantity + Decimal(int(part)) * asked.entry.side.sign)
        others = tuple(one for one in asked.portfolio.positions if one is not position)
        portfolio = replace(asked.portfolio, positions=(*others, grown))
        asked = replace(asked, portfolio=portfolio, entry=replace(asked.entry, target=asked.entry.target - part))
        part = replay(asked, ground.refuse_market, ground.refuse).quantity
        if part == 0:
            break
    accepting = replay(asked, ground.accept_market, ground.accept)
    refusing = replay(asked, ground.refuse_market, ground.refuse, reading=True)
    borne_out = accepting.outcome is Outcome.GRANTED and refusing.outcome is Outcome.DENIED
    return Witness(witness.limit, asked, accepting, refusing) if borne_out else None


def concrete(ground: Ground, case: Case, step: Step, columns: Columns, wanted: Wanted, together: bool) -> Asked | None:
    """The step as a portfolio and an entry; None where not even one lot comes of it."""
    terms, names = ground.accept_market.terms, columns.names
    name = names[step.instrument]
    one, side = terms[name], Side.BUY if step.pattern.signs[step.instrument] > 0 else Side.SELL
    edge = limit_price(one, side, ground.accept.collar(case.session))
    quantity = _shares(one, wanted, step)
    if quantity is None or edge <= 0:
        return None
    slippage = max(ZERO, side.sign * (edge - one.price)) * one.unit
    base = quantity * one.exposure / _exact(step.order)
    value = quantity * (one.exposure + slippage)
    parameters = ground.accept.parameters
    free = permitted((*case.in_force(ground.accept), *case.in_force(ground.refuse)))
    owners = _owners(step, names, columns.classes, together, sorted(free))
    positions = tuple(
        position
        for at, held in enumerate(names)
        if (position := _position(terms[held], step, at, base, owners[at])) is not None
    )
    working = _working(ground, case, step, names, wanted, base, value) if wanted.at_work is not None else ()
    others = [(terms[each.order.instrument], Fraction(each.remaining), Fraction(each.order.limit_price or 0))
              for each in working]  # fmt: skip
    shares = quantity + sum((count for _, count, _ in others), ZERO)
    fees = parameters.fee_per_order * (1 + len(others)) + parameters.fee_per_share * shares
    dearer = sum((count * (price - its.price) * its.unit for its, count, price in others), slippage * quantity)
    nav = _money(base + dearer + fees)
    spent = (value if side is Side.BUY else ZERO) + fees
    spent += sum((count * price * its.unit for its, count, price in others), ZERO)
    start = Fraction(nav)
    left = wanted.reserve + Fraction(1, 10) if wanted.cash is None else wanted.cash
    traded = ZERO if wanted.traded is None else max(ZERO, wanted.traded * base - value)
    # What was lost counts in the loss budget; a day's loss that names a state is asked for by itself.
    lost = max(_exact(step.lost) * base, wanted.day_loss / (1 - wanted.day_loss) * start)
    high = start / (1 - wanted.drawdown)
    operations = wanted.operations
    if wanted.executions:
        operations = replace(operations, executions=((name, wanted.executions),))
    portfolio = Portfolio(
        account="witness", mode=Mode.BACKTEST, currency=_currency(ground), nav=nav, cash=_money(spent + left * start),
        settled_cash=_money(spent + left * start), day_pnl=-_money(lost), high_water_mark=_money(high),
        traded_today=_money(traded), positions=positions, working=working, operations=operations,
    )  # fmt: skip
    loss = _exact(step.order_loss) * base / quantity / one.unit
    stop = _ticks(max(one.tick, edge - side.sign * max(loss, side.sign * (edge - one.price))), one, side)
    entry = Entry(name, side, Fraction(1, 2), quantity, edge, stop, *owners[step.instrument], ())
    return Asked(case, portfolio, entry, wanted.figures)


def _shares(terms: Terms, wanted: Wanted, step: Step) -> Fraction | None:
    """Whole lots: what is asked for, else half of what the caps allow; None where there is no such number."""
    order, after = _exact(step.order), sum(map(_exact, step.exposures), ZERO) + _exact(step.order)
    most = wanted.most_shares
    if wanted.most_money is not None:
        # The book's gross in money grows with the order's shares, as both are parts of one NAV.
        within = wanted.most_money * order / after / terms.exposure
        most = within if most is None else min(most, within)
    shares = wanted.shares or (most / 2 if most is not None else USUAL_SHARES)
    lots = shares // terms.lot
    if lots < 1 and wanted.shares is None and most is not None and most >= terms.lot:
        lots = 1
    return Fraction(lots * terms.lot) if lots >= 1 else None


def _working(
    ground: Ground, case: Case, step: Step, names: tuple[str, ...], wanted: Wanted, base: Fraction, value: Fraction
) -> tuple[Working, ...]:
    """Entries at work in instruments that are not held, which with this one come to what is wanted."""
    assert wanted.at_work is not None
    left, found = wanted.at_work * base - value, list[Working]()
    owner = min(permitted((*case.in_force(ground.accept), *case.in_force(ground.refuse))), default="desk")
    most = base * Fraction(9, 10) * min(wanted.most_value or ONE, Fraction(1, 10))
    for at, name in enumerate(names):
        terms = ground.accept_market.terms[name]
        price = limit_price(terms, Side.BUY, ground.accept.collar(case.session))
        lots = min(left, most) // (price * terms.unit * terms.lot)
        if at == step.instrument or step.exposures[at] or lots < 1:
            continue
        quantity = lots * terms.lot
        left -= quantity * price * terms.unit
        stop = _decimal(_ticks(terms.price, terms, Side.BUY))
        order = Order(f"entry-{name}", name, Side.BUY, Role.ENTRY, Kind.LIMIT, Decimal(quantity), _decimal(price), stop,
                      False, owner, HORIZONS[-1], terms.currency, _decimal(terms.multiplier))  # fmt: skip
        found.append(Working(order, Decimal(quantity), State.WORKING))
    return tuple(found)


def _position(terms: Terms, step: Step, at: int, base: Fraction, owner: tuple[str, str]) -> Position | None:
    lots = round(_exact(step.exposures[at]) * base / terms.exposure / terms.lot)
    if lots <= 0:
        return None
    side = Side.BUY if step.pattern.signs[at] > 0 else Side.SELL
    away = Fraction(step.losses[at] / step.exposures[at]).limit_denominator(10**9) * terms.price
    stop = _ticks(terms.price - side.sign * away, terms, side)
    price = _decimal(terms.price)
    return Position(terms.instrument, Decimal(side.sign * lots * terms.lot), price, _decimal(stop), price, 1,
                    terms.currency, _decimal(terms.multiplier), *owner)  # fmt: skip


def _owners(
    step: Step, names: tuple[str, ...], classes: tuple[tuple[str, str], ...], together: bool, free: list[str]
) -> list[tuple[str, str]]:
    """Strategy and horizon of each instrument, as its class says; where a file lists strategies, one of those."""
    unnamed = next((one for one in HORIZONS if one not in {horizon for _, horizon in classes}), HORIZONS[0])
    usual = free[0] if free else "desk"
    found = []
    for place, (name, at) in enumerate(zip(names, step.pattern.classes, strict=True)):
        strategy, horizon = classes[at]
        if strategy == OWN and not together:
            strategy = free[place % len(free)] if free else f"desk-{name}"
        found.append((usual if strategy in (OWN, FOCUS, REST) else strategy, unnamed if horizon == REST else horizon))
    return found


def _currency(ground: Ground) -> str:
    """The account's currency: that of an instrument without a rate of its own, where there is one."""
    plain = (one.currency for one in ground.accept_market.terms.values() if one.unit == one.multiplier)
    return next(plain, "USD")


def _ticks(price: Fraction, terms: Terms, side: Side) -> Fraction:
    """On the tick, towards the market, so that the loss is not larger than asked; at least one tick."""
    ticks = price / terms.tick
    return max(1, ticks.__ceil__() if side is Side.BUY else ticks.__floor__()) * terms.tick


def _exact(number: float) -> Fraction:
    return Fraction(max(number, 0.0)).limit_denominator(10**9)


def _money(number: Fraction) -> Decimal:
    return (Decimal(number.numerator) / Decimal(number.denominator)).quantize(CENT, ROUND_CEILING)


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)
