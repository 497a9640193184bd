"""What of a market is made of facts as they are told, before the portfolio is known and the decision asked for.

Nothing rests on it: what was made is used where the snapshot holds the very facts that it was made of, and is made
again where it does not. Facts are held, so that no other fact has the identity of one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from operator import is_

from engine.gate.market import Near, Parts, Terms, near_of, parts_of, terms_of
from knowledge.facts import Fact

LAST = "risk"
"""The last of the templates that terms are made of, in the order in which facts are told."""


class Ahead:
    """Terms and near pairs by what they were made of; `threshold` is that of the clusters."""

    def __init__(self, threshold: Fraction) -> None:
        self._threshold = threshold
        self._facts: dict[str, Fact] = {}
        self._terms: dict[str, tuple[Parts, Terms]] = {}
        self._near: dict[int, tuple[Fact, Near]] = {}

    def hear(self, facts: Sequence[Fact]) -> None:
        """Take facts that the next snapshot will hold, and make what can be made of them."""
        self._facts |= {fact.ref: fact for fact in facts}
        for fact in facts:
            if fact.template == "correlations":
                self._near[id(fact)] = fact, near_of(fact, self._threshold)
            elif fact.template == LAST:
                name = fact.word("instrument")
                parts = parts_of(self._find, name)
                # Whether a rate may be missing is known with the account.
                if all(one is not None for one in parts):
                    self._terms[name] = parts, terms_of(name, parts)

    def terms(self, name: str, parts: Parts) -> Terms | None:
        """The terms that are made of these very facts, if they are."""
        known = self._terms.get(name)
        return known[1] if known is not None and all(map(is_, known[0], parts)) else None

    def near(self, found: Fact, threshold: Fraction) -> Near | None:
        """What this very fact says, if it was asked by this threshold."""
        known = self._near.get(id(found))
        return None if known is None or threshold != self._threshold else known[1]

    def _find(self, template: str, *key: str) -> Fact | None:
        return self._facts.get(f"{template}({','.join(key)})")
