"""The inputs of one cycle that a verdict may rest on, each as a number on its grid.

Of the facts of an instrument and of no instrument in particular, only those are inputs that somebody reads: a rule with
a pattern that they can match, a policy, or whatever else looked them up while the cycle was decided. What nobody reads
cannot matter, as one engine decides from the same values; that is no matter of trying. Where the rules propose nothing
about an instrument, and it is neither held nor worked in, only what rules read counts: no limit makes a candidate.

Grids are the door's; where a slot has no upper end near what it was, ten times that is the end of what is tried. Limits
move in steps of 0.01 % where they are shares, else in steps of their own digits; money in steps of a ten-thousandth or
so of NAV.

Left out: words (directions, states), lists (correlations, loadings), what is fixed about an instrument, and facts of
other instruments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from fractions import Fraction

from engine.limits.kinds import BOUNDLESS
from engine.limits.model import Limit
from engine.limits.rows import MOST, MOST_OF_NAV
from engine.supposing.case import Case
from engine.supposing.changes import unit_of
from engine.supposing.intervals import Grid
from engine.supposing.law import LIMIT, PARAMETER, SHARES
from engine.telling.figures import amount, root
from knowledge.clips import tree
from knowledge.facts import Fact
from knowledge.templates import vocabulary
from knowledge.values import Json, text
from rules.change import step_of
from rules.rulebook import Rulebook
from rules.stages import patterns

HEADS, INDICATORS, PRICES, LIMITS, PORTFOLIO = "heads", "indicators", "prices and dates", "limits", "portfolio"
GROUPS = (HEADS, INDICATORS, PRICES, LIMITS, PORTFOLIO)
TIMES = 10
"""How many times what it was is tried where a slot has no end near by."""
SLOTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "advisory": (HEADS, ("probability", "conviction", "weight")),
    "head": (HEADS, ("brier", "psi", "age", "hit-rate", "payoff", "observations")),
    "indicator": (INDICATORS, ("value",)),
    "market": (INDICATORS, ("value",)),
    "bar": (PRICES, ("close",)),
    "earnings": (PRICES, ("sessions",)),
}
"""The slots that are looked at, by template, and the group that they are told in."""
COMPARED_WITH: Mapping[str, str] = {
    "head_brier": "brier",
    "head_psi": "psi",
    "head_age": "age",
    "interval_width": "interval-75",
    "index_volatility": "index-volatility-rank",
    "index_move": "index-move",
    "window_collar": "ema-20-distance",
}
"""The number that a bound is compared with, by its limit's kind. What is missing here takes longer to find."""
MONEY = ("nav", "settled_cash", "day_pnl")


@dataclass(frozen=True)
class Input:
    """One number: what it is called, what it was, the values it may take, and how a change of it is asked for."""

    name: str
    group: str
    grid: Grid
    at: int
    unit: str
    likely: tuple[int, ...]
    """Places at which something may happen: numbers it is compared with, what the arithmetic of a limit names."""
    around: tuple[int, ...]
    """Places a tenth away from what it was."""
    open_end: bool
    """Whether more than the grid's highest value could be said."""
    fact: Fact | None = None
    slot: str = ""
    portfolio: Json = None
    named: tuple[Fraction, ...] = ()
    """Of a limit: the bounds at which its own arithmetic says that it begins or ceases to bind."""

    @property
    def value(self) -> Fraction:
        """What it was."""
        return self.grid.value(self.at)

    def change(self, place: int) -> Json:
        """The change that puts it at a place of its grid, as a request says it."""
        return self.change_to(self.grid.value(place))

    def change_to(self, value: Fraction) -> Json:
        """The same for any value; of what is no limit, one of its grid."""
        digits = text(value)
        if self.fact is not None:
            return {"put": [moved(self.fact, self.slot, digits)]}
        if self.portfolio is not None:
            return {"portfolio": {**self.portfolio, self.slot: digits}}
        return {"bounds": {self.name: digits}}


def moved(fact: Fact, slot: str, digits: str) -> Json:
    """The fact with another number in one slot, as a request says it."""
    name, slots = fact.to_json()
    return [name, {**slots, slot: digits}]


