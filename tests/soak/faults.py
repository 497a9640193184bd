"""The faults of the soak. Each is a generator: it strikes before a cycle, yields, and tidies up after the cycle.

What every fault has in common is what is expected of it: no order is lost or doubled, no record is lost, the books add
up, and the cycles after it run. A fault that ends the process (`DEADLY`) is followed by a start.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from unittest.mock import patch

from adapters.frame import Failed
from adapters.paper.terms import Reason, Rejected
from adapters.running.session import opened
from knowledge.values import Json
from tests.soak.stage import Stage, die

Fault = Callable[[Stage, random.Random], Generator[None]]


def worker_killed(stage: Stage, chance: random.Random) -> Generator[None]:
    """The worker is killed while it decides."""
    pid = stage.runner.worker.pid
    assert pid is not None
    strike = threading.Timer(chance.uniform(0, 0.01), os.kill, (pid, signal.SIGKILL))
    strike.start()
    yield
    strike.join()


def worker_hung(stage: Stage, chance: random.Random) -> Generator[None]:
    """The worker hangs; the shell's patience is shortened for the occasion."""
    worker = stage.runner.worker
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    with patch.object(worker, "_patience", 0.3):
        yield


def feed_gone(stage: Stage, chance: random.Random) -> Generator[None]:
    """The feed gives nothing until the cycle's grace is over."""
    stage.world.failing.append("no route to the feed")
    yield
    stage.world.failing.clear()


def feed_late(stage: Stage, chance: random.Random) -> Generator[None]:
    """The feed fails twice and then has the bars."""
    looks = iter(("connection reset", "connection reset"))
    stage.world.failing.append("connection reset")
    original = stage.clock.wait_until

    def waiting(moment: object) -> None:
        if next(looks, None) is None:
            stage.world.failing.clear()
        original(moment)  # type: ignore[arg-type]

    with patch.object(stage.clock, "wait_until", waiting):
        yield
    stage.world.failing.clear()


def clock_forward(stage: Stage, chance: random.Random) -> Generator[None]:
    """Somebody sets the clock four days forward."""
    stage.clock.set_by(4 * 86_400)
    yield


def clock_back(stage: Stage, chance: random.Random) -> Generator[None]:
    """Somebody sets the clock a day back."""
    stage.clock.set_by(-86_400)
    yield


def store_locked_a_moment(stage: Stage, chance: random.Random) -> Generator[None]:
    """Another process holds the store locked for a second."""
    holder = threading.Thread(target=_hold, args=(stage, 1.0))
    holder.start()
    time.sleep(0.1)
    yield
    holder.join()


def store_locked_for_long(stage: Stage, chance: random.Random) -> Generator[None]:
    """Another process holds the store locked for longer than a desk waits: it ends, and is started again."""
    holder = threading.Thread(target=_hold, args=(stage, 7.0))
    holder.start()
    time.sleep(0.1)
    try:
        yield
    finally:
        holder.join()


def store_read_only(stage: Stage, chance: random.Random) -> Generator[None]:
    """The store takes no more writes: the desk ends, and is started again."""
    stage.runner.log._connection.exec_driver_sql("PRAGMA query_only=ON")
    yield


def disk_full(stage: Stage, chance: random.Random) -> Generator[None]:
    """The store can not grow: the desk ends, and is started again."""
    stage.runner.log._connection.exec_driver_sql("PRAGMA max_page_count=1")
    yield


def power_cut_before_the_order(stage: Stage, chance: random.Random) -> Generator[None]:
    """The machine dies between a decision's record and its orders, at the next decision that has any."""

    def strike(record: Json) -> None:
        if record["kind"] == "decision" and record["warrants"]:
            die()

    stage.listener.on_record = strike
    yield


def power_cut_after_any_record(stage: Stage, chance: random.Random) -> Generator[None]:
    """The machine dies right after one of the next records."""
    left = [chance.randint(1, 6)]

    def strike(record: Json) -> None:
        left[0] -= 1
        if not left[0]:
            die()

    stage.listener.on_record = strike
    yield


def power_cut_at_any_time(stage: Stage, chance: random.Random) -> Generator[None]:
    """The machine dies at a random moment of the next cycles."""
    threading.Timer(chance.uniform(0, 0.05), die).start()
    yield


def broker_rejects(stage: Stage, chance: random.Random) -> Generator[None]:
    """The venue refuses every order of the cycle."""

    def refuse(*_: object) -> None:
        raise Rejected(Reason.NOT_LISTED, "the venue does not take it today")

    with patch.object(stage.runner.standing.broker, "_check_world", refuse):
        yield


def broker_lies(stage: Stage, chance: random.Random) -> Generator[None]:
    """The venue says that the account holds what it does not hold."""
    broker = stage.runner.standing.broker
    held = {**broker.positions(), "S000": broker.positions().get("S000", 0) + 7}
    with patch.object(broker, "positions", lambda: held):
        yield


def second_instance(stage: Stage, chance: random.Random) -> Generator[None]:
    """Somebody starts the desk a second time: the second one refuses, or ends at its first record."""
    try:
        with opened(stage.world.desk, stage.world) as other:
            other.start({"second": "instance"})
        raise AssertionError("two processes run one desk")
    except Failed:
        yield


def killed_and_resumed(stage: Stage, chance: random.Random) -> Generator[None]:
    """A person kills the desk and another one resumes it after the cycle."""
    now = stage.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    stage.runner.kill("Kim Desk", "soak", now)
    yield
    stage.runner.resume("Ada Risk", "soak is over", now, stage.runner.law.limits)


FAULTS: tuple[Fault, ...] = (
    worker_killed,
    power_cut_before_the_order,
    feed_gone,
    store_locked_a_moment,
    broker_rejects,
    power_cut_at_any_time,
    clock_forward,
    killed_and_resumed,
    store_read_only,
    worker_hung,
    power_cut_after_any_record,
    feed_late,
    broker_lies,
    disk_full,
    clock_back,
    second_instance,
    store_locked_for_long,
)


def _hold(stage: Stage, seconds: float) -> None:
    connection = sqlite3.connect(stage.world.desk.store, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    time.sleep(seconds)
    connection.execute("ROLLBACK")
    connection.close()
