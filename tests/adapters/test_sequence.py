"""Stories that cannot have happened, each with the record and the field that give it away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.audit.log import AuditLog
from adapters.verifying.sequence import EVENTS, SequenceCheck
from adapters.verifying.verification import Finding
from adapters.verifying.verify import verify
from engine.orders.order import TABLE, Event, State
from knowledge.values import Json
from tests.adapters.records import accept, at, body, decide, event, fill, submit, warrant

Story = Callable[[AuditLog], object]


def one_entry(log: AuditLog) -> None:
    submit(log, decide(log, 0, warrant("e", "entry", 0)), 0, "e")


def complaints(path: Path, story: Story) -> list[tuple[int | None, str, str]]:
    with AuditLog.open(path) as log:
        story(log)
    verification = verify(path)
    assert verification["bytes"].outcome == "holds"
    return [(finding.seq, finding.field, finding.sentence) for finding in verification["sequence"].findings]


def accepted(log: AuditLog, *warrants: Json) -> None:
    decision = decide(log, 0, *(warrants or [warrant("e", "entry", 0)]))
    submit(log, decision, 0, "e")
    accept(log, decision, 0, "e")


def no_decision(log: AuditLog) -> None:
    event(log, "order", 0, "x", "submit", "submitted", decision_id="d", warrant_id="w")


def another_decision(log: AuditLog) -> None:
    decide(log, 0, warrant("e", "entry", 0))
    submit(log, decide(log, 0, warrant("f", "entry", 0)), 0, "f")
    linked = {"decision_id": "0" * 16, "warrant_id": "w-e"}
    event(log, "order", 0, "f", "accept", "working", **linked)


def expired(log: AuditLog) -> None:
    submit(log, decide(log, 0, warrant("e", "entry", 0)), 2, "e")


def impossible(log: AuditLog) -> None:
    one_entry(log)
    fill(log, 0, "e", "4", "fill-part", "partly-filled", "f1")


def wrong_state(log: AuditLog) -> None:
    accepted(log)
    fill(log, 0, "e", "4", "fill-part", "filled", "f1")


def wrong_kind(log: AuditLog) -> None:
    one_entry(log)
    event(log, "cancel", 0, "e", "reject", "rejected")


def too_much(log: AuditLog) -> None:
    accepted(log)
    fill(log, 0, "e", "7", "fill-part", "partly-filled", "f1")
    fill(log, 0, "e", "7", "fill-part", "partly-filled", "f2")


def all_too_soon(log: AuditLog) -> None:
    accepted(log)
    fill(log, 0, "e", "7", "fill-all", "filled", "f1")


def part_is_all(log: AuditLog) -> None:
    accepted(log)
    fill(log, 0, "e", "10", "fill-part", "partly-filled", "f1")


def same_fill(log: AuditLog) -> None:
    accepted(log)
    fill(log, 0, "e", "1", "fill-part", "partly-filled", "f1")
    fill(log, 0, "e", "1", "fill-part", "partly-filled", "f1")


def nothing_filled(log: AuditLog) -> None:
    accepted(log)
    fill(log, 0, "e", "0", "fill-part", "partly-filled", "f1")


def same_order(log: AuditLog) -> None:
    one_entry(log)
    decide(log, 1, warrant("e", "entry", 1))


def other_mode(log: AuditLog) -> None:
    decision = decide(log, 0, warrant("e", "entry", 0))
    linked = {"decision_id": decision.record_id, "warrant_id": "w-e"}
    event(log, "order", 0, "e", "submit", "submitted", **linked, mode="live")


def unanswered(log: AuditLog) -> None:
    decide(log, 0, warrant("e", "entry", 0), warrant("f", "entry", 0))
    event(log, "expiry", 0, "e", "expire", "expired")
    decide(log, 1)


def unanswered_at_the_stop(log: AuditLog) -> None:
    decide(log, 0, warrant("e", "entry", 0))
    log.append("stop", body(at(1), reason="the day is over"))


def stop_left_over(log: AuditLog) -> None:
    accepted(log, warrant("e", "entry", 0), warrant("s", "stop", 0))
    fill(log, 0, "e", "10", "fill-all", "filled", "f1")
    decide(log, 1)


def odd_shape(log: AuditLog) -> None:
    log.append("decision", body(at(0), warrants=[{"warrant_id": "w", "order": {}, "expires_at": "soon"}]))


def odd_number(log: AuditLog) -> None:
    accepted(log)
    fill(log, 0, "e", "1e9", "fill-part", "partly-filled", "f1")


@pytest.mark.parametrize(
    ("story", "seq", "field", "words"),
    [
        (no_decision, 0, "client_order_id", "no decision before it warranted the order `x`"),
        (another_decision, 3, "decision_id", "warranted this order"),
        (another_decision, 3, "warrant_id", "has the warrant `w-f`"),
        (another_decision, 0, "warrants", "its order `e` was neither submitted nor expired"),
        (expired, 1, "as_of", "after its warrant had expired"),
        (impossible, 2, "event", "an order that is submitted can not fill-part"),
        (wrong_state, 3, "state", "is partly-filled, not filled"),
        (wrong_kind, 2, "event", "a record of kind `cancel` does not tell `reject`"),
        (too_much, 4, "quantity", "14 of 10 are filled"),
        (all_too_soon, 3, "event", "fill-all leaves 7 of 10 filled"),
        (part_is_all, 3, "event", "fill-part fills all 10"),
        (same_fill, 4, "fill_id", "an earlier fill has the id `f1`"),
        (nothing_filled, 3, "quantity", "a fill of 0"),
        (same_order, 2, "warrants", "the order `e` already has a warrant"),
        (other_mode, 1, "mode", "warranted for the mode `backtest`"),
        (unanswered, 0, "warrants", "its order `f` was neither submitted nor expired"),
        (unanswered_at_the_stop, 0, "warrants", "its order `e` was neither submitted nor expired"),
        (stop_left_over, 0, "warrants", "its order `s` was neither submitted nor expired"),
        (odd_shape, 0, "warrants.0.order.client_order_id", "field required"),
        (odd_number, 3, "quantity", "string should match"),
    ],
)
def test_an_impossible_story_is_told_at_its_record(
    tmp_path: Path, story: Story, seq: int, field: str, words: str
) -> None:
    found = complaints(tmp_path / "log.sqlite", story)
    assert any((at_, name) == (seq, field) and words in sentence for at_, name, sentence in found), found


def pending(log: AuditLog) -> None:
    decide(log, 0, warrant("e", "entry", 0))


def recovered(log: AuditLog) -> None:
    decision = decide(log, 0, warrant("e", "entry", 0))
    log.append("start", body(at(0, 5)))
    log.append("recovery", body(at(0, 5), decision_id=decision.record_id, reason="the desk crashed before sending"))
    decide(log, 1)


def given_up_one_by_one(log: AuditLog) -> None:
    decide(log, 0, warrant("e", "entry", 0), warrant("f", "entry", 0))
    for name in "ef":
        log.append("fault", body(at(0, 5), client_order_id=name, reason="the broker refused the receipt"))
    decide(log, 1)


def stop_waits(log: AuditLog) -> None:
    accepted(log, warrant("e", "entry", 0), warrant("s", "stop", 0))
    decide(log, 1)
    fill(log, 1, "e", "10", "fill-all", "filled", "f1")
    event(log, "expiry", 1, "s", "expire", "expired")
    decide(log, 2)


def truncated_exit(log: AuditLog) -> None:
    accepted(log, warrant("e", "exit", 0))
    fill(log, 0, "e", "7", "fill-all", "filled", "f1")


@pytest.mark.parametrize("story", [pending, recovered, given_up_one_by_one, stop_waits, truncated_exit])
def test_a_possible_story_holds(tmp_path: Path, story: Story) -> None:
    assert complaints(tmp_path / "log.sqlite", story) == []


KIND_OF = {name: kind.value for kind, events in EVENTS.items() for name in events}


def test_every_event_has_its_kind_of_record() -> None:
    assert set(KIND_OF) == set(Event)


def life(events: list[Event]) -> tuple[list[Json], int | None]:
    """The records of one order that lives through these events, and which is the first the table forbids."""
    first = {"warrants": [warrant("e", "exit", 0, "1000")]}
    records, state, bad = [body(at(0), kind="decision", record_id="d" * 16, **first)], State.WARRANTED, None
    for number, name in enumerate(events, start=1):
        after = TABLE.get((state, name))
        if after is None and bad is None:
            bad = number
        state = after or state
        more = {"decision_id": "d" * 16, "warrant_id": "w-e", "client_order_id": "e"}
        terms = {"fill_id": f"f{number}", "quantity": "1", "price": "1/3", "commission": "0"}
        record = body(at(0), kind=KIND_OF[name], record_id=f"{number:016x}", event=name.value, state=state.value)
        records.append({**record, **more, **terms})
    return [{**record, "seq": seq, "format": "warrant-record/1"} for seq, record in enumerate(records)], bad


@given(st.lists(st.sampled_from(list(Event)), max_size=8))
@settings(max_examples=300)
def test_the_order_state_table_is_obeyed_exactly(events: list[Event]) -> None:
    records, bad = life(events)
    check = SequenceCheck()
    found: list[Finding] = [f for seq, record in enumerate(records) for f in check.feed(seq, None, record)]
    assert (min((f.seq for f in found if f.seq is not None), default=None)) == bad


def test_time_may_stand_still_but_not_go_back() -> None:
    check = SequenceCheck()
    found = []
    for seq, as_of in enumerate([at(1), at(1), at(0), at(1), at(2)]):
        record = body(as_of, kind="state", seq=seq, record_id=f"{seq:016x}", format="warrant-record/1")
        found += [(finding.seq, finding.field) for finding in check.feed(seq, None, record)]
    assert found == [(2, "as_of")]


def test_an_id_is_used_once() -> None:
    check = SequenceCheck()
    record = body(at(0), kind="state", seq=0, record_id="0" * 16, format="warrant-record/1")
    assert list(check.feed(0, None, record)) == []
    assert [finding.field for finding in check.feed(1, None, record)] == ["record_id"]
