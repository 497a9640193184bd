"""Exits and stops that move, told: why a position closes, and why its stop comes closer."""

from __future__ import annotations

from engine.reasons import BASKET, OBLIGATION, REVERSAL
from engine.telling import tokens as say
from engine.telling.baskets import leaving_with
from engine.telling.evidence import Evidence
from engine.telling.figures import amount
from engine.telling.narrative import Telling, tell
from engine.telling.proposal import concluded
from engine.telling.tokens import Phrase
from knowledge.values import Json


def exit_of(evidence: Evidence, one: Json) -> Telling:
    """One exit, with each of its reasons."""
    parts: list[Telling] = []
    name = one["instrument"]
    against = "long" if one["side"] == "buy" else "short"
    for reason in one["reasons"]:
        kind, _, rule = reason.partition(":")
        if kind == OBLIGATION and rule:
            parts.append(tell("`", say.limit(rule), "` asks for it: one lot less would leave it beyond its bound"))
        elif kind == REVERSAL and rule:
            proposed = concluded(evidence, f"candidate({name},{against})")
            turned = " proposes the other side, and a position closes before it turns"
            parts.append(tell("`", say.rule(rule), "`", turned, *proposed))
        elif kind == BASKET and rule:
            parts.append(leaving_with(evidence.record, evidence.portfolio, name))
        else:
            parts += concluded(evidence, f"exit({name},{reason})")
    if one["worsens"]:
        parts.append(tell("granted although it worsens ", say.joined(map(say.limit, one["worsens"]))))
    held: Phrase = f"; held back: {one['held_back']}" if one["held_back"] else ""
    verb = "sell" if one["side"] == "sell" else "buy back"
    quantity, asked = say.number(one["quantity"], "shares", amount(one["quantity"])), say.shares(one["asked"])
    return tell(say.instrument(name), f": exit, {verb} ", quantity, " of ", asked, held, *parts).named("exit")


def moved_stop(evidence: Evidence, order: Json) -> Telling:
    """A protective stop that a rule moves closer."""
    name = order["instrument"]
    asked = sorted(
        ref for ref, fact in evidence.facts.items() if fact.template == "trail" and fact["instrument"] == name
    )
    parts = [part for ref in asked for part in concluded(evidence, ref)]
    price = say.number(order["stop_price"], evidence.portfolio.currency, amount(order["stop_price"]))
    return tell(say.instrument(name), ": protective stop moved to ", price, *parts).named("stop")
