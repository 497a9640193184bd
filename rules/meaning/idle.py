"""M105 and M106: a condition that changes nothing, by itself or beside the others.

A part of a rule's conditions is taken away, and the rest is asked whether it can hold while that part does not. Where
it can not, the part is *always true* if what is declared is reason enough, else *implied* by the conditions that are
named. CLIPS has to agree: with the part and without it, the rule fires alike on facts that make it fire and on those
beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from knowledge.clips import tree
from knowledge.clips.text import read
from knowledge.facts import Fact
from knowledge.faults import Faulty
from rules.findings import Finding
from rules.meaning.ground import Ground, walk
from rules.meaning.inquiry import OVER_BUDGET, Bench, Inquiry, Shown, Unknown
from rules.meaning.lives import Life
from rules.meaning.scene import Atom, Scene
from rules.meaning.script import TRUE, Untranslated, implied, negated
from rules.meaning.telling import conditions_in_words, told
from rules.meaning.witness import beside

_PARTS = (tree.Predicate, tree.Unlike, tree.AnyOf, tree.Return, tree.Value, tree.Call)


def idle(ground: Ground, bench: Bench, life: Life) -> Iterator[Finding]:
    """Every condition of a living rule that changes nothing."""
    if not isinstance(life.answer, Shown):
        return
    rule = life.rule
    for atom in [one for one in life.fired.atoms if isinstance(one.at, _PARTS)]:
        core = _follows(life, atom)
        if isinstance(core, Unknown):
            yield _unknown(rule, atom.at, core.reason)
        elif core is not None:
            borne_out = _agrees(ground, bench, life, atom.at)
            yield _of_part(rule, atom, core, life.answer.facts) if borne_out else _unknown(rule, atom.at, _DISAGREES)
    for condition in rule.conditions:
        nothing = _changes_nothing(ground, rule, condition)
        if isinstance(nothing, Unknown):
            yield _unknown(rule, condition, nothing.reason)
        elif nothing and not _agrees(ground, bench, life, condition):
            yield _unknown(rule, condition, _DISAGREES)
        elif nothing:
            yield _of_condition(ground, rule, condition, life.answer.facts)


def _of_condition(ground: Ground, rule: tree.Rule, condition: tree.Condition, facts: tuple[Fact, ...]) -> Finding:
    said = conditions_in_words(rule, [Atom("", condition, TRUE)])
    why = "the other conditions"
    if ground.domains and _changes_nothing(replace(ground, domains={}), rule, condition) is not True:
        declared = "; ".join(f"{slot}: {', '.join(words)}" for slot, words in ground.domains.items())
        why += f" and from the words of the desk ({declared})"
    sentence = f"{said} in `{rule.name}` changes nothing: it follows from {why}"
    return told("M106", rule, condition, sentence, "leave it out, or ask for what was meant", facts)


_DISAGREES = "the solver says that it changes nothing, and CLIPS fires otherwise without it"


def _unknown(rule: tree.Rule, at: tree.Node, reason: str) -> Finding:
    return told("M109", rule, at, f"not analysed: whether this condition of `{rule.name}` changes anything: {reason}")


def _of_part(rule: tree.Rule, atom: Atom, core: list[Atom], facts: tuple[Fact, ...]) -> Finding:
    said = conditions_in_words(rule, [atom])
    reasons = [one for one in core if not isinstance(one.at, tree.Pattern)]
    if not core:
        sentence = f"{said} in `{rule.name}` holds whatever the facts: nothing else can be"
        return told("M105", rule, atom.at, sentence, "correct it, or leave it out", facts)
    why = conditions_in_words(rule, reasons) or f"the way {conditions_in_words(rule, core)} is concluded"
    sentence = f"{said} in `{rule.name}` changes nothing: it follows from {why}"
    return told("M106", rule, atom.at, sentence, "leave it out, or ask for what was meant", facts)


def _follows(life: Life, atom: Atom) -> list[Atom] | Unknown | None:
    """The conditions that a part follows from; None where it follows from none."""
    script, solver = life.inquiry.scene.script, life.inquiry.solver
    otherwise = script.declare("a", "Bool")
    script.say(implied(otherwise, negated(atom.formula)))
    rest = [one.name for one in life.fired.atoms if one is not atom]
    verdict = solver.check([*rest, otherwise])
    if verdict != "unsat":
        return Unknown(OVER_BUDGET) if verdict == "unknown" else None
    core = solver.core([*rest, otherwise])
    return [one for one in life.fired.atoms if one.name in core] if otherwise in core else None


def _changes_nothing(ground: Ground, rule: tree.Rule, condition: tree.Condition) -> bool | Unknown:
    """Whether a whole condition follows from the others, whatever rules conclude."""
    rest = tuple(one for one in rule.conditions if one is not condition)
    try:
        if isinstance(condition, tree.Not):
            # It follows where the thing itself beside the others can not be.
            there = tree.Exists((condition.condition,), condition.at)
            scene = Scene(ground, expand=False)
            fired = scene.fire(replace(rule, conditions=(*rest, there)))
            return Inquiry(scene, None).possible(fired.names) is not None
        if not _could_follow(rule, condition, rest):
            return False
        scene = Scene(ground, expand=False)
        fired = scene.fire(replace(rule, conditions=rest, actions=()))
        scene.settle()
        lacking = scene.script.declare("a", "Bool")
        scene.script.say(implied(lacking, negated(scene.satisfied((condition,), fired.known))))
        return Inquiry(scene, None).possible([*fired.names, lacking]) is not None
    except KeyError:
        # Another condition needs what this one binds.
        return False
    except Untranslated as error:
        return Unknown(str(error))


def _could_follow(rule: tree.Rule, condition: tree.Condition, rest: tuple[tree.Condition, ...]) -> bool:
    """Whether another condition is about the same facts, and nothing needs what this one binds."""
    templates = {one.template for one in walk(condition) if isinstance(one, tree.Pattern)}
    others = {one.template for part in rest for one in walk(part) if isinstance(one, tree.Pattern)}
    if not isinstance(condition, tree.Pattern | tree.Exists) or not templates <= others:
        return False
    if isinstance(condition, tree.Exists):
        return True
    needed = set(tree.VARIABLE.findall(rule.sentence))
    needed |= {one.name for part in (rest, rule.actions) for one in walk(part) if isinstance(one, tree.Variable)}
    # What a group binds counts inside of it alone.
    patterns = [part for part in rest if isinstance(part, tree.Pattern)]
    values = [one.term for one in walk(tuple(patterns)) if isinstance(one, tree.Value)]
    elsewhere = {one.name for one in values if isinstance(one, tree.Variable)}
    own = {one.name for one in walk(condition) if isinstance(one, tree.Variable)}
    return not (own & needed) - elsewhere


def _agrees(ground: Ground, bench: Bench, life: Life, part: tree.Node) -> bool:
    """Whether CLIPS fires the rule alike without this part."""
    assert isinstance(life.answer, Shown)
    other = without(ground.program, life.rule, part)
    if other is None:
        return False
    try:
        plain = Bench(other)
    except Faulty:
        return False
    sets = [life.answer.facts, *beside(life.answer.facts, ground.marks, ground.words)]
    return all(_firings(bench, life.rule, facts) == _firings(plain, life.rule, facts) for facts in sets)


def _firings(bench: Bench, rule: tree.Rule, facts: tuple[Fact, ...]) -> object:
    inference = bench.infer(facts)
    return inference.fault, sorted(one.concluded for one in inference.firings if one.rule == rule.name)


def without(program: tree.Program, rule: tree.Rule, part: tree.Node) -> tree.Program | None:
    """The program with a part of one rule's conditions taken away; None where no rule would be left of it."""
    plain = "(= 0 0)" if isinstance(part, tree.Call) else ":(= 0 0)" if isinstance(part, _PARTS) else ""
    start = rule.at.start
    text = f"{rule.text[: part.at.start - start]}{plain}{rule.text[part.at.end - start :]}"
    read_again, faults = read(text, rule.file)
    if faults or len(read_again.rules) != 1:
        return None
    (changed,) = read_again.rules
    return tree.Program(program.file, tuple(changed if one is rule else one for one in program.rules))
