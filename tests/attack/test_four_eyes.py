"""Two persons, attacked: whatever is forged, replayed, withheld or put in another order, the log's check names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from adapters.people.approvals import statement
from adapters.people.four_eyes import GOVERNED, Roster
from adapters.people.keys import public_text, signature
from adapters.verifying.governed import ACTIVE, in_force, named
from adapters.verifying.law import LawCheck, LawInForce
from knowledge.values import Json, canonical, digest

ADA, BOB, EVE = "Ada", "Bob", "Eve"
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
ENVELOPE = {"desk": "test", "mode": "paper"}


@cache
def key_of(who: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(digest(who.encode()).encode()[-32:])


def text_of(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def bytes_of(name: str) -> str:
    return digest(canonical(name))


ROSTER = Roster(GOVERNED, (ADA, BOB), (ADA, BOB), {who: public_text(key_of(who)) for who in (ADA, BOB)})
RULES, LIMITS, OTHER = bytes_of("rules"), bytes_of("limits"), bytes_of("other")


@dataclass
class Story:
    """A log in the making, with its check."""

    roster: Roster = ROSTER
    now: datetime = MONDAY
    law: LawInForce = field(default_factory=LawInForce)
    check: LawCheck = field(default_factory=LawCheck)
    found: list[str] = field(default_factory=list)
    count: int = 0

    def begin(self) -> Story:
        self.add("start", rulebook=RULES, limits=LIMITS, changes="approved", people=self.roster.to_json())
        self.add("model", head="technical", model=bytes_of("first"))
        self.decide()
        return self

    def add(self, kind: str, **more: Any) -> Json:
        self.count += 1
        at = text_of(self.now)
        record = {"kind": kind, "record_id": f"{self.count:016x}", "as_of": at, "recorded_at": at, **ENVELOPE, **more}
        self.found += [sentence for _, sentence in self.check.feed(record)]
        self.law.take(record)
        return record

    def decide(self, rulebook: str = RULES, limits: str = LIMITS) -> None:
        self.add("decision", inputs={"rulebook": rulebook, "limits": limits})

    def approval(self, who: str, what: str, new: str, about: str = "", **more: Any) -> Json:
        """A signed approval that nothing stands against, but for what `more` says."""
        found: dict[str, Json] = {
            **({} if what == "limits" else {"what": what}),
            **({"about": about} if about else {}),
            "old": in_force(self.law, what, about),
            "new": new,
            "verdict": "looser",
            "diff": bytes_of("diff"),
            "who": who,
            "reason": "agreed",
            "asked_at": text_of(self.now),
            "use_by": text_of(self.now + timedelta(days=7)),
            **more,
        }
        found = {name: value for name, value in found.items() if value is not None}
        return self.signed(found, who)

    def signed(self, found: Json, who: str) -> Json:
        key = key_of(who)
        found = {**ENVELOPE, **found, "key": public_text(key)}
        return {**found, "signature": signature(key, statement(found))}

    def pair(self, what: str, new: str, about: str = "") -> Json:
        first = self.add("approval", **self.approval(ADA, what, new, about))
        return self.add("approval", **self.approval(BOB, what, new, about, proposal=first["record_id"]))

    def use(self, what: str, new: str, approval: str | None, about: str = "technical") -> None:
        """The change itself."""
        by = {} if approval is None else {"approval": approval}
        if what == "rules":
            self.add("rulebook", old=self.law.rulebook, new=new, outcome="adopted", verdict="wider", reason="x", **by)
        elif what == "limits":
            self.add("change", old=self.law.current, new=new, outcome="adopted", verdict="looser", reason="x", **by)
        elif what == "models":
            self.add("model", head=about, model=new, age=1, **by)
        elif what == "states":
            self.add("state", state="active", who=BOB, why="x", ends=["kill"], **by)
        elif what == "keys":
            self.add("key", action="rotate", vkey="log+1+key", **by)
        else:
            people = OTHERS.to_json() if new == OTHERS.digest else self.roster.to_json()
            self.add("start", rulebook=self.law.rulebook, limits=self.law.current, people=people, **by)


OTHERS = Roster((), (EVE,), (EVE,), {})
CHANGES = {
    "rules": OTHER,
    "limits": OTHER,
    "models": bytes_of("second"),
    "states": ACTIVE,
    "keys": named("log+1+key"),
    "people": OTHERS.digest,
}


def about_of(what: str) -> str:
    return "technical" if what == "models" else ""


def stopped(story: Story) -> Story:
    story.add("state", state="killed", who="anybody", why="it looks wrong")
    return story


@pytest.mark.parametrize("what", CHANGES)
def test_two_persons_bring_a_change_about(what: str) -> None:
    story = stopped(Story().begin())
    story.use(what, CHANGES[what], story.pair(what, CHANGES[what], about_of(what))["record_id"])
    assert story.found == []


def alone(story: Story, what: str, new: str) -> str | None:
    return str(story.add("approval", **story.approval(ADA, what, new, about_of(what)))["record_id"])


def seconded_by(who: str, **more: Any) -> Callable[[Story, str, str], str | None]:
    def made(story: Story, what: str, new: str) -> str:
        first = story.add("approval", **story.approval(ADA, what, new, about_of(what)))
        more_now = {name: value(story) if callable(value) else value for name, value in more.items()}
        seen = more_now.pop("seen", new)
        second = story.approval(who, what, seen, about_of(what), **{"proposal": first["record_id"], **more_now})
        return str(story.add("approval", **second)["record_id"])

    return made


def forged(change: Callable[[Json], Json]) -> Callable[[Story, str, str], str | None]:
    """The seconding, changed after it was signed."""

    def made(story: Story, what: str, new: str) -> str:
        first = story.add("approval", **story.approval(ADA, what, new, about_of(what)))
        second = story.approval(BOB, what, new, about_of(what), proposal=first["record_id"])
        return str(story.add("approval", **change(second))["record_id"])

    return made


def late(story: Story, what: str, new: str) -> str:
    found = str(story.pair(what, new, about_of(what))["record_id"])
    story.now += timedelta(days=7, seconds=1)
    return found


def for_other_bytes(story: Story, what: str, new: str) -> str:
    return str(story.pair(what, bytes_of("what they saw"), about_of(what))["record_id"])


def used_before(story: Story, what: str, new: str) -> str:
    """There, back again with two persons of its own, and there again with the first pair."""
    found = str(story.pair(what, new, about_of(what))["record_id"])
    story.use(what, new, found)
    story.found += [] if what != "states" else ["spent"]
    return found


def for_another_subject(story: Story, what: str, new: str) -> str:
    other = "rules" if what != "rules" else "limits"
    return str(story.pair(other, new)["record_id"])


def named_backwards(story: Story, what: str, new: str) -> str:
    """The change names the proposal, which stands seconded."""
    return str(story.pair(what, new, about_of(what))["proposal"])


def claimed(second: Json) -> Json:
    return {**{name: value for name, value in second.items() if name not in ("key", "signature")}, "claimed": True}


ATTACKS: dict[str, Callable[[Story, str, str], str | None]] = {
    "nobody": lambda story, what, new: None,
    "a record that is not there": lambda story, what, new: "f" * 16,
    "one person": alone,
    "the same person twice": seconded_by(ADA),
    "somebody else": seconded_by(EVE),
    "another verdict": seconded_by(BOB, verdict="tighter"),
    "another comparison": seconded_by(BOB, diff=OTHER),
    "other bytes in the seconding": seconded_by(BOB, seen=bytes_of("else")),
    "no window": seconded_by(BOB, use_by=None),
    "a window of years": seconded_by(BOB, use_by=lambda story: text_of(story.now + timedelta(days=900))),
    "a seconding of nothing": seconded_by(BOB, proposal="e" * 16),
    "a claim in the place of a signature": forged(claimed),
    "a name in the place of another": forged(lambda second: {**second, "who": EVE}),
    "a reason written over": forged(lambda second: {**second, "reason": "no"}),
    "a window written over": forged(lambda second: {**second, "use_by": "2026-03-30T00:00:00Z"}),
    "another desk's": forged(lambda second: {**second, "desk": "another"}),
    "Ada's key under Bob's name": forged(
        lambda second: Story().signed({n: v for n, v in second.items() if n not in ("key", "signature")}, ADA)
    ),
    "too late": late,
    "other bytes": for_other_bytes,
    "another subject": for_another_subject,
    "the proposal alone": named_backwards,
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("what", CHANGES)
def test_an_attack_is_named_and_changes_nothing(what: str, attack: str) -> None:
    story = stopped(Story().begin())
    before = in_force(story.law, what, about_of(what))
    story.use(what, CHANGES[what], ATTACKS[attack](story, what, CHANGES[what]))
    assert story.found
    if what not in ("states", "limits"):
        assert in_force(story.law, what, about_of(what)) == before


@pytest.mark.parametrize("what", ["rules", "limits", "models", "people"])
def test_a_pair_is_used_once(what: str) -> None:
    story = Story().begin()
    before = in_force(story.law, what, about_of(what))
    pair = story.pair(what, CHANGES[what], about_of(what))["record_id"]
    story.use(what, CHANGES[what], pair)
    assert story.found == []
    if what == "people":
        # The list that came in asks for nobody any more.
        return
    story.use(what, before, story.pair(what, before, about_of(what))["record_id"])
    assert story.found == []
    story.use(what, CHANGES[what], pair)
    assert story.found


def test_a_proposal_that_was_used_is_not_played_again() -> None:
    """Ada agreed once, to what was undone since; Bob keeps her words and wants to have it again by himself."""
    story = Story().begin()
    words = story.approval(ADA, "limits", OTHER)
    first = story.add("approval", **words)
    second = story.add("approval", **story.approval(BOB, "limits", OTHER, proposal=first["record_id"]))
    story.use("limits", OTHER, second["record_id"])
    story.use("limits", LIMITS, story.pair("limits", LIMITS)["record_id"])
    assert story.found == []
    story.add("approval", **words)
    assert story.found == ["the very same was approved before, and counts once"]


def test_a_second_kill_makes_what_was_said_about_the_first_void() -> None:
    story = stopped(Story().begin())
    pair = story.pair("states", ACTIVE)["record_id"]
    stopped(story)
    story.use("states", ACTIVE, pair)
    assert story.found == [f"the approval `{pair}` is about something else"]


def test_a_start_slips_nothing_in() -> None:
    base = {"limits": LIMITS, "changes": "approved"}
    starts: list[dict[str, Json]] = [
        {"rulebook": OTHER, "people": ROSTER.to_json()},
        {"rulebook": RULES},
        {"rulebook": RULES, "people": OTHERS.to_json()},
        {"rulebook": RULES, "people": {**ROSTER.to_json(), "claims": True}},
        {"rulebook": RULES, "people": {"four_eyes": []}},
        {"rulebook": RULES, "people": None},
    ]
    for one in starts:
        story = Story().begin()
        story.add("start", **base, **one)
        assert story.found, one
        story.found.clear()
        story.decide(one["rulebook"])
        assert bool(story.found) is (one["rulebook"] != RULES)


def test_a_decision_that_heard_an_unapproved_model_is_named() -> None:
    facts: list[Json] = [["advisory", {"head": "technical", "model": bytes_of("second")}]]
    stored = canonical({"facts": facts})
    check = LawCheck({digest(stored): stored}.__getitem__)
    story = Story(check=check)
    story.add("start", rulebook=RULES, limits=LIMITS, changes="approved", people=ROSTER.to_json())
    story.add("model", head="technical", model=bytes_of("first"))
    inputs = {"rulebook": RULES, "limits": LIMITS, "snapshot": digest(stored)}
    story.add("decision", inputs=inputs)
    assert story.found == []
    story.add("decision", inputs=inputs)
    assert story.found == ["`technical` was heard with a model that is not in force"]


# --- every order of steps, beside an oracle that knows nothing of the check -----------------------------------------

NAMES = [bytes_of(name) for name in "abc"]
STEP = st.one_of(
    st.tuples(st.just("propose"), st.sampled_from([ADA, BOB, EVE]), st.sampled_from(NAMES)),
    st.tuples(st.just("second"), st.sampled_from([ADA, BOB, EVE]), st.integers(0, 5)),
    st.tuples(st.just("use"), st.integers(0, 5), st.sampled_from(NAMES)),
    st.tuples(st.just("wait"), st.integers(1, 5), st.just("")),
)


@given(st.lists(STEP, max_size=14))
def test_no_order_of_steps_brings_a_rulebook_in_that_two_did_not_approve(steps: list[tuple[str, Any, Any]]) -> None:
    story, given_, spent = Story().begin(), list[Json](), set[str]()
    current = RULES
    for step, one, two in steps:
        if step == "wait":
            story.now += timedelta(days=one)
        elif step == "propose":
            given_.append(story.add("approval", **story.approval(one, "rules", two)))
        elif step == "second" and given_:
            first = given_[two % len(given_)]
            more = {"proposal": first["record_id"], "old": first["old"]}
            given_.append(story.add("approval", **story.approval(one, "rules", first["new"], **more)))
        elif step == "use" and given_:
            second = given_[one % len(given_)]
            allowed = approved_by_two(given_, second, current, two, spent, story.now)
            story.found.clear()
            story.use("rules", two, second["record_id"])
            assert (story.found == []) is allowed, story.found
            spent |= {second["record_id"], second.get("proposal", "")}
            current = two if allowed else current
            assert story.law.rulebook == current


def approved_by_two(given_: list[Json], second: Json, old: str, new: str, spent: set[str], now: datetime) -> bool:
    """Said anew, from the records alone: Ada and Bob, one after the other, about this very pair, in time and unused."""
    first = next((one for one in given_ if one["record_id"] == second.get("proposal")), None)
    if first is None or {first["record_id"], second["record_id"]} & spent:
        return False
    return (
        {first["who"], second["who"]} == {ADA, BOB}
        and "proposal" not in first
        and all((one["old"], one["new"]) == (old, new) and text_of(now) <= one["use_by"] for one in (first, second))
    )
