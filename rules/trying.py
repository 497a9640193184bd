"""Trying rules on facts: what fires, what that concludes, what the policies say; and why a rule does not fire.

Questions are answered one after the other by the process that owns the engines: `fire` with the texts of a rulebook
and facts, `why` with the name of a rule and an instrument besides. Facts and answers are canonical JSON values. Faults
of the user come back as `faults`, an engine that cannot run as `failed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from knowledge.door import facts_from_json
from knowledge.facts import Fact
from knowledge.faults import Faulty
from knowledge.prolog.session import PrologFault
from knowledge.values import Json
from rules.matching import bindings, sentence
from rules.nearest import miss_of
from rules.rulebook import Rulebook, Source
from rules.testing.bench import Bench, Outcome


class Service:
    """Holds the engines of the rulebooks that were asked about last."""

    def __init__(self) -> None:
        self._bench = lru_cache(maxsize=4)(_bench)

    def answer(self, request: Json) -> Json:
        """The answer to one question."""
        try:
            bench = self._bench(_sources(request["rules"]), _sources(request["policies"]))
            outcome = bench.outcome(facts_from_json(request["facts"]), request["op"] == "fire")
            return _told(bench, outcome) if request["op"] == "fire" else _why(bench, outcome, request)
        except Faulty as error:
            return {"faults": [[one.file, one.line, one.column, one.message] for one in error.faults]}
        except PrologFault as error:
            return {"failed": str(error)}


def _sources(value: Json) -> tuple[Source, ...]:
    return tuple(Source(file, text) for file, text in value)


def _bench(rules: tuple[Source, ...], policies: tuple[Source, ...]) -> Bench:
    return Bench(Rulebook(rules, policies))


def _told(bench: Bench, outcome: Outcome) -> Json:
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


def _why(bench: Bench, outcome: Outcome, request: Json) -> Json:
    """Why a rule did not conclude anything about an instrument; `miss` is null where it did, or never does."""
    miss = miss_of(bench.rulebook.program, outcome.memory, request["rule"], {"instrument": request["instrument"]})
    return {"fault": outcome.inference.fault, "miss": miss.to_json() if miss else None}
