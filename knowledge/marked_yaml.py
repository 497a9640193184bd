"""YAML that a person wrote, read with a place for every key and every value, and for every complaint.

Rules:
- the text becomes a tree of `Scalar`, `Items` and `Table`; a scalar is the text that was written, never a truth value,
  a float or a date: `no` stays a word and `0.10` its digits;
- a repeated key, a key nobody knows and a value of the wrong shape are faults, collected by `MarkedReader`, which goes
  on with a neutral value; whoever uses it calls `done` before he uses anything it returned;
- what is no YAML at all is told at the first place where it is none: a broken text, two documents, an alias inside
  what it names, a character that no text can hold, nesting without end.

Each reader of a file derives its own from `MarkedReader`, and says what the file means. Left out: tags (`!!int`) say
nothing here, and `<<` is a key like any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from knowledge.faults import Fault, Faulty

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node as Composed

UNSHOWN = "…"
"""How what is no scalar stands in a complaint."""
_NUMBER = re.compile(r"([+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?)\s*(%?)\Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value in a text: where it begins, counted from 1, and the offsets at which it begins and ends."""

    line: int
    column: int
    span: tuple[int, int]

    @property
    def written(self) -> str:
        """The text of a scalar, for complaints; `…` for everything else."""
        return UNSHOWN


@dataclass(frozen=True, slots=True, eq=False)
class Scalar(Node):
    """One value. `plain` where it stands without quotes; `text` is empty where nothing stands behind a colon."""

    text: str
    plain: bool

    @property
    def written(self) -> str:
        """The text."""
        return self.text


@dataclass(frozen=True, slots=True, eq=False)
class Items(Node):
    """A list."""

    nodes: tuple[Node, ...] = field(repr=False)


class Entry(NamedTuple):
    """A key and what stands behind it."""

    key: Node
    value: Node


@dataclass(frozen=True, slots=True, eq=False)
class Table(Node):
    """A mapping, its entries as they were written: a key may be there twice."""

    entries: tuple[Entry, ...] = field(repr=False)


def compose(source: str, file: str) -> Node | None:
    """The tree of a text; None for a text with nothing in it. Raises `Faulty` for what is no YAML."""
    try:
        return _composed(source)
    except Faulty as error:
        raise error.of(file) from None


