"""What facts exercise of a rulebook: its rules, their conditions, both sides of every comparison; of its policies the
clauses and goals.

- a *rule* is exercised when it fires, and when it does not;
- a *condition* when it holds, and when it fails after all those before it held;
- a *side* of a comparison when it decides (`rules.testing.sides`), with the value that came closest to the number it is
  compared with;
- a *clause* of a policy when it holds and when it fails; a *goal* of one likewise, and where it compares numbers or
  days, by how close.

What is seen is counted by item, and adds up over cases, cycles and processes. Left out: conclusions and their sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Literal

from knowledge.clips import tree
from knowledge.prolog.session import PrologPolicies
from knowledge.prolog.text import Clause
from knowledge.values import Json, fraction, text
from rules.arithmetic import Bindings
from rules.conditions import Compiled, WorkingMemory, compiled
from rules.testing.bench import Bench, Outcome, seen_by_policies
from rules.testing.sides import MOST_MATCHES, Side, sides

Level = Literal["rule", "condition", "side", "clause", "goal"]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to exercise, both ways; a goal that compares nothing is told for what it is worth.

    `words` is its text, which stands at the offsets `[start, end)` of its file; `unit` is that of its number.
    """

    key: str
    level: Level
    about: str
    file: str
    line: int
    column: int
    start: int
    end: int
    words: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """The value that came closest, and how far away it was."""

    value: Fraction
    apart: Fraction


@dataclass(frozen=True, slots=True)
class Seen:
    """How often an item was true (fired, held) and false, and the closest value of each."""

    true: int = 0
    false: int = 0
    near_true: Near | None = None
    near_false: Near | None = None

    def __add__(self, other: Seen) -> Seen:
        near = (_closer(self.near_true, other.near_true), _closer(self.near_false, other.near_false))
        return Seen(self.true + other.true, self.false + other.false, *near)

    @property
    def both(self) -> bool:
        """Whether it was seen both ways."""
        return self.true > 0 and self.false > 0

    def to_json(self) -> Json:
        """The canonical JSON value."""
        near = [
            None if one is None else [text(one.value), text(one.apart)] for one in (self.near_true, self.near_false)
        ]
        return [self.true, self.false, *near]

    @classmethod
    def from_json(cls, value: Json) -> Seen:
        """Read what `to_json` wrote."""
        true, false, *near = value
        return cls(true, false, *(None if one is None else Near(*map(fraction, one)) for one in near))


TRUE, FALSE = Seen(1, 0), Seen(0, 1)
COMPARED = frozenset(("<", "=<", ">", ">=", "=:=", "=\\=", "@<", "@=<", "@>", "@>=", "==", "\\==", "=", "\\="))
"""The goals of policies that compare."""
Coverage = Mapping[str, Seen]
"""What was seen of each item, by its key."""


def added(some: Iterable[Coverage]) -> dict[str, Seen]:
    """What several together have seen."""
    total: dict[str, Seen] = {}
    for one in some:
        for key, seen in one.items():
            total[key] = total.get(key, Seen()) + seen
    return total


