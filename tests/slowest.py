"""Says at the end of a run which files of tests take the most of the processor.

Counted is the processor's time of the process of pytest and of the processes that it started and has waited for, since
the time that passes says as much about what else the machine does. What a process starts that outlives it (the one
beside a worker) is not seen. What several files share is charged to the file that comes first.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator

import pytest

SHOWN = 10
NAME = "processor-seconds"


def spent() -> float:
    """Seconds of the processor up to now."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Meter:
    """In a process that runs tests: tells with each report what was spent since the last one."""

    def __init__(self) -> None:
        self.last = spent()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_collection_finish(self) -> Generator[None, None, None]:
        yield
        self.last = spent()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        now = spent()
        report.user_properties = [*report.user_properties, (NAME, now - self.last)]
        self.last = now
        return report


class Table:
    """In the process that hears all reports: adds them up by file."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # One of its entries: what a phase told stays with the next ones of the same test.
        told = [value for name, value in report.user_properties if name == NAME]
        self.seconds[report.nodeid.split("::")[0]] += sum(map(float, told[-1:]))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if len(self.seconds) <= SHOWN:
            return
        terminalreporter.write_line(f"{self.seconds.total():.0f} s of the processor; the {SHOWN} files that took most:")
        for name, seconds in self.seconds.most_common(SHOWN):
            terminalreporter.write_line(f"{seconds:8.1f}  {name}")
