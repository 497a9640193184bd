"""Alerts on their way: the first at once, those like it folded, none lost in silence, whatever the webhook does."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from adapters.watch.alerts import Alert
from adapters.watch.delivery import Delivery, Folder
from adapters.watch.webhook import Webhook
from knowledge.values import Json
from tests.adapters.watch.receiver import HANG, receiving

ALERT = Alert("halted", "a limit halted the desk", "d", "d:1", None, None, datetime(2026, 1, 2, tzinfo=UTC))


class Told:
    """What a delivery says became of its alerts."""

    def __init__(self) -> None:
        self.delivered: list[Alert] = []
        self.lost: list[tuple[Alert, str]] = []
        self.anything = threading.Event()

    def on_delivered(self, alert: Alert, seconds: float) -> None:
        assert seconds >= 0
        self.delivered.append(alert)
        self.anything.set()

    def on_lost(self, alert: Alert, reason: str) -> None:
        self.lost.append((alert, reason))
        self.anything.set()


def about(subject: str) -> Alert:
    return replace(ALERT, subject=subject)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 50)), max_size=60))
def test_folding_loses_nothing_and_lets_one_of_a_kind_through_a_window(steps: list[tuple[int, float]]) -> None:
    """However alerts come, what goes out stands for all that came, and two about one thing are a window apart."""
    folder, now, out = Folder(window=60.0), 0.0, list[tuple[float, Alert]]()
    for subject, later in steps:
        now += later
        out += [(now, one) for one in folder.due(now)]
        first = folder.take(about(str(subject)), now)
        out += [(now, first)] if first else []
    end = now + 1000
    out += [(end, one) for one in folder.due(end)]
    for subject in range(4):
        times = [at for at, one in out if one.subject == str(subject)]
        assert sum(one.count for _, one in out if one.subject == str(subject)) == sum(s == subject for s, _ in steps)
        assert all(later - at >= 60 for at, later in pairwise(times))
    assert folder.due(end + 1000) == [] and not folder._held


def test_the_first_goes_out_at_once() -> None:
    folder = Folder()
    assert folder.take(ALERT, 5.0) is ALERT
    assert folder.take(ALERT, 6.0) is None
    assert folder.take(about("another"), 6.0) is not None


def test_one_that_fails_is_tried_again_until_it_is_taken() -> None:
    told = Told()
    with receiving(500, 503, 200) as receiver:
        delivery = Delivery(Webhook(receiver.address), told.on_delivered, told.on_lost, first_wait=0.01)
        delivery.start()
        delivery.take(ALERT)
        (body,) = receiver.wait(1)
        delivery.close()
        assert receiver.asked == 3
    assert body == ALERT.to_json()
    assert (told.delivered, told.lost) == ([ALERT], [])


def test_what_was_folded_goes_out_at_the_end_with_its_count() -> None:
    told = Told()
    with receiving() as receiver:
        delivery = Delivery(Webhook(receiver.address), told.on_delivered, told.on_lost)
        delivery.start()
        for _ in range(7):
            delivery.take(ALERT)
        delivery.close()
        assert [one["count"] for one in receiver.bodies] == [1, 6]


def test_a_webhook_that_hangs_delays_nobody_and_what_it_never_takes_is_told() -> None:
    """The thread waits in the first delivery; the others are taken at once, and at the end all are accounted for."""
    told = Told()
    with receiving(HANG) as receiver:
        delivery = Delivery(Webhook(receiver.address, timeout=0.3), told.on_delivered, told.on_lost, most=3)
        delivery.start()
        for at in range(10):
            delivery.take(about(str(at)))
        delivery.close(farewell=30)
    assert told.delivered == []
    assert sorted(one.subject for one, _ in told.lost) == [str(at) for at in range(10)]
    reasons = {reason for _, reason in told.lost}
    assert reasons <= {"3 alerts were waiting already", "the webhook did not answer within 0.3 s"} and len(reasons) == 2


def test_one_that_is_too_old_is_given_up_and_those_after_it_go_on() -> None:
    told = Told()
    with receiving(500, 500, 500, 200) as receiver:
        delivery = Delivery(Webhook(receiver.address), told.on_delivered, told.on_lost, first_wait=0.01, patience=0.035)
        delivery.start()
        delivery.take(ALERT)
        assert told.anything.wait(30)
        assert [reason for _, reason in told.lost] == ["the webhook answered with status 500"]
        delivery.take(about("the next"))
        receiver.wait(1)
        delivery.close()
    assert [one.subject for one in told.delivered] == ["the next"]


def test_a_poster_that_breaks_is_told_without_its_words() -> None:
    class Broken:
        def post(self, body: Json) -> None:
            raise RuntimeError("https://secret")

    told = Told()
    delivery = Delivery(Broken(), told.on_delivered, told.on_lost, patience=0)
    delivery.start()
    delivery.take(ALERT)
    assert told.anything.wait(30)
    delivery.close()
    assert told.lost == [(ALERT, "the webhook failed: RuntimeError")]


def test_without_a_webhook_nothing_waits() -> None:
    told = Told()
    delivery = Delivery(None, told.on_delivered, told.on_lost)
    delivery.start()
    delivery.take(ALERT)
    delivery.close()
    assert (told.delivered, told.lost) == ([], [])
