"""A process that answers one question after another, and is ended from outside when it does not.

Questions and answers are canonical JSON, one a line. What an engine prints goes to a file of its own and is told with
the answer it belongs to; a process that dies, says nothing for too long or answers nonsense is lost, and the next
question starts another one.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from knowledge.values import Json, canonical, parse

PATIENCE_TO_START = 60.0
_SECRET = ("WARRANT_STORE", "WARRANT_WEBHOOK", "PGPASS")
"""What the process that runs people's rules and policies is not told."""


class Lost(Exception):
    """The process died, hung or answered nonsense; the message says which."""


def serve(answer: Callable[[Json], Json]) -> None:
    """The process: answers from standard input to standard output until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sink = os.fdopen(os.dup(1), "wb")
    # Whatever an engine prints must not be taken for an answer.
    os.dup2(2, 1)
    sink.write(b"\n")
    sink.flush()
    for line in sys.stdin.buffer:
        sink.write(canonical(answer(parse(line))) + b"\n")
        sink.flush()


class Kept:
    """Keeps one process that runs `program`. Use it as a context manager, from one thread."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._left = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def runs(self) -> bool:
        """Whether a process is there that was not lost."""
        return self._process is not None

    def ask(self, request: Json, patience: float) -> tuple[Json, str]:
        """The answer within `patience` seconds, and what was printed meanwhile. Raises `Lost`."""
        return self.ask_written(canonical(request), patience)

    def ask_written(self, request: bytes, patience: float) -> tuple[Json, str]:
        """The same of a request in canonical bytes."""
        try:
            if self._process is None:
                self._start()
            self._write(request + b"\n", patience)
            return parse(self._line(patience)), self._printed()
        except ValueError:
            self.close()
            raise Lost("it answered nonsense") from None
        except BaseException:
            # Interrupted while an answer was under way: nobody may take it for the answer to the next question.
            self.close()
            raise

    def interrupt(self) -> None:
        """From any thread: let the process die, so that whoever waits for its answer gets `Lost` in its place."""
        if (process := self._process) is not None:
            process.kill()

    def close(self) -> None:
        """End the process, at once."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            # Its children too: Prolog text is checked in a process of its own.
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout, self._said):
            if stream is not None:
                stream.close()
        self._left.clear()

    def _start(self) -> None:
        root = Path(__file__).resolve().parents[2]
        path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
        own = {name: value for name, value in os.environ.items() if not name.startswith(_SECRET)}
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, no input of the user
            [sys.executable, "-P", "-c", self._program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**own, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,
        )
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        self._line(PATIENCE_TO_START)

    def _write(self, request: bytes, patience: float) -> None:
        assert self._process is not None and self._process.stdin is not None
        end, descriptor, left = time.monotonic() + patience, self._process.stdin.fileno(), memoryview(request)
        while left:
            if not select.select([], [descriptor], [], max(0.0, end - time.monotonic()))[1]:
                raise Lost(f"it took no question within {patience:g} s")
            try:
                left = left[os.write(descriptor, left) :]
            except BrokenPipeError:
                raise Lost(self._last_words()) from None

    def _line(self, patience: float) -> bytes:
        """What the process writes up to the next line end."""
        assert self._process is not None and self._process.stdout is not None
        end, descriptor = time.monotonic() + patience, self._process.stdout.fileno()
        while (at := self._left.find(b"\n")) < 0:
            if not select.select([descriptor], [], [], max(0.0, end - time.monotonic()))[0]:
                raise Lost(f"it gave no answer within {patience:g} s")
            part = os.read(descriptor, 1 << 16)
            if not part:
                raise Lost(self._last_words())
            self._left += part
        line = bytes(self._left[:at])
        del self._left[: at + 1]
        return line

    def _printed(self) -> str:
        assert self._said is not None
        if os.fstat(self._said.fileno()).st_size == 0:
            return ""
        self._said.seek(0)
        words = self._said.read().decode("utf-8", "replace").strip()
        self._said.seek(0)
        self._said.truncate()
        return words

    def _last_words(self) -> str:
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        code = self._process.returncode
        ending = f"signal {-code}" if code is not None and code < 0 else f"status {code}"
        words = self._printed()
        return f"it ended with {ending}" + (f": {words.splitlines()[-1]}" if words else "")
