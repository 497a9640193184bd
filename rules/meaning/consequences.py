"""What the rules make of facts some of whose numbers are free: every conclusion, with what those numbers must be.

The rules are run by hand, stage by stage, over facts that are given: each way to match them is a conclusion that is
there where its comparisons hold. Every other fact is absent, so `not` is what it is in CLIPS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from knowledge.clips import tree
from knowledge.facts import Fact
from rules.meaning.ground import assertions_of
from rules.meaning.memory import Memory, Node
from rules.meaning.script import FALSE, TRUE, Term, Untranslated, Word, both, constant, either

MOST_PASSES = 10
MOST_CONCLUDED = 500
"""A rule that feeds itself concludes several times as much in each pass."""


class Consequences(Memory):
    """Facts that are given, and the rules run over them to their end."""

    def proposed(
        self, rules: Iterable[tree.Rule], facts: Iterable[Fact], free: Mapping[str, Term], goal: str, instrument: str
    ) -> str:
        """That something of a template is concluded for an instrument.

        `free` gives the value of a fact, by its ref, where that is not the fact's own. Raises `Untranslated`.
        """
        self.nodes = [self._given(fact, free) for fact in facts]
        self._ways = 0
        ordered = sorted(rules, key=lambda one: -one.salience)
        concluded: dict[tuple[str, ...], Node] = {}
        for salience in dict.fromkeys(one.salience for one in ordered):
            self._stage([one for one in ordered if one.salience == salience], concluded)
        found = []
        for node in self.nodes:
            about = node.slots.get("instrument")
            if node.template == goal and isinstance(about, Word) and about.known == instrument:
                found.append(node.present)
        return either(found)

    def _given(self, fact: Fact, free: Mapping[str, Term]) -> Node:
        shape = self.ground.words.templates[fact.template]
        slots: dict[str, Term] = {}
        for name, value in fact.slots:
            slot = shape.slots[name]
            if slot.by and fact.ref in free:
                slots[name] = free[fact.ref]
            elif isinstance(value, str):
                spelled = f'"{value}' if slot.type == "text" else value
                slots[name] = self.ground.lexicon.spelled_out(spelled)
            elif not isinstance(value, tuple):
                slots[name] = constant(value)
        return Node(fact.template, slots, TRUE, True)

    def _stage(self, rules: list[tree.Rule], concluded: dict[tuple[str, ...], Node]) -> None:
        """Run the rules of one salience until they conclude nothing new."""
        for _ in range(MOST_PASSES):
            grew = False
            for rule in rules:
                for known, held in list(self.ways(rule.conditions, {})):
                    if held != FALSE:
                        grew = self._conclude(rule, known, held, concluded) or grew
            if not grew:
                return

    def _conclude(
        self, rule: tree.Rule, known: Mapping[str, Term], held: str, concluded: dict[tuple[str, ...], Node]
    ) -> bool:
        grew = False
        for assertion in assertions_of(rule):
            slots = self.conclusion(assertion, known)
            identity = rule.name, assertion.template, *(term.text for term in slots.values()), held
            if identity in concluded:
                continue
            present = TRUE
            if held != TRUE:
                present = self.script.declare("f", "Bool")
                self.script.say(f"(= {present} {both((held,))})")
            concluded[identity] = Node(assertion.template, slots, present, False)
            self.nodes.append(concluded[identity])
            if len(concluded) > MOST_CONCLUDED:
                raise Untranslated(f"`{rule.name}` and the rules that it feeds conclude too much to follow")
            grew = True
        return grew
