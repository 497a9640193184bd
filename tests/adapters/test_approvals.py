"""Changes of limits on a real desk: what needs an approval, who gives it, when it ends, what a log's reader sees."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import cli
from adapters.desk.folder import Desk, read_desk
from adapters.desk.settings import read_settings
from adapters.people.approvals import objection, statement
from adapters.people.approving import Asked, approve
from adapters.people.keys import make_key, public_text, read_key, signature
from adapters.running.session import opened
from adapters.running.world import World
from adapters.verifying.law import LawCheck, LawInForce
from adapters.verifying.verification import Check
from adapters.verifying.verify import verify
from engine.limits.text import read_limits
from knowledge.faults import Faulty
from knowledge.values import Json
from tests.adapters.test_runner import records
from tests.shared_run import SharedRun, decide_all

ADA, BOB = "Ada Lovelace", "Bob"
OLD, LOOSER, TIGHTER = (f"by: sector, bound: {bound} %" for bound in (40, 45, 35))


def people(desk: Desk, **keys: str) -> Desk:
    """The desk with two people who approve limits, and these keys."""
    file = desk.folder / "warrant.toml"
    listed = "".join(f'"{name}" = "{key}"\n' for name, key in keys.items())
    text = f"\n[people]\napprove = {json.dumps([ADA, BOB])}\n[people.keys]\n{listed}"
    file.write_text(file.read_text() + text)
    return read_desk(desk.folder)


def edit(desk: Desk, before: str, after: str) -> tuple[str, str]:
    """Change the desk's limits; their text and name."""
    text = desk.limits.read_text(encoding="utf-8")
    assert text.count(before) == 1
    desk.limits.write_text(text.replace(before, after), encoding="utf-8")
    return text.replace(before, after), "limits.yaml"


def changes(desk: Desk) -> list[Json]:
    return [one for one in records(desk) if one["kind"] == "change"]


def decided_by(desk: Desk) -> dict[str, str]:
    """The limits of each decision, by its session."""
    return {one["period"]: one["inputs"]["limits"] for one in records(desk) if one["kind"] == "decision"}


@pytest.fixture(scope="module")
def begun(shared: SharedRun, tmp_path_factory: pytest.TempPathFactory) -> SharedRun:
    """A desk that has decided three sessions. Only read."""
    folder = tmp_path_factory.mktemp("begun")
    with opened(shared.bare(folder), shared.world()) as runner:
        decide_all(runner, "2011-01-05")
    return SharedRun(folder)


@pytest.fixture
def desk(begun: SharedRun, tmp_path: Path) -> Desk:
    return begun.copied(tmp_path / "desk")


@pytest.fixture
def world(shared: SharedRun) -> World:
    return shared.world()


