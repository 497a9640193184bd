"""Trying rules on facts: what fires, what that concludes, what the policies say; and why a rule does not fire.

Questions are answered one after the other by the process that owns the engines: `fire` with the texts of a rulebook
and facts; `why`, `walk` and `change` with the name of a rule and an instrument besides; `judge` with the name of a
reason to forbid. Facts and answers are canonical JSON values. Faults
of the user come back as `faults`, an engine that cannot run as `failed`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from knowledge.door import admit, facts_from_json
from knowledge.facts import Fact
from knowledge.faults import Faulty
from knowledge.prolog.session import PrologFault
from knowledge.values import Json
from rules.held import walked
from rules.least_change import least_change
from rules.matching import bindings, sentence
from rules.nearest import miss_of
from rules.rulebook import Rulebook, Source
from rules.testing.bench import Bench, seen_by_policies
from rules.testing.closest import about_reason


class Service:
    """Holds the engines of the rulebooks that were asked about last."""

    def __init__(self) -> None:
        self._bench = lru_cache(maxsize=4)(_bench)

    def answer(self, request: Json) -> Json:
        """The answer to one question."""
        try:
            bench = self._bench(_sources(request["rules"]), _sources(request["policies"]))
            return _ANSWERS[request["op"]](bench, facts_from_json(request["facts"]), request)
        except Faulty as error:
            return {"faults": [[one.file, one.line, one.column, one.message] for one in error.faults]}
        except PrologFault as error:
            return {"failed": str(error)}


def _sources(value: Json) -> tuple[Source, ...]:
    return tuple(Source(file, text) for file, text in value)


def _bench(rules: tuple[Source, ...], policies: tuple[Source, ...]) -> Bench:
    return Bench(Rulebook(rules, policies))


def _fire(bench: Bench, facts: Sequence[Fact], request: Json) -> Json:
    outcome = bench.outcome(facts, True)
    rules = {rule.name: rule for rule in bench.rulebook.program.rules}
    known = {fact.ref: fact for fact in outcome.memory}
    firings = []
    for firing in outcome.inference.firings:
        matched: Sequence[Fact | None] = [None if ref is None else known[ref] for ref in firing.matched]
        said = sentence(rules[firing.rule], bindings(rules[firing.rule], matched))
        firings.append([firing.rule, said, list(firing.concluded)])
    verdicts = [[one.instrument, one.side, one.outcome, list(one.reasons)] for one in outcome.verdicts or ()]
    return {
        "fault": outcome.inference.fault,
        "firings": firings,
        "derived": [fact.ref for fact in outcome.inference.derived],
        "verdicts": verdicts,
    }


def _why(bench: Bench, facts: Sequence[Fact], request: Json) -> Json:
    """Why a rule did not conclude anything about an instrument; `miss` is null where it did, or never does."""
    outcome = bench.outcome(facts, False)
    miss = miss_of(bench.rulebook.program, outcome.memory, request["rule"], _about(request))
    return {"fault": outcome.inference.fault, "miss": miss.to_json() if miss else None}


def _walk(bench: Bench, facts: Sequence[Fact], request: Json) -> Json:
    """Its conditions one by one, and what it says where it fired; null where it concludes nothing such."""
    outcome = bench.outcome(facts, False)
    program = bench.rulebook.program
    rule = next(one for one in program.rules if one.name == request["rule"])
    found = walked(program, outcome.memory, rule, _about(request))
    if found is None:
        return {"fault": outcome.inference.fault, "walked": None}
    conditions = [[one.words, one.state, one.fact] for one in found.conditions]
    return {"fault": outcome.inference.fault, "walked": {"conditions": conditions, "sentence": found.sentence}}


def _change(bench: Bench, facts: Sequence[Fact], request: Json) -> Json:
    """The smallest change of facts that fires it; null where none was found."""
    program = bench.rulebook.program
    found = least_change(program, facts, request["rule"], request["instrument"], bench.image.infer)
    if found is None:
        return {"changes": None}
    described = [[one.words, one.after.to_json() if one.after else None, one.ref] for one in found]
    return {"changes": described}


def _judge(bench: Bench, facts: Sequence[Fact], request: Json) -> Json:
    """What the policies say of the candidates of an instrument, and what decides about one reason to forbid.

    Where the rules propose nothing, they are asked about a candidate of each side: what would be said of it.
    """
    outcome = bench.outcome(facts, True)
    instrument, reason = request["instrument"], request["reason"]
    candidates = [one for one in outcome.memory if one.template == "candidate" and one["instrument"] == instrument]
    supposed = not candidates
    if supposed:
        slots = {"instrument": instrument, "horizon": "swing", "conviction": "0.75", "rule": "supposed"}
        candidates = [admit("candidate", {**slots, "side": side}) for side in ("long", "short")]
    told = seen_by_policies(facts)
    verdicts = [
        [one.side, one.outcome, list(one.reasons), one.fault, list(about_reason(one, candidate, reason, told, bench))]
        for one, candidate in zip(bench.policies.judge(told, candidates), candidates, strict=True)
    ]
    return {"fault": outcome.inference.fault, "supposed": supposed, "verdicts": verdicts}


def _about(request: Json) -> dict[str, str]:
    return {"instrument": request["instrument"]} if request["instrument"] else {}


_ANSWERS: Mapping[str, Callable[[Bench, Sequence[Fact], Json], Json]] = {
    "fire": _fire,
    "why": _why,
    "walk": _walk,
    "change": _change,
    "judge": _judge,
}
