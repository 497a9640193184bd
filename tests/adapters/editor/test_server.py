"""A session with the real server over its pipes, as an editor has one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.adapters.editor.client import Editor, Refused

TREND = "rules/book/trend.clp"


def codes(found: list[Any]) -> list[str]:
    return [one["code"] for one in found]


def test_a_session(desk: Path) -> None:
    text = (desk / TREND).read_text(encoding="utf-8")
    able = {
        "workspace": {
            "workspaceEdit": {"documentChanges": True, "resourceOperations": ["rename"]},
            "didChangeWatchedFiles": {"dynamicRegistration": True},
        }
    }
    with Editor(desk, able) as editor:
        assert editor.can["positionEncoding"] == "utf-16"
        assert editor.found(TREND, editor.open(TREND)) == []
        assert [one["method"] for one in editor.asked] == ["client/registerCapability"]
        _unsaved_texts_are_checked(editor, text)
        _features_answer(editor)
        _fixes_are_offered(editor, text)
        _renaming_is_tried_first(editor)
        _whatever_is_typed_is_answered(editor, text)
        _what_others_write_is_read_again(editor)
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


def _features_answer(editor: Editor) -> None:
    """On the text of `trend.clp`: `(defrule trend-up` stands in line 2, counted from 0, its conditions in 5 and 6."""
    offered = editor.at("completion", TREND, 6, 14)
    assert [one["label"] for one in offered] == ["instrument"]
    assert editor.at("hover", TREND, 2, 12)["contents"]["value"].startswith("**trend-up** (quant)")
    found = editor.at("definition", TREND, 5, 5)
    assert found[-1]["uri"].endswith("/knowledge/templates.yaml")
    place = {"context": {"includeDeclaration": True}}
    assert {one["uri"] for one in editor.at("references", TREND, 2, 12, **place)} == {
        editor.uri(TREND),
        editor.uri("rules/cases/trend-up.yaml"),
    }
    listed = editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": editor.uri(TREND)}})
    assert [one["name"] for one in listed] == ["trend-up", "trend-down"]
    assert editor.at("hover", "rules/book/none.clp", 99, 99) is None


def _fixes_are_offered(editor: Editor, text: str) -> None:
    found = editor.found(TREND, editor.change(TREND, text.replace("(direction up)", "(directio up)")))
    place = found[0]["range"]
    said = {"textDocument": {"uri": editor.uri(TREND)}, "range": place, "context": {"diagnostics": found}}
    (action,) = editor.ask("textDocument/codeAction", said)
    (change,) = action["edit"]["documentChanges"]
    assert (change["textDocument"]["version"], change["edits"][0]["newText"]) == (editor.version, "direction")
    assert editor.found(TREND, editor.change(TREND, text)) == []


def _renaming_is_tried_first(editor: Editor) -> None:
    assert editor.at("prepareRename", TREND, 2, 12)["placeholder"] == "trend-up"
    *edits, move = editor.at("rename", TREND, 2, 12, newName="upwards")["documentChanges"]
    assert [one["textDocument"]["uri"] for one in edits] == [
        editor.uri(TREND),
        editor.uri("rules/cases/trend-up.yaml"),
    ]
    assert (move["oldUri"], move["newUri"]) == tuple(
        map(editor.uri, ("rules/cases/trend-up.yaml", "rules/cases/upwards.yaml"))
    )
    policy = "rules/book/short_selling.pl"
    editor.open(policy)
    with pytest.raises(Refused, match="would not load"):
        editor.at("rename", policy, 4, 2, newName="include")
    assert len(editor.at("rename", policy, 4, 2, newName="lendable")["documentChanges"][0]["edits"]) == 3


def _whatever_is_typed_is_answered(editor: Editor, text: str) -> None:
    assert codes(editor.found(TREND, editor.change(TREND, "(" * 5000))) == ["R001"]
    assert editor.found(TREND, editor.change(TREND, "\ud800\x00"))
    session = "rules/book/session.pl"
    assert codes(editor.found(session, editor.open(session, "trading(X) :- trading(")))[0] == "P101"
    case = "rules/cases/trend-up.yaml"
    assert codes(editor.found(case, editor.open(case, "rule: ["))) == ["C101"]
    assert codes(editor.found("draft.clp", editor.open("draft.clp", "(defrule draft)"))) == ["R002"]
    nowhere = {"textDocument": {"uri": "untitled:draft"}, "position": {"line": 0, "character": 0}}
    with pytest.raises(Refused, match="is no file; save the text first"):
        editor.ask("textDocument/hover", nowhere)
    # of many changes the last one counts
    for _ in range(20):
        editor.change(TREND, "(defrule")
    assert editor.found(TREND, editor.change(TREND, text)) == []


def _what_others_write_is_read_again(editor: Editor) -> None:
    """A file that is not open changes on the disk."""
    path = editor.desk / "rules/book/veto.clp"
    path.write_text("(defrule", encoding="utf-8")
    editor.tell("workspace/didChangeWatchedFiles", {"changes": [{"uri": path.as_uri(), "type": 2}]})
    assert codes(editor.found("rules/book/veto.clp", None)) == ["R001"]
