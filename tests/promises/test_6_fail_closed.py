"""Promise 6."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gate.judge import Outcome
from engine.gate.market import Market
from engine.gate.proposals import Entry, Finding
from engine.orders.order import Role
from engine.proof.prove import prove
from engine.proof.solver import Answer, Nonsense
from engine.service import Service
from knowledge.clips.session import Inference
from knowledge.door import Refused, fact
from knowledge.facts import Fact
from knowledge.prolog.session import PolicyVerdict
from knowledge.values import canonical, parse
from tests.engine.books_strategy import Desk, desks, together, unpriced
from tests.promises.cycles import (
    HEADS,
    Cycle,
    advisory,
    calm,
    cycles,
    entered,
    position,
    rulebook,
    with_bounds,
)
from tests.promises.depth import whole_cycles

ANSWERS = st.sampled_from(("sat", "unsat", "unknown", "", "sat unsat"))
"""One answer that the solver gives instead of the expected one; none at all, or one too many."""


def forbidden(entry: Entry) -> Entry:
    """The entry with a condition that does not hold."""
    return replace(entry, findings=(*entry.findings, Finding("by.hand", False, "unknown", "1", "nobody knows")))


def without_figures(desk: Desk, name: str) -> Desk:
    """The desk after an instrument lost its figures, with the findings the conditions then make."""
    terms = {one: found for one, found in desk.market.terms.items() if one != name}
    market = Market(desk.market.session, terms, {**desk.market.missing, name: ("bar",)}, desk.market.clusters)
    everywhere = unpriced(desk.portfolio, market)
    entries = [forbidden(one) if everywhere or one.instrument not in terms else one for one in desk.entries]
    return replace(desk, market=market, entries=tuple(entries))


@given(desks(), st.integers(0, 2), ANSWERS)
def test_fail_closed(desk: Desk, at: int, wrong: str) -> None:
    """An error, an exhausted budget, an *unknown*, a line on an engine's error stream, anything unexpected, anywhere:
    no entry, a recorded reason, and the next cycle runs. If the store itself has failed: nothing is sent, the reason
    goes to stderr, exit status 3.

    Present extent here: a condition that does not hold, figures that are gone, and every answer of the solver but the
    expected ones; the seams of whole cycles below. The error streams, the wall clock and the store are the shell's, and
    its tests hold them (tests/adapters).
    """
    before = desk.judged()
    victim = desk.entries[at % len(desk.entries)]

    others = [forbidden(one) if one is victim else one for one in desk.entries]
    ruling = next(
        one for one in desk.with_entries(others).judged().rulings if one.entry.instrument == victim.instrument
    )
    assert (ruling.outcome, ruling.quantity) == (Outcome.DENIED, 0)
    named = "by.hand" if victim.basket is None else f"by.hand[{victim.instrument}]"
    assert any(core.constraint == named and core.alone for core in ruling.cores)

    blind = without_figures(desk, victim.instrument)
    gone = blind.judged()
    assert all(one.entry.instrument != victim.instrument for one in gone.grants)
    assert not (unpriced(blind.portfolio, blind.market) and gone.grants)
    assert all(one.cores for one in gone.rulings if one.outcome is Outcome.DENIED)

    refused = sum(ruled[0].outcome is not Outcome.GRANTED for ruled in together(before.rulings))
    asked = prove(desk.portfolio, desk.exits, before, desk.market, desk.limits, desk.regime).script.count("(check-sat)")
    honest = [*["unsat"] * (asked - refused), *["sat"] * refused]
    place = at % len(honest)
    answered = [*honest[:place], *wrong.split(), *honest[place + 1 :]]
    if answered != honest:
        with patch("engine.proof.prove.answers", return_value=[Answer(one) for one in answered]):
            proof = prove(desk.portfolio, desk.exits, before, desk.market, desk.limits, desk.regime)
        assert not proof.agrees
        assert proof.fault

    after = desk.judged()
    assert (after, after.readings) == (before, before.readings)


# --- whole cycles -----------------------------------------------------------------------------------------------


def served(cycle: Cycle) -> Any:
    """The decision as the worker answers it: the boundary at which every bug ends."""
    request = {"op": "decide", "snapshot": cycle.snapshot.to_json(), "portfolio": cycle.portfolio.to_json()}
    return parse(Service(rulebook(), cycle.limits).answer(canonical(request)))["decision"]


def enters(decision: Any) -> list[str]:
    """Instruments with an entry warrant."""
    return [one["order"]["instrument"] for one in decision["warrants"] if one["order"]["role"] == "entry"]


def undetermined_policies(_: object, facts: object, candidates: list[Fact], *more: object) -> tuple[PolicyVerdict, ...]:
    """What the policies answer when their budget is spent."""
    return tuple(
        PolicyVerdict(one.word("instrument"), one.word("side"), "undetermined", (), "the policies took too long")
        for one in candidates
    )


def odd_policies(_: object, facts: object, candidates: list[Fact], *more: object) -> tuple[PolicyVerdict, ...]:
    """An outcome that nobody declared, and a refusal without a reason, in turn."""
    odd: Any = ("PERMITTED", "forbidden", "", None)
    return tuple(
        PolicyVerdict(one.word("instrument"), one.word("side"), odd[at % len(odd)], (), None)
        for at, one in enumerate(candidates)
    )


SEAMS: dict[str, tuple[str, Any]] = {
    "the rules find a fault": (
        "knowledge.clips.session.ClipsImage.infer",
        lambda *_: Inference((), (), "the rules did not come to an end"),
    ),
    "the rules crash": ("knowledge.clips.session.ClipsImage.infer", OSError("no image")),
    "the policies spend their budget": ("knowledge.prolog.session.PrologPolicies.judge", undetermined_policies),
    "the policies say something odd": ("knowledge.prolog.session.PrologPolicies.judge", odd_policies),
    "the policies lose count": ("knowledge.prolog.session.PrologPolicies.judge", lambda *_: ()),
    "the policies crash": ("knowledge.prolog.session.PrologPolicies.judge", RuntimeError("no Prolog")),
    "the solver spends its budget": (
        "engine.proof.prove.answers",
        lambda text, *_: [Answer("unknown")] * text.count("(check-sat)"),
    ),
    "the solver finds everything broken": (
        "engine.proof.prove.answers",
        lambda text, *_: [Answer("sat")] * text.count("(check-sat)"),
    ),
    "the solver finds nothing broken": (
        "engine.proof.prove.answers",
        lambda text, *_: [Answer("unsat")] * (text.count("(check-sat)") + 1),
    ),
    "the solver says nothing": ("engine.proof.prove.answers", lambda *_: []),
    "the solver says too much": ("engine.proof.prove.answers", lambda text, *_: [Answer("unsat")] * 99),
    "the solver talks nonsense": ("engine.proof.prove.answers", Nonsense("the solver said `banana`")),
    "the solver crashes": ("engine.proof.prove.answers", MemoryError()),
    "the encoding crashes": ("engine.proof.prove.script", RecursionError("too deep")),
    "the limits crash": ("engine.gate.judge.rows_of", ZeroDivisionError("division by zero")),
    "the reach crashes": ("engine.gate.judge.state_of", OverflowError("too large")),
    "the market crashes": ("engine.decide.read_market", KeyError("bar")),
    "the book crashes": ("engine.decide.read_book", ZeroDivisionError("division by zero")),
    "the trading state crashes": ("engine.decide.trading_state", ValueError("no state")),
    "a size crashes": ("engine.candidates.size", ArithmeticError("no size")),
    "a condition crashes": ("engine.candidates.findings", ValueError("no date")),
    "the nearest miss crashes": ("engine.verdicts.nearest", IndexError("no rule")),
    "the warrants crash": ("engine.decide.issue_warrants", ValueError("can not expire")),
    "the door refuses a position": ("engine.decide.portfolio_facts", Refused("`position.quantity` is odd")),
}


@contextmanager
def broken(seam: str) -> Iterator[None]:
    """A seam of the core that fails in its own way."""
    target, effect = SEAMS[seam]
    as_method = {"autospec": True} if callable(effect) and "." in target and target.split(".")[-2][0].isupper() else {}
    with patch(target, side_effect=effect, **as_method):
        yield


@whole_cycles
@given(cycles(moods=("long", "long", "short", "quiet")), st.sampled_from(sorted(SEAMS)))
def test_fail_closed_in_whole_cycles(cycle: Cycle, seam: str) -> None:
    """Break one seam of a cycle: no entry, a reason in the record, and the next cycle is the one it would have been."""
    before = served(cycle)
    with broken(seam):
        during = served(cycle)
    if seam == "the nearest miss crashes" and all(one["outcome"] != "no-candidate" for one in before["verdicts"]):
        return  # nobody asked for it
    assert enters(during) == []
    proposed = {one["instrument"] for one in before["verdicts"] if one["outcome"] != "no-candidate"}
    for one in during["verdicts"]:
        if one["instrument"] in proposed:
            assert one["outcome"] in ("undetermined", "denied")
            assert one["reasons"]
            assert all(one["reasons"])
    assert canonical(served(cycle)) == canonical(before)


@pytest.mark.parametrize("seam", SEAMS)
def test_every_seam_costs_the_entry(seam: str) -> None:
    """One by one, on a cycle that has an entry as long as nothing is broken."""
    cycle = calm("long", "quiet")
    assert enters(served(cycle)) == ["AAPL"]
    with broken(seam):
        decision = served(cycle)
    assert enters(decision) == []
    (verdict,) = (one for one in decision["verdicts"] if one["instrument"] == "AAPL")
    assert verdict["reasons"]
    assert enters(served(cycle)) == ["AAPL"]


# --- absent inputs ----------------------------------------------------------------------------------------------

FORBIDS = {
    "reference(AAPL)": ("operations.complete", "compliance.policy"),
    "bar(AAPL)": ("operations.complete", "operations.age"),
    "indicator(AAPL,average-volume-20)": ("operations.complete",),
    "indicator(AAPL,beta-252)": ("operations.complete",),
    "indicator(AAPL,volatility-20)": ("operations.complete",),
    "indicator(AAPL,atr-14)": ("operations.complete",),
    "indicator(AAPL,interval-75)": ("model.interval",),
    "indicator(AAPL,ema-20-distance)": ("order.window",),
    "market(index-move)": ("systemic.index_move",),
    "calendar(AAPL)": ("compliance.policy",),
    "earnings(AAPL)": ("compliance.policy",),
    **{f"head({name})": ("model.age", "model.brier", "model.psi") for name in HEADS},
}
"""Facts without which a candidate is denied, and the limits that say so."""
UNPROPOSED = tuple(
    f"market({name})" for name in ("index-ema-200-distance", "index-momentum-63", "index-volatility-rank")
)
"""Facts without which there is no regime, so that the rules propose nothing."""


@pytest.mark.parametrize("ref", FORBIDS)
def test_an_absent_input_never_passes_its_condition(ref: str) -> None:
    """Take one fact away that an entry needs: it is denied, and the limit that needs the fact is a core by itself."""
    cycle = calm("long", "quiet")
    decision = cycle.with_facts(one for one in cycle.facts if one.ref != ref).decided()
    verdict = decision.verdict("AAPL")
    assert verdict.outcome == Outcome.DENIED
    assert set(FORBIDS[ref]) <= {core.limit for core in verdict.cores if core.alone}
    assert entered(decision) == {}


@pytest.mark.parametrize("ref", UNPROPOSED)
def test_without_a_regime_nothing_is_proposed(ref: str) -> None:
    """The market's measures decide the regime; one of them absent is no regime, and no candidate."""
    cycle = calm("long", "quiet")
    assert (
        cycle.with_facts(one for one in cycle.facts if one.ref != ref).decided().verdict("AAPL").outcome
        == "no-candidate"
    )


