"""The second derivation: the limits as SMT-LIB text in which each order's fill is a free variable.

Written from `docs/limits.md`, sharing no formula with `engine.gate.reach` and `engine.gate.measures`: nothing here
knows what a worst case is. Each order fills anything between nothing and its quantity, each limit is the value of one
filling, and the solver looks for a filling that breaks one: whose value exceeds its bound *and* exceeds what the same
filling without this decision's entries makes it (promise 1). A limit that reads the same with and without the entries
cannot be broken by them and is not written.

A basket is no more to it than its legs: each fills apart from the others, as they may in the market. That it is entered
as a whole and in its ratio is a condition on the quantities asked for.

The text is a value of the record: any solver that reads SMT-LIB 2 (QF_LRA) can answer it again. Convex limits are in
`engine.proof.smt_convex`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from engine.gate.market import Market
from engine.gate.proposals import Entry, Exit, Grant
from engine.limits.model import UNKNOWN_STATE, Limit, Limits
from engine.orders.portfolio import Portfolio
from engine.proof.smt_convex import Corners
from engine.proof.smt_desk import Desk, Order, entry_order, read_desk
from engine.proof.smt_limits import NAV, Bounded, View, bounded, order_bound
from engine.proof.smt_text import ZERO, Unaskable, plus, real, remark, times

BUDGET = 2_000_000
"""Solver resource units for each question; a decision of five instruments takes five thousand."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: its name, the answer that agrees, and the entries in it.

    A question about one more lot (of a basket, one more unit) says whose it is, which of the grants those are (`more`)
    and which limits the arithmetic says it breaks: then only these are written, so that the answer vouches for them and
    not for just anything. Where a condition or the target forbids the lot, only those are. Without `about`, everything.
    """

    name: str
    expected: str
    grants: tuple[Grant, ...]
    about: str = ""
    breaks: tuple[str, ...] = ()
    more: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """One limit of one question: `position.exposure[AAPL]`, and the names of its value and its bound."""

    measure: str
    limit: Limit
    value: str
    bound: str
    ceiling: bool = False
    """Whether the value is a bound that is never too low and no filling comes to it."""


@dataclass(frozen=True)
class Script:
    """The text, the questions in its order with the limits written for each, and the orders whose fills are free."""

    text: str
    questions: tuple[Asked, ...]
    limits: tuple[tuple[Written, ...], ...]
    orders: tuple[tuple[Order, ...], ...]


def script(
    portfolio: Portfolio,
    exits: Sequence[Exit],
    questions: Sequence[Asked],
    market: Market,
    limits: Limits,
    regime: str,
    state: str = UNKNOWN_STATE,
) -> Script:
    """The text that asks these questions of the desk as it stands. Raises `Unaskable`."""
    entries: dict[str, Entry] = {}
    for question in questions:
        for one in question.grants:
            if entries.setdefault(one.entry.instrument, one.entry) != one.entry:
                raise Unaskable(f"two entries in {one.entry.instrument}")
    desk = read_desk(portfolio, exits, entries.values(), market, limits, regime, state)
    bases = _Bases(desk)
    asked = [_Question(desk, bases, question) for question in questions]
    bodies = [line for one in asked for line in one.lines()]
    text = "\n".join((*_head(), *_resting(desk), *bases.lines, *bodies)) + "\n"
    return Script(
        text,
        tuple(questions),
        tuple(tuple(one.written) for one in asked),
        tuple(one.free for one in asked),
    )


def _head() -> Iterator[str]:
    yield "; Orders may fill in part, in any order: is there a filling that breaks a limit or a condition?"
    yield f"(set-option :rlimit {BUDGET})"
    yield "(set-logic QF_LRA)"
    yield "(define-fun absolute ((x Real)) Real (ite (< x 0.0) (- x) x))"
    yield "(define-fun lesser ((x Real) (y Real)) Real (ite (< x y) x y))"


# --- what stands apart from the entries -------------------------------------------------------------------------


def _resting(desk: Desk) -> Iterator[str]:
    yield "; orders that stand apart from this decision's entries"
    for order in desk.resting:
        yield from _free(order)
    yield "; exits and stops of one instrument together fill at most the position"
    for one in desk.names:
        for sign in (1, -1):
            fills = [order.fill for order in desk.resting if _reduces(order, one, sign)]
            if fills:
                yield f"(assert (<= {plus(fills)} {real(_closable(desk, one, sign))}))"
    yield "; shares after a filling without this decision's entries, and their exposures"
    yield from View(desk, ()).definitions()
    yield "; what these orders cost at worst"
    counted = list(_counted(desk))
    yield f"(define-fun fees-before () Real {_fees(desk, len(desk.resting), [shares for shares, _ in counted])})"
    yield f"(define-fun slippage-before () Real {plus(times(each, shares) for shares, each in counted)})"


def _free(order: Order) -> Iterator[str]:
    yield f"(declare-const {order.fill} Real) {remark(order.label)}"
    yield f"(assert (and (<= 0.0 {order.fill}) (<= {order.fill} {real(order.quantity)})))"


def _reduces(order: Order, instrument: str, sign: int) -> bool:
    return order.reducing and order.instrument == instrument and order.sign == sign


def _closable(desk: Desk, instrument: str, sign: int) -> Fraction:
    """How many shares orders of this sign can bring closer to zero."""
    position = desk.position(instrument)
    return abs(position) if position * sign < 0 else Fraction(0)


def _counted(desk: Desk) -> Iterator[tuple[str, Fraction]]:
    """Shares that costs are counted for, with the slippage of each; exits and stops at most the position."""
    for order in desk.resting:
        if not order.reducing:
            yield real(order.quantity), order.slippage
    for one in desk.names:
        for sign in (1, -1):
            own = [order for order in desk.resting if _reduces(order, one, sign)]
            if own:
                # They all slip by the collar of the same price, so it does not matter which of them are cut off.
                assert len({order.slippage for order in own}) == 1, own
                total = plus(real(order.quantity) for order in own)
                yield f"(lesser {total} {real(_closable(desk, one, sign))})", own[0].slippage


def _fees(desk: Desk, orders: int, shares: Sequence[str]) -> str:
    parameters = desk.limits.parameters
    each = plus(shares)
    return plus((times(orders * parameters.fee_per_order, "1.0"), times(parameters.fee_per_share, each)))


class _Bases:
    """Values of the filling without the entries: the same for all questions, each written once, when it is needed."""

    def __init__(self, desk: Desk) -> None:
        self.view = View(desk, ())
        self.lines = ["; limits as the same filling without this decision's entries makes them"]
        self._rows: dict[str, list[Bounded]] = {}
        self._names: dict[str, str] = {}

    def rows(self, limit: Limit) -> list[Bounded]:
        """Every subject of a limit without the entries."""
        if limit.id not in self._rows:
            self._rows[limit.id] = list(bounded(limit, self.view))
        return self._rows[limit.id]

    def named(self, term: str, measure: str) -> str:
        """A short name for a value; numbers need none."""
        if term == ZERO:
            return term
        if term not in self._names:
            self._names[term] = f"w{len(self._names)}"
            self.lines.append(f"(define-fun {self._names[term]} () Real {term}) {remark(measure)}")
        return self._names[term]


# --- one question -----------------------------------------------------------------------------------------------


class _Question:
    """The text of one question, between push and pop."""

    def __init__(self, desk: Desk, bases: _Bases, asked: Asked) -> None:
        self.desk, self.bases, self.asked = desk, bases, asked
        # Where no limit is in question (a condition or the target forbids the lot), no order is either.
        numeric = asked.breaks or not asked.about
        self.priced = [one for one in asked.grants if numeric and one.entry.instrument in desk.market.terms]
        self.orders = [entry_order(one, desk.terms(one.entry.instrument)) for one in self.priced]
        self.view = View(desk, tuple(self.orders))
        self.written: list[Written] = []
        self._definitions: list[str] = []

    def lines(self) -> Iterator[str]:
        """Everything this question says."""
        yield remark(f"{self.asked.name}? expected: {self.asked.expected}")
        yield "(push 1)"
        yield from self._entries()
        broken = list(self._limits())
        yield from self._definitions
        yield "(assert (or"
        yield from (f"  {part}" for part in broken)
        if not self.asked.breaks:
            yield from (f"  {part}" for part in self._forbidden())
        yield "  false))"
        yield "(check-sat)"
        if self.asked.about:
            fills = [order.fill for order in self.free]
            values = [term for one in self.written for term in (one.value, one.bound)]
            yield f"(get-value ({' '.join((*fills, *values)) or 'true'}))"
        yield "(pop 1)"

    @property
    def free(self) -> tuple[Order, ...]:
        """The orders whose fills the question leaves open."""
        return (*self.orders, *self.desk.resting)

    def _entries(self) -> Iterator[str]:
        """Fills and shares of the entries, and NAV⁻: NAV less what all orders cost at worst."""
        for order in self.orders:
            yield from _free(order)
        if self.orders:
            yield from self.view.definitions()
        fees = _fees(self.desk, len(self.orders), [real(order.quantity) for order in self.orders])
        yield f"(define-fun fees-after () Real {plus(('fees-before', fees))})"
        slippage = plus(times(order.slippage, real(order.quantity)) for order in self.orders)
        nav = real(Fraction(self.desk.portfolio.nav))
        yield f"(define-fun {NAV} () Real (- {nav} fees-after slippage-before {slippage}))"

    def _limits(self) -> Iterator[str]:
        """For each limit in question, the term that says it is broken; unknown names of `breaks` are left over."""
        wanted = set(self.asked.breaks)
        corners: Corners | None = None
        for limit in self.desk.standing() if self.orders else ():
            if limit.spec.form == "convex" and (limit.id in wanted or not self.asked.about):
                wanted.discard(limit.id)
                if corners is None:
                    corners = Corners(self.view)
                    self._definitions.extend(corners.definitions())
                yield self._convex(limit, corners)
            # To write a limit's terms takes longer than to see that none of them is asked about.
            if self.asked.about and not any(one.startswith(limit.id) for one in wanted):
                continue
            if self.asked.about and not any(one == limit.id or one.startswith(f"{limit.id}[") for one in wanted):
                continue
            for row, before in self._rows(limit):
                measure = f"{limit.id}[{row.subject}]" if row.subject else limit.id
                if measure in wanted or not self.asked.about:
                    wanted.discard(measure)
                    yield self._broken(measure, limit, row, self.bases.named(before, measure))
        if wanted:
            raise Unaskable(f"the entries touch no limit named {', '.join(sorted(wanted))}")

    def _rows(self, limit: Limit) -> Iterator[tuple[Bounded, str]]:
        """Each subject of a limit that the entries touch, with the value without them."""
        if limit.spec.form == "order":
            for order, one in zip(self.orders, self.priced, strict=True):
                yield order_bound(limit, order, one.entry.limit_price, self.desk), ZERO
        elif limit.spec.form == "linear":
            for row, before in zip(bounded(limit, self.view), self.bases.rows(limit), strict=True):
                if row.value != before.value:
                    yield row, before.value

    def _broken(self, measure: str, limit: Limit, row: Bounded, before: str) -> str:
        value, bound = self._name(measure, limit, row.value, row.bound)
        return f"(and (> {value} {bound}) (> {value} {before}))"

    def _name(self, measure: str, limit: Limit, term: str, most: str, ceiling: bool = False) -> tuple[str, str]:
        """Short names for the value and the bound of a limit that is written."""
        value, bound = f"v{len(self.written)}", f"b{len(self.written)}"
        self._definitions.append(f"(define-fun {value} () Real {term}) {remark(measure)}")
        self._definitions.append(f"(define-fun {bound} () Real {most})")
        self.written.append(Written(measure, limit, value, bound, ceiling))
        return value, bound

    def _convex(self, limit: Limit, corners: Corners) -> str:
        value, bound = self._name(limit.id, limit, corners.value(limit), corners.bound(limit), not corners.searched)
        return corners.broken(limit, value, bound)

    def _forbidden(self) -> Iterator[str]:
        """`quantity > 0 implies condition`; no more than the target; whole lots; a basket as a whole in its ratio."""
        yield from _out_of_ratio(self.asked.grants)
        for one in self.asked.grants:
            quantity, entry = real(one.quantity), one.entry
            yield f"(> {quantity} {real(entry.target)}) {remark(f'{entry.instrument}: more than its target')}"
            if entry.instrument in self.desk.market.terms:
                lot = self.desk.terms(entry.instrument).lot
                whole = times(lot, real(one.quantity // lot))
                yield f"(not (= {quantity} {whole})) {remark(f'{entry.instrument}: no whole number of lots of {lot}')}"
            for found in entry.findings:
                holds = "true" if found.holds else "false"
                words = remark(f"{entry.instrument}: {found.limit}")
                yield f"(and (> {quantity} 0.0) (not {holds})) {words}"


def _out_of_ratio(grants: Sequence[Grant]) -> Iterator[str]:
    """For each basket, what says that a leg is missing, is on the wrong side, or is not as many units as the first."""
    asked = {one.entry.instrument: one for one in grants}
    baskets = {one.entry.basket.name: one.entry.basket for one in grants if one.entry.basket is not None}
    for label in sorted(baskets):
        (first, start), *others = legs = baskets[label].legs
        here = {name: one.entry for name, one in asked.items() if one.entry.basket == baskets[label]}
        if any(name not in here or here[name].side.sign * shares < 0 for name, shares in legs):
            yield f"true {remark(f'{label}: a leg is missing, or on the wrong side')}"
            continue
        for name, shares in others:
            units = times(abs(start), real(asked[name].quantity)), times(abs(shares), real(asked[first].quantity))
            yield f"(not (= {units[0]} {units[1]})) {remark(f'{label}: {name} to {first} is not its ratio')}"
    strangers = [one for one in grants if one.entry.basket is not None
                 and one.entry.instrument not in one.entry.basket.instruments]  # fmt: skip
    yield from (f"true {remark(f'{one.entry.instrument}: no leg of its basket')}" for one in strangers)
