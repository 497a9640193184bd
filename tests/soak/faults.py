"""The faults of the soak. Each is a generator: it strikes before a cycle, yields, and tidies up after the cycle.

What every fault has in common is what is expected of it: no order is lost or doubled, no record is lost, the books add
up, and the cycles after it run. A fault that ends the process (`DEADLY`) is followed by a start.
"""

from __future__ import annotations

import os
import random
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from decimal import Decimal
from unittest.mock import patch

from adapters.frame import Failed
from adapters.paper.terms import Reason, Rejected
from adapters.running.session import opened
from engine.books.reconcile import Statement
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


def feed_slow(stage: Stage, chance: random.Random) -> Generator[None]:
    """Reading the feed takes longer than the cycle's grace."""
    stage.world.slow.append(7200.0)
    yield
    stage.world.slow.clear()


def clock_forward(stage: Stage, chance: random.Random) -> Generator[None]:
    """Somebody sets the clock four days forward."""
    stage.clock.set_by(4 * 86_400)
    yield


def clock_back(stage: Stage, chance: random.Random) -> Generator[None]:
    """Somebody sets the clock a day back."""
    stage.clock.set_by(-86_400)
    yield


def store_locked_a_moment(stage: Stage, chance: random.Random) -> Generator[None]:
    """Another process holds the store locked for a moment."""
    holder = threading.Thread(target=_hold, args=(stage, 0.5))
    holder.start()
    time.sleep(0.1)
    yield
    holder.join()


def store_locked_for_long(stage: Stage, chance: random.Random) -> Generator[None]:
    """Another process holds the store locked for longer than a desk waits: it ends, and is started again.

    Its patience is shortened for the occasion.
    """
    stage.runner.log._connection.exec_driver_sql("PRAGMA busy_timeout=200")
    holder = threading.Thread(target=_hold, args=(stage, 2.0))
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


def law_changed_before_the_order(stage: Stage, chance: random.Random) -> Generator[None]:
    """A bound changes and the machine dies between a decision's record and its orders: no entry goes out on it.

    It falls, as looser limits would wait for a person's approval.
    """
    limits = stage.world.desk.limits
    text = limits.read_text(encoding="utf-8")
    number = re.search(r"kind: message_rate, bound: ([0-9]+),", text)
    assert number is not None
    other = f"kind: message_rate, bound: {int(number[1]) - 1},"

    def strike(record: Json) -> None:
        if record["kind"] == "decision" and record["warrants"]:
            limits.write_text(text.replace(number[0], other), encoding="utf-8")
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
    honest = broker.statement

    def lying() -> Statement:
        told = honest()
        return replace(told, positions={**told.positions, "S000": told.positions.get("S000", Decimal(0)) + 7})

    with patch.object(broker, "statement", lying):
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
    law_changed_before_the_order,
    feed_slow,
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
