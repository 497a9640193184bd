"""Two files in one set of circumstances: their rows over common columns, and whether one keeps a row of the other.

Shown without a solver where one row covers another, by exact multipliers where a linear programme points at them, by Z3
where only that can tell. What is not kept comes with symbolic steps that break it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Literal

from engine.gate.market import Market
from engine.limits.model import Limit, Limits
from engine.universe.asking import one_sided
from engine.universe.caps import SHARES, VALUE, Cap, Capped, caps, tightest
from engine.universe.cases import Case
from engine.universe.conditions import admitted
from engine.universe.farkas import Certificate, Part, certificate, proves, summed
from engine.universe.polytope import Columns, Line, Polytope, Unsolved
from engine.universe.rows import FOCUS, OWN, ROW_KINDS, Labels, Row, Scope, majorants, root, rows, squared_value
from engine.universe.search import Pattern, Phase, Room, Step, Table, likeliest, outermost, patterns, phases, step

MOST_PROGRAMMES = 500
"""Linear programmes of one question: some seconds."""
MOST_RAYS = 3
SMALL_PART = 20
"""How much larger NAV is than a book that is about money and not about shares of it."""
MOST_ASKED = 3
"""Questions to Z3 of one question about all markets."""
NEAR = 1e-7
"""How far above a bound a maximum in floats may lie and still be tried for a certificate."""
_DEFINING = tuple(
    one.name
    for one in fields(Limit)
    if one.name
    not in ("id", "layer", "bound", "unit", "owner", "source", "effective", "until", "when", "regime", "breach")
)
"""What a limit bounds; the bound with its regime's multiplier and when it is in force are compared apart."""
How = Literal["covered", "farkas", "z3", "broken", "unknown"]


class Spent(Exception):
    """The counted budget of a question is spent."""


@dataclass
class Budget:
    """Counts linear programmes and questions to Z3."""

    most: int = MOST_PROGRAMMES
    programmes: int = 0
    asked: int = 0

    def programme(self) -> None:
        """One more. Raises `Spent`."""
        self.programmes += 1
        if self.programmes > self.most:
            raise Spent(f"{self.most} linear programmes are spent")


@dataclass(frozen=True)
class Kept:
    """Whether a row is kept, how that is known, and what shows it: a certificate, or the point that breaks it."""

    how: How
    certificate: Certificate | None = None
    point: tuple[float, ...] = ()

    @property
    def shown(self) -> bool:
        """Shown to be kept."""
        return self.how in ("covered", "farkas", "z3")


@dataclass(frozen=True)
class Side:
    """One file in these circumstances; `market` is the snapshot's, read with the file's parameters."""

    limits: Limits
    market: Market
    case: Case

    @cached_property
    def in_force(self) -> tuple[Limit, ...]:
        """The limits that bind an entry."""
        return self.case.in_force(self.limits)

    @cached_property
    def caps(self) -> dict[Capped, Cap]:
        """The cap that decides for each number."""
        return dict(tightest(caps(self.in_force, self.market, self.limits.multiplier(self.case.regime))))

    def rows(self, labels: Labels, but: str = "") -> list[Row]:
        """All rows; without those of the limit named `but`."""
        return [row for limit in self.in_force if limit.id != but for row in self.rows_of(limit, labels)]

    def rows_of(self, limit: Limit, labels: Labels) -> Iterator[Row]:
        """The rows of one limit."""
        return rows(limit, self.scope(labels))

    def scope(self, labels: Labels) -> Scope:
        """What rows are made for."""
        return Scope(self.market, self.limits, self.limits.multiplier(self.case.regime), labels)

    def wary(self, labels: Labels) -> list[Row]:
        """Rows that keep every convex limit, and more than that."""
        return [row for limit in self.in_force for row in majorants(limit, self.scope(labels), wary=True)]

    def bound(self, limit: Limit) -> Fraction:
        """Its bound in this regime."""
        return limit.bound * (self.limits.multiplier(self.case.regime) if limit.regime else 1)

    @property
    def slippage(self) -> Fraction:
        """What an order may cost beyond the reference price, as a share of it: the collar."""
        return self.limits.collar(self.case.session)

    def most_shares(self, name: str) -> Fraction | None:
        """What the caps allow an order in one instrument."""
        cap = self.caps.get((SHARES, name))
        return None if cap is None else cap.bound


