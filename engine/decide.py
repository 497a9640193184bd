"""The decision: snapshot, rulebook, limits and portfolio in, a verdict for every instrument out.

Pure and deterministic: budgets are counted, the clock and the models stay outside. Whatever goes wrong on the way ends
in *undetermined*, which permits nothing new; what the rules had proposed to close still closes.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from engine.baskets import proposed
from engine.decision import Decision, ExitVerdict
from engine.entries import Proving, rule_on_entries, without_entries
from engine.exits import propose_exits, rule_on_exits, worsened
from engine.gate.circumstances import Circumstances
from engine.gate.market import Before, read_market
from engine.gate.reach import read_book
from engine.gate.states import trading_state
from engine.gate.stress import stresses
from engine.issue import issue_warrants
from engine.limits.model import UNKNOWN_REGIME, Limits
from engine.obligations import oblige
from engine.orders.portfolio import Portfolio
from engine.orders.warrants import Inputs
from engine.proof.prove import Proof
from engine.standing import portfolio_facts
from engine.verdicts import Silences, Silent, instruments_of, refused_verdict, told_here, undetermined, unexplained
from knowledge.facts import Snapshot
from rules.reasoning import Reasoning
from rules.rulebook import Rulebook


def decide(
    snapshot: Snapshot,
    rulebook: Rulebook,
    limits: Limits,
    portfolio: Portfolio,
    silences: Silences = told_here,
    proving: Proving | None = None,
    before: Before | None = None,
) -> Decision:
    """Decide one cycle. Raises only for bugs; the worker turns those into an undetermined record.

    `silences` says who tells why nothing is proposed; whoever does, says the same. So does who read some of the market
    `before`. `proving` asks the solver: another one is given by searches that throw their decisions away, and by nobody
    else.
    """
    reasoning = Reasoning.of(rulebook)
    inputs = Inputs(snapshot.digest, rulebook.fingerprint, limits.fingerprint, portfolio.digest)

    standing = portfolio_facts(snapshot, portfolio)
    facts = (*snapshot.facts, *standing)
    inference = reasoning.infer(facts)
    if inference.fault:
        return undetermined(snapshot, inputs, inference.fault)
    derived = inference.derived
    regime = next((fact.word("name") for fact in derived if fact.template == "regime"), UNKNOWN_REGIME)

    market = read_market(snapshot, portfolio, limits.parameters.cluster_threshold, limits.scenarios, before)
    wanted = proposed(derived, market)
    spoken = wanted.candidates.keys() | wanted.refused.keys()
    silent = tuple(name for name in instruments_of(snapshot, derived) if name not in spoken)
    unspoken = silences(Silent(rulebook, snapshot, (*standing, *derived), silent))

    state, states = trading_state(portfolio, market, limits, regime)
    asked = propose_exits(derived, portfolio, market, limits.in_force(market.session, regime, state, market.figures))
    asked, duty = oblige(asked, portfolio, market, limits, regime, state)
    going = tuple(one for one, _ in asked)
    book = read_book(portfolio, going, market, limits)
    here = Circumstances(snapshot, portfolio, market, book, going, limits, derived, regime, state)
    exits = rule_on_exits(asked, here)

    @cache
    def burdened() -> tuple[ExitVerdict, ...]:
        return worsened(exits, here)

    def meanwhile() -> None:
        burdened()
        unspoken()

    try:
        duty.sound()
        # What exits worsen and why the others are silent takes as long as the solver does: it is told beside it.
        entries = rule_on_entries(wanted, rulebook, facts, here, states, meanwhile, proving)
        others, worse = unspoken(), burdened()
        losses = stresses(book, entries.grants, market, limits)
    except Exception as error:  # noqa: BLE001 - no exit needs any of this: what goes wrong costs the entries alone
        entries, others, losses, worse = without_entries(wanted, error), unexplained(silent, error), None, exits
    verdicts = [*entries.verdicts, *(refused_verdict(*one) for one in wanted.refused.items()), *others]

    decision = Decision(
        as_of=snapshot.as_of,
        inputs=inputs,
        versions={**reasoning.versions, **Proof().versions},
        regime=regime,
        trading_state=state,
        verdicts=tuple(sorted(verdicts, key=lambda one: one.instrument)),
        exits=worse,
        duty=duty,
        states=tuple(states[name] for name in sorted(states)),
        readings=entries.readings,
        derived=derived,
        firings=inference.firings,
        proof=entries.proof,
        law_digest=limits.law_digest,
        stress=losses,
    )
    target = limits.parameters.take_profit
    return replace(decision, warrants=issue_warrants(decision, entries.grants, snapshot, portfolio, market, target))
