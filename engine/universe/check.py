"""`limits check`: what a limits file says of the desk's universe before anything is held.

Found, exit status 1: a regime in which not one lot fits; a number of positions from which on no book is inside; an exit
that some trading state or limit would block; a limit that is not monotone. Noted: a limit that can never bind beside
the others, with multipliers where its value is a sum; instruments in which no lot fits; what was left out.

The first and the exits are asked of the code that decides every day, with the desk's NAV; the others are about shares
of NAV⁻ and hold for every NAV. Limits that contradict each other in the text alone are refused when the file loads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from engine.exits import propose_exits, rule_on_exits
from engine.gate.circumstances import Circumstances
from engine.gate.market import Market
from engine.gate.proposals import Entry
from engine.gate.reach import read_book
from engine.gate.sizing import limit_price
from engine.limits.kinds import TRADING_STATES
from engine.limits.model import Limit, Limits
from engine.orders.order import Side
from engine.orders.portfolio import Mode, Operations, Portfolio, Position
from engine.telling.figures import amount, percent
from engine.universe.arena import Arena, Budget, Spent
from engine.universe.arena import Side as File
from engine.universe.caps import CAP_KINDS, SHARES, Cap, caps
from engine.universe.cases import Case, TooMany, cases
from engine.universe.conditions import RANGES, STATE_RANGES, admitted, impossible
from engine.universe.farkas import Certificate, certificate
from engine.universe.polytope import Unsolved
from engine.universe.replay import Asked, replay
from engine.universe.rows import CONVEX_KINDS, HORIZONS, ROW_KINDS, Row, majorants
from knowledge.door import admit, freeze
from knowledge.values import Json, text

NEAR_ZERO = 1e-9
FEW_LOTS = 10
"""Lots of the positions whose exits are asked for."""
ONE = Fraction(1)


@dataclass(frozen=True)
class Finding:
    """One thing found (or noted), the limits it is about, and the sum that shows it, where there is one."""

    what: str
    limits: tuple[str, ...]
    sentence: str
    note: bool = False
    certificate: Certificate | None = None

    def to_json(self) -> Json:
        """The canonical JSON value."""
        shown = {} if self.certificate is None else {"certificate": self.certificate.to_json()}
        return {"what": self.what, "limits": list(self.limits), "sentence": self.sentence, "note": self.note, **shown}


@dataclass(frozen=True)
class Check:
    """Everything found, and what was looked at."""

    findings: tuple[Finding, ...]
    instruments: tuple[str, ...]
    cases: int
    monotone: int
    """Limits whose encoding was looked at and is monotone."""
    budget: Budget

    @property
    def found(self) -> tuple[Finding, ...]:
        """Without the notes."""
        return tuple(one for one in self.findings if not one.note)

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "found": len(self.found),
            "findings": [one.to_json() for one in self.findings],
            "monotone": self.monotone,
            "instruments": list(self.instruments),
            "circumstances": self.cases,
            "programmes": self.budget.programmes,
        }


def check(limits: Limits, market: Market, nav: Decimal, currency: str) -> Check:
    """Look at one file over a snapshot's market. Pure; budgets are counted."""
    budget = Budget()
    asking = _Asking(limits, market, nav, currency, budget)
    try:
        asking.where = cases((limits,), market.session)
    except TooMany as error:
        found = Finding("circumstances", (), f"{error}: not looked at")
        return Check((found,), tuple(market.terms), 0, 0, budget)
    findings: list[Finding] = []
    try:
        findings += asking.no_lot()
        findings += asking.no_book()
        findings += asking.blocked_exits()
        findings += asking.not_monotone()
        findings += asking.never_bind()
    except Spent as error:
        findings.append(Finding("budget", (), f"{error}: what was not looked at is not known"))
    findings += asking.left_out()
    order = sorted(findings, key=lambda one: one.note)
    return Check(tuple(order), tuple(market.terms), len(asking.where), asking.monotone, budget)


