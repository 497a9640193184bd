"""The decisions that differ, grouped by the rule behind them: which instruments, what came and what went.

Rules:
- a difference belongs to the rules and policies of which its cause says that they fired, or judged, in one of the two
  only; where none did, to what others were granted beside it, or to the books that came apart earlier;
- *came* and *went* are seen from the new rulebook: a candidate, an exit, a grant that is only there, or only here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from adapters.comparing.comparison import Difference
from knowledge.values import Json

_RULE = re.compile(r"rule (\S+): (?:fired only|came closest)")
_POLICY = re.compile(r"policies in (.+?): judged")
BESIDE = "what others were granted"
BOOKS = "books that came apart earlier"
_GRANTED = ("granted", "cut")


@dataclass
class Group:
    """Differences with one rule behind them."""

    about: str
    decisions: int = 0
    instruments: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    first: str = ""
    last: str = ""

    def take(self, one: Difference) -> None:
        """Count one difference."""
        self.decisions += 1
        self.instruments[one.instrument or "the desk"] += 1
        self.kinds.update(kinds_of(one))
        self.first = min(self.first or one.label, one.label)
        self.last = max(self.last, one.label)

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "about": self.about, "decisions": self.decisions, "first": self.first, "last": self.last,
            "instruments": dict(self.instruments.most_common()), "kinds": dict(self.kinds.most_common()),
        }  # fmt: skip


def grouped(differences: Iterable[Difference]) -> tuple[Group, ...]:
    """The groups, largest first. A difference with two rules behind it counts under both."""
    found: dict[str, Group] = {}
    for one in differences:
        for name in behind(one):
            found.setdefault(name, Group(name)).take(one)
    return tuple(sorted(found.values(), key=lambda group: (-group.decisions, group.about)))


def behind(one: Difference) -> tuple[str, ...]:
    """The rules and policies behind a difference, or what else is."""
    if one.follows is not None or one.cause.kind == "portfolio":
        return (BOOKS,)
    if one.cause.kind != "rulebook":
        return (one.cause.kind,)
    rules = [found[1] for detail in one.cause.details if (found := _RULE.match(detail))]
    policies = [f"policies in {found[1]}" for detail in one.cause.details if (found := _POLICY.match(detail))]
    return tuple(dict.fromkeys((*rules, *policies))) or (BESIDE,)


def kinds_of(one: Difference) -> Iterator[str]:
    """What came and what went in one decision, in words."""
    a, b = (side if isinstance(side, dict) else {} for side in (one.a, one.b))
    if one.cause.kind == "fault":
        yield "no decision in one of the two"
        return
    if "state" in a or "state" in b:
        yield "another trading state"
        return
    told = list(_entry(a, b)) + list(_exit(a.get("exit"), b.get("exit")))
    yield from told or ["another reason why not"]


def _entry(a: Json, b: Json) -> Iterator[str]:
    if ("side" in a) != ("side" in b):
        came = "side" in b
        granted = (b if came else a).get("outcome") in _GRANTED
        yield f"{'granted' if granted else 'denied'} candidate {'came' if came else 'went'}"
        return
    if "side" not in a:
        return
    if a["side"] != b["side"]:
        yield "candidate turned around"
    before, now = (side["outcome"] in _GRANTED for side in (a, b))
    if before != now:
        yield "denial became a grant" if now else "grant became a denial"
    elif a.get("quantity") != b.get("quantity") or a.get("target") != b.get("target"):
        yield "another size"
    elif a.get("rule") != b.get("rule"):
        yield "another rule proposes the same"
    elif (a.get("limit_price"), a.get("stop_price")) != (b.get("limit_price"), b.get("stop_price")):
        yield "another price"
    elif a.get("reasons") != b.get("reasons"):
        yield "denied for other reasons" if not now else "cut for other reasons"


def _exit(a: Json, b: Json) -> Iterator[str]:
    if bool(a) != bool(b):
        yield f"exit {'came' if b else 'went'}"
    elif a and a != b:
        yield "another exit"
