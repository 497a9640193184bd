"""`limits prove`: promises 1 to 4 as theorems over the encoding of a desk's own limits.

What is proved, limit by limit, with the numbers of the file: a book of two instruments with an entry each stands for
any book, because the value of a linear limit is a sum over instruments. Everybody else is a free number: the worst they
come to, and whatever they come to in a filling, which is no more than that. Positions, orders, fills, prices, costs and
NAV are free, exposures weighted, so that a weight matters by its sign (and, for margins, by long against short) alone;
which weights there are is read off the snapshot. What conditions guarantee is assumed and nothing more: an entry
extends a position or starts from flat, with no opposite order but exits that close at most the position
(`wash_trade`, `duplicate_order`), and NAV is above zero (`data_complete`).

A theorem is a text whose answer must be *unsat*: its negation. Left out: convex limits (no linear claim; the lemma and
its property tests stand for them), baskets, and flags, which have no bound to lower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from engine.gate.market import Market
from engine.limits.model import Limit, Limits
from engine.proof.smt_text import real
from engine.universe.caps import CAP_KINDS, SHARES
from engine.universe.cases import Case, cases
from engine.universe.conditions import RANGES, STATE_RANGES
from engine.universe.rows import ROW_KINDS, Labels, Scope, rows
from knowledge.values import Json, canonical, digest

BUDGET = 20_000_000
"""Resource units of one theorem."""
PROMISES = {
    1: "sound: however orders fill, the limit holds or is no worse than without the entries",
    2: "exits are free: no number refuses them, they never cross zero, and pacing leaves some",
    3: "removing is safe: with an entry smaller or gone, what is left would still be granted",
    4: "tighter never grants more: what a lower bound grants, the higher one grants",
}
Shape = tuple[Fraction, Fraction]
"""Weights (long, short) of an absolute exposure, up to a positive factor."""


@dataclass(frozen=True)
class Theorem:
    """One promise for one limit (or for all, where it is about all): the negation as SMT-LIB text."""

    promise: int
    about: str
    encoding: str
    """How it is encoded, in a sentence."""
    text: str

    @property
    def digest(self) -> str:
        """Of the text: what was proved once is proved, as long as it says the same."""
        return digest(canonical(self.text))

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {"promise": self.promise, "about": self.about, "encoding": self.encoding, "digest": self.digest}


@dataclass(frozen=True, slots=True)
class Settled:
    """`proved`, `counterexample` or `unknown`, what it took, and the values of the counterexample."""

    answer: str
    resources: int
    values: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {"answer": self.answer, "resources": self.resources, "values": [list(one) for one in self.values]}


def theorems(limits: Limits, market: Market) -> list[Theorem]:
    """Every theorem for the limits in force from the snapshot's session on, by promise and limit."""
    found: dict[tuple[int, str, str], Theorem] = {}
    for case in cases((limits,), market.session):
        for one in _of_case(limits, market, case):
            found.setdefault((one.promise, one.about, one.text), one)
    return [found[key] for key in sorted(found)]


def not_encoded(limits: Limits) -> list[str]:
    """Ids of limits no theorem is about: convex ones, flags, and the collar, which is a parameter."""
    told = (*ROW_KINDS, *CAP_KINDS, *RANGES, *STATE_RANGES)
    return sorted({one.id for one in limits.limits if one.kind not in told})


def settle(theorem: Theorem, budget: int = BUDGET) -> Settled:
    """Ask Z3, within a counted budget. The caller watches the clock."""
    import z3

    context = z3.Context()
    solver = z3.SolverFor("QF_LIRA", ctx=context)
    solver.set("rlimit", budget)
    solver.from_string(theorem.text)
    verdict = str(solver.check())
    spent = int(solver.statistics().get_key_value("rlimit count"))
    if verdict == "unsat":
        return Settled("proved", spent)
    if verdict != "sat":
        return Settled("unknown", spent)
    model = solver.model()
    return Settled("counterexample", spent, tuple(sorted((one.name(), str(model[one])) for one in model.decls())))


