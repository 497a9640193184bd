"""A column of statements at the door: row by row what the door says to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.columns import admit_all, columns_of, facts_of, snapshot_of
from knowledge.door import Refused, admit, snapshot_from_json
from knowledge.facts import Fact, Snapshot
from knowledge.templates import vocabulary
from knowledge.values import Json, canonical, exact_and_text, parse, places, rounded_all
from tests.knowledge.test_door import NEARLY

NUMBERS = st.floats(-30, 120) | st.integers(-400, 400).map(lambda one: one / 8) | st.floats() | st.just(-0.0)
WORDS = st.sampled_from(["AAPL", "IBM", "MSFT", "long", "yes", "2011-01-03", "technical", "naïve", 'a "b"'])
ODD = st.integers(0, 12).map(lambda one: one == 0)


def one_by_one(template: str, columns: Mapping[str, Sequence[object]]) -> list[object]:
    found: list[object] = []
    for row in zip(*columns.values(), strict=True):
        try:
            found.append(shown(admit(template, dict(zip(columns, row, strict=True)))))
        except (Refused, TypeError) as refusal:
            found.append(str(refusal))
    return found


def shown(one: Fact | Refused) -> object:
    if isinstance(one, Refused):
        return str(one)
    kinds = [(type(value), value.as_tuple() if isinstance(value, Decimal) else value) for _, value in one.slots]
    again = Fact(one.template, one.slots)
    assert (one.line, one.ref, one.texts) == (again.line, again.ref, again.texts)
    return one, kinds, one.texts, one.ref


def same(template: str, columns: Mapping[str, Sequence[object]]) -> None:
    assert list(map(shown, admit_all(template, columns))) == one_by_one(template, columns)


@given(st.sampled_from(sorted(vocabulary().templates)), st.integers(1, 4), st.data())
def test_a_column_is_told_what_each_row_is_told(template: str, count: int, data: st.DataObject) -> None:
    columns = {}
    for name, slot in vocabulary().templates[template].slots.items():
        usual: st.SearchStrategy[object] = NUMBERS if slot.type == "number" else WORDS
        if slot.type == "integer":
            usual = st.integers(0, 9)
        if slot.allowed or slot.measures:
            usual = st.sampled_from(sorted(slot.allowed or vocabulary().measures[slot.measures]))
        one = NEARLY if data.draw(ODD) else usual
        each: st.SearchStrategy[object] = st.lists(one, max_size=3) if slot.many else one
        constant = slot.measures and data.draw(st.booleans())
        columns[name] = [data.draw(each)] * count if constant else [data.draw(each) for _ in range(count)]
    same(template, columns)


@given(st.sampled_from(sorted(vocabulary().measures["indicators"])), st.lists(NUMBERS | st.floats(-1, 1), min_size=1))
def test_a_measure_of_many_instruments(name: str, values: list[float]) -> None:
    about = [f"S{number}" for number in range(len(values))]
    same("indicator", {"instrument": about, "name": [name] * len(values), "value": values})


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=4), st.lists(st.sampled_from("ABCD"), max_size=4))
def test_lists_of_many_instruments(values: list[float], others: list[str]) -> None:
    same("correlations", {"instrument": ["S1", "S2"], "others": [others, ["B"]], "values": [values, [0.5]]})


@given(st.lists(NUMBERS, min_size=1), st.sampled_from(["0.0001", "0.01", "1", "0.000001"]))
def test_digits_of_many_are_the_digits_of_each(numbers: list[float], quantum: str) -> None:
    decimals = places(Decimal(quantum))
    assert decimals is not None
    found = rounded_all(numbers, decimals)
    if found is not None:
        assert found == [exact_and_text(one, Decimal(quantum), decimals)[1] for one in numbers]
    plainly = [one for one in numbers if abs(one) < 100 and 0.1 < (one / float(quantum)) % 1 < 0.4]
    assert rounded_all(plainly, decimals) is not None


DIGITS = st.from_regex(r"-?[0-9]{0,3}(\.[0-9]{0,5})?\n?", fullmatch=True) | NUMBERS.map(str)


@given(st.lists(DIGITS, min_size=1, max_size=4), st.lists(st.sampled_from(["rsi-14", "beta-252", "odd"]), min_size=4))
def test_digits_are_taken_as_they_stand_or_looked_at_one_by_one(values: list[str], names: list[str]) -> None:
    """With one measure in all rows and with several."""
    about = [f"S{number}" for number in range(len(values))]
    same("indicator", {"instrument": about, "name": names[: len(values)], "value": values})
    same("indicator", {"instrument": about, "name": names[:1] * len(values), "value": values})
    same("rate", {"currency": ["USD"] * len(values), "value": values})


SAID = st.tuples(st.sampled_from(["S1", "S2", "S3"]), st.sampled_from(["rsi-14", "beta-252"]), NUMBERS)


@given(st.lists(SAID, min_size=1))
def test_what_is_written_in_columns_is_read_as_it_was(said: list[tuple[str, str, float]]) -> None:
    rows = [
        *admit_all("correlations", {"instrument": ["S1", "S2"], "others": [["S2", "S3"], ["S3"]],
                                    "values": [[0.5, -0.25], [1.0]]}),
        *admit_all("indicator", dict(zip(("instrument", "name", "value"), zip(*said, strict=True), strict=True))),
        *admit_all("abstention", {"instrument": ["S1"], "head": ["technical"], "reason": ['no "features", naïve']}),
        *admit_all("rate", {"currency": ["USD"], "value": [1]}),
    ]  # fmt: skip
    facts = [one for one in rows if isinstance(one, Fact)]
    written = columns_of(facts)
    assert canonical(parse(written.encode())) == written.encode()
    assert list(map(shown, facts_of(parse(written.encode())))) == list(map(shown, facts))


@pytest.mark.parametrize(
    "said",
    [
        [["rate"]],
        [["rate", {"currency": "USD", "value": ["1"]}]],
        [["rate", {"currency": ["USD"], "value": ["1", "2"]}]],
        [["rate", {"currency": ["USD"]}]],
        [["rate", {"currency": ["USD"], "value": ["1.50"], "more": ["1"]}]],
        [["rate", {"currency": ["USD"], "value": ["dear"]}]],
        [["no-template", {"currency": ["USD"], "value": ["1"]}]],
        [[{}, {"currency": ["USD"], "value": ["1"]}]],
        ["rate"],
        None,
    ],
)
def test_what_is_no_column_of_good_rows_is_refused(said: object) -> None:
    with pytest.raises((Refused, TypeError, ValueError)):
        facts_of(said)


def test_columns_of_two_lengths_are_a_bug_of_ours() -> None:
    with pytest.raises(ValueError, match="not of one length"):
        admit_all("rate", {"currency": ["USD"], "value": []})
    assert admit_all("rate", {"currency": [], "value": []}) == []


@given(st.lists(st.tuples(st.sampled_from(["bar", "quality", "nothing"]), NEARLY, st.booleans()), max_size=5))
def test_a_snapshot_is_read_by_columns_as_fact_by_fact(said: list[tuple[str, object, bool]]) -> None:
    rows = []
    for at, (template, odd, is_odd) in enumerate(said):
        slots: dict[str, object] = {}
        for name, slot in vocabulary().templates[template].slots.items() if template != "nothing" else ():
            slots[name] = min(slot.allowed, default=f"A{at}" if slot.type == "symbol" else "1")
        if is_odd and slots:
            slots[min(slots)] = odd
        rows.append([template, slots])
    value = {"as_of": "2011-01-03T21:00:00Z", "universe": ["A0"], "facts": rows}
    assert _read(snapshot_of, value) == _read(snapshot_from_json, value)


@pytest.mark.parametrize("facts", [[["bar"]], [["bar", {}, 1]], [["bar", []]], [["bar", None]], [{}], [[[], {}]], 3])
def test_what_is_no_facts_is_no_snapshot_either(facts: object) -> None:
    value = {"as_of": "2011-01-03T21:00:00Z", "universe": [], "facts": facts}
    with pytest.raises((Refused, KeyError, TypeError, ValueError)):
        snapshot_of(value)


def _read(reader: Callable[[Json], Snapshot], value: Json) -> object:
    try:
        return reader(value).encoded
    except (Refused, TypeError) as refusal:
        return type(refusal), str(refusal)
