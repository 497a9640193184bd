"""A question in a process of its own: counted budgets inside, and a wall clock outside that ends it.

Who answers is a module of its own (`limits_answers`, `rules_answers`) with `warm`, which imports what answers need, and
`answer`. The process says one byte when that is imported, and from then on has its time: the answer is one canonical
JSON value, then the end of its output. What it prints besides goes to standard error, and is an engine failure.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from adapters.frame import Failed
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, canonical, parse

CAP = 10.0
"""Seconds a question may take."""
PATIENCE_TO_START = 60.0
READY = b"!"
_PROGRAM = "from adapters.asking.process import serve; serve({!r})"
_SECRET = ("WARRANT_STORE", "WARRANT_WEBHOOK", "PGPASS")


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answers: what the questions are about, and the module."""

    about: str
    module: str


LIMITS = Answerer("limits", "adapters.asking.limits_answers")
RULES = Answerer("what rules mean", "adapters.asking.rules_answers")


class TooLate(Exception):
    """The question took longer than it may, and its process was ended from outside."""


def serve(module: str) -> None:
    """The process: one request from standard input, one answer to standard output."""
    sink = os.dup(1)
    # Whatever a solver prints must not be taken for an answer.
    os.dup2(2, 1)
    answerer = import_module(module)
    answerer.warm()
    os.write(sink, READY)
    request = parse(sys.stdin.buffer.read())
    began = time.perf_counter()
    answer = answerer.answer(request)
    answer["milliseconds"] = round((time.perf_counter() - began) * 1000)
    with os.fdopen(sink, "wb") as output:
        output.write(canonical(answer))


def ask(request: Json, cap: float = CAP, answerer: Answerer = LIMITS) -> Json:
    """The answer. Raises `TooLate` after `cap` seconds, `Faulty` for a wrong input, `Failed` for a failed process."""
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    own = {name: value for name, value in os.environ.items() if not name.startswith(_SECRET)}
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, no input of the user
        [sys.executable, "-P", "-c", _PROGRAM.format(answerer.module)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**own, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,
    )
    try:
        output, said = _talk(process, canonical(request), cap)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    return _answer(output, said, answerer.about)


def _answer(output: bytes, said: bytes, about: str) -> Json:
    words = said.decode("utf-8", "replace").strip()
    last = words.splitlines()[-1] if words else "it ended without an answer"
    try:
        answer = parse(output.removeprefix(READY))
    except ValueError:
        raise Failed(f"the process that answers questions about {about} failed: {last}") from None
    if words:
        raise Failed(f"an engine printed while it answered: {last}")
    if "faults" in answer:
        raise Faulty(*(Fault(*fault) for fault in answer["faults"]))
    return answer


def _talk(process: subprocess.Popen[bytes], request: bytes, cap: float) -> tuple[bytes, bytes]:
    """What the process writes to both its outputs until it closes them. Raises `TooLate`."""
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    os.set_blocking(process.stdin.fileno(), False)
    reading = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    output, left = process.stdout.fileno(), memoryview(request)
    open_ends, end = set(reading), time.monotonic() + PATIENCE_TO_START
    ready = False
    while open_ends:
        writing = [process.stdin.fileno()] if left else []
        able, free, _ = select.select(list(open_ends), writing, [], max(0.0, end - time.monotonic()))
        if not able and not free:
            raise TooLate(f"no answer within {cap:g} s" if ready else "the process did not start")
        for one in able:
            part = os.read(one, 1 << 16)
            reading[one] += part
            if not part:
                open_ends.discard(one)
        if free:
            left = _written(process, left)
        if not ready and reading[output]:
            ready, end = True, time.monotonic() + cap
    return bytes(reading[output]), bytes(reading[process.stderr.fileno()])


def _written(process: subprocess.Popen[bytes], left: memoryview) -> memoryview:
    """What is left to write; the input is closed behind the last byte, or where nobody reads it."""
    assert process.stdin is not None
    try:
        left = left[os.write(process.stdin.fileno(), left) :]
    except BrokenPipeError:
        left = left[:0]
    if not left:
        process.stdin.close()
    return left