def test_looser_limits_need_a_person_and_hold_to_their_date(
    desk: Desk, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused, then approved with a key for two sessions; behind them the former limits bind again, also after a
    restart, although the file still says otherwise."""
    file = tmp_path / "ada.pem"
    desk = people(desk, **{ADA: make_key(file)})
    former = read_limits(desk.limits.read_text()).fingerprint
    new = read_limits(edit(desk, OLD, LOOSER)[0]).fingerprint
    with pytest.raises(Faulty, match="looser than those in force, and nobody has approved them"), opened(desk, world):
        pass
    assert [(one["outcome"], one["verdict"]) for one in changes(desk)] == [("refused", "looser")]

    where = ["--desk", str(desk.folder), "--reason", "more room in one sector"]
    assert cli.run(["limits", "approve", *where, "--approve", ADA]) == 2
    assert "signed or nothing" in capsys.readouterr().err
    status = cli.run(["limits", "approve", *where, "--approve", ADA, "--key", str(file), "--until", "2011-01-07"])
    said = capsys.readouterr().out
    assert status == 0, said
    assert "portfolio.sector bound: 0.4 → 0.45" in said
    assert "approved by Ada Lovelace (signed with ed25519:" in said
    with opened(desk, world) as runner:
        decide_all(runner, "2011-01-11")
    with opened(desk, world) as runner:
        assert runner.law.limits.fingerprint == former
        decide_all(runner, "2011-01-12")
    by = {day: used == new for day, used in decided_by(desk).items()}
    loose = {"2011-01-06", "2011-01-07"}
    assert by == {day: day in loose for day in by}
    assert sorted(by)[-3:] == ["2011-01-10", "2011-01-11", "2011-01-12"]
    assert [one["outcome"] for one in changes(desk)] == ["refused", "adopted", "reverted"]
    assert verify(desk.store).holds

    assert cli.run(["limits", "history", "--desk", str(desk.folder)]) == 0
    told = capsys.readouterr().out
    assert "adopted" in told and "up to 2011-01-07" in told
    assert "Ada Lovelace, signed" in told and "more room in one sector" in told
    assert cli.run(["limits", "history", "--desk", str(desk.folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [one["outcome"] for one in rows] == ["refused", "approved", "adopted", "reverted"]
    assert {one["current"] for one in rows} == {former, new}


def test_tighter_limits_need_nobody_and_are_recorded(desk: Desk, world: World) -> None:
    edit(desk, OLD, TIGHTER)
    with opened(desk, world) as runner:
        decide_all(runner, "2011-01-06")
    (change,) = changes(desk)
    assert (change["outcome"], change["verdict"]) == ("adopted", "tighter")
    assert len(set(decided_by(desk).values())) == 2
    assert verify(desk.store).holds


def test_an_approval_without_a_key_is_a_claim_of_somebody_who_is_listed(desk: Desk, world: World) -> None:
    desk = people(desk)
    done = approve(desk, edit(desk, OLD, LOOSER), Asked(BOB, "for a\nweek\x1b[31m")).record
    assert done["claimed"] and "signature" not in done
    assert done["reason"] == "for a week\N{REPLACEMENT CHARACTER}[31m"
    # Whoever was struck off the list since approves nothing any more; and a start that is refused again is no event.
    file = desk.folder / "warrant.toml"
    listed = file.read_text()
    file.write_text(listed.replace(f', "{BOB}"', ""))
    for _ in range(2):
        with pytest.raises(Faulty, match="does not count, as `Bob` may not approve limits"), opened(desk, world):
            pass
    file.write_text(listed)
    with opened(desk, world):
        pass
    assert [one["outcome"] for one in changes(desk)] == ["refused", "adopted"]
    assert verify(desk.store).holds


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked("Eve", "x"), r"`Eve` may not approve limits of this desk: `\[people\] approve` of warrant.toml lists"),
        (Asked(BOB, " "), "`--reason` is empty"),
        (Asked(BOB, "x", Path("bob.pem")), r"no key is listed for `Bob`"),
        (Asked(BOB, "x", until="2011-02-30"), "is no date"),
        (Asked(BOB, "x", until="2011-01-05"), "is over: the desk has decided 2011-01-05"),
        (Asked(BOB, "x"), "in force already"),
    ],
)
def test_what_cannot_be_approved_is_told(desk: Desk, asked: Asked, said: str) -> None:
    desk = people(desk)
    text = desk.limits.read_text()
    if "in force" not in said:
        text = text.replace(OLD, LOOSER)
    with pytest.raises(Faulty, match=said):
        approve(desk, (text, "new.yaml"), asked)
    assert not any(one["kind"] == "approval" for one in records(desk))


def test_a_desk_that_decided_nothing_needs_no_approval(shared: SharedRun, tmp_path: Path) -> None:
    desk = people(shared.bare(tmp_path))
    with pytest.raises(Faulty, match="has not decided anything yet"):
        approve(desk, (desk.limits.read_text().replace(OLD, LOOSER), "new.yaml"), Asked(BOB, "x"))
    assert found(start("a"), start("b"), decision("2011-01-03", "b")) == []


# --- keys and signatures ------------------------------------------------------------------------------------------


def test_a_key_is_its_owners_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "key.pem"
    assert cli.run(["keys", "make", ADA, "--key", str(file)]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert file.stat().st_mode & 0o777 == 0o600
    assert line == f'"{ADA}" = "{public_text(read_key(file))}"'
    assert cli.run(["keys", "make", ADA, "--key", str(file)]) == 2
    assert "no key is written over" in capsys.readouterr().err
    file.chmod(0o640)
    with pytest.raises(Faulty, match="others may read this key"):
        read_key(file)
    file.chmod(0o600)
    file.write_text("no key")
    with pytest.raises(Faulty, match="no private key"):
        read_key(file)
    with pytest.raises(Faulty, match="cannot be read"):
        read_key(tmp_path / "nothing.pem")


def test_a_key_in_the_settings_is_a_key(shared: SharedRun) -> None:
    text = (shared.folder / "warrant.toml").read_text() + '\n[people]\napprove = ["A"]\n[people.keys]\n"A" = "KEY"\n'
    for wrong in ("ed25519:", "ed25519:AAAA", "x", "ed25519:" + "!" * 44):
        with pytest.raises(Faulty, match="`keys` takes names with their public keys"):
            read_settings(text.replace("KEY", wrong).encode(), "warrant.toml")


def signed(key: Ed25519PrivateKey, **fields: str) -> Json:
    about = {"desk": "d", "mode": "paper", "old": "a", "new": "b", "verdict": "looser", "diff": "c", "who": ADA,
             "reason": "r", "asked_at": "2026-11-20T09:00:00Z", "key": public_text(key), **fields}  # fmt: skip
    return {**about, "signature": signature(key, statement(about))}


def test_every_word_of_an_approval_is_under_its_signature() -> None:
    key = Ed25519PrivateKey.generate()
    approval = signed(key, until="2027-01-01")
    assert objection(approval) == ""
    other = signed(Ed25519PrivateKey.generate(), until="2027-01-01")
    for name in ("desk", "mode", "old", "new", "verdict", "diff", "who", "reason", "until", "asked_at"):
        assert "not one over this approval" in objection({**approval, name: "other"}), name
    for name in ("key", "signature"):
        assert "not one over this approval" in objection({**approval, name: other[name]}), name
        assert "needs both" in objection({one: value for one, value in approval.items() if one != name})
    assert "not one over this approval" in objection({name: one for name, one in approval.items() if name != "until"})
    assert "said to be claimed" in objection({**approval, "claimed": True})
    assert objection({"who": ADA}) == "it is neither signed nor said to be claimed"


# --- whatever is asked in whatever order ---


class Allowed:
    """The oracle: limits are numbers, more is looser; a day allows what stood first, or a person approved for it."""

    def __init__(self, first: int) -> None:
        self.ends: list[tuple[int, str]] = [(first, "")]

    def on(self, day: str) -> int:
        return max(bound for bound, until in self.ends if not until or day <= until)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("DDAATTLRS"), st.integers(0, 9), st.integers(0, 4)), max_size=25))
def test_no_order_of_changes_decides_beyond_what_was_approved(steps: list[tuple[str, int, int]]) -> None:
    """Every record that the check lets pass is taken; honest verdicts, but any change at any time."""
    law, check, allowed, day = LawInForce(), LawCheck(), Allowed(5), date(2011, 1, 3)

    def passes(record: Json) -> bool:
        probe = deepcopy(check)
        if list(probe.feed(record)):
            return False
        list(check.feed(record))
        law.take(record)
        return True

    assert passes(start("5")) and passes(decision(day.isoformat(), "5"))
    for number, (step, bound, days) in enumerate(steps):
        until = (day + timedelta(days)).isoformat() if days else ""
        named = {"until": until} if until else {}
        change = {"kind": "change", "old": law.current, "new": str(bound), "outcome": "adopted"}
        match step:
            case "D":
                # The former limits or the latest, whichever somebody might decide by on the next day.
                day += timedelta(1)
                for used in {law.current, law.lasting, str(bound)}:
                    if passes(decision(day.isoformat(), used)):
                        assert int(used) <= allowed.on(day.isoformat())
            case "A":
                about = {"old": law.current, "new": str(bound), "verdict": "looser", **named}
                assert passes({"kind": "approval", "record_id": f"{number:016x}", "claimed": True, **about})
                if passes({**change, "verdict": "looser", "approval": f"{number:016x}", **named}):
                    allowed.ends.append((bound, until))
            case "T" if bound <= int(law.current):
                passes({**change, "verdict": "tighter", **({"until": law.until} if law.until and days < 2 else {})})
            case "L" if bound <= int(law.lasting):
                passes({**change, "verdict": "tighter", "against": law.lasting})
            case "R":
                passes({**change, "outcome": "reverted", "verdict": "restored", "new": law.lasting})
            case "S":
                passes({**change, "verdict": "restored", "new": str(bound)})


# --- what a log may not say ---------------------------------------------------------------------------------------


APPROVAL: Json = {"kind": "approval", "record_id": "1" * 16, "old": "a", "new": "b", "verdict": "looser",
                  "claimed": True, "until": "2011-01-05"}  # fmt: skip
ADOPTED: Json = {"kind": "change", "old": "a", "new": "b", "outcome": "adopted", "verdict": "looser",
                 "approval": "1" * 16, "until": "2011-01-05"}  # fmt: skip
REVERTED: Json = {"kind": "change", "old": "b", "new": "a", "outcome": "reverted", "verdict": "restored"}


def start(limits: str) -> Json:
    return {"kind": "start", "limits": limits, "changes": "approved"}


def decision(day: str, limits: str) -> Json:
    return {"kind": "decision", "as_of": f"{day}T21:00:00Z", "period": day, "inputs": {"limits": limits}}


STORY = (
    start("a"), decision("2011-01-03", "a"), APPROVAL, ADOPTED, start("b"), decision("2011-01-05", "b"), REVERTED,
    decision("2011-01-06", "a"), start("a"),
)  # fmt: skip


def found(*story: Json) -> list[str]:
    check = LawCheck()
    return [f"{field}: {sentence}" for record in story for field, sentence in check.feed(record)]


def without(record: Json) -> tuple[Json, ...]:
    return tuple(one for one in STORY if one is not record)


def instead(record: Json, **fields: str) -> tuple[Json, ...]:
    return tuple({**one, **fields} if one is record else one for one in STORY)


def test_a_story_that_holds() -> None:
    assert found(*STORY) == []
    # What an earlier release recorded, it recorded without approvals.
    plain = {"kind": "start", "limits": "b"}
    assert found({**plain, "limits": "a"}, decision("2011-01-03", "a"), plain, decision("2011-01-04", "b")) == []


@pytest.mark.parametrize(
    ("story", "said"),
    [
        (without(APPROVAL), "approval: no approval `1111111111111111` stands before this change"),
        (without(ADOPTED), "limits: the desk starts with limits that no `change` before it brought into force"),
        (without(REVERTED), "inputs.limits: it was decided under limits that are not in force"),
        ((*STORY[:6], decision("2011-01-06", "b")), "inputs.limits: the approval of these limits ended on 2011-01-05"),
        (instead(ADOPTED, new="c"), "approval: the approval `1111111111111111` is about other limits"),
        (instead(ADOPTED, until="2012-01-05"), "approval: the approval `1111111111111111` is about other limits"),
        ((*STORY, ADOPTED), "approval: no approval `1111111111111111` stands before this change, or it was used"),
        ((*STORY[:2], {**REVERTED, "old": "a", "new": "b"}), "new: limits revert to the lasting ones alone"),
        (instead(APPROVAL, old="z"), "old: these limits were not in force when the approval was recorded"),
        (instead(APPROVAL, signature="x"), "signature: it is signed and said to be claimed"),
        (
            tuple({name: value for name, value in one.items() if name != "approval"} for one in STORY),
            "approval: limits that are looser were adopted and no approval is named",
        ),
        (
            (*STORY[:6], {**ADOPTED, "old": "b", "new": "c", "verdict": "tighter", "until": "2019-01-01"}),
            "approval: no approval",
        ),
        (
            (*STORY[:6], {"kind": "change", "old": "b", "new": "c", "outcome": "adopted", "verdict": "tighter"}),
            "against: limits in force for a time are replaced for good",
        ),
        (
            (*STORY[:6], {"kind": "change", "old": "b", "new": "c", "outcome": "adopted", "verdict": "restored"}),
            "verdict: these limits are not the lasting ones",
        ),
    ],
)
def test_a_story_that_does_not_hold(story: tuple[Json, ...], said: str) -> None:
    assert any(one.startswith(said) for one in found(*story)), found(*story)


def test_the_verification_of_a_log_names_the_record(desk: Desk, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that takes looser limits without asking anybody leaves a log that says so."""
    edit(desk, OLD, LOOSER)
    monkeypatch.setattr("adapters.running.session.settle", lambda runner: None)
    with opened(desk, world) as runner:
        decide_all(runner, "2011-01-06")
    verdict = verify(desk.store)[Check.SEQUENCE]
    assert [one.field for one in verdict.findings] == ["limits", "inputs.limits"]
    assert "no `change` before it" in str(verdict.findings[0])
