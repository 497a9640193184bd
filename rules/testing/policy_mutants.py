"""The mistakes one makes in a policy.

- *comparison*: the bound is let in or left out, or the sign turned round; equal becomes unequal;
- *threshold*: a number moved by one, a date by a day;
- *dropped*: a clause, a goal of its body, an alternative;
- *negation*: `\\+` taken away;
- *symbol*: another word that a slot may hold, or a word that stands nowhere;
- *swapped*: two variables of a goal of the policies' own exchanged.

A variable that a dropped goal leaves alone gets the `_` that the checks ask for: the mistake is the goal, not the name.
Left out: the names of reasons, and sentences.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from knowledge.marked_yaml import is_day
from knowledge.prolog.text import Clause, PolicyText, Tree, read_policies
from knowledge.templates import vocabulary
from rules.testing.mutants import Edit, Mutant
from rules.texts import Source

COMPARISONS = {
    "<": ("=<", ">="), "=<": ("<", ">"), ">": (">=", "=<"), ">=": (">", "<"), "=:=": ("=\\=",), "=\\=": ("=:=",),
    "@<": ("@=<", "@>="), "@=<": ("@<", "@>"), "@>": ("@>=", "@=<"), "@>=": ("@>", "@<"),
    "==": ("\\==",), "\\==": ("==",), "=": ("\\=",), "\\=": ("=",),
}  # fmt: skip
"""What a comparison is mistaken for."""
_PLAIN = re.compile(r"[a-z][A-Za-z0-9_]*\Z")


def policy_mutants(sources: Sequence[Source]) -> list[Mutant]:
    """The mutants of policy files, with offsets in each. Raises `PrologFault` where they cannot be read."""
    text = read_policies(sources)
    return [one for clause in text.clauses for one in _Mutating(text, clause).mutants()]


class _Mutating:
    def __init__(self, text: PolicyText, clause: Clause) -> None:
        self.clause = clause
        self.file = clause.file
        self.defined = text.defined
        self.variables = Counter(one.value for one in clause.tree.walk() if one.kind == "variable")

    def mutants(self) -> Iterator[Mutant]:
        clause = self.clause
        end = re.compile(r"\s*\.").match(self.file.text, clause.tree.end)
        stop = end.end() if end else clause.tree.end
        yield self.made("dropped", clause.tree, (Edit(clause.tree.start, stop, ""),), "the clause `{}` was dropped")
        head = clause.head.args[:1] if clause.head.name == ("forbidden", 2) else clause.head.args
        for argument in head:
            yield from self.terms(argument)
        if clause.body is not None:
            yield from self.goals(clause.body)

    def goals(self, tree: Tree) -> Iterator[Mutant]:
        """The mutants of a body, or of a part of it."""
        if tree.name == (",", 2):
            for part in tree.args:
                yield from self.goals(part)
            return
        if tree.name == (";", 2):
            for part, other in (tree.args, tree.args[::-1]):
                edits = (Edit(tree.start, tree.end, self.file.text[other.start : other.end]),)
                yield self.made("dropped", part, (*edits, *self.lonely(part, tree)), "`{}` was dropped")
                yield from self.goals(part)
            return
        yield self.made("dropped", tree, (Edit(tree.start, tree.end, "true"), *self.lonely(tree)), "`{}` was dropped")
        if tree.name == ("\\+", 1):
            inner = tree.args[0]
            edit = Edit(tree.start, tree.end, f"({self.file.text[inner.start : inner.end]})")
            yield self.made("negation", inner, (edit,), "`\\+` was taken away from `{}`")
            yield from self.goals(inner)
            return
        yield from self.goal(tree)

    def goal(self, tree: Tree) -> Iterator[Mutant]:
        if len(tree.args) == 2 and tree.value in COMPARISONS:
            first, second = tree.args
            gap = self.file.text[first.end : second.start]
            at = first.end + gap.index(tree.value)
            for other in COMPARISONS[tree.value]:
                edit = Edit(at, at + len(tree.value), other)
                yield self.made("comparison", tree, (edit,), f"`{tree.value}` became `{other}` in `{{}}`")
        for argument in tree.args:
            yield from self.terms(argument)
        if tree.name in self.defined:
            yield from self.swapped(tree)

    def swapped(self, tree: Tree) -> Iterator[Mutant]:
        named = [one for one in tree.args if one.kind == "variable" and not one.value.startswith("_")]
        for first, second in pairwise(named):
            if first.value != second.value:
                edits = (Edit(first.start, first.end, second.value), Edit(second.start, second.end, first.value))
                words = f"`{first.value}` and `{second.value}` were swapped in `{{}}`"
                yield self.made("swapped", tree, edits, words)

    def terms(self, tree: Tree) -> Iterator[Mutant]:
        """Numbers, days and words inside of a goal or a head."""
        if tree.kind == "number" and "/" not in tree.value:
            others = [str(int(tree.value) + step) for step in (1, -1)]
        elif tree.kind == "atom" and is_day(tree.value):
            day = date.fromisoformat(tree.value)
            others = [f"'{day + timedelta(step)}'" for step in (1, -1)]
        elif tree.kind == "atom":
            others = [_other(tree.value)]
        else:
            others = []
        operator = "symbol" if tree.kind == "atom" and not is_day(tree.value) else "threshold"
        for other in others:
            yield self.made(operator, tree, (Edit(tree.start, tree.end, other),), f"`{{}}` became `{other}`")
        for argument in tree.args:
            yield from self.terms(argument)

    def lonely(self, dropped: Tree, whole: Tree | None = None) -> Iterator[Edit]:
        """Marks for the variables that stand alone once a goal is gone."""
        gone = Counter(one.value for one in dropped.walk() if one.kind == "variable")
        replaced = whole or dropped
        for one in self.clause.tree.walk():
            left = self.variables[one.value] - gone[one.value]
            outside = one.start < replaced.start or one.start >= replaced.end
            if one.kind == "variable" and left == 1 and gone[one.value] and outside and not one.value.startswith("_"):
                yield Edit(one.start, one.start, "_")

    def made(self, operator: str, tree: Tree, edits: tuple[Edit, ...], sentence: str) -> Mutant:
        line, column = self.file.place(tree.start)
        words = " ".join(self.file.written(tree).split())
        about = self.reason() or self.clause.head.value
        return Mutant("policy", about, operator, self.file.name, line, column, sentence.format(words), edits)

    def reason(self) -> str:
        """The reason that a clause of `forbidden` gives."""
        head = self.clause.head
        return head.args[1].value if head.name == ("forbidden", 2) and head.args[1].kind == "atom" else ""


def _other(word: str) -> str:
    """Another word that a slot may hold, else one that stands nowhere."""
    for template in vocabulary().templates.values():
        for slot in template.slots.values():
            if word in slot.allowed:
                return _quoted(slot.allowed[(slot.allowed.index(word) + 1) % len(slot.allowed)])
    return _quoted(f"other-{word}")


def _quoted(word: str) -> str:
    return word if _PLAIN.match(word) else f"'{word}'"
