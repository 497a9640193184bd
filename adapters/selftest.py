"""What `warrant test` does: the style, the types, the direction of imports, then the tests.

Rules: every check runs, also after one has failed, one after the other and beside the tests, which leave a processor
idle where they begin and where they end; each says in one line how it ended and how long it took, as soon as it has;
the last line is pytest's own, or, when another check failed, one of the same form that counts it. Runs from the root of
the project, and needs what `requirements-dev.lock` pins (the launcher installs it).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

from adapters.frame import OWN_PACKAGES
from adapters.installation import ROOT

MODULES = ("warrant_engine.py", "hatch_build.py")
"""What is Python in the root of the project."""
CHECKS: dict[str, tuple[str, ...]] = {
    "ruff check": ("-m", "ruff", "check", "--quiet", *OWN_PACKAGES, *MODULES, "tests"),
    "ruff format": ("-m", "ruff", "format", "--quiet", "--check", *OWN_PACKAGES, *MODULES, "tests"),
    "mypy": ("-m", "mypy", "--no-error-summary"),
    "imports": ("-c", "from importlinter.cli import lint_imports_command as run; run()"),
}
"""Name and arguments of Python for each check beside the tests."""

SPREAD = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
"""A file of tests stays in one process, so that what it sets up is made once and nobody waits for another's; the order
of files is that of `tests/conftest.py`, the longest first."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one check ended; `closing` is the last line of its output that counts something."""

    name: str
    passed: bool
    seconds: float
    closing: str = ""


def run_all(words: Sequence[str], say: Callable[[str], None]) -> list[Result]:
    """Run every check, `words` going to pytest, and say each line as it comes; returns the results, pytest's last."""
    saying = Lock()

    def say_whole(*lines: str) -> None:
        with saying:
            for line in lines:
                say(line)

    with ThreadPoolExecutor(max_workers=1) as beside:
        checks = [beside.submit(_checked, name, arguments, say_whole) for name, arguments in CHECKS.items()]
        tests, last = _pytest(words, say_whole)
        results = [*(check.result() for check in checks), tests]
    say_whole(*last)
    return results


def _checked(name: str, arguments: Sequence[str], say: Callable[..., None]) -> Result:
    """Run one check and say how it ended."""
    result, output = _run(name, arguments)
    told = [] if result.passed or not output.strip() else [output.rstrip()]
    say(*told, f"{name}: {'passed' if result.passed else 'FAILED'} in {result.seconds:.1f} s")
    return result


def closing(results: Sequence[Result]) -> str:
    """A last line of pytest's form that counts the checks that failed; empty when pytest's own says it all."""
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", results[-1].closing)}
    wrong = counts.get("failed", 0) + counts.get("error", 0)
    # pytest that fails and counts nothing did not get as far as a test; it is counted as a check is
    failed = [result.name for result in results if not result.passed and (result.name != "pytest" or not wrong)]
    if not failed:
        return ""
    return f"{', '.join(failed)} failed: {counts.get('passed', 0)} passed, {wrong + len(failed)} failed"


def _run(name: str, arguments: Sequence[str]) -> tuple[Result, str]:
    begin = time.monotonic()
    ended = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Result(name, ended.returncode == 0, time.monotonic() - begin), ended.stdout


def _pytest(words: Sequence[str], say: Callable[..., None]) -> tuple[Result, list[str]]:
    """Run the tests, their output passing through line by line; the last line, where it counts, is left to be said."""
    begin, counted, last = time.monotonic(), "", list[str]()
    # The tests start programs by the hundred, and each would compile the whole project anew.
    keeping = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(  # noqa: S603  our own interpreter
        [sys.executable, "-m", "pytest", *SPREAD, *words], cwd=ROOT, env=keeping, stdout=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdout is not None
        for line in tests.stdout:
            say(*last)
            last = [line.rstrip("\n")]
            if re.search(r"\d+ (passed|failed|error)", line):
                counted = line.strip()
            else:
                say(*last)
                last = []
    return Result("pytest", tests.returncode == 0, time.monotonic() - begin, counted), last
