"""Proofs in words: from what the judge prints to `ProofNode`.

A goal is shown in Prolog's syntax with its values; its sentence is the one that the policies declare, for a fact the
slots that the policy asked for, for a comparison the values with the names of their variables:
`SessionsToEarnings =< 3` with 12 fails as "12 sessions to earnings > 3".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from knowledge.prolog.compiled import Asked
from knowledge.prolog.lint import ORDER, Name, predicate
from knowledge.prolog.proof import ProofNode, Status
from knowledge.prolog.text import PolicyText, Sentence, Tree
from knowledge.templates import Template, Vocabulary
from knowledge.values import Json, text

SNAPSHOT = "snapshot"
"""The source of a fact."""

_SAYS = {
    "<": ("<", "≥"),
    "=<": ("≤", ">"),
    ">": (">", "≤"),
    ">=": ("≥", "<"),
    "=:=": ("=", "≠"),
    "=\\=": ("≠", "="),
    "is": ("=", "≠"),
    "@<": ("is before", "is not before"),
    "@=<": ("is not after", "is after"),
    "@>": ("is after", "is not after"),
    "@>=": ("is not before", "is before"),
    "=": ("is", "is not"),
    "==": ("is", "is not"),
    "\\=": ("is not", "is"),
    "\\==": ("is not", "is"),
    "member": ("is among", "is not among"),
}
_PLAIN = re.compile(r"[a-z][A-Za-z0-9_]*\Z")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_+")


class Wording:
    """The words of one set of policies."""

    def __init__(
        self, policies: PolicyText, asked: Sequence[Asked], sentences: Mapping[Name, Sentence], words: Vocabulary
    ) -> None:
        self._asked = asked
        self._sentences = sentences
        self._templates = {predicate(name): shape for name, shape in words.templates.items()}
        self._clause_source = [clause.file.source(clause.tree) for clause in policies.clauses]
        self._asked_source = [one.file.source(one.tree) for one in asked]
        self._entry = {clause.head.name: number for number, clause in reversed([*enumerate(policies.clauses)])}

    def node(self, value: Json) -> ProofNode:
        """Word one node and all below it."""
        kind, number, status, goal, *below = value
        if kind == "own" and status == "fails" and len(below) == 1 and below[0][0:3:2] == ["clause", "fails"]:
            # One clause only: the goal failed because the clause did, and saying it twice helps nobody.
            return self.node(below[0])
        children = tuple(self.node(one) for one in below)
        if kind in ("not", "either"):
            return self._structure(kind, number, status == "holds", below, children)
        shown = show(goal)
        if kind in {"own", "clause"}:
            source = self._own_source(kind, number, status, goal)
            return ProofNode(shown, self._own(goal, status), source, status, children)
        asked = self._asked[number]
        if kind == "test":
            return ProofNode(shown, _test(goal, asked, status == "holds"), self._asked_source[number], status, children)
        source = SNAPSHOT if status == "holds" else self._asked_source[number]
        near = below[0][3] if below else None
        return ProofNode(shown, self._fact(goal, asked, status, near), source, status, children)

    def say(self, value: Json) -> str:  # noqa: PLR0911  one line for each kind of value
        """A value as a word of a sentence; a candidate and its like by their key."""
        if value is None:
            return "any"
        if isinstance(value, str):
            return value.replace("_", " ")
        if isinstance(value, int):
            return str(value)
        tag, *rest = value
        if tag == "r":
            return _digits(*rest)
        if tag == "s":
            return str(rest[0])
        if tag == "l":
            return ", ".join(self.say(one) for one in rest)
        shape = self._templates.get(rest[0])
        if shape is not None and len(shape.slots) == len(rest) - 1:
            key = [one for slot, one in zip(shape.slots, rest[1:], strict=True) if slot in shape.key]
            return " ".join(self.say(one) for one in key)
        return " ".join(self.say(one) for one in rest)

    def _own_source(self, kind: str, number: int, status: str, goal: Json) -> str:
        if kind == "clause" or status == "holds":
            return self._clause_source[number]
        if number >= 0:
            return self._asked_source[number]
        return self._clause_source[self._entry[_name(goal)]]

    def _own(self, goal: Json, status: str) -> str:
        spoken = self._spoken(goal)
        if status == "holds":
            return spoken
        if status == "absent":
            return f"nothing says that {spoken}"
        return f"this does not apply: {spoken}" if status == "differs" else f"it is not so that {spoken}"

    def _spoken(self, goal: Json) -> str:
        sentence = self._sentences[_name(goal)]
        args = _args(goal)
        result = sentence.pieces[0]
        for place, piece in zip(sentence.places, sentence.pieces[1:], strict=True):
            value = args[place]
            result += (f"any {_words(sentence.names[place])}" if value is None else self.say(value)) + piece
        return result

    def _fact(self, goal: Json, asked: Asked, status: str, near: Json | None) -> str:
        name, args = _name(goal), _args(goal)
        shape = self._templates[name[0]]
        slots = tuple(zip(shape.slots, args, asked.tree.args, strict=True))
        subject = _subject(
            shape, [self.say(value) for slot, value, _ in slots if slot in shape.key and value is not None]
        )
        if status == "holds":
            if name in self._sentences:
                return self._spoken(goal)
            told = [
                f"{slot} {self.say(value)}"
                for slot, value, tree in slots
                if slot not in shape.key and tree.value != "_"
            ]
            return f"{subject}: {', '.join(told)}" if told else f"{subject} is known"
        if near is None:
            return f"no {subject} is known"
        other = [
            f"{slot} is {self.say(found)}, not {self.say(value)}"
            for (slot, value, _), found in zip(slots, _args(near), strict=True)
            if value is not None and value != found
        ]
        return f"{subject}: {', '.join(other)}"

    def _structure(
        self, kind: str, number: int, holds: bool, below: list[Json], children: tuple[ProofNode, ...]
    ) -> ProofNode:
        asked, source = self._asked[number], self._asked_source[number]
        status: Status = "holds" if holds else "fails"
        if kind == "not" and asked.goals == 1 and len(children) == 1:
            (inner,) = children
            # The clauses that failed stand right below the negation that holds because of them.
            several = below[0][0] == "own" and len(below[0]) > len(("kind", "number", "status", "goal", "one clause"))
            under = inner.children if holds and several else children
            return ProofNode(f"\\+ {inner.goal}", inner.sentence, source, status, under)
        goal = asked.file.written(asked.tree)
        whole = goal.removeprefix("\\+").strip() if kind == "not" else goal
        way = "no way" if holds == (kind == "not") else "a way"
        return ProofNode(goal, f"there is {way} to satisfy `{whole}`", source, status, children)


def show(value: Json) -> str:  # noqa: PLR0911  one line for each kind of value
    """A value in Prolog's syntax."""
    if value is None:
        return "_"
    if isinstance(value, str):
        return _atom(value)
    if isinstance(value, int):
        return str(value)
    tag, *rest = value
    if tag == "r":
        return f"{rest[0]}r{rest[1]}"
    if tag == "s":
        return '"' + str(rest[0]).replace("\\", "\\\\").replace('"', '\\"') + '"'
    if tag == "l":
        return f"[{', '.join([show(one) for one in rest])}]"
    if len(rest) == len(("operator", "left", "right")) and rest[0] in _INFIX:
        return f"{show(rest[1])} {rest[0]} {show(rest[2])}"
    return f"{_atom(rest[0])}({', '.join([show(one) for one in rest[1:]])})"


