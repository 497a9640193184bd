"""The table of faults in `docs/operations.md`: complete, its tests are there, its words are the desk's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.audit.kinds import Kind
from adapters.watch.alerts import KINDS

ROOT = Path(__file__).parents[2]
ISSUE = (
    "bars missing", "duplicated", "out of order", "negative", "high below low", "NaN", "wrong zone", "50 % jump", "×10",
    "time running backwards", "empty file", "binary file", "feed gone", "feed slow", "feed lying", "clock jump",
    "disk full", "read-only store", "database locked", "database gone and back", "worker killed",
    "power cut between record and order", "broker rejecting",
)  # fmt: skip
"""The list of the issue, in its words."""
ALSO = (
    "webhook down", "metrics port taken", "books differ", "second instance", "clock jump back", "calendar ends",
    "models folder gone", "law changed", "lease lost", "loop hangs",
)  # fmt: skip


def rows() -> list[list[str]]:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = text.split("<!-- faults -->\n", 1)[1].split("<!-- end -->", 1)[0]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines()[2:]]


@pytest.mark.parametrize("fault", (*ISSUE, *ALSO))
def test_every_fault_has_its_row(fault: str) -> None:
    assert any(fault in row[0] for row in rows())


def test_every_row_names_tests_that_are_there() -> None:
    for row in rows():
        assert len(row) == 4, row
        named = re.findall(r"`([^`]+)::(test_\w+)`", row[3])
        assert named, row[0]
        for file, name in named:
            text = (ROOT / "tests" / file).read_text(encoding="utf-8")
            assert re.search(rf"^def {name}\(", text, re.MULTILINE), f"{row[0]}: there is no {file}::{name}"


def test_what_a_person_sees_is_called_as_it_is_called() -> None:
    kinds, alerts = {kind.value for kind in Kind}, set(KINDS)
    for row in rows():
        for word in re.findall(r"alerts? ((?:`[a-z-]+`(?:, )?)+)", row[2]):
            assert set(re.findall(r"`([^`]+)`", word)) <= alerts, row[0]
        begins = re.match(r"`([a-z]+)`", row[2])
        assert begins is None or begins[1] in kinds, row[0]
