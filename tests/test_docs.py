"""The pages of docs/ name files and folders that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(ROOT.glob("docs/**/*.md"))
NAMED = re.compile(r"`((?:knowledge|rules|engine|advisors|adapters|tests|docs)/[A-Za-z0-9_./-]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_a_page_names_is_there(page: Path) -> None:
    named = {name for name in NAMED.findall(page.read_text(encoding="utf-8")) if "*" not in name}
    missing = [name for name in sorted(named) if not (ROOT / name).exists() and not (page.parent / name).exists()]
    assert not missing, f"{page.name} names {missing}"


def test_there_are_pages_that_name_files() -> None:
    assert any(NAMED.search(page.read_text(encoding="utf-8")) for page in PAGES)