def _of_case(limits: Limits, market: Market, case: Case) -> Iterator[Theorem]:
    in_force = case.in_force(limits)
    scope = Scope(market, limits, limits.multiplier(case.regime), Labels.of(in_force))
    where = f" in regime {case.regime}" if any(one.regime for one in in_force) else ""
    for limit in in_force:
        named = f"{limit.id}{where if limit.regime else ''}"
        values = _values(limit, scope)
        for value in values:
            yield from _of_value(limit, named, value)
        if not values and (limit.kind in RANGES or limit.kind in STATE_RANGES):
            yield Theorem(4, named, "the figure is free, and so is the lower bound", _condition(limit))
    yield from _of_all(in_force, market, scope)


def _of_value(limit: Limit, named: str, value: Value) -> Iterator[Theorem]:
    """Promises 1 to 4 for one limit over one book."""
    yield Theorem(1, named, value.words, _script(value, _sound(value)))
    if not value.own:
        words = "the same with exits and stops alone, at any bound and from any book"
        yield Theorem(2, named, words, _script(value, _exits_free(value)))
    yield Theorem(3, named, value.words, _script(value, _removing(value)))
    if limit.kind == "concentration":
        words = "own worst and the others' least never fall together: that times both shares' difference is "
        yield Theorem(4, named, f"{words}what sets them apart", _script(value, _tighter_share()))
    else:
        yield Theorem(4, named, value.words, _script(value, _tighter(value)))


# --- what a limit bounds ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Value:
    """One limit over the symbolic book, as terms: what it is in a filling and at worst, with which bound.

    `worst` and `filled` take the suffix of the entries (`""` as granted, `-less` smaller); `bound` the name of NAV⁻.
    """

    limit: Limit
    words: str
    declared: tuple[str, ...]
    worst: Callable[[str], str]
    base: str
    filled: str
    without: str
    bound: Callable[[str], str]
    lower: tuple[str, ...]
    """That `tighter` is the bound for a tighter limit, at NAV⁻."""
    own: bool = False
    """Whether each entry is bounded by itself, whatever stood before."""


def _values(limit: Limit, scope: Scope) -> list[Value]:
    """The limit's value over each book that differs; none for kinds that bound no number of an order or of the book."""
    if limit.kind == "credit":
        return _in_money(limit, scope)
    make = _VALUES.get(limit.kind)
    if make is not None:
        return [make(limit, scope)]
    return _exposures(limit, scope) if limit.kind in ROW_KINDS else []


def _exposures(limit: Limit, scope: Scope) -> list[Value]:
    """Sums of `max(long·x, −short·x)`: each of the two instruments has any of the weights that its row has."""
    sets = {
        frozenset(_scaled(row.long.get(name, Fraction(0)), row.short.get(name, Fraction(0)))
                  for name in row.long.keys() | row.short.keys())
        for row in rows(limit, scope)
    }  # fmt: skip
    return [_weighed(limit, scope, sorted(one)) for one in sorted(sets, key=sorted)
            if one and not any(one < other for other in sets)]  # fmt: skip


def _weighed(limit: Limit, scope: Scope, shapes: Sequence[Shape]) -> Value:
    declared = [f"(declare-const shape-{one} Int)" for one in "AB"]
    declared += [f"(assert (and (<= 0 shape-{one}) (< shape-{one} {len(shapes)})))" for one in "AB"]
    declared += [_weigh(one, shapes) for one in "AB"]
    return Value(
        limit,
        f"two instruments with weights (long, short) among {', '.join(f'({a}, {b})' for a, b in shapes)}, and the rest",
        (*declared, "(declare-const rest Real)", "(declare-const rest-filled Real)", "(assert (<= rest-filled rest))"),
        lambda less: f"(+ (worst-A low-A{less} high-A{less}) (worst-B low-B{less} high-B{less}) rest)",
        "(+ (worst-A low-A-none high-A-none) (worst-B low-B-none high-B-none) rest)",
        "(+ (weight-A x-A) (weight-B x-B) rest-filled)",
        "(+ (weight-A x-A-none) (weight-B x-B-none) rest-filled)",
        _share(scope.bound(limit)),
        _lower(scope.bound(limit)),
    )


