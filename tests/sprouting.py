"""Processes of engines that need not import everything anew: they are forked from one that has imported it.

The tests start hundreds of workers, and half of what a start costs is imports. One process a run of pytest imports
what they need and loads no engine; each start that would run one of `PROGRAMS` in a new interpreter is forked from it,
twice, so that what comes of it is a child of pytest as any other: waited for, killed and measured as such. Everything
else, and every test marked `real_start`, starts what Warrant itself starts.

What is not the same: the hash seed (one for all that are forked), the words to glibc about memory, the command line.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
import traceback
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import IO, Any, NoReturn

import pytest

from adapters.asking import process
from adapters.casework import kept
from adapters.running import worker

STARTING = (worker, kept, process)
"""The modules that start processes of engines."""
MODULES = (
    "adapters.asking.limits_answers",
    "adapters.asking.process",
    "adapters.asking.proving",
    "adapters.asking.rules_answers",
    "adapters.casework.kept",
    "adapters.editor.looking",
    "adapters.running.worker",
    "engine.service",
    "engine.universe.service",
    "engine.verdicts",
    "rules.meaning.service",
    "rules.questions",
    "rules.testing.service",
    "rules.trying",
    "clips",
    "z3",
)
"""What those processes import. None of these modules loads an engine before it is asked something."""
PROGRAMS = (
    worker.Worker.program,
    *(f"from adapters.asking.process import serve; serve({one.module!r})" for one in (process.LIMITS, process.RULES)),
    *(
        f"from adapters.casework.kept import serve; {of}"
        for of in (
            "from rules.testing.service import Service; serve(Service().answer)",
            "from rules.trying import Service; serve(Service().answer)",
            "from adapters.editor.looking import answer; serve(answer)",
        )
    ),
)
_SUBREAPER = 36
"""`PR_SET_CHILD_SUBREAPER` of Linux: whose parent ends becomes a child of the process that has asked for it."""
_MOST = 1 << 18
_asking = threading.Lock()


def turn(item: pytest.Item) -> None:
    """Before any fixture of a test: how the engines that it asks for start."""
    real = sys.platform != "linux" or item.get_closest_marker("real_start") is not None
    shown = subprocess if real else SimpleNamespace(**{**vars(subprocess), "Popen": started})
    for module in STARTING:
        vars(module)["subprocess"] = shown


def started(command: list[str], **how: Any) -> subprocess.Popen[bytes]:
    """What `subprocess.Popen` gives back."""
    known = command[:3] == [sys.executable, "-P", "-c"] and command[3] in PROGRAMS
    if known and how.get("env", {}).get("PYTHONHASHSEED") == _SEED and subprocess.Popen is _popen:
        return Sprouted(command, **how)
    return subprocess.Popen(command, **how)


_popen = subprocess.Popen
_SEED = os.environ.get("PYTHONHASHSEED")
"""What the process that has imported everything is started with."""


class Sprouted(subprocess.Popen[bytes]):
    """A child of this process that was forked from the one that has imported everything."""

    def __init__(
        self,
        args: list[str],
        *,
        stdin: int,
        stdout: int,
        env: dict[str, str],
        start_new_session: bool,
        stderr: int | IO[bytes] | None = None,
    ) -> None:
        assert (stdin, stdout, start_new_session) == (subprocess.PIPE, subprocess.PIPE, True)
        source, self_in = os.pipe()
        self_out, sink = os.pipe()
        self_err, heard = os.pipe() if stderr == subprocess.PIPE else (-1, -1)
        if stderr != subprocess.PIPE:
            heard = os.dup(2) if stderr is None else os.dup(stderr if isinstance(stderr, int) else stderr.fileno())
        try:
            pid = _seed().start({"program": args[3], "env": env, "cwd": str(Path.cwd())}, (source, sink, heard))
        finally:
            for one in (source, sink, heard):
                os.close(one)
        self.stdin, self.stdout = os.fdopen(self_in, "wb", -1), os.fdopen(self_out, "rb", -1)
        self.stderr = None if self_err < 0 else os.fdopen(self_err, "rb", -1)
        self.args, self.pid, self.returncode = args, pid, None
        self.encoding = self.errors = self.text_mode = self.universal_newlines = None
        self._child_created, self._waitpid_lock = True, threading.Lock()
        self._input, self._communication_started = None, False
        self._closed_child_pipe_fds, self._sigint_wait_secs = True, 0.25


class Seed:
    """The process that has imported everything, seen from pytest."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        program = "import sys; from tests.sprouting import serve; serve(int(sys.argv[1]))"
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", program, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            env={**os.environ, **single, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        atexit.register(self.close)

    def close(self) -> None:
        self._socket.close()
        self._process.wait()

    def start(self, what: dict[str, Any], ends: tuple[int, int, int]) -> int:
        """Have it start something with these standard streams; its process id."""
        with _asking:
            _adopt(True)
            try:
                socket.send_fds(self._socket, [json.dumps(what).encode()], list(ends))
                return int(self._socket.recv(_MOST))
            finally:
                _adopt(False)


@cache
def _seed() -> Seed:
    return Seed()


def _adopt(whether: bool) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, int(whether), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "children of children can not be adopted")


def serve(descriptor: int) -> None:
    """The process that has imported everything: starts what is asked for, until nobody can ask any more."""
    for name in MODULES:
        import_module(name)
    programs = {text: compile(text, "<string>", "exec") for text in PROGRAMS}
    with socket.socket(fileno=descriptor) as asked:
        while True:
            message, ends, _, _ = socket.recv_fds(asked, _MOST, 3)
            if not message:
                return
            what = json.loads(message)
            told, tell = os.pipe()
            between = os.fork()
            if between == 0:
                pid = os.fork()
                if pid:
                    os.write(tell, str(pid).encode())
                    os._exit(0)
                _run(programs[what["program"]], what, ends)
            os.close(tell)
            os.waitpid(between, 0)
            # Only now, when the process in between has ended, is it a child of whoever asked.
            asked.send(os.read(told, 64))
            for one in (told, *ends):
                os.close(one)


def _run(program: CodeType, what: dict[str, Any], ends: list[int]) -> NoReturn:
    """Be the process that was asked for."""
    status = 1
    try:
        os.setsid()
        for place, end in enumerate(ends):
            os.dup2(end, place)
        os.closerange(3, max(ends) + 64)
        os.chdir(what["cwd"])
        os.environ.clear()
        os.environ.update(what["env"])
        sys.argv = ["-c"]
        exec(program, {"__name__": "__main__"})
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001  what an interpreter does at its end
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
        with suppress(Exception):
            sys.stderr.flush()
        os._exit(status)
