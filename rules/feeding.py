"""Who feeds whom: which templates each rule reads, whose absence it asks for, and what it concludes.

Templates and rules stand in columns, so that what feeds stands left of what it feeds: told templates in column 0, a
rule one right of all it reads, a concluded template one right of the rules that conclude it. Where rules feed each
other in a circle, the step that closes it is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from knowledge.clips.tree import Assert, Program, Rule
from rules.stages import patterns


@dataclass(frozen=True, slots=True)
class Fed:
    """One rule: templates it reads, whose absence it asks for, and it concludes; each once, in order."""

    rule: str
    reads: tuple[str, ...]
    lacks: tuple[str, ...]
    concludes: tuple[str, ...]

    @property
    def asks(self) -> tuple[str, ...]:
        """Every template that the rule asks about."""
        return self.reads + tuple(name for name in self.lacks if name not in self.reads)


@dataclass(frozen=True, slots=True)
class Feeding:
    """All rules of a program, and the column of each rule and template."""

    rules: tuple[Fed, ...]
    rule_columns: Mapping[str, int]
    template_columns: Mapping[str, int]

    def feeders(self, fed: Fed) -> tuple[str, ...]:
        """The rules that conclude what a rule asks about."""
        return tuple(one.rule for one in self.rules if set(one.concludes) & set(fed.asks))

    def fed_by(self, fed: Fed) -> tuple[str, ...]:
        """The rules that ask about what a rule concludes."""
        return tuple(one.rule for one in self.rules if set(one.asks) & set(fed.concludes))


def feeding_of(program: Program) -> Feeding:
    """Who feeds whom in a program."""
    rules = tuple(map(_fed, program.rules))
    columns = _Columns(rules)
    by_rule = {fed.rule: columns.of_rule(fed) for fed in rules}
    templates = dict.fromkeys(name for fed in rules for name in (*fed.asks, *fed.concludes))
    return Feeding(rules, by_rule, {name: columns.of_template(name) for name in templates})


def _fed(rule: Rule) -> Fed:
    asked = list(patterns(rule.conditions))
    return Fed(
        rule.name,
        _once(pattern.template for pattern, absent in asked if not absent),
        _once(pattern.template for pattern, absent in asked if absent),
        _once(one.template for action in rule.actions if isinstance(action, Assert) for one in action.assertions),
    )


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


class _Columns:
    """Longest ways from the told templates, each worked out once; `entered` breaks circles."""

    def __init__(self, rules: tuple[Fed, ...]) -> None:
        self.concluding: dict[str, list[Fed]] = {}
        for fed in rules:
            for name in fed.concludes:
                self.concluding.setdefault(name, []).append(fed)
        self.known: dict[str, int] = {}
        self.entered: set[str] = set()

    def of_rule(self, fed: Fed) -> int:
        return 1 + max((self.of_template(name) for name in fed.asks), default=0)

    def of_template(self, name: str) -> int:
        if name in self.known or name in self.entered:
            return self.known.get(name, 0)
        self.entered.add(name)
        column = max((1 + self.of_rule(fed) for fed in self.concluding.get(name, ())), default=0)
        self.entered.discard(name)
        self.known[name] = column
        return column
