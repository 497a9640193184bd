from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from adapters.store.address import Address
from adapters.store.opening import opened
from adapters.store.requests import Request, answer, ask, open_requests, request

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)


def test_asked_listed_in_order_answered_once(where: Address) -> None:
    with opened(where) as asking, opened(where) as desk:
        kill = ask(asking, NOON, "kill", "Jo Müller", "the feed looks wrong")
        resume = ask(asking, LATER, "resume", "Jo Müller", "it was a split")
        assert open_requests(desk) == (kill, resume)
        assert answer(desk, kill.id, LATER, "done, record 0123")
        assert not answer(asking, kill.id, LATER, "another answer")
        assert open_requests(asking) == (resume,)
        told = request(asking, kill.id)
        assert told == Request(kill.id, NOON, "kill", "Jo Müller", "the feed looks wrong", LATER, "done, record 0123")


@pytest.mark.parametrize("words", [("", "who", "why"), ("kill", " ", "why"), ("kill", "who", "")])
def test_a_request_is_by_a_named_person_for_a_reason(where: Address, words: tuple[str, str, str]) -> None:
    with opened(where) as connection:
        with pytest.raises(ValueError, match="who asks and why"):
            ask(connection, NOON, *words)
        assert open_requests(connection) == ()


def test_what_nobody_asked_cannot_be_answered(where: Address) -> None:
    with opened(where) as connection, pytest.raises(KeyError):
        answer(connection, 1, NOON, "done")


def test_of_many_that_answer_at_once_one_does(where: Address) -> None:
    with opened(where) as connection:
        asked = ask(connection, NOON, "kill", "who", "why")
    together, given = threading.Barrier(6), []

    def contend(words: str) -> None:
        with opened(where) as connection:
            together.wait()
            if answer(connection, asked.id, NOON, words):
                given.append(words)

    threads = [threading.Thread(target=contend, args=(f"answer {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with opened(where) as connection:
        assert given == [request(connection, asked.id).answer]
