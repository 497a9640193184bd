"""Firing: rules that could feed each other for ever, and saliences that change nothing.

Rules only assert, and a fact that is known already is no news; so firing ends unless a circle of rules computes new
values for ever. A circle is followed from conclusion to pattern wherever the symbols of the two agree. It counts as
bounded where some rule in it compares, in order, what it read from the circle: then values may run out.

A salience is needed only where an absence is asked for (`rules.stages`): in every other case the set of firings does
not depend on it. It is reported where it differs from that of every other rule, and taking it away would be sound.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from knowledge.clips.tree import (
    AnyOf,
    Assertion,
    Call,
    Expression,
    Literal,
    Pattern,
    Place,
    Program,
    Rule,
    Value,
    Variable,
)
from rules.findings import Edit, Finding, Fix
from rules.lints.catalogue import found, line_of
from rules.lints.parts import assertions, concluded, condition_parts, conjuncts, variables, walk
from rules.stages import absences, leading_to, patterns

_ORDER = {"<", "<=", ">", ">="}
MOST_NAMED = 4
"""Rules of a circle that a sentence names."""


def endless_findings(program: Program, texts: Mapping[str, str]) -> Iterator[Finding]:
    """A finding for each rule that computes a new value out of a circle that it is a part of."""
    circle_of = _circles(_feeds(program))
    bounded: dict[frozenset[str], bool] = {}
    for rule in program.rules:
        if not any(isinstance(slot.value, Call) for one in assertions(rule) for slot in one.slots):
            continue
        circle = circle_of[rule.name]
        if not circle or bounded.get(circle):
            continue
        members = [one for one in program.rules if one.name in circle]
        templates = frozenset(name for one in members for name in concluded(one))
        if circle not in bounded:
            bounded[circle] = any(_compares(one, templates) for one in members)
        if bounded[circle]:
            continue
        for assertion in assertions(rule):
            for slot in assertion.slots:
                if isinstance(slot.value, Call) and _reads(rule, slot.value, templates):
                    yield _endless(rule, texts[rule.file], slot.value, assertion, members)


def _endless(rule: Rule, source: str, value: Call, assertion: Assertion, members: list[Rule]) -> Finding:
    others = [f"`{one.name}`" for one in members if one is not rule]
    more = ["others"] if len(others) > MOST_NAMED else []
    way = f" by way of {', '.join(others[:MOST_NAMED] + more)}" if others else ""
    words = " ".join(rule.words(value).split())
    said = f"`{rule.name}` computes `{words}` from what its own `{assertion.template}` leads to{way}, without a bound"
    advice = "compare the value with a bound in a condition, or cut the circle"
    return found("R301", source, rule.file, value.at, said, advice, rule.name)


def _feeds(program: Program) -> dict[str, set[str]]:
    """For each rule the rules with a pattern that a conclusion of it may match."""
    readers: dict[str, list[tuple[str, Pattern]]] = {}
    for rule in program.rules:
        for pattern, absent in patterns(rule.conditions):
            if not absent:
                readers.setdefault(pattern.template, []).append((rule.name, pattern))
    return {
        rule.name: {
            name
            for one in assertions(rule)
            for name, pattern in readers.get(one.template, ())
            if _may_match(one, pattern)
        }
        for rule in program.rules
    }


def _patterns(rule: Rule) -> list[tuple[Pattern, bool]]:
    return list(patterns(rule.conditions))


def _may_match(assertion: Assertion, pattern: Pattern) -> bool:
    if assertion.template != pattern.template:
        return False
    said = {one.slot: one.value for one in assertion.slots}
    for test in pattern.slots:
        value = said.get(test.slot)
        if isinstance(value, Literal):
            for part in conjuncts(test.constraint):
                choice = part.parts if isinstance(part, AnyOf) else (part,)
                asked = [one.term for one in choice if isinstance(one, Value)]
                if len(asked) == len(choice) and all(isinstance(one, Literal) and one != value for one in asked):
                    return False
    return True


def _circles(feeds: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    """For each rule the rules on some way from it back to itself: its strongly connected component (Tarjan, 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: dict[str, frozenset[str]] = {}
    for start in feeds:
        walk_: list[tuple[str, Iterator[str]]] = []
        if start not in index:
            _enter(start, feeds, index, low, stack, walk_)
        while walk_:
            name, rest = walk_[-1]
            other = next(rest, None)
            if other is None:
                walk_.pop()
                if walk_:
                    low[walk_[-1][0]] = min(low[walk_[-1][0]], low[name])
                if low[name] == index[name]:
                    at = stack.index(name)
                    part = frozenset(stack[at:])
                    del stack[at:]
                    found |= dict.fromkeys(part, part if len(part) > 1 or name in feeds[name] else frozenset())
            elif other not in index:
                _enter(other, feeds, index, low, stack, walk_)
            elif other not in found:
                low[name] = min(low[name], index[other])
    return found


def _enter(
    name: str,
    feeds: Mapping[str, set[str]],
    index: dict[str, int],
    low: dict[str, int],
    stack: list[str],
    walk_: list[tuple[str, Iterator[str]]],
) -> None:
    index[name] = low[name] = len(index)
    stack.append(name)
    walk_.append((name, iter(sorted(feeds[name]))))


def _read(rule: Rule, templates: frozenset[str]) -> set[str]:
    """The variables of a rule that patterns of these templates bind."""
    return {one.name for pattern, _ in _patterns(rule) if pattern.template in templates for one in variables(pattern)}


def _reads(rule: Rule, value: Expression, templates: frozenset[str]) -> bool:
    return bool({one.name for one in walk(value) if isinstance(one, Variable)} & _read(rule, templates))


def _compares(rule: Rule, templates: frozenset[str]) -> bool:
    read = _read(rule, templates)
    return any(
        isinstance(part, Call) and part.function in _ORDER and any(one.name in read for one in variables(part))
        for part in condition_parts(rule)
    )


def salience_findings(program: Program, texts: Mapping[str, str]) -> Iterator[Finding]:
    """A finding for each salience that stands alone and could go."""
    count = Counter(rule.salience for rule in program.rules)
    by_conclusion: dict[str, Counter[int]] = {}
    for rule in program.rules:
        for name in concluded(rule):
            by_conclusion.setdefault(name, Counter())[rule.salience] += 1
    highest = {name: sorted(saliences, reverse=True)[:2] for name, saliences in by_conclusion.items()}
    order = _Order(program)
    for rule in program.rules:
        if not rule.salience or any(by_conclusion[name][rule.salience] > 1 for name in concluded(rule)):
            continue
        alike = [one for name in concluded(rule) for one in highest[name] if one != rule.salience]
        if not alike and count[rule.salience] > 1:
            continue
        instead = max(alike, default=0)
        if order.allows(rule, instead):
            yield _needless(rule, instead, texts[rule.file])


class _Order:
    """What the saliences of a program must keep to: whoever asks for an absence comes after all that lead to it."""

    def __init__(self, program: Program) -> None:
        self.leading = leading_to(program)
        self.names = {template: {one.name for one in rules} for template, rules in self.leading.items()}
        self.askers: dict[str, list[tuple[int, str]]] = {}
        for rule in program.rules:
            for template in {pattern.template for pattern in absences(rule)}:
                self.askers.setdefault(template, []).append((rule.salience, rule.name))
        for askers in self.askers.values():
            askers.sort(reverse=True)

    def allows(self, rule: Rule, salience: int) -> bool:
        """Whether a rule may have this salience, everything else staying as it is."""
        for pattern in absences(rule):
            if any(one.salience <= salience for one in self.leading[pattern.template] if one is not rule):
                return False
        for template, names in self.names.items():
            others = (asker for asker in self.askers[template] if asker[1] != rule.name)
            if rule.name in names and next(others, (salience - 1, ""))[0] >= salience:
                return False
        return True


def _needless(rule: Rule, instead: int, source: str) -> Finding:
    declared = _DECLARED.search(source, rule.name_at.end, rule.at.end)
    start, end = declared.span() if declared else (rule.name_at.start, rule.name_at.end)
    at = Place(line_of(source, start), start - source.rfind("\n", 0, start), start, end)
    words = f"(declare (salience {instead}))" if instead else ""
    cut = start if instead else len(source[:start].rstrip())
    fix = None
    if declared:
        fix = Fix(f"write `{words}`" if words else "leave the declaration out", (Edit(rule.file, cut, end, words),))
    said = f"the salience {rule.salience} of `{rule.name}` changes nothing: no absence is asked for that hangs on it"
    advice = f"use {instead}, as the rules with the same conclusion do" if instead else "leave it out"
    return found("R304", source, rule.file, at, said, advice, rule.name, fix)


_DECLARED = re.compile(r"\(\s*declare\s*\(\s*salience\s+[+-]?[0-9]+\s*\)\s*\)")
