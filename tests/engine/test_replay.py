"""What a replay says about a record: nothing where it agrees, else the field; and what an ended cycle may hold."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.orders.warrants import Inputs
from engine.review.replay import SHELL, as_recorded, decided, differences, is_outside, permissions
from engine.verdicts import undetermined
from knowledge.values import Json, canonical
from tests.promises.cycles import calm

CYCLE = calm("long", "quiet")
DECISION = CYCLE.decided().to_json()
AROUND: dict[str, Json] = {
    "format": "warrant-record/1", "record_id": "0" * 16, "kind": "decision", "seq": 3, "desk": "test",
    "recorded_at": CYCLE.snapshot.as_of, "mode": "backtest", "blobs": [], "cycle_id": "test:2012-03-01",
}  # fmt: skip
"""What the shell writes around a decision."""


def recorded(decision: Json) -> Json:
    return {**AROUND, **as_recorded(decision)}


def places(value: Json, place: str = "") -> list[str]:
    """Every leaf of a JSON value, as a field is named."""
    if isinstance(value, dict) and value:
        return [one for name in value for one in places(value[name], f"{place}.{name}" if place else name)]
    if isinstance(value, list) and value:
        return [one for at, inner in enumerate(value) for one in places(inner, f"{place}[{at}]")]
    return [place]


def steps(place: str) -> list[Any]:
    """`a.b[2].c` as the keys that lead there."""
    found: list[Any] = []
    for part in place.split("."):
        name, *numbers = part.replace("]", "").split("[")
        found += [name, *map(int, numbers)]
    return found


def altered(value: Json, place: str, new: Json) -> Json:
    """A copy with another value at a place."""
    value = copy.deepcopy(value)
    *way, last = steps(place)
    inner = value
    for step in way:
        inner = inner[step]
    inner[last] = new
    return value


def test_the_same_decision_has_no_differences() -> None:
    assert differences(recorded(DECISION), DECISION) == []
    assert decided(recorded(DECISION)) == as_recorded(DECISION)


def test_the_script_is_compared_by_its_digest() -> None:
    assert "script" in DECISION["proof"]
    assert "script" not in as_recorded(DECISION)["proof"]
    other = {**DECISION, "proof": {**DECISION["proof"], "script_digest": "sha256:" + "0" * 64}}
    assert [one.split(":")[0] for one in differences(recorded(DECISION), other)] == ["proof.script_digest"]


LEAVES = [place for place in places(as_recorded(DECISION)) if not any(" " in str(step) for step in steps(place))]


@given(st.sampled_from(LEAVES), st.sampled_from(["something else", None, 7, True, [], {}, ["x"]]))
def test_any_changed_field_is_named(place: str, new: Json) -> None:
    """And no other one is, wherever in the record it stands."""
    changed = altered(recorded(DECISION), place, new)
    found = differences(changed, DECISION)
    if canonical(changed) == canonical(recorded(DECISION)):
        assert found == []
    else:
        assert [one.split(": ")[0] for one in found] == [place]


@given(st.sampled_from(sorted(SHELL)), st.sampled_from(["x", 5, None]))
def test_what_the_shell_writes_is_not_compared(name: str, value: Json) -> None:
    assert differences({**recorded(DECISION), name: value}, DECISION) == []


def test_missing_and_added_fields_and_entries_are_named() -> None:
    without = {name: value for name, value in recorded(DECISION).items() if name != "regime"}
    assert differences(without, DECISION) == ['regime: the replay has `"bull"`, the record nothing']
    more = {**recorded(DECISION), "comment": "approved"}
    assert differences(more, DECISION) == ['comment: the record has `"approved"`, the replay nothing']
    fewer = {**recorded(DECISION), "warrants": []}
    assert differences(fewer, DECISION) == ["warrants: the record has 0 entries, the replay 1"]


@pytest.mark.parametrize(("one", "other"), [(True, 1), (1, "1"), (None, 0), ([], {}), ("", None)])
def test_values_that_python_finds_alike_are_not(one: Json, other: Json) -> None:
    assert differences({"verdicts": one}, {"verdicts": other}) != []


def ended() -> Json:
    """The record of a cycle whose worker was lost, as the runner writes it."""
    inputs = Inputs(CYCLE.snapshot.digest, "sha256:r", CYCLE.limits.fingerprint, CYCLE.portfolio.digest)
    decision = undetermined(CYCLE.snapshot, inputs, "the worker was lost: it was killed by signal 9").to_json()
    return {**AROUND, **decision, "ended_from_outside": True}


def test_a_cycle_that_was_ended_from_outside_permits_nothing() -> None:
    assert is_outside(ended())
    assert not is_outside(recorded(DECISION))
    assert permissions(ended()) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("warrants", DECISION["warrants"]),
        ("warrants", None),
        ("exits", [{"instrument": "AAPL"}]),
        ("fault", None),
        ("fault", ""),
        ("verdicts[0].outcome", "granted"),
        ("verdicts[1].outcome", "no-candidate"),
    ],
)
def test_one_that_permits_something_is_found(field: str, value: Json) -> None:
    (found,) = permissions(altered(ended(), field, value))
    assert found.startswith(f"{field}: ")
