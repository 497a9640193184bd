"""A basket in words: its fellows and its ratio, which leg made it small or forbade it, and why a leg leaves."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from engine.fellows import BASKET
from engine.orders.portfolio import Portfolio
from engine.telling.figures import amount
from engine.telling.narrative import Telling, tell
from knowledge.values import Json


def basket_of(record: Mapping[str, Json], verdict: Json) -> list[Telling]:
    """What is entered together with this one, and what each leg says to it; nothing for a single entry."""
    basket = verdict.get("basket")
    if basket is None:
        return []
    legs = {one["instrument"]: one for one in record["verdicts"] if one.get("basket") == basket}
    parts = [_leg(basket, name, legs[name]) for name in sorted(legs)]
    ratio = " and ".join(_traded(Fraction(shares), name) for name, shares in basket["legs"].items())
    return [tell(f"a leg of the basket {basket['name']}, all legs or none: {ratio} in one unit", *parts)]


def _leg(basket: Json, name: str, verdict: Json) -> Telling:
    unit = abs(Fraction(basket["legs"][name]))
    failing = [one["limit"] for one in verdict.get("findings", []) if not one["holds"]]
    alone = Fraction(verdict["size"]["target"]) if "size" in verdict else Fraction(0)
    size = f"its size alone, {amount(alone)} shares, would be {amount(alone // unit)} units"
    forbidden = f"; forbidden by {', '.join(failing)}" if failing else ""
    units = Fraction(verdict["quantity"]) / unit
    return tell(f"{name}: {verdict['outcome']}, {amount(units)} units; {size}{forbidden}")


def _traded(shares: Fraction, name: str) -> str:
    return f"{'buy' if shares > 0 else 'sell'} {amount(abs(shares))} {name}"


def leaving_with(record: Mapping[str, Json], portfolio: Portfolio, instrument: str) -> Telling:
    """Why a leg leaves that no rule closes: another leaves, or is not there in its part of the ratio."""
    held = portfolio.position(instrument)
    assert held is not None and held.basket is not None, instrument
    basket = held.basket
    leaving = {
        one["instrument"]
        for one in record["exits"]
        if any(not reason.startswith(f"{BASKET}:") for reason in one["reasons"])
    }
    gone = [one for one in basket.fellows(instrument) if one in leaving]
    if gone:
        return tell(f"legs of the basket {basket.name} leave together, and {' and '.join(gone)} leaves")
    fellows = " and ".join(_held(portfolio, one) for one in basket.fellows(instrument))
    ratio = " to ".join(f"{amount(abs(shares))} {name}" for name, shares in basket.legs)
    return tell(f"the basket {basket.name} is not whole: {fellows} held, where its ratio is {ratio}")


def _held(portfolio: Portfolio, instrument: str) -> str:
    position = portfolio.position(instrument)
    return f"{amount(abs(position.quantity)) if position is not None else 'no'} {instrument}"
