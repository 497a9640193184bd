"""The stresses of a decision in words: the worst scenario first."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from engine.telling import tokens as say
from engine.telling.figures import amount
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Phrase
from knowledge.values import Json

_WORST = 3
"""Scenarios that the short form tells, the worst first."""
OF = {"held": "what is held", "granted": "what is held once all grants have filled"}


def stress(record: Mapping[str, Json], nav: Fraction, currency: str) -> list[Telling]:
    """What everything may lose under each scenario; nothing where nothing could be lost or the record has none."""
    told = record.get("stress") or {}
    losses = [one for one in told.get("losses", []) if Fraction(one["worst"]) > 0]
    losses.sort(key=lambda one: (-Fraction(one["worst"]), one["scenario"]))
    parts = [
        tell(f"{one['scenario']}: at worst ", _of(one["worst"], nav, currency), _held(one["held"], nav, currency))
        for one in losses
    ]
    parts = [one if at < _WORST else one.as_detail() for at, one in enumerate(parts)]
    parts += [_drawn(one, of) for one in told.get("paths", []) for of in one["results"]]
    if not parts:
        return []
    head = f"the worst stress is {losses[0]['scenario']}" if losses else "no stress would cost anything"
    left = told.get("unpriced", [])
    if left:
        parts.append(tell("without ", say.joined(map(say.instrument, left)), ", whose figures are missing"))
    return [tell(head, *parts).named("stress")]


def _drawn(one: Json, of: Json) -> Telling:
    tails = say.joined((say.share(loss), f" at {name} %") for name, loss in of["quantiles"])
    paths = say.number(one["paths"], "paths")
    seed = f" from seed {one['seed']}, one day, {OF[of['portfolio']]}: loses "
    return tell(f"{one['scenario']}: ", paths, seed, tails, " of NAV, at worst ", say.share(of["worst"])).as_detail()


def _of(value: str, nav: Fraction, currency: str) -> Phrase:
    money = say.money(value, currency, 0)
    return (say.share(Fraction(value) / nav), " of NAV (", money, ")") if nav > 0 else money


def _held(value: str, nav: Fraction, currency: str) -> Phrase:
    held = Fraction(value)
    if not held:
        return ""
    told = say.share(abs(held) / nav) if nav > 0 else say.number(abs(held), currency, amount(abs(held), 0))
    return (f"; what is held {'gains' if held < 0 else 'loses'} ", told)
