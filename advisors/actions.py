"""Splits and dividends, read back from an adjusted close, and the forward factor they make.

`adj_close / close` is constant between two actions, so an action is where the rounding intervals of that quotient
stop having a point in common. `adj_close` embeds every *future* action: it is used here, for the step at each
session, and nowhere else. The walk goes forward and uses no later row: a file cut after a session gives the
same actions up to it.

Two makers of adjusted closes disagree on what a dividend does to the factor, and a file does not say which it is:

- `ex-close` (the sample's vendor): step = 1 + dividend / close of the ex date;
- `previous-close` (Yahoo, CRSP): step = 1 / (1 − dividend / close of the session before).

Left out: a split and a dividend on one session are read as one dividend; a spin-off is read as a dividend; a dividend
of a tenth of the price or more is read as a split if its step happens to be as simple as 10:7 to all digits. Where
adjusted closes are rounded coarsely (also in the first rows, while few digits have been seen) a small dividend can be
found some sessions late, or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Literal

import numpy as np

from advisors.panel import Floats

DividendRule = Literal["ex-close", "previous-close"]
"""How the maker of an adjusted close turned a dividend into a factor."""

_SLACK = 8 * float(np.finfo(np.float64).eps)
"""Relative room for the last digits of binary64, beside the rounding of the file's decimals."""
_COARSEST_POWER = -2
_LARGEST_TERM = 10
"""A split is p for r with the smaller of p and r at most this: 3:2 is one, 1237:1231 is a dividend."""
_LARGEST_SPLIT = 100
_WIDEST_SPLIT = Fraction(1005, 1000)
"""A step known less sharply than to 0.5 % has a simple ratio near it whatever it was."""
_FIFTEEN_DIGITS = Context(prec=15)
_LEAST_DIVIDEND = Fraction(1, 2000)
"""Below this a step is noise of the file, not cash that anyone pays."""


@dataclass(frozen=True, slots=True, order=True)
class Action:
    """A split or a cash dividend, in force from the open of `session` on (its ex date).

    `amount` is the number of new shares for one old share (split), or cash per share in the instrument's currency
    (dividend). A ratio that is no finite decimal, such as 4:3, carries 15 digits.
    """

    session: str
    instrument: str
    kind: Literal["split", "dividend"]
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Step:
    """A change of the adjustment factor at row `row`, between `low` and `high`; `before` is the row before it."""

    before: int
    row: int
    low: Fraction
    high: Fraction


def derive_actions(
    instrument: str, sessions: Sequence[str], close: Floats, adj_close: Floats, rule: DividendRule = "ex-close"
) -> tuple[Action, ...]:
    """The actions behind an adjusted close; `sessions` ascending, `close` and `adj_close` shaped (sessions,).

    Rows where either is no positive number are passed over. Steps that are neither a split nor a dividend are left
    out; `unexplained` names them.
    """
    found = ((step, explain(step, close, rule)) for step in steps(close, adj_close))
    return tuple(Action(sessions[step.row], instrument, *said) for step, said in found if said is not None)


def unexplained(close: Floats, adj_close: Floats, rule: DividendRule = "ex-close") -> tuple[int, ...]:
    """The rows where the adjusted close takes a step that is neither a split nor a dividend."""
    return tuple(
        step.row
        for step in steps(close, adj_close)
        if explain(step, close, rule) is None and abs(step.low - 1) > _LEAST_DIVIDEND
    )


def steps(close: Floats, adj_close: Floats) -> Iterator[Step]:
    """The rows at which the quotient leaves the interval in which all rows since the last step agree."""
    rows = np.flatnonzero((close > 0) & (adj_close > 0) & np.isfinite(close) & np.isfinite(adj_close))
    half = _half_widths(adj_close[rows])
    # The file's close is taken as exact: traded prices are whole ticks.
    lows = ((adj_close[rows] - half) / close[rows]).tolist()
    highs = ((adj_close[rows] + half) / close[rows]).tolist()
    low, high, before = -math.inf, math.inf, -1
    for row, row_low, row_high in zip(rows.tolist(), lows, highs, strict=True):
        if row_low > high or row_high < low:
            yield Step(before, row, Fraction(row_low) / Fraction(high), Fraction(row_high) / Fraction(low))
            low, high = row_low, row_high
        else:
            low, high = max(low, row_low), min(high, row_high)
        before = row


