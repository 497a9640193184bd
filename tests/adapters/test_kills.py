"""A run that is killed with -9 again and again ends where one ends that nobody killed.

`python -m tests.kills` does it 200 times over the whole sample.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.shared_run import LAST, SharedRun


def test_a_killed_run_ends_where_one_ends_that_nobody_killed(shared: SharedRun, tmp_path: Path) -> None:
    """In a process of its own: it forks, and a test process has threads."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-P", "-m", "tests.kills", "--kills", "4", "--seed", "7", "--until", "2011-01-26"]
    done = subprocess.run(
        [*command, "--feed-until", LAST, "--from-desk", str(shared.folder)],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(root)}, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "yes  books are equal" in done.stdout
    assert "yes  records tell the same story" in done.stdout
    assert done.stdout.endswith("4 kills in all: every run ended where it should\n")
