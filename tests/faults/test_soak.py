"""A short soak: every fault strikes a running desk once, and what is left adds up (`python -m tests.soak`)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.soak.faults import FAULTS

ROOT = Path(__file__).parents[2]


def test_after_every_fault_the_books_add_up_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """In a process of its own: a soak forks, and this process has threads."""
    words = ["--cycles", "46", "--every", "2", "--small", "--into", str(tmp_path / "desk")]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("WARRANT_")}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tests.soak", *words],
        env={**plain, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for fault in FAULTS:
        row = re.search(rf"^{fault.__name__.replace('_', ' ')} +([0-9]+)  ", done.stdout, re.MULTILINE)
        assert row is not None and int(row[1]) >= 1, done.stdout
    # A guard: it traded, was killed, was refused, missed cycles and recovered.
    for kind in ("fill", "recovery", "rejection", "missed", "state", "reconciliation"):
        count = re.search(rf"([0-9]+) {kind}\b", done.stdout)
        assert count is not None and int(count[1]) > 0, f"{kind}: {done.stdout}"
