"""`warrant test` runs every check, fails when one fails, and ends with a line that counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters import selftest
from adapters.selftest import Result, closing, run_all

FINE, WRONG = ("-c", "print('quiet')"), ("-c", "print('it is wrong'); raise SystemExit(1)")


def ran(folder: Path, tests: str, checks: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines said with these checks and this file of tests, the closing line last."""
    monkeypatch.setattr(selftest, "CHECKS", checks)
    (folder / "test_made.py").write_text(tests)
    lines: list[str] = []
    results = run_all([str(folder / "test_made.py"), "-q"], lines.append)
    assert len(results) == len(checks) + 1
    return [*lines, str(all(result.passed for result in results)), closing(results) or results[-1].closing]


def test_all_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ran(tmp_path, "def test_a(): pass", {"style": FINE}, monkeypatch)
    assert next(line for line in lines if line.startswith("style: ")).startswith("style: passed in ")
    assert not any("quiet" in line for line in lines)
    assert lines[-2] == "True"
    assert "1 passed in " in lines[-1]


def test_a_check_and_a_test_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = "def test_a(): pass\ndef test_b(): assert not 1\n"
    lines = ran(tmp_path, tests, {"style": WRONG, "types": FINE}, monkeypatch)
    # Beside the tests, so that their lines may stand between those of two checks, and none within those of one.
    wrong = lines.index("it is wrong")
    assert lines[wrong + 1].startswith("style: FAILED in ")
    assert any(line.startswith("types: passed in ") for line in lines[wrong + 2 :])
    assert lines[-2:] == ["False", "style failed: 1 passed, 2 failed"]


def test_the_last_line_counts_the_tests_also_where_a_check_takes_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = tmp_path / "ended"
    checks = {
        "slow": ("-c", f"import pathlib, time\nwhile not pathlib.Path({str(ended)!r}).exists(): time.sleep(0.01)")
    }
    (tmp_path / "conftest.py").write_text(
        "import pathlib\n"
        "def pytest_unconfigure(config):\n"
        "    # In the process that says the last line, after it has.\n"
        f"    hasattr(config, 'workerinput') or pathlib.Path({str(ended)!r}).touch()\n"
    )
    lines = ran(tmp_path, "def test_a(): pass", checks, monkeypatch)
    assert any(line.startswith("slow: passed in ") for line in lines)
    assert "1 passed in " in lines[-3]


@pytest.mark.parametrize(
    ("check", "tests", "line", "told"),
    [
        (True, True, "5 passed in 1.00s", ""),
        (True, False, "3 failed, 5 passed in 1.00s", ""),
        (True, False, "", "pytest failed: 0 passed, 1 failed"),
        (True, False, "5 passed in 1.00s", "pytest failed: 5 passed, 1 failed"),
        (False, True, "5 passed in 1.00s", "mypy failed: 5 passed, 1 failed"),
        (False, False, "3 failed, 5 passed, 2 errors in 1.00s", "mypy failed: 5 passed, 6 failed"),
        (False, False, "", "mypy, pytest failed: 0 passed, 2 failed"),
    ],
)
def test_the_closing_line_counts_what_failed(check: bool, tests: bool, line: str, told: str) -> None:
    assert closing([Result("mypy", check, 1.0), Result("pytest", tests, 1.0, line)]) == told
