"""Random desks on which many ask: grants crowd each other in several limits at once.

Beside fees, slippage, baskets and positions on either side; now and then more are granted than are enumerated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from hypothesis import strategies as st

from engine.gate.proposals import Entry
from engine.orders.basket import Basket
from engine.orders.order import Side
from tests.engine.books_strategy import Desk
from tests.engine.small_desk import desk, entry, limit, limits, position, terms

KINDS = {
    "gross": ("0.5", "1"), "net_long": ("0.2", "0.4"), "margin": ("0.3", "0.5"), "open_risk": ("0.02", "0.05"),
    "cash_reserve": ("0.1", "0.5"), "turnover": ("0.3", "0.9"), "concentration": ("0.3", "0.6"),
    "volatility": ("0.1", "0.3"), "beta": ("0.3", "0.6"),
}  # fmt: skip
MARGIN = {"long": Fraction(1, 2), "short": Fraction(3, 2)}
PRICES = ("100", "100", "101", "99.5")


@st.composite
def queues(draw: st.DrawFn, most: int = 11) -> Desk:
    """Up to `most` entries, a position on the side of the first two, and one that nobody asks about."""
    under = []
    for kind in draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4, unique=True)):
        more = MARGIN if kind == "margin" else {"once": 1} if kind == "concentration" else {}
        under.append(limit(kind, draw(st.sampled_from(KINDS[kind])), **more))
    names = [f"A{place:02}" for place in range(draw(st.integers(2, most)))]
    lots = draw(st.sampled_from((1, 1, 10)))
    entries = [
        entry(name, draw(st.integers(0, 30)) * 10, draw(st.sampled_from((Side.BUY, Side.BUY, Side.SELL))),
              90 - place, draw(st.sampled_from(PRICES)))
        for place, name in enumerate(names)
    ]  # fmt: skip
    if draw(st.integers(0, 2)) == 0:
        entries[:2] = _joined(entries[:2], lots)
    # An entry extends what is held, as the engine's conditions see to. The gate knows how to turn it around, too, but
    # not beside a concentration, where one that makes less of what is held makes more of the share of others.
    way = 1 if any(one.kind == "concentration" for one in under) else draw(st.sampled_from((1, 1, -1)))
    held = [position(one.instrument, 40 * way * one.side.sign, _stop(way * one.side.sign)) for one in entries[:2]]
    held.append(position("B", draw(st.sampled_from((-60, 40))), "100"))
    fees = {"fee_per_share": draw(st.sampled_from((0, 1))), "fee_per_order": draw(st.sampled_from((0, 7)))}
    market = {
        name: terms(name, lot=lots, factors=(Fraction(at % 5 - 2, 150), Fraction(1, 100)), residual=Fraction(at, 10**5),
                    beta=Fraction(at % 4, 2))
        for at, name in enumerate([*names, "B"])
    }  # fmt: skip
    return desk(entries, limits(*under, **fees), held, market=market)


def _joined(legs: Sequence[Entry], lots: int) -> list[Entry]:
    """Two entries as legs of one basket, two lots of the second for one of the first."""
    parts = [Fraction(lots), Fraction(2 * lots)]
    basket = Basket("pair", tuple((one.instrument, part * one.side.sign)
                                  for one, part in zip(legs, parts, strict=True)))  # fmt: skip
    units = legs[0].target // parts[0]
    return [replace(one, basket=basket, target=units * part) for one, part in zip(legs, parts, strict=True)]


def _stop(sign: int) -> str:
    return "90" if sign > 0 else "110"
