"""One question after the other, as text between `push` and `pop`.

A filling breaks a limit when it makes its value exceed the bound *and* exceed what the same filling without this
decision's entries makes it (promise 1). A limit that reads the same with and without the entries cannot be broken by
them and is not written.

The question about all grants is asked in pieces, one `check-sat` for each subject of each limit: a filling that breaks
any limit breaks some subject of one, so that the answer is unsat when each piece's is. Each is a question of one row,
where all of them together are so many cases that a large desk had no answer within any budget. The questions about one
lot more follow in the order of judgement: what was granted before stands, and is declared once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from engine.gate.proposals import Grant
from engine.limits.model import Limit
from engine.proof.smt_convex import Corners
from engine.proof.smt_costs import costs_of, resting_costs
from engine.proof.smt_desk import Desk, Order, entry_order
from engine.proof.smt_limits import order_bound, rows
from engine.proof.smt_rows import NAV, Reading, Row, View
from engine.proof.smt_text import Unaskable, number, real, remark, times


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
    """One limit of one question: `position.exposure[AAPL]`, the name of its value, and its bound."""

    measure: str
    limit: Limit
    value: str
    bound: Fraction
    ceiling: bool = False
    """Whether the value is a bound that is never too low and no filling comes to it."""


def free(order: Order) -> Iterator[str]:
    """Its fill, anything between nothing and its quantity."""
    words = f"{order.label}: {number(order.quantity)} shares of {number(order.unit)}"
    yield f"(declare-const {order.fill} Real) {remark(words)}"
    yield f"(assert (<= 0.0 {order.fill} {number(order.quantity * order.unit)}))"


class Telling:
    """What all questions share, and the grants that stand when the next one is asked."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.bare = View(desk, {})
        self.standing = desk.standing()
        self.lines: list[str] = []
        self.entries: dict[str, Order] = {}
        self.costs = self.resting = resting_costs(desk)
        self._granted: list[Grant] = []
        self._rows: dict[str, dict[str, Row]] = {}

    def rows(self, limit: Limit) -> dict[str, Row]:
        """Every subject of a limit, by the name of its measure."""
        if limit.id not in self._rows:
            self._rows[limit.id] = {_measure(limit, one): one for one in rows(limit, self.desk)}
        return self._rows[limit.id]

    def stand(self, granted: Sequence[Grant]) -> None:
        """Let exactly these grants stand; those that do already are not declared again."""
        standing = self._granted
        if len(standing) > len(granted) or any(
            one is not other and one != other for one, other in zip(standing, granted, strict=False)
        ):
            self.lines += ("(pop 1)", "(push 1)")
            self._granted, self.entries, self.costs = [], {}, self.resting
        for one in granted[len(self._granted) :]:
            self._granted.append(one)
            for order in self.declare((one,)):
                self.entries[order.instrument] = order
                self.costs = self.costs.beside(costs_of(order, self.desk))

    def declare(self, grants: Iterable[Grant]) -> list[Order]:
        """The orders of grants with figures, each declared; the others have conditions only."""
        orders = []
        for one in grants:
            if (terms := self.desk.market.terms.get(one.entry.instrument)) is not None:
                order = entry_order(one, terms)
                orders.append(order)
                self.lines += free(order)
                self.lines += View(self.desk, {order.instrument: order}).definitions(order.instrument)
        return orders