def explain(step: Step, close: Floats, rule: DividendRule) -> tuple[Literal["split", "dividend"], Decimal] | None:
    """What a step says: a small whole ratio is a split, a rise is a dividend, anything else is nothing we know."""
    ratio = _simplest(step.low, step.high)
    small, large = sorted((ratio.numerator, ratio.denominator))
    sharp = step.high <= step.low * _WIDEST_SPLIT
    if sharp and small <= _LARGEST_TERM and large <= _LARGEST_SPLIT and ratio != 1:
        return "split", _FIFTEEN_DIGITS.divide(Decimal(ratio.numerator), Decimal(ratio.denominator))
    if step.low <= 1:
        return None
    if rule == "ex-close":
        price = Fraction(float(close[step.row]))
        low, high = price * (step.low - 1), price * (step.high - 1)
    else:
        price = Fraction(float(close[step.before]))
        low, high = price * (1 - 1 / step.low), price * (1 - 1 / step.high)
    return ("dividend", _roundest(low, high)) if high >= _LEAST_DIVIDEND else None


def factors(sessions: Sequence[str], close: Floats, actions: Iterable[Action]) -> tuple[Floats, Floats]:
    """The forward total-return factor and its split part of one instrument, both float64 (sessions,).

    A dividend buys more shares at the close of its ex date: factor × (1 + amount / close), so that adjusted returns
    are (close + dividend) / previous close − 1 exactly. Where that session has no close, it is the first close after.
    """
    actions = tuple(actions)
    row_of = {session: row for row, session in enumerate(sessions)} if actions else {}
    factor: Floats = np.ones(len(sessions), dtype=np.float64)
    split = factor.copy()
    for action in actions:
        row, amount = row_of[action.session], float(action.amount)
        if action.kind == "split":
            factor[row] *= amount
            split[row] *= amount
        elif (after := np.flatnonzero(close[row:] > 0)).size:
            at = row + int(after[0])
            factor[at] *= 1 + amount / close[at]
    return np.cumprod(factor, dtype=np.float64), np.cumprod(split, dtype=np.float64)


def _half_widths(adj_close: Floats) -> Floats:
    """Half the rounding interval of each value, and room for binary64's own last digits.

    A file rounds to decimals or to significant digits and does not say which. Both are taken at the most seen so far,
    since trailing zeros are not written, and the coarser of the two units counts, but no unit is above a cent.
    """
    written = [Decimal(repr(value)).as_tuple() for value in adj_close.tolist()]
    exponents = np.array([int(parts.exponent) for parts in written], dtype=np.int64)
    digits = np.array([len(parts.digits) for parts in written], dtype=np.int64)
    by_decimals = np.minimum.accumulate(exponents)
    by_digits = exponents + digits - np.maximum.accumulate(digits)
    powers = np.minimum(np.maximum(by_decimals, by_digits), _COARSEST_POWER)
    units: Floats = np.array([10.0**power for power in powers.tolist()], dtype=np.float64)
    return 0.5 * units + _SLACK * adj_close


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """The fraction with the smallest denominator in [low, high], 0 < low <= high (Stern-Brocot)."""
    whole = low.numerator // low.denominator
    if whole == low:
        return Fraction(whole)
    if whole + 1 <= high:
        return Fraction(whole + 1)
    return whole + 1 / _simplest(1 / (high - whole), 1 / (low - whole))


def _roundest(low: Fraction, high: Fraction) -> Decimal:
    """The decimal with the fewest places in [low, high]; without one of up to 6, the middle at 6 places."""
    for places in range(7):
        scale = 10**places
        nearest = round((low + high) / 2 * scale)
        if low * scale <= nearest <= high * scale and nearest > 0:
            return Decimal(nearest).scaleb(-places)
    return Decimal(round((low + high) / 2 * 10**6)).scaleb(-6)
