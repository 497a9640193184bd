"""Rules beside each other: the same rule twice, and a guard that a rule lacks.

Two rules are the same when some renaming of variables makes their conditions the same, in whatever order, and their
conclusions too; names, owners, sentences and saliences do not count, and `(> a b)` is `(< b a)`.

A rule that proposes an entry (a `candidate`) must ask about its instrument what would speak against one: whether it is
held (`position`), whether an order works (`working`), whether a rule of the book objects (`veto`, where one can), and
whatever all its siblings ask the absence of. Of a position it may also ask that it is there: a rule that adds to
positions does. Nor need a rule ask what can not be: where every rule that concludes a `veto` needs a `consensus` on the
instrument, the absence of the consensus is the absence of the veto.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from knowledge.clips.tree import Assertion, Call, Literal, Not, Pattern, Program, Rule, Variable
from rules.findings import Edit, Finding, Fix
from rules.lints.catalogue import found
from rules.lints.parts import Part, assertions, children, concluded, variable_of
from rules.stages import patterns

PROPOSAL = "candidate"
"""The template of what is proposed."""
_ALWAYS = ("position", "working")
"""What every proposal asks about; portfolio facts, which no rule concludes."""
MOST_STEPS = 2_000
"""Attempts at matching two rules' conditions with each other, before they count as different."""
MOST_PAIRS = 20_000
"""Pairs of rules that are compared; books where more look alike are made to keep the reader busy."""


# Guards.


def guard_findings(program: Program, texts: Mapping[str, str]) -> Iterator[Finding]:
    """A finding for each proposal that does not ask what the others ask."""
    proposing = [rule for rule in program.rules if PROPOSAL in concluded(rule)]
    makers: dict[str, list[Rule]] = {}
    for rule in program.rules:
        for template in concluded(rule):
            makers.setdefault(template, []).append(rule)
    veto = {"veto"} & set(makers)
    guards = {rule.name: _guards(rule) for rule in proposing}
    count = Counter(template for guarded in guards.values() for template in guarded)
    for rule in proposing:
        others = len(proposing) - 1
        shared = {name for name, often in count.items() if others > 1 and often - (name in guards[rule.name]) == others}
        for template in [*_ALWAYS, *sorted((shared | veto) - set(_ALWAYS))]:
            for name, assertion in _instruments(rule).items():
                if not _asks(rule, template, name) and not _excluded(rule, template, name, makers):
                    yield _unguarded(rule, texts[rule.file], template, name, assertion)


def _unguarded(rule: Rule, source: str, template: str, name: str, assertion: Assertion) -> Finding:
    guard = f"(not ({template} (instrument ?{name})))"
    place = rule.conditions[-1].at
    indent = " " * (place.column - 1)
    fix = Fix(f"add `{guard}`", (Edit(rule.file, place.end, place.end, f"\n{indent}{guard}"),), safe=False)
    said = f"`{rule.name}` proposes a `{PROPOSAL}` for `?{name}` and never asks for the absence of its `{template}`"
    return found("R305", source, rule.file, assertion.at, said, f"add the condition `{guard}`", rule.name, fix)


def _guards(rule: Rule) -> set[str]:
    """What a rule asks the absence of for everything that it proposes."""
    asked = [_absences(rule, name) for name in _instruments(rule)]
    return set.intersection(*asked) if asked else set()


def _instruments(rule: Rule) -> dict[str, Assertion]:
    """The variables for which a rule proposes something, each with its first proposal."""
    found_: dict[str, Assertion] = {}
    for one in assertions(rule):
        for slot in one.slots:
            if one.template == PROPOSAL and slot.slot == "instrument" and isinstance(slot.value, Variable):
                found_.setdefault(slot.value.name, one)
    return found_


def _asks(rule: Rule, template: str, name: str) -> bool:
    asked = [absent for one, absent in patterns(rule.conditions) if one.template == template and _about(one) == name]
    return any(asked) or (bool(asked) and template == "position")


def _absences(rule: Rule, name: str) -> set[str]:
    """The templates of which a rule asks that there is no fact at all about an instrument."""
    nots = [one.condition for one in rule.conditions if isinstance(one, Not)]
    return {one.template for one in nots if isinstance(one, Pattern) and len(one.slots) == 1 and _about(one) == name}


def _excluded(rule: Rule, template: str, name: str, makers: Mapping[str, Sequence[Rule]]) -> bool:
    """Whether an absence that the rule does ask for leaves no way to conclude the template about the instrument."""
    absent = _absences(rule, name)
    made = makers.get(template, ())
    return bool(absent and made) and all(_needs_one_of(one, template, absent) for one in made)


