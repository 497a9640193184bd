"""The process that owns CLIPS, Prolog and Z3, and its keeper.

A crash in native code ends one cycle, not the desk: the keeper starts a new worker and records what happened. Frames
are a length (4 bytes, big endian) and canonical bytes. The worker's standard output and error are a file of its own:
whatever an engine prints while deciding makes that cycle undetermined, and can not corrupt the frames. A cycle that
takes longer than the keeper's patience is ended from outside; that is an event of the shell, recorded as such.
"""

from __future__ import annotations

import fcntl
import gc
import os
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from adapters.running.teller import Teller, beside
from engine.limits.model import Limits
from engine.orders.portfolio import Portfolio
from knowledge.columns import columns_of
from knowledge.facts import Fact, Snapshot
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, canonical, digest, parse, parse_parts
from rules.rulebook import Rulebook

if TYPE_CHECKING:
    from engine.service import Service
    from engine.verdicts import Silences

PATIENCE = 20.0
"""Seconds a cycle may take before it is ended from outside; budgets inside are counted and end far earlier."""
PATIENCE_TO_LOAD = 60.0
_ENDING = 0.5
"""Seconds that a process which closed its pipes has to end by itself."""
_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "33554432"}
"""Words to glibc: keep what a solver's context frees. To map and fault in 10 MB anew for each takes 6 ms of 6.2."""
_SECRET = ("WARRANT_STORE", "WARRANT_WEBHOOK", "PGPASS")
"""What the process that runs people's rules and policies is not told."""
_PIPE_BYTES = 1 << 20
_MANY = 50_000
"""Objects beyond those that were freed again, from which on garbage is looked for."""
_HEAD = struct.Struct(">I")
_DECIDED = b'{"decision":'
_MOST_BYTES = 1 << 28


class WorkerLost(Exception):
    """The worker died, hung or answered nonsense; the message says which."""


