"""Two persons on a real desk: rules, limits, persons, models and a resume, at a start and while it runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters import cli
from adapters.audit.log import LogReader
from adapters.desk.folder import Desk, read_desk
from adapters.people import seconding
from adapters.people.four_eyes import GOVERNED
from adapters.people.keys import make_key
from adapters.people.proposals import model_change, people_change, rules_change
from adapters.people.seconding import Asked, Done, approve
from adapters.running import intervention
from adapters.running.intervention import DONE, REFUSED, answer
from adapters.running.reloading import Reloading
from adapters.running.runner import Runner
from adapters.running.session import opened
from adapters.running.world import World
from adapters.signing.log_key import _by_two, enrol, log_signer, make_log_key
from adapters.verifying.verification import Check
from adapters.verifying.verify import verify
from engine.orders.portfolio import Mode
from knowledge.faults import Faulty
from knowledge.values import Json
from tests.adapters.test_approvals import LOOSER, OLD
from tests.adapters.test_approvals import edit as edit_limits
from tests.adapters.test_reloading import EXIT, KEPT, edit, records
from tests.shared_run import SharedRun, decide_all

pytestmark = pytest.mark.sqlite_file

ADA, BOB, EVE = "Ada Lovelace", "Bob", "Eve"


@dataclass(frozen=True)
class Place:
    """A desk of two persons, with the keys of three."""

    desk: Desk
    keys: Path

    def asked(self, who: str, reason: str = "it was agreed", **more: int) -> Asked:
        return Asked(who, reason, self.keys / f"{who}.pem", **more)

    def rules(self, who: str) -> Done:
        return approve(self.desk, rules_change(self.desk), self.asked(who))


def persons(keys: dict[str, str], *names: str, four_eyes: tuple[str, ...] = GOVERNED, more: str = "") -> str:
    listed = "".join(f'"{name}" = "{keys[name]}"\n' for name in names if name in keys)
    people = json.dumps(list(names))
    governed = json.dumps(list(four_eyes))
    return f"\n[people]\nfour_eyes = {governed}\napprove = {people}\nresume = {people}\n{more}[people.keys]\n{listed}"


@pytest.fixture(scope="module")
def begun(shared: SharedRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the keys and a desk that has decided two sessions. Only read."""
    folder = tmp_path_factory.mktemp("four-eyes")
    keys = {name: make_key(folder / f"{name}.pem") for name in (ADA, BOB, EVE)}
    (folder / "keys.json").write_text(json.dumps(keys))
    desk = shared.bare(folder / "desk")
    for path in (desk.folder / "rules/cases").glob("*.yaml"):
        if path.name != KEPT:
            path.unlink()
    file = desk.folder / "warrant.toml"
    file.write_text(file.read_text() + persons(keys, ADA, BOB))
    with opened(read_desk(desk.folder), shared.world()) as runner:
        decide_all(runner, "2011-01-04")
    return folder


@pytest.fixture
def place(begun: Path, tmp_path: Path) -> Place:
    shutil.copytree(begun / "desk", tmp_path / "desk")
    return Place(read_desk(tmp_path / "desk"), begun)


@pytest.fixture
def world(shared: SharedRun) -> World:
    return shared.world()


def start(place: Place, world: World, *days: str) -> None:
    with opened(place.desk, world) as runner:
        for day in days:
            runner.cycle(day)


def holds(place: Place) -> None:
    found = verify(place.desk.store)
    assert found.holds, found.first


