"""What the rules concluded, told: facts, firings and consensus behind a conclusion; or the rule that came closest."""

from __future__ import annotations

from collections.abc import Iterator

from engine.telling import tokens as say
from engine.telling.evidence import Evidence
from engine.telling.figures import amount, short
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Phrase
from knowledge.facts import Fact, Value, value_text
from knowledge.templates import vocabulary
from knowledge.values import Json
from rules.matching import Filled, bindings, filled

_DEEPEST = 12


def why_proposed(evidence: Evidence, verdict: Json) -> Telling:
    """From the candidate back to the facts that came in."""
    side = "long" if verdict["side"] == "buy" else "short"
    return tell("proposed by the rules", *concluded(evidence, f"candidate({verdict['instrument']},{side})")).named(
        "rules"
    )


def concluded(evidence: Evidence, ref: str, depth: int = 0) -> tuple[Telling, ...]:
    """What a fact rests on: the rules that concluded it, or, where it came in, what it says."""
    known = evidence.told.get(ref)
    if known is not None:
        return known
    firings = evidence.supports.get(ref, [])
    if not firings or depth > _DEEPEST:
        fact = evidence.facts.get(ref)
        return (tell(*stated(fact)) if fact is not None else tell(say.fact(ref)),)
    found = tuple(_firing(evidence, firing, depth) for firing in firings)
    evidence.told[ref] = found
    return found


def _firing(evidence: Evidence, firing: Json, depth: int) -> Telling:
    rule = evidence.rules[firing["rule"]]
    matched = [evidence.facts.get(ref) if ref is not None else None for ref in firing["matched"]]
    parts = [part for ref in firing["matched"] if ref is not None for part in concluded(evidence, ref, depth + 1)]
    said = filled(rule, bindings(rule, matched), evidence.spoken[rule.name])
    named = say.rule(rule.name, f"{rule.file}:{rule.at.line}")
    return tell(*(_filled(one) for one in said), " [", named, f", {rule.owner}]", *parts)


def _filled(piece: str | Filled) -> Phrase:
    """A value in a rule's sentence: an instrument or a number with the unit of its slot, else a word."""
    if isinstance(piece, str):
        return piece
    slot, value = piece.slot, piece.value
    if slot is not None and slot.name == "instrument":
        return say.instrument(piece.text)
    if isinstance(value, str):
        return piece.text
    return say.number(value_text(value), slot.unit if slot is not None else "", piece.text)  # type: ignore[arg-type]


def stated(fact: Fact) -> Iterator[Phrase]:
    """A fact in words: its ref, and its other slots with their units."""
    template = vocabulary().templates[fact.template]
    yield say.fact(fact.ref)
    between: Phrase = ": "
    for name, value in fact.slots:
        if name in template.key:
            continue
        slot = template.slots[name]
        if slot.by:
            measure = vocabulary().measure(fact.template, fact.word(slot.by))
            unit = measure.unit if measure is not None else slot.unit
            yield from (" = " if between == ": " else f"{between}= ", _value(value, unit), f" ({unit})")
        else:
            yield from (between, f"{name} ", _value(value, slot.unit))
        between = ", "


def _value(value: Value, unit: str) -> Phrase:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if unit == "digest":
        return say.Token(say.Sort.DIGEST, short(str(value)), str(value))
    if isinstance(value, str):
        return value
    return say.number(value, unit, str(value))


def missed(miss: Json) -> Telling:
    """The closest rule, the condition that failed, by how much; then why the fact it needed was not there."""
    what, *details = miss["failing"].split("; ")
    parts = [tell("what failed: ", what, *(tell(one) for one in details))]
    if miss["gap"] is not None:
        unit = f" ({miss['unit']})" if miss["unit"] else ""
        value, threshold, gap = (
            say.number(miss[part], miss["unit"], amount(miss[part])) for part in ("value", "threshold", "gap")
        )
        parts.append(tell("by how much: ", value, " where ", threshold, " is asked, ", gap, f" is missing{unit}"))
    if miss["because"]:
        parts.append(missed(miss["because"]))
    held = f"{miss['held'] or 'none'} of its {miss['conditions']} conditions held"
    named = say.rule(miss["rule"], miss["source"])
    return tell("closest rule: ", named, f" ({miss['owner']}, {miss['source']}); {held}", *parts).named("rules")
