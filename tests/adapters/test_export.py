"""An export can be checked by a program that shares nothing with us but SHA-256 and JSON; its schema is published."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.audit.envelope import INLINED, RECORD, schema
from adapters.audit.log import AuditLog, LogReader, LogUnreadable
from adapters.exporting.export import export_jsonl, leaf_of
from tests.adapters.records import at, body, decide, make_log, stored, warrant
from tests.adapters.test_merkle import slow_root
from tests.adapters.test_verify import damage

PUBLISHED = Path(__file__).parents[2] / "docs" / "record.schema.json"


@pytest.fixture
def lines(tmp_path: Path) -> list[bytes]:
    make_log(tmp_path / "log.sqlite")
    with LogReader.read(tmp_path / "log.sqlite") as log:
        out = io.BytesIO()
        assert export_jsonl(log, out) == log.size
    return out.getvalue().splitlines()


def test_a_stranger_can_recompute_the_root(tmp_path: Path, lines: list[bytes]) -> None:
    leaves = []
    for line in lines:
        record = json.loads(line)
        record.pop("law", None)
        for name in ("snapshot", "portfolio", "limits", "rulebook"):
            if name in record.get("inputs", {}):
                value = json.dumps(record.pop(name), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
                assert record["inputs"][name] == "sha256:" + hashlib.sha256(value).hexdigest()
        leaves.append(json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
    with LogReader.read(tmp_path / "log.sqlite") as log:
        assert slow_root(leaves) == log.root
    assert leaves == [leaf_of(line) for line in lines]


def test_decisions_are_self_contained(lines: list[bytes]) -> None:
    decisions = [record for record in map(json.loads, lines) if record["kind"] == "decision"]
    assert len(decisions) == 3
    for session, record in enumerate(decisions):
        for name, content in stored(session).items():
            assert record[name] == json.loads(content)
        assert record["law"]["limits"][0].keys() >= {"id", "kind", "bound", "owner"}
    assert all(not {*INLINED, "law"} & set(json.loads(line)) for line in lines if b'"kind":"decision"' not in line)


def test_a_value_that_is_gone_is_said_not_skipped(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    make_log(path)
    damage(path, ("DELETE FROM blob WHERE digest = (SELECT max(digest) FROM blob)", ()))
    with LogReader.read(path) as log, pytest.raises(LogUnreadable, match="nothing readable is stored"):
        export_jsonl(log, io.BytesIO())


def test_the_schema_is_the_published_one() -> None:
    assert PUBLISHED.read_text() == json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


# The subset of JSON Schema that the published one uses, written for this test: anything else in it is an error.

IGNORED = {"title", "description", "default", "$schema", "$defs", "format", "discriminator"}


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}

# For each word: the type of value that it concerns, and whether the value conforms to what stands beside the word.
WORDS: dict[str, tuple[type, Callable[[Any, Any, Any], bool]]] = {
    "$ref": (object, lambda value, bound, root: conforms(value, root["$defs"][bound.rpartition("/")[2]], root)),
    "oneOf": (object, lambda value, bound, root: sum(conforms(value, each, root) for each in bound) == 1),
    "const": (object, lambda value, bound, root: value == bound),
    "enum": (object, lambda value, bound, root: value in bound),
    "type": (object, lambda value, bound, root: type(value) is TYPES[bound]),
    "required": (dict, lambda value, bound, root: set(bound) <= set(value)),
    "properties": (
        dict,
        lambda value, bound, root: all(conforms(value[name], bound[name], root) for name in set(bound) & set(value)),
    ),
    "additionalProperties": (dict, lambda value, bound, root: bound is True),
    "items": (list, lambda value, bound, root: all(conforms(each, bound, root) for each in value)),
    "pattern": (str, lambda value, bound, root: re.search(bound, value) is not None),
    "minimum": (int, lambda value, bound, root: value >= bound),
    "minLength": (str, lambda value, bound, root: len(value) >= bound),
}


def conforms(value: Any, rule: Any, root: Any) -> bool:
    for word in set(rule) - IGNORED:
        concerned, holds = WORDS[word]
        if isinstance(value, concerned) and not holds(value, rule[word], root):
            return False
    return True


def published() -> Any:
    return json.loads(PUBLISHED.read_text())


def test_real_output_conforms_to_the_schema(lines: list[bytes]) -> None:
    rule = published()
    for line in lines:
        assert conforms(json.loads(line), rule, rule), line
        RECORD.validate_json(line)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "trade"},
        {"seq": -1},
        {"seq": "1"},
        {"seq": True},
        {"record_id": "XYZ"},
        {"as_of": "2011-01-03"},
        {"as_of": None},
        {"mode": "demo"},
        {"desk": ""},
        {"format": "warrant-record/2"},
        {"blobs": ["md5:1"]},
        {"warrants": [{"warrant_id": "w"}]},
        {"warrants": None},
    ],
)
def test_what_the_schema_refuses_the_verification_refuses(tmp_path: Path, change: Any) -> None:
    with AuditLog.open(tmp_path / "log.sqlite") as log:
        record = {**decide(log, 0, warrant("e", "entry", 0)).record, **change}
    rule = published()
    assert not conforms(record, rule, rule)
    with pytest.raises(ValueError, match=r"validation error"):
        RECORD.validate_python(record)


def test_leaf_of_keeps_members_that_are_the_records_own(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log.sqlite") as log:
        receipt = log.append("books", body(at(0), portfolio={"nav": "1"}))
        out = io.BytesIO()
        export_jsonl(log, out)
    assert leaf_of(out.getvalue().strip()) == receipt.leaf


def test_inputs_that_are_no_digests_are_left_as_they_are(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log.sqlite") as log:
        receipts = [
            log.append("state", body(at(0), inputs="limits")),
            log.append("state", body(at(0), inputs={"limits": ["x"], "snapshot": "sha256:short"})),
        ]
        out = io.BytesIO()
        export_jsonl(log, out)
    assert out.getvalue().splitlines() == [receipt.leaf for receipt in receipts]