def test_a_rulebook_at_a_start_needs_two_persons_and_exactly_its_bytes(
    place: Place, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(place.desk, EXIT, "; ", "; Otherwise. ")
    for _ in range(2):
        with pytest.raises(Faulty, match="not the one in force, and nobody has approved it"):
            start(place, world)
    assert [one["outcome"] for one in records(place.desk, "rulebook")] == ["refused"]
    first = place.rules(ADA)
    assert not first.proposer
    assert first.record["key"].startswith("ed25519:")
    with pytest.raises(Faulty, match="has proposed it already"):
        place.rules(ADA)
    with pytest.raises(Faulty, match="only `Ada Lovelace` has approved it"):
        start(place, world)
    where = ["--desk", str(place.desk.folder), "--reason", "I have read it", "--key", str(place.keys / f"{BOB}.pem")]
    assert cli.run(["rules", "approve", "--approve", BOB, *where]) == 0
    assert "proposed by Ada Lovelace, so two persons have approved it" in capsys.readouterr().out
    # Other bytes than those that were approved, and then those again.
    edit(place.desk, EXIT, "; Otherwise. ", "; Otherwise! ")
    with pytest.raises(Faulty, match="nobody has approved it"):
        start(place, world)
    edit(place.desk, EXIT, "; Otherwise! ", "; Otherwise. ")
    start(place, world, "2011-01-05")
    adopted = records(place.desk, "rulebook")[-1]
    assert (adopted["outcome"], adopted["reason"]) == ("adopted", "approved by Bob: I have read it")
    # Used once: the way back needs two persons again.
    edit(place.desk, EXIT, "; Otherwise. ", "; ")
    with pytest.raises(Faulty, match="nobody has approved it"):
        start(place, world)
    holds(place)


def letters(desk: Desk, runner: Runner) -> Callable[..., str]:
    """The letter box of the desk that this process runs."""

    def ask(_: Desk, what: str, who: str, why: str, patience: float) -> str:
        return answer(runner, runner.law.limits, what, who, why, datetime.now(UTC))

    return ask


def test_a_running_desk_waits_for_two_persons(place: Place, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(place.desk, world) as runner:
        monkeypatch.setattr(seconding, "ask", letters(place.desk, runner))
        reloading = Reloading(place.desk, runner)
        before = runner.law.rulebook.fingerprint
        edit(place.desk, EXIT, "; ", "; Otherwise. ")
        for _ in range(2):
            reloading.look()
        assert runner.law.rulebook.fingerprint == before
        (waits,) = records(place.desk, "rulebook")
        assert waits["outcome"] == "refused"
        assert "it passes everything (the rules mean the same), and nobody has approved it" in waits["reason"]
        place.rules(ADA)
        reloading.look()
        assert runner.law.rulebook.fingerprint == before
        place.rules(BOB)
        reloading.look()
        assert runner.law.rulebook.fingerprint == waits["new"]
        runner.cycle("2011-01-05")
    assert [one["outcome"] for one in records(place.desk, "rulebook")] == ["refused", "adopted"]
    holds(place)


def test_the_letter_box_takes_no_approval_that_a_verification_would_not(place: Place, world: World) -> None:
    edit(place.desk, EXIT, "; ", "; Otherwise. ")
    sent: list[str] = []

    def kept(_: Desk, what: str, who: str, why: str, patience: float) -> str:
        sent.append(why)
        return f"{REFUSED}kept"

    whole = pytest.MonkeyPatch()
    whole.setattr(seconding, "ask", kept)
    with pytest.raises(Faulty, match="kept"):
        place.rules(ADA)
    whole.undo()
    letter = json.loads(sent[0])
    record = letter["record"]
    forged: list[Json] = [
        {**record, "reason": "another"},
        {**record, "who": BOB},
        {**record, "new": record["old"]},
        {**record, "use_by": "2099-01-01T00:00:00Z"},
        {name: value for name, value in record.items() if name != "use_by"},
        {**{name: value for name, value in record.items() if name not in ("key", "signature")}, "claimed": True},
        {**record, "proposal": "0" * 16},
        {**record, "seq": 1},
        {**record, "desk": "another"},
        {**record, "kind": "state"},
        {**record, "old": 5},
        {**record, "approved": "by everybody"},
        {},
    ]
    texts = ["", "{", "[]", "null", json.dumps({"record": record}), "[" * 100_000]
    texts += [json.dumps({**letter, "record": one}) for one in forged]
    texts.append(json.dumps({**letter, "blobs": []}))
    with LogReader.read(place.desk.store) as log:
        size = log.size
    edit(place.desk, EXIT, "; Otherwise. ", "; ")
    with opened(place.desk, world) as runner:
        for text in texts:
            said = answer(runner, runner.law.limits, "approve", ADA, text, datetime.now(UTC))
            assert said.startswith(REFUSED), text[:80]
        assert runner.log.size == size
        assert answer(runner, runner.law.limits, "approve", ADA, sent[0], datetime.now(UTC)).startswith(DONE)
    holds(place)


def test_other_persons_come_in_by_two_of_the_former(place: Place, world: World) -> None:
    keys = json.loads((place.keys / "keys.json").read_text())
    file = place.desk.folder / "warrant.toml"
    former = file.read_text()
    own = former.partition("\n[people]")[0]
    # The operator alone takes the guard away, or puts himself in.
    for text in (own, own + persons(keys, ADA, BOB, four_eyes=("limits",)), own + persons(keys, ADA, EVE)):
        file.write_text(text)
        with pytest.raises(Faulty, match="not the persons in force, and nobody has approved them"):
            start(replace(place, desk=read_desk(place.desk.folder)), world)
    new = replace(place, desk=read_desk(place.desk.folder))
    with pytest.raises(Faulty, match="`Eve` is not among those who approve people"):
        approve(new.desk, people_change(new.desk), new.asked(EVE))
    for who in (ADA, BOB):
        done = approve(new.desk, people_change(new.desk), new.asked(who))
    assert done.lines[0] == "approve: Eve comes"
    start(new, world, "2011-01-05")
    last = records(place.desk, "start")[-1]
    assert (last["people"]["approve"], last["approval"]) == ([ADA, EVE], done.record["record_id"])
    # Bob has gone.
    edit(new.desk, EXIT, "; ", "; Otherwise. ")
    with pytest.raises(Faulty, match="`Bob` is not among those who approve rules"):
        new.rules(BOB)
    holds(place)


def test_looser_limits_need_two(place: Place, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    edit_limits(place.desk, OLD, LOOSER)
    where = ["limits", "approve", "--desk", str(place.desk.folder), "--reason", "room", "--until", "2011-01-05"]
    assert cli.run([*where, "--approve", ADA, "--key", str(place.keys / f"{ADA}.pem")]) == 0
    assert "this is the proposal" in capsys.readouterr().out
    assert cli.run([*where, "--approve", BOB, "--key", str(place.keys / f"{BOB}.pem")]) == 0
    capsys.readouterr()
    start(place, world, "2011-01-05", "2011-01-06")
    assert [one["outcome"] for one in records(place.desk, "change")] == ["adopted", "reverted"]
    holds(place)
    assert cli.run(["limits", "history", "--desk", str(place.desk.folder)]) == 0
    adopted = capsys.readouterr().out.partition("adopted")[2]
    assert f"proposed by {ADA}, signed" in adopted
    assert f"approved by {BOB}, signed" in adopted


def test_a_kill_is_free_and_its_end_needs_two(place: Place, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    def asked(what: str, who: str, *more: str) -> int:
        return cli.run([what, "--desk", str(place.desk.folder), "--who", who, "--why", "looked at it", *more])

    def key(who: str) -> tuple[str, str]:
        return "--key", str(place.keys / f"{who}.pem")

    assert asked("kill", "anybody") == 0
    assert asked("resume", ADA) == 2
    assert "signed or nothing" in capsys.readouterr().err
    assert asked("resume", ADA, *key(ADA)) == 1
    assert "a second person has to resume it" in capsys.readouterr().out
    assert asked("resume", ADA, *key(ADA)) == 2
    assert asked("resume", BOB, *key(ADA)) == 2
    assert asked("resume", EVE, *key(EVE)) == 2
    capsys.readouterr()
    assert asked("resume", BOB, *key(BOB)) == 0, capsys.readouterr().out
    # Another kill: what was said about the first does not end it.
    assert asked("kill", "anybody") == 0
    assert asked("resume", BOB, *key(BOB)) == 1
    capsys.readouterr()
    with opened(place.desk, world) as runner:
        said = answer(runner, runner.law.limits, "resume", BOB, "at once", datetime.now(UTC))
        assert said.startswith(REFUSED)
        assert "only `Bob` has approved it" in said
    states = [(one["state"], one["who"], "approval" in one) for one in records(place.desk, "state")]
    assert states == [("killed", "anybody", False), ("active", BOB, True), ("killed", "anybody", False)]
    assert cli.run(["limits", "history", "--desk", str(place.desk.folder)]) == 0
    assert "the limits have not changed" in capsys.readouterr().out
    holds(place)


@pytest.fixture
def another_model(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """From 2011-01-05 on, one head speaks with another model."""
    model, own = f"sha256:{'7' * 64}", world.council.advise

    def advise(day: str) -> list[object]:
        facts = list(own(day))
        if day < "2011-01-05":
            return facts
        return [
            replace(one, slots=tuple((name, model if name == "model" else value) for name, value in one.slots))
            if one.template in ("head", "advisory") and one.word("head") == "technical"
            else one
            for one in facts
        ]

    monkeypatch.setitem(vars(world), "council", SimpleNamespace(advise=advise, prepare=lambda: None))
    return model


def test_a_model_is_silent_until_two_persons_approve_it(place: Place, world: World, another_model: str) -> None:
    start(place, world, "2011-01-05", "2011-01-06")
    refused = [one for one in records(place.desk, "model") if one.get("outcome")]
    assert [(one["head"], one["model"], one["outcome"]) for one in refused] == [("technical", another_model, "refused")]
    for who in (ADA, BOB):
        approve(place.desk, model_change("technical"), place.asked(who))
    start(place, world, "2011-01-07")
    assert records(place.desk, "model")[-1]["approval"]
    speaks = {}
    with LogReader.read(place.desk.store) as log:
        for record in log.records(["decision"]):
            facts = json.loads(log.blob(record["inputs"]["snapshot"]))["facts"]
            speaks[record["period"]] = any(
                template == "advisory" and slots["head"] == "technical" for template, slots in facts
            )
    assert speaks == {
        "2011-01-03": True, "2011-01-04": True, "2011-01-05": False, "2011-01-06": False, "2011-01-07": True,
    }  # fmt: skip
    holds(place)


def test_a_desk_that_has_not_two_persons_does_not_start(shared: SharedRun, tmp_path: Path, begun: Path) -> None:
    keys = json.loads((begun / "keys.json").read_text())
    desk = shared.bare(tmp_path / "desk")
    file = desk.folder / "warrant.toml"
    own = file.read_text()
    same = {ADA: keys[ADA], BOB: keys[ADA]}
    for text, said in (
        (persons(keys, ADA), "needs two different persons under `approve`"),
        (persons({}, ADA, BOB), "has no key"),
        (persons(same, ADA, BOB), "have one key"),
        (persons(keys, ADA, BOB).replace('"limits"', '"limitz"'), "`four_eyes` takes a list of"),
    ):
        file.write_text(own + text)
        with pytest.raises(Faulty, match=said), opened(read_desk(desk.folder), shared.world()):
            pass
    file.write_text(own + persons({}, ADA, BOB, more="claims = true\n"))
    with opened(read_desk(desk.folder), shared.world()) as runner:
        assert runner.standing.law.roster.claims
    assert intervention.kill(read_desk(desk.folder), EVE, "to try it")


def test_a_log_whose_changes_lack_their_approvals_is_found(place: Place, world: World) -> None:
    """The operator runs a program of his own that asks nobody."""
    edit(place.desk, EXIT, "; ", "; Otherwise. ")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adapters.running.session.adopt", lambda runner: None)
        start(place, world, "2011-01-05")
    found = [one.sentence for one in verify(place.desk.store).findings if one.check is Check.SEQUENCE]
    assert found[0] == "the desk starts with a rulebook that no `rulebook` record before it brought into force"
    assert "it was decided by a rulebook that is not in force" in found


def test_a_key_of_the_log_needs_two(place: Place, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """As on a paper desk, whose log names its key; the rest of this desk stays a backtest."""
    make_log_key(place.desk)
    with opened(place.desk, world) as runner:
        runner.mode = Mode.PAPER
        with pytest.raises(Faulty, match="two persons are needed for this key, and nobody has approved it"):
            enrol(runner)
    where = ["keys", "approve", "--desk", str(place.desk.folder), "--reason", "a key of ours"]
    for who in (ADA, BOB):
        assert cli.run([*where, "--approve", who, "--key", str(place.keys / f"{who}.pem")]) == 0
    assert "puts it in force" in capsys.readouterr().out
    with opened(place.desk, world) as runner:
        approval, key = runner.standing.law.approvals, log_signer(place.desk)
        assert key is not None
        runner.mode = Mode.PAPER
        found = _by_two(runner, key.key, place.desk.log_key)
        assert found["approval"] in approval


def test_who_did_what_is_listed(place: Place, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    edit(place.desk, EXIT, "; ", "; Otherwise. ")
    for who in (ADA, BOB):
        place.rules(who)
    start(place, world)
    assert intervention.kill(place.desk, EVE, "it looks wrong")
    assert cli.run(["audit", "people", "--desk", str(place.desk.folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    told = [(row["what"], row["did"], row.get("who"), row.get("proof")) for row in rows]
    assert told[0] == ("people", "in force", None, None)
    assert [one for one in told if one[0] == "models"] == [("models", "promoted", "engine", "engine")] * 4
    assert told[-4:] == [
        ("rules", "proposed", ADA, "signed"),
        ("rules", "approved", BOB, "signed"),
        ("rules", "adopted", rows[-2]["who"], "claimed"),
        ("states", "killed", EVE, "claimed"),
    ]
    assert (rows[-2]["proposed_by"], rows[-2]["approved_by"]) == (ADA, BOB)
    assert cli.run(["audit", "people", "--desk", str(place.desk.folder), "--who", BOB]) == 0
    text = capsys.readouterr().out
    assert "proposed by Ada Lovelace; approved by Bob" in text
    assert "Bob, signed; proposed by Ada Lovelace" in text
    assert cli.run(["audit", "people", "--desk", str(place.desk.folder), "--what", "rule"]) == 2
    capsys.readouterr()
    for more, promotions in (((), 1), (("--what", "models"), 4)):
        assert cli.run(["audit", "people", "--desk", str(place.desk.folder), *more]) == 0
        shown = [one for one in capsys.readouterr().out.splitlines() if "promoted" in one]
        assert len(shown) == promotions
        heads = {row["about"] for row in rows if row["what"] == "models"}
        assert all(any(head in one for one in shown) for head in heads)
    assert cli.run(["audit", "people", "--desk", str(place.desk.folder), "--what", "limits"]) == 0
    assert capsys.readouterr().out == "the limits were not changed\n"
    assert cli.run(["audit", "people", "--desk", str(place.desk.folder), "--what", "limits", "--who", BOB]) == 0
    assert capsys.readouterr().out == "the limits were not changed, by this person or in these days\n"
