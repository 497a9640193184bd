"""Candidates become entries: policies' answer, conditions, size and prices.

A candidate fact proposes a direction; what is asked of the gate is an entry with a target, the worst price it may fill
at and its protective stop. Where figures are missing the entry asks for nothing and carries the finding that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from engine.gate.circumstances import Case, Circumstances
from engine.gate.conditions import findings
from engine.gate.proposals import Entry, Finding
from engine.gate.sizing import Size, limit_price, size, stop_price
from engine.orders.basket import Basket
from engine.orders.order import Side
from knowledge.facts import Fact
from knowledge.prolog.session import PolicyVerdict
from knowledge.values import rational
from rules.rulebook import Rulebook

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate on its way to the gate."""

    fact: Fact
    policy: PolicyVerdict
    entry: Entry
    size: Size | None


def strategies(rulebook: Rulebook) -> dict[str, str]:
    """The strategy of each rule's candidates, without the horizon: who owns the rule answers for its orders."""
    return {rule.name: rule.owner for rule in rulebook.program.rules}


def shape(
    here: Circumstances,
    states: Mapping[str, Finding],
    fact: Fact,
    policy: PolicyVerdict,
    owner: str,
    basket: Basket | None = None,
) -> Candidate:
    """Make one candidate an entry of its owner's strategy for its horizon; of a leg, as large as it would be alone."""
    name, horizon = fact.word("instrument"), fact.word("horizon")
    side = Side.BUY if fact["side"] == "long" else Side.SELL
    strategy = f"{owner}-{horizon}"
    found = findings(here, states, Case(name, side, strategy, horizon, _forbidden(policy), basket))
    conviction = rational(fact.number("conviction"))
    terms = here.market.terms.get(name)
    if terms is None:
        entry = Entry(name, side, conviction, ZERO, ZERO, ZERO, strategy, horizon, found, basket)
        return Candidate(fact, policy, entry, None)
    sized = size(here.snapshot, here.portfolio, here.limits, here.regime, terms, side)
    worst = limit_price(terms, side, here.limits.collar(here.session))
    stop = stop_price(terms, side, here.limits.parameters.stop_distance)
    entry = Entry(name, side, conviction, sized.target, worst, stop, strategy, horizon, found, basket)
    return Candidate(fact, policy, entry, sized)


def in_ratio(candidates: Mapping[str, Candidate]) -> dict[str, Candidate]:
    """The same with baskets sized as a whole: as many units as the leg that sizing leaves the fewest of."""
    units: dict[str, Fraction] = {}
    for name, one in candidates.items():
        if one.entry.basket is not None:
            count = Fraction(one.entry.target // one.entry.basket.unit(name))
            units[one.entry.basket.name] = min(count, units.get(one.entry.basket.name, count))
    sized = {}
    for name, one in candidates.items():
        basket = one.entry.basket
        target = one.entry.target if basket is None else units[basket.name] * basket.unit(name)
        sized[name] = replace(one, entry=replace(one.entry, target=target))
    return sized


def _forbidden(policy: PolicyVerdict) -> tuple[str, ...]:
    """Only an outcome of exactly `permitted` permits; the reasons are the proofs' own sentences."""
    if policy.outcome == "permitted":
        return ()
    if policy.outcome == "forbidden" and policy.proofs:
        return tuple(proof.sentence for proof in policy.proofs)
    return (policy.fault or "the policies gave no answer",)