def serve(made: Callable[[Silences], Service] | None = None) -> None:
    """The worker's main loop: frames on the original standard input and output until the input ends.

    `made` makes another service than the one that decides cycles; it is called behind the fork, and imports there.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    spoken = _unnamed_file()
    os.dup2(spoken, 1)
    os.dup2(spoken, 2)
    # Forked before there is an engine.
    with beside((source.fileno(), sink.fileno())) as teller:
        _serve(source, sink, spoken, teller, made)


def _serve(
    source: IO[bytes], sink: IO[bytes], spoken: int, teller: Teller, made: Callable[[Silences], Service] | None
) -> None:
    from engine.service import Service
    from engine.verdicts import spoken_over

    service = Service(silences=teller.silences) if made is None else made(teller.silences)
    gc.disable()
    before, answered, frozen = 0, 0, False
    while (request := _read(source)) is not None:
        answer = service.answer(request)
        if answer is None:
            continue
        said = os.pread(spoken, 2000, before)
        if said:
            answer = canonical(spoken_over(parse(answer), said.decode("utf-8", "replace").strip()))
        before = os.fstat(spoken).st_size
        _write(sink, answer)
        # Garbage is collected while nobody waits for an answer; what loading made stays, and is not looked at again.
        teller.learn(service.rulebook)
        service.rest()
        answered += 1
        # A look takes as long as a small cycle's rules: it waits until there may be something to find.
        if (answered % service.collect_every == 0 and gc.get_count()[0] > _MANY) or not frozen:
            gc.collect()
        if not frozen:
            # Asking the collector how much is frozen would count it all, 2 ms each time.
            gc.freeze()
            frozen = True


class Worker:
    """Keeps one worker process for a rulebook and limits. Use it as a context manager, from one thread."""

    program = "from adapters.running.worker import serve; serve()"
    """What the process runs."""

    def __init__(self, rulebook: Rulebook, limits: Limits, patience: float = PATIENCE) -> None:
        self._bind(rulebook, limits)
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._told: dict[int, Fact] = {}
        """By identity: what the process knows of the next snapshot."""
        self.restarts = 0

    def _bind(self, rulebook: Rulebook, limits: Limits) -> None:
        self._load = canonical({"op": "load", "rulebook": rulebook.to_json(), "limits": limits.source})
        self._law = {"limits": limits.fingerprint, "rulebook": rulebook.fingerprint}

    def rebind(self, rulebook: Rulebook, limits: Limits) -> None:
        """Decide by another law from now on, in a new process. Raises as `start` does."""
        self.close()
        self._bind(rulebook, limits)
        self.start()

    def take_over(self, other: Worker) -> None:
        """Decide by the law of another worker from now on, in its process; the other one is left without any."""
        self.close()
        self._load, self._law = other._load, other._law
        self._process, other._process = other._process, None

    def start(self) -> Self:
        """Start the process. Raises `Faulty` where the engines refuse the rulebook or the limits, `WorkerLost`."""
        if self._process is None:
            self._start()
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process id of the running worker, if there is one."""
        return None if self._process is None else self._process.pid

    def tell(self, facts: Iterable[Fact]) -> None:
        """Say facts that the next snapshot will hold: they are read while the rest of it is made.

        Nothing rests on it: a worker that is lost here is started anew and told everything, and so is one whose
        snapshot came to hold other facts. What it read is what is decided on, by the digest in its answer.
        """
        if self._process is None or self._process.poll() is not None or self._process.stdin is None:
            return
        fresh = {id(fact): fact for fact in facts if id(fact) not in self._told}
        if not fresh:
            return
        frame = b'{"columns":' + columns_of([*fresh.values()]).encode() + b',"op":"tell"}'
        try:
            _write_within(self._process.stdin, frame, self._patience)
        except (OSError, WorkerLost):
            self.close()
        except BaseException:
            # Half a frame is no frame: whatever came next would be taken for the rest of it.
            self.close()
            raise
        else:
            self._told.update(fresh)

    def decide(self, snapshot: Snapshot, portfolio: Portfolio, meanwhile: Callable[[], None] | None = None) -> Json:
        """The decision as JSON; as `decided`."""
        return self.decided(snapshot, portfolio, meanwhile)[0]

    def decided(
        self, snapshot: Snapshot, portfolio: Portfolio, meanwhile: Callable[[], None] | None = None
    ) -> tuple[dict[str, Json], dict[str, bytes]]:
        """The decision: its values by name, and the canonical bytes of each. `meanwhile` is called while it is made.

        Raises `WorkerLost` after ending the worker; the next call starts a new one.
        """
        # Digests are made while it decides, too.
        return self._decide(
            snapshot, portfolio, lambda: {"portfolio": portfolio.digest, "snapshot": snapshot.digest}, meanwhile
        )

    def decide_stored(self, snapshot: bytes, portfolio: bytes) -> Json:
        """The same from canonical bytes as they are stored: a replay decides what the log holds, unparsed."""
        asked = {"portfolio": digest(portfolio), "snapshot": digest(snapshot)}
        return self._decide(snapshot, portfolio, lambda: asked)[0]

    def _decide(
        self,
        snapshot: Snapshot | bytes,
        portfolio: Portfolio | bytes,
        asked: Callable[[], Mapping[str, str]],
        meanwhile: Callable[[], None] | None = None,
    ) -> tuple[dict[str, Json], dict[str, bytes]]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self.restarts += 1
            self._start()
        told, self._told = self._told, {}
        known = 0
        if isinstance(snapshot, Snapshot):
            left = [fact for fact in snapshot.facts if id(fact) not in told]
            # Otherwise something was told that it does not hold.
            known = len(told) if len(left) + len(told) == len(snapshot.facts) else 0
            snapshot = snapshot.told_but(left) if known else snapshot.encoded
        if isinstance(portfolio, Portfolio):
            portfolio = portfolio.encoded
        # The parts are canonical and the keys in order, so the whole is canonical without encoding it again.
        request = b'{"op":"decide","portfolio":%b,"snapshot":%b,"told":%d}' % (portfolio, snapshot, known)
        answer, parts = self._ask(request, self._patience, meanwhile)
        if not _answers(answer, {**self._law, **asked()}):
            self.close()
            raise WorkerLost("the worker was lost: what it answered is no decision on what it was asked")
        return answer["decision"], parts

    def close(self) -> None:
        """End the worker, at once."""
        process, self._process = self._process, None
        self._told = {}
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()

    def _start(self) -> None:
        root = Path(__file__).resolve().parents[2]
        # No empty entry, and no `-c` without `-P`: both would put the folder one stands in among the modules' folders.
        path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
        own = {name: value for name, value in os.environ.items() if not name.startswith(_SECRET)}
        environment = {**own, **_MEMORY, "PYTHONPATH": path}
        command = [sys.executable, "-P", "-c", self.program]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, no input of the user
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        _widen(self._process.stdin, self._process.stdout)
        os.set_blocking(self._process.stdin.fileno(), False)
        answer, _ = self._ask(self._load, PATIENCE_TO_LOAD)
        if "faults" in answer:
            self.close()
            raise Faulty(*(Fault(*fault) for fault in answer["faults"]))

    def _ask(
        self, request: bytes, patience: float, meanwhile: Callable[[], None] | None = None
    ) -> tuple[Json, dict[str, bytes]]:
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        try:
            with self._lost_where_it_fails(process):
                _write_within(process.stdin, request, patience)
            if meanwhile is not None:
                meanwhile()
            with self._lost_where_it_fails(process):
                return _answer(_read_within(process.stdout, patience))
        except BaseException:
            # Interrupted while an answer was under way: nobody may take it for the answer to the next request.
            self.close()
            raise

    @contextmanager
    def _lost_where_it_fails(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, WorkerLost) as error:
            raise WorkerLost(f"the worker was lost: {_ending(process) or error}") from None


