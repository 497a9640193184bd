"""Exact values: one form each, the reference implementation's bytes, and no way in for what has no exact form."""

from __future__ import annotations

import json
import math
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from knowledge.values import (
    MOST_DIGITS,
    Inexact,
    canonical,
    canonical_if_floatless,
    digest,
    exact,
    exact_and_text,
    fraction,
    parse,
    parse_parts,
    parse_to_compare,
    plain,
    text,
)

QUANTA = st.sampled_from([Decimal(q) for q in ("1", "0.01", "0.0001", "0.00000001", "0.5")])
# RFC 8785 sorts keys by UTF-16 code units; our keys stay in the basic plane, where that is the order of code points.
KEYS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=("Cs",)), max_size=8)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(TREES)
def test_canonical_writes_the_bytes_of_the_reference_implementation(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(TREES)
def test_what_is_written_reads_back(value: object) -> None:
    assert parse(canonical(value)) == value
    assert canonical_if_floatless(value) == canonical(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_that_nobody_looked_for_is_refused_by_who_reads_it(number: float) -> None:
    with pytest.raises(Inexact):
        parse(canonical_if_floatless({"a": [number]}))


@given(st.dictionaries(st.text(max_size=4), TREES, max_size=5))
def test_an_object_is_its_parts_side_by_side(value: dict[str, object]) -> None:
    whole = canonical(value)
    values, parts = parse_parts(whole)
    assert values == value
    assert parts == {name: canonical(one) for name, one in value.items()}
    assert b"{%b}" % b",".join(canonical(name) + b":" + parts[name] for name in sorted(parts)) == whole


@given(st.dictionaries(st.sampled_from("abc"), st.integers(0, 3) | st.text("{}:, ", max_size=2), min_size=1), st.data())
def test_what_is_no_object_in_its_form_has_no_parts(value: dict[str, object], data: st.DataObject) -> None:
    whole = canonical(value)
    at = data.draw(st.integers(0, len(whole)))
    letter = data.draw(st.sampled_from([b"", b" ", b",", b"}", b"{", b":", b'"', b"0"]))
    bent = whole[:at] + letter + whole[at + data.draw(st.integers(0, 1)) :]
    try:
        values, parts = parse_parts(bent)
    except ValueError:
        return
    assert values == parse(bent)
    assert b"{%b}" % b",".join(canonical(name) + b":" + part for name, part in sorted(parts.items())) == bent


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"{}{}", b'{"a":1}}', b'{"b":1,"a":1}', b'{"a":1,"a":1}', b'{ "a":1}', b'{"a":1 }', b'{"a": 1}',
     b'{"a":0.5}', b'{"a":[{"b":1,"b":2}]}', b'{"a":NaN}', b'{1:1}', b'{"a":1,}', b'{"a"}', b"\xff"],
)  # fmt: skip
def test_no_parts_are_read_from_anything_else(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_parts(data)


class _Number(int):
    """A type that no record has."""


@pytest.mark.parametrize("value", [_Number(3), {"a": (1, "b", None, True)}, {1: "one"}, [{"a": [_Number(1)]}]])
def test_other_types_are_written_as_json_has_them(value: object) -> None:
    assert canonical(value) == json.dumps(value, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "value",
    [0.1, [_Number(1), 1.0], {1: 0.5}, (1, [0.5]), [1.0], {"a": {"b": float("nan")}}, {"a": float("inf")}, [1e300]],
)
def test_a_float_has_no_canonical_form(value: object) -> None:
    with pytest.raises(ValueError):
        canonical(value)


@pytest.mark.parametrize("written", [b"1.0", b'{"a":1,"a":2}', b"NaN", b"[1e3]", b"{", b"-Infinity"])
def test_reading_refuses_floats_duplicate_keys_and_what_is_no_json(written: bytes) -> None:
    with pytest.raises(ValueError):
        parse(written)


@given(st.floats(-1e6, 1e6, allow_nan=False), QUANTA)
def test_a_float_becomes_the_nearest_multiple_of_its_quantum(value: float, quantum: Decimal) -> None:
    number = exact(value, quantum)
    assert Fraction(number) % Fraction(quantum) == 0
    assert abs(Fraction(number) - Fraction(repr(value))) <= Fraction(quantum) / 2


@given(st.fractions() | st.builds(Fraction, st.integers(), st.sampled_from([2**70, 5**40, 10**30, 4 * 5**9, 3])))
def test_a_fraction_is_written_as_the_decimal_it_is(number: Fraction) -> None:
    written = text(number)
    assert Fraction(written) == number
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    assert ("/" in written) is (rest != 1)
    if "." in written:
        assert not written.endswith("0")


@given(st.decimals(-1000, 1000, places=4))
def test_what_is_a_multiple_already_stays_what_it_is(number: Decimal) -> None:
    assert exact(number, Decimal("0.0001")) == number
    assert exact(str(number), Decimal("0.0001")) == number


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        float("-inf"),
        np.float64(1.5),
        np.int64(3),
        True,
        None,
        "1,5",
        "abc",
        "",
        "NaN",
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("sNaN"),
        1e300,
        10**40,
        [1],
        Fraction(1, 2),
        1j,
        b"1",
    ],
)
def test_what_has_no_exact_form_is_refused(value: object) -> None:
    with pytest.raises(Inexact):
        exact(value, Decimal("0.0001"))


