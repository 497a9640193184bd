"""One delivery against a real server: what counts as one, what does not, and how long it can take."""

from __future__ import annotations

import pytest

from adapters.frame import Failed
from adapters.watch.webhook import NotDelivered, Webhook
from tests.adapters.watch.receiver import DRIP, HANG, receiving


@pytest.mark.parametrize("status", [200, 202, 204])
def test_an_answer_of_the_two_hundreds_is_a_delivery(status: int) -> None:
    with receiving(status) as receiver:
        Webhook(receiver.address).post({"kind": "halted", "count": 1})
        assert receiver.bodies == [{"kind": "halted", "count": 1}]


@pytest.mark.parametrize("status", [301, 404, 500, 503])
def test_any_other_answer_is_none(status: int) -> None:
    with receiving(status) as receiver, pytest.raises(NotDelivered, match=f"answered with status {status}"):
        Webhook(receiver.address).post({})


@pytest.mark.parametrize("conduct", [HANG, DRIP])
def test_no_server_can_stretch_the_time(conduct: str) -> None:
    """One that never answers is cut off, and so is one that keeps each step going with a byte now and then."""
    with receiving(conduct) as receiver, pytest.raises(NotDelivered, match=r"did not answer within 0\.2 s"):
        Webhook(receiver.address, timeout=0.2).post({})


def test_a_server_that_is_gone() -> None:
    with receiving() as receiver:
        address = receiver.address
    with pytest.raises(NotDelivered, match="can not be reached: connection refused"):
        Webhook(address).post({})


def test_a_failure_does_not_tell_the_address() -> None:
    with receiving(500, HANG) as receiver:
        address = receiver.address
        told = []
        for _ in range(2):
            with pytest.raises(NotDelivered) as caught:
                Webhook(address, timeout=0.1).post({})
            told.append(str(caught.value))
    with pytest.raises(NotDelivered) as caught:
        Webhook(address).post({})
    assert not any(word in sentence for sentence in (*told, str(caught.value)) for word in ("secret", "hidden", "127."))


@pytest.mark.parametrize(
    "address", ["", "ftp://host/x", "http://", "https://user:pass@host/x", "http://host:0/", "http://h:x/"]
)
def test_what_is_no_address_is_told_without_it(address: str) -> None:
    with pytest.raises(Failed, match="the webhook's address is none; write `https://host/path`") as caught:
        Webhook(address)
    assert "pass" not in str(caught.value)
