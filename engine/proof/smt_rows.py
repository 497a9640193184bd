"""Rows: what a limit says of one filling, as one linear form over the orders' fills.

A row adds up parts, one for each instrument of its subject. A part is a sum of terms, each a number times a fill or
times what an instrument is long or short after the filling; what cannot move is a number and no term. Which instruments
count, and with what weight, is the limit's to say (`engine.proof.smt_limits`); that a filling makes a value as large as
it can be is nobody's here: the solver looks for it.

Fills and shares are counted in money, at the exposure of a share: a weight is 0.35 then, where it were 59.4895 of a
share at 169.97, and the solver's numbers stay short.

An instrument whose position and orders are all on one side is long (or short) by all of them, in every filling. Where
exits or orders of the other side are about, `|long|` and `|short|` are defined in the text by the sign of its shares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from engine.proof.smt_desk import Desk, Order
from engine.proof.smt_text import name, number, plus, weighted

NAV = "nav"
"""The name of NAV⁻ in the text."""
NOTHING = Fraction(0)


class Sum(NamedTuple):
    """Terms, and the number that is added to them."""

    terms: tuple[str, ...]
    fixed: Fraction

    def written(self) -> str:
        """The sum as one term."""
        return plus((*self.terms, number(self.fixed)) if self.fixed else self.terms)


class Shares(NamedTuple):
    """Shares on one side (1 long, -1 short): what they are worth is the sum of these names and of what is fixed."""

    side: int
    names: tuple[str, ...]
    fixed: Fraction


@dataclass(frozen=True, slots=True)
class Known:
    """What was written of an instrument, with its entry and without: the same in all questions of a script."""

    parts: dict[tuple[tuple[object, ...], str, bool], Sum] = field(default_factory=dict)
    sides: dict[tuple[str, bool], tuple[Shares, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """One filling, with the orders of these entries by instrument (none: the same filling without them)."""

    desk: Desk
    entries: Mapping[str, Order]
    known: Known = field(default_factory=Known)

    @cached_property
    def present(self) -> tuple[str, ...]:
        """Instruments with shares or an order in this filling."""
        standing = self.desk.standing_names
        return tuple(sorted({*standing, *self.entries} & {*self.desk.names})) if self.entries else standing

    @cached_property
    def orders(self) -> tuple[Order, ...]:
        """All orders that fill in it."""
        return (*self.entries.values(), *self.desk.resting)

    def own(self, instrument: str) -> tuple[Order, ...]:
        """The orders of one instrument."""
        resting, entry = self.desk.resting_in.get(instrument, ()), self.entries.get(instrument)
        return resting if entry is None else (*resting, entry)

    def shares(self, instrument: str) -> str:
        """`x`: shares after the filling, in their unit."""
        signed = (one.fill if one.sign > 0 else f"(- {one.fill})" for one in self.own(instrument))
        return Sum(tuple(signed), self.desk.position(instrument) * self.desk.unit(instrument)).written()

    def sides(self, instrument: str) -> tuple[Shares, ...]:
        """The shares it is long, and those it is short."""
        key = (instrument, instrument in self.entries)
        if key not in self.known.sides:
            self.known.sides[key] = self._sides(instrument)
        return self.known.sides[key]

    def _sides(self, instrument: str) -> tuple[Shares, ...]:
        orders, held = self.own(instrument), self.desk.position(instrument)
        if self._turns(instrument):
            return tuple(Shares(side, (self._named(side, instrument),), NOTHING) for side in (1, -1))
        side = 1 if held > 0 or (held == 0 and orders and orders[0].sign > 0) else -1
        return (Shares(side, tuple(one.fill for one in orders), abs(held) * self.desk.unit(instrument)),)

    def _turns(self, instrument: str) -> bool:
        """Whether it takes more than the signs to see on which side it ends."""
        orders, held = self.own(instrument), self.desk.position(instrument)
        ways = {one.sign for one in orders} | ({1 if held > 0 else -1} if held else set())
        return len(ways) > 1 or any(one.reducing for one in orders)

    def _named(self, side: int, instrument: str) -> str:
        when = "after" if instrument in self.entries else "before"
        return name("long" if side > 0 else "short", when, instrument)

    def definitions(self, instrument: str) -> Iterator[str]:
        """The two sides of an instrument that may end on either."""
        if not self._turns(instrument):
            return
        long, short = (self._named(side, instrument) for side in (1, -1))
        shares = self.shares(instrument)
        yield f"(declare-const {long} Real)"
        yield f"(declare-const {short} Real)"
        yield f"(assert (= {long} (ite (< {shares} 0.0) 0.0 {shares})))"
        yield f"(assert (= {short} (- {long} {shares})))"


class Part(NamedTuple):
    """What one instrument adds to a value; `what` says everything that it depends on besides the instrument."""

    what: tuple[object, ...]
    of: Callable[[View, str], Sum]

    def at(self, view: View, instrument: str) -> Sum:
        """Written once for all questions in which the instrument has an entry, and once for the others."""
        if not self.what:
            return self.of(view, instrument)
        written, key = view.known.parts, (self.what, instrument, instrument in view.entries)
        if key not in written:
            written[key] = self.of(view, instrument)
        return written[key]


def by_shares(what: tuple[object, ...], weight: Callable[[Desk, str, int], Fraction]) -> Part:
    """So much for each unit of exposure long (1) or short (-1)."""

    def of(view: View, instrument: str) -> Sum:
        terms, fixed = [], NOTHING
        worth = view.desk.worth(instrument)
        for side, names, held in view.sides(instrument):
            each = weight(view.desk, instrument, side)
            if worth != 1:
                each *= worth
            if each:
                terms += [weighted(each, one) for one in names]
                fixed += each * held if held else 0
        return Sum(tuple(terms), fixed)

    return Part(what, of)


def by_fills(
    what: tuple[object, ...], weight: Callable[[Desk, Order], Fraction], start: Callable[[Desk, str], Fraction]
) -> Part:
    """So much at the start, and so much for each share of an order that fills."""

    def of(view: View, instrument: str) -> Sum:
        each = ((weight(view.desk, one) / one.unit, one.fill) for one in view.own(instrument))
        return Sum(tuple(weighted(one, fill) for one, fill in each if one), start(view.desk, instrument))

    return Part(what, of)


class Most(NamedTuple):
    """A bound: a share of NAV⁻, or an amount."""

    amount: Fraction
    of_nav: bool
    written: str

    def at(self, nav: Fraction) -> Fraction:
        """The bound where NAV⁻ is this."""
        return self.amount * nav if self.of_nav else self.amount


def share_of_nav(share: Fraction) -> Most:
    """A share of NAV⁻."""
    return Most(share, True, weighted(share, NAV) if share else number(NOTHING))


def amount(fixed: Fraction) -> Most:
    """A number of whatever the value is in."""
    return Most(fixed, False, number(fixed))


@dataclass(frozen=True, slots=True)
class Row:
    """One subject of a limit: what is there before any part, the instruments with the parts they add, and the bound."""

    subject: str
    parts: tuple[tuple[frozenset[str], Part], ...]
    most: Most
    start: Fraction = NOTHING
    fees: bool = False
    """Whether all fees of the question count as well."""

    def read(self, view: View, without: View) -> Reading:
        """What it says of a filling; `without` is the same filling without the entries of `view`."""
        terms, after, before = list[str](), list[str](), list[str]()
        fixed, more, moving = self.start, NOTHING, list[str]()
        entries, standing = view.entries, view.desk.standing_set
        for members, part in self.parts:
            for one in view.present:
                if one not in members:
                    continue
                added = part.at(view, one)
                if added.terms:
                    terms += added.terms
                    moving.append(one)
                if added.fixed:
                    fixed += added.fixed
                if one in entries:
                    after += added.terms
                    more += added.fixed
                    if one in standing:
                        was = part.at(without, one)
                        before += was.terms
                        more -= was.fixed
        return Reading(tuple(terms), fixed, tuple(after), tuple(before), more, tuple(moving))


class Reading(NamedTuple):
    """A row in one filling: its value, and how the entries change it."""

    terms: tuple[str, ...]
    fixed: Fraction
    after: tuple[str, ...]
    """The terms of the instruments with an entry, as `terms` has them, and as they were without the entries."""
    before: tuple[str, ...]
    more: Fraction
    """What the entries add to what is fixed."""
    moving: tuple[str, ...]
    """The instruments whose orders change the value."""

    @property
    def changes(self) -> bool:
        """Whether the entries change it at all."""
        return self.after != self.before or self.more != 0

    def paying(self, fees: Fraction, before: Fraction) -> Reading:
        """The same with all fees counted, of which so many are paid without the entries."""
        return self._replace(fixed=self.fixed + fees, more=self.more + fees - before)

    def value(self) -> str:
        """The value as one term."""
        return Sum(self.terms, self.fixed).written()

    def growth(self) -> str:
        """What the entries change it by, as one term; what stands on both sides is left out."""
        came, gone = Counter(self.after), Counter(self.before)
        terms = (*(came - gone).elements(), *(weighted(-1, one) for one in (gone - came).elements()))
        return Sum(terms, self.more).written()

    @property
    def stood(self) -> Fraction | None:
        """The value without the entries, where nothing moves it."""
        return None if self.before or len(self.terms) > len(self.after) else self.fixed - self.more