class View:
    """Rows of both files over one set of columns."""

    def __init__(self, accept: Side, refuse: Side, labels: Labels, but: str = "") -> None:
        self.columns = Columns(tuple(accept.market.terms), labels)
        self.accept = accept.rows(labels, but)
        self.refuse = refuse.rows(labels)
        self._by_key = {row.key: row for row in self.accept}
        self._wary = (accept.wary(labels), refuse.wary(labels))

    @cached_property
    def polytope(self) -> Polytope:
        """What the accepting file allows."""
        return Polytope(self.accept, self.columns)

    @cached_property
    def tables(self) -> list[tuple[Table, Table]]:
        """Both files' rows as arrays: first with room for what is convex, then without a thought for it."""
        plain = Table(self.accept, self.columns), Table(self.refuse, self.columns)
        mine, theirs = self._wary
        if not mine and not theirs:
            return [plain]
        return [(Table([*self.accept, *mine], self.columns), Table([*self.refuse, *theirs], self.columns)), plain]

    def counted(self, target: Row) -> list[Row]:
        """Rows that count from a number of positions on, and count whenever the target does."""
        return [row for row in self.accept if 0 < row.once <= target.once]

    def covering(self, target: Row) -> Row | None:
        """A row that is never smaller and bounded no wider: its namesake, else any."""
        own = self._by_key.get(target.key)
        if own is not None and own.covers(target):
            return own
        return next((row for row in self.accept if row.covers(target)), None)


