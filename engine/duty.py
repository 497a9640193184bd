"""What limits in breach oblige to, as a record says it. `engine.obligations` finds it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from knowledge.values import Json, text

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that the positions break as they stand: what it comes to, and what its exits will make of it."""

    measure: str
    limit: str
    value: Fraction
    bound: Fraction
    after: Fraction
    why: str
    """Why it stays beyond its bound, where it does."""

    def to_json(self) -> Json:
        """The canonical JSON value; of a convex limit the numbers are squares."""
        numbers = {name: text(getattr(self, name)) for name in ("value", "bound", "after")}
        return {"measure": self.measure, "limit": self.limit, **numbers, "why": self.why or None}


@dataclass(frozen=True, slots=True)
class Duty:
    """What the limits oblige to in one cycle."""

    breaches: tuple[Breach, ...] = ()
    reduced: Fraction = ZERO
    """Exposure that the exits of the limits give up, at reference prices."""
    floor: Fraction = ZERO
    """What no reductions that mend it can give up less than, whether in lots or not."""
    error: Exception | None = None
    """What went wrong; the exits of the rules go out all the same, and no entry does."""

    def sound(self) -> None:
        """Raise what went wrong, if anything did."""
        if self.error is not None:
            raise self.error

    def to_json(self) -> Json:
        """The canonical JSON value."""
        breaches = [one.to_json() for one in self.breaches]
        return {"breaches": breaches, "reduced": text(self.reduced), "floor": text(self.floor)}