def _needs_one_of(rule: Rule, template: str, absent: set[str]) -> bool:
    for assertion in assertions(rule):
        if assertion.template == template:
            value = next((one.value for one in assertion.slots if one.slot == "instrument"), None)
            name = value.name if isinstance(value, Variable) else None
            asked = {one.template for one in rule.conditions if isinstance(one, Pattern) and _about(one) == name}
            if name is None or not asked & absent:
                return False
    return True


def _about(pattern: Pattern) -> str | None:
    return next((variable_of(one.constraint) for one in pattern.slots if one.slot == "instrument"), None)


# The same rule twice.


def twin_findings(program: Program, texts: Mapping[str, str]) -> Iterator[Finding]:
    """A finding for each rule that says what an earlier one says."""
    shapes: dict[object, list[Rule]] = {}
    pairs = MOST_PAIRS
    for rule in program.rules:
        alike = shapes.setdefault(_outline(rule), [])
        pairs -= len(alike)
        if pairs < 0:
            return
        twin = next((other for other in alike if _same(other, rule)), None)
        if twin is None:
            alike.append(rule)
            continue
        said = f"`{rule.name}` says the same as `{twin.name}` ({twin.file}:{twin.name_at.line})"
        yield found("R208", texts[rule.file], rule.file, rule.name_at, said, "remove one of the two", rule.name)


def _parts(rule: Rule) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    return rule.conditions, assertions(rule)


def _outline(rule: Rule) -> object:
    """What two equal rules have in common whatever their variables are called."""
    return tuple(tuple(sorted(Counter(map(repr, map(_shape, part))).items())) for part in _parts(rule))


def _shape(part: Part) -> tuple[object, ...]:
    """A part with its variables struck out."""
    inner = [_shape(one) for one in _ordered(part)]
    return (*_word(part), *inner)


def _word(part: Part) -> tuple[object, ...]:
    """What a part says besides its own parts and its variables."""
    kind = type(part).__name__
    match part:
        case Literal():
            return kind, part.kind, str(part.value)
        case Call():
            return kind, _FLIPPED.get(part.function, part.function)
        case Pattern() | Assertion():
            return kind, part.template
        case _:
            return kind, getattr(part, "slot", "")


_FLIPPED = {">": "<", ">=": "<="}


def _ordered(part: Part) -> Sequence[Part]:
    """The parts of a part in an order that does not depend on how it was written."""
    inner = children(part)
    if isinstance(part, Call):
        return inner[::-1] if part.function in _FLIPPED else inner
    if isinstance(part, Pattern | Assertion):
        # which rule concludes it is no part of what it concludes
        kept = [one for one in inner if not (isinstance(part, Assertion) and getattr(one, "slot", "") == "rule")]
        return sorted(kept, key=lambda one: str(getattr(one, "slot", "")))
    return inner


class _Spent(Exception):
    """Too many attempts."""


def _same(one: Rule, other: Rule) -> bool:
    steps = [MOST_STEPS]
    (first, concluded_first), (second, concluded_second) = _parts(one), _parts(other)
    pairs = [(first, second), (concluded_first, concluded_second)]
    try:
        return _matched(pairs, {}, steps)
    except _Spent:
        return False


def _matched(pairs: list[tuple[tuple[Part, ...], tuple[Part, ...]]], names: dict[str, str], steps: list[int]) -> bool:
    """Whether each part of the first list can be given one of the second under one renaming of variables."""
    if not pairs:
        return True
    (mine, theirs), *rest = pairs
    if not mine:
        return not theirs and _matched(rest, names, steps)
    for place, candidate in enumerate(theirs):
        steps[0] -= 1
        if steps[0] < 0:
            raise _Spent
        renamed = dict(names)
        if _equal(mine[0], candidate, renamed):
            left = (mine[1:], (*theirs[:place], *theirs[place + 1 :]))
            if _matched([left, *rest], renamed, steps):
                return True
    return False


def _equal(one: Part, other: Part, names: dict[str, str]) -> bool:
    """Whether two parts say the same under a renaming, which grows by what they need."""
    if isinstance(one, Variable) and isinstance(other, Variable):
        taken = {there: here for here, there in names.items()}
        if names.get(one.name, other.name) != other.name or taken.get(other.name, one.name) != one.name:
            return False
        names[one.name] = other.name
        return True
    if _word(one) != _word(other):
        return False
    mine, theirs = _ordered(one), _ordered(other)
    return len(mine) == len(theirs) and all(_equal(a, b, names) for a, b in zip(mine, theirs, strict=True))