class Ruler:
    """Measures what facts exercise of the rulebook of a bench."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._rules = [_RuleItems(rule) for rule in bench.rulebook.program.rules]

    @cached_property
    def _policies(self) -> _PolicyItems:
        return _PolicyItems(self._bench.policies)

    def items(self) -> list[Item]:
        """Everything there is to exercise, in the order of the text."""
        return [item for rule in self._rules for item in rule.items()] + self._policies.items()

    def seen(self, outcome: Outcome, is_judged: bool) -> dict[str, Seen]:
        """What an outcome exercises. Raises `PrologFault`."""
        if outcome.inference.fault is not None:
            return {}
        memory = WorkingMemory(outcome.memory)
        parts = [rule.seen(outcome, memory) for rule in self._rules]
        if is_judged:
            told = seen_by_policies(outcome.given)
            candidates = [fact for fact in outcome.memory if fact.template == "candidate"]
            if candidates:
                parts.append(self._policies.seen(self._bench.policies.observe(told, candidates)))
        return added(parts)


class _RuleItems:
    """The items of one rule."""

    def __init__(self, rule: tree.Rule) -> None:
        self.rule = rule
        self.conditions: tuple[Compiled, ...] = compiled(rule)
        self.sides: list[Side] = sides(rule)
        self.needed = {one.template for one in rule.conditions if isinstance(one, tree.Pattern)}

    def items(self) -> Iterator[Item]:
        rule = self.rule
        yield self._item("rule", rule.name_at, rule.name)
        for condition in rule.conditions:
            yield self._item("condition", condition.at, " ".join(rule.words(condition).split()))
        for side in self.sides:
            yield self._item("side", side.call.at, side.words, side.unit)

    def _item(self, level: Level, at: tree.Place, words: str, unit: str = "") -> Item:
        file = self.rule.file
        key = _key(level, file, at)
        return Item(key, level, self.rule.name, file, at.line, at.column, at.start, at.end, words, unit)

    def seen(self, outcome: Outcome, memory: WorkingMemory) -> dict[str, Seen]:
        rule = self.rule
        found = {_key("rule", rule.file, rule.name_at): TRUE if outcome.fired(rule.name) else FALSE}
        for condition, seen in self._conditions(memory):
            found[_key("condition", rule.file, condition.at)] = seen
        # Without a fact of each template nothing can match, whatever a comparison says.
        for side in self.sides if all(memory.find(name, (), ()) for name in self.needed) else ():
            shown = [_shown(one.is_true, one.value, one.apart) for one in side.shown(memory)]
            found[_key("side", rule.file, side.call.at)] = sum(shown, Seen())
        return found

    def _conditions(self, memory: WorkingMemory) -> Iterator[tuple[tree.Condition, Seen]]:
        """How often each condition held and failed, over all ways to it."""
        ways: list[Bindings] = [{}]
        for condition, each in zip(self.rule.conditions, self.conditions, strict=True):
            further = [list(each.extend(memory, way)) for way in ways]
            held = sum(bool(some) for some in further)
            yield condition, Seen(held, len(further) - held)
            ways = [way for some in further for way in some][:MOST_MATCHES]


class _PolicyItems:
    """The items of the policies: their clauses, and the goals in them."""

    def __init__(self, policies: PrologPolicies) -> None:
        self.policies = policies
        self.owner = {}
        for number, literal in enumerate(policies.literals):
            self.owner[number] = next(
                clause
                for clause in policies.clauses
                if clause.file is literal.file and clause.tree.start <= literal.tree.start < clause.tree.end
            )

    def items(self) -> list[Item]:
        found = []
        for number, clause in enumerate(self.policies.clauses):
            place = clause.file.place(clause.tree.start)
            span = (clause.head.start, clause.head.end)
            words = clause.file.written(clause.head)
            if clause.body is not None:
                found.append(Item(f"clause {number}", "clause", _about(clause), clause.file.name, *place, *span, words))
        beneath = {id(one.tree.args[0]) for one in self.policies.literals if one.tree.name == ("\\+", 1)}
        for number, literal in enumerate(self.policies.literals):
            if id(literal.tree) in beneath:
                continue  # it holds where the negation fails, and fails where that holds
            about = _about(self.owner[number])
            level: Level = "side" if literal.tree.value in COMPARED and len(literal.tree.args) == 2 else "goal"
            place = literal.file.place(literal.tree.start)
            span = (literal.tree.start, literal.tree.end)
            words = literal.file.written(literal.tree)
            found.append(Item(f"goal {number}", level, about, literal.file.name, *place, *span, words))
        return sorted(found, key=lambda one: (self._order(one.file), one.start, one.level))

    def _order(self, file: str) -> int:
        return next(at for at, clause in enumerate(self.policies.clauses) if clause.file.name == file)

    def seen(self, answers: Iterable[Json]) -> dict[str, Seen]:
        found: dict[str, Seen] = {}
        for outcome, proofs in answers:
            for _, node in proofs if outcome != "undetermined" else ():
                kind, number, status, goal, *below = node
                if self.policies.clauses[number].head.name == ("permitted", 1):
                    # What is beneath it is what speaks for and against each reason, which comes by itself.
                    self._node([kind, number, status, goal, *(one[:4] for one in below)], found)
                else:
                    self._node(node, found)
        return found

    def _node(self, node: Json, found: dict[str, Seen], inside: int | None = None) -> None:
        """Count a node and all below it; `inside` is the clause it stands in."""
        kind, number, status, goal, *below = node
        seen = TRUE if status == "holds" else FALSE
        is_clause = kind == "clause" or (kind == "own" and status == "holds")
        if is_clause and status != "differs":
            _count(found, f"clause {number}", seen)
        literal = self._called(goal, inside) if is_clause else number
        if kind != "clause" and literal is not None and literal >= 0:
            near = _distance(goal) if kind == "test" else None
            _count(found, f"goal {literal}", seen if near is None else _shown(status == "holds", *near))
        for child in below:
            self._node(child, found, number if is_clause else inside)

    def _called(self, goal: Json, inside: int | None) -> int | None:
        """The goal of a clause that asked for one of the policies' own predicates: the proof names what answered."""
        if inside is None or inside < 0:
            return None
        name = (goal, 0) if isinstance(goal, str) else (goal[1], len(goal) - 2)
        clause = self.policies.clauses[inside]
        able = (
            at for at, one in enumerate(self.policies.literals) if one.tree.name == name and self.owner[at] is clause
        )
        return next(able, None)


def _count(found: dict[str, Seen], key: str, seen: Seen) -> None:
    found[key] = found.get(key, Seen()) + seen


def _about(clause: Clause) -> str:
    head = clause.head
    is_reason = head.name == ("forbidden", 2) and head.args[1].kind == "atom"
    return head.args[1].value if is_reason else head.value


def _key(level: Level, file: str, at: tree.Place) -> str:
    return f"{level} {file}:{at.start}-{at.end}"


def _shown(is_true: bool, value: Fraction | None, apart: Fraction | None) -> Seen:
    near = None if value is None or apart is None else Near(value, apart)
    return Seen(1, 0, near, None) if is_true else Seen(0, 1, None, near)


def _closer(one: Near | None, other: Near | None) -> Near | None:
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda near: (near.apart, near.value))


def _distance(goal: Json) -> tuple[Fraction, Fraction] | None:
    """The first of two numbers that a goal compares, and how far they are apart; of two days, in days."""
    if not isinstance(goal, list) or len(goal) != 4 or goal[0] != "c":
        return None
    values = [_number(one) for one in goal[2:]]
    if values[0] is None or values[1] is None:
        return None
    is_day = any(isinstance(one, str) for one in goal[2:])
    apart = abs(values[0] - values[1])
    return (apart if is_day else values[0]), apart


def _number(value: Json) -> Fraction | None:
    if isinstance(value, int):
        return Fraction(value)
    if isinstance(value, list) and value[0] == "r":
        return Fraction(value[1], value[2])
    if isinstance(value, str):
        try:
            return Fraction(date.fromisoformat(value).toordinal())
        except ValueError:
            return None
    return None
