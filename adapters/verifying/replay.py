"""Replays in worker processes: each decision of a log is decided again from its own inputs, several at a time.

A `Replay` is a `Recheck` for `adapters.verifying.verify`: asked about a record it only hands the work on, so that the
walk over the store goes on; `findings` waits for the answers. Each job has a worker process of its own, which loads the
rulebook and the limits that the record names, old ones too, and keeps them while records name the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from adapters.running.worker import PATIENCE, Worker, WorkerLost
from adapters.verifying.verification import Check, Finding, finding_of
from engine.limits.text import recorded_limits
from engine.review.replay import differences, is_outside, permissions
from knowledge.faults import Faulty
from knowledge.values import Json, parse
from rules.rulebook import Rulebook

WAITING_PER_JOB = 4
"""Records that may wait for a job; the walk over the store waits when there are more, so that memory stays flat."""


@dataclass(frozen=True, slots=True)
class Task:
    """One decision to make again: the record and its inputs as stored."""

    record: Json
    snapshot: bytes
    portfolio: bytes
    rulebook: bytes
    limits: bytes


class Replay:
    """Replays decision records. Use it as a context manager, and give it to `verify` as `replay`."""

    def __init__(self, jobs: int, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="replay")
        self._seats = threading.Semaphore(jobs * (1 + WAITING_PER_JOB))
        self._benches: list[_Bench] = []
        self._own = threading.local()
        self._asked: list[tuple[int | None, str | None, Future[list[str]]]] = []
        self.decided = 0
        """Decisions handed to a worker."""
        self.outside = 0
        """Cycles that were ended from outside, and so not decided again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        for bench in self._benches:
            bench.close()

    def __call__(self, record: Json, blob: Callable[[str], bytes]) -> list[str]:
        """What can be said at once; a decision is handed on, and what it shows is among the `findings`."""
        if record.get("kind") != "decision":
            return []
        if is_outside(record):
            self.outside += 1
            return permissions(record)
        inputs = record["inputs"]
        named = {name: inputs[name] for name in ("snapshot", "portfolio", "rulebook", "limits")}
        stored: dict[str, bytes] = {}
        for name, digest in named.items():
            try:
                stored[name] = blob(digest)
            except KeyError:
                return [
                    f"inputs.{name}: nothing readable is stored as `{digest}`, so the cycle cannot be decided again"
                ]
        self._submit(Task(record, **stored))
        return []

    def findings(self) -> list[Finding]:
        """Wait for every decision that was handed on, and return what does not agree."""
        found = []
        for seq, name, future in self._asked:
            found += [finding_of(Check.REPLAY, seq, name, sentence) for sentence in future.result()]
        return found

    def _submit(self, task: Task) -> None:
        self.decided += 1
        self._seats.acquire()
        future = self._pool.submit(self._replay, task)
        future.add_done_callback(lambda _: self._seats.release())
        self._asked.append((task.record["seq"], task.record["record_id"], future))

    def _replay(self, task: Task) -> list[str]:
        bench: _Bench | None = getattr(self._own, "bench", None)
        if bench is None:
            bench = self._own.bench = _Bench(self._patience)
            self._benches.append(bench)
        try:
            return differences(task.record, bench.decide(task))
        except WorkerLost as error:
            return [f"it could not be decided again: {error}"]
        except Faulty as error:
            return [f"its inputs cannot be loaded any more: {error.faults[0]}"]
        except Exception as error:  # noqa: BLE001 - what is stored may be anything; the next record is replayed all the same
            return [f"it could not be decided again: {type(error).__name__}: {error}"]


class _Bench:
    """One job's worker, with the law it has loaded."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._law: tuple[bytes, bytes] | None = None
        self._worker: Worker | None = None

    def decide(self, task: Task) -> Json:
        """Decide one task again. Raises `WorkerLost`, `Faulty`, `ValueError`."""
        law = task.rulebook, task.limits
        if self._worker is None or law != self._law:
            self.close()
            rulebook, limits = Rulebook.from_json(parse(task.rulebook)), recorded_limits(parse(task.limits))
            self._worker, self._law = Worker(rulebook, limits, self._patience), law
        return self._worker.decide_stored(task.snapshot, task.portfolio)

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()
        self._worker = None