def _scaled(long: Fraction, short: Fraction) -> Shape:
    size = max(abs(long), abs(short))
    return (long / size, short / size) if size else (Fraction(0), Fraction(0))


def _weigh(one: str, shapes: Sequence[Shape]) -> str:
    """`weight` of x and the worst of it between two ends, for the shape that is chosen."""
    term = "0.0"
    for at, (long, short) in enumerate(shapes):
        own = f"(ite (>= x 0.0) (* {real(long)} x) (* {real(-short)} x))"
        term = f"(ite (= shape-{one} {at}) {own} {term})"
    weigh = f"(define-fun weight-{one} ((x Real)) Real {term})"
    ends = f"(ite (>= (weight-{one} a) (weight-{one} b)) (weight-{one} a) (weight-{one} b))"
    return f"{weigh}\n(define-fun worst-{one} ((a Real) (b Real)) Real {ends})"


def _share(bound: Fraction) -> Callable[[str], str]:
    return lambda nav: f"(* {real(bound)} {nav})"


def _lower(bound: Fraction) -> tuple[str, ...]:
    """`tighter` is a smaller share of NAV⁻, of whichever sign NAV⁻ is."""
    whole = f"(* {real(bound)} nav)"
    return (
        f"(assert (=> (>= nav 0.0) (and (<= 0.0 tighter) (<= tighter {whole}))))",
        f"(assert (=> (< nav 0.0) (and (>= 0.0 tighter) (>= tighter {whole}))))",
    )


def _concentrated(limit: Limit) -> Value:
    """One's exposure less a share of all: instrument A against B and the rest, which count with their least."""
    share = real(limit.bound)
    rest = ("(declare-const rest Real)", "(declare-const rest-filled Real)",
            "(assert (and (<= 0.0 rest) (<= rest rest-filled)))",
            "(define-fun size ((x Real)) Real (ite (< x 0.0) (- x) x))",
            "(define-fun worst ((a Real) (b Real)) Real (ite (>= (size a) (size b)) (size a) (size b)))",
            "(define-fun least ((a Real) (b Real)) Real (ite (and (<= a 0.0) (>= b 0.0)) 0.0 "
            "(ite (<= (size a) (size b)) (size a) (size b))))")  # fmt: skip

    def at_worst(less: str) -> str:
        own = f"(* (- 1.0 {share}) (worst low-A{less} high-A{less}))"
        return f"(- {own} (* {share} (+ (least low-B{less} high-B{less}) rest)))"

    def in_filling(x: str, y: str) -> str:
        return f"(- (size {x}) (* {share} (+ (size {x}) (size {y}) rest-filled)))"

    return Value(
        limit, "one instrument against a share of all, the others with their least", rest, at_worst,
        at_worst("-none"), in_filling("x-A", "x-B"), in_filling("x-A-none", "x-B-none"), lambda _: "0.0",
        (),
    )  # fmt: skip


def _in_money(limit: Limit, scope: Scope) -> list[Value]:
    """Gross exposure against an amount of money, which no order changes."""
    bound = real(scope.bound(limit))
    return [
        replace(one, limit=limit, words=f"{one.words}, against an amount of money", bound=lambda _: bound,
                lower=(f"(assert (<= tighter {bound}))",))
        for one in _exposures(replace(limit, kind="gross"), scope)
    ]  # fmt: skip


