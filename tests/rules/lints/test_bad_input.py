"""Any text whatever in a rule or policy file: findings, each inside of its text; never a traceback or half a rulebook.

The corpus is `tests/rules/broken/`. Ten thousand texts: `python -m tests.rules.lints.many_texts SEED COUNT`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from knowledge.faults import Faulty
from knowledge.prolog.check import look_at, look_here
from knowledge.prolog.session import PrologPolicies
from rules.lints.check import Checked, check
from rules.rulebook import Rulebook, read_rulebook
from rules.texts import BookText, Source, read_texts
from tests.rules.lints.examples import FOLDER, NOTHING, REST
from tests.rules.lints.many_texts import ALPHABET, changed

BROKEN = Path(__file__).parents[1] / "broken"
GOOD = Source("good.clp", (FOLDER / "R101-good.clp").read_text(encoding="utf-8"))
POLICY = (FOLDER / "P104-good.pl").read_text(encoding="utf-8")
FINE = {"nothing.clp"}
"""Files of the corpus that are odd and sound."""


def look(text: str, suffix: str, beside: tuple[Source, ...] = (REST,)) -> Checked:
    """The findings about a text, each with a place inside of it; an error exactly where it does not load."""
    source = Source(f"odd{suffix}", text)
    is_rules = suffix == ".clp"
    rules, policies = ((GOOD, source), (REST, NOTHING)) if is_rules else ((GOOD,), (*beside, source))
    checked = check(BookText(rules, policies), read_policies=look_here)
    lines = text.split("\n")
    for one in checked.findings:
        if one.file == source.file:
            assert 1 <= one.line <= len(lines)
            assert 1 <= one.column <= len(lines[one.line - 1]) + 1
            assert (one.line, one.column) <= (one.end_line, one.end_column)
    assert checked.sound is not any(one.severity == "error" for one in checked.findings)
    assert checked.sound is loads(rules, policies)
    return checked


def loads(rules: tuple[Source, ...], policies: tuple[Source, ...]) -> bool:
    """Whether a rulebook of these files comes into being, as the worker would have it."""
    try:
        Rulebook(rules, policies)
        PrologPolicies(policies)
    except Faulty:
        return False
    return True


@pytest.mark.parametrize("path", sorted(BROKEN.iterdir()), ids=lambda path: path.name)
def test_a_broken_file_is_refused_with_its_place(path: Path, tmp_path: Path) -> None:
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        (tmp_path / "rules.clp").write_text(f'(load "{path.name}")' if path.suffix == ".clp" else GOOD.text)
        (tmp_path / "policies.pl").write_text(f":- include('{path.name}').\n{REST.text}{NOTHING.text}")
        shutil.copy(path, tmp_path / path.name)
        with pytest.raises(Faulty, match="UTF-8"):
            read_rulebook(tmp_path)
        checked = check(read_texts(tmp_path), read_policies=look_here)
        assert checked.unreadable
        assert not checked.sound
        return
    checked = look(text, path.suffix, ())
    assert checked.sound is (path.name in FINE)
    assert bool(checked.findings) is not checked.sound


texts = st.text(ALPHABET, max_size=60) | st.text(max_size=30)
changes = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 9), texts), min_size=1, max_size=4)


@given(changes)
@example([(0, 0, "\ud800")])
@settings(max_examples=60)
def test_whatever_stands_in_a_rule_file_there_are_findings(edits: list[tuple[int, int, str]]) -> None:
    look(changed(GOOD.text, edits), ".clp")


@given(texts)
@settings(max_examples=40)
def test_whatever_a_rule_file_is_there_are_findings(text: str) -> None:
    look(text, ".clp")


@given(changes)
@settings(max_examples=40)
@example([(0, 0, "\ud800")])
@example([(0, 0, "0'\\")])
@example([(0, 0, "\U000d8000")])
def test_whatever_stands_in_a_policy_file_there_are_findings(edits: list[tuple[int, int, str]]) -> None:
    look(changed(POLICY, edits), ".pl")


def test_a_process_that_is_ended_reads_the_same() -> None:
    sources = [(path.name, path.read_text(encoding="utf-8")) for path in sorted(BROKEN.glob("d*.pl"))]
    assert look_at(sources) == look_here(sources)


def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    import os

    (tmp_path / "rules.clp").write_text('(load "pipe.clp")')
    (tmp_path / "policies.pl").write_text("")
    os.mkfifo(tmp_path / "pipe.clp")
    assert {str(one) for one in read_texts(tmp_path).faults} == {
        "rules.clp:1:1: `pipe.clp` is no file; put one in its place"
    }
