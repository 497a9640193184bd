"""Recorded cycles, decided under two rulebooks: what each would have done with the facts that were there.

Rules:
- the rules and policies of both run over the facts and the portfolio of every cycle. Where both conclude and judge the
  same, both decide the same (`engine.review.apart`);
- the other cycles are decided in full under both rulebooks, by the engine of today and the limits of the record:
  candidates, permissions, exits, sizes and grants. A difference is the rulebook's and nothing else's;
- each cycle stands for itself: what a rulebook would have bought before is not in the portfolio. So there is no profit
  or loss here; a stretch of bars has both (`adapters.rulediff.bars`);
- both engines run in processes that are ended where they hang or die; such a cycle is a fault of that side;
- cycles that were ended from outside, missed or without a snapshot have nothing to decide on, and are counted.

Memory holds a few cycles, however many there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from adapters.audit.kinds import period_of
from adapters.audit.reader import LogReader
from adapters.casework.kept import Kept, Lost
from adapters.comparing.comparison import Comparison, compare
from adapters.comparing.sides import Cycle
from adapters.demo.progress import Progress
from adapters.frame import Failed
from adapters.running.worker import PATIENCE, PATIENCE_TO_LOAD, Worker, WorkerLost
from engine.limits.text import recorded_limits
from engine.review.replay import is_outside
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, canonical, parse
from rules.rulebook import Rulebook

AHEAD = 3
"""Cycles that are handed to a side before the first of them is looked at."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Recorded decisions, oldest first, and how many cycles among them had nothing to decide on."""

    records: tuple[Json, ...]
    left_out: int = 0


def stretch(log: LogReader, most: int) -> Stretch:
    """The newest `most` decisions of a log that can be made again."""
    found: list[Json] = []
    left_out = 0
    for record in log.records(["decision", "fault", "missed"], newest_first=True):
        if len(found) == most:
            break
        if record["kind"] == "decision" and not is_outside(record):
            found.append(_asked(record))
        else:
            left_out += 1
    return Stretch(tuple(reversed(found)), left_out)


def decided_again(
    log: LogReader, cycles: Stretch, old: Rulebook, new: Rulebook, jobs: int, progress: Progress
) -> Comparison:
    """What the two rulebooks decide otherwise. Raises `Faulty` where an engine refuses one, `Failed`, `KeyError`."""
    if old == new:
        return Comparison(both=len(cycles.records), same=len(cycles.records))
    apart = parted(log, cycles, (old, new), jobs, progress)
    with ExitStack() as stack:
        sides = [stack.enter_context(Side(log, Stretch(apart), book, PATIENCE)) for book in (old, new)]
        found = compare(*sides)
    same = len(cycles.records) - len(apart)
    found.both += same
    found.same += same
    return found


def parted(
    log: LogReader, cycles: Stretch, books: tuple[Rulebook, Rulebook], jobs: int, progress: Progress
) -> tuple[Json, ...]:
    """The cycles in which rules or policies lead apart, or in which they could not be asked."""
    load = canonical({"op": "load", "rulebooks": [book.to_json() for book in books]})
    found: list[Json] = []
    waiting: deque[tuple[int, Json, Future[bool]]] = deque()

    def settle() -> None:
        at, record, apart = waiting.popleft()
        if apart.result():
            found.append(record)
        progress.step(at, len(cycles.records), period_of(record))

    with ExitStack() as stack:
        sieves = [stack.enter_context(Sieve(load)) for _ in range(jobs)]
        for at, record in enumerate(cycles.records, 1):
            if len(waiting) >= jobs * AHEAD:
                settle()
            waiting.append((at, record, sieves[at % jobs].apart(*_stored(log, record, "portfolio", "snapshot"))))
        while waiting:
            settle()
    return tuple(found)


class Sieve:
    """A process that says of one cycle after another whether two rulebooks lead apart. Use it as a context manager."""

    program = (
        "from adapters.casework.kept import serve; from engine.review.apart import Service; serve(Service().answer)"
    )

    def __init__(self, load: bytes) -> None:
        self._load = load
        self._kept = Kept(self.program)
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._kept.close()

    def apart(self, portfolio: bytes, snapshot: bytes) -> Future[bool]:
        """Whether they do in this cycle; also where the process was lost over it, so that it is decided in full."""
        # The parts are canonical and the keys in order, so the whole is canonical without encoding it again.
        request = b'{"op":"apart","portfolio":%b,"snapshot":%b}' % (portfolio, snapshot)
        return self._pool.submit(self._asked, request)

    def _asked(self, request: bytes) -> bool:
        if not self._kept.runs:
            try:
                _sound(self._kept.ask_written(self._load, PATIENCE_TO_LOAD)[0])
            except Lost as error:
                raise Failed(f"the process that reads both rulebooks was lost: {error}; run `warrant doctor`") from None
        try:
            answer, printed = self._kept.ask_written(request, PATIENCE)
        except Lost:
            return True
        return bool(printed) or bool(_sound(answer)["apart"])


@dataclass
class Side:
    """One rulebook over recorded cycles, as a run that can be compared. Use it as a context manager."""

    log: LogReader
    asked: Stretch
    rulebook: Rulebook
    patience: float
    rest: tuple[Json, ...] = ()
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1), repr=False)
    _worker: Worker | None = None
    _limits: str = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        if self._worker is not None:
            self._worker.close()

    def cycles(self) -> Iterator[Cycle]:
        """Each cycle as this rulebook decides it."""
        waiting: deque[tuple[Json, Future[Json]]] = deque()
        for record in self.asked.records:
            # Read here, as the store belongs to one thread.
            stored = _stored(self.log, record, "snapshot", "portfolio", "limits")
            waiting.append((record, self._pool.submit(self._decide, record, *stored)))
            if len(waiting) > AHEAD:
                yield self._cycle(*waiting.popleft())
        while waiting:
            yield self._cycle(*waiting.popleft())

    def _decide(self, record: Json, snapshot: bytes, portfolio: bytes, limits: bytes) -> Json:
        """The decision in this side's process; why there is none, where it was lost."""
        digest = record["inputs"]["limits"]
        if self._worker is None or digest != self._limits:
            bound = recorded_limits(parse(limits))
            if self._worker is None:
                self._worker = Worker(self.rulebook, bound, self.patience).start()
            else:
                self._worker.rebind(self.rulebook, bound)
            self._limits = digest
        try:
            return self._worker.decide_stored(snapshot, portfolio)
        except WorkerLost as error:
            return {"fault": str(error)}

    def _cycle(self, record: Json, decided: Future[Json]) -> Cycle:
        found = {**record, **decided.result()}
        return Cycle(period_of(record), found, {}, (), self._blob)

    def _blob(self, digest: str) -> Json:
        if digest == self.rulebook.fingerprint:
            return self.rulebook.to_json()
        return parse(self.log.blob(digest))


def _asked(record: Json) -> Json:
    """What is needed of a record to decide its cycle again."""
    inputs = {name: record["inputs"][name] for name in ("snapshot", "portfolio", "limits")}
    return {"kind": "decision", "as_of": record["as_of"], "period": period_of(record), "inputs": inputs}


def _stored(log: LogReader, record: Json, *names: str) -> list[bytes]:
    return [log.blob(record["inputs"][name]) for name in names]


def _sound(answer: Json) -> Json:
    if "faults" in answer:
        raise Faulty(*(Fault(*fault) for fault in answer["faults"]))
    if "failed" in answer:
        raise Failed(f"the policies cannot be asked: {answer['failed']}; see `warrant doctor`")
    return answer
