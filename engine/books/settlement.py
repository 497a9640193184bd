"""Money that was agreed and has not changed hands: trades settle some sessions after they are made.

- What comes in (sales, dividends, cash for a fraction, proceeds that a covered short sets free) settles `days` sessions
  after its own, and counts as settled cash only then.
- What goes out (purchases) settles with it, and counts against settled cash at once.
- Commissions and borrow fees are charged at once.
- With `days` 0 everything settles where it is made, and nothing is kept here.

A settlement is a record of its own, which must say exactly what is due; a session can not end while something due is
not settled. Source: the cycle of US shares was T+3 until 2017, T+2 until 2024, and is T+1 (SEC Rule 15c6-1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What was agreed in one session. `left`: sessions that must still end, its own not counted."""

    session: str
    left: int
    receivable: Fraction
    payable: Fraction


def agree(
    unsettled: tuple[Unsettled, ...], session: str, days: int, receivable: Fraction, payable: Fraction
) -> tuple[Unsettled, ...]:
    """Add what a session's event brings; both amounts are 0 or more."""
    if days == 0 or not (receivable or payable):
        return unsettled
    *earlier, last = unsettled or (Unsettled(session, days, Fraction(0), Fraction(0)),)
    if (last.session, last.left) != (session, days):
        earlier, last = [*earlier, last], Unsettled(session, days, Fraction(0), Fraction(0))
    return (*earlier, replace(last, receivable=last.receivable + receivable, payable=last.payable + payable))


def due(unsettled: Iterable[Unsettled], session: str) -> tuple[Unsettled, ...]:
    """What settles in `session`, before it ends."""
    return tuple(one for one in unsettled if one.session < session and one.left <= 1)


def settled(
    unsettled: tuple[Unsettled, ...], session: str, agreed: str, receivable: Fraction, payable: Fraction
) -> tuple[Unsettled, ...]:
    """What is left when that of the session `agreed` settles. Raises `ValueError` where it is not this that is due."""
    for one in due(unsettled, session):
        if (one.session, one.receivable, one.payable) == (agreed, receivable, payable):
            return tuple(other for other in unsettled if other is not one)
    raise ValueError(f"in session {session} nothing is due that was agreed in {agreed} over {receivable} and {payable}")


def older(unsettled: tuple[Unsettled, ...], session: str) -> tuple[Unsettled, ...]:
    """The same after the end of `session`. Raises `ValueError` where something due was not settled."""
    late = due(unsettled, session)
    if late:
        raise ValueError(f"session {session} ends, and what was agreed in {late[0].session} is not settled")
    return tuple(replace(one, left=one.left - 1) if one.session < session else one for one in unsettled)
