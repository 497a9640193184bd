"""What the policies say of one candidate, with the proof, as values of the record.

A permitted candidate has one proof; a forbidden one has a proof for every reason; an undetermined one has a fault. Each
node carries the goal with its values in Prolog's syntax, so that a stranger can check it, and a sentence to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args, overload

from knowledge.values import Json

Outcome = Literal["permitted", "forbidden", "undetermined"]
Status = Literal["holds", "fails", "absent", "differs"]
"""Of a goal: it was proved; it was tried in vain; no fact or clause speaks of it; the clause is about other values."""


@dataclass(frozen=True, slots=True)
class ProofNode:
    """One goal of a proof. `source` is `file:line` of the policy text, or `snapshot` for a fact of the cycle.

    The status tells how the goal fared; the sentence says what is true, also where the goal failed.
    """

    goal: str
    sentence: str
    source: str
    status: Status
    children: tuple[ProofNode, ...] = ()

    def walk(self) -> Iterator[ProofNode]:
        """This node and all below it, top down."""
        yield self
        for child in self.children:
            yield from child.walk()

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "goal": self.goal,
            "sentence": self.sentence,
            "source": self.source,
            "status": self.status,
            "children": [child.to_json() for child in self.children],
        }

    @classmethod
    def from_json(cls, value: Json) -> ProofNode:
        """Read what `to_json` wrote. Raises `KeyError`, `TypeError`, `ValueError`."""
        if value["status"] not in get_args(Status):
            raise ValueError(f"`{value['status']}` is no status of a goal")
        children = tuple(cls.from_json(child) for child in value["children"])
        return cls(value["goal"], value["sentence"], value["source"], value["status"], children)


class Proofs(Sequence[ProofNode]):
    """Proofs that are put in words when somebody asks for one; how many there are is known before."""

    def __init__(self, count: int, tell: Callable[[], tuple[ProofNode, ...]]) -> None:
        self._count, self._tell = count, tell

    @cached_property
    def told(self) -> tuple[ProofNode, ...]:
        """All of them. Raises what their wording raises."""
        return self._tell()

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> ProofNode: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[ProofNode, ...]: ...
    def __getitem__(self, at: int | slice) -> ProofNode | tuple[ProofNode, ...]:
        return self.told[at]

    def __eq__(self, other: object) -> bool:
        return self.told == (other.told if isinstance(other, Proofs) else other)

    def __hash__(self) -> int:
        return hash(self.told)


@dataclass(frozen=True, slots=True)
class PolicyVerdict:
    """The policies' word on one candidate. `reasons` names the reason of each proof of a forbidden candidate."""

    instrument: str
    side: str
    outcome: Outcome
    proofs: Sequence[ProofNode]
    fault: str | None
    reasons: tuple[str, ...] = ()

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "instrument": self.instrument,
            "side": self.side,
            "outcome": self.outcome,
            "proofs": [proof.to_json() for proof in self.proofs],
            "fault": self.fault,
            "reasons": list(self.reasons),
        }

    @classmethod
    def from_json(cls, value: Json) -> PolicyVerdict:
        """Read what `to_json` wrote. Raises `KeyError`, `TypeError`, `ValueError`."""
        if value["outcome"] not in get_args(Outcome):
            raise ValueError(f"`{value['outcome']}` is no outcome of a policy")
        return cls(
            value["instrument"],
            value["side"],
            value["outcome"],
            tuple(ProofNode.from_json(proof) for proof in value["proofs"]),
            value["fault"],
            tuple(value["reasons"]),
        )
