"""Checked policy text as the clauses that the judge proves from.

Each goal of a body becomes a literal with a number, so that a proof node finds its way back to the text: place,
names of the variables, the way an expression was written. See `prolog/judging.pl` for the forms.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from knowledge.prolog.engine import quoted, term
from knowledge.prolog.lint import Name, predicate
from knowledge.prolog.text import Clause, File, PolicyText, Tree
from knowledge.templates import Template, Vocabulary


@dataclass(frozen=True, slots=True)
class Asked:
    """One literal: where it stands, and how many goals a negation holds (1 for anything else)."""

    file: File
    tree: Tree
    goals: int = 1


@dataclass
class Compiled:
    """Rules as the text of Prolog terms, the literals by number, and the templates that are asked for."""

    rules: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    templates: dict[str, Template] = field(default_factory=dict)


def compile_policies(text: PolicyText, words: Vocabulary) -> Compiled:
    """Turn text without faults into rules."""
    result = Compiled()
    by_predicate = {predicate(name): shape for name, shape in words.templates.items()}
    defined = text.defined
    for number, clause in enumerate(text.clauses):
        body = _Body(result, clause, defined, by_predicate)
        literals = [] if clause.body is None else body.literals(clause.body)
        result.rules.append(f"rule({written(clause.head)},[{','.join(literals)}],{number})")
    return result


def written(tree: Tree) -> str:
    """A term in Prolog's syntax, with every atom quoted and every variable out of the way of others."""
    if tree.kind == "variable":
        return "_" if tree.value == "_" else "V" + re.sub(r"[^A-Za-z0-9]", lambda odd: f"_{ord(odd[0])}_", tree.value)
    if tree.kind == "number":
        return f"({term(Fraction(tree.value))})"
    if tree.kind == "string":
        return quoted(tree.value, '"')
    args = ",".join(written(arg) for arg in tree.args)
    if tree.kind == "list":
        return f"[{args}]"
    name = "[]" if tree.value == "[]" else quoted(tree.value)
    return f"{name}({args})" if tree.args else name


class _Body:
    """One clause on its way to literals; keeps count of the variables, which a negation may share with the rest."""

    def __init__(self, into: Compiled, clause: Clause, defined: set[Name], templates: Mapping[str, Template]) -> None:
        self.into, self.clause, self.defined, self.templates = into, clause, defined, templates
        self.counts = _variables(clause.tree)

    def literals(self, tree: Tree) -> list[str]:
        if tree.name == (",", 2):
            return self.literals(tree.args[0]) + self.literals(tree.args[1])
        number = len(self.into.asked)
        self.into.asked.append(Asked(self.clause.file, tree))
        if tree.name == (";", 2):
            left, right = (",".join(self.literals(arg)) for arg in tree.args)
            return [f"either({number},[{left}],[{right}])"]
        if tree.name == ("\\+", 1):
            inner = self.literals(tree.args[0])
            self.into.asked[number] = Asked(self.clause.file, tree, len(inner))
            return [f"not({number},shared({self._shared(tree)}),[{','.join(inner)}])"]
        if tree.name in self.defined:
            return [f"own({number},{written(tree)})"]
        if tree.value in self.templates:
            shape = self.templates[tree.value]
            self.into.templates[shape.name] = shape
            key = ",".join(str(place) for place, slot in enumerate(shape.slots, 1) if slot in shape.key)
            return [f"fact({number},{written(tree)},[{key}])"]
        return [f"test({number},{written(tree)})"]

    def _shared(self, tree: Tree) -> str:
        inside = _variables(tree)
        shared = [name for name in inside if name != "_" and inside[name] < self.counts[name]]
        return ",".join(["0", *(written(Tree("variable", name, (), 0, 0)) for name in shared)])


def _variables(tree: Tree) -> Counter[str]:
    return Counter(part.value for part in tree.walk() if part.kind == "variable")