def inputs_of(case: Case, record: Json, instrument: str, read: Iterable[str]) -> Iterator[Input]:
    """Every input of the verdict on an instrument; `read` are the refs that were looked up while it was decided.

    `record` is the decision, for what its arithmetic says of limits.
    """
    silent = is_silent(case, record, instrument)
    looked_up, names = set() if silent else set(read), set(case.snapshot.universe)
    rows = case.limits.rows(case.session).values()
    compared = {kind: {one.bound for one in rows if one.kind == kind} for kind in COMPARED_WITH}
    by_rules = Read(case.rulebook)
    for fact in case.snapshot.facts:
        if fact.template not in SLOTS:
            continue
        about = names.intersection(fact.texts)
        if about and instrument not in about:
            continue
        group, slots = SLOTS[fact.template]
        for slot in slots:
            if fact.ref in looked_up or by_rules.reads(fact, slot, policies=not silent):
                subject = str(fact["name"]) if slot == "value" else slot
                bounds = {one for kind, bound in compared.items() if COMPARED_WITH[kind] == subject for one in bound}
                yield _of_fact(fact, slot, group, by_rules.numbers(fact) | bounds | {-one for one in bounds})
    if not silent:
        yield from limits_of(case, named_by(record, case))
        yield from money_of(case)


def is_silent(case: Case, record: Json, instrument: str) -> bool:
    """Whether an instrument has neither a candidate nor a position, an order or an exit."""
    held = {one.instrument for one in case.portfolio.positions}
    held |= {one.order.instrument for one in case.portfolio.working}
    held |= {one["instrument"] for one in record["exits"]}
    verdicts = {one["instrument"]: one["outcome"] for one in record["verdicts"]}
    return instrument not in held and verdicts.get(instrument) == "no-candidate"


# --- facts ------------------------------------------------------------------------------------------------------


