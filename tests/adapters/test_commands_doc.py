"""`docs/commands.md` is what `--help` says. Write it anew: `WARRANT_WRITE_DOCS=1 ./warrant test -k commands_doc`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters import cli

DOC = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
OPENING = """# Commands

What `--help` says, written by `tests/adapters/test_commands_doc.py`; change the commands, not this page.

Exit status: 0 fine, 1 the check found something, 2 the input is wrong, 3 an engine, the store or the machine failed,
130 interrupted. `--desk DIR` and `--json` stand before or after the name of any command.
"""


def paths(path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The name of every command and group, depth first."""
    yield path
    for name, _, group in cli.listing(path):
        yield from paths((*path, name)) if group else [(*path, name)]


def test_the_page_of_commands_is_current(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda *_: os.terminal_size((cli.HELP_WIDTH, 25)))
    parts = [OPENING]
    for path in paths():
        assert cli.run([*path, "--help"]) == 0
        parts.append(f"## {' '.join(('warrant', *path))}\n\n```text\n{capsys.readouterr().out.strip()}\n```\n")
    page = "\n".join(parts)
    if os.environ.get("WARRANT_WRITE_DOCS") == "1":
        DOC.write_text(page, encoding="utf-8")
    assert DOC.read_text(encoding="utf-8") == page
