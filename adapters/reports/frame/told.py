"""How reports write figures: rounded for the eye, signs spelled out, a true minus."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from engine.telling.figures import amount

Number = Fraction | Decimal | int


def money(value: Number) -> str:
    """An amount to the cent."""
    return minus(amount(Fraction(value), 2))


def change(value: Number) -> str:
    """An amount to the cent with its sign, where it has one."""
    shown = money(value)
    if not shown.strip("0.,−"):
        return shown.removeprefix("−")
    return shown if shown.startswith("−") else f"+{shown}"


def percent(share: Number | float, places: int = 2) -> str:
    """A share in per cent; no minus before a zero."""
    shown = f"{round(Decimal(Fraction(share).numerator) / Decimal(Fraction(share).denominator) * 100, places):,f}"
    return f"{shown.removeprefix('-') if not shown.strip('-0.,') else minus(shown)} %"


def signed(share: Number | float, places: int = 2) -> str:
    """A share in per cent with its sign."""
    shown = percent(share, places)
    return shown if shown.startswith("−") or not shown.strip("0., %") else f"+{shown}"


def minus(words: str) -> str:
    """A leading hyphen as the minus it means."""
    return f"−{words[1:]}" if words.startswith("-") else words


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `no fills`, `1 fill`, `12 fills`."""
    return f"{f'{number:,}' if number else 'no'} {one if number == 1 else many or f'{one}s'}"


def listed(names: Sequence[str]) -> str:
    """Names in a row."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
