"""Convex limits in words: the roots of what was compared as squares, and where the worst corner is.

A reading holds squares of money, because no root is exact; a person reads deviations in money and per cent of NAV.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from engine.limits.model import Limit
from engine.orders.portfolio import Portfolio
from engine.proof.smt_convex import MOST_MOVING
from engine.telling.figures import amount, percent, root
from engine.telling.narrative import Telling, tell
from knowledge.values import Json


def figures(portfolio: Portfolio, limit: Limit, share: Fraction, one: Json) -> str:
    """What a reading comes to, of how much, and where: `12.1 % of NAV (12,100 USD) of at most …, if AAPL is bought`.

    `share` is the bound in the regime.
    """
    value, bound = root(Fraction(one["value"])), root(Fraction(one["bound"]))
    beyond = f", {amount(value - bound, 2)} {portfolio.currency} too much" if value > bound else ""
    most = _most(portfolio, limit, share, one)
    return f"{_of_nav(portfolio, value)} of at most {most}{beyond}{_where(portfolio, one['corner'])}"


def tightness(one: Json) -> Fraction:
    """The part of its bound that a reading uses up, of roots."""
    bound = Fraction(one["bound"])
    return root(Fraction(one["value"]) / bound) if bound > 0 else Fraction(1)


def crowding(
    portfolio: Portfolio, limit: Limit, share: Fraction, parts: Sequence[Sequence[str]], stood: Json | None
) -> list[Telling]:
    """What stood before, and what earlier grants take of it: squares add up, and deviations do not."""
    told = [
        f"{name} takes {_of_nav(portfolio, root(Fraction(part)))} of it, as squares add up" for _, name, part in parts
    ]
    if stood is not None:
        before = f"{_of_nav(portfolio, root(Fraction(stood['base'])))} stood before this decision's entries"
        told.insert(0, f"{before}, of at most {_most(portfolio, limit, share, stood)}")
    return [tell(one) for one in told]


def _most(portfolio: Portfolio, limit: Limit, share: Fraction, one: Json) -> str:
    money = f"{amount(root(Fraction(one['bound'])), 0)} {portfolio.currency}"
    return f"{money} ({percent(share)} of {limit.unit} after the worst costs)"


def _of_nav(portfolio: Portfolio, value: Fraction) -> str:
    nav, money = Fraction(portfolio.nav), f"{amount(value, 0)} {portfolio.currency}"
    return f"{percent(value / nav)} of NAV ({money})" if nav > 0 else money


def _where(portfolio: Portfolio, corner: Sequence[Sequence[str]] | None) -> str:
    """The worst corner: what is bought, what is sold, what waits."""
    if corner is None:
        return f"; a bound that is never too low, as more than {MOST_MOVING} instruments may move"
    names: dict[str, list[str]] = {"bought": [], "sold": [], "waits": []}
    for name, shares in corner:
        held = portfolio.position(name)
        change = Fraction(shares) - (Fraction(held.quantity) if held is not None else 0)
        names["bought" if change > 0 else "sold" if change < 0 else "waits"].append(name)
    parts = [f"{_listed(names[how])} {'is' if len(names[how]) == 1 else 'are'} {how}" for how in ("bought", "sold")
             if names[how]]  # fmt: skip
    if names["waits"]:
        parts.append(f"{_listed(names['waits'])} {'waits' if len(names['waits']) == 1 else 'wait'}")
    return f", if {', '.join(parts[:-1])}{' and ' if len(parts) > 1 else ''}{parts[-1]}" if parts else ""


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
