"""One fact put in place of another: what it takes away or moves, how far, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from knowledge.door import Refused, admit
from knowledge.facts import Fact, value_text
from knowledge.templates import vocabulary


@dataclass(frozen=True, slots=True)
class Change:
    """One fact put in place of another. No `before`: it is added; no `after`: it is taken away."""

    before: Fact | None
    after: Fact | None

    @property
    def ref(self) -> str:
        """The name of the fact that changes."""
        fact = self.before or self.after
        assert fact is not None
        return fact.ref

    @property
    def words(self) -> str:
        """What to do, for a reader."""
        if self.before is None or self.after is None:
            fact = self.after or self.before
            assert fact is not None
            said = ", ".join(f"{name} {value_text(value)}" for name, value in fact.slots)
            return f"{'there is' if self.after else 'there is no'} {fact.template} ({said})"
        pairs = zip(self.before.slots, self.after.slots, strict=True)
        moved = [(name, old, new) for (name, old), (_, new) in pairs if old != new]
        return f"{self.ref}: " + ", ".join(
            f"{name} {value_text(new)} in place of {value_text(old)}" for name, old, new in moved
        )

    @property
    def distance(self) -> Fraction:
        """How far its numbers move, each relative to its size; another word counts 1, a fact more or less 2."""
        if self.before is None or self.after is None:
            return Fraction(2)
        total = Fraction(0)
        for (_, old), (_, new) in zip(self.before.slots, self.after.slots, strict=True):
            if isinstance(old, int | Decimal) and isinstance(new, int | Decimal):
                size = abs(Fraction(old)) + abs(Fraction(new))
                total += abs(Fraction(old) - Fraction(new)) / size if size else 0
            elif old != new:
                total += 1
        return total


Changes = tuple[Change, ...]


def with_value(fact: Fact, name: str, value: str) -> Fact | None:
    """The fact with another value in one slot; None where the door refuses it."""
    values = {
        one: list(map(value_text, held)) if isinstance(held, tuple) else value_text(held) for one, held in fact.slots
    }
    return admitted(fact.template, {**values, name: value})


def admitted(template: str, values: Mapping[str, object]) -> Fact | None:
    """The fact of these slots; None where the door refuses it."""
    try:
        return admit(template, values)
    except Refused:
        return None


def step_of(fact: Fact, name: str) -> Decimal:
    """The smallest step of a slot's numbers."""
    slot = vocabulary().templates[fact.template].slots[name]
    measure = vocabulary().measure(fact.template, fact.word(slot.by)) if slot.by else None
    return measure.quantum if measure else slot.quantum or Decimal(1)


def moved_numbers(change: Change) -> list[str]:
    """The slots of a change whose number moves."""
    if change.before is None or change.after is None:
        return []
    pairs = zip(change.before.slots, change.after.slots, strict=True)
    return [name for (name, old), (_, new) in pairs if old != new and isinstance(old, int | Decimal)]
