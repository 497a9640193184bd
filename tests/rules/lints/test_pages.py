"""Each code has a page, and what the page shows is what the check finds.

The blocks of a page are the files in `examples/`. Write blocks and index anew: `WARRANT_WRITE_DOCS=1`.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from knowledge.clips.text import parse
from knowledge.faults import Faulty
from rules.cases import read_cases
from rules.lints.catalogue import LINTS
from rules.lints.check import check
from rules.meaning.meaning import CODES, meaning
from rules.texts import BookText, Source
from tests.rules.lints.examples import NOTHING, REST, example, findings

PAGES = Path(__file__).resolve().parents[3] / "docs" / "lints"
CHECKED = [code for code in LINTS if code[0] in "RP" and code != "R004"]
MEANT = [code for code in LINTS if code[0] == "M"]
WRITE = os.environ.get("WARRANT_WRITE_DOCS") == "1"


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert {path.stem for path in PAGES.glob("[A-Z][0-9]*.md")} == set(LINTS)


@pytest.mark.parametrize("code", LINTS)
def test_a_page_says_what_the_catalogue_says(code: str) -> None:
    lint = LINTS[code]
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {code} {lint.name}\n\n*{lint.severity}*: {lint.title}.\n\n## Why\n\n")
    assert "\n## What to do\n\n" in page
    assert max(map(len, page.splitlines())) <= 120


@pytest.mark.parametrize("code", LINTS)
def test_the_blocks_of_a_page_are_the_examples(code: str) -> None:
    page = PAGES / f"{code}.md"
    text = page.read_text(encoding="utf-8")
    for which, title in (("bad", "Bad"), ("good", "Good")):
        path = example(code, which)
        block = re.compile(rf"(## {title}\n\n```[a-z]+\n)(.*?)(```\n)", re.DOTALL)
        if path is None:
            assert not block.search(text)
            continue
        shown = path.read_text(encoding="utf-8")
        if WRITE:
            text = block.sub(lambda found: found[1] + shown + found[3], text)  # noqa: B023 - called at once
            page.write_text(text, encoding="utf-8")
        found = block.search(text)
        assert found is not None
        assert found[2] == shown


@pytest.mark.parametrize("code", CHECKED)
def test_the_bad_example_has_this_finding_alone(code: str, tmp_path: Path) -> None:
    path = example(code, "bad")
    assert path is not None
    found = findings(path, tmp_path)
    assert {one.code for one in found} == {code}, list(map(str, found))
    assert all(one.severity == LINTS[code].severity for one in found)
    for one in found:
        assert (one.line, one.column) <= (one.end_line, one.end_column)


@pytest.mark.parametrize("code", CHECKED)
def test_the_good_example_has_no_finding(code: str, tmp_path: Path) -> None:
    path = example(code, "good")
    assert path is not None
    assert [str(one) for one in findings(path, tmp_path)] == []


@pytest.mark.parametrize("code", MEANT)
def test_what_the_examples_mean(code: str) -> None:
    for which, expected in (("bad", {code}), ("good", set())):
        path = example(code, which)
        assert path is not None
        program = parse(path.read_text(encoding="utf-8"), path.name)
        assert {one.code for one in meaning(program, asked=(code,) if code in CODES else CODES)} - (
            {"M109"} - {code}
        ) == expected


def test_a_file_of_cases_is_read_or_not(tmp_path: Path) -> None:
    for which, raises in (("bad", True), ("good", False)):
        path = example("C101", which)
        assert path is not None
        folder = tmp_path / which
        folder.mkdir()
        shutil.copy(path, folder)
        with pytest.raises(Faulty) if raises else nullcontext():
            read_cases(folder)


def test_a_file_too_large_is_refused() -> None:
    large = ";" * 1_000_001
    for book in (
        BookText((Source("a.clp", large),), (REST, NOTHING)),
        BookText((Source("rules.clp", ""),), (REST, Source("a.pl", "%" * 1_000_001))),
    ):
        assert {one.code for one in check(book).findings} >= {"R004"}


def test_the_index_is_current() -> None:
    rows = [f"| [{one.code}]({one.code}.md) | {one.severity} | {one.name} | {one.title} |" for one in LINTS.values()]
    index = "\n".join((OPENING, *rows, ""))
    if WRITE:
        (PAGES / "README.md").write_text(index, encoding="utf-8")
    assert (PAGES / "README.md").read_text(encoding="utf-8") == index


OPENING = """# What `warrant rules check` finds

Written by `tests/rules/lints/test_pages.py` from `rules/lints/catalogue.py`. An *error* keeps the rulebook from
loading; a *warning* makes the check end with status 1; a *note* changes no status. `warrant rules explain CODE` shows
the page of a code. A warning or note is silenced by a comment in the rule or before it, with the reason:
`; warrant: allow R305 because this desk adds to positions` (in policies `% warrant: …`).

| code | severity | name | what it is |
|---|---|---|---|"""
