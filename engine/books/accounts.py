"""The chart of accounts and one balanced entry of a journal. `docs/books.md` explains each account.

Debits are positive. The assets together are the NAV; capital and results are what it is owed to. An entry that does
not balance to exactly zero can not be made.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Name(StrEnum):
    """The closed list of accounts; those of `PER_INSTRUMENT` are kept for each instrument."""

    SETTLED = "cash settled"
    RECEIVABLE = "receivable"
    PAYABLE = "payable"
    SHORT_PROCEEDS = "short proceeds"
    POSITION = "position at cost"
    VALUATION = "valuation"
    CAPITAL = "capital"
    REALISED = "realised result"
    UNREALISED = "unrealised result"
    DIVIDENDS = "dividends"
    COMMISSIONS = "commissions"
    BORROW = "borrow fees"
    SLIPPAGE = "slippage"
    IN_PRICES = "slippage in prices"


ASSETS = (Name.SETTLED, Name.RECEIVABLE, Name.PAYABLE, Name.SHORT_PROCEEDS, Name.POSITION, Name.VALUATION)
"""What sums to NAV at a session's end; payables are negative there."""
RESULTS = (Name.REALISED, Name.UNREALISED, Name.DIVIDENDS, Name.COMMISSIONS, Name.BORROW)
"""What sums to capital less NAV; a gain is a credit, so negative."""
MEMO = (Name.SLIPPAGE, Name.IN_PRICES)
"""Slippage is part of the prices paid, so of cost and result; these two show it and cancel each other."""
PER_INSTRUMENT = frozenset((Name.POSITION, Name.VALUATION, *RESULTS, Name.SLIPPAGE))


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """An account, and the instrument where it is kept for each."""

    name: Name
    instrument: str = ""

    def __post_init__(self) -> None:
        if (self.name in PER_INSTRUMENT) != bool(self.instrument):
            raise ValueError(f"`{self.name}` is{'' if self.instrument else ' not'} kept for the whole account")

    def __str__(self) -> str:
        return f"{self.name} {self.instrument}".rstrip()


@dataclass(frozen=True, slots=True)
class Line:
    """One side of an entry; a debit is positive."""

    account: Account
    amount: Fraction


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the books: its instant, what it is, and lines that sum to zero in the account's currency."""

    as_of: str
    event: str
    text: str
    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        rest = sum((line.amount for line in self.lines), Fraction(0))
        if rest:
            raise ValueError(f"`{self.text}` does not balance: {rest} is left over")
