"""The four inputs of one cycle as a value, and the same with something changed.

Nothing here decides. A case is decided by the same `decide` as every cycle, in a process that can be ended
(`adapters.supposing`); what comes of it is hypothetical, is not recorded and warrants nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.limits.model import Limits
from engine.orders.portfolio import Portfolio
from knowledge.door import freeze
from knowledge.facts import Fact, Snapshot
from rules.rulebook import Rulebook


@dataclass(frozen=True)
class Case:
    """Everything a cycle is decided from."""

    snapshot: Snapshot
    portfolio: Portfolio
    rulebook: Rulebook
    limits: Limits

    @property
    def session(self) -> str:
        """The date it is decided as of (ISO)."""
        return self.snapshot.as_of[:10]

    def with_facts(self, put: Iterable[Fact] = (), drop: Iterable[str] = ()) -> Case:
        """The case with facts put in place of those of the same name, or beside all others, and without some."""
        return replace(self, snapshot=with_facts(self.snapshot, put, drop))


def with_facts(snapshot: Snapshot, put: Iterable[Fact] = (), drop: Iterable[str] = ()) -> Snapshot:
    """The same of a snapshot; `drop` names facts by their ref. Raises `Refused` as `freeze` does."""
    facts = {fact.ref: fact for fact in snapshot.facts}
    for ref in drop:
        facts.pop(ref, None)
    facts.update({fact.ref: fact for fact in put})
    return freeze(snapshot.as_of, snapshot.universe, facts.values())
