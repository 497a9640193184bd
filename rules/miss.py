"""A near miss, as a value: what `rules.nearest` finds and the record keeps."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.values import Json


@dataclass(frozen=True, slots=True)
class Miss:
    """The rule that came closest to a conclusion, and why it did not conclude it.

    `held` of `conditions` held, in order; `failing` is the next one in words. `value`, `threshold` and `gap` are exact
    digits in `unit`, or None where the condition compares no numbers. `because` is the miss of the fact it needed.
    """

    rule: str
    owner: str
    source: str
    """`file:line` of the rule."""
    held: int
    conditions: int
    failing: str
    sentence: str
    value: str | None
    threshold: str | None
    gap: str | None
    unit: str
    because: Miss | None

    def to_json(self) -> Json:
        """The canonical JSON value."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"because": self.because.to_json() if self.because else None}

    @classmethod
    def from_json(cls, value: Json) -> Miss:
        """Read what `to_json` wrote. Raises `KeyError`, `TypeError`."""
        because = value["because"]
        return cls(**{**value, "because": cls.from_json(because) if because else None})
