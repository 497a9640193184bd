"""M102: a rule that says nothing another rule does not say whenever it fires.

The first rule fires in a scene, and is asked whether the second one can fail to fire there with the same conclusions:
on no facts of the scene, or for a fact that it asks to be absent and the first one does not. Where neither can be, the
second fires wherever the first does. Who concludes it (the slot `rule`) is not compared. CLIPS has to show both firing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from knowledge.clips import tree
from knowledge.clips.session import Inference
from knowledge.facts import Fact
from rules.findings import Finding
from rules.meaning.ground import Ground, assertions_of
from rules.meaning.inquiry import OVER_BUDGET, Shown, Unknown
from rules.meaning.lives import Life
from rules.meaning.scene import Fired, Scene
from rules.meaning.script import FALSE, Term, Untranslated, Word, both, equal, implied, negated
from rules.meaning.telling import told
from rules.stages import patterns

AUTHOR = "rule"
"""The slot that says who concludes a fact."""
Twins = Sequence[tuple[int, tree.Assertion]]
"""For each conclusion of one rule (by its place) the one of another rule that says the same."""


def shadowed(ground: Ground, lives: Sequence[Life]) -> Iterator[Finding]:
    """Every rule that another one makes superfluous; of two that say the same, the later one."""
    said: set[tuple[str, str]] = set()
    for life in reversed(lives):
        if not isinstance(life.answer, Shown):
            continue
        for other in lives:
            if other is life or (other.rule.name, life.rule.name) in said:
                continue
            shadows = _shadows(ground, life, other.rule)
            if isinstance(shadows, Unknown):
                why = f"not analysed: whether `{other.rule.name}` makes it superfluous: {shadows.reason}"
                yield told("M109", life.rule, None, why)
            elif shadows:
                said.add((life.rule.name, other.rule.name))
                yield _finding(life, other.rule)
                break


def _finding(life: Life, other: tree.Rule) -> Finding:
    assert isinstance(life.answer, Shown)
    sentence = f"`{life.rule.name}` says nothing new: wherever it fires, `{other.name}` fires and concludes the same"
    advice = f"remove it, or ask for something that `{other.name}` does not ask for"
    return told("M102", life.rule, None, sentence, advice, life.answer.facts)


def _shadows(ground: Ground, life: Life, other: tree.Rule) -> bool | Unknown:
    # Two authors of one such fact contradict each other, which is another finding.
    twins = None if _two_authors(ground, life.rule) else same_conclusions(life.rule, other)
    if twins is None:
        return False
    assert isinstance(life.answer, Shown)
    try:
        lacking = fails(life.inquiry.scene, life.fired, other, twins)
        if lacking is None and _rests_on_more(ground, other):
            # What the first one's facts lead to besides may be what the other one asks for.
            life.inquiry.follow(life.answer)
            lacking = fails(life.inquiry.scene, life.fired, other, twins)
    except Untranslated as error:
        return Unknown(str(error))
    if lacking is None:
        return False
    life.inquiry.scene.settle()
    verdict = life.inquiry.solver.check([*life.fired.names, lacking])
    if verdict != "unsat":
        return Unknown(OVER_BUDGET) if verdict == "unknown" else False
    both_fired = _both_fired(life.answer.inference, life.rule, other)
    return both_fired or Unknown("the solver says so, and CLIPS does not show both firing")


def _rests_on_more(ground: Ground, rule: tree.Rule) -> bool:
    """Whether it reads what rules conclude."""
    return any(pattern.template in ground.concluding for pattern, _ in patterns(rule.conditions))


def _two_authors(ground: Ground, rule: tree.Rule) -> bool:
    """Whether it concludes what only one rule can: a fact that names its author outside of its key."""
    shapes = (ground.words.templates[one.template] for one in assertions_of(rule))
    return any(AUTHOR in shape.slots and AUTHOR not in shape.key for shape in shapes)


def same_conclusions(rule: tree.Rule, other: tree.Rule) -> Twins | None:
    """Which of its conclusions says what each of the rule's says, as far as that is written; None where one lacks."""
    found = []
    for place, one in enumerate(assertions_of(rule)):
        twin = next((each for each in assertions_of(other) if _may_be_same(one, each)), None)
        if twin is None:
            return None
        found.append((place, twin))
    return found or None


def _may_be_same(one: tree.Assertion, other: tree.Assertion) -> bool:
    if one.template != other.template:
        return False
    mine, theirs = ({each.slot: each.value for each in assertion.slots} for assertion in (one, other))
    return not any(
        isinstance(mine[slot], tree.Literal)
        and isinstance(theirs.get(slot), tree.Literal)
        and mine[slot] != theirs[slot]
        for slot in mine
        if slot != AUTHOR
    )


def fails(scene: Scene, fired: Fired, other: tree.Rule, twins: Twins) -> str | None:
    """The name of the assumption that another rule fails to conclude what a firing concludes; None where it can not.

    Raises `Untranslated`.
    """
    known: dict[str, Term] = {}
    for place, twin in twins:
        mine = fired.concluded[place][1]
        for each in twin.slots:
            if isinstance(each.value, tree.Variable) and isinstance(mine[each.slot], Word) and each.slot != AUTHOR:
                known.setdefault(each.value.name, mine[each.slot])

    def alike(bound: dict[str, Term]) -> str:
        parts = []
        for place, twin in twins:
            mine = fired.concluded[place][1]
            theirs = scene.conclusion(twin, bound)
            parts += [equal(mine[slot], theirs[slot]) for slot in mine if slot != AUTHOR]
        return both(parts)

    fires = scene.satisfied(other.conditions, known, alike, scene.disturbed)
    if fires == FALSE:
        return None
    lacking = scene.script.declare("a", "Bool")
    scene.script.say(implied(lacking, negated(fires)))
    return lacking


def _both_fired(inference: Inference, rule: tree.Rule, other: tree.Rule) -> bool:
    facts = {fact.ref: fact for fact in inference.derived}
    mine, theirs = (
        [[_said(facts.get(ref)) for ref in one.concluded] for one in inference.firings if one.rule == name]
        for name in (rule.name, other.name)
    )
    return any(all(said in conclusions for said in one) for one in mine for conclusions in theirs)


def _said(fact: Fact | None) -> object:
    return fact and (fact.template, tuple((slot, value) for slot, value in fact.slots if slot != AUTHOR))