@lru_cache(4096)
def _atom(word: str) -> str:
    return word if _PLAIN.match(word) else "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"


_INFIX = {name for name in _SAYS if name != "member"}


def _test(goal: Json, asked: Asked, holds: bool) -> str:
    name = _name(goal)[0]
    if name not in _SAYS:
        return "always"
    left, right = (_operand(value, tree, name) for value, tree in zip(_args(goal), asked.tree.args, strict=True))
    return f"{left} {_SAYS[name][0 if holds else 1]} {right}"


def _operand(value: Json, tree: Tree, name: str) -> str:
    said = _plain(value)
    if tree.kind == "variable":
        words = _words(tree.value)
        if not words:
            return said
        return f"{said} {words}" if name in ORDER or name == "is" else f"{words} {said}"
    arithmetic = tree.kind == "compound" and name in ORDER | {"is"}
    return f"{said} ({_expression(tree)})" if arithmetic else said


def _expression(tree: Tree) -> str:
    if tree.kind == "variable":
        return _words(tree.value)
    if not tree.args:
        return tree.value
    if len(tree.args) == 2 and not tree.value.isalpha():
        return f"{_expression(tree.args[0])} {tree.value} {_expression(tree.args[1])}"
    return f"{tree.value}({', '.join(map(_expression, tree.args))})"


def _plain(value: Json) -> str:
    if isinstance(value, list) and value[0] == "r":
        return _digits(*value[1:])
    if isinstance(value, list) and value[0] == "l":
        return ", ".join(map(_plain, value[1:]))
    return value.replace("_", " ") if isinstance(value, str) else show(value)


def _digits(above: int, below: int) -> str:
    """A rational as decimal digits where it has them."""
    rest = below
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return text(Decimal(above) / Decimal(below)) if rest == 1 and below < 10**15 else text(Fraction(above, below))


def _subject(shape: Template, key: list[str]) -> str:
    return f"{shape.name} of {' '.join(key)}" if key else shape.name


def _words(name: str) -> str:
    return _HUMP.sub(" ", name).strip().lower()


def _name(goal: Json) -> Name:
    return (goal, 0) if isinstance(goal, str) else (goal[1], len(goal) - 2)


def _args(goal: Json) -> list[Json]:
    return [] if isinstance(goal, str) else goal[2:]
