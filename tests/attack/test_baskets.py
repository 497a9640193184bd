"""A pair on a whole desk: entered as one, and whatever becomes of a leg, the other does not stay behind alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from adapters.paper.venue import Bar, Listing
from adapters.running.runner import NOT_WHOLE
from adapters.running.worker import Worker
from adapters.running.world import Law
from adapters.verifying.sequence import SequenceCheck
from adapters.verifying.verify import verify
from advisors.actions import Action
from engine.limits.text import read_limits
from engine.orders.basket import Basket
from knowledge.door import fact
from knowledge.facts import Fact
from knowledge.values import Json
from tests.attack.stage import HEADS, SESSIONS, SHIPPED, Stage, desk, entries, limits, records, rulebook, running
from tests.attack.test_crashes import crash

MON, TUE, WED, THU = SESSIONS[:4]
PAIR = Basket("AAPL-IBM", (("AAPL", Fraction(-2)), ("IBM", Fraction(5))))
LEANING = ("0.85", "0.80", "0.55")


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(rulebook(), limits()) as one:
        yield one


def apart(until: str, halved: str = "9999") -> Callable[[str, list[Fact]], list[Fact]]:
    """AAPL stands high and IBM low before this session, and three heads lean against each on the first day.

    From the session `halved` on a share of IBM costs half as much.
    """

    def said(day: str, found: list[Fact]) -> list[Fact]:
        stands = {"AAPL": "1.9", "IBM": "-1.8"} if day < until else {"AAPL": "0.2", "IBM": "0.1"}
        new = [fact("indicator", instrument=name, name="zscore-20", value=value) for name, value in stands.items()]
        if day == MON:
            new += [
                fact("advisory", instrument=name, head=head, direction=side, conviction=conviction, probability="0.58",
                     weight="0.25", horizon="swing", model="m1")
                for name, side in (("AAPL", "short"), ("IBM", "long"))
                for head, conviction in zip(HEADS, LEANING, strict=False)
            ]  # fmt: skip
        if day >= halved:
            new.append(fact("bar", instrument="IBM", session=day, open=100, high=101, low=99, close=100, volume=9))
            new.append(fact("indicator", instrument="IBM", name="atr-14", value=2))
        told = {one.ref for one in new}
        return [*(one for one in found if one.ref not in told), *new]

    return said


def paired(folder: Path, until: str = "9999", halved: str = "9999", **more: object) -> Stage:
    return Stage(desk(folder), facts=apart(until, halved), **more)  # type: ignore[arg-type]


def decided(stage: Stage, worker: Worker, *days: str) -> list[Json]:
    with running(stage, worker) as runner:
        return [runner.cycle(day) for day in days]


def exits(record: Json) -> dict[str, tuple[str, list[str]]]:
    return {one["instrument"]: (one["quantity"], one["reasons"]) for one in record["exits"]}


def sound(stage: Stage) -> bool:
    check = SequenceCheck()
    complaints = [str(one) for each in records(stage) for one in check.feed(each["seq"], each["record_id"], each)]
    return not complaints and verify(stage.desk.store).holds


def gap(name: str, day: str, price: int) -> Mapping[tuple[str, str], Bar]:
    """A bar that opens and stays where an entry of the day before can not fill."""
    value = Decimal(price)
    return {(day, name): Bar(value, value + 1, value - 1, value, 8_000_000)}


def test_a_pair_is_entered_held_and_left_as_one(tmp_path: Path, worker: Worker) -> None:
    stage = paired(tmp_path, until=THU)
    monday, tuesday, wednesday, thursday = decided(stage, worker, MON, TUE, WED, THU)
    asked = entries(monday)
    assert asked.keys() == {"AAPL", "IBM"}
    assert Fraction(asked["AAPL"]) / 2 == Fraction(asked["IBM"]) / 5
    assert [one["order"]["basket"] for one in monday["warrants"]] == [PAIR.to_json()] * 2
    assert tuesday["exits"] == wednesday["exits"] == []
    assert {name: reasons for name, (_, reasons) in exits(thursday).items()} == {
        "AAPL": ["pair-together"], "IBM": ["basket:AAPL-IBM"],
    }  # fmt: skip
    with running(stage, worker) as runner:
        held = runner.standing.books.holdings
        assert {name: one.basket for name, one in held.items()} == {"AAPL": PAIR, "IBM": PAIR}
        assert runner.cycle(SESSIONS[4])["exits"] == []
        assert runner.standing.books.holdings == {}
    assert sound(stage)


def test_a_leg_that_did_not_fill_is_not_waited_for(tmp_path: Path, worker: Worker) -> None:
    """Its entry counts as working to the end of its warrant, after Tuesday's close; then AAPL goes."""
    stage = paired(tmp_path, quotes=gap("IBM", TUE, 230))
    monday, tuesday, wednesday, thursday = decided(stage, worker, MON, TUE, WED, THU)
    assert tuesday["exits"] == thursday["exits"] == []
    assert exits(wednesday) == {"AAPL": (entries(monday)["AAPL"], ["basket:AAPL-IBM"])}
    with running(stage, worker) as runner:
        assert runner.standing.books.holdings == {}
    assert sound(stage)