class Read:
    """What the rules and policies of a book read of a snapshot, and the numbers they compare it with."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._policies = "\n".join(source.text for source in rulebook.policies)
        self._found: list[tuple[tree.Pattern, frozenset[Fraction]]] = []
        for rule in rulebook.program.rules:
            numbers = frozenset(_numbers(rule.conditions))
            self._found += [(pattern, numbers) for pattern, _ in patterns(rule.conditions)]

    def reads(self, fact: Fact, slot: str, policies: bool = True) -> bool:
        """Whether a rule can match the fact and asks for this slot, or a policy speaks of its template at all."""
        template = fact.template.replace("-", "_")
        if policies and (f"{template}(" in self._policies or f"'{fact.template}'(" in self._policies):
            return True
        return any(_may_match(pattern, fact) and _asks(pattern, slot) for pattern, _ in self._found)

    def numbers(self, fact: Fact) -> set[Fraction]:
        """The numbers in the rules that can match the fact."""
        return {number for pattern, numbers in self._found if _may_match(pattern, fact) for number in numbers}


def _asks(pattern: tree.Pattern, slot: str) -> bool:
    return pattern.address is not None or any(test.slot == slot for test in pattern.slots)


def _may_match(pattern: tree.Pattern, fact: Fact) -> bool:
    """Whether the words of a fact let it match: numbers are what is going to change."""
    if pattern.template != fact.template:
        return False
    slots = dict(fact.slots)
    for test in pattern.slots:
        value, part = slots.get(test.slot), test.constraint
        literal = part.term if isinstance(part, tree.Value) else None
        if isinstance(value, str) and isinstance(literal, tree.Literal) and str(literal.value) != value:
            return False
    return True


def _numbers(node: object) -> Iterator[Fraction]:
    """Every number written in conditions."""
    if isinstance(node, tree.Literal):
        if node.kind in ("integer", "float"):
            yield Fraction(Decimal(node.value))
    elif isinstance(node, tuple):
        for one in node:
            yield from _numbers(one)
    elif hasattr(node, "__dataclass_fields__") and not isinstance(node, tree.Place):
        for part in fields(node):  # type: ignore[arg-type]
            yield from _numbers(getattr(node, part.name))


def _of_fact(fact: Fact, slot: str, group: str, compared: Iterable[Fraction]) -> Input:
    shape = vocabulary().templates[fact.template].slots[slot]
    measure = vocabulary().measure(fact.template, fact.word(shape.by)) if shape.by else None
    low, high = (measure.low, measure.high) if measure else (shape.low, shape.high)
    value, step = Fraction(fact.number(slot)), Fraction(step_of(fact, slot))
    lowest, highest, open_end = _range(value, step, low, high)
    grid = Grid(lowest, step, int((highest - lowest) / step) + 1)
    likely = tuple(sorted({grid.nearest(one) for one in compared if lowest <= one <= highest}))
    return Input(
        f"{fact.ref} {slot}",
        group,
        grid,
        grid.nearest(value),
        unit_of(fact, slot),
        likely,
        _around(grid, value),
        open_end,
        fact,
        slot,
    )


def _range(
    value: Fraction, step: Fraction, low: Decimal | None, high: Decimal | None
) -> tuple[Fraction, Fraction, bool]:
    """The lowest and the highest value that is tried, and whether more could be said."""
    most = TIMES * max(abs(value), step)
    lowest = -most if low is None else Fraction(low)
    highest = most if high is None else Fraction(high)
    open_end = high is None or highest > 10 * most
    return lowest, min(highest, _floor(most, step) + lowest % step) if open_end else highest, open_end


def _floor(value: Fraction, step: Fraction) -> Fraction:
    return value // step * step


def _around(grid: Grid, value: Fraction) -> tuple[int, ...]:
    return grid.nearest(value * Fraction(9, 10)), grid.nearest(value * Fraction(11, 10))


# --- limits and money -------------------------------------------------------------------------------------------


def named_by(record: Json, case: Case) -> dict[str, set[Fraction]]:
    """The bounds, by limit, at which the arithmetic of a decision says that a limit begins to bind or ceases to."""
    found: dict[str, set[Fraction]] = {}
    rows = case.limits.rows(case.session)
    verdicts = record["verdicts"]
    for one in (*record["readings"], *(each for verdict in verdicts for each in verdict.get("binding", ()))):
        row, bound = rows.get(one["limit"]), Fraction(one["bound"])
        if row is not None and bound > 0:
            part = Fraction(one["value"]) / bound
            found.setdefault(row.id, set()).add(row.bound * (root(part) if "corner" in one else part))
    for one in (*record["states"], *(each for verdict in verdicts for each in verdict.get("findings", ()))):
        if _PLAIN.match(str(one["value"])):
            found.setdefault(one["limit"], set()).add(Fraction(one["value"]))
    return found


_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+|/[0-9]+)?\Z")


def limits_of(case: Case, named: Mapping[str, Iterable[Fraction]]) -> Iterator[Input]:
    """The bounds of the limits in force on the session, and the parameters; `named` are bounds that may matter."""
    for name, row in sorted(case.limits.rows(case.session).items()):
        if row.kind not in BOUNDLESS:
            yield _of_number(f"{LIMIT} {name}", row.bound, _most(row), row.unit, named.get(name, ()))
    for part in fields(case.limits.parameters):
        value = getattr(case.limits.parameters, part.name)
        if value is not None:
            yield _of_number(f"{PARAMETER} {part.name}", value, None, "")


def _most(row: Limit) -> Fraction | None:
    most = MOST.get(row.kind, MOST_OF_NAV if row.unit == "NAV" else None)
    return None if most is None else Fraction(most)


def _of_number(name: str, value: Fraction, most: Fraction | None, unit: str, named: Iterable[Fraction] = ()) -> Input:
    step = Fraction(1, 10_000) if unit in SHARES or value.denominator > 1 else Fraction(1)
    while (value / step).denominator > 1:
        step /= 10
    highest = most if most is not None else max(TIMES * value, 10 * step)
    grid = Grid(Fraction(0), step, int(highest / step) + 1)
    # At nothing, and next to it, most limits forbid.
    likely = tuple(sorted({min(1, grid.last), *map(grid.nearest, named)}))
    at, around, open_end = grid.nearest(value), _around(grid, value), most is None
    return Input(name, LIMITS, grid, at, unit, likely, around, open_end, named=tuple(sorted(named)))


def money_of(case: Case) -> Iterator[Input]:
    """What of the account's money decisions read."""
    portfolio, nav = case.portfolio.to_json(), Fraction(case.portfolio.nav)
    for name in MONEY:
        value = Fraction(portfolio[name])
        step = Fraction(10) ** (len(str(max(int(nav), 1))) - 5)
        most = 2 * max(abs(value), nav / 10)
        grid = Grid(value - _floor(most, step), step, 2 * int(most / step) + 1)
        at, unit = grid.nearest(value), case.portfolio.currency
        yield Input(
            f"portfolio {name}", PORTFOLIO, grid, at, unit, (), _around(grid, value), True, None, name, portfolio
        )


def said(value: Fraction, unit: str) -> str:
    """A value of an input for a reader: shares in per cent where a limit is written so."""
    if unit in SHARES:
        return f"{amount(value * 100, 8)} %"
    return amount(value, 8)
