"""One cycle of CLIPS: facts in, derived facts and every firing out.

The rules are built once and saved as a binary image; each inference runs in a fresh environment filled from it, so
nothing survives a cycle and memory stays flat (one environment reused with `reset` leaks and slows down). Facts are
asserted in one order, whatever order they come in: canonical, those of the portfolio last. Facts that are heard in
that order before the cycle is asked for are asserted as they come; where they are not, or where the cycle turns out to
rest on others, what was heard is thrown away and all of them are asserted anew. Runs are bounded by a count of firings.
The derivation is read from what each firing reports of itself, and conclusions pass `knowledge.door` like every other
fact.

Fail closed: any word on the engine's error or warning stream, a line of trace that can not be read, a conclusion the
door refuses, two conclusions that contradict each other, or the bound reached makes `Inference.fault` a sentence, with
nothing derived. The caller treats that cycle as undetermined. Left out: time (a hung join is killed with its process,
from outside) and Python callbacks (they fail open).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter, is_
from pathlib import Path

import clips

from knowledge.clips.asked import Asked, asked_of
from knowledge.clips.build import FUNCTIONS, defrule, deftemplate
from knowledge.clips.native import Unfit, assert_facts, check_fact, read_facts
from knowledge.clips.trace import Firing, Reports, Trace, Undetermined
from knowledge.clips.tree import And, Assert, Or, Program, Rule
from knowledge.door import Refused, admit
from knowledge.facts import Fact, ordered
from knowledge.faults import Fault, Faulty
from knowledge.templates import Vocabulary, vocabulary

__all__ = ["MOST_FIRINGS", "ClipsImage", "Firing", "Inference"]

_TEMPLATE = attrgetter("template")
MOST_FIRINGS = 10_000
"""Firings after which a run counts as endless."""


@dataclass(frozen=True, slots=True)
class Inference:
    """What the rules made of the facts. `derived` in canonical order, without the facts that came in; `firings` by the
    order of the rules, then by what they matched. With a `fault` (a sentence) both are empty.
    """

    derived: tuple[Fact, ...]
    firings: tuple[Firing, ...]
    fault: str | None


class ClipsImage:
    """The rules of a program, built and checked, ready to infer. Use it in one thread at a time.

    Raises `Faulty` when CLIPS refuses a rule, or understands another number of constructs than the program has.
    """

    def __init__(self, program: Program) -> None:
        self._words: Vocabulary = vocabulary()
        self._rules = {rule.name: (place, rule) for place, rule in enumerate(program.rules)}
        self._reports = Reports(program)
        _check_shape(program)
        actions = [action for rule in program.rules for action in rule.actions if isinstance(action, Assert)]
        concluded = {one.template for action in actions for one in action.assertions}
        self._concluded = [shape for name, shape in self._words.templates.items() if name in concluded]
        self._asked = asked_of(program, self._words, concluded)
        # CLIPS reads images from files only; the folder goes when this object goes.
        self._folder = tempfile.TemporaryDirectory(prefix="warrant-clips-")
        self._path = str(Path(self._folder.name, "rulebook.bin"))
        self._save(program)
        self._next: _Memory | None = None
        self._deaf = False
        # Kept until there is time: to take an environment down costs half a millisecond.
        self._spent: _Memory | None = None

    def prepare(self) -> None:
        """Make the next inference's environment now, while nobody waits for one. Faults are the inference's to tell."""
        self._spent = None
        with suppress(Undetermined):
            self._next = self._next or self._opened()

    def hear(self, facts: Sequence[Fact]) -> None:
        """Take facts that the next inference will be asked about, after all that it was told before.

        Nothing rests on it: an inference is what it is without. Faults are the inference's to tell.
        """
        if self._deaf:
            return
        try:
            self._next = self._next or self._opened()
            self._next.add(facts)
        except (Undetermined, Unfit, _OutOfOrder):
            self._next, self._deaf = None, True
            self.prepare()

    def infer(self, facts: Sequence[Fact], most_firings: int = MOST_FIRINGS) -> Inference:
        """Run the rules over the facts. Never raises for what facts or rules say; the same facts in any order give
        the same inference.
        """
        ready, self._next, self._deaf = self._next, None, False
        try:
            return self._infer(ready, facts, most_firings)
        except (Undetermined, Unfit) as error:
            return Inference((), (), str(error))

    def _infer(self, ready: _Memory | None, facts: Sequence[Fact], most_firings: int) -> Inference:
        if ready is None or not ready.goes_on(facts):
            ready = self._opened()
        memory = self._spent = ready
        try:
            memory.add(memory.in_order(facts[len(memory.heard) :]))
        except _OutOfOrder:
            memory = self._spent = self._opened()
            memory.add(memory.in_order(facts))
        trace, environment, given, refs = memory.trace, memory.environment, memory.given, memory.refs
        fired = environment.run(most_firings)
        if trace.complaints:
            raise Undetermined(f"the rules stopped with an error: {' '.join(''.join(trace.complaints).split())}")
        if fired >= most_firings:
            raise Undetermined(f"the rules did not come to an end within {most_firings} firings")
        derived: dict[str, Fact] = {}
        for index, template, slots in list(read_facts(environment, self._concluded, refs)):
            concluded = _admitted(template, slots, self._words)
            refs[index] = ref = concluded.ref
            before = given.get(ref) or derived.setdefault(ref, concluded)
            if before != concluded:
                raise Undetermined(_contradiction(before, concluded))
        firings = self._reports.firings("".join(trace.lines), refs)
        if len(firings) != fired:
            raise Undetermined(f"the trace shows {len(firings)} firings, but there were {fired}")
        return Inference(ordered(derived.values()), firings, None)

    def _opened(self) -> _Memory:
        trace = Trace()
        return _Memory(trace, self._fresh(trace), self._words, self._asked)

    def _fresh(self, trace: Trace) -> clips.Environment:
        """An environment that knows the rules and nothing else."""
        environment = clips.Environment()
        environment.add_router(trace)
        environment.eval("(set-dynamic-constraint-checking TRUE)")
        try:
            environment.load(self._path, binary=True)
        except clips.CLIPSError as error:
            raise Undetermined(f"the image of the rulebook can not be read: {error}") from None
        # Rules that begin with `not` or `test` stay dead in an environment filled from an image until it is reset.
        environment.reset()
        return environment

    def _save(self, program: Program) -> None:
        trace = Trace()
        environment = clips.Environment()
        environment.add_router(trace)
        environment.eval("(set-dynamic-constraint-checking TRUE)")
        for text in (*map(deftemplate, self._words.templates.values()), *FUNCTIONS):
            environment.build(text)
        faults = [fault for rule in program.rules if (fault := _build(environment, rule, self._words, trace))]
        if faults:
            raise Faulty(*faults)
        self._compare(environment, program)
        environment.save(self._path, binary=True)
        if trace.complaints:
            raise Faulty(Fault(program.file, 1, 1, f"CLIPS complains: {''.join(trace.complaints).strip()}"))
        self._compare(self._fresh(Trace()), program)

    def _compare(self, environment: clips.Environment, program: Program) -> None:
        """CLIPS takes a misspelt template for a new one, and can drop what it does not understand: count."""
        rules, templates = {one.name for one in environment.rules()}, {one.name for one in environment.templates()}
        for found, declared in ((rules, set(self._rules)), (templates, set(self._words.templates))):
            if found != declared:
                odd = ", ".join(f"`{name}`" for name in sorted(found ^ declared))
                raise Faulty(
                    Fault(program.file, 1, 1, f"CLIPS and the rulebook disagree about {odd}; check the spelling")
                )


class _OutOfOrder(Exception):
    """Facts that belong before some that are asserted already."""


@dataclass
class _Memory:
    """An environment, and the facts that it was given so far, in their order."""

    trace: Trace
    environment: clips.Environment
    words: Vocabulary
    asked: Mapping[str, Asked]
    heard: list[Fact] = field(default_factory=list)
    given: dict[str, Fact] = field(default_factory=dict)
    """By ref."""
    refs: dict[int, str] = field(default_factory=dict)
    """Of those that the engine was handed, by its index."""

    def add(self, facts: Sequence[Fact]) -> None:
        """Take these, too. Raises `Undetermined`, `Unfit`, and `_OutOfOrder` where one belongs before another."""
        # Facts that no rule reads or concludes change nothing, and are most of a large market's: not handed over.
        read: dict[str, Fact] = {}
        last = self._place(self.heard[-1]) if self.heard else None
        for template, same in groupby(facts, key=_TEMPLATE):
            several = list(same)
            if last is not None and self._place(several[0]) < last:
                raise _OutOfOrder
            last, texts = self._place(several[-1]), several[0].texts
            asked = self.asked.get(template)
            for fact in several:
                # Within a template by texts alone.
                if fact.texts < texts:
                    raise _OutOfOrder
                texts = fact.texts
                try:
                    ref = fact.ref
                except KeyError as error:
                    raise Undetermined(f"a fact of `{template}` lacks its key slot `{error.args[0]}`") from None
                known = self.given.setdefault(ref, fact)
                if known is not fact:
                    if known != fact:
                        raise Undetermined(f"two facts say `{ref}`")
                elif asked is not None and asked.takes(fact):
                    read[ref] = fact
                elif not fact.is_told:
                    check_fact(ref, fact, self.words.templates[template])
        self.refs |= assert_facts(self.environment, read, self.words)
        self.heard += facts

    def goes_on(self, facts: Sequence[Fact]) -> bool:
        """Whether these are all that it was given, and perhaps others behind them."""
        return len(facts) >= len(self.heard) and all(map(is_, self.heard, facts))

    def in_order(self, facts: Iterable[Fact]) -> list[Fact]:
        """In the order in which they are asserted."""
        return sorted(facts, key=self._place)

    def _place(self, fact: Fact) -> tuple[bool, str, tuple[str, ...]]:
        shape = self.words.templates.get(fact.template)
        if shape is None:
            raise Undetermined(f"a fact of the unknown template `{fact.template}`")
        # What a cycle is asked about beside its snapshot is known last.
        return shape.origin == "portfolio", fact.template, fact.texts


def _check_shape(program: Program) -> None:
    """Refuse what the trace could not be read back for: two rules of one name, alternatives among the conditions."""
    faults = []
    seen: dict[str, Rule] = {}
    for rule in program.rules:
        if seen.setdefault(rule.name, rule) is not rule:
            at = rule.name_at
            faults.append(Fault(rule.file, at.line, at.column, f"the rule `{rule.name}` is defined twice; rename one"))
        for condition in rule.conditions:
            if isinstance(condition, And | Or):
                kind = "or" if isinstance(condition, Or) else "and"
                what = "write a rule for each alternative" if kind == "or" else "write its parts one after another"
                at = condition.at
                faults.append(Fault(rule.file, at.line, at.column, f"`({kind} …)` stands by itself; {what}"))
    if faults:
        raise Faulty(*faults)


def _build(environment: clips.Environment, rule: Rule, words: Vocabulary, trace: Trace) -> Fault | None:
    try:
        environment.build(defrule(rule, words))
    except clips.CLIPSError as error:
        # The words of the engine go to the router; the exception is empty.
        complaint = " ".join(f"{''.join(trace.complaints)} {error}".split())
        trace.complaints.clear()
        return Fault(rule.file, rule.at.line, rule.at.column, f"CLIPS refuses the rule `{rule.name}`: {complaint}")
    except KeyError as error:
        at = rule.at
        return Fault(rule.file, at.line, at.column, f"the rule `{rule.name}` concludes an unknown `{error.args[0]}`")
    return None


def _admitted(template: str, slots: Mapping[str, object], words: Vocabulary) -> Fact:
    """A derived fact, through the door."""
    try:
        return admit(template, slots, words)
    except Refused as error:
        raise Undetermined(f"the rules concluded what can not be: {error}") from None


def _contradiction(one: Fact, other: Fact) -> str:
    differing = [
        f"`{slot}` is {mine} and {theirs}"
        for (slot, mine), (_, theirs) in zip(one.slots, other.slots, strict=True)
        if mine != theirs
    ]
    return f"the rules contradict each other about `{one.ref}`: {'; '.join(differing)}"
