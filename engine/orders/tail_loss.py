"""What the positions would have lost on the sessions of the last year: figures beside the convex limits.

They are an input like the portfolio they belong to: computed where the returns are, recorded with it, told. Nothing
decides by them, and neither rules nor policies can read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from knowledge.values import Json, text

QUANTUM = Decimal("0.000001")
"""Of all figures."""
SHARES = ("one_day_95", "one_day_99", "shortfall_95")


@dataclass(frozen=True, slots=True)
class TailLoss:
    """Losses in shares of NAV, gains below zero: at 95 and 99 % of one day, mean beyond 95 %, at 95 % of five days.

    How each is defined is in docs/limits.md. `five_day_95` is None where too few observations were known.
    """

    observations: int
    one_day_95: Decimal
    one_day_99: Decimal
    shortfall_95: Decimal
    five_day_observations: int
    five_day_95: Decimal | None

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "observations": self.observations,
            **{name: text(getattr(self, name)) for name in SHARES},
            "five_day_observations": self.five_day_observations,
            **({} if self.five_day_95 is None else {"five_day_95": text(self.five_day_95)}),
        }


@dataclass(frozen=True, slots=True)
class NoTailLoss:
    """There are no figures, and a sentence says why."""

    why: str

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {"why": self.why}


def tail_loss_from_json(value: Json) -> TailLoss | NoTailLoss:
    """Read what `to_json` wrote. Raises `KeyError`, `ValueError`."""
    if "why" in value:
        return NoTailLoss(value["why"])
    return TailLoss(
        observations=value["observations"],
        **{name: Decimal(value[name]) for name in SHARES},
        five_day_observations=value["five_day_observations"],
        five_day_95=Decimal(value["five_day_95"]) if "five_day_95" in value else None,
    )
