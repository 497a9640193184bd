"""Numeric limits in words: what each comes to at worst, of how much, what is left, and who took it."""

from __future__ import annotations

from fractions import Fraction

from engine.limits.kinds import NUMERIC
from engine.limits.model import Limit
from engine.telling import convex
from engine.telling import tokens as say
from engine.telling.evidence import Evidence
from engine.telling.figures import amount
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Phrase, Token
from knowledge.values import Json

_TIGHTEST = 6
"""Limits told with their slack in a granted verdict, tightest first; the record has them all."""


def numbers(evidence: Evidence, verdict: Json) -> list[Telling]:
    """Of a grant the tightest limits, of a cut those that one lot more would break, of a denial every minimal core."""
    parts: list[Telling] = []
    if verdict["outcome"] == "granted":
        readings = sorted(evidence.record["readings"], key=_tightness)
        told = [reading(evidence, one) for one in readings]
        told = [one if at < _TIGHTEST else one.as_detail() for at, one in enumerate(told)]
        parts.append(tell("limits: all hold however the orders fill; the tightest after this decision", *told))
    if verdict.get("binding"):
        more = "one unit more of the basket" if "basket" in verdict else "one lot more"
        parts.append(tell(f"limits: what {more} would break", *(reading(evidence, one) for one in verdict["binding"])))
    for core in verdict.get("cores", []):
        if core["limit"] in evidence.limit and evidence.limit[core["limit"]].spec.form in NUMERIC:
            parts.append(_core(evidence, verdict, core))
    return [one.named("limits") for one in parts]


def _core(evidence: Evidence, verdict: Json, core: Json) -> Telling:
    limit = evidence.limit[core["limit"]]
    own = [one for one in verdict.get("crowding", []) if one[0] == core["constraint"] and one[1] in core["grants"]]
    takers = [tell(say.instrument(name), " takes ", _of_nav(evidence, part), " of it") for _, name, part in own]
    stood = next((one for one in evidence.record["readings"] if one["measure"] == core["constraint"]), None)
    if limit.spec.form == "convex":
        takers = convex.crowding(evidence.portfolio, limit, share_of(evidence, limit), own, stood)
    elif stood is not None and limit.unit == "NAV" and core["grants"]:
        before = (_of_nav(evidence, stood["base"]), " stood before this decision's entries")
        most = (_money(evidence, stood["bound"]), _written(evidence, limit))
        takers = [tell(before, ", of at most ", most), *takers]
    crowd: Phrase = (" beside ", say.joined(map(say.instrument, core["grants"]))) if core["grants"] else ""
    least = "one unit of the basket" if "basket" in verdict else "one lot"
    named = measured(evidence, limit, core["constraint"])
    return tell(
        f"limits: not even {least} fits ", named, crowd, f": {limit.spec.meaning} [layer {limit.layer}]", *takers
    )


def reading(evidence: Evidence, one: Json) -> Telling:
    """One limit at its worst: value, bound, and what is left or too much."""
    limit = evidence.limit[one["limit"]]
    bound = max(Fraction(one["bound"]), Fraction(one["base"]))
    left = bound - Fraction(one["value"])
    if limit.spec.form == "convex":
        figures = convex.figures(evidence.portfolio, limit, share_of(evidence, limit), one)
    elif limit.unit in ("NAV", "least gross"):
        most = (_money(evidence, bound), _written(evidence, limit))
        figures = (_of_nav(evidence, one["value"]), " of at most ", most, slack(left, evidence.portfolio.currency))
    else:
        value, bounded, rest = (say.number(each, limit.unit, amount(each)) for each in (one["value"], bound, abs(left)))
        figures = (value, " of at most ", bounded, ", ", rest, " too much" if left < 0 else " left")
    where = f" [layer {limit.layer}, {limit.owner}]"
    return tell(measured(evidence, limit, one["measure"]), f": {limit.spec.meaning}: ", figures, where)


def slack(left: Fraction, currency: str) -> Phrase:
    """What is left below a bound in money, or beyond it."""
    if left < 0:
        return (", ", say.money(-left, currency), " too much")
    return (", ", say.money(left, currency, 0), " left")


def measured(evidence: Evidence, limit: Limit, measure: str) -> Token:
    """A measure of a limit, with the place of the limit in its file."""
    return say.limit(limit.id, measure, evidence.place(limit.id))


def share_of(evidence: Evidence, limit: Limit) -> Fraction:
    """The bound in the regime."""
    return limit.bound * (evidence.limits.multiplier(evidence.record["regime"]) if limit.regime else 1)


def _written(evidence: Evidence, limit: Limit) -> Phrase:
    """The bound as the file has it: a share of the NAV that is left after the worst slippage and fees."""
    if limit.unit != "NAV":
        return ""
    return (" (", say.share(share_of(evidence, limit)), " of NAV after the worst costs)")


def _money(evidence: Evidence, value: str | Fraction) -> Token:
    return say.money(value, evidence.portfolio.currency, 0)


def _of_nav(evidence: Evidence, value: str | Fraction) -> Phrase:
    nav = Fraction(evidence.portfolio.nav)
    money = _money(evidence, value)
    return (say.share(Fraction(value) / nav), " of NAV (", money, ")") if nav > 0 else money


def _tightness(one: Json) -> tuple[Fraction, str]:
    if "corner" in one:
        return -convex.tightness(one), one["measure"]
    bound = max(Fraction(one["bound"]), Fraction(one["base"]))
    used = Fraction(one["value"]) / bound if bound > 0 else Fraction(1)
    return -used, one["measure"]