def test_a_leg_that_was_stopped_out_takes_the_other_along(tmp_path: Path, worker: Worker) -> None:
    stage = paired(tmp_path, quotes=gap("AAPL", WED, 545))
    monday, _, wednesday = decided(stage, worker, MON, TUE, WED)
    assert exits(wednesday) == {"IBM": (entries(monday)["IBM"], ["basket:AAPL-IBM"])}
    assert sound(stage)


def test_where_the_venue_does_not_take_a_leg_it_is_asked_to_cancel_the_other(tmp_path: Path, worker: Worker) -> None:
    class NotToBeBorrowed(Stage):
        @property
        def listings(self) -> dict[str, Listing]:
            known = super().listings
            return {**known, "AAPL": replace(known["AAPL"], shortable=False)}

    stage = NotToBeBorrowed(desk(tmp_path), facts=apart("9999"))
    decided(stage, worker, MON, TUE)
    (refused,) = records(stage, "rejection")
    assert (refused["client_order_id"].split("-")[1], refused["reason"]) == ("AAPL", "not-shortable")
    asked, confirmed = records(stage, "cancel")
    assert (asked["event"], asked["why"]) == ("request-cancel", f"{NOT_WHOLE} `AAPL-IBM`")
    assert (confirmed["event"], confirmed["client_order_id"]) == ("confirm-cancel", asked["client_order_id"])
    assert records(stage, "fill") == []
    assert sound(stage)


def test_a_crash_before_the_submission_sends_all_legs_or_none(tmp_path: Path, worker: Worker) -> None:
    stage = paired(tmp_path)
    with running(stage, worker) as runner:
        runner._submit = crash  # type: ignore[method-assign]
        with pytest.raises(BaseException):  # noqa: B017 - the stage's own end of the process
            runner.cycle(MON)
    with running(stage, worker) as runner:
        assert sorted(one.order.instrument for one in runner.standing.broker.working() if one.order.basket) == [
            "AAPL", "IBM",
        ]  # fmt: skip
    assert sound(stage)


def test_under_another_law_no_leg_of_a_basket_is_sent_late(tmp_path: Path, worker: Worker) -> None:
    stage = paired(tmp_path)
    with running(stage, worker) as runner:
        runner._submit = crash  # type: ignore[method-assign]
        with pytest.raises(BaseException):  # noqa: B017 - as above
            runner.cycle(MON)
    other = read_limits((SHIPPED / "limits.yaml").read_text(encoding="utf-8") + "# edited\n")
    with running(stage, worker, other) as runner:
        assert runner.law == Law(rulebook(), other)
        assert runner.standing.broker.working() == ()
    (found,) = records(stage, "recovery")
    assert len(found["lapsed"]) == 2


@pytest.mark.parametrize("day", [TUE, WED])
def test_a_split_of_one_leg_keeps_the_basket_whole(tmp_path: Path, worker: Worker, day: str) -> None:
    """Before its entry filled, and while it is held; the prices and what is asked of them follow."""
    half = {(one, "IBM"): Bar(*(Decimal(price) for price in (100, 101, 99, 100)), 8_000_000) for one in SESSIONS
            if one >= day}  # fmt: skip
    split = {day: (Action(day, "IBM", "split", Decimal(2)),)}
    stage = paired(tmp_path, halved=day, quotes=half, actions=split)
    told = decided(stage, worker, MON, TUE, WED)
    assert [one["exits"] for one in told[1:]] == [[], []]
    with running(stage, worker) as runner:
        held = runner.standing.books.holdings
        assert {one.basket for one in held.values()} == {PAIR.after_split("IBM", Fraction(2))}
        assert Fraction(held["IBM"].quantity) == 2 * Fraction(entries(told[0])["IBM"])
    assert sound(stage)


def test_a_kill_between_the_legs_leaves_nothing_alone(tmp_path: Path, worker: Worker) -> None:
    """AAPL fills, IBM does not and is cancelled by the kill: the exit of AAPL stays possible, and is proposed."""
    stage = paired(tmp_path, quotes=gap("IBM", TUE, 230))
    with running(stage, worker) as runner:
        runner.cycle(MON)
        runner.book(TUE)
        runner.kill("a person", "a drill", records(stage)[-1]["as_of"])
        assert exits(runner.cycle(WED)).keys() == {"AAPL"}
    assert sound(stage)
