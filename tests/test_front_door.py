"""What others call `engine` or `adapters` is noticed before anything of it runs, and named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from warrant_engine import PACKAGES, ROOT, _hash, calm, strangers

pytestmark = pytest.mark.sqlite_file  # another process


def call(*folders: Path, words: tuple[str, ...] = ("--help",)) -> tuple[int, str, str]:
    """Call the front door with these folders on the path."""
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "warrant_engine", *words],
        env={"PYTHONPATH": ":".join(map(str, folders)), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_of_our_name_earlier_on_the_path_is_named_and_never_runs(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("raise SystemExit('a stranger ran')")
    status, out, err = call(tmp_path, ROOT)
    assert (status, out) == (3, "")
    (line,) = err.splitlines()
    assert line.startswith(f"warrant: Python finds `{tmp_path / name}` for `{name}`, which is not ours: ")


def test_a_folder_of_our_name_without_a_package_is_no_stranger(tmp_path: Path) -> None:
    # a regular package further down the path wins over it
    (tmp_path / "rules").mkdir()
    status, out, _ = call(tmp_path, ROOT)
    assert status == 0
    assert out.startswith("Usage: warrant")


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    assert [line.split(",")[0] for line in strangers(ROOT, [str(tmp_path)])] == [f"`{ROOT / one}`" for one in PACKAGES]


def test_a_machine_reads_it_too(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").touch()
    status, out, err = call(tmp_path, ROOT, words=("doctor", "--json"))
    assert status == 3
    assert json.loads(out) == {"status": 3, "error": err.strip().removeprefix("warrant: ")}


def test_linear_algebra_has_one_thread_unless_somebody_asks_for_more() -> None:
    asks = "import os, adapters.cli as cli; cli.run = lambda words: print(os.environ['OPENBLAS_NUM_THREADS']) or 0"
    code = f"import warrant_engine\n{asks}\nwarrant_engine.main()"
    for given, seen in (({}, "1"), ({"OPENBLAS_NUM_THREADS": "2"}, "2")):
        ended = subprocess.run(
            [sys.executable, "-P", "-c", code],
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **given},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ended.stdout == f"{seen}\n"
    calm(kept := {"OPENBLAS_NUM_THREADS": "4"})
    assert kept == {"OPENBLAS_NUM_THREADS": "4"}


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder as an installer leaves it: five packages, and the list of our files."""
    rows = []
    for name in PACKAGES:
        file = tmp_path / name / "__init__.py"
        file.parent.mkdir()
        file.write_text(f'"""{name}"""\n')
        rows.append(f"{name}/__init__.py,{_hash(file)},{file.stat().st_size}\n")
    record(tmp_path, "warrant_engine-0.1.0", rows)
    return tmp_path


def record(folder: Path, distribution: str, rows: list[str]) -> None:
    (folder / f"{distribution}.dist-info").mkdir()
    (folder / f"{distribution}.dist-info" / "RECORD").write_text("".join(rows))


def test_what_the_installer_left_is_ours(installed: Path) -> None:
    (installed / "engine" / "__pycache__").mkdir()
    assert list(strangers(installed, [str(installed)])) == []


def test_a_file_that_another_distribution_put_beside_ours_is_named(installed: Path) -> None:
    (installed / "engine" / "motor.py").touch()
    record(installed, "motors-2.0", ["engine/motor.py,,\n"])
    (line,) = strangers(installed, [str(installed)])
    assert line.startswith(f"`{installed}/engine/motor.py` is not ours: motors-2.0 installs files under the name")


def test_a_first_file_that_another_distribution_replaced_is_named(installed: Path) -> None:
    (installed / "adapters" / "__init__.py").write_text("import torch\n")
    record(installed, "adapters-1.3", ["adapters/__init__.py,,\n"])
    (line,) = strangers(installed, [str(installed)])
    assert line.startswith(f"`{installed}/adapters/__init__.py` is not ours: adapters-1.3 installs")
