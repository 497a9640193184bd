"""Convex limits in words: the roots of what was compared as squares, and where the worst corner is.

A reading holds squares of money, because no root is exact; a person reads deviations in money and per cent of NAV.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from engine.limits.model import Limit
from engine.orders.portfolio import Portfolio
from engine.telling import tokens as say
from engine.telling.figures import root
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Phrase
from knowledge.values import Json


def figures(portfolio: Portfolio, limit: Limit, share: Fraction, one: Json) -> Phrase:
    """What a reading comes to, of how much, and where: `12.1 % of NAV (12,100 USD) of at most …, if AAPL is bought`.

    `share` is the bound in the regime.
    """
    value, bound = root(Fraction(one["value"])), root(Fraction(one["bound"]))
    left = bound - value
    beyond = say.money(abs(left), portfolio.currency, 2 if left < 0 else 0)
    rest = (", ", beyond, " too much" if left < 0 else " left")
    most = _most(portfolio, limit, share, one)
    return (_of_nav(portfolio, value), " of at most ", most, rest, _where(portfolio, one["corner"]))


def tightness(one: Json) -> Fraction:
    """The part of its bound that a reading uses up, of roots."""
    bound = Fraction(one["bound"])
    return root(Fraction(one["value"]) / bound) if bound > 0 else Fraction(1)


def crowding(
    portfolio: Portfolio, limit: Limit, share: Fraction, parts: Sequence[Sequence[str]], stood: Json | None
) -> list[Telling]:
    """What stood before, and what earlier grants take of it: squares add up, and deviations do not."""
    told = [
        tell(say.instrument(name), " takes ", _of_nav(portfolio, root(Fraction(part))), " of it, as squares add up")
        for _, name, part in parts
    ]
    if stood is not None:
        before = (_of_nav(portfolio, root(Fraction(stood["base"]))), " stood before this decision's entries")
        told.insert(0, tell(before, ", of at most ", _most(portfolio, limit, share, stood)))
    return told


def _most(portfolio: Portfolio, limit: Limit, share: Fraction, one: Json) -> Phrase:
    money = say.money(root(Fraction(one["bound"])), portfolio.currency, 0)
    return (money, " (", say.share(share), f" of {limit.unit} after the worst costs)")


def _of_nav(portfolio: Portfolio, value: Fraction) -> Phrase:
    nav, money = Fraction(portfolio.nav), say.money(value, portfolio.currency, 0)
    return (say.share(value / nav), " of NAV (", money, ")") if nav > 0 else money


def _where(portfolio: Portfolio, corner: Sequence[Sequence[str]] | None) -> Phrase:
    """The worst corner: what is bought, what is sold, what waits."""
    if corner is None:
        from engine.proof.smt_convex import MOST_MOVING

        return f"; a bound that is never too low, as more than {MOST_MOVING} instruments may move"
    names: dict[str, list[str]] = {"bought": [], "sold": [], "waits": []}
    for name, shares in corner:
        held = portfolio.position(name)
        change = Fraction(shares) - (Fraction(held.quantity) if held is not None else 0)
        names["bought" if change > 0 else "sold" if change < 0 else "waits"].append(name)
    parts: list[Phrase] = [
        (_listed(names[how]), f" {'is' if len(names[how]) == 1 else 'are'} {how}")
        for how in ("bought", "sold")
        if names[how]
    ]
    if names["waits"]:
        parts.append((_listed(names["waits"]), " waits" if len(names["waits"]) == 1 else " wait"))
    return (", if ", say.listed(parts)) if parts else ""


def _listed(names: Sequence[str]) -> Phrase:
    return say.listed(map(say.instrument, names))
