"""Between which bounds an expression of a rule must lie, from the declared ranges of what it is computed from.

The bounds are exact and sound: what an expression can be lies inside of them. They need not be tight, as each use of a
variable is taken for itself. None is no bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import product

from knowledge.clips.tree import Call, Expression, Literal, Variable
from knowledge.templates import Slot

Bound = Fraction | None


@dataclass(frozen=True, slots=True)
class Range:
    """A closed range; None is no bound on that side."""

    low: Bound = None
    high: Bound = None

    def __contains__(self, value: Fraction) -> bool:
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)

    def apart(self, other: Range) -> bool:
        """Whether the two have nothing in common."""
        return _below(self, other) or _below(other, self)


ANY = Range()


def of_slot(slot: Slot) -> Range:
    """The declared range of a slot that holds numbers."""
    return Range(_exact(slot.low), _exact(slot.high))


def of_expression(expression: Expression, slots: Mapping[str, Slot]) -> Range:
    """The range of an expression; `slots` has the slot that each variable is bound by."""
    if isinstance(expression, Literal):
        return ANY if isinstance(expression.value, str) else Range(_exact(expression.value), _exact(expression.value))
    if isinstance(expression, Variable):
        slot = slots.get(expression.name)
        return of_slot(slot) if slot is not None and slot.type in ("number", "integer") else ANY
    return _of_call(expression, [of_expression(one, slots) for one in expression.arguments])


def verdict(call: Call, slots: Mapping[str, Slot]) -> bool | None:
    """Whether a comparison always holds (True), never does (False), or asks something (None)."""
    never, always = _COMPARED.get(call.function, (None, None))
    if never is None or always is None or len(call.arguments) != 2:
        return None
    one, other = (of_expression(argument, slots) for argument in call.arguments)
    return False if never(one, other) else True if always(one, other) else None


def _exact(value: Decimal | int | None) -> Bound:
    return None if value is None else Fraction(value)


def _below(one: Range, other: Range) -> bool:
    return one.high is not None and other.low is not None and one.high < other.low


def _not_above(one: Range, other: Range) -> bool:
    return one.high is not None and other.low is not None and one.high <= other.low


_Relation = Callable[[Range, Range], bool]
_COMPARED: Mapping[str, tuple[_Relation, _Relation]] = {
    "<": (lambda one, other: _not_above(other, one), _below),
    "<=": (lambda one, other: _below(other, one), _not_above),
    ">": (_not_above, lambda one, other: _below(other, one)),
    ">=": (_below, lambda one, other: _not_above(other, one)),
    "=": (Range.apart, lambda one, other: False),
    "<>": (lambda one, other: False, Range.apart),
}
"""For each comparison when it never holds, and when it always does."""


def _of_call(call: Call, ranges: Sequence[Range]) -> Range:  # noqa: PLR0911 - one for each function
    lows, highs = [one.low for one in ranges], [one.high for one in ranges]
    match call.function:
        case "+":
            return Range(_sum(lows), _sum(highs))
        case "-":
            low, high = _sum(lows[1:]), _sum(highs[1:])
            return Range(_sum([lows[0], _negative(high)]), _sum([highs[0], _negative(low)]))
        case "min":
            known = [one for one in highs if one is not None]
            return Range(None if None in lows else min(_known(lows)), min(known) if known else None)
        case "max":
            known = [one for one in lows if one is not None]
            return Range(max(known) if known else None, None if None in highs else max(_known(highs)))
        case "*":
            result = ranges[0]
            for one in ranges[1:]:
                result = _times(result, one)
            return result
        case "/":
            return _quotient(ranges)
        case "abs":
            return _size(ranges[0])
        case "round" | "integer":
            half = Fraction(1)
            return Range(_sum([lows[0], -half]), _sum([highs[0], half]))
        case "float":
            return ranges[0]
        case _:
            return ANY


def _known(bounds: Sequence[Bound]) -> list[Fraction]:
    return [one for one in bounds if one is not None]


def _sum(bounds: Sequence[Bound]) -> Bound:
    return None if None in bounds else sum(_known(bounds), Fraction(0))


def _negative(bound: Bound) -> Bound:
    return None if bound is None else -bound


def _times(one: Range, other: Range) -> Range:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        floor = (
            Fraction(0) if one.low is not None and one.low >= 0 and other.low is not None and other.low >= 0 else None
        )
        return Range(floor, None)
    corners = [a * b for a, b in product((one.low, one.high), (other.low, other.high))]
    return Range(min(corners), max(corners))


def _quotient(ranges: Sequence[Range]) -> Range:
    """A range over single numbers that are not zero; anything else is not followed."""
    result = ranges[0]
    for one in ranges[1:]:
        if one.low is None or one.low != one.high or one.low == 0:
            return ANY
        factor = 1 / one.low
        ends = [None if end is None else end * factor for end in (result.low, result.high)]
        result = Range(*(ends if factor > 0 else ends[::-1]))
    return result


def _size(one: Range) -> Range:
    if one.low is not None and one.low >= 0:
        return one
    high = None if one.low is None or one.high is None else max(-one.low, one.high)
    return Range(Fraction(0), high)
