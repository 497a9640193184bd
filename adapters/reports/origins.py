"""Where an entry came from: the rule that proposed it, and the heads whose opinions stood behind that rule's side.

Read from the decision that warranted it. Heads share a result in proportion to what their opinions counted for
(`opinion`'s `share`); an entry behind which no head stood is the rules' alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from adapters.reports.attribution import Lot
from knowledge.values import Json, fraction

UNKNOWN = "not by a rule"
ALONE = "no head, the rules alone"


@dataclass(frozen=True, slots=True)
class Origin:
    """Of one entry order. `heads` are shares that sum to one."""

    rule: str
    heads: tuple[tuple[str, Fraction], ...]


@dataclass
class Origins:
    """Reads decisions as they come, and those of earlier days when asked; `record` reads one by its id."""

    record: Callable[[str], Json]
    known: dict[str, Origin] = field(default_factory=dict)

    def take(self, decision: Json) -> None:
        """Remember the entries of one decision."""
        for one in decision["warrants"]:
            if one["order"]["role"] == "entry":
                self.known[one["order"]["client_order_id"]] = _origin(decision, one["order"])

    def of(self, lot: Lot) -> Origin:
        """Where this lot's entry came from."""
        if lot.order_id not in self.known:
            try:
                decision = self.record(lot.decision_id)
            except KeyError:
                decision = {"warrants": []}
            self.take(decision)
        return self.known.setdefault(lot.order_id, Origin(UNKNOWN, ((ALONE, Fraction(1)),)))


def _origin(decision: Json, order: Json) -> Origin:
    name = order["instrument"]
    verdict: Json = next((one for one in decision["verdicts"] if one["instrument"] == name), {})
    side = "long" if order["side"] == "buy" else "short"
    opinions = [
        (slots["head"], fraction(slots["share"]))
        for template, slots in decision.get("derived", [])
        if template == "opinion" and slots["instrument"] == name and slots["direction"] == side
    ]
    return Origin(verdict.get("rule") or UNKNOWN, _shares(opinions))


def _shares(opinions: Sequence[tuple[str, Fraction]]) -> tuple[tuple[str, Fraction], ...]:
    whole = sum((share for _, share in opinions), Fraction(0))
    if whole <= 0:
        return ((ALONE, Fraction(1)),)
    return tuple((head, share / whole) for head, share in sorted(opinions))
