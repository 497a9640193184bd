"""A basket: orders in several instruments that are entered together in a fixed ratio, all or none.

The ratio is that of one unit: whole lots of each leg, signed (a leg that is bought is positive). Everything granted to
a basket is a whole number of units. A split multiplies the leg of its instrument; nothing else changes the ratio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from knowledge.values import Json, fraction, text


@dataclass(frozen=True, slots=True)
class Basket:
    """A name and the signed shares of one unit, by instrument in canonical order."""

    name: str
    legs: tuple[tuple[str, Fraction], ...]

    def __post_init__(self) -> None:
        names = [instrument for instrument, _ in self.legs]
        if len(names) < 2 or names != sorted(set(names)) or any(shares == 0 for _, shares in self.legs):
            raise ValueError(
                f"the basket `{self.name}` needs two legs or more, each once, in order, and none of nothing"
            )

    @property
    def instruments(self) -> tuple[str, ...]:
        """Every leg's instrument."""
        return tuple(instrument for instrument, _ in self.legs)

    def shares(self, instrument: str) -> Fraction:
        """Signed shares of one leg in one unit. Raises `KeyError`."""
        return dict(self.legs)[instrument]

    def unit(self, instrument: str) -> Fraction:
        """Shares of one leg in one unit. Raises `KeyError`."""
        return abs(self.shares(instrument))

    def fellows(self, instrument: str) -> tuple[str, ...]:
        """The other legs' instruments."""
        return tuple(one for one in self.instruments if one != instrument)

    def after_split(self, instrument: str, ratio: Fraction) -> Basket:
        """The same basket in new shares of one instrument; itself where that is no leg."""
        legs = tuple((name, shares * ratio if name == instrument else shares) for name, shares in self.legs)
        return replace(self, legs=legs)

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {"name": self.name, "legs": {instrument: text(shares) for instrument, shares in self.legs}}

    @classmethod
    def from_json(cls, value: Json) -> Basket:
        """Read what `to_json` wrote. Raises `KeyError`, `ValueError`."""
        legs: Mapping[str, str] = value["legs"]
        return cls(value["name"], tuple((name, fraction(legs[name])) for name in sorted(legs)))
