"""How large an entry was to be, told: every factor in one line, and below it where each comes from.

Where a factor leaves nothing, the last line says which one. What the limits then let through is told beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from engine.limits.model import Limits
from engine.telling import tokens as say
from engine.telling.figures import amount
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Phrase
from knowledge.facts import Snapshot
from knowledge.values import Json

HALF = Fraction(1, 2)


def size_of(verdict: Json, snapshot: Snapshot, limits: Limits, regime: str, currency: str) -> list[Telling]:
    """The size of one entry; none where the candidate had no figures to be sized by."""
    size = verdict.get("size")
    if size is None:
        return []
    named = {"kelly": "Kelly ", "volatility": "volatility target ", "correlation": "correlation ", "regime": "regime "}
    factors = say.joined(((words, say.number(size[name])) for name, words in named.items()), " × ")
    loss = say.number(size["loss_per_share"], currency, amount(size["loss_per_share"], 2))
    stake = (say.money(size["stake"], currency), " at risk, ", loss, " a share at the stop")
    held: Phrase = (", ", say.number(size["held"]), " held already") if Fraction(size["held"]) else ""
    target = say.number(size["target"], "shares")
    lot = _lot(verdict["instrument"], snapshot)
    parts = (*_factors(size, verdict["instrument"], snapshot, limits, regime), *_rest(size, lot))
    return [tell("size: ", factors, " → ", stake, " → ", target, held, *parts).named("size")]


def _factors(size: Json, name: str, snapshot: Snapshot, limits: Limits, regime: str) -> Iterator[Telling]:
    """Where the factors come from; those that change nothing are left out."""
    parameters = limits.parameters
    yield tell("Kelly: ", say.number(parameters.kelly_fraction), f" of the whole stake; {size['detail']}")
    moves = snapshot.find("indicator", name, "volatility-20")
    if Fraction(size["volatility"]) != 1 and moves is not None:
        target, found = say.share(parameters.volatility_target), say.share(moves.number("value"))
        yield tell("volatility target: ", target, " a year, where it moves ", found)
    if (factor := Fraction(size["correlation"])) != 1:
        least = " or more" if factor == HALF else ""
        yield tell(
            "correlation: ", say.number((1 - factor) / 2), f"{least} with what is held, and twice that is taken off"
        )
    if Fraction(size["regime"]) != 1:
        yield tell(f"regime: {regime}, whose multiplier the limits say")


def _rest(size: Json, lot: int) -> Iterator[Telling]:
    """From money to shares: what is held, what lots leave, and why there is nothing where there is nothing."""
    stake, loss, held, target = (Fraction(size[name]) for name in ("stake", "loss_per_share", "held", "target"))
    if target == 0 and stake == 0:
        zero = [name for name in ("kelly", "volatility", "correlation", "regime") if not Fraction(size[name])]
        why = {"kelly": "there are no odds, or they leave no edge", "regime": "the regime's multiplier is 0"}
        words = " and ".join(why.get(name, f"{name} is 0") for name in zero)
        yield tell(f"nothing is staked: {words or 'there is no NAV above zero'}")
    elif loss <= 0:
        yield tell("no size: a share loses nothing between its limit price and its stop")
    elif target == 0 or held or lot > 1:
        wanted = stake / loss
        beyond = say.number(max(Fraction(0), wanted - held), places=2)
        yield tell(
            say.number(wanted, "shares", places=2),
            " are worth the stake",
            (", ", beyond, " beyond those held") if held else "",
            f", in lots of {lot}" if lot > 1 else "",
            "; less than a lot" if target == 0 else "",
        )


def _lot(name: str, snapshot: Snapshot) -> int:
    reference = snapshot.find("reference", name)
    return 1 if reference is None else int(reference.number("lot"))
