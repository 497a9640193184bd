"""The syntax tree of CLIPS files: what `knowledge.clips.text` reads, and everything else works on.

It covers what a rulebook may hold, no more. Every node has `at`, its place: line and column from 1, and the offsets
of its text. Places, files and source text do not take part in equality: two trees are equal when they say the same.
Reference: CLIPS Basic Programming Guide 6.4, chapter 5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal as OneOf
from typing import TypeAlias

VARIABLE = re.compile(r"\?([A-Za-z][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*)")
"""A variable as it is written in conditions, actions and sentences: `?i`, `?stop-price`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: line and column from 1, and the offsets `[start, end)` of its text in the file."""

    line: int
    column: int
    start: int
    end: int


# Expressions: literals, variables, calls.


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. `value` is exact: `str` for symbols and strings, `int`, or `Decimal` for floats."""

    kind: OneOf["symbol", "string", "integer", "float"]
    value: str | int | Decimal
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Variable:
    """`?name`; the name comes without its question mark."""

    name: str
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`(function argument …)`."""

    function: str
    arguments: tuple[Expression, ...]
    at: Place = field(compare=False, repr=False)


Expression: TypeAlias = Literal | Variable | Call


# What a pattern asks of one slot.


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`?`: any value."""

    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Value:
    """A literal, or a variable: the first use of a variable binds it, each later use must be equal."""

    term: Literal | Variable
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unlike:
    """`~part`: the slot does not satisfy `part`."""

    part: Value | Predicate | Return
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AllOf:
    """`a&b&…`: every part holds."""

    parts: tuple[Constraint, ...]
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`a|b|…`: one of the parts holds."""

    parts: tuple[Constraint, ...]
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Predicate:
    """`:(test)`: the call is not FALSE."""

    test: Call
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Return:
    """`=(call)`: the slot equals what the call returns."""

    call: Call
    at: Place = field(compare=False, repr=False)


Constraint: TypeAlias = Wildcard | Value | Unlike | AllOf | AnyOf | Predicate | Return


# Conditions.


@dataclass(frozen=True, slots=True)
class SlotTest:
    """`(slot constraint)` inside a pattern."""

    slot: str
    constraint: Constraint
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Pattern:
    """`(template (slot constraint) …)`; `address` is the name in `?name <- (…)`, or None."""

    template: str
    slots: tuple[SlotTest, ...]
    address: str | None
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """`(not condition)`: nothing satisfies it."""

    condition: Condition
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class And:
    """`(and condition …)`."""

    conditions: tuple[Condition, ...]
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Or:
    """`(or condition …)`: one firing for each alternative that holds."""

    conditions: tuple[Condition, ...]
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Exists:
    """`(exists condition …)`: something satisfies all of them; one firing, whatever the number of ways."""

    conditions: tuple[Condition, ...]
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Forall:
    """`(forall first condition …)`: whatever satisfies `first` satisfies the rest too."""

    first: Condition
    conditions: tuple[Condition, ...]
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Test:
    """`(test call)`: the call is not FALSE."""

    __test__ = False  # not a pytest class

    call: Call
    at: Place = field(compare=False, repr=False)


Condition: TypeAlias = Pattern | Not | And | Or | Exists | Forall | Test


# Actions and constructs.


@dataclass(frozen=True, slots=True)
class SlotValue:
    """`(slot expression)` inside an assertion."""

    slot: str
    value: Expression
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Assertion:
    """`(template (slot expression) …)`, one of the facts that an `assert` concludes."""

    template: str
    slots: tuple[SlotValue, ...]
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Assert:
    """`(assert assertion …)`."""

    assertions: tuple[Assertion, ...]
    at: Place = field(compare=False, repr=False)


Action: TypeAlias = Assert | Call


@dataclass(frozen=True, slots=True)
class Rule:
    """`(defrule name "OWNER | SENTENCE" (declare (salience n)) condition … => action …)`.

    `text` is the exact source of the construct, `name_at` and `docstring_at` the places to complain at.
    """

    name: str
    docstring: str | None
    salience: int
    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]
    file: str = field(compare=False)
    text: str = field(compare=False, repr=False)
    at: Place = field(compare=False, repr=False)
    name_at: Place = field(compare=False, repr=False)
    docstring_at: Place = field(compare=False, repr=False)

    @property
    def owner(self) -> str:
        """Who answers for the rule: the docstring before its first `|`; empty where there is none."""
        before, bar, _ = (self.docstring or "").partition("|")
        return before.strip() if bar else ""

    @property
    def sentence(self) -> str:
        """What the rule says, for explanations; names variables as `?i`. Empty where there is none."""
        return (self.docstring or "").partition("|")[2].strip()

    def words(self, node: Node) -> str:
        """The exact source text of a node of this rule."""
        return self.text[node.at.start - self.at.start : node.at.end - self.at.start]


@dataclass(frozen=True, slots=True)
class SlotDeclaration:
    """`(slot name …)` or `(multislot name …)` of a deftemplate; its attributes stay text."""

    name: str
    multislot: bool
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Deftemplate:
    """`(deftemplate name "comment" (slot …) …)`."""

    name: str
    slots: tuple[SlotDeclaration, ...]
    file: str = field(compare=False)
    text: str = field(compare=False, repr=False)
    at: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Load:
    """`(load "path")`: the file to read here."""

    path: str
    file: str = field(compare=False)
    at: Place = field(compare=False, repr=False)


Construct: TypeAlias = Rule | Deftemplate | Load
Node: TypeAlias = Expression | Constraint | SlotTest | Condition | SlotValue | Assertion | Assert | Construct


@dataclass(frozen=True, slots=True)
class Program:
    """One file: its constructs in order."""

    file: str
    constructs: tuple[Construct, ...]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in order."""
        return tuple(one for one in self.constructs if isinstance(one, Rule))

    @property
    def templates(self) -> tuple[Deftemplate, ...]:
        """The templates, in order."""
        return tuple(one for one in self.constructs if isinstance(one, Deftemplate))

    @property
    def loads(self) -> tuple[Load, ...]:
        """The load forms, in order."""
        return tuple(one for one in self.constructs if isinstance(one, Load))