@whole_cycles
@given(st.data())
def test_no_absent_fact_grants_more(data: st.DataObject) -> None:
    """Take any one fact away: the only candidate is granted no more than it was with everything known.

    Apart stand the words of the heads themselves and what only vetoes: a `quality` fact (a fault nobody reported), an
    advisory (silence is lawful, and what is left is sound by promise 5) and the measure of a veto (`rsi-14`; and
    `ema-50-200` and `adx-14` in a bear market), where a rule of the book speaks only when it knows.
    """
    held = data.draw(st.sampled_from(("", "IBM", "JPM")))
    positions = (position(held, 400),) if held else ()
    cycle = calm("long", "quiet", "quiet", positions=positions)
    free = [one for one in cycle.facts if one.template not in ("advisory", "quality") and "rsi-14" not in one.ref]
    gone = data.draw(st.sampled_from(free))
    less = cycle.with_facts(one for one in cycle.facts if one is not gone)
    assert entered(less.decided()).get("AAPL", Decimal(0)) <= entered(cycle.decided())["AAPL"]


def test_an_unknown_correlation_counts_as_the_highest() -> None:
    """Instruments of which nobody knows how they move together are one cluster, and size as if they moved as one."""
    cycle = calm("long", "quiet", positions=(position("IBM", 400),))
    cycle = replace(cycle, limits=with_bounds(cycle.limits, {"portfolio.cluster": Fraction("0.12")}))
    known = cycle.decided().verdict("AAPL")
    unknown = cycle.with_facts(one for one in cycle.facts if one.template != "correlations").decided().verdict("AAPL")
    assert "portfolio.cluster" not in known.reasons
    assert unknown.reasons == ("portfolio.cluster",)
    assert Decimal(unknown.quantity) < Decimal(known.quantity)
    assert known.size is not None
    assert unknown.size is not None
    assert unknown.size.correlation == Fraction(1, 2)