def _amounts(limit: Limit, bound: Fraction, words: str, filled: bool = True) -> Value:
    """What stands already, and an amount for each entry: in proportion to what fills of it, or all of it at once."""
    return Value(
        limit, words,
        ("(declare-const rest Real)", "(declare-const rest-filled Real)",
         "(assert (and (<= 0.0 rest-filled) (<= rest-filled rest)))"),
        lambda less: f"(+ rest amount-A{less} amount-B{less})",
        "rest",
        "(+ rest-filled amount-A-filled amount-B-filled)" if filled else "(+ rest-filled amount-A amount-B)",
        "rest-filled",
        _share(bound),
        _lower(bound),
    )  # fmt: skip


def _cash(limit: Limit) -> Value:
    """Purchases at worst prices and all fees, against settled cash less a reserve of NAV."""
    reserve = f"(* {real(limit.bound)} nav-now)"
    return Value(
        limit, "purchases and fees against settled cash less the reserve; sales cost their fees alone",
        ("(declare-const rest Real)", "(declare-const rest-filled Real)", "(declare-const cash Real)",
         "(assert (and (<= 0.0 rest-filled) (<= rest-filled rest)))"),
        lambda less: f"(+ rest amount-A{less} amount-B{less} cost-A{less} cost-B{less})",
        "rest",
        "(+ rest-filled amount-A-filled amount-B-filled cost-A cost-B)",
        "rest-filled",
        lambda _: f"(- cash {reserve})",
        (f"(assert (<= tighter (- cash {reserve})))",),
    )  # fmt: skip


def _of_one_order(limit: Limit, constant: bool) -> Value:
    """One entry by itself; nothing that stood before excuses it."""
    return Value(
        limit, "one entry by itself, whatever fills of it", ("(declare-const rest Real)",),
        lambda less: f"amount-A{less}", "0.0", "amount-A-filled", "0.0",
        (lambda _: "rest") if constant else _share(limit.bound),
        ("(assert (<= tighter rest))",) if constant else _lower(limit.bound),
        own=True,
    )  # fmt: skip


_LOSSES = "losses at the stops: of positions until exits fill, and of entries"
_TRADED = "what was traded, and what entries trade at their worst prices"
_AT_WORK = "what all entries at work are worth at their worst prices, filled or not"
_VALUES: Mapping[str, Callable[[Limit, Scope], Value]] = {
    "concentration": lambda limit, _: _concentrated(limit),
    "stop_loss": lambda limit, scope: _amounts(limit, scope.bound(limit), _LOSSES),
    "open_risk": lambda limit, scope: _amounts(limit, scope.bound(limit), _LOSSES),
    "loss_budget": lambda limit, scope: _amounts(limit, scope.bound(limit), _LOSSES),
    "turnover": lambda limit, scope: _amounts(limit, scope.bound(limit), _TRADED),
    "open_orders": lambda limit, scope: _amounts(limit, scope.bound(limit), _AT_WORK, filled=False),
    "cash_reserve": lambda limit, _: _cash(limit),
    "order_value": lambda limit, _: _of_one_order(limit, constant=False),
    "order_quantity": lambda limit, _: _of_one_order(limit, constant=True),
    "volume_share": lambda limit, _: _of_one_order(limit, constant=True),
}


# --- the symbolic book ------------------------------------------------------------------------------------------


_WITHIN = (
    ("exited", "exits"), ("filled", "entry"), ("entry-less", "entry"), ("amount-less", "amount"),
    ("amount-filled", "amount"), ("cost-less", "cost"),
)  # fmt: skip
"""What is at most what."""