@dataclass
class _Asking:
    """One file, and the circumstances it tells apart."""

    limits: Limits
    market: Market
    nav: Decimal
    currency: str
    budget: Budget
    where: list[Case] = field(default_factory=list)
    monotone: int = 0

    # --- lots -----------------------------------------------------------------------------------------------------

    def no_lot(self) -> Iterator[Finding]:
        """Cases in which the gate grants not one lot from an empty book, and instruments it grants none of anywhere."""
        nowhere: dict[str, tuple[str, ...]] = {}
        fits: set[str] = set()
        for case in self.where:
            if not case.open_under(self.limits):
                continue
            reasons = {name: self._refused(case, name) for name in self.market.terms}
            fits |= {name for name, why in reasons.items() if not why}
            nowhere |= {name: why for name, why in reasons.items() if why}
            if all(reasons.values()):
                core = tuple(sorted({limit for why in reasons.values() for limit in why}))
                words = f"{case}: not one lot of any instrument fits from an empty book of {self._money}"
                yield Finding("no lot fits", core, f"{words}; {', '.join(core)} refuse it")
        gone = {name: why for name, why in nowhere.items() if name not in fits}
        if fits and gone:
            core = tuple(sorted({limit for why in gone.values() for limit in why}))
            words = f"in no circumstances does one lot of {_listed(gone)} fit into an empty book of {self._money}"
            yield Finding("no lot fits", core, f"{words}; {', '.join(core)} refuse it", note=True)

    @property
    def _money(self) -> str:
        return f"{amount(self.nav, 2)} {self.currency}"

    def _refused(self, case: Case, name: str) -> tuple[str, ...]:
        """Limits that refuse one lot on both sides; empty where one side fits."""
        found: list[str] = []
        for side in (Side.BUY, Side.SELL):
            told = replay(Asked(case, self._portfolio(), self._lot(case, name, side)), self.market, self.limits)
            if told.quantity > 0:
                return ()
            found += told.reasons
        return tuple(dict.fromkeys(found))

    def _lot(self, case: Case, name: str, side: Side) -> Entry:
        terms = self.market.terms[name]
        edge = limit_price(terms, side, self.limits.collar(case.session))
        # The nearest stop there is: what it loses there is the least it can.
        stop = terms.price if side is Side.BUY else max(terms.price, edge)
        return Entry(name, side, ONE, Fraction(terms.lot), edge, stop, "desk", self._horizon, ())

    @property
    def _horizon(self) -> str:
        """A horizon that no limit by horizon names, if there is one."""
        named = {one.only for one in self.limits.limits if one.by == "horizon"}
        return next((one for one in HORIZONS if one not in named), HORIZONS[0])

    def _portfolio(self, *positions: Position, **operations: bool) -> Portfolio:
        zero = Decimal(0)
        return Portfolio("check", Mode.BACKTEST, self.currency, self.nav, self.nav, self.nav, zero, self.nav, zero,
                         positions, (), Operations(**operations))  # type: ignore[arg-type]  # fmt: skip

    # --- books ----------------------------------------------------------------------------------------------------

    def no_book(self) -> Iterator[Finding]:
        """Limits that count from a number of positions on, and then leave no book at all."""
        told: set[tuple[str, ...]] = set()
        for case in self.where:
            arena = self._arena(case)
            view = arena.plain
            counted = [row for row in view.accept if 0 < row.once <= len(view.columns.names)]
            for once in sorted({row.once for row in counted}):
                found = self._empty(arena, once)
                if found is not None and found.limits not in told:
                    told.add(found.limits)
                    yield replace(found, sentence=f"{case}: {found.sentence}")

    def _empty(self, arena: Arena, once: int) -> Finding | None:
        """A core of limits under which no book with so many positions is inside, with the sum that shows it."""
        view = arena.plain
        weights = dict.fromkeys(view.columns.names, ONE)
        anything = Row(view.accept[0].limit, "", Fraction(0), weights, weights)
        extra = [row for row in view.accept if 0 < row.once <= once]
        self.budget.programme()
        most = view.polytope.largest(anything, extra)
        if most.value is None or most.value > NEAR_ZERO:
            return None
        lines = [*view.polytope.lines, *(view.columns.line(row) for row in extra)]
        shown = certificate(view.columns.line(anything), lines, most, view.columns.label)
        if shown is None:
            return None
        shown = replace(shown, target="everything held")
        core = tuple(dict.fromkeys(part.limit for part in shown.parts))
        words = f"once {once} positions are held, no book of {len(view.columns.names)} instruments is inside"
        return Finding("no book fits", core, words, certificate=shown)

    def _arena(self, case: Case, but: str = "") -> Arena:
        file = File(self.limits, self.market, case)
        return Arena(file, file, self.budget, but)

    # --- exits ----------------------------------------------------------------------------------------------------

    def blocked_exits(self) -> Iterator[Finding]:
        """Exits of longs and shorts in every instrument, in every trading state, as the engine rules on them."""
        told: set[str] = set()
        for case in self.where:
            for state in TRADING_STATES:
                for side in (1, -1):
                    for name, why in self._held_back(case, state, side):
                        if why not in told:
                            told.add(why)
                            words = f"{case}, state {state}: an exit of {name} would be blocked: {why}"
                            yield Finding("an exit is blocked", (), words)

    def _held_back(self, case: Case, state: str, side: int) -> Iterator[tuple[str, str]]:
        positions = [self._position(name, side) for name in self.market.terms]
        asked = [admit("exit", {"instrument": name, "rule": "check"}) for name in self.market.terms]
        portfolio = self._portfolio(*positions, kill_switch=state == "halted")
        place = replace(self.market, session=case.session, figures=case.known)
        in_force = self.limits.in_force(case.session, case.regime, state, case.known)
        going = propose_exits(asked, portfolio, place, in_force)
        exits = tuple(one for one, _ in going)
        book = read_book(portfolio, exits, place, self.limits)
        empty = freeze(f"{case.session}T21:00:00Z", tuple(self.market.terms), ())
        here = Circumstances(empty, portfolio, place, book, exits, self.limits, regime=case.regime, state=state)
        ruled = {one.exit.instrument: one for one in rule_on_exits(going, here)}
        for held in positions:
            found = ruled.get(held.instrument)
            if found is None:
                yield held.instrument, "it was not proposed"
            elif found.held_back is not None:
                yield held.instrument, found.held_back
            elif found.exit.quantity <= 0 or found.exit.side.sign * held.quantity >= 0:
                yield held.instrument, "it would close nothing"

    def _position(self, name: str, side: int) -> Position:
        terms = self.market.terms[name]
        price = Decimal(terms.price.numerator) / Decimal(terms.price.denominator)
        multiplier = Decimal(terms.multiplier.numerator) / Decimal(terms.multiplier.denominator)
        quantity = Decimal(side * FEW_LOTS * terms.lot)
        return Position(name, quantity, price, price, price, 1, terms.currency, multiplier, "desk", self._horizon)

    # --- the shape of limits --------------------------------------------------------------------------------------

    def not_monotone(self) -> Iterator[Finding]:
        """Rows whose worst value over a reach could fall as the reach grows, or whose bound could rise."""
        good, bad = set[str](), dict[str, str]()
        for case in self.where:
            for row in self._arena(case).plain.accept:
                fault = _shape_fault(row)
                if fault:
                    bad.setdefault(row.limit.id, f"{row.key}: {fault}")
                else:
                    good.add(row.limit.id)
            for cap in caps(case.in_force(self.limits), self.market, self.limits.multiplier(case.regime)):
                # A reserve is written as a negative bound, and refers to NAV, which no order changes.
                if cap.bound < 0 and cap.limit.kind != "cash_reserve":
                    bad.setdefault(cap.limit.id, f"{cap.key}: its bound is below zero")
                else:
                    good.add(cap.limit.id)
            good |= {one.id for one in case.in_force(self.limits) if not _has_reach(one)}
        self.monotone = len(good - bad.keys())
        for limit, words in sorted(bad.items()):
            yield Finding("not monotone", (limit,), f"{words}; a larger reach could pass where a smaller one does not")

    # --- what never binds -----------------------------------------------------------------------------------------

    def never_bind(self) -> Iterator[Finding]:
        """Limits that the others keep in all circumstances in which they are in force."""
        open_cases = [case for case in self.where if case.open_under(self.limits)]
        for limit in {one.id: one for one in self.limits.limits}.values():
            own = [case for case in open_cases if any(one.id == limit.id for one in case.in_force(self.limits))]
            if own:
                found = self._never(limit, own)
                if found is not None:
                    yield found

    def _never(self, limit: Limit, own: Sequence[Case]) -> Finding | None:
        if limit.kind in ROW_KINDS or limit.kind in CONVEX_KINDS:
            return self._rows_never(limit, own)
        if limit.kind == "order_value":
            return self._caps_never(limit, own) or self._rows_never(limit, own)
        if limit.kind in CAP_KINDS:
            return self._caps_never(limit, own)
        if limit.kind in RANGES or limit.kind in STATE_RANGES:
            return self._figures_never(limit, own)
        return None

    def _rows_never(self, limit: Limit, own: Sequence[Case]) -> Finding | None:
        shown: list[Certificate] = []
        for case in own:
            arena = self._arena(case, but=limit.id)
            for row in self._targets(limit, arena):
                try:
                    kept = arena.kept(row, shown)
                except Unsolved:
                    return None
                if not kept.shown or kept.certificate is None:
                    return None
                if not any(one.target == kept.certificate.target for one in shown) or kept.how == "farkas":
                    shown.append(kept.certificate)
        if not shown:
            return None
        most = max(shown, key=lambda one: (len(one.parts), one.total / one.bound if one.bound else 0))
        others = tuple(sorted({part.limit for one in shown for part in one.parts}))
        words = f"{limit.id} can never bind beside {', '.join(others) or 'nothing'}"
        return Finding("never binds", (limit.id,), words, note=True, certificate=most)

    def _targets(self, limit: Limit, arena: Arena) -> Iterator[Row]:
        if limit.kind == "order_value":
            for name in arena.plain.columns.names:
                weight = {name: 1 + arena.accept.slippage}
                yield Row(limit, f"{name} at worst", limit.bound, weight, weight)
        elif limit.kind in CONVEX_KINDS:
            (own,) = (one for one in arena.refuse.in_force if one.id == limit.id)
            yield from majorants(own, arena.refuse.scope(arena.plain.columns.labels), wary=False)
        else:
            yield from (row for row in arena.targets() if row.limit.id == limit.id)

    def _caps_never(self, limit: Limit, own: Sequence[Case]) -> Finding | None:
        before: set[str] = set()
        for case in own:
            found = list(caps(case.in_force(self.limits), self.market, self.limits.multiplier(case.regime)))
            for cap in (one for one in found if one.limit.id == limit.id):
                tighter = _tighter(cap, found, {name: terms.lot for name, terms in self.market.terms.items()})
                if tighter is None:
                    return None
                before.add(tighter.limit.id)
        words = f"{limit.id} can never bind: {', '.join(sorted(before))} always does first"
        return Finding("never binds", (limit.id,), words, note=True)

    def _figures_never(self, limit: Limit, own: Sequence[Case]) -> Finding | None:
        before: set[str] = set()
        for case in own:
            decides = admitted(limit.kind, case.in_force(self.limits))
            if impossible(decides):
                return None
            if decides.limit is None or decides.limit.id == limit.id:
                span = RANGES.get(limit.kind) or STATE_RANGES[limit.kind]
                edge = limit.bound <= span.low if span.floor else limit.bound > span.high or (
                    limit.kind in RANGES and limit.bound >= span.high
                )  # fmt: skip
                if not edge:
                    return None
                before.add(f"nothing lies beyond {text(limit.bound)}")
            elif limit.then in ("", decides.limit.then):
                before.add(f"{decides.limit.id} always does first")
            else:
                return None
        return Finding("never binds", (limit.id,), f"{limit.id} can never bind: {'; '.join(sorted(before))}", note=True)

    # --- what was left out ----------------------------------------------------------------------------------------

    def left_out(self) -> Iterator[Finding]:
        """Instruments without figures, limits that are never in force from here on."""
        if self.market.missing:
            words = f"the snapshot lacks figures of {_listed(self.market.missing)}: no entry there, and nothing asked"
            yield Finding("left out", (), words, note=True)
        seen = {id(one) for case in self.where for one in case.in_force(self.limits)}
        never = sorted({one.id for one in self.limits.limits if id(one) not in seen})
        if never and self.where:
            words = f"from {self.where[0].session} on never in force for an entry: {', '.join(never)}"
            yield Finding("left out", tuple(never), words, note=True)


