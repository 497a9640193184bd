"""What the rules did, as they report it: each firing writes one line on a stream that is kept in memory.

The line is made in the engine (`knowledge.clips.build`): the name of the rule, the indices of the facts that its
patterns matched, in order, and those of what it concluded, also where the fact was known already. A further assertion
of the same firing follows in a line of its own that begins with 0. Whatever else is written makes the cycle
undetermined.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import clips

from knowledge.clips.build import CONCLUSIONS
from knowledge.clips.tree import Pattern, Program, Rule


@dataclass(frozen=True, slots=True)
class Firing:
    """One execution of a rule.

    `matched` has one entry per condition of the rule: the ref of the fact a pattern matched, None for `not`, `exists`,
    `forall` and `test`. `concluded` has the ref of each assertion, in order, also where the fact was known already.
    """

    rule: str
    matched: tuple[str | None, ...]
    concluded: tuple[str, ...]


class Undetermined(Exception):
    """A surprise in a cycle; the message is a sentence."""


class Trace(clips.Router):  # type: ignore[misc]
    """Collects everything the engine writes: the reports in `lines`, errors and warnings in `complaints`."""

    __slots__ = ("complaints", "lines")

    def __init__(self) -> None:
        # Before clipspy's own error router (40), which would pass the words on to the terminal.
        super().__init__("warrant-trace", 50)
        self.lines: list[str] = []
        self.complaints: list[str] = []

    def query(self, name: str) -> bool:
        """Every stream that a run can write to."""
        return name in _STREAMS

    def write(self, name: str, message: str) -> None:
        """Keep the words."""
        (self.complaints if name in ("stderr", "stdwrn") else self.lines).append(message)


_STREAMS = frozenset({"stdout", "stderr", "stdwrn", CONCLUSIONS})


class Reports:
    """Reads the lines of a program's rules."""

    def __init__(self, program: Program) -> None:
        self._rules: dict[str, tuple[int, Rule, tuple[bool, ...]]] = {
            rule.name: (place, rule, tuple(isinstance(one, Pattern) for one in rule.conditions))
            for place, rule in enumerate(program.rules)
        }

    def firings(self, text: str, refs: Mapping[int, str]) -> tuple[Firing, ...]:
        """The firings, by the order of the rules, then by what they matched. Raises `Undetermined`."""
        found: list[tuple[int, tuple[str | None, ...], str, list[str]]] = []
        for line in text.splitlines():
            name, *numbers = line.split(" ")
            try:
                said = [refs[int(one)] for one in numbers]
                if name == "0":
                    found[-1][3].extend(said)
                    continue
                place, _, patterns = self._rules[name]
            except (KeyError, ValueError, IndexError):
                raise Undetermined(f"the trace holds an unknown line `{line}`") from None
            count = sum(patterns)
            if len(said) < count:
                raise Undetermined(f"the trace of `{name}` shows fewer facts than it has patterns: `{line}`")
            facts = iter(said)
            found.append((place, tuple([next(facts) if one else None for one in patterns]), name, said[count:]))
        found.sort(key=lambda one: (one[0], [ref or "" for ref in one[1]]))
        return tuple([Firing(name, matched, tuple(concluded)) for _, matched, name, concluded in found])
