"""What is missing for a constraint or a test to hold: the value, the threshold and the gap, in words and exactly.

The *gap* is how far the value has to move; closing it makes the condition hold. Beyond a strict bound that takes one
step more, so the gap of `(> ?x 20.0)` at 20 is one quantum of the measure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from knowledge.clips import tree
from knowledge.facts import Fact
from knowledge.templates import Slot, vocabulary
from knowledge.values import text
from rules.arithmetic import Bindings, Term, Unanswerable, evaluation, test
from rules.conditions import SlotCheck, slot_holds
from rules.matching import spoken

FINEST = Decimal("0.00000001")
_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "=": "<>", "<>": "="}
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "<>": "<>"}
_NEEDED = {">=": "at least ", ">": "more than ", "<=": "at most ", "<": "less than ", "=": "", "<>": "anything but "}
_LACKING = {">=": "missing", ">": "missing", "<=": "too much", "<": "too much", "=": "apart", "<>": "apart"}


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One thing that does not hold. `distance` in (0, 1] is the gap relative to the numbers' size; words count 1."""

    text: str
    value: str | None
    threshold: str | None
    gap: str | None
    unit: str
    distance: Fraction


@dataclass(frozen=True, slots=True)
class Subject:
    """What a test in a slot is about: the slot, with unit and quantum of its measure, and its name for a reader."""

    slot: Slot
    words: str


def subject(check: SlotCheck, fact: Fact) -> Subject:
    """The number or word that a slot of a fact holds: `adx-14 of AAPL`, `conviction of advisory AAPL volume`."""
    words = vocabulary()
    key = words.templates[fact.template].key
    if check.slot.by:
        name = str(fact[check.slot.by])
        measure = words.measure(fact.template, name)
        assert measure is not None, name
        owners = " ".join(str(fact[part]) for part in key if part != check.slot.by)
        slot = Slot(name, check.slot.type, measure.unit, measure.low, measure.high, measure.quantum)
        return Subject(slot, f"{name} of {owners}" if owners else name)
    owners = " ".join(str(fact[part]) for part in key)
    return Subject(check.slot, f"{check.slot.name} of {fact.template} {owners}".rstrip())


def of_check(check: SlotCheck, fact: Fact, bindings: Bindings, slots: Mapping[str, Slot]) -> Shortfall | None:
    """Why a fact's slot does not satisfy a constraint; None if it does."""
    value: Term = fact.slots[check.position][1]  # type: ignore[assignment]  # a list is in no rule's condition
    if check.holds(value, bindings):
        return None
    return _of_constraint(check.constraint, value, bindings, slots, subject(check, fact))


def of_test(
    call: tree.Call, bindings: Bindings, slots: Mapping[str, Slot], about: Subject | None = None, wanted: bool = True
) -> Shortfall | None:
    """Why a test is not as `wanted`; None if it is. Of several parts that fail, an `and` names the first."""
    if test(call)(bindings) is wanted:
        return None
    if call.function == "not":
        inner = call.arguments[0]
        assert isinstance(inner, tree.Call)
        return of_test(inner, bindings, slots, about, not wanted) or _in_words(call, bindings, wanted)
    if call.function in ("and", "or"):
        parts = [
            found
            for part in call.arguments
            if isinstance(part, tree.Call) and (found := of_test(part, bindings, slots, about, wanted))
        ]
        if parts:
            every = (call.function == "and") is wanted
            return parts[0] if every else min(parts, key=lambda part: part.distance)
    if call.function in _OPPOSITE:
        return _of_comparison(call, bindings, slots, about, wanted)
    return _in_words(call, bindings, wanted)


def _of_comparison(
    call: tree.Call, bindings: Bindings, slots: Mapping[str, Slot], about: Subject | None, wanted: bool
) -> Shortfall:
    sign = call.function if wanted else _OPPOSITE[call.function]
    try:
        pairs = [
            (one, other, evaluation(one)(bindings), evaluation(other)(bindings))
            for one, other in zip(call.arguments, call.arguments[1:], strict=False)
        ]
    except Unanswerable as error:
        return Shortfall(f"{rendered(call, bindings)} has no value: {error}", None, None, None, "", Fraction(1))
    if len(pairs) > 1 and not wanted:
        return _in_words(call, bindings, wanted)
    for left, right, value, threshold in pairs:
        if isinstance(value, str) or isinstance(threshold, str) or _calls_words(call):
            break
        if _satisfies(sign, Fraction(value), Fraction(threshold)):
            continue
        if isinstance(left, tree.Literal) and not isinstance(right, tree.Literal):
            left, right, value, threshold, sign = right, left, threshold, value, _MIRRORED[sign]  # noqa: PLW2901
        named = (about.words, about.slot.unit) if about and isinstance(left, tree.Variable) else None
        return _of_numbers(sign, value, threshold, _quantum(call, slots, about), named or _named(left, bindings, slots))
    return _in_words(call, bindings, wanted)


def _named(expression: tree.Expression, bindings: Bindings, slots: Mapping[str, Slot]) -> tuple[str, str]:
    """What an expression is called, and its unit: that of the first variable in it."""
    slot = next((slots[name] for name in _variables(expression) if name in slots), None)
    if isinstance(expression, tree.Variable) and slot:
        return slot.name, slot.unit
    return rendered(expression, bindings), slot.unit if slot else ""


