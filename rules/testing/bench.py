"""A rulebook on the bench: what it concludes from the facts of a case, and whether that is what the case expects.

The whole rulebook runs on what is given, in the real engines: the rules, then, where the case asks what they say, the
policies on every candidate, given or concluded. As in a cycle, policies see no conclusion but the candidate. A case
that expects a conclusion passes only if the rule of its file fired, any other only if it did not, so that a conclusion
another rule reached is no proof; with the policy of a file it is the same. What is undetermined never passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.clips.session import ClipsImage, Inference
from knowledge.facts import Fact, value_text
from knowledge.faults import Fault, Faulty
from knowledge.prolog.session import PolicyVerdict, PrologPolicies
from knowledge.templates import vocabulary
from rules.cases import Case, Wanted
from rules.rulebook import Rulebook
from rules.signatures import meant


@dataclass(frozen=True, slots=True)
class Problem:
    """What was not as the case expects, and where the case says so; `closest` are sentences about what came nearest."""

    line: int
    column: int
    message: str
    closest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case went: it passed when nothing is in `problems`."""

    case: Case
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the rulebook made of facts. `verdicts` is None where the policies were not asked."""

    given: tuple[Fact, ...]
    inference: Inference
    verdicts: tuple[PolicyVerdict, ...] | None

    def fired(self, rule: str) -> bool:
        """Whether a rule fired."""
        return any(firing.rule == rule for firing in self.inference.firings)

    def forbade(self, policy: str) -> bool:
        """Whether a policy forbade some candidate."""
        return any(policy in verdict.reasons for verdict in self.verdicts or ())

    @property
    def memory(self) -> tuple[Fact, ...]:
        """All facts at the end."""
        return self.given + self.inference.derived


class Bench:
    """The engines, loaded with one rulebook. Raises `Faulty` where an engine refuses its text.

    Where rules or policies are those of another bench, its engine may be handed over.
    """

    def __init__(
        self, rulebook: Rulebook, image: ClipsImage | None = None, policies: PrologPolicies | None = None
    ) -> None:
        self.rulebook = rulebook
        self.image = image or ClipsImage(rulebook.program)
        self._policies = policies

    @property
    def policies(self) -> PrologPolicies:
        """The policies, loaded when somebody asks them. Raises `Faulty`, `PrologFault`."""
        if self._policies is None:
            self._policies = PrologPolicies([(one.file, one.text) for one in self.rulebook.policies])
        return self._policies

    def outcome(self, given: Sequence[Fact], is_judged: bool) -> Outcome:
        """What the rules conclude and, where asked, what the policies say. Raises `PrologFault`."""
        inference = self.image.infer(given)
        verdicts = None
        if is_judged and inference.fault is None:
            candidates = [fact for fact in (*given, *inference.derived) if fact.template == "candidate"]
            verdicts = self.policies.judge(seen_by_policies(given), candidates)
        return Outcome(tuple(given), inference, verdicts)

    def run(self, case: Case) -> CaseResult:
        """Run one case. Raises `PrologFault` where Prolog itself cannot run."""
        outcome = self.outcome(case.given, asks_policies(case))
        return CaseResult(case, tuple(problems(case, outcome, self)))

    def unknown(self, cases: Sequence[Case]) -> list[Fault]:
        """A fault for each file of cases whose rule or policy the rulebook has not."""
        rules = {rule.name: None for rule in self.rulebook.program.rules}
        found: dict[str, Fault] = {}
        for case in cases:
            if case.kind == "rule" and case.about not in rules:
                near = meant(case.about, rules) or "; check the name after `rule:`"
                found.setdefault(case.file, case.fault(f"there is no rule `{case.about}` in the rulebook{near}"))
            elif case.kind == "policy" and not self._is_reason(case.about):
                near = meant(case.about, dict.fromkeys(self.policies.reasons))
                words = f"no policy forbids anything because of `{case.about}`"
                found.setdefault(case.file, case.fault(words + (near or "; check the name after `policy:`")))
        return list(found.values())

    def _is_reason(self, name: str) -> bool:
        return name in self.policies.reasons or self.policies.reasons_are_open


def seen_by_policies(given: Sequence[Fact]) -> list[Fact]:
    """The facts that policies see: as in a cycle, those of the snapshot and the portfolio."""
    known = vocabulary().templates
    return [fact for fact in given if known[fact.template].origin != "rules"]


def run_cases(rulebook: Rulebook, cases: Sequence[Case]) -> list[CaseResult]:
    """Run cases, in order. Raises `Faulty` where one is about a rule or policy that does not exist, `PrologFault`."""
    bench = Bench(rulebook)
    if unknown := bench.unknown(cases):
        raise Faulty(*unknown)
    return [bench.run(case) for case in cases]


def asks_policies(case: Case) -> bool:
    """Whether a case asks what policies say."""
    return case.kind == "policy" or any(one.is_judged for one in (*case.expect, *case.expect_not))


def is_met(outcome: Outcome, wanted: Wanted) -> bool:
    """Whether what is looked for was concluded, or said by the policies."""
    return next(found(outcome, wanted), None) is not None


def found(outcome: Outcome, wanted: Wanted) -> Iterator[Fact | PolicyVerdict]:
    """What agrees with what is looked for."""
    if wanted.is_judged:
        yield from (one for one in outcome.verdicts or () if _is_said(one, wanted))
    else:
        yield from (fact for fact in outcome.inference.derived if agrees(fact, wanted))


def agrees(fact: Fact, wanted: Wanted) -> bool:
    """Whether a fact holds what is looked for."""
    return fact.template == wanted.template and all(
        value_text(fact[name]) == value for name, value in wanted.slots.items()
    )


def _is_said(verdict: PolicyVerdict, wanted: Wanted) -> bool:
    about = {"instrument": verdict.instrument, "side": verdict.side}
    same = all(about[name] == value for name, value in wanted.slots.items() if name in about)
    reason = wanted.slots.get("reason")
    return same and verdict.outcome == wanted.template and (reason is None or reason in verdict.reasons)


def as_expected(case: Case, outcome: Outcome) -> bool:
    """Whether everything is as the case expects; the same question as `problems`, without the words."""
    return (
        outcome.inference.fault is None
        and all(verdict.fault is None for verdict in outcome.verdicts or ())
        and case.fires in (None, _had_its_say(case, outcome))
        and all(is_met(outcome, one) for one in case.expect)
        and not any(is_met(outcome, one) for one in case.expect_not)
    )


def problems(case: Case, outcome: Outcome, bench: Bench) -> Iterator[Problem]:
    """What is not as the case expects, in words."""
    from rules.testing import closest

    if outcome.inference.fault is not None:
        yield Problem(case.line, case.column, f"the rules did not come to a conclusion: {outcome.inference.fault}")
        return
    for verdict in outcome.verdicts or ():
        if verdict.fault is not None:
            about = f"{verdict.instrument} {verdict.side}"
            yield Problem(case.line, case.column, f"the policies did not judge {about}: {verdict.fault}")
            return
    told = False
    for wanted in case.expect:
        if not is_met(outcome, wanted):
            told = True
            words = closest.to_missing(case, wanted, outcome, bench)
            yield Problem(wanted.line, wanted.column, f"`{wanted}` was not concluded", words)
    for unwanted in case.expect_not:
        for one in found(outcome, unwanted):
            told = True
            name = f"{one.ref}" if isinstance(one, Fact) else f"{one.outcome} {one.instrument} {one.side}"
            words = closest.behind(one, outcome, bench, unwanted)
            yield Problem(unwanted.line, unwanted.column, f"`{name}` was concluded", words)
    spoke = _had_its_say(case, outcome)
    if not told and case.fires not in (None, spoke):
        did = _DID[case.kind][spoke]
        words = closest.to_silence(case, outcome, bench, spoke)
        yield Problem(case.line, case.column, f"`{case.about}` {did}", words)


_DID = {"rule": ("did not fire", "fired"), "policy": ("did not forbid", "forbade")}


def _had_its_say(case: Case, outcome: Outcome) -> bool:
    return outcome.fired(case.about) if case.kind == "rule" else outcome.forbade(case.about)
