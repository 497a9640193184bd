"""Candidates become entries: policies' answer, conditions, size and prices.

A candidate fact proposes a direction; what is asked of the gate is an entry with a target, the worst price it may fill
at and its protective stop. Where figures are missing the entry asks for nothing and carries the finding that says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from engine.gate.conditions import Case, Circumstances, findings
from engine.gate.proposals import Entry, Finding
from engine.gate.sizing import Size, limit_price, size, stop_price
from engine.orders.order import Side
from knowledge.facts import Fact
from knowledge.prolog.session import PolicyVerdict
from rules.rulebook import Rulebook

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate on its way to the gate."""

    fact: Fact
    policy: PolicyVerdict
    entry: Entry
    size: Size | None


def one_sided(derived: Sequence[Fact]) -> tuple[dict[str, Fact], frozenset[str]]:
    """Candidate facts by instrument, and the instruments for which the rules propose both sides at once.

    The latter are no candidates: a rulebook that wants two opposite things has not said what it wants.
    """
    found: dict[str, Fact] = {}
    torn: set[str] = set()
    for fact in derived:
        if fact.template == "candidate":
            name = fact.word("instrument")
            if name in found:
                torn.add(name)
            found[name] = fact
    return {name: fact for name, fact in found.items() if name not in torn}, frozenset(torn)


def strategies(rulebook: Rulebook) -> dict[str, str]:
    """The strategy of each rule's candidates, without the horizon: who owns the rule answers for its orders."""
    return {rule.name: rule.owner for rule in rulebook.program.rules}


def shape(
    here: Circumstances, states: Mapping[str, Finding], fact: Fact, policy: PolicyVerdict, owner: str
) -> Candidate:
    """Make one candidate an entry of its owner's strategy for its horizon."""
    name, horizon = fact.word("instrument"), fact.word("horizon")
    side = Side.BUY if fact["side"] == "long" else Side.SELL
    strategy = f"{owner}-{horizon}"
    found = findings(here, states, Case(name, side, strategy, horizon, _forbidden(policy)))
    conviction = Fraction(fact.number("conviction"))
    terms = here.market.terms.get(name)
    if terms is None:
        entry = Entry(name, side, conviction, ZERO, ZERO, ZERO, strategy, horizon, found)
        return Candidate(fact, policy, entry, None)
    sized = size(here.snapshot, here.portfolio, here.limits, here.regime, terms, side)
    worst = limit_price(terms, side, here.limits.collar(here.session))
    stop = stop_price(terms, side, here.limits.parameters.stop_distance)
    entry = Entry(name, side, conviction, sized.target, worst, stop, strategy, horizon, found)
    return Candidate(fact, policy, entry, sized)


def _forbidden(policy: PolicyVerdict) -> tuple[str, ...]:
    """Only an outcome of exactly `permitted` permits; the reasons are the proofs' own sentences."""
    if policy.outcome == "permitted":
        return ()
    if policy.outcome == "forbidden" and policy.proofs:
        return tuple(proof.sentence for proof in policy.proofs)
    return (policy.fault or "the policies gave no answer",)
