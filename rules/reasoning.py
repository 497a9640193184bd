"""The two inference sessions of one rulebook, built once and kept while the rulebook stays the same.

Native engines allow one owner: whoever holds a `Reasoning` is the process that owns CLIPS and Prolog.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version

from knowledge.clips.session import ClipsImage, Inference
from knowledge.facts import Fact
from knowledge.prolog.session import PolicyVerdict, PrologPolicies
from rules.feeding import feeding_of
from rules.rulebook import Rulebook


class Reasoning:
    """CLIPS and Prolog, loaded with one rulebook."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._image = ClipsImage(rulebook.program)
        self._policies = PrologPolicies([(source.file, source.text) for source in rulebook.policies])
        self.versions: Mapping[str, str] = {"clipspy": version("clipspy"), "pyswip": version("pyswip")}
        self._asked = {name for fed in feeding_of(rulebook.program).rules for name in fed.asks}
        self.remembers = False
        """Whether it answers from memory what it was asked last: for who decides the same facts again and again."""
        self._inferred: tuple[Sequence[Fact], Inference] | None = None
        self._judged: tuple[Sequence[Fact], Sequence[Fact], tuple[PolicyVerdict, ...]] | None = None

    @staticmethod
    @lru_cache(maxsize=4)
    def of(rulebook: Rulebook) -> Reasoning:
        """The sessions of this rulebook; raises `Faulty` where an engine refuses its text."""
        return Reasoning(rulebook)

    def prepare(self) -> None:
        """Make ready for the next cycle while nobody waits."""
        self._image.prepare()
        self._policies.forget()

    def hear(self, facts: Sequence[Fact]) -> None:
        """Take facts that the next cycle will be asked about, so that they are in working memory by then."""
        self._image.hear(facts)
        self._policies.hear(facts)

    def infer(self, facts: Sequence[Fact]) -> Inference:
        """Run the rules, bounded."""
        if not self.remembers:
            return self._image.infer(facts)
        # What no pattern names, no rule sees: the same is concluded by the same firings.
        seen = tuple(fact for fact in facts if fact.template in self._asked)
        if self._inferred is None or self._inferred[0] != seen:
            self._inferred = seen, self._image.infer(facts)
        return self._inferred[1]

    def judge(self, facts: Sequence[Fact], candidates: Sequence[Fact]) -> tuple[PolicyVerdict, ...]:
        """Ask the policies about every candidate, bounded, in their order."""
        if not self.remembers:
            return self._policies.judge(facts, candidates) if candidates else ()
        if self._judged is None or self._judged[:2] != (facts, candidates):
            self._judged = facts, candidates, self._policies.judge(facts, candidates) if candidates else ()
        return self._judged[2]
