"""The records of kind `books`: what happens to an account besides its fills. The books read them back (`apply`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

from engine.books.holdings import Holding
from engine.books.money import to_multiple
from engine.books.settlement import Unsettled
from knowledge.values import Json, text

CENT = Decimal("0.01")
YEAR = 360
"""Days of the year by which borrow is charged: brokers count 360, which costs more than 365."""


def split_record(instrument: str, ratio: Fraction, session: str, as_of: str) -> Json:
    """The record of a split: `ratio` new shares for each old one, from this session's open on."""
    return {
        "kind": "books",
        "entry": "split",
        "event_id": f"split:{instrument}:{session}",
        "instrument": instrument,
        "ratio": text(ratio),
        "session": session,
        "as_of": as_of,
    }


def dividend_record(instrument: str, per_share: Decimal, session: str, as_of: str) -> Json:
    """The record of a cash dividend: `session` is its ex-date."""
    return {
        "kind": "books",
        "entry": "dividend",
        "event_id": f"dividend:{instrument}:{session}",
        "instrument": instrument,
        "per_share": text(per_share),
        "session": session,
        "as_of": as_of,
    }


def borrow_record(held: Holding, rate: Decimal, before: str, session: str, as_of: str) -> Json:
    """The record of what a short cost over the nights from the close of session `before` to `session`."""
    nights, value = nights_between(before, session), abs(held.units * held.last_price)
    return {
        "kind": "books",
        "entry": "borrow",
        "event_id": f"borrow:{held.instrument}:{session}",
        "instrument": held.instrument,
        "nights": nights,
        "value": text(value),
        "rate": text(rate),
        "fee": text(borrow_fee(value, rate, nights)),
        "session": session,
        "as_of": as_of,
    }


def settlement_record(one: Unsettled, session: str, as_of: str) -> Json:
    """The record of money that changes hands: what was agreed in an earlier session."""
    return {
        "kind": "books",
        "entry": "settlement",
        "event_id": f"settlement:{one.session}:{session}",
        "agreed": one.session,
        "receivable": text(one.receivable),
        "payable": text(one.payable),
        "session": session,
        "as_of": as_of,
    }


def closes_record(session: str, period: str, closes: Mapping[str, Decimal], as_of: str) -> Json:
    """The record of a bar that ends inside its session, with the raw closes that were known; `period` is its label."""
    return {**session_record(session, closes, as_of, period), "entry": "closes"}


def session_record(session: str, closes: Mapping[str, Decimal], as_of: str, period: str = "") -> Json:
    """The record of a session's end with the raw closes that were known; `period` is the label of its last bar."""
    return {
        "kind": "books",
        "entry": "session",
        "session": session,
        "period": period or session,
        "closes": {name: text(closes[name]) for name in sorted(closes)},
        "as_of": as_of,
    }


def borrow_fee(value: Fraction, rate: Decimal, nights: int) -> Decimal:
    """What borrowing shares of this value costs at a yearly rate, rounded to the cent against the account."""
    return to_multiple(value * Fraction(rate) * nights / YEAR, CENT, ROUND_CEILING)


def nights_between(before: str, session: str) -> int:
    """Calendar nights from one session to a later one (ISO dates)."""
    return (date.fromisoformat(session) - date.fromisoformat(before)).days
