"""The council: no look-ahead, weights that add up, silence with a reason, and heads that cannot hurt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisors.council import FLOOR, Council, weights
from advisors.heads.base import Features, News
from advisors.heads.sentiment import REACH
from advisors.heads.walk import Plan
from advisors.indicators import measure_panel
from advisors.panel import Floats, Panel
from knowledge.door import freeze
from knowledge.facts import Fact, ordered
from tests.advisors.heads.markets import SMALL, UNTIL_ROW, Spy, SpyScorer, headlines, market, measured, quick_heads

UNTIL = market(4).sessions[UNTIL_ROW]
LATE = 150


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def council(panel: Panel, cache_folder: Path | None = None, news: Sequence[News] = ()) -> Council:
    return Council.train(panel, measure_panel(panel), UNTIL, cache_folder, news, plan=SMALL, heads=quick_heads())


@cache
def whole() -> Council:
    panel, measures = measured(4, late=LATE)
    return Council.train(panel, measures, UNTIL, news=headlines(panel), plan=SMALL, heads=quick_heads())


def known_news(panel: Panel, session: str) -> list[News]:
    return [item for item in headlines(panel) if item.session <= session]


@settings(max_examples=8)  # half a second each
@given(row=st.integers(UNTIL_ROW + 1, 358))
def test_what_is_said_does_not_depend_on_the_future(models: Path, row: int) -> None:
    panel = whole().panel
    session = panel.sessions[row]
    cut = council(panel.until(session), models, known_news(panel, session))
    assert cut.advise(session) == whole().advise(session)
    for seat, full in zip(cut.seats, whole().seats, strict=True):
        end = row + 1
        assert seat.walk.edge.tobytes() == full.walk.edge[:end].tobytes()
        assert seat.walk.probability.tobytes() == full.walk.probability[:end].tobytes()
        assert seat.record.rank.tobytes() == full.record.rank[:end].tobytes()
        for one, other in zip(seat.walk.trainings, full.walk.trainings, strict=False):
            assert (one.row, one.inputs, one.model) == (other.row, other.inputs, other.model)


def test_a_future_of_another_kind_changes_nothing() -> None:
    panel = whole().panel
    session = panel.sessions[UNTIL_ROW + 30]
    grids = {name: getattr(panel, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for grid in grids.values():
        grid[UNTIL_ROW + 31 :] *= 3.0
    other = Panel(
        panel.instruments,
        panel.sessions,
        **grids,
        factor=panel.factor,
        split=panel.split,
        index_close=panel.index_close,
    )
    assert council(other, news=headlines(panel)).advise(session) == whole().advise(session)


def test_two_trainings_agree_with_and_without_kept_models(tmp_path: Path) -> None:
    panel = whole().panel
    session = panel.sessions[-1]
    first, second = (council(panel, tmp_path, headlines(panel)) for _ in range(2))
    assert first.advise(session) == second.advise(session) == whole().advise(session)
    assert first.notes == second.notes == ()


def test_every_instrument_hears_every_head_once() -> None:
    for session in whole().panel.sessions[UNTIL_ROW + 1 :: 9]:
        facts = whole().advise(session)
        assert facts == list(ordered(facts))
        heads = {seat.name for seat in whole().seats}
        for instrument in whole().panel.instruments:
            said = [fact["head"] for fact in of(facts, "advisory", "abstention") if fact["instrument"] == instrument]
            assert sorted(map(str, said)) == sorted(heads)
        assert {fact["head"] for fact in of(facts, "head")} == heads
        freeze("2010-02-01T21:00:00Z", whole().panel.instruments, facts)


def test_weights_add_up_over_the_heads_that_speak() -> None:
    for session in whole().panel.sessions[UNTIL_ROW + 1 :: 9]:
        facts = whole().advise(session)
        for instrument in whole().panel.instruments:
            shares = [fact.number("weight") for fact in of(facts, "advisory") if fact["instrument"] == instrument]
            assert len(shares) >= 3
            assert sum(shares) == 1


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=6))
def test_weights_are_shares_by_accuracy(accuracies: list[float | None]) -> None:
    shares = weights(accuracies)
    floored = [max(accuracy or 0.0, FLOOR) for accuracy in accuracies]
    assert sum(shares) == 1
    for share, accuracy in zip(shares, floored, strict=True):
        assert abs(float(share) - accuracy / sum(floored)) <= 0.0001 * len(shares)


def test_no_one_has_no_weight() -> None:
    assert weights([]) == []


def test_both_directions_are_called_and_convictions_are_ranks() -> None:
    said = [
        fact for session in whole().panel.sessions[UNTIL_ROW + 1 :] for fact in of(whole().advise(session), "advisory")
    ]
    for head in ("technical", "volume", "rules-based"):
        mine = [fact for fact in said if fact["head"] == head]
        assert {fact["direction"] for fact in mine} >= {"long", "short"}
        assert len({fact["probability"] for fact in mine}) > 20
        assert all(fact.number("conviction") >= Decimal("0.5") for fact in mine)


def test_where_there_is_no_news_sentiment_says_so() -> None:
    panel, measures = measured(4, late=LATE)
    quiet = Council.train(panel, measures, UNTIL, plan=SMALL, heads=quick_heads()).advise(panel.sessions[-1])
    silent = [fact for fact in quiet if fact["head"] == "sentiment"]
    assert [fact.template for fact in silent] == ["abstention"] * 3 + ["head"]
    assert {fact["reason"] for fact in silent[:3]} == {f"no news in the last {REACH} sessions"}
    assert silent[3]["status"] == "abstaining"
    # Only the third instrument has no news in the other market.
    heard = whole().advise(panel.sessions[UNTIL_ROW + 20])
    assert {str(fact["instrument"]) for fact in of(heard, "advisory") if fact["head"] == "sentiment"} == {"AA", "BB"}


def test_an_unmeasured_head_has_the_worst_record() -> None:
    panel, measures = measured(4, late=LATE)
    facts = Council.train(panel, measures, UNTIL, plan=SMALL, heads=quick_heads()).advise(panel.sessions[-1])
    (head,) = [fact for fact in of(facts, "head") if fact["head"] == "sentiment"]
    assert (head["brier"], head["psi"], head["accuracy"], head["hit-rate"], head["payoff"]) == (1, 100, 0, 0, 0)


def test_a_session_without_a_bar_and_a_young_listing_are_met_with_silence() -> None:
    panel, _ = measured(4, late=UNTIL_ROW + 10)
    grids = {name: getattr(panel, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for grid in grids.values():
        grid[-1, 0] = np.nan
    holed = Panel(
        panel.instruments,
        panel.sessions,
        **grids,
        factor=panel.factor,
        split=panel.split,
        index_close=panel.index_close,
    )
    last = [fact for fact in council(holed).advise(panel.sessions[-1]) if fact.template == "abstention"]
    reasons = {(fact["instrument"], fact["head"]): str(fact["reason"]) for fact in last}
    assert reasons["AA", "technical"] == reasons["AA", "sentiment"] == "no bar in this session"
    early = [fact for fact in council(panel).advise(panel.sessions[UNTIL_ROW + 20]) if fact.template == "abstention"]
    young = {fact["head"]: str(fact["reason"]) for fact in early if fact["instrument"] == "CC"}
    assert "`momentum-63`" in young["technical"] and "`momentum-63`" in young["rules-based"]


def test_a_head_with_a_probability_but_no_history_to_rank_it_abstains() -> None:
    panel, measures = measured(4, late=LATE)
    plan = Plan(days=56, fold=15, least=251)
    spoken = Council.train(panel, measures, UNTIL, plan=plan, heads=[Spy()])
    row = UNTIL_ROW + 1
    assert np.isfinite(spoken.seats[0].record.probability[row]).all()
    (said,) = {str(fact["reason"]) for fact in of(spoken.advise(panel.sessions[row]), "abstention")}
    assert "to rank its probability" in said
    assert of(spoken.advise(panel.sessions[row + 20]), "advisory")


def test_the_age_counts_calendar_days_and_stays_in_the_plan() -> None:
    panel = whole().panel
    ages = [
        int(fact.number("age"))
        for session in panel.sessions[UNTIL_ROW + 1 :]
        for fact in of(whole().advise(session), "head")
        if fact["head"] == "volume"
    ]
    assert min(ages) >= 1 and max(ages) <= SMALL.days + 4
    assert len(set(ages)) > 20


def test_a_session_that_was_trained_on_is_refused() -> None:
    with pytest.raises(ValueError, match="is not after"):
        whole().advise(UNTIL)
    with pytest.raises(KeyError):
        whole().advise("1999-01-01")


def test_measures_of_another_panel_are_refused() -> None:
    panel, measures = measured(4, late=LATE)
    with pytest.raises(ValueError, match="another panel"):
        Council.train(panel.until(UNTIL), measures, UNTIL)


LIES = {
    "raises": lambda scores: 1 / 0,
    "not a number": lambda scores: scores * np.nan,
    "infinite": lambda scores: scores - np.inf,
    "enormous": lambda scores: scores * 1e308,
    "constant": lambda scores: scores * 0,
    "a list": lambda scores: scores.tolist(),
    "too many": lambda scores: np.concatenate([scores, scores]),
    "words": lambda scores: np.array(["up"] * len(scores)),
    "nothing": lambda scores: None,
}


class Liar(Spy):
    """A head that does what a test tells it to."""

    def __init__(self, at: str) -> None:
        super().__init__(name="liar")
        self.at = at

    def features(self, panel: Panel, measures: Mapping[str, Floats], news: Sequence[News]) -> Features:
        if self.at == "writes":
            measures["rsi-14"][:] = 0.0
        if self.at == "no features":
            raise KeyError("`colour`")
        features = super().features(panel, measures, news)
        if self.at == "no names":
            features.values[:] = np.nan
        return features

    def fit(self, rows: Floats, up: Floats) -> SpyScorer:
        if self.at == "no fit":
            raise MemoryError
        return LiarScorer(float(len(rows)), self.at)

    def silence(self, missing: Sequence[str]) -> str:
        raise RuntimeError("line\nbreak")


class LiarScorer(SpyScorer):
    """See `Liar`."""

    def __init__(self, count: float, at: str) -> None:
        super().__init__(count)
        object.__setattr__(self, "at", at)

    def score(self, rows: Floats) -> Floats:
        return LIES.get(self.at, np.copy)(super().score(rows))  # type: ignore[operator, no-any-return]


@pytest.mark.parametrize("at", [*LIES, "writes", "no features", "no names", "no fit"])
def test_advisors_cannot_hurt(at: str) -> None:
    panel, measures = measured(4, late=LATE)
    volume = quick_heads()[3]
    alone = Council.train(panel, measures, UNTIL, plan=SMALL, heads=[volume])
    beside = Council.train(panel, measures, UNTIL, plan=SMALL, heads=[Liar(at), volume])
    for session in panel.sessions[UNTIL_ROW + 1 :: 20]:
        facts = beside.advise(session)
        freeze("2010-02-01T21:00:00Z", panel.instruments, facts)
        lies = [fact for fact in facts if fact["head"] == "liar"]
        mine = [(fact.ref, *fact.slots[2:5]) for fact in facts if fact["head"] == "volume"]
        assert mine == [(fact.ref, *fact.slots[2:5]) for fact in alone.advise(session)]
        if at not in ("constant", "enormous"):
            assert [fact.template for fact in lies] == ["abstention"] * 3 + ["head"]
            assert lies[-1]["status"] == ("abstaining" if at == "no names" else "failed")
            assert all(str(fact["reason"]) for fact in lies[:3])


def of(facts: Sequence[Fact], *templates: str) -> list[Fact]:
    return [fact for fact in facts if fact.template in templates]
