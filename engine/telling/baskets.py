"""A basket in words: its fellows and its ratio, which leg made it small or forbade it, and why a leg leaves."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from engine.orders.portfolio import Portfolio
from engine.reasons import BASKET
from engine.telling import tokens as say
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Phrase
from knowledge.values import Json


def basket_of(record: Mapping[str, Json], verdict: Json) -> list[Telling]:
    """What is entered together with this one, and what each leg says to it; nothing for a single entry."""
    basket = verdict.get("basket")
    if basket is None:
        return []
    legs = {one["instrument"]: one for one in record["verdicts"] if one.get("basket") == basket}
    parts = [_leg(basket, name, legs[name]) for name in sorted(legs)]
    ratio = say.joined((_traded(Fraction(shares), name) for name, shares in basket["legs"].items()), " and ")
    head = tell(f"a leg of the basket {basket['name']}, all legs or none: ", ratio, " in one unit", *parts)
    return [head.named("basket")]


def _leg(basket: Json, name: str, verdict: Json) -> Telling:
    unit = abs(Fraction(basket["legs"][name]))
    failing = [one["limit"] for one in verdict.get("findings", []) if not one["holds"]]
    alone = Fraction(verdict["size"]["target"]) if "size" in verdict else Fraction(0)
    size = ("its size alone, ", say.shares(alone), ", would be ", _units(alone // unit))
    forbidden: Phrase = ("; forbidden by ", say.joined(map(say.limit, failing))) if failing else ""
    units = Fraction(verdict["quantity"]) / unit
    return tell(say.instrument(name), ": ", say.verdict(verdict["outcome"]), ", ", _units(units), "; ", size, forbidden)


def _units(count: Fraction | int) -> Phrase:
    return say.number(count, "units")


def _traded(shares: Fraction, name: str) -> Phrase:
    return (f"{'buy' if shares > 0 else 'sell'} ", say.number(abs(shares)), " ", say.instrument(name))


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
        names = say.joined(map(say.instrument, gone), " and ")
        return tell(f"legs of the basket {basket.name} leave together, and ", names, " leaves")
    fellows = say.joined((_held(portfolio, one) for one in basket.fellows(instrument)), " and ")
    ratio = say.joined(((say.number(abs(shares)), " ", say.instrument(name)) for name, shares in basket.legs), " to ")
    return tell(f"the basket {basket.name} is not whole: ", fellows, " held, where its ratio is ", ratio)


def _held(portfolio: Portfolio, instrument: str) -> Phrase:
    position = portfolio.position(instrument)
    held: Phrase = say.number(abs(position.quantity)) if position is not None else "no"
    return (held, " ", say.instrument(instrument))
