"""Promise 5."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.candidates import shape
from engine.gate.circumstances import Circumstances
from engine.gate.judge import judge
from engine.gate.market import read_market
from engine.gate.reach import read_book
from engine.gate.states import trading_state
from engine.orders.portfolio import Portfolio
from knowledge.door import Refused, admit, freeze
from knowledge.facts import Fact, Snapshot
from knowledge.prolog.session import PolicyVerdict
from tests.promises.account import Account
from tests.promises.cycles import AS_OF, HEADS, Cycle, account_after, accounts, cycles, facts_of, head_fact, limits
from tests.promises.depth import whole_cycles
from tests.promises.test_1_sound import SEEDS, hold

HOSTILE: tuple[object, ...] = (
    float("nan"), float("inf"), float("-inf"), -0.0, 1e308, 5e-324, 10**400, -1, 2, None, True, "", "nan", "Infinity",
    "1e999999999", "0x10", "١", "0.5\n", b"0.5", [0.5], {"value": 0.5}, object(), 0.5j, Fraction(1, 2),
    np.float64(0.5), np.float32(0.5), np.int64(1), np.bool_(True), np.array([0.5]), Decimal("sNaN"), Decimal("1e-99"),
    Decimal("0.12345678901234567890"),
)  # fmt: skip
LIES: tuple[object, ...] = (
    0,
    1,
    "0",
    "1",
    0.0,
    1.0,
    "0.0001",
    "0.9999",
    Decimal("0.5"),
    "0.75",
    0.7,
    1000,
    "1000",
    10**15,
)
VALUES = st.one_of(st.sampled_from(LIES), st.sampled_from(HOSTILE), st.floats())
WORDS = st.sampled_from(
    ("long", "short", "flat", "LONG", "", None, 1, float("nan"), "long short", "permitted", np.str_("long"))
)
NAMES = ("AAPL", "IBM")


@dataclass(frozen=True)
class Claim:
    """What an advisor tries to say."""

    template: str
    slots: Mapping[str, object]


def published(claims: Iterable[Claim]) -> list[Fact]:
    """What of the claims the door lets in; it refuses the rest, and never fails in another way."""
    found = []
    for one in claims:
        try:
            found.append(admit(one.template, one.slots))
        except Refused:
            continue
    return found


@st.composite
def claims(draw: st.DrawFn) -> list[Claim]:
    """What four heads and the indicators claim; each value may be a lie at the edge of its range, or no value."""
    found = []
    for head in HEADS:
        spoiled = draw(
            st.sampled_from(("", "", "conviction", "weight", "probability", "direction", "horizon", "model"))
        )
        for name in NAMES:
            slots: dict[str, object] = {"instrument": name, "head": head, "horizon": "swing", "model": "m1"}
            slots |= {"direction": "long", "probability": "0.6", "conviction": "0.95", "weight": draw(VALUES)}
            if spoiled:
                slots[spoiled] = draw(WORDS if spoiled in ("direction", "horizon", "model") else VALUES)
            if draw(st.integers(0, 9)):
                found.append(Claim("advisory", slots))
        record: dict[str, object] = {"head": head, "status": "healthy", "model": "m1", "age": 1, "accuracy": 1}
        figures = {"brier": 0, "psi": 0, "hit-rate": 1, "payoff": 1000, "observations": 10**17}
        worst = draw(st.sampled_from(("", *figures)))
        record |= figures | ({worst: draw(VALUES)} if worst else {})
        if draw(st.integers(0, 9)):
            found.append(Claim("head", record))
    for measure in ("volatility-20", "atr-14", "beta-252", "average-volume-20", "interval-75", "rsi-14"):
        if draw(st.booleans()):
            found.append(Claim("indicator", {"instrument": "AAPL", "name": measure, "value": draw(VALUES)}))
    return found


def said(facts: Iterable[Fact], claimed: Iterable[Fact]) -> list[Fact]:
    """A healthy market in which the claims stand where they speak of the same thing; no advisory but claimed ones."""
    mine = {one.ref: one for one in claimed}
    kept = [one for one in facts if one.template not in ("advisory", "head") and one.ref not in mine]
    return [*kept, *mine.values()]


def granted(snapshot: Snapshot, portfolio: Portfolio) -> Account:
    """What sizing, conditions and gate make of a candidate in every instrument, as a plain account."""
    known = limits()
    market = read_market(snapshot, portfolio, known.parameters.cluster_threshold)
    book = read_book(portfolio, (), market, known)
    state, states = trading_state(portfolio, market, known, "bull")
    here = Circumstances(snapshot, portfolio, market, book, (), known, regime="bull", state=state)
    entries = []
    for name in snapshot.universe:
        proposed = {"instrument": name, "side": "long", "horizon": "swing", "conviction": 1, "rule": "by-hand"}
        allowed = PolicyVerdict(name, "long", "permitted", (), None)
        entries.append(shape(here, states, admit("candidate", proposed), allowed, "quant").entry)
    judgement = judge(book, entries, market, known, "bull")
    return Account(portfolio, (), judgement.grants, market, known, "bull")


BACKGROUND = tuple(facts_of(dict.fromkeys(NAMES, "quiet")))


@given(claims(), accounts(NAMES), SEEDS)
def test_advisors_cannot_hurt(claimed: list[Claim], portfolio: Portfolio, seed: int) -> None:
    """For all advisory values whatever (NaN, infinities, wrong types, an exception, silence, a lie), granted implies
    promise 1.

    Present extent: values of advisories, of heads' records and of indicators, through the door. Of indicators it says
    that they are exact numbers in their ranges and that the limits hold for what they say, not that they are true. An
    exception in a head is the council's: it becomes an abstention, which here is silence
    (tests/advisors/test_council.py has the test of this name for heads).
    """
    snapshot = freeze(AS_OF, NAMES, said(BACKGROUND, published(claimed)))
    account = granted(snapshot, portfolio)
    if account.grants:
        hold(account, seed)


@whole_cycles
@given(cycles(), claims(), st.booleans(), SEEDS)
def test_advisors_cannot_hurt_in_whole_cycles(cycle: Cycle, claimed: list[Claim], honest: bool, seed: int) -> None:
    """The same through the rules, the policies and the solver; a claim made twice is refused, not chosen from."""
    facts = published(claimed)
    own = [one for one in facts if "instrument" not in dict(one.slots) or one["instrument"] in cycle.universe]
    known = [head_fact(name) for name in HEADS] if honest else []
    cycle = cycle.with_facts(said(cycle.facts, [*own, *known]))
    decision = cycle.decided()
    assert decision.fault is None
    account = account_after(cycle, decision)
    if account.grants:
        hold(account, seed)
    for one in own:
        contradiction = replace(one, slots=(*one.slots[:-1], ("extra", "1")))
        with pytest.raises(Refused, match="two facts say"):
            cycle.with_facts([*cycle.facts, contradiction]).snapshot  # noqa: B018 - freezing raises


class Bomb:
    """A value that does harm when it is looked at."""

    def __repr__(self) -> str:
        raise RuntimeError("boom")

    __str__ = __float__ = __hash__ = __eq__ = __repr__  # type: ignore[assignment]


@pytest.mark.parametrize("slot", ["instrument", "head", "direction", "probability", "conviction", "weight", "model"])
def test_a_value_that_explodes_is_refused(slot: str) -> None:
    """Whatever type a value has, the door says no in a sentence, without looking into it."""
    slots: dict[str, object] = {"instrument": "AAPL", "head": "technical", "direction": "long", "probability": "0.5"}
    slots |= {"conviction": "0.5", "weight": "0.5", "horizon": "swing", "model": "m1"}
    with pytest.raises(Refused):
        admit("advisory", {**slots, slot: Bomb()})
    with pytest.raises(Refused):
        admit("earnings", {"instrument": "AAPL", "sessions": Bomb()})


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda one: f"{type(one).__name__}-{one!r:.20}".replace(" ", ""))
def test_what_is_no_number_is_no_conviction(hostile: object) -> None:
    """Each hostile value is refused or is the exact number it spells; none stays a float, NaN or an infinity."""
    slots: dict[str, object] = {"instrument": "AAPL", "head": "technical", "direction": "long", "probability": "0.5"}
    slots |= {"conviction": hostile, "weight": "0.5", "horizon": "swing", "model": "m1"}
    for one in published([Claim("advisory", slots)]):
        value = one["conviction"]
        assert type(value) is Decimal
        assert value.is_finite()
        assert 0 <= value <= 1
