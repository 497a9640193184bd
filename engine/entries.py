"""What binds entries and never an exit: policies, conditions, sizes, limits, the solver.

A cycle asks for it once, after its exits are known. Whatever goes wrong in here costs the entries alone:
`without_entries` gives every candidate an undetermined verdict that says what went wrong, and the exits go out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from engine.baskets import Proposed
from engine.candidates import in_ratio, shape, strategies
from engine.decision import Verdict
from engine.gate.circumstances import Circumstances
from engine.gate.judge import Outcome, Reading, judge
from engine.gate.proposals import Finding, Grant
from engine.proof.prove import Proof, prove
from engine.verdicts import surprise, verdict_of
from knowledge.facts import Fact
from rules.reasoning import Reasoning
from rules.rulebook import Rulebook

Proving = Callable[..., Proof]
"""Takes what `prove` takes."""
LOST = "the entries could not be judged: "
"""How the fault of a proof begins where there was nothing to prove."""


@dataclass(frozen=True)
class Entries:
    """What became of the candidates. Without candidates there are no readings and no proof."""

    verdicts: tuple[Verdict, ...] = ()
    grants: tuple[Grant, ...] = ()
    readings: tuple[Reading, ...] = ()
    proof: Proof | None = None


def rule_on_entries(
    proposed: Proposed,
    rulebook: Rulebook,
    facts: Sequence[Fact],
    here: Circumstances,
    states: Mapping[str, Finding],
    meanwhile: Callable[[], object] | None = None,
    proving: Proving | None = None,
) -> Entries:
    """Ask policies, conditions, limits and solver about every candidate. Raises whatever goes wrong.

    `meanwhile` is called while the solver works, if it does; what is only told of the candidates is made ready then.
    `proving` asks the solver.
    """
    if not proposed.candidates:
        return Entries()
    owners = strategies(rulebook)
    policies = Reasoning.of(rulebook).judge(facts, tuple(proposed.candidates.values()))
    candidates = in_ratio({
        name: shape(here, states, fact, policy, owners.get(fact.word("rule"), "unowned"), proposed.baskets.get(name))
        for (name, fact), policy in zip(proposed.candidates.items(), policies, strict=True)
    })  # fmt: skip
    asked = [one.entry for one in candidates.values()]
    judgement = judge(here.book, asked, here.market, here.limits, here.regime, here.state)

    def beside() -> None:
        for one in policies:
            tuple(one.proofs)
        _ = judgement.readings
        if meanwhile is not None:
            meanwhile()

    asking = proving or prove
    proof = asking(here.portfolio, here.exits, judgement, here.market, here.limits, here.regime, here.state, beside)
    rows, nav = here.limits.rows(here.session), Fraction(here.portfolio.nav)
    verdicts = tuple(verdict_of(one, candidates[one.entry.instrument], proof, rows, nav) for one in judgement.rulings)
    return Entries(verdicts, judgement.grants if proof.agrees else (), judgement.readings, proof)


def without_entries(proposed: Proposed, error: Exception) -> Entries:
    """Every candidate undetermined, because of `error`."""
    fault = LOST + surprise(error)
    verdicts = tuple(Verdict(name, Outcome.UNDETERMINED, (fault,)) for name in sorted(proposed.candidates))
    return Entries(verdicts, proof=Proof(fault=fault))