def _widen(*pipes: IO[bytes]) -> None:
    """Let a pipe hold a whole request or answer, so that the writer need not wait for the reader."""
    size: int = getattr(fcntl, "F_SETPIPE_SZ", 0)
    for pipe in pipes if size else ():
        # What the system does not grant stays as it is: a narrow pipe is slower, and that is all.
        with suppress(OSError):
            fcntl.fcntl(pipe, size, _PIPE_BYTES)


def _answer(frame: bytes) -> tuple[Json, dict[str, bytes]]:
    """An answer, and the canonical bytes of a decision's values by name. Raises `ValueError`."""
    if not (frame.startswith(_DECIDED) and frame.endswith(b"}}")):
        return parse(frame), {}
    decision, parts = parse_parts(frame[len(_DECIDED) : -1])
    return {"decision": decision}, parts


def _answers(answer: Json, inputs: Mapping[str, str]) -> bool:
    """Whether this is a decision on these inputs, all its warrants included."""
    decision = answer.get("decision") if isinstance(answer, dict) else None
    if not isinstance(decision, dict) or decision.get("inputs") != inputs:
        return False
    warrants = decision.get("warrants")
    return isinstance(warrants, list) and all(isinstance(one, dict) and one.get("inputs") == inputs for one in warrants)


def _ending(process: subprocess.Popen[bytes]) -> str:
    """How the process ended; empty where it runs. A closed pipe can be seen a little before the end behind it."""
    try:
        code = process.wait(_ENDING)
    except subprocess.TimeoutExpired:
        return ""
    return f"it was killed by signal {-code}" if code < 0 else f"it ended with status {code}"


def _unnamed_file() -> int:
    """A file that no other process can open: in memory on Linux, unlinked elsewhere."""
    if sys.platform == "linux":
        return os.memfd_create("warrant-worker-output")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write(sink: IO[bytes], frame: bytes) -> None:
    sink.write(_HEAD.pack(len(frame)) + frame)
    sink.flush()


def _write_within(sink: IO[bytes], frame: bytes, patience: float) -> None:
    """One frame into a pipe that does not block; `WorkerLost` where nobody reads it in time."""
    end, descriptor = time.monotonic() + patience, sink.fileno()
    left = memoryview(_HEAD.pack(len(frame)) + frame)
    while left:
        if not select.select([], [descriptor], [], max(0.0, end - time.monotonic()))[1]:
            raise WorkerLost(f"it took no request within {patience:g} s")
        left = left[os.write(descriptor, left) :]


def _read(source: IO[bytes]) -> bytes | None:
    head = source.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    return source.read(_HEAD.unpack(head)[0])


def _read_within(source: IO[bytes], patience: float) -> bytes:
    """One frame, or `WorkerLost` when the stream ends or the time is over."""
    end, descriptor = time.monotonic() + patience, source.fileno()
    received = bytearray()
    wanted = _HEAD.size
    while len(received) < wanted:
        left = end - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise WorkerLost(f"no answer within {patience:g} s")
        part = os.read(descriptor, wanted - len(received))
        if not part:
            raise WorkerLost("it closed its output")
        received += part
        if wanted == _HEAD.size and len(received) == wanted:
            wanted += _HEAD.unpack(received)[0]
            if wanted > _MOST_BYTES:
                raise WorkerLost("it answered with an impossible length")
    return bytes(received[_HEAD.size :])
