"""Requests to a desk that nobody waits for any more, that somebody edited, or that no terminal can show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters import cli
from adapters.running.intervention import DONE, REFUSED, kill, named, resume
from adapters.running.worker import Worker
from adapters.schedule.letters import LetterBox
from adapters.store import lease, opening, requests
from adapters.store.faults import StoreFailed
from knowledge.faults import Faulty
from tests.attack.stage import SESSIONS, SETTINGS, Stage, desk, limits, records, rulebook, running

ADA = "Ada"
PEOPLE = SETTINGS + f'\n[people]\nresume = ["{ADA}"]\n'


@pytest.fixture(scope="module")
def worker():
    with Worker(rulebook(), limits()) as one:
        yield one


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    (tmp_path / "warrant.toml").write_text(PEOPLE, encoding="utf-8")
    for name in ("rules.clp", "policies.pl", "limits.yaml", "instruments.yaml"):
        (tmp_path / name).write_text("", encoding="utf-8")
    return Stage(desk(tmp_path, PEOPLE))


def asked(stage: Stage, what: str, ago: float = 0.0) -> int:
    with opening.opened(stage.desk.store) as connection:
        return requests.ask(connection, datetime.now(UTC) - timedelta(seconds=ago), what, ADA, "tried").id


def answer_to(stage: Stage, number: int) -> str:
    with opening.opened(stage.desk.store) as connection:
        return requests.request(connection, number).answer or ""


@pytest.mark.parametrize("ago", [30.0, 86_400.0, -60.0])
def test_a_resume_whose_asker_is_gone_ends_no_kill_that_came_after_it(stage: Stage, worker: Worker, ago: float):
    with running(stage, worker) as runner:
        runner.cycle(SESSIONS[0])
    number = asked(stage, "resume", ago)
    kill(stage.desk, "somebody", "smoke")
    with running(stage, worker) as runner:
        LetterBox(stage.desk, runner).look()
        assert runner.standing.killed
    assert answer_to(stage, number).startswith(REFUSED)
    assert [one["state"] for one in records(stage, "state")] == ["killed"]


def test_one_that_was_asked_just_now_is_done(stage: Stage, worker: Worker):
    with running(stage, worker) as runner:
        runner.cycle(SESSIONS[0])
        runner.kill("somebody", "smoke", "2012-03-01T21:00:00Z")
        number = asked(stage, "resume")
        LetterBox(stage.desk, runner).look()
        assert not runner.standing.killed
    assert answer_to(stage, number).startswith(DONE)


def test_a_row_that_was_edited_keeps_no_kill_from_the_desk(stage: Stage, worker: Worker):
    with running(stage, worker) as runner:
        runner.cycle(SESSIONS[0])
        numbers = [asked(stage, what) for what in ("resume", "sell everything", "kill")]
        with opening.opened(stage.desk.store) as connection:
            connection.execute(text("UPDATE request SET asked_at = 'yesterday', who = '', why = ''"))
        LetterBox(stage.desk, runner).look()
        assert runner.standing.killed
    answers = [answer_to(stage, number) for number in numbers]
    assert [one.startswith(DONE) for one in answers] == [False, False, True]


def test_a_lease_that_was_edited_is_a_sentence_and_keeps_no_kill_from_the_log(stage: Stage, worker: Worker):
    now = datetime.now(UTC)
    with running(stage, worker) as runner:
        runner.cycle(SESSIONS[0])
    with opening.opened(stage.desk.store) as connection:
        lease.take(connection, lease.Lease("run", "h", 1, "1", "b", now, now, now + timedelta(hours=1)))
        connection.execute(text("UPDATE lease SET expires_at = 'never'"))
        with pytest.raises(StoreFailed, match="delete the row"):
            lease.current(connection)
    kill(stage.desk, "somebody", "smoke")
    assert [one["state"] for one in records(stage, "state")] == ["killed"]


def test_words_that_are_no_text_neither_stop_a_kill_nor_move_a_terminal(stage: Stage, worker: Worker):
    with running(stage, worker) as runner:
        runner.cycle(SESSIONS[0])
    who, why = named("A\udcff\x1b[31mda", "up\u202edown\x00")
    kill(stage.desk, who, why)
    (found,) = records(stage, "state")
    assert (found["who"], found["why"]) == ("A\ufffd\ufffd[31mda", "up\ufffddown\ufffd")
    assert named("  Zoë   \u0939\u093f\u200d ", "x")[0] == "Zoë \u0939\u093f\u200d", "letters of any script stay"


def test_a_kill_needs_no_file_but_the_settings(stage: Stage, worker: Worker):
    with running(stage, worker) as runner:
        runner.cycle(SESSIONS[0])
    for name in ("rules.clp", "policies.pl", "limits.yaml", "instruments.yaml"):
        (stage.desk.folder / name).unlink()
    assert cli.run(["kill", "--desk", str(stage.desk.folder), "--who", "Bo", "--why", "smoke"]) == 0
    assert [one["state"] for one in records(stage, "state")] == ["killed"]


def test_the_people_of_one_desk_do_not_resume_another(stage: Stage, worker: Worker, tmp_path: Path):
    with running(stage, worker) as runner:
        runner.cycle(SESSIONS[0])
        runner.kill("somebody", "smoke", "2012-03-01T21:00:00Z")
    other = tmp_path / "other"
    other.mkdir()
    text_of = PEOPLE.replace('"stage"', '"mine"') + '\n[store]\npath = "../store/warrant.sqlite"\n'
    (other / "warrant.toml").write_text(text_of, encoding="utf-8")
    (other / "instruments.yaml").write_text((Path(__file__).parents[2] / "instruments.yaml").read_text())
    with pytest.raises(Faulty, match="`name` is `mine`"):
        resume(desk(other, text_of), limits(), ADA, "mine now")
    assert [one["state"] for one in records(stage, "state")] == ["killed"]