class Question:
    """One question, written behind those before it."""

    def __init__(self, telling: Telling, asked: Asked) -> None:
        self.telling, self.desk, self.asked = telling, telling.desk, asked
        self.written: list[Written] = []
        self.free: tuple[Order, ...] = ()
        self.checks = 0
        telling.lines.append(remark(f"{asked.name}? expected: {asked.expected}"))
        telling.stand(asked.grants[: len(asked.grants) - len(asked.more)])
        telling.lines.append("(push 1)")
        # Where no limit is in question (a condition or the target forbids the lot), no order is either.
        orders = telling.declare(asked.more) if asked.breaks else []
        self.view = View(self.desk, telling.entries | {one.instrument: one for one in orders}, telling.bare.known)
        self.costs = telling.costs
        for order in orders:
            self.costs = self.costs.beside(costs_of(order, self.desk))
        self.nav = Fraction(self.desk.portfolio.nav) - self.costs.slippage - self.costs.fees
        if not asked.about or asked.breaks:
            telling.lines.append(f"(define-fun {NAV} () Real {number(self.nav)}) ; NAV less what orders cost at worst")
        if asked.about:
            self._about_one()
        else:
            self._about_all()
        telling.lines.append("(pop 1)")

    # --- all grants together --------------------------------------------------------------------------------------

    def _about_all(self) -> None:
        """Conditions and limits of single orders first, which no fill changes; then limit by limit."""
        single = [one for one in self.telling.standing if one.spec.form == "order"]
        self._piece([*self._forbidden(self.asked.grants), *(
            f"(> {value} {most}) {remark(measure)}" for one in single for measure, value, most, _ in self._singles(one)
        )])  # fmt: skip
        for limit in self.telling.standing if self.view.entries else ():
            if limit.spec.form == "linear":
                for broken in self._broken_rows(limit):
                    self._piece((broken,))
        convex = [one for one in self.telling.standing if one.spec.form == "convex"] if self.view.entries else []
        if convex:
            self._piece(self._convex(convex))

    def _piece(self, broken: Iterable[str]) -> None:
        self.telling.lines.append("(push 1)")
        self._check(broken)
        self.telling.lines.append("(pop 1)")

    def _check(self, broken: Iterable[str]) -> None:
        """Whether any of these can be; remarks end lines, so that each has its own."""
        parts = list(broken)
        self.telling.lines.append("(assert (or")
        self.telling.lines += (f"  {part}" for part in parts)
        self.telling.lines += ("  false))", "(check-sat)")
        self.checks += 1

    def _broken_rows(self, limit: Limit) -> Iterator[str]:
        for measure, row in self.telling.rows(limit).items():
            if (read := self._touched(row)) is not None:
                yield f"{self._broken(row, read, read.value())} {remark(measure)}"

    # --- one lot more ---------------------------------------------------------------------------------------------

    def _about_one(self) -> None:
        """What the arithmetic says the lot breaks, and nothing else."""
        broken = list(self._named()) if self.asked.breaks else list(self._forbidden(self.asked.more))
        self._check(broken)
        terms = [*(one.fill for one in self.free), *(one.value for one in self.written)]
        if terms:
            self.telling.lines.append(f"(get-value ({' '.join(terms)}))")

    def _named(self) -> Iterator[str]:
        """For each limit in question, the term that says it is broken. Raises `Unaskable` on a name of none."""
        wanted, moving = set(self.asked.breaks), set[str]()
        ids = {one.partition("[")[0] for one in wanted}
        convex = [one for one in self.telling.standing if one.spec.form == "convex" and one.id in wanted]
        if convex:
            wanted -= {one.id for one in convex}
            moving |= {one.instrument for one in self.view.orders}
            yield from self._convex(convex)
        for limit in self.telling.standing:
            if limit.id not in ids:
                continue
            if limit.spec.form == "order":
                for measure, value, most, bound in self._singles(limit, wanted):
                    wanted.discard(measure)
                    yield f"(> {self._name(measure, limit, value, bound)} {most})"
            elif limit.spec.form == "linear":
                known = self.telling.rows(limit)
                for measure in sorted(wanted & known.keys()):
                    row = known[measure]
                    if (read := self._touched(row)) is not None:
                        wanted.discard(measure)
                        moving.update(read.moving)
                        yield self._broken(row, read, self._name(measure, limit, read.value(), row.most.at(self.nav)))
        if wanted:
            raise Unaskable(f"the entries touch no limit named {', '.join(sorted(wanted))}")
        self.free = tuple(one for one in self.view.orders if one.instrument in moving)

    def _name(self, measure: str, limit: Limit, term: str, bound: Fraction, ceiling: bool = False) -> str:
        """A short name for the value of a limit in question, so that the solver can say what it is."""
        value = f"v{len(self.written)}"
        self.telling.lines.append(f"(define-fun {value} () Real {term}) {remark(measure)}")
        self.written.append(Written(measure, limit, value, bound, ceiling))
        return value

    # --- limits ---------------------------------------------------------------------------------------------------

    def _touched(self, row: Row) -> Reading | None:
        """The row, where the entries change it."""
        read = row.read(self.view, self.telling.bare)
        if row.fees:
            return read.paying(self.costs.fees, self.telling.resting.fees)
        return read if read.changes else None

    def _broken(self, row: Row, read: Reading, shown: str) -> str:
        """The value exceeds the bound, and what the filling without the entries makes it."""
        beyond = f"(> {shown} {row.most.written})"
        if (stood := read.stood) is None:
            return f"(and {beyond} (> {read.growth()} 0.0))"
        return beyond if stood <= row.most.at(self.nav) else f"(and {beyond} (> {shown} {number(stood)}))"

    def _singles(self, limit: Limit, wanted: Collection[str] = ()) -> Iterator[tuple[str, str, str, Fraction]]:
        """A limit of single orders (all, or those that are wanted): measure, value, the bound as written, the bound."""
        for one in self.asked.grants:
            measure, order = f"{limit.id}[{one.entry.instrument}]", self.view.entries.get(one.entry.instrument)
            if order is not None and (measure in wanted or not self.asked.about):
                value, most = order_bound(limit, order, one.entry.limit_price, self.desk)
                yield measure, value, most.written, most.at(self.nav)

    def _convex(self, limits: Sequence[Limit]) -> Iterator[str]:
        corners = Corners(self.view)
        self.telling.lines += corners.definitions()
        for limit in limits:
            bound = corners.most(limit, self.nav)
            value = self._name(limit.id, limit, corners.value(limit), bound, not corners.searched)
            yield corners.broken(limit, value, number(bound))

    # --- conditions -----------------------------------------------------------------------------------------------

    def _forbidden(self, grants: Sequence[Grant]) -> Iterator[str]:
        """`quantity > 0 implies condition`; no more than the target; whole lots; a basket as a whole in its ratio."""
        yield from _out_of_ratio(grants)
        for one in grants:
            quantity, entry = number(one.quantity), one.entry
            yield f"(> {quantity} {number(entry.target)}) {remark(f'{entry.instrument}: more than its target')}"
            if entry.instrument in self.desk.market.terms:
                lot = self.desk.terms(entry.instrument).lot
                whole = number(lot * (one.quantity // lot))
                yield f"(not (= {quantity} {whole})) {remark(f'{entry.instrument}: no whole number of lots of {lot}')}"
            for found in entry.findings:
                holds = "true" if found.holds else "false"
                words = remark(f"{entry.instrument}: {found.limit}")
                yield f"(and (> {quantity} 0.0) (not {holds})) {words}"


def _measure(limit: Limit, row: Row) -> str:
    return f"{limit.id}[{row.subject}]" if row.subject else limit.id


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
