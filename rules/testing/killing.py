"""Which case notices a mutant; and for one that none notices, a case that would.

Cases of the rule that was changed are asked first. A killing case is searched for among small changes of the facts of
cases that exist: a number put at a threshold, a step to either side of it, another word, a fact taken away or told of
another instrument; one change first, then two. What is offered was tried: it passes on the rulebook and fails on the
mutant, in the real engines. A search that finds nothing proves nothing; what can be proved equal is told by
`rules.testing.equivalence` and, for rules that can be translated, by the solver (`rules.meaning.difference`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from knowledge.clips import tree
from knowledge.door import Refused, admit
from knowledge.facts import Fact
from knowledge.facts_file import written_fact
from knowledge.faults import Faulty
from knowledge.templates import Slot, vocabulary
from knowledge.values import canonical, digest
from rules.cases import Case, cases_of
from rules.rulebook import Rulebook
from rules.testing.bench import Bench, Outcome, as_expected, asks_policies
from rules.testing.equivalence import equal
from rules.testing.mutants import Mutant, changed

MOST_TRIALS = 600
"""Facts tried for one mutant."""
OTHERS = {"instrument": "OTHER", "head": "another", "issuer": "another", "sector": "another", "basket": "another"}
Given = tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Killing:
    """What became of a mutant: refused by the checks, killed by a case, proved equal, or alive, with a case for it."""

    is_refused: bool = False
    by: Case | None = None
    offer: str | None = None
    equal: str | None = None
    """A proof that the mutant is no mistake, as a sentence."""


class Judge:
    """Asks the cases about mutants of one rulebook. Use it in one thread."""

    def __init__(self, bench: Bench, cases: Sequence[Case]) -> None:
        self.bench = bench
        self.cases = cases

    def judge(self, mutant: Mutant) -> Killing:
        """What becomes of a mutant. Raises `PrologFault` where Prolog itself cannot run."""
        try:
            other = self._other(mutant)
        except Faulty:
            return Killing(is_refused=True)
        for case in self._in_order(mutant):
            if not as_expected(case, other.outcome(case.given, asks_policies(case))):
                return Killing(by=case)
        if proof := self._proof(mutant, other):
            return Killing(equal=proof)
        return Killing(offer=self._offer(mutant, other))

    def _proof(self, mutant: Mutant, other: Bench) -> str | None:
        rules = [
            [one for one in bench.rulebook.program.rules if one.name == mutant.about] for bench in (self.bench, other)
        ]
        if mutant.kind == "policy" or not all(rules):
            return None
        (mine, *_), (theirs, *_) = rules
        return equal(mine, theirs)

    def _other(self, mutant: Mutant) -> Bench:
        """The engines with the mutant. Raises `Faulty`."""
        rulebook = changed(self.bench.rulebook, mutant)
        if mutant.kind == "rule":
            return Bench(rulebook, policies=self.bench.policies)
        other = Bench(rulebook, image=self.bench.image)
        assert other.policies  # a mutant that is no policy text is refused here
        return other

    def _in_order(self, mutant: Mutant) -> list[Case]:
        """The cases that can notice it, those about what was changed first."""
        able = [one for one in self.cases if mutant.kind == "rule" or asks_policies(one)]
        return sorted(able, key=lambda one: (one.kind, one.about) != (mutant.kind, mutant.about))

    def settle(self, mutant: Mutant) -> Killing:
        """What the solver says of a survivor of a rule: it means the same, or here are facts on which it does not.

        May take as long as the solver likes; whoever asks has a watch. A policy is never settled.
        """
        if mutant.kind == "policy":
            return Killing()
        from rules.meaning.difference import difference

        other = self._other(mutant)
        found = difference(self.bench.rulebook.program, other.rulebook.program)
        change = next((one for one in found if one.rule == mutant.about), None)
        if change is None or change.kind == "same":
            return Killing(equal="the solver proves that it means the same")
        own = [one for one in self.cases if (one.kind, one.about) == (mutant.kind, mutant.about)]
        for witness in filter(None, (change.before, change.after)):
            offer = self._offered(own[0], witness.facts, other, is_judged=False) if own else None
            if offer is not None:
                return Killing(offer=offer)
        return Killing()

    # A case that would kill it.

    def _offer(self, mutant: Mutant, other: Bench) -> str | None:
        is_judged = mutant.kind == "policy"
        grounds = [one for one in self._in_order(mutant) if not is_judged or one.kind == "policy"]
        own = [one for one in grounds if one.about == mutant.about] or grounds
        numbers = _numbers(self.bench.rulebook, mutant) + _numbers(other.rulebook, mutant)
        for ground, given in islice(_trials(own, sorted(set(numbers))), MOST_TRIALS):
            text = self._offered(ground, given, other, is_judged)
            if text is not None:
                return text
        return None

    def _offered(self, ground: Case, given: Given, other: Bench, is_judged: bool) -> str | None:
        """These facts as a case, if it kills the mutant."""
        mine, theirs = self.bench.outcome(given, is_judged), other.outcome(given, is_judged)
        if mine.inference.fault or any(one.fault for one in mine.verdicts or ()) or _said(mine) == _said(theirs):
            return None
        text = _case(ground, given, mine, theirs)
        return text if text is not None and self._kills(text, other) else None

    def _kills(self, text: str, other: Bench) -> bool:
        (case,) = cases_of(text, "offer.yaml", _nothing_beside)
        passes, fails = (one.outcome(case.given, asks_policies(case)) for one in (self.bench, other))
        return as_expected(case, passes) and not as_expected(case, fails)


def case_digest(case: Case) -> str:
    """A digest of all that decides how a case goes."""
    wanted = [[[one.template, dict(one.slots)] for one in some] for some in (case.expect, case.expect_not)]
    return digest(canonical([case.kind, case.about, [fact.to_json() for fact in case.given], wanted]))


def _nothing_beside(path: str) -> str:
    raise FileNotFoundError(path)


def _said(outcome: Outcome) -> tuple[object, ...]:
    verdicts = tuple((one.instrument, one.side, one.outcome, one.reasons) for one in outcome.verdicts or ())
    fault = bool(outcome.inference.fault) or any(one.fault for one in outcome.verdicts or ())
    return outcome.inference.derived, fault, verdicts


def _numbers(rulebook: Rulebook, mutant: Mutant) -> list[Decimal]:
    """The numbers that stand in what was changed."""
    if mutant.kind == "policy":
        return [Decimal(3), Decimal(4), Decimal(0)]
    rule = next((one for one in rulebook.program.rules if one.name == mutant.about), None)
    return [] if rule is None else list(_literals(rule.conditions, rule.actions))


def _literals(*nodes: object) -> Iterator[Decimal]:
    for node in nodes:
        if isinstance(node, tree.Literal):
            if isinstance(node.value, int | Decimal):
                yield Decimal(node.value)
        elif isinstance(node, tuple):
            yield from _literals(*node)
        elif hasattr(node, "__dataclass_fields__"):
            yield from _literals(*(getattr(node, name) for name in node.__dataclass_fields__ if name != "at"))


def _trials(grounds: Sequence[Case], numbers: Sequence[Decimal]) -> Iterator[tuple[Case, Given]]:
    """Facts to try, with the case they are made from: one change for each case in turn, then two."""
    singles = [(ground, list(_variations(ground.given, numbers))) for ground in grounds]
    longest = max((len(some) for _, some in singles), default=0)
    for place in range(longest):
        for ground, some in singles:
            if place < len(some):
                yield ground, some[place]
    for ground, some in singles[:2]:
        for once in some:
            for twice in _variations(once, numbers):
                yield ground, twice


def _variations(given: Given, numbers: Sequence[Decimal]) -> Iterator[Given]:
    """The facts with one change."""
    for place, fact in enumerate(given):
        before, after = given[:place], given[place + 1 :]
        for other in _alike(fact, numbers):
            if all(one.ref != other.ref for one in (*before, *after)):
                yield (*before, other, *after)
        yield (*before, *after)
        for slot, word in OTHERS.items():
            moved = _with(fact, slot, word)
            if moved is not None and all(one.ref != moved.ref for one in given):
                yield (*given, moved)


def _alike(fact: Fact, numbers: Sequence[Decimal]) -> Iterator[Fact]:
    """The fact with another value in one slot."""
    shapes = vocabulary().templates[fact.template].slots
    for name, value in fact.slots:
        slot = shapes[name]
        if isinstance(value, Decimal | int):
            step = _step(fact, slot)
            at = (Decimal(value), *numbers)
            near = {number + step * by for number in at for by in (0, 1, -1)}
            options: list[str] = [f"{one:f}" for one in sorted(near) if one != value]
        elif isinstance(value, str):
            options = list(_words(slot, value))
        else:
            options = []
        for option in options:
            other = _with(fact, name, option)
            if other is not None and other != fact:
                yield other


def _words(slot: Slot, value: str) -> Iterator[str]:
    """Other words for a slot: all that are listed, a few of the measures, else one that nothing else is called by."""
    if slot.measures:
        known = [one for one in vocabulary().measures[slot.measures] if one != value]
        yield from (one for one in known if one in MEASURES or len(known) <= len(MEASURES))
    elif slot.allowed:
        yield from (one for one in slot.allowed if one != value)
    elif slot.name in OTHERS:
        yield OTHERS[slot.name]


MEASURES = ("bollinger-position", "stochastic-k", "beta-252", "average-volume-20")
"""Measures of different ranges: one of them takes nearly every value of another."""


def _step(fact: Fact, slot: Slot) -> Decimal:
    if slot.by:
        measure = vocabulary().measure(fact.template, fact.word(slot.by))
        return measure.quantum if measure else Decimal(1)
    return Decimal(1) if slot.type == "integer" else slot.quantum or Decimal(1)


def _with(fact: Fact, slot: str, value: object) -> Fact | None:
    """The fact with a value in a slot; None where it has no such slot, or the door does not let it in."""
    slots: dict[str, object] = {name: list(held) if isinstance(held, tuple) else held for name, held in fact.slots}
    if slot not in slots:
        return None
    try:
        return admit(fact.template, {**slots, slot: value})
    except Refused:
        return None


def _case(ground: Case, given: Given, mine: Outcome, theirs: Outcome) -> str | None:
    """A file with one case: what the rulebook says of the facts, and what the mutant says besides is not expected."""
    if ground.kind == "policy":
        expect, unwanted = _verdicts(mine, theirs), _verdicts(theirs, mine)
        if not mine.forbade(ground.about):
            expect = [one for one in expect if one.startswith("permitted")]
    else:
        expect, unwanted = _conclusions(mine, theirs), _conclusions(theirs, mine)
        if mine.fired(ground.about) and not expect:
            expect = [
                written_fact(fact)
                for fact in mine.inference.derived
                if any(f.rule == ground.about and fact.ref in f.concluded for f in mine.inference.firings)
            ][:1]
        elif not mine.fired(ground.about):
            expect = []
    if not expect and not unwanted:
        if theirs.inference.fault is None and not any(one.fault for one in theirs.verdicts or ()):
            return None
        unwanted = ["forbidden: {reason: nothing}"] if ground.kind == "policy" else ["veto: {instrument: NOTHING}"]
    lines = [f"{ground.kind}: {ground.about}", "cases:", "  - name: a case that kills it", "    given:"]
    lines += [f"      - {written_fact(fact)}" for fact in given]
    for key, some in (("expect", expect), ("expect_not", unwanted)):
        lines += [f"    {key}:", *(f"      - {one}" for one in some)] if some else []
    return "\n".join(lines) + "\n"


def _conclusions(mine: Outcome, theirs: Outcome) -> list[str]:
    """What one concluded and the other did not."""
    return [written_fact(fact) for fact in mine.inference.derived if fact not in theirs.inference.derived]


def _verdicts(mine: Outcome, theirs: Outcome) -> list[str]:
    other = {(one.instrument, one.side): one for one in theirs.verdicts or ()}
    found = []
    for one in mine.verdicts or ():
        beside = other.get((one.instrument, one.side))
        about = f"instrument: {one.instrument}, side: {one.side}"
        if one.outcome == "permitted" and (beside is None or beside.outcome != "permitted"):
            found.append(f"permitted: {{{about}}}")
        for reason in one.reasons:
            if beside is None or reason not in beside.reasons:
                found.append(f"forbidden: {{{about}, reason: {reason}}}")
    return found