def _has_reach(limit: Limit) -> bool:
    """Whether a limit bounds something that grows with the reach."""
    return limit.spec.form in ("order", "linear", "convex") and limit.kind != "price_collar"


def _shape_fault(row: Row) -> str:
    """Why a row is not monotone; empty where it is."""
    if row.bound < 0:
        return f"its bound {percent(row.bound)} is below zero, and would rise as NAV⁻ falls"
    if row.limit.kind == "concentration":
        # |x| of one less a share of all: the others count with their least, which no larger reach raises.
        return "" if 0 <= row.limit.bound <= 1 else "more than all of one instrument makes it look less concentrated"
    for name in sorted(row.long.keys() | row.short.keys()):
        # max(long·x, −short·x) is convex, so that its worst value lies at an end of the reach, just where this holds.
        if row.long.get(name, 0) + row.short.get(name, 0) < 0:
            return f"long and short in {name} weigh less together than nothing"
    return ""


def _tighter(cap: Cap, found: Sequence[Cap], lots: Mapping[str, int]) -> Cap | None:
    """Another limit's cap on the same number that leaves no room for this one to bind."""
    for one in sorted(found, key=lambda other: (other.bound, other.limit.id)):
        if one.limit.id == cap.limit.id or one.capped != cap.capped:
            continue
        if cap.capped[0] == SHARES:
            lot = lots[cap.capped[1]]
            if one.bound // lot < cap.bound // lot or (one.bound // lot == cap.bound // lot and one.bound < cap.bound):
                return one
        elif one.bound < cap.bound:
            return one
    return None


def _listed(names: Mapping[str, object], most: int = 5) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return f"{', '.join(shown[:most])}{more}"
