"""The outputs on docs/explaining.md are those of its commands over the demonstration, word for word but for ids.

Ids of decisions follow the program's own digest, which every change of it moves.

Write them anew: `WARRANT_WRITE_DOCS=1 ./warrant test -k explaining_page`, and read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from adapters import cli
from adapters.demo.run import Demonstration

pytest_plugins = ["tests.adapters.demo_sample"]
pytestmark = pytest.mark.sqlite_file  # a demonstration keeps its log in a file

PAGE = Path(__file__).parents[1] / "docs" / "explaining.md"
BLOCK = re.compile(r"```text\n\$ warrant (.*)\n((?:.*\n)*?)```\n")
ID = re.compile(r"\b[0-9a-f]{16}\b")
COMMANDS = BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def test_the_page_shows_each_of_the_three() -> None:
    assert [line.split()[0] for line, _ in COMMANDS] == ["what-if", "what-changed", "how-sure"]


@pytest.mark.parametrize(("line", "shown_output"), COMMANDS, ids=[line.split()[0] for line, _ in COMMANDS])
def test_what_the_page_shows_is_what_is_said(
    shown: Demonstration, capsys: pytest.CaptureFixture[str], line: str, shown_output: str
) -> None:
    assert cli.run([*line.split(), "--desk", str(shown.folder)]) == 0
    said = capsys.readouterr().out
    if os.environ.get("WARRANT_WRITE_DOCS") == "1":
        page = PAGE.read_text(encoding="utf-8")
        before = f"$ warrant {line}\n{shown_output}```"
        assert before in page
        PAGE.write_text(page.replace(before, f"$ warrant {line}\n{said}```"), encoding="utf-8")
    else:
        assert ID.sub("~", said) == ID.sub("~", shown_output)
