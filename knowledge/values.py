"""Exact values and their one canonical form.

Everything that decides is exact: `Decimal` outside, `Fraction` inside the gate. Records are hashed in the
canonical form of RFC 8785 (JSON, sorted keys, no white space) restricted to strings, integers, booleans, null,
lists and objects: a float can not reach a record, so its many spellings cannot either.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import cache, lru_cache
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
    return exact_and_text(value, quantum, places(quantum))[0]


def exact_and_text(value: object, quantum: Decimal, decimals: int | None) -> tuple[Decimal, str]:
    """The same with its canonical text, which costs nothing more; `decimals` are the `places` of the quantum."""
    kind = type(value)
    if kind is float:
        if decimals is not None and (rounded := _rounded(value, decimals)):  # type: ignore[arg-type]
            return Decimal(rounded), rounded
        number = Decimal(repr(value))
    elif kind is int or kind is Decimal or kind is str:
        if decimals is not None and kind is str and _is_canonical(value, decimals):  # type: ignore[arg-type]
            return Decimal(value), value  # type: ignore[arg-type, return-value]
        try:
            number = Decimal(value)  # type: ignore[arg-type]
        except ArithmeticError:
            raise Inexact(f"`{value}` is not a number") from None
    else:
        raise Inexact(f"a {kind.__name__} is not a number; convert it to int, float or Decimal first")
    if not number.is_finite():
        raise Inexact(f"`{value}` is not finite")
    try:
        # A number too wide for its quantum signals here: it is refused, never rounded to fit.
        if decimals is None:
            scaled = _WIDE.divide(number, quantum).to_integral_value(ROUND_HALF_EVEN, _WIDE)
            written = text(plain(_WIDE.multiply(scaled, quantum)))
        else:
            written = text(number.quantize(quantum, ROUND_HALF_EVEN, _WIDE))
    except ArithmeticError:
        raise Inexact(f"`{value}` does not fit the quantum {quantum}") from None
    result = Decimal(written)
    # Most numbers are visibly short enough; only the others' digits are counted.
    if len(written) > MOST_DIGITS and len(plain(result).as_tuple().digits) > MOST_DIGITS:
        raise Inexact(f"`{value}` needs more than {MOST_DIGITS} significant digits at the quantum {quantum}")
    return result, written


def _rounded(number: float, decimals: int) -> str:
    """The digits of a number on its grid, half to even; empty where `quantize` has to say them.

    A format rounds the binary number and not the shortest digits that stand for it. They lie within a millionth of a
    step of each other where steps are few; who is farther than that from the middle of a step is rounded alike.
    """
    steps = number * 10.0**decimals
    if not (-_FEW_STEPS < steps < _FEW_STEPS) or abs(steps % 1.0 - 0.5) < _NEAR_A_TIE:
        return _rounded_by_digits(number, decimals)
    shown = f"{number:.{decimals}f}"
    if decimals:
        shown = shown.rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


_FEW_STEPS, _NEAR_A_TIE = 1e9, 1e-5


def rounded_all(numbers: Sequence[float], decimals: int) -> list[str] | None:
    """The canonical digits of each on its grid; None where one of them is so long, or so near a tie, that
    `exact_and_text` has to look at it, or is no finite number.
    """
    scale = 10.0**decimals
    for number in numbers:
        steps = number * scale
        if not (-_FEW_STEPS < steps < _FEW_STEPS) or abs(steps % 1.0 - 0.5) < _NEAR_A_TIE:
            return None
    shown = (f"%.{decimals}f " * len(numbers) % tuple(numbers)).split()
    if decimals:
        shown = [one.rstrip("0").rstrip(".") for one in shown]
    return ["0" if one == "-0" else one for one in shown] if "-0" in shown else shown


def _rounded_by_digits(number: float, decimals: int) -> str:
    """The same by the shortest digits: both lie on one side of the middle of a step, as that would be shorter.

    Digits that are the middle are a tie.
    """
    written = repr(number)
    whole, point, part = written.partition(".")
    if not point or "e" in part or len(whole) + decimals > MOST_DIGITS - 1 or part[decimals:] == "5":
        return ""
    shown = f"{number:.{decimals}f}" if len(part) > decimals else written
    if "." in shown:
        shown = shown.rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


_CANONICAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")


def _is_canonical(digits: str, decimals: int) -> bool:
    """Whether this is the text of a number of few digits that stands on the grid already."""
    return (
        len(digits) <= MOST_DIGITS
        and _CANONICAL.fullmatch(digits) is not None
        and digits != "-0"
        and ("." not in digits or len(digits) - digits.index(".") - 1 <= decimals)
    )


def plain(number: Decimal) -> Decimal:
    """The same number with neither trailing zeros, exponent nor negative zero."""
    if number == 0:
        return Decimal(0)
    shorter = number.normalize(_WIDE)
    return shorter.quantize(Decimal(1), context=_WIDE) if int(shorter.as_tuple().exponent) > 0 else shorter


@cache
def places(quantum: Decimal) -> int | None:
    """Decimal places of a quantum that is a power of ten, which `quantize` rounds to in one step; else None."""
    sign, digits, exponent = quantum.as_tuple()
    return -int(exponent) if (sign, digits) == (0, (1,)) else None


def text(number: Decimal | Fraction | int) -> str:
    """Canonical digits: decimals as `12.5`, rationals that are no finite decimal as `n/d`."""
    if type(number) is Fraction or isinstance(number, Fraction):
        return _finite(number) or f"{number.numerator}/{number.denominator}"
    if isinstance(number, Decimal):
        # Not `plain`: a fraction's digits may be more than any context holds, and none may be lost.
        shown = str(number)
        if "E" in shown:
            shown = format(number, "f")
        shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
        return "0" if shown in ("-0", "") else shown
    return str(number)


def _finite(number: Fraction) -> str | None:
    """The digits of a fraction, if they end; exact whatever their number."""
    above, below = number.as_integer_ratio()
    if below == 1:
        return str(above)
    decimals = _decimals(below)
    if decimals is None:
        return None
    digits = str(abs(above) * 10**decimals // below).rjust(decimals + 1, "0")
    return f"{'-' if above < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


@lru_cache(4096)
def _decimals(denominator: int) -> int | None:
    """How many decimals a reduced fraction with this denominator has; None where they do not end."""
    rest, twos, fives = denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None


def rational(number: Decimal) -> Fraction:
    """The same number as a fraction, without the look at what kind of number it is that `Fraction` takes."""
    return Fraction(*number.as_integer_ratio())


def fraction(digits: str) -> Fraction:
    """Read what `text` wrote (decimal or `n/d`). Raises `ValueError`."""
    return Fraction(digits)


def canonical(value: Json) -> bytes:
    """The RFC 8785 bytes of a JSON value without floats. Raises `Inexact` on a float.

    The C encoder of the standard library writes the same bytes as the reference implementation for this subset
    (tests compare the two) at a fifth of the time. A value of other types than these is read back to find any float.
    """
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    if not _floatless(value):
        json.loads(written, parse_float=_no_float)
    return written.encode("utf-8")


def canonical_if_floatless(value: Json) -> bytes:
    """The same bytes of a value without floats; one in it is written, for who reads by `parse`, which refuses it."""
    return _ENCODER.encode(value).encode("utf-8")


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)


def _floatless(value: Json) -> bool:
    """Whether there is nothing but the types of a record in it; False where that takes a closer look."""
    stack = [value]
    while stack:
        each = stack.pop()
        kind = type(each)
        if kind is dict:
            if not _TEXTS.issuperset(map(type, each)):
                return False
            held = each.values()
        elif kind is list or kind is tuple:
            held = each
        elif kind in _PLAIN:
            continue
        else:
            return False
        # Most of a record's values are texts.
        if not _PLAIN.issuperset(map(type, held)):
            stack += [one for one in held if type(one) not in _PLAIN]
    return True


_TEXTS = frozenset([str])
_PLAIN = frozenset([str, int, bool, type(None)])


def parse(data: bytes) -> Json:
    """Read canonical bytes. Raises `ValueError` on a float, a duplicate key or anything that is not JSON."""
    return json.loads(data, parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_no_duplicates)


def parse_to_compare(data: bytes) -> Json:
    """As `parse`, for who compares digests of what was read and of `data`: a repeated key does not come back."""
    return json.loads(data, parse_float=_no_float, parse_constant=_no_float)


def parse_canonical(data: bytes) -> Json:
    """Read bytes that must be in canonical form. Raises `ValueError` where they are not, or are no JSON.

    As `parse`, and the comparison with `canonical`, in half the time: a key that is repeated does not come back.
    """
    value = json.loads(data, parse_float=_no_float, parse_constant=_no_float)
    if canonical_if_floatless(value) != data:
        raise ValueError("it is not in canonical form")
    return value


def parse_parts(data: bytes) -> tuple[dict[str, Json], dict[str, bytes]]:
    """Read the canonical bytes of an object: its values by name, and the bytes of each.

    Raises `ValueError` as `parse` does, and where the names are not in order or there is white space between the parts.
    What is inside a part is not looked at for its form.
    """
    text, place = data.decode("utf-8"), 1
    values: dict[str, Json] = {}
    parts: dict[str, bytes] = {}
    last = ""
    if text[:1] != "{" or text[-1:] != "}":
        raise ValueError("no object in its canonical form")
    while text[place - 1] != "}" and text != "{}":
        name, place = _READER.raw_decode(text, place)
        if type(name) is not str or text[place : place + 1] != ":" or (values and name <= last):
            raise ValueError("no object in its canonical form")
        value, end = _READER.raw_decode(text, place + 1)
        values[name], parts[name], last = value, text[place + 1 : end].encode("utf-8"), name
        if text[end : end + 1] not in (",", "}"):
            raise ValueError("no object in its canonical form")
        place = end + 1
    if values and place != len(text):
        raise ValueError("something follows the object")
    return values, parts


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


_READER = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_no_duplicates)
