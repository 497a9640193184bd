"""The door: whatever comes, either a fact of a declared template with values in range, or a sentence."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.door import Refused, admit, fact, freeze, snapshot_from_json
from knowledge.facts import Fact
from knowledge.templates import vocabulary
from knowledge.values import canonical, parse
from tests.knowledge import slow_door

ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.decimals()
    | st.binary(max_size=4)
    | st.lists(st.integers(), max_size=2)
)
TEMPLATES = sorted(vocabulary().templates)


@given(st.sampled_from(TEMPLATES), st.data())
def test_whatever_comes_is_a_sound_fact_or_a_sentence(template: str, data: st.DataObject) -> None:
    shape = vocabulary().templates[template]
    slots = {name: data.draw(ANYTHING, label=name) for name in shape.slots}
    try:
        admitted = admit(template, slots)
    except Refused as refusal:
        assert str(refusal)
        return
    for name, value in admitted.slots:
        slot = shape.slots[name]
        assert (type(value) is tuple) is slot.many
        for one in value if isinstance(value, tuple) else (value,):
            assert type(one) is {"symbol": str, "text": str, "integer": int, "number": Decimal}[slot.type]
            if slot.allowed:
                assert one in slot.allowed
            if isinstance(one, Decimal):
                assert one.is_finite()
                assert ((slot.low is None or one >= slot.low) and (slot.high is None or one <= slot.high)) or slot.by


NEARLY = (
    ANYTHING
    | st.sampled_from(["AAPL", "long", "yes", "rsi-14", "2011-01-03", "swing", "0", "-0", "0.0", "1e3", "12.50", "٣"])
    | st.decimals(-10, 10, places=5)
    | st.floats(-1, 1).map(repr)
    | st.integers(-100, 100).map(str)
    | st.builds("{}.{}5".format, st.integers(0, 99), st.integers(0, 99999))
)


LISTS = st.lists(NEARLY | st.sampled_from(["AAPL", "IBM", "MSFT", "0.5", "-0.25"]), max_size=4)


def said(door: Callable[..., Fact], template: str, slots: object) -> object:
    """The fact with its texts and ref, or the sentence that refuses it."""
    try:
        one = door(template, slots)
    except (Refused, TypeError) as refusal:
        return type(refusal), str(refusal)
    kinds = [(type(value), value.as_tuple() if isinstance(value, Decimal) else value) for _, value in one.slots]
    return one, kinds, one.texts, one.ref


@given(st.sampled_from(TEMPLATES), st.data())
def test_the_slow_door_says_the_same(template: str, data: st.DataObject) -> None:
    names = list(vocabulary().templates[template].slots)
    slots = {name: data.draw(NEARLY, label=name) for name in names if data.draw(st.integers(0, 30))}
    assert said(admit, template, slots) == said(slow_door.admit, template, slots)


@given(st.sampled_from(sorted(vocabulary().measures["indicators"])), NEARLY)
def test_the_slow_door_says_the_same_of_a_measure(name: str, value: object) -> None:
    slots = {"instrument": "AAPL", "name": name, "value": value}
    assert said(admit, "indicator", slots) == said(slow_door.admit, "indicator", slots)


@given(st.sampled_from(["AAPL", "IBM"]), LISTS | LISTS.map(tuple) | NEARLY, LISTS | NEARLY)
def test_the_slow_door_says_the_same_of_lists(name: str, others: object, values: object) -> None:
    slots = {"instrument": name, "others": others, "values": values}
    assert said(admit, "correlations", slots) == said(slow_door.admit, "correlations", slots)


@given(st.lists(st.sampled_from(["B", "C-1", "D.E", "Z"]), min_size=1, unique=True).map(sorted), st.data())
def test_lists_keep_their_order_and_read_back(others: list[str], data: st.DataObject) -> None:
    values = data.draw(st.lists(st.floats(-1, 1), min_size=len(others), max_size=len(others)))
    made = fact("correlations", instrument="A", others=others, values=values)
    assert made.words("others") == tuple(others)
    assert all(abs(float(one) - said) <= 0.00005001 for one, said in zip(made.numbers("values"), values, strict=True))
    snapshot = freeze("2011-01-03T21:00:00Z", ["A"], [made])
    assert snapshot.encoded == canonical(snapshot.to_json())
    assert snapshot_from_json(parse(snapshot.encoded)) == snapshot


@pytest.mark.parametrize("slots", [["instrument", "name", "value"], "instrument", {}, {"instrument": 1, "odd": 2}])
def test_the_slow_door_says_the_same_of_what_is_no_statement(slots: object) -> None:
    assert said(admit, "indicator", slots) == said(slow_door.admit, "indicator", slots)


@given(st.lists(st.tuples(st.sampled_from(["AAPL", "B-1"]), st.text(max_size=5).filter(str.isprintable)), max_size=4))
def test_a_snapshot_is_encoded_as_its_value_is(reports: list[tuple[str, str]]) -> None:
    """Fact by fact, with every letter that JSON has to escape."""
    facts = {one: fact("quality", instrument=one, issue="gap", detail=said) for one, said in reports}
    snapshot = freeze(
        "2011-01-03T21:00:00Z", ["AAPL", 'odd"'], [*facts.values(), fact("rate", currency="USD", value=1)]
    )
    assert snapshot.encoded == canonical(snapshot.to_json())


@given(st.floats() | st.integers() | st.decimals())
def test_a_measure_keeps_its_range_and_quantum(value: object) -> None:
    measure = vocabulary().measures["indicators"]["rsi-14"]
    try:
        number = fact("indicator", instrument="AAPL", name="rsi-14", value=value).number("value")
    except Refused:
        return
    assert measure.low <= number <= measure.high and number % measure.quantum == 0


@pytest.mark.parametrize(
    ("template", "slots", "words"),
    [
        ("indicatr", {}, "unknown template `indicatr`"),
        ("regime", {"name": "bul"}, "takes one of `bear`, `bull`"),
        ("regime", {"name": "bull", "nme": "x"}, "has no slot `nme`"),
        ("regime", {}, "lacks `name`"),
        ("indicator", {"instrument": "AAPL", "name": "rsi-15", "value": 1}, "not `rsi-15`"),
        ("indicator", {"instrument": "AAPL", "name": "rsi-14", "value": 101}, "lies in [0, 100]"),
        ("indicator", {"instrument": "AAPL", "name": "rsi-14", "value": np.float64(50)}, "float64"),
        ("indicator", {"instrument": "AAPL", "name": "rsi-14", "value": float("nan")}, "not finite"),
        ("indicator", {"instrument": "AA PL", "name": "rsi-14", "value": 1}, "starts with a letter or digit"),
        ("earnings", {"instrument": "AAPL", "sessions": 2.0}, "takes a whole number"),
        ("earnings", {"instrument": "AAPL", "sessions": True}, "takes a whole number"),
        ("abstention", {"instrument": "AAPL", "head": "h", "reason": "a\nb"}, "printable"),
        ("abstention", {"instrument": 7, "head": "h", "reason": "r"}, "takes a symbol"),
        ("correlations", {"instrument": "A", "others": "B", "values": [0]}, "takes a list, not the str"),
        ("correlations", {"instrument": "A", "others": [], "values": []}, "a list of 1 to 10000 values, not of 0"),
        ("correlations", {"instrument": "A", "others": ["B", "C"], "values": [0]}, "are not of one length"),
        ("correlations", {"instrument": "A", "others": ["C", "B"], "values": [0, 0]}, "rise from one to the next"),
        ("correlations", {"instrument": "A", "others": ["B", "B"], "values": [0, 0]}, "each once"),
        ("correlations", {"instrument": "A", "others": ["B"], "values": [1.1]}, "lies in [-1, 1]"),
        ("period", {"instrument": "A", "begins": "now", "ends": "then", "last": "no"}, "takes an instant in UTC"),
    ],
)
def test_the_sentence_says_what_is_wrong(template: str, slots: dict[str, object], words: str) -> None:
    with pytest.raises(Refused, match=words.replace("[", r"\[").replace("`", ".")):
        admit(template, slots)


def rsi(instrument: str, value: float) -> Fact:
    return fact("indicator", instrument=instrument, name="rsi-14", value=value)


def test_a_key_has_one_value_in_a_snapshot() -> None:
    with pytest.raises(Refused, match=r"two facts say .indicator\(AAPL,rsi-14\)"):
        freeze("2011-01-03T21:00:00Z", ["AAPL"], [rsi("AAPL", 1), rsi("AAPL", 2)])


@given(st.permutations([rsi(name, 40.0 + at) for at, name in enumerate(("AAPL", "GOOG", "IBM", "MSFT"))]))
def test_a_snapshot_does_not_know_the_order_in_which_facts_came(facts: list[Fact]) -> None:
    one = freeze("2011-01-03T21:00:00Z", ["IBM", "AAPL"], facts)
    other = freeze("2011-01-03T21:00:00Z", ["AAPL", "IBM"], sorted(facts, key=lambda each: each.ref, reverse=True))
    assert one.digest == other.digest and one.universe == ("AAPL", "IBM")


def test_a_snapshot_reads_back_through_the_door() -> None:
    snapshot = freeze("2011-01-03T21:00:00Z", ["AAPL"], [rsi("AAPL", 55.12345), fact("regime", name="bull")])
    again = snapshot_from_json(parse(canonical(snapshot.to_json())))
    assert again == snapshot and again.digest == snapshot.digest
    found = again.find("indicator", "AAPL", "rsi-14")
    assert found is not None and found.number("value") == Decimal("55.12")
    assert again.find("indicator", "AAPL", "adx-14") is None and again.all("bar") == ()


def test_a_tampered_snapshot_does_not_read_back() -> None:
    value = freeze("2011-01-03T21:00:00Z", ["AAPL"], [rsi("AAPL", 55)]).to_json()
    value["facts"][0][1]["value"] = "155"
    with pytest.raises(Refused):
        snapshot_from_json(value)
