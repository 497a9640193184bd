"""M103: two rules that conclude opposite things, or contradict each other, on the same facts.

- *opposite*: two proposals that differ in a slot that the vocabulary calls `opposed` (a candidate's `side`) and agree
  in the rest of their key: buy and sell one instrument;
- *contradicting*: two conclusions of one key with different values elsewhere, which end a cycle undetermined. A rule
  may contradict itself, on two sets of facts at once.

Asked first with free facts in place of concluded ones: most pairs end there. The rest is asked of facts from outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.clips import tree
from knowledge.clips.session import Inference
from knowledge.templates import Template
from rules.findings import Finding
from rules.meaning.expressions import spelling
from rules.meaning.ground import Ground
from rules.meaning.inquiry import Bench, Inquiry, Never, Shown, Unknown
from rules.meaning.scene import Fired, Scene
from rules.meaning.script import FALSE, Term, Untranslated, Word, both, either, equal, implied, negated
from rules.meaning.telling import told
from rules.meaning.witness import Reading


@dataclass(frozen=True)
class Pair:
    """Two conclusions that could be at odds: equal in these slots, different in one of those."""

    first: tree.Rule
    one: tree.Assertion
    second: tree.Rule
    other: tree.Assertion
    alike: tuple[str, ...]
    apart: tuple[str, ...]
    opposed: bool


def pairs(ground: Ground) -> Iterator[Pair]:
    """Every pair of conclusions that what is written in them does not already settle."""
    for template, found in ground.concluding.items():
        shape = ground.words.templates[template]
        for place, (first, one) in enumerate(found):
            for second, other in found[place:]:
                yield from _of_two(shape, first, one, second, other)


def _of_two(
    shape: Template, first: tree.Rule, one: tree.Assertion, second: tree.Rule, other: tree.Assertion
) -> Iterator[Pair]:
    rest = tuple(name for name in shape.slots if name not in shape.key)
    if rest and not _differ(one, other, shape.key) and any(not _same(one, other, name) for name in rest):
        yield Pair(first, one, second, other, shape.key, rest, False)
    for name, slot in shape.slots.items():
        alike = tuple(each for each in shape.key if each != name)
        if slot.opposed and not _differ(one, other, alike) and not _same(one, other, name):
            yield Pair(first, one, second, other, alike, (name,), True)


def _written(assertion: tree.Assertion, slot: str) -> str | None:
    value = next(each.value for each in assertion.slots if each.slot == slot)
    return f"{value.kind} {spelling(value)}" if isinstance(value, tree.Literal) else None


def _differ(one: tree.Assertion, other: tree.Assertion, slots: Sequence[str]) -> bool:
    written = [(_written(one, name), _written(other, name)) for name in slots]
    return any(a is not None and b is not None and a != b for a, b in written)


def _same(one: tree.Assertion, other: tree.Assertion, slot: str) -> bool:
    return _written(one, slot) is not None and _written(one, slot) == _written(other, slot)


def conflicts(ground: Ground, bench: Bench) -> Iterator[Finding]:
    """Every conflict that CLIPS bears out, and what could not be analysed."""
    seen: set[tuple[str, str, bool]] = set()
    for pair in pairs(ground):
        if (pair.first.name, pair.second.name, pair.opposed) in seen:
            continue
        for finding in _asked(ground, bench, pair):
            seen.add((pair.first.name, pair.second.name, pair.opposed))
            yield finding


def _asked(ground: Ground, bench: Bench, pair: Pair) -> Iterator[Finding]:
    what = f"whether it {'opposes' if pair.opposed else 'contradicts'} `{pair.second.name}`"
    try:
        free = _Meeting(ground, bench, pair, expand=False)
        if free.impossible or isinstance(free.inquiry.possible(free.names), Never):
            return
        meeting = _Meeting(ground, bench, pair, expand=True)
        answer = meeting.inquiry.settle(lambda: meeting.names, meeting.borne_out)
    except Untranslated as error:
        answer = Unknown(str(error))
    if isinstance(answer, Shown):
        yield _finding(pair, answer)
    elif isinstance(answer, Unknown):
        yield told("M109", pair.second, None, f"not analysed: {what}: {answer.reason}")


def _finding(pair: Pair, answer: Shown) -> Finding:
    first, second = pair.first, pair.second
    if pair.opposed:
        said = f"`{second.name}` and `{first.name}` propose opposite things on the same facts"
        advice = "ask in one of them for what the other one excludes"
    else:
        itself = "itself" if first is second else f"`{first.name}`"
        said = f"`{second.name}` contradicts {itself} on the same facts, and the cycle ends undetermined"
        if answer.inference.fault:
            said = f"{said}: {answer.inference.fault.removeprefix('the rules contradict each other about ')}"
        advice = "let only one of them hold, or conclude facts of different keys"
    return told("M103", second, None, said, advice, answer.facts)


class _Meeting:
    """A scene in which both rules fire and their conclusions are at odds."""

    def __init__(self, ground: Ground, bench: Bench, pair: Pair, expand: bool) -> None:
        self.pair = pair
        scene = Scene(ground, expand)
        self.first = scene.fire(pair.first)
        mine = _concluded(self.first, pair.one)
        # What both say by a variable is one term: facts of that key are one from the start.
        seeds: dict[str, Term] = {}
        for each in pair.other.slots:
            if each.slot in pair.alike and isinstance(each.value, tree.Variable) and isinstance(mine[each.slot], Word):
                seeds.setdefault(each.value.name, mine[each.slot])
        self.second = scene.fire(pair.second, seeds)
        theirs = _concluded(self.second, pair.other)
        alike = both(equal(mine[name], theirs[name]) for name in pair.alike)
        odds = both((alike, either(negated(equal(mine[name], theirs[name])) for name in pair.apart)))
        self.impossible = odds == FALSE
        self.odds = scene.script.declare("a", "Bool")
        scene.script.say(implied(self.odds, odds))
        self.inquiry = Inquiry(scene, bench)

    @property
    def names(self) -> list[str]:
        """What to assume."""
        return [*self.first.names, *self.second.names, self.odds]

    def borne_out(self, _: Reading, inference: Inference) -> bool:
        """Whether CLIPS shows it."""
        if not self.pair.opposed:
            fault = inference.fault or ""
            return fault.startswith(f"the rules contradict each other about `{self.pair.one.template}(")
        by_ref = {fact.ref: fact for fact in inference.derived}
        mine, theirs = (
            [by_ref[ref] for one in inference.firings if one.rule == rule.name for ref in one.concluded]
            for rule in (self.pair.first, self.pair.second)
        )
        return any(
            one.template == other.template == self.pair.one.template
            and all(one[name] == other[name] for name in self.pair.alike)
            and all(one[name] != other[name] for name in self.pair.apart)
            for one in mine
            for other in theirs
        )


def _concluded(fired: Fired, assertion: tree.Assertion) -> dict[str, Term]:
    return next(slots for each, slots in fired.concluded if each is assertion)
