"""Two decisions side by side: what differs, and the first place on the path at which it does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.decide import decide
from engine.supposing.case import Case
from engine.supposing.changes import changed
from engine.supposing.difference import Difference, difference, in_words
from engine.telling.tokens import plain
from knowledge.values import Json
from tests.promises.cycles import calm, limits, rulebook


def decided(case: Case) -> Json:
    return decide(case.snapshot, case.rulebook, case.limits, case.portfolio).to_json()


@pytest.fixture(scope="module")
def calmly() -> tuple[Case, Json]:
    """Two candidates, both of them cut."""
    cycle = calm("long", "long")
    case = Case(cycle.snapshot, cycle.portfolio, rulebook(), limits())
    return case, decided(case)


def differs(calmly: tuple[Case, Json], *sets: str, adds: Sequence[str] = ()) -> Difference:
    case, before = calmly
    return difference(before, decided(changed(case, sets, (), adds)[0]))


def test_a_decision_differs_from_itself_in_nothing(calmly: tuple[Case, Json]) -> None:
    found = difference(calmly[1], calmly[1])
    assert found.none
    assert found.same == ("AAPL", "IBM")


@pytest.mark.parametrize(
    ("words", "place", "sentence"),
    [
        ("fact.indicator(AAPL,rsi-14)=85", "rules", "rule veto-overbought fires now"),
        ("head.technical.AAPL.conviction=0.1", "rules", "rule opinion does not fire any more"),
        ("fact.earnings(AAPL)=1", "policies", "policies: forbidden, before permitted"),
        ("fact.indicator(AAPL,interval-75)=0.2", "conditions", "condition model.interval does not hold"),
        ("parameter.kelly_fraction=0.01", "sizes", "size factor kelly"),
        ("limit.order.value=1 %", "limits", "limit order.value[AAPL] binds"),
    ],
)
def test_the_first_cause_is_the_first_on_the_path(
    calmly: tuple[Case, Json], words: str, place: str, sentence: str
) -> None:
    found = differs(calmly, words)
    apart = next(one for one in found.instruments if one.instrument == "AAPL")
    assert apart.steps[0].place == place
    assert plain(apart.steps[0].sentences[0]).startswith(sentence)
    assert apart.before != apart.after


def test_every_instrument_is_told_as_same_or_otherwise(calmly: tuple[Case, Json]) -> None:
    found = differs(calmly, "fact.indicator(AAPL,rsi-14)=85")
    assert {one.instrument for one in found.instruments} | set(found.same) == {"AAPL", "IBM"}


def test_the_trading_state_is_told(calmly: tuple[Case, Json]) -> None:
    found = differs(calmly, "portfolio.operations.kill_switch=yes")
    assert [plain(one) for one in found.circumstances] == ["trading state halted in place of active"]
    assert {plain(in_words(one.after)).split(",")[0] for one in found.instruments} == {"denied"}


def test_a_size_of_less_than_one_lot_is_said_in_words() -> None:
    told = {"outcome": "denied", "side": "buy", "target": "0", "quantity": "0", "reasons": ["sizing.target"]}
    assert plain(in_words(told)) == "denied, to buy: the size came to less than one lot"
    both = {**told, "target": "20", "reasons": ["sizing.target", "order.value"]}
    assert plain(in_words(both)) == "denied, to buy 20 shares, because of sizing.target and order.value"