def _of_numbers(sign: str, value: Term, threshold: Term, quantum: Decimal, named: tuple[str, str]) -> Shortfall:
    assert not isinstance(value, str)
    assert not isinstance(threshold, str)
    words, unit = named
    apart = abs(Fraction(threshold) - Fraction(value))
    gap = _short(apart + Fraction(quantum) if sign in ("<", ">", "<>") else apart)
    needed = f"{words} is {spoken(value, unit)}, and {_NEEDED[sign]}{spoken(threshold, unit)} is needed"
    lacking = f"({spoken(gap, unit)} {_LACKING[sign]})"
    size = abs(Fraction(value)) + abs(Fraction(threshold)) + Fraction(gap)
    return Shortfall(f"{needed} {lacking}", text(value), text(threshold), text(gap), unit, Fraction(gap) / size)


def _of_constraint(
    constraint: tree.Constraint, value: Term, bindings: Bindings, slots: Mapping[str, Slot], about: Subject
) -> Shortfall:
    """Why a value does not satisfy a constraint that is known to fail."""
    match constraint:
        case tree.Predicate():
            found = of_test(constraint.test, bindings, slots, about)
            assert found is not None, constraint
        case tree.Value():
            found = _of_equality(evaluation(constraint.term)(bindings), value, about)
        case tree.Return():
            found = _of_equality(evaluation(constraint.call)(bindings), value, about)
        case tree.AllOf():
            failing = next(part for part in constraint.parts if not slot_holds(part, about.slot)(value, bindings))
            found = _of_constraint(failing, value, bindings, slots, about)
        case tree.AnyOf():
            found = _of_choice(constraint.parts, value, bindings, slots, about)
        case tree.Unlike(tree.Predicate(call)):
            found = of_test(call, bindings, slots, about, wanted=False)
            assert found is not None, constraint
        case tree.Unlike():
            found = _of_words(f"anything but {spoken(value, about.slot.unit)}", value, about)
        case tree.Wildcard():
            raise AssertionError("a wildcard always holds")
    return found


def _of_choice(
    parts: tuple[tree.Constraint, ...], value: Term, bindings: Bindings, slots: Mapping[str, Slot], about: Subject
) -> Shortfall:
    """Why a value satisfies none of several constraints: the nearest, or the words that would do."""
    words = [part for part in parts if isinstance(part, tree.Value)]
    if len(words) == len(parts) and isinstance(value, str):
        return _of_words(" or ".join(str(evaluation(part.term)(bindings)) for part in words), value, about)
    nearest = (_of_constraint(part, value, bindings, slots, about) for part in parts)
    return min(nearest, key=lambda one: one.distance)


def _of_equality(wanted: Term, value: Term, about: Subject) -> Shortfall:
    if isinstance(wanted, str) or isinstance(value, str):
        return _of_words(spoken(wanted, about.slot.unit), value, about)
    return _of_numbers("=", value, wanted, FINEST, (about.words, about.slot.unit))


def _of_words(needed: str, value: Term, about: Subject) -> Shortfall:
    held = spoken(value, about.slot.unit)
    return Shortfall(f"{about.words} is {held}, and {needed} is needed", held, needed, None, "", Fraction(1))


def _in_words(call: tree.Call, bindings: Bindings, wanted: bool) -> Shortfall:
    holds = "does not hold" if wanted else "holds, and must not"
    return Shortfall(f"{rendered(call, bindings)} {holds}", None, None, None, "", Fraction(1))


def rendered(expression: tree.Expression, bindings: Bindings) -> str:
    """An expression as a rule writes it, with values in place of its variables."""
    if isinstance(expression, tree.Call):
        return f"({' '.join([expression.function, *(rendered(one, bindings) for one in expression.arguments)])})"
    if isinstance(expression, tree.Literal):
        return spoken(expression.value, "")
    return spoken(bindings[expression.name], "") if expression.name in bindings else f"?{expression.name}"


def _satisfies(sign: str, value: Fraction, threshold: Fraction) -> bool:
    order = (value > threshold) - (value < threshold)
    return order in {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1), "=": (0,), "<>": (-1, 1)}[sign]


def _variables(expression: tree.Expression) -> Iterator[str]:
    if isinstance(expression, tree.Variable):
        yield expression.name
    elif isinstance(expression, tree.Call):
        for argument in expression.arguments:
            yield from _variables(argument)


def _calls_words(expression: tree.Expression) -> bool:
    if not isinstance(expression, tree.Call):
        return False
    return expression.function == "str-compare" or any(map(_calls_words, expression.arguments))


def _quantum(call: tree.Call, slots: Mapping[str, Slot], about: Subject | None) -> Decimal:
    """The smallest step of the numbers in a comparison."""
    steps = [_step(slots[name]) for name in _variables(call) if name in slots]
    if about is not None:
        steps.append(_step(about.slot))
    return min(steps, default=FINEST)


def _step(slot: Slot) -> Decimal:
    return Decimal(1) if slot.type == "integer" else slot.quantum or FINEST


def _short(number: Fraction) -> Decimal | Fraction:
    """The number as a Decimal wherever its digits end within eight places."""
    scaled = number / Fraction(FINEST)
    return Decimal(scaled.numerator) * FINEST if scaled.denominator == 1 else number
