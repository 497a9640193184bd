"""(c) `warrant --help`; (d) the whole demo with training, from nothing, and the memory it takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from adapters.installation import SHIPPED


def measure_help(times: int = 11) -> None:
    """Wall time of the help, by the interpreter and by the launcher."""
    print("\nwarrant --help                    median s")
    for title, command in (
        ("python -m adapters.cli --help", [sys.executable, "-m", "adapters.cli", "--help"]),
        ("./warrant --help", [str(SHIPPED / "warrant"), "--help"]),
    ):
        taken = sorted(run_alone(command)[0] for _ in range(times))
        print(f"  {title:<32}{taken[times // 2]:9.2f}")


def measure_demo() -> None:
    """Wall time and the largest resident memory of any of its processes."""
    with tempfile.TemporaryDirectory() as name:
        seconds, megabytes = run_alone(
            [sys.executable, "-m", "adapters.cli", "demo", "--into", str(Path(name) / "demo")]
        )
    print(f"\nwhole demo with training: {seconds:.1f} s, at most {megabytes:.0f} MB in one process")


def run_alone(command: list[str]) -> tuple[float, float]:
    """Seconds, and megabytes of the largest process below it that has ended."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=SHIPPED, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"`{' '.join(command)}` ended with status {process.returncode}")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024
