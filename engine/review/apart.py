"""Whether two rulebooks can lead one cycle to different decisions: what rules conclude and policies judge, compared.

Rules: a decision takes nothing from a rulebook but the facts that its rules conclude, what its policies say of the
candidates among them, and the owners of the rules that propose; where these are the same for both rulebooks, so is the
decision, but for the words about why others were not proposed. An inference that came to no end leads apart.

Left out: the decision itself, which is made in full where this says that it may be another one.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.candidates import strategies
from engine.orders.portfolio import Portfolio
from engine.standing import portfolio_facts
from knowledge.clips.session import Inference
from knowledge.door import snapshot_from_json
from knowledge.facts import Fact
from knowledge.faults import Faulty
from knowledge.prolog.session import PolicyVerdict, PrologFault
from knowledge.values import Json
from rules.reasoning import Reasoning
from rules.rulebook import Rulebook


@dataclass
class Service:
    """Answers `load` with two rulebooks, then `apart` with a snapshot and a portfolio."""

    books: tuple[Rulebook, ...] = ()

    def answer(self, request: Json) -> Json:
        """The answer to one question; what is wrong with a rulebook comes back as `faults`."""
        try:
            if request["op"] == "load":
                self.books = tuple(Rulebook.from_json(one) for one in request["rulebooks"])
                for book in self.books:
                    Reasoning.of(book)
                return {}
            return {"apart": self._apart(request)}
        except Faulty as error:
            return {"faults": [[one.file, one.line, one.column, one.message] for one in error.faults]}
        except PrologFault as error:
            return {"failed": str(error)}

    def _apart(self, request: Json) -> bool:
        snapshot = snapshot_from_json(request["snapshot"])
        facts = (*snapshot.facts, *portfolio_facts(snapshot, Portfolio.from_json(request["portfolio"])))
        old, new = self.books
        before = Reasoning.of(old).infer(facts)
        after = before if old.rules == new.rules else Reasoning.of(new).infer(facts)
        if before.fault or after.fault:
            return before.fault != after.fault
        if before.derived != after.derived:
            return True
        proposing = [fact for fact in before.derived if fact.template == "candidate"]
        return _owners(old, proposing) != _owners(new, proposing) or (
            old.policies != new.policies and _judged(old, facts, before) != _judged(new, facts, after)
        )


def _owners(book: Rulebook, proposing: list[Fact]) -> list[str | None]:
    owners = strategies(book)
    return [owners.get(fact.word("rule")) for fact in proposing]


def _judged(book: Rulebook, facts: tuple[Fact, ...], inference: Inference) -> tuple[PolicyVerdict, ...]:
    candidates = tuple(fact for fact in inference.derived if fact.template == "candidate")
    return Reasoning.of(book).judge(facts, candidates)
