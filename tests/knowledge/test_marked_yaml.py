"""The reader of marked YAML: every value has its place, keeps its spelling, and no text whatever escapes as a crash."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from knowledge.faults import Faulty
from knowledge.marked_yaml import Items, MarkedReader, Node, Scalar, Table, compose, is_day

WORDS = st.text("abcdefgh", min_size=1, max_size=5)
TREES = st.recursive(
    WORDS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(WORDS, below, max_size=4),
    max_leaves=12,
)


def plain(node: Node | None) -> object:
    """A tree as the values a person would say it holds."""
    if isinstance(node, Table):
        return {entry.key.written: plain(entry.value) for entry in node.entries}
    if isinstance(node, Items):
        return [plain(item) for item in node.nodes]
    return node.text if isinstance(node, Scalar) else None


def every(node: Node) -> list[Node]:
    below = [one for entry in node.entries for one in entry] if isinstance(node, Table) else []
    below += node.nodes if isinstance(node, Items) else ()
    return [node, *(found for one in below for found in every(one))]


def faults(reader: MarkedReader) -> list[str]:
    return [str(fault) for fault in reader.faults]


def read(source: str) -> tuple[MarkedReader, Node]:
    node = compose(source, "own.yaml")
    assert node is not None
    return MarkedReader("own.yaml"), node


@given(TREES, st.booleans())
def test_what_was_written_is_what_is_read_and_each_scalar_stands_at_its_place(tree: object, flow: bool) -> None:
    from io import StringIO

    writer, stream = YAML(typ="safe", pure=True), StringIO()
    writer.default_flow_style = flow
    writer.dump(tree, stream)
    source = stream.getvalue()
    root = compose(source, "own.yaml")
    assert plain(root) == tree
    assert root is not None
    for node in every(root):
        if isinstance(node, Scalar):
            begin, end = node.span
            assert source[begin:end] == node.text
            assert source.splitlines()[node.line - 1][node.column - 1 :].startswith(node.text)


@pytest.mark.parametrize(
    "written", ["no", "yes", "true", "1_000", "0.10", "1e3", "2011-01-03", "null", "~", "0x1F", "1:30"]
)
def test_a_value_keeps_its_spelling(written: str) -> None:
    _, node = read(f"key: {written}\nsame: '{written}'\n")
    assert plain(node) == {"key": written, "same": written}
    assert isinstance(node, Table)
    assert [entry.value.plain for entry in node.entries if isinstance(entry.value, Scalar)] == [True, False]


def test_a_folded_text_has_nothing_in_it_that_nobody_wrote() -> None:
    assert plain(compose("a: >\n  one\n  two\n", "own.yaml")) == {"a": "one two\n"}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("a: [1\nb: 2", "own.yaml:2:2: not YAML: expected ',' or ']', but got ':'"),
        ("a: 1\n---\nb: 2", "own.yaml:2:1: not YAML: but found another document"),
        ("a: *b", "own.yaml:1:4: not YAML: found undefined alias"),
        ("a: \x07", "own.yaml:1:1: not YAML: unacceptable character"),
        ('a: "\\UFFFFFFFF"', "own.yaml:1:1: not YAML: an escape such as"),
        ('a: "\\ud800"', "own.yaml:1:4: not YAML: half of a character"),
        ("a: &x [1, *x]", "own.yaml:1:4: not YAML: an alias stands inside what it names"),
        ("[" * 1000, "own.yaml:1:1: the file is nested too deeply"),
    ],
)
def test_what_is_no_yaml_is_told_at_its_place(source: str, said: str) -> None:
    with pytest.raises(Faulty) as caught:
        compose(source, "own.yaml")
    assert str(caught.value).startswith(said)


def test_aliases_are_taken_once_however_often_they_are_named() -> None:
    rows = [f"k{at}: &k{at} [{', '.join([f'*k{at - 1}'] * 9)}]" for at in range(1, 12)]
    root = compose("\n".join(["k0: &k0 x", *rows]), "own.yaml")
    assert isinstance(root, Table)
    last = root.entries[-1].value
    assert isinstance(last, Items)
    assert all(one is last.nodes[0] for one in last.nodes)


@given(st.text(max_size=80))
def test_no_text_whatever_crashes_the_reader(source: str) -> None:
    try:
        compose(source, "own.yaml")
    except Faulty as faulty:
        assert all(fault.line >= 1 and fault.column >= 1 for fault in faulty.faults)


def test_keys_that_repeat_or_that_nobody_knows_are_told_and_the_first_is_kept() -> None:
    reader, node = read("a: 1\nb: 2\na: 3\n? [x]\n: 4\n")
    found = reader.table(node, "the file", ("a", "c"))
    assert found["a"].value.written == "1"
    assert faults(reader) == [
        "own.yaml:2:1: unknown key `b` in the file; known are `a`, `c`",
        "own.yaml:3:1: `a` stands twice in the file; keep one",
        "own.yaml:4:3: unknown key `…` in the file; known are `a`, `c`",
    ]
    with pytest.raises(Faulty):
        reader.done()


def test_a_value_of_the_wrong_shape_is_told_and_reading_goes_on() -> None:
    reader, node = read("a: [1]\nb: {c: d}\ne:\n")
    top = reader.table(node, "the file")
    assert reader.table(top["a"].value, "`a`") == {}
    assert reader.table(top["a"].value, "`a`", ("x",), "with `x`") == {}
    assert reader.items(top["b"].value, "`b` is a list of words") == ()
    assert (reader.text(top["a"]), reader.text(top["e"]), reader.word(top["e"].value, "e")) == ("", "", "")
    assert reader.lacks(top["b"].key, "`b`", top, ("a", "f", "g"))
    assert not reader.lacks(top["b"].key, "`b`", top, ("a", "e"))
    assert faults(reader) == [
        "own.yaml:1:4: `a` is a mapping of keys to values",
        "own.yaml:1:4: `a` is a mapping with `x`",
        "own.yaml:2:4: `b` is a list of words",
        "own.yaml:1:1: `a` takes one value",
        "own.yaml:3:1: `e` takes one value",
        "own.yaml:4:1: e is missing its text",
        "own.yaml:2:1: `b` lacks `f`, `g`",
    ]


@given(st.decimals(0, 10**9, places=4), st.booleans())
def test_numbers_are_exact(value: object, per_cent: bool) -> None:
    reader, node = read(f"{value}{' %' if per_cent else ''}")
    assert reader.number(node, "bound") == Fraction(str(value)) / (100 if per_cent else 1)
    assert not reader.faults


@pytest.mark.parametrize(
    ("written", "low", "high", "said"),
    [
        ("-1", 0, None, "bound `-1` must be at least 0"),
        ("-1", 0, 1, "bound `-1` must be at least 0 and at most 1"),
        ("101 %", None, 1, "bound `101 %` must be at most 1"),
        ("1e3", 0, None, "`1e3` is no bound; write digits such as `0.25` or `25 %`"),
        (".inf", 0, None, "`.inf` is no bound"),
        ("9" * 5000, 0, None, "is no bound"),
        ("[1]", 0, None, "`…` is no bound"),
        ("true", 0, None, "`true` is no bound"),
        ("٣", 0, None, "`٣` is no bound"),
    ],
)
def test_a_number_that_is_none_or_lies_outside_is_told(
    written: str, low: int | None, high: int | None, said: str
) -> None:
    reader, node = read(written)
    reader.number(node, "bound", low, high)
    assert said in faults(reader)[0]


def test_whole_numbers_and_days() -> None:
    reader, node = read("[3, 2.5, 2026-02-28, 2026-02-30]")
    assert isinstance(node, Items)
    assert (reader.whole(node.nodes[0], "once", 1), reader.day(node.nodes[2], "2026-01-31")) == (3, "2026-02-28")
    reader.whole(node.nodes[1], "once", 1)
    reader.day(node.nodes[3], "2026-01-31")
    assert faults(reader) == [
        "own.yaml:1:5: once `2.5` is no whole number",
        "own.yaml:1:22: `2026-02-30` is no date; write it like `2026-01-31`",
    ]
    assert not is_day("2026-2-28")
