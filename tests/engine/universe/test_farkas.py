"""Multipliers are checked in fractions: what does not add up is no certificate, whatever a solver said."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from engine.universe.asking import one_sided
from engine.universe.farkas import certificate, proves
from engine.universe.polytope import Columns, Line, Maximum, Polytope
from engine.universe.rows import REST, Labels, Row
from tests.engine.small_desk import limit

ONE, HALF = Fraction(1), Fraction(1, 2)
COLUMNS = Columns(("AA", "BB"), Labels((REST,), (REST,)))


def row(kind: str, bound: Fraction, long: dict[str, Fraction], short: dict[str, Fraction] | None = None) -> Row:
    return Row(limit(kind), "", bound, long, long if short is None else short)


def line(weights: dict[int, Fraction], bound: Fraction) -> Line:
    return Line("made", weights, bound, row("gross", bound, {}))


def test_a_sum_covers_every_column() -> None:
    rows = [line({0: ONE, 1: ONE}, ONE), line({1: -ONE}, Fraction(0))]
    assert proves(line({0: ONE}, ONE), rows, {0: ONE})
    assert not proves(line({0: Fraction(2)}, Fraction(2)), rows, {0: ONE})
    assert not proves(line({2: ONE}, Fraction(5)), rows, {0: ONE})
    # the second row takes away what the first gives in a column that the target does not name
    assert not proves(line({0: ONE}, ONE), rows, {0: ONE, 1: Fraction(2)})
    assert not proves(line({0: ONE}, HALF), rows, {0: ONE})


def test_no_row_counts_less_than_nothing() -> None:
    # were a row subtracted, its bound would be a gain: 1 - 1/2
    rows = [line({0: ONE}, ONE), line({1: ONE}, HALF)]
    assert not proves(line({0: ONE, 1: -ONE}, HALF), rows, {0: ONE, 1: -ONE})


@given(st.lists(st.lists(st.fractions(0, 3, max_denominator=8), min_size=3, max_size=3), min_size=2, max_size=4),
       st.lists(st.fractions(0, 3, max_denominator=8), min_size=3, max_size=3),
       st.lists(st.fractions("1/8", 2, max_denominator=8), min_size=4, max_size=4))  # fmt: skip
def test_what_a_programme_keeps_has_exact_multipliers(
    weights: list[list[Fraction]], wanted: list[Fraction], bounds: list[Fraction]
) -> None:
    """Nonnegative rows over three exposures: at the very maximum, the sum of the certificate meets it exactly."""
    columns = Columns(("AA", "BB", "CC"), Labels((REST,), (REST,)))
    rows = [row("gross", bound, dict(zip(columns.names, one, strict=True)))
            for one, bound in zip(weights, bounds, strict=False)]  # fmt: skip
    polytope = Polytope(rows, columns)
    target = row("net_long", Fraction(100), dict(zip(columns.names, wanted, strict=True)))
    found = polytope.largest(target)
    if found.value is None:
        return
    shown = certificate(columns.line(target), polytope.lines, found, columns.label)
    assert shown is not None
    tight = Fraction(found.value).limit_denominator(10**6) + Fraction(1, 10**6)
    again = certificate(columns.line(row("net_long", tight, target.long)), polytope.lines, found, columns.label)
    assert again is not None
    assert again.total <= tight


def test_z3_lets_no_share_be_long_and_short_at_once() -> None:
    columns = Columns(("AA",), Labels((REST,), (REST,)))
    net = [columns.line(row("net_long", HALF, {"AA": ONE}, {"AA": -ONE})),
           columns.line(row("net_short", HALF, {"AA": -ONE}, {"AA": ONE}))]  # fmt: skip
    gross = row("gross", HALF, {"AA": ONE})
    # at once long and short it would be endless; one-sided it is a half
    assert Polytope([one.row for one in net], columns).largest(gross).value is None
    assert one_sided(columns.line(gross), net, columns).verdict == "unsat"
    lower = row("gross", Fraction(2, 5), {"AA": ONE})
    found = one_sided(columns.line(lower), net, columns)
    assert found.verdict == "sat"
    assert 0.4 < max(found.point) <= 0.5
    assert one_sided(columns.line(gross), net, columns, budget=1).verdict == "unknown"


def test_prices_that_prove_nothing_are_no_certificate() -> None:
    target, known = line({0: ONE}, ONE), [line({0: ONE}, Fraction(2))]
    assert certificate(target, known, Maximum(1.0, (1.0,) * COLUMNS.count, (1.0,)), COLUMNS.label) is None
