"""What holds of surveillance whatever a log has in it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from engine.surveillance.finding import Finding
from engine.surveillance.parameters import Parameters
from engine.surveillance.survey import survey
from engine.surveillance.trace import Trace
from knowledge.values import Json, canonical
from tests.engine.surveillance.made import KINDS, Log, found, trace_of

NAMES = ("AAPL", "IBM")
LOOSE = Parameters.from_json({
    **Parameters().to_json(), "layering_orders": "2", "layering_ratio": "1", "layering_sessions": "5",
    "near_times": "2", "cancel_count": "2", "binding_sessions": "2", "replace_count": "2",
    "close_share": "1/100", "close_move": "1/1000",
})  # fmt: skip
"""Thresholds that a short log reaches."""

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ("send", "send", "fill", "fill", "cancel", "cancel", "replace", "decide", "end", "bar", "state")
        ),
        st.integers(0, 5),
        st.sampled_from(NAMES),
        st.integers(0, 3),
    ),
    min_size=10,
    max_size=60,
)


def made(steps: list[tuple[str, int, str, int]]) -> list[Json]:
    """A log in which orders are sent, filled and taken back as it comes; only what is possible happens."""
    log, working, count = Log(day="2026-03-01"), list[str](), 0
    for minute, (what, at, name, dice) in enumerate(steps):
        log.time = f"{14 + minute // 60:02}:{minute % 60:02}"
        order = working[at % len(working)] if working else ""
        match what:
            case "send":
                count += 1
                role = ("entry", "entry", "exit", "stop")[dice]
                kind = "stop" if role == "stop" else "limit"
                limit = None if role == "stop" else ("9", "10", "11")[at % 3]
                log.send(f"{name}-{count}", ("buy", "sell")[at % 2], 100, limit, instrument=name, role=role, kind=kind,
                         strategy=("swing", "pairs")[dice % 2])  # fmt: skip
                working.append(f"{name}-{count}")
            case "fill" if order:
                working.remove(order)
                log.fill(order, price=("10", "10.01")[dice % 2], volume=(1000, 100_000)[dice // 2])
            case "cancel" | "replace" if order:
                working.remove(order)
                log.cancel(order, replaced_by="next" if what == "replace" else None)
            case "decide":
                outcome = ("granted", "cut")[dice % 2]
                value = ("95", "50")[at % 2]
                readings = [(one, value, "100", "0") for one in ("portfolio.gross", f"order.value[{name}]")]
                log.decide(name, outcome=outcome, readings=readings, binding=["portfolio.gross"] if dice else [])
            case "bar":
                log.bar(**{name: ("10", "10.1", "10.2")[dice % 3]})
            case "end" if log.day < "2026-03-30":
                log.end(**dict.fromkeys(NAMES, ("10", "10.1", "10.3")[(dice + at) % 3]))
            case "state":
                log.state(("killed", "active", "active", "active")[dice])
    return log.records


def told(findings: tuple[Finding, ...]) -> list[Json]:
    return [one.to_json() for one in findings]


@given(STEPS)
def test_what_is_found_in_a_beginning_is_found_in_the_whole_first(steps: list[tuple[str, int, str, int]]) -> None:
    """A finding is recorded once and holds from there on: what comes later changes nothing of it."""
    records, trace, before = made(steps), Trace(), list[Json]()
    for record in records:
        trace.take(record, lambda _: KINDS)
        now = told(survey(trace, LOOSE))
        assert now[: len(before)] == before
        assert all(one["completed_by"] == record["seq"] for one in now[len(before) :])
        before = now
    assert len({one["finding_id"] for one in before}) == len(before)


@given(STEPS)
def test_the_names_of_instruments_mean_nothing(steps: list[tuple[str, int, str, int]]) -> None:
    records = made(steps)
    # Of the same order, as the orders of a decision are told by instrument.
    text = json.dumps(records).replace("AAPL", "LPAA").replace("IBM", "MBI")
    renamed = json.loads(text)
    there = json.loads(json.dumps(told(found(records, LOOSE))).replace("AAPL", "LPAA").replace("IBM", "MBI"))
    here = told(found(renamed, LOOSE))
    assert _named(here) == _named(there)


def _named(findings: list[Json]) -> list[bytes]:
    """Without the id, which derives from the names, and which orders those of one record."""
    bare = ({**one, "instruments": sorted(one["instruments"]), "finding_id": ""} for one in findings)
    return sorted(map(canonical, bare))


@given(STEPS, STEPS)
def test_orders_in_other_instruments_take_nothing_away(
    steps: list[tuple[str, int, str, int]], others: list[tuple[str, int, str, int]]
) -> None:
    """What is done in other instruments, between the records, leaves every finding about orders as it is."""
    records = made(steps)
    unrelated = [
        one for one in json.loads(json.dumps(made(others)).replace("AAPL", "MSFT").replace("IBM", "GOOG"))
        if one["kind"] in ("order", "fill", "cancel")
    ]  # fmt: skip
    mixed: list[Json] = []
    for at in range(max(len(records), len(unrelated))):
        mixed += records[at : at + 1]
        mixed += [{**one, "as_of": mixed[-1]["as_of"]} for one in unrelated[at : at + 1]]
    ours = {canonical(_bare(one)) for one in told(found(records, LOOSE))}
    assert ours <= {canonical(_bare(one)) for one in told(found(mixed, LOOSE))}


def _bare(finding: Json) -> Json:
    """Without what derives from places, which others' records move."""
    return {key: value for key, value in finding.items() if key not in ("finding_id", "completed_by")}


@given(STEPS)
def test_looking_changes_nothing(steps: list[tuple[str, int, str, int]]) -> None:
    trace = trace_of(made(steps))
    assert told(survey(trace, LOOSE)) == told(survey(trace, LOOSE))


def test_the_made_logs_show_every_pattern() -> None:
    """Else the properties above would hold of nothing."""
    from random import Random

    dice, seen = Random(7), set[str]()
    whats = (*["send"] * 5, "fill", "cancel", "cancel", "replace", "decide", "end", "bar")
    for _ in range(300):
        steps = [(dice.choice(whats), dice.randrange(6), dice.choice(NAMES), dice.randrange(4)) for _ in range(60)]
        seen |= {str(one.pattern) for one in found(made(steps), LOOSE)}
    assert len(seen) == 7, seen
