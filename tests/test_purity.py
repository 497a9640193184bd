"""The bans are active: what the core may not touch is found when it is planted there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("knowledge", "rules", "engine", "advisors", "adapters")
BANNED = (
    "import time",
    "import random",
    "import secrets",
    "import uuid",
    "import socket",
    "import sqlite3",
    "import sqlalchemy",
    "import urllib.request",
    "import requests",
    "import http.client",
    "from numpy.random import default_rng",
    "import os\n\nHOME = os.environ",
    'import os\n\nHOME = os.getenv("HOME")',
    "from datetime import datetime\n\nNOW = datetime.now()",
    "from datetime import date\n\nNOW = date.today()",
)


def complaints(file: str, source: str) -> str:
    """What ruff says about the ban, for a file of this name."""
    ended = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251", "--stdin-filename", file, "-"],
        cwd=ROOT,
        input=source + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in (0, 1), ended.stderr
    return ended.stdout if ended.returncode else ""


@pytest.mark.parametrize("source", BANNED)
@pytest.mark.parametrize("room", ["knowledge", "rules", "engine"])
def test_the_core_can_not_touch_the_world(room: str, source: str) -> None:
    assert "TID251" in complaints(f"{room}/planted.py", source)


@pytest.mark.parametrize("room", ["advisors", "adapters", "tests"])
def test_the_shell_can(room: str) -> None:
    assert complaints(f"{room}/planted.py", BANNED[0]) == ""


def imports(folder: Path, planted: dict[str, str]) -> tuple[int, str]:
    """Check the direction of imports in a tree that holds only our empty packages and what is planted."""
    for package in PACKAGES:
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
    for file, source in planted.items():
        (folder / file).write_text(source)
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    program = "from importlinter.cli import lint_imports_command as run; run()"
    ended = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("engine", "advisors"),
        ("advisors", "engine"),
        ("engine", "adapters"),
        ("rules", "engine"),
        ("knowledge", "rules"),
    ],
)
def test_an_import_against_the_direction_is_found(tmp_path: Path, here: str, there: str) -> None:
    status, told = imports(tmp_path, {f"{here}/planted.py": f"import {there}\n"})
    assert status == 1
    assert f"{here}.planted -> {there}" in told


def test_imports_in_the_direction_are_not(tmp_path: Path) -> None:
    status, told = imports(tmp_path, {"adapters/a.py": "import engine, advisors\n", "engine/b.py": "import rules\n"})
    assert status == 0, told
