"""Limits in breach, told: what each comes to, what it may be, and what its exits make of it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from engine.limits.model import Limit
from engine.telling import tokens as say
from engine.telling.figures import root
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Phrase
from knowledge.values import Json


def obliged(record: Mapping[str, Json], limits: Mapping[str, Limit], nav: Fraction, currency: str) -> list[Telling]:
    """The obligations of a cycle; none where no limit is in breach."""
    found = record.get("obligations")
    if not found:
        return []
    parts = [_breach(one, limits[one["limit"]], nav, currency) for one in found["breaches"]]
    if Fraction(found["reduced"]):
        given, least = (say.money(found[name], currency) for name in ("reduced", "floor"))
        parts.append(tell("the exits give up ", given, " of exposure; whatever mends it gives up ", least, " or more"))
    count = len(found["breaches"])
    head = tell(f"obligations: {count} {'limit is' if count == 1 else 'limits are'} in breach", *parts)
    return [head.named("obligations")]


def _breach(one: Json, limit: Limit, nav: Fraction, currency: str) -> Telling:
    value, bound, after = (Fraction(one[name]) for name in ("value", "bound", "after"))
    if limit.spec.form == "convex":
        value, bound, after = root(value), root(bound), root(after)
    share: Phrase = (say.share(value / nav), " of NAV, ") if nav > 0 else ""
    words = (share, say.money(value, currency), " where ", say.money(bound, currency), " may be")
    then: Phrase = "no exit changes that"
    if after != value:
        then = (say.money(after, currency), " once the exits have filled")
    why = f"; {one['why']}" if one["why"] else ""
    named = say.limit(limit.id, one["measure"], limit.owner)
    where = f" [layer {limit.layer}, {limit.owner}]"
    return tell(named, f": {limit.spec.meaning}: ", words, "; ", then, why, where)
