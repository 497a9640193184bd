"""What an explanation may look at: a decision record and the values it names by digest, with what is found in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from engine.gate.market import Market, read_market
from engine.limits.model import Limit, Limits
from engine.orders.portfolio import Portfolio
from engine.standing import portfolio_facts
from engine.telling.narrative import Telling
from knowledge.clips.tree import Rule
from knowledge.door import admit
from knowledge.facts import Fact, Snapshot
from knowledge.templates import Slot
from knowledge.values import Json
from rules.matching import slots_of
from rules.rulebook import Rulebook

_ROW = re.compile(r"\bid:\s*[\"']?([^\s,}\"']+)")


@dataclass(frozen=True)
class Evidence:
    """A decision record and the values it names by digest."""

    record: Mapping[str, Json]
    snapshot: Snapshot
    portfolio: Portfolio
    rulebook: Rulebook
    limits: Limits

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """Every fact of the cycle by its ref."""
        derived = (admit(template, slots) for template, slots in self.record["derived"])
        known = (*self.snapshot.facts, *portfolio_facts(self.snapshot, self.portfolio), *derived)
        return {fact.ref: fact for fact in known}

    @cached_property
    def market(self) -> Market:
        """The terms of all instruments."""
        return read_market(self.snapshot, self.portfolio, self.limits.parameters.cluster_threshold)

    @cached_property
    def supports(self) -> dict[str, list[Json]]:
        """The firings that concluded each fact, by ref."""
        found: dict[str, list[Json]] = {}
        for firing in self.record["firings"]:
            for ref in dict.fromkeys(firing["concluded"]):
                found.setdefault(ref, []).append(firing)
        return found

    @cached_property
    def limit(self) -> dict[str, Limit]:
        """Limits by id, each as it was on the day."""
        return self.limits.rows(self.record["as_of"][:10])

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Rules by name."""
        return {rule.name: rule for rule in self.rulebook.program.rules}

    @cached_property
    def spoken(self) -> _Spoken:
        """For each rule by name the slots that bind its variables."""
        return _Spoken(self.rules)

    @cached_property
    def told(self) -> dict[str, tuple[Telling, ...]]:
        """What was told of a fact already, by its ref: two verdicts that rest on one fact say the same of it."""
        return {}

    @cached_property
    def _rows(self) -> dict[str, int]:
        """The line of each limit in its file, the first where several windows have one id."""
        found: dict[str, int] = {}
        for at, line in enumerate(self.limits.source.splitlines(), 1):
            for name in _ROW.findall(line):
                found.setdefault(name, at)
        return found

    def place(self, limit: str) -> str:
        """Where a limit is written and whose it is: `limits.yaml:35, risk`; empty for what is no limit."""
        row = self.limit.get(limit)
        line = f"limits.yaml:{self._rows[limit]}" if limit in self._rows else ""
        return ", ".join(one for one in (line, row.owner if row is not None else "") if one)


class _Spoken(dict[str, Mapping[str, Slot]]):
    def __init__(self, rules: Mapping[str, Rule]) -> None:
        super().__init__()
        self._rules = rules

    def __missing__(self, name: str) -> Mapping[str, Slot]:
        return self.setdefault(name, slots_of(self._rules[name]))
