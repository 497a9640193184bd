"""Facts files: what is written is read back, what is wrong is told at its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from knowledge.door import fact
from knowledge.facts import Fact
from knowledge.facts_file import read_facts, written
from knowledge.faults import Faulty
from knowledge.templates import Slot, vocabulary

SYMBOL = st.one_of(
    st.sampled_from(["yes", "no", "NO", "null", "true", "y", "123", "1.5", "2011-01-03", "1e5", "AAPL", "a:b", "0x1f"]),
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:+\-]{0,8}", fullmatch=True),
)
TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Cn", "Co", "Cf", "Zs")), max_size=12)
NUMBER = st.integers(1, 10**6).map(lambda n: f"{n / 10**4:.4f}")


def value(slot: Slot, name: str) -> st.SearchStrategy[object]:
    if slot.measures:
        return st.just(name)
    if slot.allowed:
        return st.sampled_from(slot.allowed)
    if slot.unit == "date":
        return st.just("2011-01-03")
    if slot.unit == "instant":
        return st.just("2011-01-03T21:00:00Z")
    if slot.by or (slot.type == "number" and slot.high is not None):
        return st.sampled_from(["0.5", "0.25", "0.001"])
    kinds = {"symbol": SYMBOL, "text": TEXT, "integer": st.integers(3, 10**6).map(str), "number": NUMBER}
    return kinds[slot.type]


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    words = vocabulary()
    shape = words.templates[draw(st.sampled_from(sorted(words.templates)))]
    group = next((slot.measures for slot in shape.slots.values() if slot.measures), "")
    name = draw(st.sampled_from(sorted(words.measures[group]))) if group else ""
    slots: dict[str, object] = {}
    size = draw(st.integers(1, 3))
    for slot in shape.slots.values():
        one = value(slot, name)
        if slot.ascending:
            slots[slot.name] = [f"I{place}" for place in range(size)]
        elif slot.many:
            slots[slot.name] = draw(st.lists(one, min_size=size, max_size=size))
        else:
            slots[slot.name] = draw(one)
    return fact(shape.name, **slots)


@settings(max_examples=60)
@given(st.lists(facts(), max_size=5, unique_by=lambda one: one.ref), st.sampled_from(["", "a witness\n\nof two lines"]))
def test_what_is_written_is_read_back(some: list[Fact], remark: str) -> None:
    assert list(read_facts(written(some, remark), "facts.yaml")) == some


@given(st.lists(facts(), min_size=1, max_size=3, unique_by=lambda one: one.ref))
@settings(max_examples=30)
def test_other_readers_see_words_as_words(some: list[Fact]) -> None:
    for one, read in zip(some, YAML(typ="safe", pure=True).load(written(some)), strict=True):
        for slot, held in one.slots:
            if isinstance(held, str):
                assert read[one.template][slot] == held


def test_a_facts_file_reads_like_this() -> None:
    some = [
        fact("market", name="index-volatility-rank", value="0.9"),
        fact("abstention", instrument="AAPL", head="volume", reason="too few bars: 12"),
        fact("correlations", instrument="AAPL", others=["IBM", "NO"], values=["0.5", "-0.25"]),
    ]
    assert written(some, "volatile at the edge") == (
        "# volatile at the edge\n"
        "- market: {name: index-volatility-rank, value: 0.9}\n"
        '- abstention: {instrument: AAPL, head: volume, reason: "too few bars: 12"}\n'
        '- correlations: {instrument: AAPL, others: [IBM, "NO"], values: [0.5, -0.25]}\n'
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "w.yaml:1:1: a facts file is a list of facts"),
        ("market: {name: index-move}", "w.yaml:1:1: a facts file is a list of facts"),
        ("- market", "w.yaml:1:3: a fact is written as `template: {slot: value, …}`"),
        ("- markt: {name: x}", "w.yaml:1:3: unknown template `markt`"),
        ("- market: {name: index-move, value: 0.1}\n- market: {name: index-move, value: 0.2}", "w.yaml:2:3: two facts"),
        ("- market: {name: index-move, value: NaN}", "w.yaml:1:3: `market`: `NaN` is not finite"),
        ("- market: {name: index-move, value: 0.1, value: 0.1}", "w.yaml:1:42: `value` stands twice in `market`"),
        ("- [", "w.yaml:1:4: not YAML"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(text: str, complaint: str) -> None:
    with pytest.raises(Faulty) as refusal:
        read_facts(text, "w.yaml")
    assert str(refusal.value).startswith(complaint)


def test_a_fact_said_twice_alike_is_one() -> None:
    line = "- market: {name: index-move, value: 0.1}\n"
    assert len(read_facts(line * 2, "w.yaml")) == 1