@lru_cache(maxsize=256)
def _composed(source: str) -> Node | None:
    """The tree of a text. Raises `Faulty`, for a file without a name.

    Kept for the texts read last, because the same ones are read again and again: a tree never changes.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        root = YAML(typ="safe", pure=True).compose(source)
        return None if root is None else _Taking().node(root)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _unread(line, column, f"{error.problem or error.context}") from None
    except YAMLError as error:
        raise _unread(1, 1, str(error).splitlines()[0]) from None
    except RecursionError:
        raise Faulty(Fault("", 1, 1, "the file is nested too deeply; write it with fewer brackets")) from None
    except (ValueError, OverflowError):
        # What the library takes for a character by its number and Python has none for.
        raise _unread(1, 1, "an escape such as `\\U…` names no character") from None


def _unread(line: int, column: int, why: str) -> Faulty:
    return Faulty(Fault("", line, column, f"not YAML: {why}"))


def is_day(written: str) -> bool:
    """Whether this is a day of the calendar, such as `2026-01-31`."""
    try:
        return bool(_DAY.match(written) and date.fromisoformat(written))
    except ValueError:
        return False


def named(names: Iterable[str]) -> str:
    """Names as complaints list them."""
    return ", ".join(f"`{name}`" for name in names)


class MarkedReader:
    """Collects faults while it reads; every method returns a neutral value after a fault."""

    twice: ClassVar[str] = "`{name}` stands twice in {what}; keep one"
    """What is said of a repeated key."""

    def __init__(self, file: str) -> None:
        self.file = file
        """The file's name in complaints."""
        self.faults: list[Fault] = []

    def fault(self, node: Node | None, message: str) -> None:
        """Complain at a node; of None, at the beginning of the file."""
        line, column = (1, 1) if node is None else (node.line, node.column)
        self.faults.append(Fault(self.file, line, column, message))

    def done(self) -> None:
        """Raises `Faulty` with every fault found, if there is one."""
        if self.faults:
            raise Faulty(*self.faults)

    def table(
        self, node: Node | None, what: str, known: Sequence[str] | None = None, shape: str = "keys to values"
    ) -> dict[str, Entry]:
        """A mapping's entries by key, the first of each; repeated keys, and keys outside `known`, are faults.

        `what` names it in complaints, `shape` says what it should have been.
        """
        if not isinstance(node, Table):
            self.fault(node, f"{what} is a mapping {shape if shape.startswith('with ') else f'of {shape}'}")
            return {}
        found: dict[str, Entry] = {}
        for entry in node.entries:
            name = entry.key.written
            if name in found:
                self.fault(entry.key, self.twice.format(name=name, what=what))
            elif known is not None and name not in known:
                self.fault(entry.key, f"unknown key `{name}` in {what}; known are {named(known)}")
            found.setdefault(name, entry)
        return found

    def lacks(self, node: Node | None, what: str, entries: Mapping[str, Entry], needed: Iterable[str]) -> bool:
        """Whether any of the `needed` keys is missing, which is a fault at `node`."""
        missing = [name for name in needed if name not in entries]
        if missing:
            self.fault(node, f"{what} lacks {named(missing)}")
        return bool(missing)

    def items(self, node: Node | None, otherwise: str) -> tuple[Node, ...]:
        """The nodes of a list; `otherwise` is said of what is none."""
        if isinstance(node, Items):
            return node.nodes
        self.fault(node, otherwise)
        return ()

    def text(self, entry: Entry) -> str:
        """What stands behind a key, as text. Nothing has no place of its own: its key has one."""
        if isinstance(entry.value, Scalar) and entry.value.text.strip():
            return entry.value.text
        self.fault(entry.key, f"`{entry.key.written}` takes one value")
        return ""

    def word(self, node: Node, what: str, allowed: Callable[[str], object] | None = None, hint: str = "") -> str:
        """A text that `allowed` takes; `hint` says what to write instead."""
        if not isinstance(node, Scalar) or not node.text.strip():
            self.fault(node, f"{what} is missing its text")
            return ""
        if allowed is not None and not allowed(node.text):
            self.fault(node, f"`{node.text}` is no {what}; {hint}")
        return node.text

    def day(self, node: Node, example: str) -> str:
        """A day of the calendar, such as `example`."""
        if not is_day(node.written):
            self.fault(node, f"`{node.written}` is no date; write it like `{example}`")
        return node.written

    def number(self, node: Node, what: str, low: int | None = 0, high: int | None = None) -> Fraction:
        """Exact digits, in per cent or not, from `low` to `high`, both included; None sets no end."""
        match = _NUMBER.match(node.written.strip())
        if match is None:
            self.fault(node, f"`{node.written}` is no {what}; write digits such as `0.25` or `25 %`")
            return Fraction(0)
        value = Fraction(match[1]) / (100 if match[2] else 1)
        if (low is not None and value < low) or (high is not None and value > high):
            lower = "" if low is None else f"at least {low}"
            upper = "" if high is None else f"at most {high}"
            self.fault(node, f"{what} `{node.written}` must be {' and '.join(filter(None, (lower, upper)))}")
        return value

    def whole(self, node: Node, what: str, low: int | None = 0, high: int | None = None) -> int:
        """A whole number from `low` to `high`, both included."""
        value = self.number(node, what, low, high)
        if value.denominator != 1:
            self.fault(node, f"{what} `{node.written}` is no whole number")
        return int(value)


class _Taking:
    """Takes a tree over from the library. What is named twice by aliases is taken once."""

    def __init__(self) -> None:
        self.taken: dict[int, Node | None] = {}

    def node(self, one: Composed) -> Node:
        """The node, with all below it. Raises `Faulty`."""
        if id(one) not in self.taken:
            self.taken[id(one)] = None
            self.taken[id(one)] = self.made(one)
        if (found := self.taken[id(one)]) is None:
            raise self.refused(one, "an alias stands inside what it names; write out what is meant")
        return found

    def made(self, one: Composed) -> Node:
        from ruamel.yaml.nodes import MappingNode, SequenceNode

        line, column = one.start_mark.line + 1, one.start_mark.column + 1
        span = (one.start_mark.index, one.end_mark.index)
        if isinstance(one, MappingNode):
            return Table(line, column, span, tuple(Entry(self.node(key), self.node(value)) for key, value in one.value))
        if isinstance(one, SequenceNode):
            return Items(line, column, span, tuple(self.node(item) for item in one.value))
        style = getattr(one, "style", None)
        # The library marks where a folded text was folded.
        text = str(one.value).replace("\a", "") if style == ">" else str(one.value)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise self.refused(one, "half of a character stands in this text; write the character itself")
        return Scalar(line, column, span, text, style is None)

    def refused(self, one: Composed, message: str) -> Faulty:
        return _unread(one.start_mark.line + 1, one.start_mark.column + 1, message)
