"""The closed list of functions a rule may call, computed exactly.

CLIPS computes with binary64; here the same calls are computed with `Decimal`, and with `Fraction` where a quotient
has has no finite decimals. On facts both agree, for up to 15 digits decimal and binary order are the same; what a rule
computes before it compares it has to be brought back to a grid first (see rules/book/trail.clp).

Types follow CLIPS: `int` is INTEGER, `Decimal` and `Fraction` are FLOAT, `str` is SYMBOL, `Text` is STRING; `eq` and
constraints ask for the same type, `=` compares numbers. Truth is the symbol TRUE or FALSE; whatever is not FALSE holds.
What CLIPS reports as an error (division by zero, a word where a number belongs) raises `Unanswerable`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal
from decimal import Inexact as Rounded
from fractions import Fraction
from typing import Any, TypeAlias

from knowledge.clips.tree import Call, Expression, Literal, Variable


class Text(str):
    """A CLIPS STRING, which never equals the SYMBOL of the same characters."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(other) is Text and str(self) == str(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((Text, str(self)))


class Unanswerable(ArithmeticError):
    """A call without a value: CLIPS would report an error and the cycle would end undetermined."""


Term: TypeAlias = "Decimal | Fraction | int | str"
"""What an expression can be worth."""
Bindings: TypeAlias = Mapping[str, Term]
Evaluation: TypeAlias = Callable[[Bindings], Term]

_EXACT = Context(prec=100, traps=[Rounded])
_TRUTH = ("FALSE", "TRUE")


def same(one: Term, other: Term) -> bool:
    """Equal in type and value, as `eq` and constraints have it."""
    return _kind(one) is _kind(other) and one == other


def evaluation(expression: Expression) -> Evaluation:
    """Compile an expression. The result raises `Unanswerable`, and `KeyError` on a variable that is not bound."""
    if isinstance(expression, Literal):
        value: Term = Text(expression.value) if expression.kind == "string" else expression.value
        return lambda bindings: value
    if isinstance(expression, Variable):
        return operator.itemgetter(expression.name)
    arguments = tuple(map(evaluation, expression.arguments))
    if expression.function == "and":
        return lambda bindings: _TRUTH[all(argument(bindings) != "FALSE" for argument in arguments)]
    if expression.function == "or":
        return lambda bindings: _TRUTH[any(argument(bindings) != "FALSE" for argument in arguments)]
    compute = FUNCTIONS[expression.function]
    return lambda bindings: compute([argument(bindings) for argument in arguments])


def test(call: Call) -> Callable[[Bindings], bool]:
    """Compile a test; a call without a value does not hold."""
    value = evaluation(call)

    def holds(bindings: Bindings) -> bool:
        try:
            return value(bindings) != "FALSE"
        except Unanswerable:
            return False

    return holds


def _kind(value: Term) -> type:
    return Decimal if type(value) is Fraction else type(value)


def _numbers(arguments: Sequence[Term]) -> Sequence[Decimal | Fraction | int]:
    for argument in arguments:
        if isinstance(argument, str):
            raise Unanswerable(f"`{argument}` is no number")
    return arguments  # type: ignore[return-value]


def _words(arguments: Sequence[Term]) -> Sequence[str]:
    for argument in arguments:
        if not isinstance(argument, str):
            raise Unanswerable(f"{argument} is no word")
    return arguments  # type: ignore[return-value]


def _fold(step: Callable[[Any, Any], Any], arguments: Sequence[Term]) -> Term:
    """Combine numbers from the left: integers stay integers, one float makes the rest floats."""
    result, *rest = _numbers(arguments)
    for number in rest:
        if type(result) is int and type(number) is int:
            result = step(result, number)
        else:
            result = _decimal(step(Fraction(result), Fraction(number)))
    return result


def _decimal(value: Fraction) -> Decimal | Fraction:
    """The float with this value: a Decimal wherever the digits end."""
    try:
        return _EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))
    except Rounded:
        return value


def _divide(arguments: Sequence[Term]) -> Term:
    result, *rest = [Fraction(number) for number in _numbers(arguments)]
    for number in rest:
        if number == 0:
            raise Unanswerable("division by zero")
        result /= number
    return _decimal(result)


def _round(arguments: Sequence[Term]) -> Term:
    (number,) = _numbers(arguments)
    size = math.floor(abs(Fraction(number)) + Fraction(1, 2))
    return size if number >= 0 else -size


def _chain(holds: Callable[[Any, Any], bool]) -> Callable[[Sequence[Term]], Term]:
    """A comparison of each number with the next."""
    return lambda arguments: _TRUTH[all(map(holds, _numbers(arguments), _numbers(arguments)[1:]))]


def _against_first(holds: Callable[[Term, Term], bool]) -> Callable[[Sequence[Term]], Term]:
    return lambda arguments: _TRUTH[all(holds(arguments[0], other) for other in arguments[1:])]


def _compare(arguments: Sequence[Term]) -> Term:
    one, other = _words(arguments)
    return (str(one) > str(other)) - (str(one) < str(other))


def _magnitude(arguments: Sequence[Term]) -> Term:
    (number,) = _numbers(arguments)
    return -number if number < 0 else number


def _as_float(arguments: Sequence[Term]) -> Term:
    return _decimal(Fraction(_numbers(arguments)[0]))


FUNCTIONS: Mapping[str, Callable[[Sequence[Term]], Term]] = {
    "+": lambda arguments: _fold(operator.add, arguments),
    "-": lambda arguments: _fold(operator.sub, arguments),
    "*": lambda arguments: _fold(operator.mul, arguments),
    "/": _divide,
    "abs": _magnitude,
    "min": lambda arguments: min(_numbers(arguments)),
    "max": lambda arguments: max(_numbers(arguments)),
    "round": _round,
    "integer": lambda arguments: math.trunc(_numbers(arguments)[0]),
    "float": _as_float,
    "<": _chain(operator.lt),
    "<=": _chain(operator.le),
    ">": _chain(operator.gt),
    ">=": _chain(operator.ge),
    "=": lambda arguments: _against_first(operator.eq)(_numbers(arguments)),
    "<>": lambda arguments: _against_first(operator.ne)(_numbers(arguments)),
    "eq": _against_first(same),
    "neq": _against_first(lambda one, other: not same(one, other)),
    "not": lambda arguments: _TRUTH[arguments[0] == "FALSE"],
    "str-compare": _compare,
    "sym-cat": lambda arguments: "".join(map(str, _words(arguments))),
}
"""Every function of `rules.signatures`, besides `and` and `or`, which stop at the first argument that decides."""