@dataclass
class Arena:
    """The file that accepts, and the file that shall refuse. `but` names a limit of the first that is left out."""

    accept: Side
    refuse: Side
    budget: Budget = field(default_factory=Budget)
    but: str = ""

    @cached_property
    def labels(self) -> Labels:
        """Strategies and horizons that either file tells apart."""
        return Labels.of((*self.accept.in_force, *self.refuse.in_force))

    @cached_property
    def plain(self) -> View:
        """Every strategy holds one instrument: what a limit by strategy hinders least."""
        return View(self.accept, self.refuse, self.labels, self.but)

    @cached_property
    def focused(self) -> View:
        """One strategy may hold everything."""
        return View(self.accept, self.refuse, self.labels.with_focus(), self.but)

    def view(self, target: Row | None) -> View:
        """The view a target needs."""
        return self.focused if target is not None and target.tag == ("strategy", FOCUS) else self.plain

    def targets(self) -> Iterator[Row]:
        """Every row of the refusing file that has to be kept and is not kept as its limit stands in the other file."""
        asked = [limit for limit in self.refuse.in_force if limit.kind in ROW_KINDS and not self.stands(limit)]
        for limit in asked:
            view = self.focused if limit.by == "strategy" and not limit.only else self.plain
            yield from (row for row in self.refuse.rows_of(limit, view.columns.labels) if row.tag != ("strategy", OWN))

    def stands(self, limit: Limit) -> bool:
        """Whether the other file has the same limit over the same subjects, bounded no wider."""
        twin = self._twins.get(limit.id)
        if twin is None or twin.id == self.but or not same_but_bound(limit, twin):
            return False
        if limit.kind == "stress" and not set(self.refuse.limits.scenarios) <= set(self.accept.limits.scenarios):
            return False
        if limit.kind == "cluster_gross" and self.accept.market.clusters != self.refuse.market.clusters:
            return False
        return self.accept.bound(twin) <= self.refuse.bound(limit)

    @cached_property
    def _twins(self) -> dict[str, Limit]:
        return {one.id: one for one in self.accept.in_force}

    def kept(self, target: Row, known: Sequence[Certificate] = ()) -> Kept:
        """Whether the accepting file keeps a row. Raises `Spent`."""
        view = self.view(target)
        line = view.columns.line(target)
        if _weightless(target):
            return Kept("covered", Certificate(target.key, target.bound, ()))
        covering = view.covering(target)
        if covering is not None:
            return Kept("covered", alone(target, covering))
        lines = [*view.polytope.lines, *(view.columns.line(one) for one in view.counted(target))]
        again = _again(line, lines, known, view.columns.label)
        if again is not None:
            return Kept("farkas", again)
        self.budget.programme()
        try:
            found = view.polytope.largest(target, view.counted(target))
        except Unsolved:
            return Kept("unknown")
        if found.value is None or found.value > float(target.bound) + NEAR:
            return Kept("broken", point=found.point)
        shown = certificate(line, lines, found, view.columns.label)
        return Kept("unknown", point=found.point) if shown is None else Kept("farkas", shown)

    def attested(self, target: Row) -> Kept:
        """The same from Z3, which lets no instrument be long and short at once."""
        if self.budget.asked >= MOST_ASKED:
            return Kept("unknown")
        self.budget.asked += 1
        view = self.view(target)
        lines = [*view.polytope.lines, *(view.columns.line(one) for one in view.counted(target))]
        answer = one_sided(view.columns.line(target), lines, view.columns)
        if answer.verdict == "unsat":
            return Kept("z3")
        return Kept("broken" if answer.verdict == "sat" else "unknown", point=answer.point)

    def steps(
        self, target: Row | None, point: tuple[float, ...] = (), least: Fraction | None = None, about: str = ""
    ) -> Iterator[Step]:
        """Steps that both files allow the book of, and only the refusing one's target forbids. Raises `Spent`.

        Without a target, any order (in the instrument `about`, where one is named) of at least `least`.
        """
        view = self.view(target)
        weights = dict.fromkeys((about,) if about else view.columns.names, Fraction(1))
        anything = target or Row(self.refuse.in_force[0], "", Fraction(0), weights, weights)
        found = phases([*view.accept, *view.refuse], len(view.columns.names))
        for accept, refuse in view.tables:
            for pattern in patterns(anything, point, view.columns):
                order = _order(anything, pattern, point, view.columns)
                for phase in reversed(found):
                    for place in likeliest(anything, pattern, point, view.columns):
                        likely = [one for one in order if one != place]
                        likely.insert(0 if phase.least else phase.most, place)
                        yield from self._step(accept, refuse, target, pattern, phase, place, likely, least)

    def _step(self, accept: Table, refuse: Table, target: Row | None, pattern: Pattern, phase: Phase, place: int,
              likely: Sequence[int], least: Fraction | None) -> Iterator[Step]:  # fmt: skip
        for alone in (True, False) if target is not None else (False,):
            self.budget.programme()
            found = step(accept, refuse, target, pattern, phase, place, self._room(least), likely, alone)
            if found is not None:
                yield found
                return

    def spread(self, low: Fraction, high: Fraction) -> Iterator[tuple[Step, Fraction]]:
        """Steps of an even book whose gross an order carries over an amount of money, with the shares of the order."""
        columns, nav = self.plain.columns, low * SMALL_PART
        count = len(columns.names)
        for at, sign in product(range(min(count, MOST_RAYS)), (1, -1)):
            terms = self.accept.market.terms[columns.names[at]]
            caps = [
                one for side in (self.accept, self.refuse) if (one := side.most_shares(terms.instrument)) is not None
            ]
            lots = min([*(cap / 2 for cap in caps), min(high - low, low) / terms.exposure]) // terms.lot
            worth = lots * terms.lot * terms.exposure
            if lots >= 1 and worth < low:
                each = float((low - worth / 2) / count / nav)
                pattern = Pattern((sign,) * count, (0,) * count)
                step = Step(pattern, (each,) * count, (0.0,) * count, at, float(worth / nav), 0.0, 0.0, 0.0)
                yield step, Fraction(lots * terms.lot)

    def rays(self, limit: Limit, row: Row, point: tuple[float, ...]) -> Iterator[Step]:
        """Steps that carry a convex limit from below its bound to above it, along the ray to a book of the other file.

        The book is the one whose standard deviations add up to the most; how far along the ray the limit's own bound
        is reached is exact, as its value grows in proportion.
        """
        view, bound = self.plain, self.refuse.bound(limit)
        scope = self.refuse.scope(view.columns.labels)
        for pattern in patterns(row, point, view.columns):
            self.budget.programme()
            far = outermost(Table(view.accept, view.columns), row, pattern)
            held = {name: Fraction(far[at] * pattern.signs[at]).limit_denominator(10**9)
                    for at, name in enumerate(view.columns.names)}  # fmt: skip
            reached = root(squared_value(limit, scope, held))
            if reached <= bound:
                continue
            # A little beyond the bound, and before it without a part of one position.
            share = min(Fraction(1), bound / reached * Fraction(51, 50))
            for place in sorted(range(len(far)), key=lambda at: -far[at])[:MOST_RAYS]:
                step = self._along(limit, scope, pattern, held, share, place)
                if step is not None:
                    yield step

    def _along(
        self, limit: Limit, scope: Scope, pattern: Pattern, held: Mapping[str, Fraction], share: Fraction, place: int
    ) -> Step | None:
        names, square = self.plain.columns.names, self.refuse.bound(limit) ** 2
        after = {name: value * share for name, value in held.items()}
        for part in (Fraction(1, 20), Fraction(1, 10), Fraction(1, 5), Fraction(1, 2), Fraction(1)):
            before = {**after, names[place]: after[names[place]] * (1 - part)}
            if squared_value(limit, scope, before) < square * Fraction(999, 1000):
                sizes = tuple(abs(float(before[name])) for name in names)
                order = abs(float(after[names[place]])) * float(part)
                return Step(pattern, sizes, (0.0,) * len(names), place, order, 0.0, 0.0, 0.0)
        return None

    def _room(self, least: Fraction | None) -> Room:
        value = [side.caps[VALUE, ""].bound for side in self._value_sides(least) if (VALUE, "") in side.caps]
        lost = [
            found.most for side in (self.accept, self.refuse) if (found := admitted("day_loss", side.in_force)).limit
        ]
        most = float(min(lost, default=Fraction(1, 2)))
        return Room(
            float(self.accept.slippage),
            float(min(value, default=Fraction(10))),
            0.9 * most / (1 - min(most, 0.9)),
            0.0 if least is None else float(least),
        )

    def _value_sides(self, least: Fraction | None) -> tuple[Side, ...]:
        """Whose cap on an order's value holds: where the value itself is asked about, the accepting file's alone."""
        return (self.accept,) if least is not None else (self.accept, self.refuse)