def test_a_held_instrument_without_figures_admits_no_entry_anywhere() -> None:
    """A limit can not be computed around it."""
    cycle = calm("long", "quiet", positions=(position("IBM", 400),))
    decision = cycle.with_facts(one for one in cycle.facts if one.ref != "bar(IBM)").decided()
    assert "operations.complete" in decision.verdict("AAPL").reasons
    assert entered(decision) == {}


# --- bad values -------------------------------------------------------------------------------------------------


def test_a_quality_fact_stops_its_instrument_and_no_other() -> None:
    """The others are affected only by the room it leaves."""
    cycle = calm("long", "long")
    fault = fact("quality", instrument="AAPL", issue="gap", detail="the exchange was open and there is no bar")
    decision = cycle.with_facts([*cycle.facts, fault]).decided()
    assert decision.verdict("AAPL").reasons == ("operations.quality",)
    assert decision.verdict("IBM").outcome == cycle.decided().verdict("IBM").outcome
    assert set(entered(decision)) == {"IBM"}


def test_a_next_session_that_is_over_is_no_next_session() -> None:
    """No entry, and exits of the instrument still go out, with a warrant that lives."""
    late = fact("calendar", instrument="AAPL", session="open", next="2012-02-29")
    cycle = calm("long", "quiet")
    cycle = cycle.with_facts([*(one for one in cycle.facts if one.ref != "calendar(AAPL)"), late])
    assert cycle.decided().verdict("AAPL").reasons == ("operations.complete",)
    held = replace(cycle, portfolio=calm("long", "quiet", positions=(position("AAPL", 100, sessions=5),)).portfolio)
    (warrant,) = held.decided().warrants
    assert (warrant.order.role, warrant.expires_at) == (Role.EXIT, "2012-03-06T23:59:59Z")