@given(st.decimals(-(10**9), 10**9, places=6), st.decimals(-(10**9), 10**9, places=6))
def test_within_the_digits_a_fact_may_carry_binary64_keeps_order_and_equality(one: Decimal, other: Decimal) -> None:
    # Why CLIPS, which has only binary64, compares facts as exactly as decimals would.
    assert len(plain(one).as_tuple().digits) <= MOST_DIGITS
    assert (one < other, one == other) == (float(one) < float(other), float(one) == float(other))


@given(st.fractions())
def test_a_fraction_reads_back_from_its_text(number: Fraction) -> None:
    assert fraction(text(number)) == number


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_equal_decimals_have_one_text(number: Decimal) -> None:
    written = text(number)
    assert Fraction(written) == Fraction(number)
    assert written == text(Fraction(number)) == text(plain(number)) or len(number.as_tuple().digits) > 50
    assert "E" not in written and written != "-0"


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (Fraction(1, 3), "1/3"),
        (Fraction(-7, 8), "-0.875"),
        (Fraction(0), "0"),
        (Fraction(300), "300"),
        (Decimal("-0.00"), "0"),
        (Decimal("1E+3"), "1000"),
        (Decimal("5.100"), "5.1"),
        (7, "7"),
        (Fraction(1, 50), "0.02"),
    ],
)
def test_text_by_example(number: Decimal | Fraction | int, written: str) -> None:
    assert text(number) == written


def test_a_digest_names_its_algorithm() -> None:
    # FIPS 180-4, the empty message.
    assert digest(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(
    st.one_of(
        st.floats(-1e6, 1e6),
        # Digits that end in the middle between two steps, and their neighbours.
        st.builds(
            lambda number, up: math.nextafter(number / 20, up),
            st.integers(-(10**6), 10**6),
            st.sampled_from((-math.inf, math.inf)),
        ),
        st.integers(-(10**6), 10**6).map(lambda number: number / 20),
    ),
    st.sampled_from((1, 2, 4, 6)),
)
def test_a_float_is_rounded_as_its_digits_are(value: float, decimals: int) -> None:
    quantum = Decimal(1).scaleb(-decimals)
    rounded = plain(Decimal(repr(value)).quantize(quantum, ROUND_HALF_EVEN))
    assert exact_and_text(value, quantum, decimals) == (rounded, text(rounded))


def test_what_is_read_to_be_compared_differs_where_a_key_was_repeated() -> None:
    assert canonical(parse_to_compare(b'{"a":"1"}')) == b'{"a":"1"}'
    assert canonical(parse_to_compare(b'{"a":"1","a":"1"}')) != b'{"a":"1","a":"1"}'
    with pytest.raises(ValueError, match="float"):
        parse_to_compare(b'{"a":1.5}')