def _order(target: Row, pattern: Pattern, point: Sequence[float], columns: Columns) -> list[int]:
    """All instruments, those first that the target weighs most where its point holds them."""

    def weight(at: int) -> float:
        name = columns.names[at]
        own = float((target.long if pattern.signs[at] > 0 else target.short).get(name, 0))
        places = (columns.exposure(name, side, one) for side in (1, -1) for one in range(len(columns.classes)))
        held = sum(point[one] for one in places) if point else 0.0
        return own * held + held / 1000

    return sorted(range(len(columns.names)), key=lambda at: (-weight(at), at))


def _weightless(target: Row) -> bool:
    """Whether nothing held counts in a row, so that it is kept by nothing at all."""
    weighs = any(one > 0 for one in (*target.long.values(), *target.short.values()))
    return not (weighs or target.losses or target.lost) and target.bound >= 0


def alone(target: Row, covering: Row) -> Certificate:
    """One row covers another: the multiplier is 1."""
    return Certificate(target.key, target.bound, (Part(Fraction(1), covering.key, covering.limit.id, covering.bound),))


def same_but_bound(one: Limit, other: Limit) -> bool:
    """Whether two limits bound the same thing over the same subjects, for whatever their bounds."""
    return all(getattr(one, part) == getattr(other, part) for part in _DEFINING)


def _again(
    target: Line, lines: Sequence[Line], known: Sequence[Certificate], label: Callable[[int], str]
) -> Certificate | None:
    """A certificate from other circumstances, if it holds in these: the same multipliers of the same rows."""
    places = {line.key: at for at, line in enumerate(lines)}
    for one in known:
        if one.target == target.key and all(part.key in places for part in one.parts):
            multipliers = {places[part.key]: part.multiplier for part in one.parts}
            if proves(target, lines, multipliers):
                return summed(target, lines, multipliers, label)
    return None
