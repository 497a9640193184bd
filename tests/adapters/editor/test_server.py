"""A session with the real server over its pipes, as an editor has one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.adapters.editor.client import Editor

TREND = "rules/book/trend.clp"


def codes(found: list[Any]) -> list[str]:
    return [one["code"] for one in found]


def test_a_session(desk: Path) -> None:
    text = (desk / TREND).read_text(encoding="utf-8")
    with Editor(desk) as editor:
        assert editor.can["positionEncoding"] == "utf-16"
        assert editor.found(TREND, editor.open(TREND)) == []
        _unsaved_texts_are_checked(editor, text)
        _whatever_is_typed_is_answered(editor, text)
        assert editor.messages == []


def _unsaved_texts_are_checked(editor: Editor, text: str) -> None:
    old, new = "(indicator (instrument ?i) (name adx-14)", "(indicator (instrument ?i) (name 😀)"
    found = editor.found(TREND, editor.change(TREND, text.replace(old, new, 1)))
    assert codes(found) == ["R002"]
    assert found[0]["severity"] == 1
    line = text.split("\n").index(f"  {old} (value ?adx&:(>= ?adx 20.0)))")
    # one character for a person, two for UTF-16
    assert found[0]["range"] == {"start": {"line": line, "character": 35}, "end": {"line": line, "character": 37}}
    assert editor.found(TREND, editor.change(TREND, text)) == []


def _whatever_is_typed_is_answered(editor: Editor, text: str) -> None:
    assert codes(editor.found(TREND, editor.change(TREND, "(" * 5000))) == ["R001"]
    assert editor.found(TREND, editor.change(TREND, "\ud800\x00"))
    session = "rules/book/session.pl"
    assert codes(editor.found(session, editor.open(session, "trading(X) :- trading(")))[0] == "P101"
    case = "rules/cases/trend-up.yaml"
    assert codes(editor.found(case, editor.open(case, "rule: ["))) == ["C101"]
    assert codes(editor.found("draft.clp", editor.open("draft.clp", "(defrule draft)"))) == ["R002"]
    # of many changes the last one counts
    for _ in range(20):
        editor.change(TREND, "(defrule")
    assert editor.found(TREND, editor.change(TREND, text)) == []
