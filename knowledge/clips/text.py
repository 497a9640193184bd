"""CLIPS files read as a syntax tree with places.

`parse` takes any text whatever and gives a `Program` or raises `Faulty` with every complaint found, each with
file:line:column. A rulebook holds `defrule`, `deftemplate` (read here, refused by `rules.rulebook`) and
`(load "file")`; in conditions patterns of templates with `?var`, `?`, `~`, `&`, `|`, `:(…)`, `=(…)`, and `not`,
`and`, `or`, `exists`, `forall`, `test`; in actions `assert` and calls. Left out on purpose, with a complaint where it
occurs: ordered facts, multifields (`$?x`), globals (`?*x*`), modules, objects, functions of one's own.

Meaning (templates, slots, types, variables) is checked elsewhere; this module knows only what the text looks like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Literal as OneOf
from typing import NoReturn

from lark import Token

from knowledge.clips.lists import MOST_FAULTS, Item, head, inside, is_token, nested, place
from knowledge.clips.tree import (
    VARIABLE,
    Action,
    AllOf,
    And,
    AnyOf,
    Assert,
    Assertion,
    Call,
    Condition,
    Constraint,
    Construct,
    Deftemplate,
    Exists,
    Expression,
    Forall,
    Literal,
    Load,
    Not,
    Or,
    Pattern,
    Place,
    Predicate,
    Program,
    Return,
    Rule,
    SlotDeclaration,
    SlotTest,
    SlotValue,
    Test,
    Unlike,
    Value,
    Variable,
    Wildcard,
)
from knowledge.faults import Fault, Faulty
from knowledge.values import MOST_DIGITS, plain


def parse(source: str, file: str) -> Program:
    """Read a CLIPS file. Raises `Faulty` with every complaint found; never anything else, whatever the text."""
    program, faults = read(source, file)
    if faults:
        raise Faulty(*faults)
    return program


def read(source: str, file: str) -> tuple[Program, list[Fault]]:
    """The constructs of a CLIPS file that can be read, and a fault for each that can not."""
    items, faults = nested(source, file)
    constructs: list[Construct] = []
    reader = _Reader(source, file)
    for item in items:
        try:
            constructs.append(reader.construct(item))
        except Faulty as error:
            faults.extend(error.faults)
            if len(faults) >= MOST_FAULTS:
                break
    return Program(file, tuple(constructs)), faults


MOST_PARTS = 200
"""Conditions of a rule, or parts of a constraint: what matches them is built for each of them."""
_NAME_OF_RULE = "the name of the rule"
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_SALIENCE = re.compile(r"[+-]?[0-9]{1,5}\Z")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?\Z")
_SYMBOL = re.compile(r"[A-Za-z0-9_.:+*/<>=!%^\-]+\Z")


class _Reader:
    """Reads the nested lists of one file as constructs. Every method raises `Faulty` and nothing else."""

    def __init__(self, source: str, file: str) -> None:
        self.source = source
        self.file = file

    def refuse(self, item: Item, message: str, code: str = "R002") -> NoReturn:
        at = place(item)
        raise Faulty(Fault(self.file, at.line, at.column, message, code, at.end - at.start))

    def quoted(self, item: Item) -> str:
        """The offending words, in backticks and no longer than a line."""
        at = place(item)
        words = " ".join(self.source[at.start : at.end].split())
        return f"`{words if len(words) <= 60 else words[:57] + '…'}`"

    # Constructs.

    def construct(self, item: Item) -> Construct:
        readers: dict[str, Callable[[Item], Construct]] = {
            "defrule": self.rule,
            "deftemplate": self.template,
            "load": self.load,
        }
        if isinstance(item, Token):
            self.refuse(
                item, f"{self.quoted(item)} stands outside of any construct; remove it, or put it in a `defrule`"
            )
        read = readers.get(head(item))
        if read is None:
            named = f"unknown construct `{head(item)}`" if head(item) else f"{self.quoted(item)} is no construct"
            self.refuse(item, f'{named}; a rulebook holds `(defrule …)` and `(load "file")`')
        return read(item)

    def load(self, item: Item) -> Load:
        _, *rest = inside(item)
        if len(rest) != 1 or not is_token(rest[0], "STRING"):
            self.refuse(item, f'{self.quoted(item)} needs one file name in quotes: `(load "rules/book/trend.clp")`')
        return Load(_unescaped(rest[0]), self.file, place(item))

    def template(self, item: Item) -> Deftemplate:
        _, *rest = inside(item)
        name = self.symbol(rest[0] if rest else item, "the name of the template")
        rest = rest[1:]
        if rest and is_token(rest[0], "STRING"):
            rest = rest[1:]
        return Deftemplate(name, tuple(map(self.declaration, rest)), self.file, self.text(item), place(item))

    def declaration(self, item: Item) -> SlotDeclaration:
        if head(item) not in ("slot", "field", "multislot", "multifield"):
            self.refuse(item, f"{self.quoted(item)} declares no slot; write `(slot name (type SYMBOL))`")
        parts = inside(item)
        name = self.symbol(parts[1] if len(parts) > 1 else item, "the name of the slot")
        return SlotDeclaration(name, head(item).startswith("multi"), place(item))

    def rule(self, item: Item) -> Rule:
        _, *rest = inside(item)
        name_item = rest[0] if rest else item
        name = self.symbol(name_item, _NAME_OF_RULE)
        rest = rest[1:]
        docstring = _unescaped(rest[0]) if rest and is_token(rest[0], "STRING") else None
        docstring_at = place(rest[0]) if docstring is not None else place(name_item)
        rest = rest if docstring is None else rest[1:]
        salience = 0
        if rest and head(rest[0]) == "declare":
            salience = self.salience(rest[0])
            rest = rest[1:]
        arrows = [place for place, part in enumerate(rest) if is_token(part, "WORD", "=>")]
        if len(arrows) != 1:
            problem = "has no `=>`; write it between" if not arrows else "has more than one `=>`; keep the one between"
            self.refuse(item, f"the rule `{name}` {problem} its conditions and its actions")
        before, after = rest[: arrows[0]], rest[arrows[0] + 1 :]
        if not before:
            self.refuse(item, f"the rule `{name}` has no condition; write what must be known before the `=>`")
        if not after:
            self.refuse(item, f"the rule `{name}` has no action; write `(assert …)` after the `=>`")
        conditions, actions = tuple(self.conditions(before)), tuple(map(self.action, after))
        return Rule(
            name,
            docstring,
            salience,
            conditions,
            actions,
            self.file,
            self.text(item),
            place(item),
            place(name_item),
            docstring_at,
        )

    def salience(self, item: Item) -> int:
        parts = inside(item)[1:]
        if len(parts) == 1 and head(parts[0]) == "salience" and len(inside(parts[0])) == 2:
            number = inside(parts[0])[1]
            # no more digits than the bound has: Python refuses to read thousands of them
            if is_token(number, "WORD") and _SALIENCE.match(str(number)) and abs(int(str(number))) <= 10_000:
                return int(str(number))
        self.refuse(item, f"{self.quoted(item)} is not `(declare (salience n))` with n from -10000 to 10000")

    def text(self, item: Item) -> str:
        at = place(item)
        return self.source[at.start : at.end]

    def symbol(self, item: Item, what: str) -> str:
        if not is_token(item, "WORD") or not _SYMBOL.match(str(item)) or _number(str(item)):
            code = "R205" if what == _NAME_OF_RULE else "R002"
            self.refuse(item, f"{self.quoted(item)} stands where {what} is expected; write a plain word", code)
        return str(item)

    # Conditions.

    def conditions(self, items: list[Item]) -> Iterator[Condition]:
        """Conditions in order; `?name <- (pattern)` takes three items."""
        rest = list(items)
        if len(rest) > MOST_PARTS:
            self.refuse(rest[MOST_PARTS], f"these are more than {MOST_PARTS} conditions; split the rule")
        while rest:
            item = rest.pop(0)
            if is_token(item, "WORD") and str(item).startswith("?") and rest and is_token(rest[0], "WORD", "<-"):
                name = self.variable(item)
                if len(rest) < 2 or isinstance(rest[1], Token) or head(rest[1]) in _CONDITIONS:
                    self.refuse(item, f"`?{name} <-` needs a pattern after it: `?{name} <- (template …)`")
                yield self.pattern(rest[1], name, item)
                rest = rest[2:]
            else:
                yield self.condition(item)

    def condition(self, item: Item) -> Condition:
        if isinstance(item, Token) or not head(item):
            self.refuse(item, f"{self.quoted(item)} is no condition; write `(template (slot value) …)`")
        kind = head(item)
        if kind in ("declare", "logical", "object"):
            where = "comes first in a rule, once" if kind == "declare" else "is not part of a rulebook; leave it out"
            self.refuse(item, f"`{kind}` {where}")
        if kind not in _CONDITIONS:
            return self.pattern(item, None, item)
        if kind == "test":
            parts = inside(item)
            if len(parts) != 2:
                self.refuse(item, f"{self.quoted(item)} needs one call: `(test (> ?x 1))`")
            return Test(self.call(parts[1]), place(item))
        return self.group(item, kind)

    def group(self, item: Item, kind: str) -> Condition:
        parts = tuple(self.conditions(inside(item)[1:]))
        least, most = _CONDITIONS[kind]
        if not least <= len(parts) <= most:
            needs = "exactly one condition" if most == 1 else f"at least {least} condition{'s' * (least > 1)}"
            self.refuse(item, f"{self.quoted(item)} needs {needs}")
        if kind == "not":
            return Not(parts[0], place(item))
        if kind == "forall":
            return Forall(parts[0], parts[1:], place(item))
        if kind == "exists":
            return Exists(parts, place(item))
        return And(parts, place(item)) if kind == "and" else Or(parts, place(item))

    def pattern(self, item: Item, address: str | None, first: Item) -> Pattern:
        parts = inside(item)
        template = self.symbol(parts[0] if parts else item, "the name of a template")
        slots = tuple(self.slot_test(part, template) for part in parts[1:])
        at, start = place(item), place(first)
        return Pattern(template, slots, address, Place(start.line, start.column, start.start, at.end))

    def slot_test(self, item: Item, template: str) -> SlotTest:
        name, values = self.slot(item, template)
        if len(values) > MOST_PARTS:
            self.refuse(item, f"the slot `{name}` asks for more than {MOST_PARTS} things at once; split the rule")
        rest = list(values)
        constraint = self.any_of(rest, item)
        if rest:
            self.refuse(rest[0], f"{self.quoted(rest[0])} is one value too many for the slot `{name}`; it takes one")
        return SlotTest(name, constraint, place(item))

    def slot(self, item: Item, template: str) -> tuple[str, list[Item]]:
        if isinstance(item, Token) or not inside(item):
            self.refuse(item, f"{self.quoted(item)} in `{template}` is no slot; write `(slot value)`")
        first, *rest = inside(item)
        name = self.symbol(first, f"the name of a slot of `{template}`")
        if not rest:
            self.refuse(item, f"the slot `{name}` has no value; write `({name} value)`")
        return name, rest

    # Constraints; each method takes its items off the front of `rest`. `~` binds closest, then `&`, then `|`, but
    # CLIPS reads `?x&a|b` as `?x&(a|b)`: a variable in front is a constraint of its own.

    def any_of(self, rest: list[Item], slot: Item) -> Constraint:
        start = place(rest[0])
        first = self.single(rest, slot)
        if isinstance(first, Value) and isinstance(first.term, Variable) and rest and is_token(rest[0], "MARK", "&"):
            del rest[0]
            other = self.alternatives(rest, slot)
            parts = other.parts if isinstance(other, AllOf) else (other,)
            return AllOf((first, *parts), _span(start, other.at))
        return self.alternatives(rest, slot, first)

    def alternatives(self, rest: list[Item], slot: Item, first: Constraint | None = None) -> Constraint:
        parts = [self.all_of(rest, slot, first)]
        while rest and is_token(rest[0], "MARK", "|"):
            del rest[0]
            parts.append(self.all_of(rest, slot, None))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts), _span(parts[0].at, parts[-1].at))

    def all_of(self, rest: list[Item], slot: Item, first: Constraint | None) -> Constraint:
        parts = [first or self.single(rest, slot)]
        while rest and is_token(rest[0], "MARK", "&"):
            del rest[0]
            parts.append(self.single(rest, slot))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts), _span(parts[0].at, parts[-1].at))

    def single(self, rest: list[Item], slot: Item) -> Constraint:
        if not rest:
            self.refuse(slot, f"{self.quoted(slot)} ends where a value is expected; write one after `&`, `|` or `~`")
        item = rest.pop(0)
        if is_token(item, "MARK", "~"):
            if rest and is_token(rest[0], "MARK", "~"):
                self.refuse(item, "`~~` says nothing twice; leave both out")
            part = self.single(rest, slot)
            if not isinstance(part, Value | Predicate | Return):
                self.refuse(item, "`~` needs a value, a variable or a call after it")
            return Unlike(part, _span(place(item), part.at))
        if is_token(item, "WORD", ":") or is_token(item, "WORD", "="):
            if not rest or isinstance(rest[0], Token):
                self.refuse(item, f"`{item}` needs a call right after it: `{item}(…)`")
            call = self.call(rest.pop(0))
            return (Predicate if str(item) == ":" else Return)(call, _span(place(item), call.at))
        if is_token(item, "WORD", "?"):
            return Wildcard(place(item))
        if not isinstance(item, Token) or item.type == "MARK":
            self.refuse(item, f"{self.quoted(item)} is no value; a call needs `:` (a test) or `=` (a value) before it")
        return Value(self.term(item), place(item))

    # Actions and expressions.

    def action(self, item: Item) -> Action:
        if head(item) != "assert":
            return self.call(item)
        facts = inside(item)[1:]
        if not facts:
            self.refuse(item, "`(assert)` needs a fact: `(assert (template (slot value) …))`")
        return Assert(tuple(map(self.assertion, facts)), place(item))

    def assertion(self, item: Item) -> Assertion:
        if isinstance(item, Token) or not head(item):
            self.refuse(item, f"{self.quoted(item)} is no fact; write `(template (slot value) …)`")
        name, *rest = inside(item)
        template = self.symbol(name, "the name of a template")
        return Assertion(template, tuple(self.slot_value(part, template) for part in rest), place(item))

    def slot_value(self, item: Item, template: str) -> SlotValue:
        name, values = self.slot(item, template)
        if len(values) != 1:
            self.refuse(
                values[1], f"{self.quoted(values[1])} is one value too many for the slot `{name}`; it takes one"
            )
        return SlotValue(name, self.expression(values[0]), place(item))

    def call(self, item: Item) -> Call:
        if isinstance(item, Token) or not head(item):
            self.refuse(item, f"{self.quoted(item)} is no call; write `(function argument …)`")
        name, *rest = inside(item)
        return Call(self.symbol(name, "the name of a function"), tuple(map(self.expression, rest)), place(item))

    def expression(self, item: Item) -> Expression:
        if not isinstance(item, Token):
            return self.call(item)
        if item.type == "MARK" or str(item) == "?":
            self.refuse(item, f"{self.quoted(item)} is no value; write a word, a number, a variable or a call")
        return self.term(item)

    def variable(self, item: Item) -> str:
        found = VARIABLE.fullmatch(str(item))
        if found is None:
            self.refuse(item, f"{self.quoted(item)} is no variable; write `?name` with letters, digits, `-` and `_`")
        return found[1]

    def term(self, item: Token) -> Literal | Variable:
        word, at = str(item), place(item)
        if item.type == "STRING":
            return Literal("string", _unescaped(item), at)
        if word.startswith("?"):
            return Variable(self.variable(item), at)
        if word.startswith("$?"):
            self.refuse(item, f"`{word}` would match several values, but a slot holds one; write `?{word[2:]}`")
        kind = _number(word)
        if kind == "integer":
            if len(word.lstrip("+-")) > 17:
                self.refuse(item, f"`{word}` is too large; a whole number has at most 17 digits")
            return Literal("integer", int(word), at)
        if kind == "float":
            if not _representable(word):
                self.refuse(item, f"`{word}` does not survive as a binary number; write at most 15 significant digits")
            return Literal("float", plain(Decimal(word)), at)
        return Literal("symbol", self.symbol(item, "a value"), at)


_CONDITIONS = {"not": (1, 1), "and": (1, 99), "or": (1, 99), "exists": (1, 99), "forall": (2, 99), "test": (1, 1)}
"""The condition elements that are no patterns, and how many conditions each takes."""


def _number(word: str) -> OneOf["integer", "float", ""]:
    if _INTEGER.match(word):
        return "integer"
    return "float" if _FLOAT.match(word) else ""


def _representable(word: str) -> bool:
    """Whether binary64 keeps the digits: up to 15 of them and no extreme exponent (guarantees.md, numbers)."""
    if len(word) > 40:
        return False
    try:
        number = plain(Decimal(word))
    except ArithmeticError:
        return False
    return len(number.as_tuple().digits) <= MOST_DIGITS and abs(number.adjusted()) < 60


def _unescaped(item: Item) -> str:
    return re.sub(r"\\(.)", r"\1", str(item)[1:-1], flags=re.DOTALL)


def _span(first: Place, last: Place) -> Place:
    return Place(first.line, first.column, first.start, last.end)
