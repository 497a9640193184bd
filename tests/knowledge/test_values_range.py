"""Numbers far outside every quantum are refused as inexact; none of them may surface as a bare arithmetic error."""

import math
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.values import Inexact, exact

QUANTA = st.sampled_from([Decimal("0.000001"), Decimal("0.0001"), Decimal("0.01"), Decimal(1)])


@pytest.mark.parametrize("value", [1e300, -1e300, 1e60, 1e16, math.inf, -math.inf, math.nan, "1e400", 10**40])
def test_what_does_not_fit_is_inexact(value):
    with pytest.raises(Inexact):
        exact(value, Decimal("0.0001"))


@example(0.005, Decimal("0.01"))
@given(st.one_of(st.floats(), st.integers(), st.decimals()), QUANTA)
def test_a_number_is_quantised_or_inexact(value, quantum):
    try:
        found = exact(value, quantum)
    except Inexact:
        return
    # A float stands for its shortest digits, which lie beside it.
    assert found % quantum == 0
    assert abs(found - Decimal(value)) <= quantum / 2 + abs(Decimal(value)) * Decimal(
        "1e-15"
    )  # a float is its shortest digits
