"""What the rules propose to enter: single candidates, baskets of them, and what can be neither.

A basket is what `basket-leg` facts of one name say: each leg is a candidate of the same rule, and the ratio is that of
shares or of values at the reference price. One unit is the smallest number of whole lots of each leg in that ratio:
exactly, where the ratio is of shares; of values, within `TOLERANCE` of the ratio to the leg whose lot is worth most.
From there on the ratio is one of shares, and exact.

A basket with a leg that is no candidate is no basket, and its other legs are no candidates either: a rulebook that
wants a hedge has not said that it wants one side of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from engine.gate.market import Market, Terms
from engine.orders.basket import Basket
from knowledge.facts import Fact

TOLERANCE = Fraction(1, 100)
"""How far a leg's value in one unit may lie from what a ratio of values asks, as a share of it."""
BOTH_SIDES = "the rules propose both sides at once"


@dataclass(frozen=True, slots=True)
class Proposed:
    """Candidate facts by instrument, the baskets of those that are legs, and why what else the rules want is none."""

    candidates: Mapping[str, Fact]
    baskets: Mapping[str, Basket]
    refused: Mapping[str, str]


def proposed(derived: Sequence[Fact], market: Market) -> Proposed:
    """Sort out what the rules conclude about entries.

    Where both sides of an instrument are proposed it is no candidate: a rulebook that wants two opposite things has
    not said what it wants.
    """
    found: dict[str, Fact] = {}
    refused: dict[str, str] = {}
    for fact in derived:
        if fact.template == "candidate":
            name = fact.word("instrument")
            if name in found:
                refused[name] = BOTH_SIDES
            found[name] = fact
    found = {name: fact for name, fact in found.items() if name not in refused}
    named: dict[str, list[Fact]] = {}
    for fact in derived:
        if fact.template == "basket-leg":
            named.setdefault(fact.word("basket"), []).append(fact)
    baskets: dict[str, Basket] = {}
    for name, legs in sorted(named.items()):
        wrong = _wrong(name, legs, found, named)
        members = [leg.word("instrument") for leg in legs if leg.word("instrument") in found]
        if wrong:
            refused |= dict.fromkeys(members, wrong)
        else:
            baskets |= dict.fromkeys(members, _basket(name, legs, found, market))
    candidates = {name: fact for name, fact in found.items() if name not in refused}
    return Proposed(candidates, baskets, refused)


def _wrong(name: str, legs: Sequence[Fact], found: Mapping[str, Fact], named: Mapping[str, Sequence[Fact]]) -> str:
    """Why a basket is none; empty where it is one."""
    if len(legs) < 2:
        return f"the basket `{name}` has one leg; a basket has two or more"
    if len({leg["by"] for leg in legs}) > 1:
        return f"the basket `{name}` has a ratio of shares and one of values; it can have one of them"
    for leg in sorted(legs, key=lambda one: one.word("instrument")):
        instrument = leg.word("instrument")
        if instrument not in found:
            return f"the basket `{name}` is not whole: {instrument} is no candidate"
        whose = found[instrument]["rule"]
        if whose != leg["rule"]:
            return f"the basket `{name}` is `{leg['rule']}`'s, and the candidate {instrument} is `{whose}`'s"
        others = [other for other in sorted(named) if other != name
                  and any(one["instrument"] == instrument for one in named[other])]  # fmt: skip
        if others:
            return f"the basket `{name}` is not whole: {instrument} is a leg of `{others[0]}`, too"
    return ""


def _basket(name: str, legs: Sequence[Fact], found: Mapping[str, Fact], market: Market) -> Basket:
    ratios = {leg.word("instrument"): Fraction(leg.number("ratio")) for leg in legs}
    unit = unit_by_value if legs[0]["by"] == "value" else unit_by_shares
    shares = unit(ratios, {one: market.terms[one] for one in ratios if one in market.terms})
    signs = {one: 1 if found[one]["side"] == "long" else -1 for one in ratios}
    return Basket(name, tuple((one, signs[one] * shares[one]) for one in sorted(ratios)))


def unit_by_shares(ratios: Mapping[str, Fraction], terms: Mapping[str, Terms]) -> dict[str, Fraction]:
    """The smallest number of whole lots of each leg in exactly this ratio of shares."""
    lots = {one: ratio / _lot(terms, one) for one, ratio in ratios.items()}
    whole = lcm(*(each.denominator for each in lots.values()))
    common = gcd(*(int(each * whole) for each in lots.values()))
    return {one: ratio * whole / common for one, ratio in ratios.items()}


def unit_by_value(ratios: Mapping[str, Fraction], terms: Mapping[str, Terms]) -> dict[str, Fraction]:
    """The smallest number of whole lots of each leg whose values are within `TOLERANCE` of this ratio.

    They are to the leg whose lot is worth most for its part of the ratio, of which there are 1, 2, 3 … lots; the
    others' nearest whole numbers are at most half a lot off, so that it comes to an end after 50.
    """
    if ratios.keys() - terms.keys():
        # A leg without figures: a condition forbids the basket, of whatever size.
        return {one: _lot(terms, one) for one in ratios}
    worth = {one: terms[one].exposure * terms[one].lot / ratio for one, ratio in ratios.items()}
    dearest = max(worth.values())
    count = 0
    while True:
        count += 1
        exact = {one: count * dearest / each for one, each in worth.items()}
        lots = {one: (each + Fraction(1, 2)).__floor__() for one, each in exact.items()}
        if all(abs(lots[one] - each) <= TOLERANCE * each for one, each in exact.items()):
            return {one: lots[one] * _lot(terms, one) for one in ratios}


def _lot(terms: Mapping[str, Terms], instrument: str) -> Fraction:
    return Fraction(terms[instrument].lot) if instrument in terms else Fraction(1)
