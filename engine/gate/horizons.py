"""How alike the books of the horizons are: three books that move as one are one book with three limits.

The correlation of two books is that of their results over a session, from the published correlations and volatilities:
`Σ y·z·ρ·σ·σ` over the pairs of one position of each, by the root of the product of the same sum within each book. It is
compared as squares, exactly. What is not known about a pair makes it unknown; a book that does not move at all has no
correlation. Positions only: what an entry would change is not looked at, so that the condition reads only the snapshot
and the portfolio.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt

from engine.gate.circumstances import Case, Circumstances, unknown
from engine.gate.correlations import correlation
from engine.gate.proposals import Finding
from engine.limits.model import Limit
from knowledge.values import text

ZERO = Fraction(0)
DIGITS = 10_000
"""A correlation is told to four digits, rounded away from zero."""
Book = Sequence[tuple[str, Fraction]]
"""Instruments with what each position moves by in a session: exposure times volatility, signed."""


def book_correlation(limit: Limit, here: Circumstances, case: Case) -> Finding:
    """The candidate's horizon against each other horizon."""
    books = _books(here)
    if books is None:
        return unknown(limit, "a position has no figures")
    own = books.pop(case.horizon, ())
    worst, holds, told = ZERO, True, "no other horizon holds a book that moves with this one"
    for name, other in sorted(books.items()):
        together, alone, apart = (
            _covariance(here, own, other),
            _covariance(here, own, own),
            _covariance(here, other, other),
        )
        if together is None or alone is None or apart is None:
            return unknown(limit, f"a correlation of the book of the horizon {name} is unknown")
        scale = alone * apart
        if together <= 0:
            continue
        if scale <= 0:
            return unknown(limit, f"the book of the horizon {name} and this one have no correlation")
        holds = holds and together**2 <= limit.bound**2 * scale
        if (value := _root(together**2 / scale)) > worst:
            worst, told = value, f"correlation of this horizon's book with that of {name}"
    return Finding(limit.id, holds, text(worst), text(limit.bound), told)


def _books(here: Circumstances) -> dict[str, Book] | None:
    """The book of each horizon; None where a position has no figures."""
    books: dict[str, list[tuple[str, Fraction]]] = {}
    for one in here.portfolio.positions:
        if one.quantity != 0:
            terms = here.market.terms.get(one.instrument)
            if terms is None:
                return None
            moves = Fraction(one.quantity) * terms.exposure * terms.volatility
            books.setdefault(one.horizon, []).append((one.instrument, moves))
    return dict(books)


def _covariance(here: Circumstances, one: Book, other: Book) -> Fraction | None:
    """Of two books; of a book with itself its variance. None where a pair's correlation is unknown."""
    total = ZERO
    for first, moves in one:
        for second, follows in other:
            known = 1 if first == second else correlation(here.snapshot, first, second)
            if known is None:
                return None
            total += moves * follows * Fraction(known)
    return total


def _root(square: Fraction) -> Fraction:
    """The root to four digits, rounded up."""
    floor = isqrt(square.numerator * DIGITS**2 // square.denominator)
    return Fraction(floor + (Fraction(floor, DIGITS) ** 2 < square), DIGITS)
