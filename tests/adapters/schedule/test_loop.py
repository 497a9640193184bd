"""The loop of a running desk: cycles in time, cycles missed with their reason, clocks that jump, restarts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from adapters.audit.log import AuditLog
from adapters.calendars.calendar import ExchangeCalendar
from adapters.calendars.periods import Period, period
from adapters.paper.venue import Bar
from adapters.running.runner import Runner
from adapters.running.worker import Worker
from adapters.running.world import Law
from adapters.schedule.letters import LetterBox
from adapters.schedule.loop import MOST_APART, Loop
from adapters.schedule.timetable import Timetable
from adapters.store import requests
from adapters.store.opening import opened
from adapters.verifying.sequence import SequenceCheck
from engine.orders.portfolio import Mode
from knowledge.facts import Snapshot
from knowledge.faults import Fault, Faulty
from tests.adapters.clocks import MadeClock
from tests.attack.stage import SESSIONS, SETTINGS, Stage, desk, entries, limits, records, rulebook

THU, FRI, MON, TUE = SESSIONS[:4]
PAPER = SETTINGS.replace("backtest", "paper")
BEFORE_THU = f"{THU}T20:00:00Z"


@dataclass
class Market(Stage):
    """A stage whose bars come with time: a session appears when its name is in `there`."""

    there: set[str] = field(default_factory=set)
    lacking: set[tuple[str, str]] = field(default_factory=set)
    """Session and instrument of bars that are not there."""
    broken: bool = False

    def refreshed(self) -> Market:
        if self.broken:
            raise Faulty(Fault("bars/AAPL.csv", 1, 1, "the file is empty"))
        return self

    def sessions(self, first: str, last: str) -> tuple[str, ...]:
        return tuple(day for day in super().sessions(first, last) if day in self.there)

    def bars(self, day: str) -> dict[str, Bar]:
        return {name: bar for name, bar in super().bars(day).items() if (day, name) not in self.lacking}


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(rulebook(), limits()) as one:
        yield one


@contextmanager
def looping(market: Market, clock: MadeClock, worker: Worker) -> Iterator[Loop]:
    with AuditLog.open(market.desk.store) as log:
        runner = Runner(market.desk, Law(rulebook(), limits()), market, log, worker, clock=clock)  # type: ignore[arg-type]
        runner.start({"capital": str(market.desk.settings.desk.capital)})
        runner.recover()
        yield Loop(runner, Timetable(market.calendar, market.desk.settings.schedule), clock)


def market(folder: Path, **given: object) -> Market:
    return Market(desk(folder, PAPER), **given)  # type: ignore[arg-type]


def settled(of: Market) -> list[tuple[str, str]]:
    """Kind and label of every cycle in the log."""
    found = records(of, "decision", "missed", "fault")
    return [(one["kind"], one.get("label") or one["as_of"][:10]) for one in found]


def run_to(loop: Loop, clock: MadeClock, end: str) -> None:
    """Turn the loop as a driver would, until this instant."""
    while (following := loop.turn()) is not None and following <= datetime.fromisoformat(end):
        clock.wait_until(following)
    clock.wait_until(datetime.fromisoformat(end))


def complaints(of: Market) -> list[str]:
    check = SequenceCheck()
    return [str(found) for one in records(of) for found in check.feed(one["seq"], one["record_id"], one)]


# --- in time ----------------------------------------------------------------------------------------------------


def test_a_cycle_is_decided_when_it_is_due_and_only_once(tmp_path: Path, worker: Worker) -> None:
    here, clock = market(tmp_path, there={THU, FRI}), MadeClock(BEFORE_THU)
    with looping(here, clock, worker) as loop:
        assert loop.turn() == datetime.fromisoformat(f"{THU}T21:01:00Z")
        assert settled(here) == []
        clock.at(f"{THU}T21:01:00Z")
        assert loop.turn() == datetime.fromisoformat(f"{FRI}T21:01:00Z")
        assert loop.turn() == datetime.fromisoformat(f"{FRI}T21:01:00Z")
    assert settled(here) == [("decision", THU)]
    (record,) = records(here, "decision")
    assert (record["as_of"], record["recorded_at"]) == (f"{THU}T21:00:00Z", f"{THU}T21:01:00Z")


def test_late_bars_are_waited_for_until_the_grace_is_over(tmp_path: Path, worker: Worker) -> None:
    here, clock = market(tmp_path), MadeClock(BEFORE_THU)
    with looping(here, clock, worker) as loop:
        run_to(loop, clock, f"{THU}T21:10:00Z")
        assert settled(here) == []
        here.there.add(THU)
        loop.turn()
    assert settled(here) == [("decision", THU)]


def test_a_feed_that_stays_away_makes_the_cycle_missed_and_the_next_one_books_its_bars(
    tmp_path: Path, worker: Worker
) -> None:
    here, clock = market(tmp_path, there={THU}, moods={(THU, "AAPL"): "long"}), MadeClock(BEFORE_THU)
    with looping(here, clock, worker) as loop:
        run_to(loop, clock, f"{FRI}T22:00:00Z")
        assert settled(here) == [("decision", THU), ("missed", FRI)]
        here.there |= {FRI, MON}
        run_to(loop, clock, f"{MON}T22:00:00Z")
    assert settled(here)[2:] == [("decision", MON)]
    (missed,) = records(here, "missed")
    assert (missed["cause"], missed["reason"]) == ("feed", f"the feed has no bars of {FRI}")
    assert (missed["due_at"], missed["noticed_at"]) == (f"{FRI}T21:01:00Z", f"{FRI}T21:16:00Z")
    # Thursday's entry filled on Friday's bar, which came on Monday.
    assert [one["session"] for one in records(here, "fill")] == [FRI]
    assert complaints(here) == []


def test_a_feed_that_can_not_be_read_is_such_a_reason(tmp_path: Path, worker: Worker) -> None:
    here, clock = market(tmp_path, there={THU, FRI}, broken=True), MadeClock(BEFORE_THU)
    with looping(here, clock, worker) as loop:
        run_to(loop, clock, f"{THU}T22:00:00Z")
        here.broken = False
        run_to(loop, clock, f"{FRI}T22:00:00Z")
    assert settled(here) == [("missed", THU), ("decision", FRI)]
    assert "bars/AAPL.csv:1:1: the file is empty" in records(here, "missed")[0]["reason"]


def test_one_instrument_without_a_bar_delays_a_cycle_by_half_of_its_grace(tmp_path: Path, worker: Worker) -> None:
    here, clock = market(tmp_path, there={THU, FRI}), MadeClock(BEFORE_THU)
    with looping(here, clock, worker) as loop:
        run_to(loop, clock, f"{FRI}T20:00:00Z")
        here.lacking.add((FRI, "IBM"))
        run_to(loop, clock, f"{FRI}T21:08:00Z")
        assert settled(here) == [("decision", THU)]
        run_to(loop, clock, f"{FRI}T21:09:00Z")
    assert settled(here) == [("decision", THU), ("decision", FRI)]


# --- not in time ------------------------------------------------------------------------------------------------


def test_cycles_of_a_desk_that_was_not_running_are_missed_and_never_run_late(tmp_path: Path, worker: Worker) -> None:
    here = market(tmp_path, there={THU}, moods={(THU, "AAPL"): "long", (MON, "IBM"): "long"})
    with looping(here, clock := MadeClock(BEFORE_THU), worker) as loop:
        run_to(loop, clock, f"{THU}T22:00:00Z")
    here.there |= {FRI, MON, TUE}
    with looping(here, clock := MadeClock(f"{TUE}T15:00:00Z"), worker) as loop:
        run_to(loop, clock, f"{TUE}T22:00:00Z")
    assert settled(here) == [("decision", THU), ("missed", FRI), ("missed", MON), ("decision", TUE)]
    assert {one["reason"] for one in records(here, "missed")} == {"the desk was not running"}
    passed = [one["session"] for one in records(here, "books") if one["entry"] == "session"]
    assert passed == [THU, FRI, MON, TUE]
    assert [one["session"] for one in records(here, "fill")] == [FRI]
    assert complaints(here) == []


def test_a_new_desk_has_missed_nothing(tmp_path: Path, worker: Worker) -> None:
    here, clock = market(tmp_path, there=set(SESSIONS)), MadeClock(f"{MON}T12:00:00Z")
    with looping(here, clock, worker) as loop:
        run_to(loop, clock, f"{MON}T22:00:00Z")
    assert settled(here) == [("decision", MON)]


def test_a_long_absence_is_one_record_for_all_but_the_last_cycles(tmp_path: Path, worker: Worker) -> None:
    here = market(tmp_path, there={THU})
    with looping(here, clock := MadeClock(BEFORE_THU), worker) as loop:
        run_to(loop, clock, f"{THU}T22:00:00Z")
    with looping(here, clock := MadeClock("2012-08-01T12:00:00Z"), worker) as loop:
        loop.turn()
        assert loop.settled == 105
    missed = records(here, "missed")
    assert len(missed) == MOST_APART + 1
    assert (missed[0]["first_label"], missed[0]["cycles"]) == (FRI, 55)
    assert (missed[-1]["label"], missed[-1]["cycles"]) == ("2012-07-31", 1)


def test_a_feed_that_takes_too_long_makes_the_cycle_missed(tmp_path: Path, worker: Worker) -> None:
    here, clock = market(tmp_path, there={THU}), MadeClock(f"{THU}T21:02:00Z")

    class Slow(type(here)):  # type: ignore[misc]
        def refreshed(self) -> Market:
            clock.at(f"{THU}T21:40:00Z")
            return here

    with looping(here, clock, worker) as loop:
        loop.runner.world = Slow(here.desk, there={THU})
        loop.turn()
    (missed,) = records(here, "missed")
    assert (missed["cause"], missed["label"]) == ("busy", THU)
    assert missed["reason"] == f"the desk was at work from {THU}T21:02:00Z to {THU}T21:40:00Z"


def test_a_snapshot_that_has_a_fault_to_the_end_of_the_grace_makes_the_cycle_missed(
    tmp_path: Path, worker: Worker
) -> None:
    class Faulted(Market):
        def snapshot(self, day: str) -> Snapshot:
            raise Faulty(Fault("instruments.yaml", 3, 1, "the sector is missing"))

    here, clock = Faulted(desk(tmp_path, PAPER), there={THU}), MadeClock(BEFORE_THU)
    with looping(here, clock, worker) as loop:
        run_to(loop, clock, f"{THU}T22:00:00Z")
    assert settled(here) == [("missed", THU)]
    assert "instruments.yaml:3:1: the sector is missing" in records(here, "missed")[0]["reason"]


# --- clocks that jump -------------------------------------------------------------------------------------------


def test_a_clock_that_is_set_back_repeats_nothing(tmp_path: Path, worker: Worker) -> None:
    here, clock = market(tmp_path, there={THU, FRI}), MadeClock(BEFORE_THU)
    with looping(here, clock, worker) as loop:
        run_to(loop, clock, f"{THU}T21:01:00Z")
        clock.set_by(-7200)
        assert loop.turn() == datetime.fromisoformat(f"{FRI}T21:01:00Z")
        run_to(loop, clock, f"{FRI}T22:00:00Z")
    assert settled(here) == [("decision", THU), ("decision", FRI)]


def test_a_clock_that_is_set_forward_beyond_the_grace_makes_a_cycle_missed(tmp_path: Path, worker: Worker) -> None:
    here, clock = market(tmp_path, there={THU, FRI}), MadeClock(BEFORE_THU)
    with looping(here, clock, worker) as loop:
        loop.turn()
        clock.set_by(7200)
        loop.turn()
        assert settled(here) == [("missed", THU)]
    (missed,) = records(here, "missed")
    assert (missed["cause"], missed["reason"]) == ("clock", "the clock jumped forward by 7200 s")


def test_the_decision_after_a_jump_is_told_of_it_and_has_no_entry(tmp_path: Path, worker: Worker) -> None:
    moods = {(day, "AAPL"): "long" for day in (THU, FRI)}
    here, clock = market(tmp_path, there={THU, FRI}, moods=moods), MadeClock(BEFORE_THU)
    with looping(here, clock, worker) as loop:
        loop.turn()
        clock.set_by(600)
        run_to(loop, clock, f"{FRI}T22:00:00Z")
    first, second = records(here, "decision")
    assert entries(first) == {}
    assert any("operations.clock" in one["reasons"] for one in first["verdicts"])
    assert entries(second) != {}


# --- crashes ----------------------------------------------------------------------------------------------------


class Crash(BaseException):
    """The process ends here."""


def crash(*_: object, **__: object) -> None:
    raise Crash


@pytest.mark.parametrize(("restart", "submitted"), [(f"{THU}T23:00:00Z", 1), (f"{FRI}T15:00:00Z", 0)])
def test_what_was_decided_goes_out_after_a_crash_only_while_the_market_has_not_opened(
    restart: str, submitted: int, tmp_path: Path, worker: Worker
) -> None:
    here = market(tmp_path, there={THU, FRI, MON}, moods={(THU, "AAPL"): "long"})
    with looping(here, clock := MadeClock(BEFORE_THU), worker) as loop:
        loop.runner._submit = crash  # type: ignore[method-assign]
        with pytest.raises(Crash):
            run_to(loop, clock, f"{THU}T22:00:00Z")
    with looping(here, clock := MadeClock(restart), worker) as loop:
        roles = [one.order.role.value for one in loop.runner.standing.broker.working()]
        assert roles.count("entry") == submitted
        run_to(loop, clock, f"{MON}T22:00:00Z")
    assert settled(here) == [("decision", THU), ("decision", FRI), ("decision", MON)]
    assert len(records(here, "fill")) == submitted
    assert complaints(here) == []


@pytest.mark.parametrize(
    ("label", "now", "late"),
    [
        ("2024-11-29T14:30", "2024-11-29T16:30:00Z", False),
        ("2024-11-29T14:30", "2024-11-29T18:00:00Z", True),
        # The last bar of a short session is cut at its close, and so is the time to send.
        ("2024-11-29T16:30", "2024-11-29T18:05:00Z", False),
        ("2024-11-29T16:30", "2024-12-02T14:30:00Z", True),
    ],
)
def test_within_a_session_an_order_may_go_out_until_the_next_bar_ends(label: str, now: str, late: bool) -> None:
    calendar = ExchangeCalendar("XNYS")

    class Bars:
        def __init__(self) -> None:
            self.calendar = calendar

        def period(self, day: str) -> Period:
            return period(calendar, "2h", day)

        def next_open(self, day: str) -> str:
            assert self.period(day).last
            return calendar.open_instant(calendar.next_session(day[:10]))

    runner = object.__new__(Runner)
    runner.mode, runner.world, runner._clock = Mode.PAPER, Bars(), MadeClock(now)  # type: ignore[assignment]
    assert runner._too_late(label) is late


@pytest.mark.parametrize("step", ["_pass", "_decide", "_commit", "_submit", "miss"])
def test_a_crash_at_any_step_neither_repeats_nor_loses_a_cycle(step: str, tmp_path: Path, worker: Worker) -> None:
    here = market(tmp_path, there={THU, FRI, TUE}, moods={(THU, "AAPL"): "long"})
    clock = MadeClock(BEFORE_THU)
    with looping(here, clock, worker) as loop, pytest.raises(Crash):
        setattr(loop.runner, step, crash)
        run_to(loop, clock, f"{TUE}T22:00:00Z")
    with looping(here, clock, worker) as loop:
        run_to(loop, clock, f"{TUE}T22:00:00Z")
    assert settled(here) == [("decision", THU), ("decision", FRI), ("missed", MON), ("decision", TUE)]
    assert len(records(here, "fill")) == 1
    assert complaints(here) == []


# --- what people ask --------------------------------------------------------------------------------------------


def test_a_kill_that_was_asked_for_is_done_between_two_turns_and_answered_once(tmp_path: Path, worker: Worker) -> None:
    moods = {(day, "AAPL"): "long" for day in (THU, FRI)}
    here, clock = market(tmp_path, there={THU, FRI}, moods=moods), MadeClock(BEFORE_THU)
    with looping(here, clock, worker) as loop:
        loop.asked = LetterBox(here.desk, loop.runner, every=0).look
        run_to(loop, clock, f"{THU}T22:00:00Z")
        with opened(here.desk.store) as connection:
            asked = requests.ask(connection, clock.now(), "kill", "A. Person", "a test")
        for _ in range(2):
            loop.turn()
            with opened(here.desk.store) as connection:
                answer = requests.request(connection, asked.id).answer
        assert answer == "done: the desk is killed; entries cancelled: 1; exits and protective orders stay"
        run_to(loop, clock, f"{FRI}T22:00:00Z")
    first, second = records(here, "decision")
    assert (set(entries(first)), set(entries(second))) == ({"AAPL"}, set())
    killed = [one["who"] for one in records(here, "state") if one["state"] == "killed"]
    assert killed == ["A. Person"]
    assert records(here, "fill") == []
    assert complaints(here) == []
