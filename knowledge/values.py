"""Exact values and their one canonical form.

Everything that decides is exact: `Decimal` outside, `Fraction` inside the gate. Records are hashed in the
canonical form of RFC 8785 (JSON, sorted keys, no white space) restricted to strings, integers, booleans, null,
lists and objects: a float can not reach a record, so its many spellings cannot either.
"""

from __future__ import annotations

import hashlib
import json
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import cache
from typing import Any

Json = Any
"""A JSON value without floats: None, bool, int, str, list or dict with str keys."""

_WIDE = Context(prec=50, rounding=ROUND_HALF_EVEN)
MOST_DIGITS = 15
"""Significant digits a fact's number may carry: up to 15, decimal order and binary64 order are the same order."""


class Inexact(ValueError):
    """A value that has no exact form: NaN, infinite, a type that is no number, or too many digits."""


def exact(value: object, quantum: Decimal) -> Decimal:
    """Quantise a number to a multiple of `quantum`; the only way from a float to a fact.

    Accepts exactly `int`, `float` and `Decimal` (and the digits of a `str`); booleans, numpy scalars and
    everything else are refused, because a silent conversion is how a wrong number becomes a right-looking one.
    Raises `Inexact`.
    """
    kind = type(value)
    if kind is float:
        number = Decimal(repr(value))
    elif kind is int or kind is Decimal or kind is str:
        try:
            number = Decimal(value)  # type: ignore[arg-type]
        except ArithmeticError:
            raise Inexact(f"`{value}` is not a number") from None
    else:
        raise Inexact(f"a {kind.__name__} is not a number; convert it to int, float or Decimal first")
    if not number.is_finite():
        raise Inexact(f"`{value}` is not finite")
    places = _places(quantum)
    try:
        # A number too wide for its quantum signals here: it is refused, never rounded to fit.
        if places is None:
            scaled = _WIDE.divide(number, quantum).to_integral_value(ROUND_HALF_EVEN, _WIDE)
            number = _WIDE.multiply(scaled, quantum)
        else:
            number = number.quantize(quantum, ROUND_HALF_EVEN, _WIDE)
        result = plain(number)
    except ArithmeticError:
        raise Inexact(f"`{value}` does not fit the quantum {quantum}") from None
    # In units of a decimal quantum most numbers are visibly short enough; only the others' digits are counted.
    short = places is not None and number.adjusted() + places < MOST_DIGITS
    if not short and len(result.as_tuple().digits) > MOST_DIGITS:
        raise Inexact(f"`{value}` needs more than {MOST_DIGITS} significant digits at the quantum {quantum}")
    return result


def plain(number: Decimal) -> Decimal:
    """The same number with neither trailing zeros, exponent nor negative zero."""
    if number == 0:
        return Decimal(0)
    shorter = number.normalize(_WIDE)
    return shorter.quantize(Decimal(1), context=_WIDE) if int(shorter.as_tuple().exponent) > 0 else shorter


@cache
def _places(quantum: Decimal) -> int | None:
    """Decimal places of a quantum that is a power of ten, which `quantize` rounds to in one step; else None."""
    sign, digits, exponent = quantum.as_tuple()
    return -int(exponent) if (sign, digits) == (0, (1,)) else None


def text(number: Decimal | Fraction | int) -> str:
    """Canonical digits: decimals as `12.5`, rationals that are no finite decimal as `n/d`."""
    if isinstance(number, Fraction):
        decimal = _finite(number)
        if decimal is None:
            return f"{number.numerator}/{number.denominator}"
        number = decimal
    if isinstance(number, Decimal):
        # Not `plain`: a fraction's digits may be more than any context holds, and none may be lost.
        shown = str(number)
        if "E" in shown:
            shown = format(number, "f")
        shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
        return "0" if shown in ("-0", "") else shown
    return str(number)


def _finite(number: Fraction) -> Decimal | None:
    """The decimal that equals a fraction, if its digits end; exact whatever their number."""
    rest, twos, fives = number.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return None
    places = max(twos, fives)
    scaled = number.numerator * 10**places // number.denominator
    return Decimal((int(scaled < 0), tuple(map(int, str(abs(scaled)))), -places))


def fraction(digits: str) -> Fraction:
    """Read what `text` wrote (decimal or `n/d`). Raises `ValueError`."""
    return Fraction(digits)


def canonical(value: Json) -> bytes:
    """The RFC 8785 bytes of a JSON value without floats. Raises `Inexact` on a float.

    The C encoder of the standard library writes the same bytes as the reference implementation for this subset
    (tests compare the two) at a fifth of the time; reading the result back finds any float.
    """
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    json.loads(written, parse_float=_no_float)
    return written.encode("utf-8")


def parse(data: bytes) -> Json:
    """Read canonical bytes. Raises `ValueError` on a float, a duplicate key or anything that is not JSON."""
    return json.loads(data, parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_no_duplicates)


def digest(data: bytes) -> str:
    """SHA-256 as `sha256:<64 hex digits>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _no_float(digits: str) -> None:
    raise Inexact(f"a float (`{digits}`) has no canonical form")


def _no_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("an object repeats a key")
    return result
