"""`docs/controls.md` names only what exists, and every kind of limit. Write it anew: `WARRANT_WRITE_DOCS=1`."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from engine.limits.controls import CONTROLS, page
from engine.limits.kinds import KINDS
from engine.limits.text import read_limits

ROOT = Path(__file__).resolve().parents[2]
DOC = ROOT / "docs" / "controls.md"


def test_the_page_of_controls_is_current() -> None:
    written = page(read_limits((ROOT / "limits.yaml").read_text(encoding="utf-8")))
    if os.environ.get("WARRANT_WRITE_DOCS") == "1":
        DOC.write_text(written, encoding="utf-8")
    assert DOC.read_text(encoding="utf-8") == written


def test_every_kind_of_limit_stands_for_a_control() -> None:
    assert {kind for one in CONTROLS for kind in one.kinds} == set(KINDS)


@pytest.mark.parametrize("name", sorted({test for one in CONTROLS for test in one.tests}))
def test_each_test_it_names_exists(name: str) -> None:
    file, _, function = name.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_place_it_names_exists() -> None:
    assert [place for one in CONTROLS for place in one.places if not (ROOT / place).is_file()] == []


def test_what_nothing_keeps_or_shows_says_what_is_missing() -> None:
    assert [one.name for one in CONTROLS if not one.missing and not ((one.kinds or one.places) and one.tests)] == []
    assert len({one.name for one in CONTROLS}) == len(CONTROLS)