def _book() -> Iterator[str]:
    """Two instruments: position, exits and stops that close at most it, an entry and a smaller one, and what fills."""
    yield "(declare-const nav-now Real)"
    yield "(assert (> nav-now 0.0))"
    yield "(declare-const nav-before Real)"
    yield "(assert (<= nav-before nav-now))"
    for one in "AB":
        yield f"(declare-const buys-{one} Bool)"
        for name in ("held", "exits", "exited", "entry", "entry-less", "filled", "amount", "amount-less",
                     "amount-filled", "cost", "cost-less"):  # fmt: skip
            yield f"(declare-const {_of(name, one)} Real)"
        for name in ("exits", "exited", "entry", "entry-less", "filled", "amount", "amount-less", "amount-filled",
                     "cost", "cost-less"):  # fmt: skip
            yield f"(assert (<= 0.0 {_of(name, one)}))"
        for small, large in _WITHIN:
            yield f"(assert (<= {_of(small, one)} {_of(large, one)}))"
        yield "; an entry extends a position or starts from flat; exits and stops close at most the position"
        yield f"(assert (ite buys-{one} (>= held-{one} 0.0) (<= held-{one} 0.0)))"
        yield f"(assert (<= exits-{one} (ite buys-{one} held-{one} (- held-{one}))))"
        for less, entry in (("", f"entry-{one}"), ("-less", _of("entry-less", one)), ("-none", "0.0")):
            yield (f"(define-fun low-{one}{less} () Real (ite buys-{one} (- held-{one} exits-{one}) "
                   f"(- held-{one} {entry})))")  # fmt: skip
            yield (f"(define-fun high-{one}{less} () Real (ite buys-{one} (+ held-{one} {entry}) "
                   f"(+ held-{one} exits-{one})))")  # fmt: skip
        exited = f"(ite buys-{one} (- held-{one} exited-{one}) (+ held-{one} exited-{one}))"
        yield f"(define-fun x-{one}-none () Real {exited})"
        yield f"(define-fun x-{one} () Real (ite buys-{one} (+ {exited} filled-{one}) (- {exited} filled-{one})))"
        yield f"(define-fun amount-{one}-none () Real 0.0)"
        yield f"(define-fun cost-{one}-none () Real 0.0)"
    yield "(define-fun nav () Real (- nav-before cost-A cost-B))"
    yield "(define-fun nav-less () Real (- nav-before cost-A-less cost-B-less))"


def _of(name: str, one: str) -> str:
    """`entry-less` of A is `entry-A-less`."""
    first, _, rest = name.partition("-")
    return f"{first}-{one}{'-' + rest if rest else ''}"


def _script(value: Value, lines: Sequence[str]) -> str:
    return "\n".join((*_book(), *value.declared, *lines, "")) + "\n"


def _holds(worst: str, bound: str, value: Value) -> str:
    """What is posted: `worst ≤ max(bound, base)`, for a limit of one order `worst ≤ bound`."""
    return f"(<= {worst} {bound})" if value.own else f"(or (<= {worst} {bound}) (<= {worst} {value.base}))"


def _sound(value: Value) -> list[str]:
    broken = f"(and (> {value.filled} {value.bound('nav')}) (> {value.filled} {value.without}))"
    return [f"(assert {_holds(value.worst(''), value.bound('nav'), value)})", f"(assert {broken})"]


def _exits_free(value: Value) -> list[str]:
    """Without entries what is posted holds in any book whatever, inside its limits or not, at whatever bound."""
    worst = value.worst("-none")
    return ["(declare-const any-bound Real)", f"(assert (not {_holds(worst, 'any-bound', value)}))"]


def _removing(value: Value) -> list[str]:
    return [
        f"(assert {_holds(value.worst(''), value.bound('nav'), value)})",
        f"(assert (not {_holds(value.worst('-less'), value.bound('nav-less'), value)}))",
    ]


def _tighter(value: Value) -> list[str]:
    """For one candidate alone; that NAV⁻ is not below zero is a theorem of its own."""
    return [
        "(declare-const tighter Real)",
        "(assert (and (= entry-B 0.0) (= amount-B 0.0) (= cost-B 0.0)))",
        "(assert (>= nav 0.0))",
        *value.lower,
        f"(assert {_holds(value.worst(''), 'tighter', value)})",
        f"(assert (not {_holds(value.worst(''), value.bound('nav'), value)}))",
    ]


