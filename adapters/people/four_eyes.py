"""Two persons for one change: who is listed, what they sign, and when their two approvals count.

Rules:
- a *proposal* is an approval by one listed person, and its *seconding* an approval by another that names it: both of
  the same subject, from the same bytes to the same bytes, with the same verdict over the same comparison;
- nobody seconds himself, under another name neither: two persons have two keys;
- where a key is listed for a person, what he approves is signed with it. Where none is, it is *claimed*, and that
  counts only where the desk's settings say that claims do;
- both have a last instant at which they can be used, from a day to ninety days after they were asked for, and are used
  once, together;
- the list of persons is itself a subject: another list comes into force by approvals of two persons of the former one.
  The first list needs nobody's: before it there was nothing to guard.

Left out: what each subject's bytes are, which `adapters.verifying.law` knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from adapters.people.approvals import objection
from knowledge.values import Json, canonical, digest

LIMITS: Final = "limits"
RULES: Final = "rules"
MODELS: Final = "models"
STATES: Final = "states"
KEYS: Final = "keys"
PEOPLE: Final = "people"
GOVERNED: Final = (LIMITS, RULES, MODELS, STATES, KEYS)
"""What a desk can ask two persons for."""
BOUND: Final = ("what", "about", "old", "new", "verdict", "diff", "until")
"""What both persons have to say alike."""
LONGEST_DAYS: Final = 90
Complaint = tuple[str, str]
"""Field and sentence."""


@dataclass(frozen=True)
class Roster:
    """Who may approve what on a desk, with which keys, and for what two persons are needed."""

    four_eyes: tuple[str, ...] = ()
    approve: tuple[str, ...] = ()
    resume: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    claims: bool = False
    """Whether what is only claimed counts, of persons without a key."""

    @classmethod
    def from_json(cls, value: Json) -> Roster:
        """Read what a start record says. Raises `ValueError` where it says something else."""
        try:
            names = {name: tuple(map(_name, value[name])) for name in ("four_eyes", "approve", "resume")}
            keys = {_name(who): _name(key) for who, key in value["keys"].items()}
            claims = value["claims"]
        except (TypeError, KeyError, AttributeError):
            raise ValueError("it is no list of persons") from None
        if not isinstance(claims, bool):
            raise ValueError("it is no list of persons")
        return cls(**names, keys=keys, claims=claims)

    def to_json(self) -> Json:
        """As a start record says it."""
        return {
            "four_eyes": list(self.four_eyes),
            "approve": list(self.approve),
            "resume": list(self.resume),
            "keys": dict(sorted(self.keys.items())),
            "claims": self.claims,
        }

    @property
    def digest(self) -> str:
        """Of its canonical bytes: what two persons approve."""
        return digest(canonical(self.to_json()))

    def governs(self, what: str) -> bool:
        """Whether two persons are needed; for the list itself, where they are for anything."""
        return bool(self.four_eyes) if what == PEOPLE else what in self.four_eyes

    def listed(self, what: str) -> tuple[str, ...]:
        """Who may approve it: those who resume for states, else those who approve."""
        return self.resume if what == STATES else self.approve

    def against(self, approval: Mapping[str, Json]) -> str:
        """Why this person's approval counts for nothing under this list; empty where it counts."""
        who, what = approval.get("who"), subject_of(approval)
        if who not in self.listed(what):
            return f"`{who}` is not among those who approve {what}"
        if found := objection(approval):
            return found
        listed = self.keys.get(str(who))
        if listed is None and "key" in approval:
            return f"no key is listed for `{who}`, and it is signed with one"
        if listed is not None and approval.get("key") != listed:
            return f"it is not signed with the key that is listed for `{who}`"
        if listed is None and not self.claims:
            return f"`{who}` only claims to be he, and claims do not count here"
        return ""


def _instant(written: str) -> datetime:
    """An instant as records write it, which the envelope has checked."""
    return datetime.fromisoformat(written)


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def subject_of(approval: Mapping[str, Json]) -> str:
    """What an approval is about; one that does not say so is about limits."""
    return str(approval.get("what", LIMITS))


def seconding_against(first: Mapping[str, Json], second: Mapping[str, Json]) -> str:
    """Why the second does not second the first; empty where it does."""
    if second.get("proposal") != first.get("record_id"):
        return "it names another proposal"
    if "proposal" in first:
        return "what it seconds is no proposal, but seconds one itself"
    for name in BOUND:
        if first.get(name) != second.get(name):
            return f"its `{name}` is not that of the proposal"
    if first.get("who") == second.get("who"):
        return f"`{first.get('who')}` proposed it himself, and another person has to approve it"
    if "key" in first and first.get("key") == second.get("key"):
        return "both are signed with one key, which is one person's"
    return ""


def window_against(approval: Mapping[str, Json]) -> str:
    """Why the time in which it can be used is none; empty where it is one, or none is given."""
    if "use_by" not in approval:
        return ""
    asked, end = _instant(approval["asked_at"]), _instant(approval["use_by"])
    if not 0 <= (end - asked).total_seconds() <= LONGEST_DAYS * 86_400:
        return f"it is to be used by {approval['use_by']}, which is not within {LONGEST_DAYS} days of when it was asked"
    return ""


def use_against(approval: Mapping[str, Json], at: str) -> str:
    """Why it can not be used at this instant; empty where it can."""
    if "use_by" not in approval:
        return "it does not say by when it is to be used"
    if found := window_against(approval):
        return found
    if _instant(at) > _instant(approval["use_by"]):
        return f"it was to be used by {approval['use_by']}"
    return ""


def pair_against(roster: Roster, first: Mapping[str, Json] | None, second: Mapping[str, Json], at: str) -> str:
    """Why a proposal and its seconding do not bring a change about at this instant; empty where they do."""
    if "proposal" not in second:
        return f"only `{second.get('who')}` has approved it, and two persons are needed"
    if first is None:
        return "the proposal that it seconds does not stand before it, or was used before"
    if found := seconding_against(first, second):
        return found
    return next(
        (found for one in (first, second) for found in (roster.against(one), use_against(one, at)) if found), ""
    )


def pairs(
    approvals: Mapping[str, Json], what: str, old: str, new: str, about: str = ""
) -> Iterator[tuple[Json | None, Json]]:
    """Approvals of this change that stand unused, newest first, each behind the proposal that it seconds."""
    for one in reversed(list(approvals.values())):
        if (subject_of(one), one["old"], one["new"], one.get("about", "")) == (what, old, new, about):
            yield approvals.get(str(one.get("proposal", ""))), one
