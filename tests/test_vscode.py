"""The extension folder for VS Code: what its manifest names is there, and its colours know the language's words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.editor.clips_words import GROUPS
from rules.signatures import SIGNATURES

FOLDER = Path(__file__).parents[1] / "editors" / "vscode"
MANIFEST = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
GRAMMARS = sorted(FOLDER.glob("syntaxes/*.json"))


def patterns(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "match" in value or "begin" in value:
            yield value
        for one in value.values():
            yield from patterns(one)
    elif isinstance(value, list):
        for one in value:
            yield from patterns(one)


def test_every_file_that_the_manifest_names_is_there() -> None:
    contributed = MANIFEST["contributes"]
    named = [one["path"] for one in contributed["grammars"]] + [
        one["configuration"] for one in contributed["languages"]
    ]
    for path in [MANIFEST["main"], *named]:
        text = (FOLDER / path).read_text(encoding="utf-8")
        assert path.endswith(".js") or json.loads(text)
    assert {one["language"] for one in contributed["grammars"]} == {one["id"] for one in contributed["languages"]}
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["dependencies"]["vscode-languageclient"])


@pytest.mark.parametrize("path", GRAMMARS, ids=lambda path: path.name)
def test_every_pattern_of_a_grammar_can_be_read(path: Path) -> None:
    grammar = json.loads(path.read_text(encoding="utf-8"))
    found = list(patterns(grammar))
    assert len(found) > 8
    for one in found:
        for key in ("match", "begin", "end"):
            assert re.compile(one.get(key, "")) is not None
    known = {f"#{name}" for name in grammar["repository"]}
    assert {one["include"] for one in grammar["repository"]["text"]["patterns"] if "include" in one} <= known


def test_rules_are_coloured_by_the_words_that_rules_have() -> None:
    grammar = json.loads((FOLDER / "syntaxes/rules.tmLanguage.json").read_text(encoding="utf-8"))
    by_name = {one["name"]: one["match"] for one in patterns(grammar) if "match" in one}
    for word in ("defrule", "load", "declare", "test", "assert", *GROUPS):
        assert re.search(by_name["keyword.control"], f"({word} ")
    for name in SIGNATURES:
        assert any(re.search(by_name[key], f"({name} ") for key in ("keyword.operator.comparison", "keyword.control"))
    assert re.search(by_name["variable.parameter"], "?stop-price")[0] == "?stop-price"  # type: ignore[index]
