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
from rules.rulebook import Rulebook


class Reasoning:
    """CLIPS and Prolog, loaded with one rulebook."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._image = ClipsImage(rulebook.program)
        self._policies = PrologPolicies([(source.file, source.text) for source in rulebook.policies])
        self.versions: Mapping[str, str] = {"clipspy": version("clipspy"), "pyswip": version("pyswip")}

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
        return self._image.infer(facts)

    def judge(self, facts: Sequence[Fact], candidates: Sequence[Fact]) -> tuple[PolicyVerdict, ...]:
        """Ask the policies about every candidate, bounded, in their order."""
        return self._policies.judge(facts, candidates) if candidates else ()
