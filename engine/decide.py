"""The decision: snapshot, rulebook, limits and portfolio in, a verdict for every instrument out.

Pure and deterministic: budgets are counted, the clock and the models stay outside. Whatever goes wrong on the way ends
in *undetermined*, which permits nothing new; what the rules had proposed to close still closes.
"""

from __future__ import annotations

from dataclasses import replace

from engine.candidates import one_sided, shape, strategies
from engine.conditions import Circumstances, trading_state
from engine.decision import Decision, Verdict
from engine.exits import propose_exits, rule_on_exits
from engine.gate import Outcome, judge
from engine.issue import issue_warrants
from engine.limits import UNKNOWN_REGIME, Limits
from engine.market import read_market
from engine.portfolio import Portfolio
from engine.proof import prove
from engine.reach import read_book
from engine.standing import portfolio_facts
from engine.verdicts import instruments_of, torn_verdict, undetermined, verdict_of
from engine.warrants import Inputs
from knowledge.facts import Snapshot
from rules.conditions import WorkingMemory
from rules.nearest import nearest
from rules.reasoning import Reasoning
from rules.rulebook import Rulebook


def decide(snapshot: Snapshot, rulebook: Rulebook, limits: Limits, portfolio: Portfolio) -> Decision:
    """Decide one cycle. Raises only for bugs; the worker turns those into an undetermined record."""
    reasoning = Reasoning.of(rulebook)
    inputs = Inputs(snapshot.digest, rulebook.fingerprint, limits.fingerprint, portfolio.digest)

    facts = (*snapshot.facts, *portfolio_facts(snapshot, portfolio))
    inference = reasoning.infer(facts)
    if inference.fault:
        return undetermined(snapshot, inputs, inference.fault)
    derived = inference.derived
    regime = next((fact.word("name") for fact in derived if fact.template == "regime"), UNKNOWN_REGIME)

    market = read_market(snapshot, portfolio, limits.parameters.cluster_threshold)
    exits = propose_exits(derived, portfolio, market, limits)
    going = tuple(one for one, _ in exits)
    book = read_book(portfolio, going, market, limits)
    here = Circumstances(snapshot, portfolio, market, book, going, limits)
    state, states = trading_state(here)

    proposed, torn = one_sided(derived)
    owners = strategies(rulebook)
    policies = reasoning.judge(facts, tuple(proposed.values()))
    candidates = {
        name: shape(here, states, regime, fact, policy, owners.get(fact.word("rule"), "unowned"))
        for (name, fact), policy in zip(proposed.items(), policies, strict=True)
    }
    judgement = judge(book, [one.entry for one in candidates.values()], market, limits, regime)
    proof = prove(portfolio, going, judgement, market, limits, regime)

    verdicts = [verdict_of(one, candidates[one.entry.instrument], proof) for one in judgement.rulings]
    verdicts += [torn_verdict(name) for name in torn]
    memory = WorkingMemory.of((*facts, *derived))
    for name in instruments_of(snapshot, derived):
        if name not in candidates and name not in torn:
            miss = nearest(rulebook.program, memory, name)
            verdicts.append(Verdict(name, Outcome.NO_CANDIDATE, (), miss=miss))

    decision = Decision(
        as_of=snapshot.as_of,
        inputs=inputs,
        versions={**reasoning.versions, **proof.versions},
        regime=regime,
        trading_state=state,
        verdicts=tuple(sorted(verdicts, key=lambda one: one.instrument)),
        exits=rule_on_exits(exits, here, regime),
        states=tuple(states[name] for name in sorted(states)),
        readings=judgement.readings if candidates else (),
        derived=derived,
        firings=inference.firings,
        proof=proof if candidates else None,
    )
    grants = judgement.grants if proof.agrees else ()
    return replace(decision, warrants=issue_warrants(decision, grants, snapshot, portfolio, market))
