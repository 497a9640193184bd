"""M101: a rule that no facts make fire.

Each rule is asked whether it can fire, from facts outside. What is proved impossible is told by a smallest set of its
conditions that can not hold together. Dead rules have no facts that show them; shown are facts on which all but one of
those conditions hold. CLIPS has to stay silent on these, and on those beside them: by a step, or at numbers that rules
write.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.clips import tree
from knowledge.facts import Fact
from rules.findings import Finding
from rules.meaning.ground import Ground
from rules.meaning.inquiry import Bench, Inquiry, Never, Settled, Shown, Unknown, fired
from rules.meaning.scene import Atom, Fired, Scene
from rules.meaning.script import Untranslated
from rules.meaning.telling import conditions_in_words, told
from rules.meaning.witness import beside


@dataclass(frozen=True)
class Life:
    """A rule, the scene in which it fires, and whether it can."""

    rule: tree.Rule
    fired: Fired
    inquiry: Inquiry
    answer: Settled


def live(ground: Ground, bench: Bench, rule: tree.Rule) -> Life | Unknown:
    """Ask whether a rule can fire."""
    try:
        scene = Scene(ground)
        asked = scene.fire(rule)
        inquiry = Inquiry(scene, bench)
        return Life(rule, asked, inquiry, inquiry.settle(lambda: asked.names, fired(rule.name)))
    except Untranslated as error:
        return Unknown(str(error))


def dead(ground: Ground, bench: Bench, life: Life) -> Iterator[Finding]:
    """What there is to say of a rule that was asked whether it can fire."""
    rule, answer = life.rule, life.answer
    if isinstance(answer, Unknown):
        yield told("M109", rule, None, f"not analysed: whether it can fire: {answer.reason}")
    if not isinstance(answer, Never):
        return
    core = [one for one in life.fired.atoms if one.name in answer.core]
    nearest, tried, fires = _tried(ground, bench, life, core)
    if fires:
        why = "the solver says never, and CLIPS fires it; report this as a fault of the program"
        yield told("M109", rule, None, f"not analysed: whether it can fire: {why}")
        return
    sentence = f"`{rule.name}` can never fire: {_why(rule, core)}"
    yield told("M101", rule, core[-1].at if core else None, sentence, _shown(tried), nearest)


def _shown(tried: int) -> str:
    if not tried:
        return "correct its conditions, or remove the rule"
    return f"correct it, or remove the rule (CLIPS stayed silent on {tried} sets of facts that come close)"


def _why(rule: tree.Rule, core: list[Atom]) -> str:
    said = conditions_in_words(rule, core)
    if not core:
        return "its facts can not be"
    if len(core) > 1:
        return f"{said} do not hold together"
    (one,) = core
    if isinstance(one.at, tree.Pattern):
        return f"nothing concludes {said}"
    return f"{said} never holds"


def _tried(ground: Ground, bench: Bench, life: Life, core: list[Atom]) -> tuple[tuple[Fact, ...] | None, int, bool]:
    """Facts on which all but one of the conditions hold, how many sets were fired, and whether the rule fired."""
    nearest: tuple[Fact, ...] | None = None
    tried = 0
    for atom in core:
        rest = [name for name in life.fired.names if name != atom.name]
        answer = life.inquiry.settle(lambda rest=rest: rest, lambda *_: True)  # type: ignore[misc]
        if not isinstance(answer, Shown):
            continue
        nearest = nearest or answer.facts
        for facts in (answer.facts, *beside(answer.facts, ground.marks, ground.words)):
            tried += 1
            if any(one.rule == life.rule.name for one in bench.infer(facts).firings):
                return facts, tried, True
    return nearest, tried, False
