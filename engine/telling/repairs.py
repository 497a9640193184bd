"""What would flip a refusal, in words, by whose it is to do."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from engine.limits.model import Limit
from engine.telling import tokens as say
from engine.telling.figures import amount
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Phrase, Token
from knowledge.values import Json

_BOUNDS = ("raise", "lower")
"""Changes of a bound: decided again, they would serve the earlier grants first."""


def repairs(verdict: Json, limits: Mapping[str, Limit]) -> list[Telling]:
    """The ways out of one refusal; each needs all that stands in it."""
    ways = [_way(way, verdict, limits) for way in verdict.get("repairs", [])]
    if not ways:
        return []
    head = "what would change it" if len(ways) == 1 else "what would change it, any one of these"
    return [tell(head, *map(tell, ways)).named("repairs")]


def _way(way: Json, verdict: Json, limits: Mapping[str, Limit]) -> Phrase:
    """All the changes of one way, those of one owner together."""
    owners = dict.fromkeys(one["owner"] for one in way)
    parts = [
        (say.joined(_change(one, verdict, limits) for one in way if one["owner"] == owner), f" ({owner})")
        for owner in owners
    ]
    if any(core["grants"] for core in verdict.get("cores", [])) and any(one["change"] in _BOUNDS for one in way):
        return (say.joined(parts, " and "), ", with the grants before it as they stand")
    return say.joined(parts, " and ")


def _change(one: Json, verdict: Json, limits: Mapping[str, Limit]) -> Phrase:
    about, limit = one["about"], limits.get(one["about"])
    match one["change"]:
        case "fewer":
            if about == verdict["instrument"]:
                return (say.shares(Fraction(one["from"]) - Fraction(one["to"])), " fewer")
            count = Fraction(one["to"])
            what = say.number(count, "units") if about.startswith("basket:") else say.shares(count)
            return (what, " fewer of ", say.instrument(about), ", granted before")
        case "raise" | "lower":
            return (say.limit(about), " ", _bound(one["from"], limit), " → ", _bound(one["to"], limit))
        case "condition":
            figures = f" ({one['from']}, where {one['to']} is asked)" if one.get("to") else ""
            return (say.limit(about), f": {one.get('words', '')}{figures}")
        case _:
            return (say.policy(about), f": {one.get('words', '')}")


def _bound(value: str, limit: Limit | None) -> Token:
    """As its owner writes it: shares of something as a percentage, shares and money as they are."""
    plain = limit is not None and limit.unit in ("shares", "account currency")
    if not plain or limit is None:
        return say.share(value)
    return say.number(value, limit.unit, amount(value))
