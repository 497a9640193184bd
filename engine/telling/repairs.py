"""What would flip a refusal, in words, by whose it is to do."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from engine.limits.model import Limit
from engine.telling.figures import amount, percent
from engine.telling.narrative import Telling, tell
from knowledge.values import Json


def repairs(verdict: Json, limits: Mapping[str, Limit]) -> list[Telling]:
    """The ways out of one refusal; each needs all that stands in it."""
    ways = [_way(way, verdict, limits) for way in verdict.get("repairs", [])]
    if not ways:
        return []
    head = "what would change it" if len(ways) == 1 else "what would change it, any one of these"
    return [tell(head, *map(tell, ways))]


def _way(way: Json, verdict: Json, limits: Mapping[str, Limit]) -> str:
    """All the changes of one way, those of one owner together."""
    owners = dict.fromkeys(one["owner"] for one in way)
    parts = [", ".join(_change(one, verdict, limits) for one in way if one["owner"] == owner) + f" ({owner})"
             for owner in owners]  # fmt: skip
    return " and ".join(parts)


def _change(one: Json, verdict: Json, limits: Mapping[str, Limit]) -> str:
    about, limit = one["about"], limits.get(one["about"])
    match one["change"]:
        case "fewer":
            if about == verdict["instrument"]:
                return f"{_shares(Fraction(one['from']) - Fraction(one['to']))} fewer"
            count = Fraction(one["to"])
            what = f"{amount(count)} units" if about.startswith("basket:") else _shares(count)
            return f"{what} fewer of {about}, granted before"
        case "raise" | "lower":
            return f"{about} {_bound(one['from'], limit)} → {_bound(one['to'], limit)}"
        case "condition":
            figures = f" ({one['from']}, where {one['to']} is asked)" if one.get("to") else ""
            return f"{about}: {one.get('words', '')}{figures}"
        case _:
            return f"{about}: {one.get('words', '')}"


def _shares(number: Fraction) -> str:
    return f"{amount(number)} share{'' if number == 1 else 's'}"


def _bound(value: str, limit: Limit | None) -> str:
    """As its owner writes it: shares of something as a percentage, shares and money as they are."""
    plain = limit is not None and limit.unit in ("shares", "account currency")
    return amount(value) if plain else percent(Fraction(value))
