"""The stresses of a decision in words: the worst scenario first."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from engine.telling.figures import amount, percent
from engine.telling.narrative import Telling, tell
from knowledge.values import Json

OF = {"held": "what is held", "granted": "what is held once all grants have filled"}


def stress(record: Mapping[str, Json], nav: Fraction, currency: str) -> list[Telling]:
    """What everything may lose under each scenario; nothing where nothing could be lost or the record has none."""
    told = record.get("stress") or {}
    losses = [one for one in told.get("losses", []) if Fraction(one["worst"]) > 0]
    losses.sort(key=lambda one: (-Fraction(one["worst"]), one["scenario"]))
    parts = [
        tell(f"{one['scenario']}: at worst {_of(one['worst'], nav, currency)}{_held(one['held'], nav)}")
        for one in losses
    ]
    parts += [_drawn(one, of) for one in told.get("paths", []) for of in one["results"]]
    if not parts:
        return []
    head = f"the worst stress is {losses[0]['scenario']}" if losses else "no stress would cost anything"
    left = told.get("unpriced", [])
    return [tell(head, *parts, *([tell(f"without {', '.join(left)}, whose figures are missing")] if left else []))]


def _drawn(one: Json, of: Json) -> Telling:
    tails = ", ".join(f"{percent(Fraction(loss))} at {name} %" for name, loss in of["quantiles"])
    return tell(
        f"{one['scenario']}: {amount(one['paths'])} paths from seed {one['seed']}, one day, {OF[of['portfolio']]}:"
        f" loses {tails} of NAV, at worst {percent(Fraction(of['worst']))}"
    )


def _of(value: str, nav: Fraction, currency: str) -> str:
    money = f"{amount(value, 0)} {currency}"
    return f"{percent(Fraction(value) / nav)} of NAV ({money})" if nav > 0 else money


def _held(value: str, nav: Fraction) -> str:
    held = Fraction(value)
    if not held:
        return ""
    told = percent(abs(held) / nav) if nav > 0 else amount(abs(held), 0)
    return f"; what is held {'gains' if held < 0 else 'loses'} {told}"
