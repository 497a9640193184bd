"""How large an entry was to be, told: every factor in one line, and below it where each comes from.

Where a factor leaves nothing, the last line says which one. What the limits then let through is told beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from engine.limits.model import Limits
from engine.telling.figures import amount, percent
from engine.telling.narrative import Telling, tell
from knowledge.facts import Snapshot
from knowledge.values import Json

HALF = Fraction(1, 2)


def size_of(verdict: Json, snapshot: Snapshot, limits: Limits, regime: str, currency: str) -> list[Telling]:
    """The size of one entry; none where the candidate had no figures to be sized by."""
    size = verdict.get("size")
    if size is None:
        return []
    factors = (
        f"Kelly {amount(size['kelly'])} × volatility target {amount(size['volatility'])}"
        f" × correlation {amount(size['correlation'])} × regime {amount(size['regime'])}"
    )
    stake = f"{amount(size['stake'], 2)} {currency} at risk, {amount(size['loss_per_share'], 2)} a share at the stop"
    held = f", {amount(size['held'])} held already" if Fraction(size["held"]) else ""
    said = f"size: {factors} → {stake} → {amount(size['target'])} shares{held}"
    lot = _lot(verdict["instrument"], snapshot)
    return [tell(said, *_factors(size, verdict["instrument"], snapshot, limits, regime), *_rest(size, lot))]


def _factors(size: Json, name: str, snapshot: Snapshot, limits: Limits, regime: str) -> Iterator[Telling]:
    """Where the factors come from; those that change nothing are left out."""
    parameters = limits.parameters
    yield tell(f"Kelly: {amount(parameters.kelly_fraction)} of the whole stake; {size['detail']}")
    moves = snapshot.find("indicator", name, "volatility-20")
    if Fraction(size["volatility"]) != 1 and moves is not None:
        target = percent(parameters.volatility_target)
        yield tell(f"volatility target: {target} a year, where it moves {percent(Fraction(moves.number('value')))}")
    if (factor := Fraction(size["correlation"])) != 1:
        least = " or more" if factor == HALF else ""
        yield tell(f"correlation: {amount((1 - factor) / 2)}{least} with what is held, and twice that is taken off")
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
        words = f"{amount(wanted, 2)} shares are worth the stake"
        words += f", {amount(max(Fraction(0), wanted - held), 2)} beyond those held" if held else ""
        words += f", in lots of {lot}" if lot > 1 else ""
        yield tell(words + ("; less than a lot" if target == 0 else ""))


def _lot(name: str, snapshot: Snapshot) -> int:
    reference = snapshot.find("reference", name)
    return 1 if reference is None else int(reference.number("lot"))