@pytest.mark.parametrize("day", ["soon", "2012-02-30", "20120301", "2012-3-1"])
def test_a_date_that_is_none_does_not_come_in(day: str) -> None:
    """It used to: the first comparison of dates then ended the whole cycle, exits and all."""
    prices = dict.fromkeys(("open", "high", "low", "close"), 100)
    with pytest.raises(Refused, match=f"takes a date like `2011-01-03`, not `{day}`"):
        fact("bar", instrument="AAPL", session=day, volume=1, **prices)
    with pytest.raises(Refused):
        fact("calendar", instrument="AAPL", session="open", next=day)


def test_both_sides_at_once_is_no_side() -> None:
    """Heads that agree on both sides, one trio each way, leave nothing to enter."""
    cycle = calm("quiet", "quiet")
    both = [advisory("AAPL", f"{side}-{at}", side) for side in ("long", "short") for at in range(3)]
    decision = cycle.with_facts([*cycle.facts, *both]).decided()
    assert entered(decision) == {}
    assert decision.verdict("AAPL").reasons or decision.fault


def test_a_record_of_an_undetermined_cycle_says_why() -> None:
    """The sentence names the kind of error and the line, never a bare failure."""
    with broken("the market crashes"):
        decision = served(calm("long"))
    assert decision["fault"].startswith("KeyError at ")
    assert [one["outcome"] for one in decision["verdicts"]] == ["undetermined"]
    assert json.dumps(decision)
