"""Limits in breach, told: what each comes to, what it may be, and what its exits make of it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from engine.limits.model import Limit
from engine.telling.figures import amount, percent, root
from engine.telling.narrative import Telling, tell
from knowledge.values import Json


def obliged(record: Mapping[str, Json], limits: Mapping[str, Limit], nav: Fraction, currency: str) -> list[Telling]:
    """The obligations of a cycle; none where no limit is in breach."""
    found = record.get("obligations")
    if not found:
        return []
    parts = [_breach(one, limits[one["limit"]], nav, currency) for one in found["breaches"]]
    if Fraction(found["reduced"]):
        words = f"the exits give up {_money(found['reduced'], currency)} of exposure; whatever mends it gives up"
        parts.append(tell(f"{words} {_money(found['floor'], currency)} or more"))
    count = len(found["breaches"])
    return [tell(f"obligations: {count} {'limit is' if count == 1 else 'limits are'} in breach", *parts)]


def _breach(one: Json, limit: Limit, nav: Fraction, currency: str) -> Telling:
    value, bound, after = (Fraction(one[name]) for name in ("value", "bound", "after"))
    if limit.spec.form == "convex":
        value, bound, after = root(value), root(bound), root(after)
    share = f"{percent(value / nav)} of NAV, " if nav > 0 else ""
    words = f"{share}{_money(value, currency)} where {_money(bound, currency)} may be"
    then = f"{_money(after, currency)} once the exits have filled" if after != value else "no exit changes that"
    why = f"; {one['why']}" if one["why"] else ""
    return tell(f"{one['measure']}: {limit.spec.meaning}: {words}; {then}{why} [layer {limit.layer}, {limit.owner}]")


def _money(value: str | Fraction, currency: str) -> str:
    return f"{amount(value, 2)} {currency}"
