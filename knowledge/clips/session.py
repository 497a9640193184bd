"""One cycle of CLIPS: facts in, derived facts and every firing out.

The rules are built once and saved as a binary image; each inference runs in a fresh environment filled from it, so
nothing survives a cycle and memory stays flat (one environment reused with `reset` leaks and slows down). Facts are
asserted by template in canonical order. Runs are bounded by a count of firings. The derivation is read from the
engine's own trace, and conclusions pass `knowledge.door` like every other fact.

Fail closed: any word on the engine's error or warning stream, a line of trace that can not be read, a conclusion the
door refuses, two conclusions that contradict each other, or the bound reached makes `Inference.fault` a sentence, with
nothing derived. The caller treats that cycle as undetermined. Left out: time (a hung join is killed with its process,
from outside) and Python callbacks (they fail open).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import clips

from knowledge.clips.asked import asked_of
from knowledge.clips.build import CONCLUSIONS, FUNCTIONS, defrule, deftemplate
from knowledge.clips.native import Unfit, assert_facts, check_fact, read_facts
from knowledge.clips.tree import And, Assert, Or, Pattern, Program, Rule
from knowledge.door import Refused, admit
from knowledge.facts import Fact, ordered
from knowledge.faults import Fault, Faulty
from knowledge.templates import Vocabulary, vocabulary

MOST_FIRINGS = 10_000
"""Firings after which a run counts as endless."""


@dataclass(frozen=True, slots=True)
class Firing:
    """One execution of a rule.

    `matched` has one entry per condition of the rule: the ref of the fact a pattern matched, None for `not`, `exists`,
    `forall` and `test`. `concluded` has the ref of each assertion, in order, also where the fact was known already.
    """

    rule: str
    matched: tuple[str | None, ...]
    concluded: tuple[str, ...]


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
        _check_shape(program)
        actions = [action for rule in program.rules for action in rule.actions if isinstance(action, Assert)]
        concluded = {one.template for action in actions for one in action.assertions}
        self._concluded = [shape for name, shape in self._words.templates.items() if name in concluded]
        self._asked = asked_of(program, self._words, concluded)
        # CLIPS reads images from files only; the folder goes when this object goes.
        self._folder = tempfile.TemporaryDirectory(prefix="warrant-clips-")
        self._path = str(Path(self._folder.name, "rulebook.bin"))
        self._save(program)
        self._next: tuple[_Trace, clips.Environment] | None = None
        # Kept until there is time: to take an environment down costs half a millisecond.
        self._spent: tuple[_Trace, clips.Environment] | None = None

    def prepare(self) -> None:
        """Make the next inference's environment now, while nobody waits for one. Faults are the inference's to tell."""
        self._spent = None
        with suppress(_Undetermined):
            self._next = self._next or self._opened()

    def infer(self, facts: Sequence[Fact], most_firings: int = MOST_FIRINGS) -> Inference:
        """Run the rules over the facts. Never raises for what facts or rules say; the same facts in any order give
        the same inference.
        """
        try:
            return self._infer(_by_ref(facts, self._words), most_firings)
        except (_Undetermined, Unfit) as error:
            return Inference((), (), str(error))

    def _infer(self, given: dict[str, Fact], most_firings: int) -> Inference:
        ready, self._next = self._next, None
        trace, environment = self._spent = ready or self._opened()
        # Facts that no rule reads or concludes change nothing, and are most of a large market's: not handed over.
        read: dict[str, Fact] = {}
        for ref, fact in given.items():
            asked = self._asked.get(fact.template)
            if asked is not None and asked.takes(fact):
                read[ref] = fact
            elif not fact.is_told:
                check_fact(ref, fact, self._words.templates[fact.template])
        refs = assert_facts(environment, dict(sorted(read.items())), self._words)
        fired = environment.run(most_firings)
        if trace.complaints:
            raise _Undetermined(f"the rules stopped with an error: {' '.join(''.join(trace.complaints).split())}")
        if fired >= most_firings:
            raise _Undetermined(f"the rules did not come to an end within {most_firings} firings")
        derived: dict[str, Fact] = {}
        for index, template, slots in list(read_facts(environment, self._concluded, refs)):
            concluded = _admitted(template, slots, self._words)
            refs[index] = ref = concluded.ref
            before = given.get(ref) or derived.setdefault(ref, concluded)
            if before != concluded:
                raise _Undetermined(_contradiction(before, concluded))
        firings = self._firings("".join(trace.lines), refs)
        if len(firings) != fired:
            raise _Undetermined(f"the trace shows {len(firings)} firings, but there were {fired}")
        return Inference(ordered(derived.values()), firings, None)

    def _firings(self, trace: str, refs: dict[int, str]) -> tuple[Firing, ...]:
        """Read the trace: a line for each firing, followed by a line for each of its conclusions."""
        found: list[tuple[str, str, list[str]]] = []
        for line in trace.splitlines():
            if fire := _FIRE.fullmatch(line):
                found.append((fire[1], fire[2], []))
            elif (conclusion := _CONCLUSION.fullmatch(line)) and found:
                found[-1][2].append(refs[int(conclusion[1])])
            else:
                raise _Undetermined(f"the trace holds an unknown line `{line}`")
        firings = [
            Firing(name, _matched(self._rules[name][1], basis, refs), tuple(concluded))
            for name, basis, concluded in found
        ]
        return tuple(sorted(firings, key=lambda one: (self._rules[one.rule][0], [ref or "" for ref in one.matched])))

    def _opened(self) -> tuple[_Trace, clips.Environment]:
        trace = _Trace()
        return trace, self._fresh(trace)

    def _fresh(self, trace: _Trace) -> clips.Environment:
        """An environment that knows the rules and nothing else."""
        environment = clips.Environment()
        environment.add_router(trace)
        environment.eval("(set-dynamic-constraint-checking TRUE)")
        try:
            environment.load(self._path, binary=True)
        except clips.CLIPSError as error:
            raise _Undetermined(f"the image of the rulebook can not be read: {error}") from None
        # Rules that begin with `not` or `test` stay dead in an environment filled from an image until it is reset.
        environment.reset()
        environment.eval("(watch rules)")
        return environment

    def _save(self, program: Program) -> None:
        trace = _Trace()
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
        self._compare(self._fresh(_Trace()), program)

    def _compare(self, environment: clips.Environment, program: Program) -> None:
        """CLIPS takes a misspelt template for a new one, and can drop what it does not understand: count."""
        rules, templates = {one.name for one in environment.rules()}, {one.name for one in environment.templates()}
        for found, declared in ((rules, set(self._rules)), (templates, set(self._words.templates))):
            if found != declared:
                odd = ", ".join(f"`{name}`" for name in sorted(found ^ declared))
                raise Faulty(
                    Fault(program.file, 1, 1, f"CLIPS and the rulebook disagree about {odd}; check the spelling")
                )


class _Undetermined(Exception):
    """A surprise in a cycle; the message is a sentence."""


class _Trace(clips.Router):  # type: ignore[misc]
    """Collects everything the engine writes: the trace in `lines`, errors and warnings in `complaints`."""

    __slots__ = ("complaints", "lines")

    def __init__(self) -> None:
        # Before clipspy's own error router (40), which would pass the words on to the terminal.
        super().__init__("warrant-trace", 50)
        self.lines: list[str] = []
        self.complaints: list[str] = []

    def query(self, name: str) -> bool:
        """Every stream that a run can write to."""
        return name in _STREAMS

    def write(self, name: str, message: str) -> None:
        """Keep the words."""
        (self.complaints if name in ("stderr", "stdwrn") else self.lines).append(message)


_STREAMS = frozenset({"stdout", "stderr", "stdwrn", CONCLUSIONS})
_FIRE = re.compile(r"FIRE +[0-9]+ ([^ ]+): ([f0-9*,\-]*)")
_CONCLUSION = re.compile(r"=> ([0-9]+)")


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


def _build(environment: clips.Environment, rule: Rule, words: Vocabulary, trace: _Trace) -> Fault | None:
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


def _by_ref(facts: Iterable[Fact], words: Vocabulary) -> dict[str, Fact]:
    """The facts by ref."""
    found: dict[str, Fact] = {}
    for fact in facts:
        if fact.template not in words.templates:
            raise _Undetermined(f"a fact of the unknown template `{fact.template}`")
        try:
            ref = fact.ref
        except KeyError as error:
            raise _Undetermined(f"a fact of `{fact.template}` lacks its key slot `{error.args[0]}`") from None
        if found.setdefault(ref, fact) != fact:
            raise _Undetermined(f"two facts say `{ref}`")
    return found


def _admitted(template: str, slots: Mapping[str, object], words: Vocabulary) -> Fact:
    """A derived fact, through the door."""
    try:
        return admit(template, slots, words)
    except Refused as error:
        raise _Undetermined(f"the rules concluded what can not be: {error}") from None


def _contradiction(one: Fact, other: Fact) -> str:
    differing = [
        f"`{slot}` is {mine} and {theirs}"
        for (slot, mine), (_, theirs) in zip(one.slots, other.slots, strict=True)
        if mine != theirs
    ]
    return f"the rules contradict each other about `{one.ref}`: {'; '.join(differing)}"


def _matched(rule: Rule, basis: str, refs: dict[int, str]) -> tuple[str | None, ...]:
    """One entry per condition, from the trace's `f-1,*,f-3`: patterns leave an index, all others a star or nothing."""
    indices = iter(int(part[2:]) for part in basis.split(",") if part.startswith("f-"))
    matched = tuple(refs[next(indices)] if isinstance(one, Pattern) else None for one in rule.conditions)
    if next(indices, None) is not None:
        raise _Undetermined(f"the trace of `{rule.name}` shows more facts than it has patterns: `{basis}`")
    return matched