def _tighter_share() -> list[str]:
    """A tighter share of concentration is a coefficient: `(1 − L)·a − L·m` falls by `(L − L')·(a + m)` from L' to L.

    So what L' grants within its base, L grants within its own, if `a + m` is no less with the entry than without.
    """
    alone = "(assert (or (= entry-A 0.0) (= entry-B 0.0)))"
    after = "(+ (worst low-A high-A) (least low-B high-B) rest)"
    before = "(+ (worst low-A-none high-A-none) (least low-B-none high-B-none) rest)"
    return [alone, f"(assert (not (>= {after} {before})))"]


def _condition(limit: Limit) -> str:
    """A figure that a lower bound admits, the limit's own admits (for kinds that ask for at least: a higher one)."""
    span = RANGES.get(limit.kind)
    floor = span is not None and span.floor
    admits = ">=" if floor else "<" if limit.kind in STATE_RANGES else "<="
    bound = real(limit.bound)
    return "\n".join((
        "(declare-const figure Real)",
        "(declare-const tighter Real)",
        f"(assert ({'>=' if floor else '<='} tighter {bound}))",
        f"(assert ({admits} figure tighter))",
        f"(assert (not ({admits} figure {bound})))",
        "",
    ))  # fmt: skip


# --- theorems about all limits together -------------------------------------------------------------------------


def _of_all(in_force: Sequence[Limit], market: Market, scope: Scope) -> Iterator[Theorem]:
    lines = (
        "(assert (not (ite buys-A (and (<= 0.0 x-A-none) (<= x-A-none held-A)) "
        "(and (<= held-A x-A-none) (<= x-A-none 0.0)))))",
    )
    words = "whatever part of exits and stops fills, the position stays between zero and where it was"
    yield Theorem(2, "all exits", words, "\n".join((*_book(), *lines, "")))
    yield Theorem(2, "pacing of exits", "what is left, the caps and whole lots are free; the lots are the snapshot's",
                  _paced(in_force, market))  # fmt: skip
    yield Theorem(
        4, "NAV⁻ of an entry", "what the file grants leaves NAV⁻ above zero, which theorem 4 of each limit assumes",
        "\n".join((*_book(), *_granted(in_force, scope), "(assert (<= nav 0.0))", "")),
    )  # fmt: skip


def _granted(in_force: Sequence[Limit], scope: Scope) -> Iterator[str]:
    """One candidate with something in it, granted by the limits on an order's value and on one instrument."""
    yield "(assert (and (> entry-A 0.0) (>= amount-A entry-A) (= cost-B 0.0)))"
    for limit in in_force:
        bound = f"(* {real(scope.bound(limit))} nav)"
        if limit.kind == "order_value":
            yield f"(assert (<= amount-A {bound}))"
        elif limit.kind == "instrument_exposure":
            grown = "(ite buys-A (+ held-A entry-A) (- entry-A held-A))"
            size = "(ite buys-A held-A (- held-A))"
            yield f"(assert (or (<= {grown} {bound}) (<= {grown} {size})))"


def _paced(in_force: Sequence[Limit], market: Market) -> str:
    """`min(left, max(1, whole lots of the smallest cap)·lot)` is above nothing, and no more than is left."""
    lots: Mapping[int, None] = dict.fromkeys(sorted({terms.lot for terms in market.terms.values()}))
    capped = any(CAP_KINDS.get(one.kind) == SHARES for one in in_force)
    parts = []
    for lot in lots:
        paced = f"(ite (>= whole 1.0) (* {lot}.0 whole) {lot}.0)" if capped else "left"
        least = f"(ite (<= left {paced}) left {paced})"
        parts.append(f"(not (and (> {least} 0.0) (<= {least} left)))")
    return "\n".join((
        "(declare-const left Real)",
        "(declare-const whole Real)",
        "(assert (> left 0.0))",
        "(assert (>= whole 0.0))",
        f"(assert (or {' '.join(parts)} false))",
        "",
    ))  # fmt: skip
